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

func difference(a account, t Record, granted basis) int64 {
	return (t.E - granted(a, t.I)) - (a.e - a.g)
}

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

func (s *State) canReconcile(w *world, totals []Record, granted basis) error {
	all := complete(w, totals)
	if len(all) > MaxItems {
		return fmt.Errorf("%w: %d different items", ErrInvalid, len(all))
	}
	for _, t := range all {
		a := w.peek(t.Item)
		d := difference(a, t, granted)
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
func (s *State) reconcile(w *world, totals []Record, granted basis, carried map[Item]int64) {
	for _, t := range complete(w, totals) {
		a := w.account(t.Item)
		d, g := difference(*a, t, granted), granted(*a, t.I)
		if a.e != t.E || a.g != g || a.i != t.I {
			a.e, a.g, a.i = t.E, g, t.I
			s.touch(w, t.Item)
		}
		s.settle(w, t.Item, d+carried[t.Item])
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
	if err := validRecords(m.Totals); err != nil {
		return err
	}
	if m.Players != nil {
		if err := s.validPlayers(*m.Players); err != nil {
			return err
		}
	}
	if err := s.canReconcile(r.world, m.Totals, truthBasis); err != nil {
		return err
	}
	if m.Players != nil && s.contradicts(r.world, *m.Players) {
		s.fence(r)
		return nil
	}
	s.reconcile(r.world, m.Totals, truthBasis, nil)
	s.tellWants(r, m.Totals)
	for _, item := range sortedItems(r.world.accounts) {
		if a := r.world.accounts[item]; a.g > a.i { // a grant may have been lost with what was not understood
			s.reply(Grant{Slot: m.Slot, Epoch: m.Epoch, Item: item, G: a.g})
		}
	}
	if m.Players != nil {
		s.deliverMissing(r, m.Players.States)
	}
	return nil
}
