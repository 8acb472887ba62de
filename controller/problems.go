package controller

import (
	"cmp"
	"context"
	"fmt"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
	"mainbus/controller/store"
)

// BusProblems is quick: it adds up no books.
func (s *service) BusProblems(ctx context.Context, _ api.Caller) (api.BusProblems, error) {
	p := api.BusProblems{Questions: []api.BusQuestion{}, Wrong: viewMismatches(s.store.Checked()), Notices: []api.BusNotice{}}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return p, err
	}
	worlds, err := s.store.Worlds(ctx)
	if err != nil {
		return p, err
	}
	slots := map[ledger.World]ledger.Slot{}
	for _, w := range worlds {
		slots[w.ID] = w.Slot
	}
	for _, w := range worlds {
		if w.Question != ledger.NoQuestion {
			p.Questions = append(p.Questions, viewQuestion(w, slots[w.FromWorld], names))
		}
	}
	notices, err := s.store.Notices(ctx)
	if err != nil {
		return p, err
	}
	for _, n := range notices {
		if n.Strays+n.Refused > 0 {
			p.Notices = append(p.Notices, viewNotice(n, names))
		}
	}
	return p, nil
}

func viewQuestion(w store.World, from ledger.Slot, names map[string]string) api.BusQuestion {
	q := api.BusQuestion{
		World: string(w.ID), At: w.CreatedAt.UTC(), Kind: api.CopiedWorld, Instance: string(w.Slot), InstanceName: names[string(w.Slot)],
		FromWorld: string(w.FromWorld),
	}
	who := cmp.Or(q.InstanceName, "An instance that is gone")
	if w.Question == ledger.Foreign {
		q.Kind = api.ForeignWorld
		q.Text = who + " was started with a save that belonged to another cluster. Here it begins from zero: what it had sent " +
			"there, it has not sent here. Nothing else has to be done; “copied” takes note of that."
		return q
	}
	q.FromInstance, q.FromInstanceName = string(from), names[string(from)]
	whose := cmp.Or(q.FromInstanceName, "a world that runs nowhere any more")
	q.Text = fmt.Sprintf("%s was started with a save of %s. It trades as a world of its own, which owes nothing. If the save was "+
		"copied, both go on like that. If the world has moved here, %s gives up its place on the bus, and what it owes goes along.", who, whose, whose)
	return q
}

func viewNotice(n ledger.Notice, names map[string]string) api.BusNotice {
	v := api.BusNotice{Instance: string(n.Slot), InstanceName: names[string(n.Slot)], Strays: n.Strays, Refused: n.Refused, Why: shown(n.Why, 300)}
	who := cmp.Or(v.InstanceName, "An instance that is gone")
	if n.Strays > 0 {
		v.Text = fmt.Sprintf("%s: %s messages of a run that is over were not booked. Should they go on, a game runs twice.", who, thousands(n.Strays))
	}
	if n.Refused > 0 {
		if v.Text != "" {
			v.Text += " "
		}
		v.Text += fmt.Sprintf("%s: %s messages made no sense and were not booked; the last one: %s. A mod or a command may be writing into what belongs to Mainbus.",
			who, thousands(n.Refused), v.Why)
	}
	return v
}
