package sim

import (
	"fmt"
	"slices"

	"mainbus/controller/ledger"
)

const settleRounds = 6

// settle ends all faults, lets every lineage run again and reconnects everybody.
func (s *simulation) settle() {
	s.bag, s.settling = nil, true
	defer func() { s.settling = false }()
	for _, p := range s.places {
		p.zombies, p.agent = nil, true
	}
	if !s.cfg.Calm {
		_ = s.apply(ledger.SetPolicy{})
	}
	for round := range settleRounds {
		for _, p := range s.places {
			if p.process == nil {
				s.restart(p)
			}
			if round < 2 {
				p.process.epoch = ledger.Epoch{} // bind again: that repairs whatever was lost
			}
			for range 3 {
				s.agentStep(p, p.process)
				s.deliverAll()
			}
			if round == settleRounds-1 {
				s.tell(p.process)
				s.deliverAll()
			}
		}
		if round == 1 {
			s.revive()
		}
	}
}

// revive loads every lineage that does not run, each in a slot of its own.
func (s *simulation) revive() {
	live := map[ledger.World]bool{}
	for _, p := range s.places {
		_, world := p.process.world.Identity()
		live[world] = true
	}
	for _, p := range s.places {
		for _, save := range slices.Backward(p.saves) {
			of, world := save.Identity()
			// One that belongs to no ledger yet has the id that it keeps.
			if (of == "" || of == s.control.id) && s.lineages[world] && !live[world] && !s.control.stored.replaced(world) {
				live[world] = true
				s.stats.Revived++
				slot := s.control.stored.worlds[world].Slot
				if slot == "" || s.place(slot) != nil {
					s.ids++
					slot = ledger.Slot(fmt.Sprint("revived", s.ids))
				}
				revived := &place{slot: slot, agent: true, saves: []Save{save}, mods: s.newest}
				s.places = append(s.places, revived)
				s.load(revived, save, true)
			}
		}
	}
}

// check adds everything up.
func (s *simulation) check() error {
	if s.err != nil {
		return s.err
	}
	var have, made Goods
	live := map[ledger.World]bool{}
	for _, p := range s.places {
		w := p.process.world
		_, id := w.Identity()
		if !w.Assigned(p.process.epoch) || live[id] {
			return fmt.Errorf("%s does not trade, or world %s lives twice", p.slot, id)
		}
		live[id] = true
		if err := s.checkCalm(p.process, id); err != nil {
			return err
		}
		h, m := w.Goods()
		have, made = have.plus(h).plus(s.control.stored.inherited(w)), made.plus(m)
	}
	if err := s.checkPlayers(); err != nil && !s.cfg.Calm {
		return err
	}
	have = have.plus(s.control.stored.goods()).plus(s.control.stored.carried())
	made = made.plus(s.control.stored.forgiven)
	if have != made {
		return fmt.Errorf("the cluster has %v and made %v", have, made)
	}
	return s.checkNames(live)
}

// checkCalm wants that a world in trade has told everything and got what there is.
func (s *simulation) checkCalm(q *process, id ledger.World) error {
	lacks := q.world.Lacks()
	for _, t := range q.world.Tell() {
		a := s.control.stored.accounts[accountKey{id, t.Item}]
		if a.E+a.Held != t.E || a.G != t.I || a.I != t.I {
			return fmt.Errorf("%s: world %s says %+v, booked is %+v", q.slot, id, t, a)
		}
		k, _ := kindOf(t.Item)
		if bus := s.control.stored.bus[t.Item].Qty; lacks[k] > 0 && bus > 0 && a.Owed == 0 && !s.cfg.Calm {
			return fmt.Errorf("%s: world %s lacks %d of %s, and the bus has %d", q.slot, id, lacks[k], t.Item, bus)
		}
	}
	return nil
}

// goods is what is on the bus and what is held, less what is owed to the bus.
func (s stored) goods() (out Goods) {
	for item, row := range s.bus {
		if k, ok := kindOf(item); ok {
			out[k] += row.Qty
		}
	}
	for key, a := range s.accounts {
		if k, ok := kindOf(key.item); ok {
			out[k] += a.Held - a.Owed
		}
	}
	return out
}
