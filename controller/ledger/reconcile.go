package ledger

import (
	"fmt"
	"slices"
)

// basis says what a reconciliation takes as granted. At bind it is what the world received: grants of earlier epochs
// reach it no more. Within an epoch a grant may still be on its way, so G stays, unless the world has more than that.
type basis func(a account, received int64) int64

func bindBasis(_ account, received int64) int64  { return received }
func truthBasis(a account, received int64) int64 { return max(a.g, received) }

// complete adds the items that the books of w have and a report does not: they are at zero. Sorted by item.
func complete(w *world, totals []Record) []Record {
	told := make(map[Item]struct{}, len(totals))
	for _, t := range totals {
		told[t.Item] = struct{}{}
	}
	all := slices.Clone(totals)
	for item := range w.accounts {
		if _, ok := told[item]; !ok {
			all = append(all, Record{Item: item})
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return compareItems(a.Item, b.Item) })
	return all
}

// report is a complete report of a world at a tick of its clock.
type report struct {
	totals  []Record
	tick    int64
	granted basis
}

// booking is what a report makes of an account.
func (s *State) booking(w *world, t Record, r report) (e, g, held int64) {
	a := w.peek(t.Item)
	e, held = s.growthOf(w, a, t.E, r.tick)
	return e, r.granted(a, t.I), held
}

func (s *State) canReconcile(w *world, r report) error {
	if err := s.canKeep(w, r.totals); err != nil {
		return err
	}
	for _, t := range complete(w, r.totals) {
		a := w.peek(t.Item)
		e, g, _ := s.booking(w, t, r)
		d := (e - g) - (a.e - a.g)
		var bus int64
		if p := s.pools[t.Item]; p != nil {
			bus = p.bus
		}
		if bus+d > maxSum || a.owed-d > maxSum {
			return fmt.Errorf("%w: more of %s than can be counted", ErrInvalid, t.Item)
		}
	}
	return nil
}

// reconcile makes the books of w agree with a complete report. Carried is by how much more w has given away through
// players than was booked.
func (s *State) reconcile(w *world, r report, carried map[Item]int64) {
	for _, t := range complete(w, r.totals) {
		a := w.peek(t.Item)
		e, g, held := s.booking(w, t, r)
		d := (e - g) - (a.e - a.g) + s.overdraw(w, t)
		s.hold(w, t.Item, held)
		s.book(w, t.Item, e, g, t.I)
		if d += carried[t.Item]; d != 0 {
			s.settle(w, t.Item, d, a.worth(t, d))
			s.post(w, Reconciled, t.Item, d)
		}
		s.setSums(w, t)
		s.serve(t.Item)
	}
}

// tellWants takes the wants of a complete report.
func (s *State) tellWants(r *run, totals []Record) {
	told := make(map[Item]struct{}, len(totals))
	for _, t := range totals {
		told[t.Item] = struct{}{}
		s.setWant(r, t.Item, t.W)
		s.serve(t.Item)
	}
	for _, item := range sortedItems(r.wants) {
		if _, ok := told[item]; !ok {
			s.setWant(r, item, 0)
		}
	}
}

func (s *State) truth(m Truth) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if !r.assigned {
		// It may have been read before a new identity set the counters to zero.
		return fmt.Errorf("%w: slot %s is not assigned", ErrOrder, m.Slot)
	}
	if err := validReport(m.Totals, m.Tick); err != nil {
		return err
	}
	if m.Players != nil {
		if err := s.validPlayers(*m.Players); err != nil {
			return err
		}
	}
	told := report{m.Totals, m.Tick, truthBasis}
	if err := s.canReconcile(r.world, told); err != nil {
		return err
	}
	if m.Players != nil && s.contradicts(r.world, *m.Players) {
		s.fence(r)
		return nil
	}
	s.reconcile(r.world, told, nil)
	s.setTick(r.world, max(m.Tick, r.world.tick))
	s.tellWants(r, m.Totals)
	for _, item := range sortedItems(r.world.accounts) {
		if a := r.world.accounts[item]; a.g > a.i { // a grant may have been lost with what was not understood
			s.reply(Grant{Slot: m.Slot, Epoch: m.Epoch, Item: item, G: a.g, GS: a.gSum})
		}
	}
	if m.Players != nil {
		s.deliverMissing(r, m.Players.States)
	}
	return nil
}
