package ledger

// An item under the strict rule can be spent only as far as finished saves cover it: should every world go back to its
// newest save, the bus can give back all that is taken from it, and nobody owes anything.
//
//	spendable = bus − Σ over all worlds max(0, E − covered)
//
// Covered is what of E the newest finished save has that the ledger was told of. A newer one may be finished already. Of
// that one is known only that it has no less sent and no more received: E' ≥ covered, I' ≤ G. Going back to it takes
// (E − G) − (E' − I') ≤ E − covered from the bus, which is what is kept. What a world has received makes up for
// nothing: it may have come before that save, and what was sent after it. What went through players' inventories is
// no part of it: a player who is rolled back takes nothing from the bus.

// uncovered is how much of what a world has sent is in no finished save.
func (a account) uncovered() int64 { return max(0, a.e-a.covered) }

func (p *pool) spendable(strict bool) int64 {
	if strict {
		return max(0, p.bus-p.uncovered)
	}
	return p.bus
}

// book sets what is booked of an item of a world.
func (s *State) book(w *world, item Item, e, g, i int64) {
	if a := w.peek(item); a.e == e && a.g == g && a.i == i {
		return
	}
	a, p := w.account(item), s.pool(item)
	p.uncovered -= a.uncovered()
	a.e, a.g, a.i = e, g, i
	a.top = max(a.top, e)
	p.uncovered += a.uncovered()
	s.touch(w, item)
}

// cover notes what a finished save of a world has of what it sent of an item.
func (s *State) cover(w *world, item Item, e int64) {
	if w.peek(item).covered == e {
		return
	}
	a, p := w.account(item), s.pool(item)
	p.uncovered -= a.uncovered()
	a.covered = e
	p.uncovered += a.uncovered()
	s.touch(w, item)
}

// uncover takes an older save for the newest: it was loaded, and a newer one may never be again.
func (s *State) uncover(w *world) {
	for _, item := range sortedItems(w.accounts) {
		a := w.accounts[item]
		s.cover(w, item, min(a.covered, a.e))
	}
}

func (s *State) saved(m Saved) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if err := validReport(m.Totals, m.Tick); err != nil {
		return err
	}
	if err := s.canKeep(r.world, m.Totals); err != nil {
		return err
	}
	if m.Ledger != s.ledger || m.World != r.world.row.ID || m.Tick < r.savedTick {
		return nil // of before it got its identity, or overtaken by a newer one
	}
	r.savedTick = m.Tick
	for _, t := range complete(r.world, m.Totals) {
		held := min(t.E, r.world.peek(t.Item).held)
		s.cover(r.world, t.Item, t.E-held)
		s.serve(t.Item)
	}
	return nil
}
