package ledger

import (
	"fmt"
	"slices"
)

// A copied save is another world, which trades from zero. People say later whether the world has moved instead. Then the
// one that it was copied from was never more than the save was: what it has traded since is undone, as if it had been
// loaded from that save. For that, the ledger keeps what the save said of it.

// Origin is what the ledger knows of the save that a world was copied from.
type Origin int

// The origins are stored as numbers: append only.
const (
	Untraced Origin = iota // nothing, or it is no copy
	Traced                 // what the save had traded
	Replaces               // the same, and the copy stands for the world that the save was of
)

// OriginRow is what a save that World was copied from said of one item, without wants.
type OriginRow struct {
	World World
	Record
	EP, IP int64
}

// originOf is what a save has traded with this ledger, told of a copy. Sorted by item.
func (s *State) originOf(world World, m Bound) []OriginRow {
	if m.Ledger != s.ledger {
		return nil // it has not traded yet
	}
	rows := map[Item]OriginRow{}
	for _, t := range m.Totals {
		t.W = 0
		rows[t.Item] = OriginRow{World: world, Record: t}
	}
	for _, p := range m.Players.Totals {
		row := rows[p.Item]
		row.World, row.Item, row.EP, row.IP = world, p.Item, p.EP, p.IP
		rows[p.Item] = row
	}
	sorted := make([]OriginRow, 0, len(rows))
	for _, item := range sortedItems(rows) {
		sorted = append(sorted, rows[item])
	}
	return sorted
}

// bornOf says whether a save is of the world that w was before it got its identity.
func (w *world) bornOf(m Bound) bool {
	// A newborn save may be older than the moment at which its ledger was known.
	return w.row.FromWorld == m.World && (m.Ledger == "" || w.row.FromLedger == m.Ledger)
}

// reborn is for a world that is back at its birth. If that is not in the save that it was made from, it is a copy and no more:
// its own saves do not tell which of the two they come from, so nobody could say what else is to be undone.
func (s *State) reborn(w *world, m Bound) {
	if !slices.Equal(w.origin, s.originOf(w.row.ID, m)) {
		s.forgetOrigin(w)
	}
}

// answer books what people said about a world that came as a copy.
func (s *State) answer(m Answer) error {
	w := s.worlds[m.World]
	if w == nil || w.row.Question == NoQuestion {
		return fmt.Errorf("%w: there is no question about world %.40q", ErrOrder, m.World)
	}
	if m.Moved {
		if err := s.replace(w); err != nil {
			return err
		}
	} else {
		s.forgetOrigin(w)
	}
	w.row.Question = NoQuestion
	s.touchWorld(w)
	return nil
}

// replace lets w stand for the world that it was copied from.
func (s *State) replace(w *world) error {
	parent := s.worlds[w.row.FromWorld]
	if w.row.Question != Copied || parent == nil || w.row.Origin != Traced {
		return fmt.Errorf("%w: it is not known from which save of this ledger world %s was copied", ErrOrder, w.row.ID)
	}
	if r := s.runs[parent.row.Slot]; r != nil && r.world == parent {
		return fmt.Errorf("%w: world %s still runs in slot %s", ErrOrder, parent.row.ID, parent.row.Slot)
	}
	if err := s.canReconcile(parent, w.undone()); err != nil {
		return err
	}
	parent.unused = false // its save may have traded with these books before they came from a backup
	if s.leases[parent.row.Slot] == parent {
		s.release(parent)
	}
	s.comeBack(parent) // another copy that stood for it does so no longer
	s.undo(parent, w)
	w.row.Origin, w.unused = Replaces, false
	return nil
}

// undone is what the world that w was copied from reports when it comes with that save. The clock of w is that of the save,
// and went on.
func (w *world) undone() report {
	totals := make([]Record, len(w.origin))
	for n, row := range w.origin {
		totals[n] = row.Record
	}
	return report{totals, w.tick, bindBasis}
}

// undo settles what parent has traded since the save that w was copied from. What it owes then is owed by w.
func (s *State) undo(parent, w *world) {
	passages := make([]Passage, len(w.origin))
	for n, row := range w.origin {
		passages[n] = Passage{row.Item, row.EP, row.IP}
	}
	s.reconcile(parent, w.undone(), s.reconcilePassages(parent, passages, nil))
	s.uncover(parent)
	for _, item := range sortedItems(parent.accounts) {
		s.moveDebt(parent, w, item)
	}
}

func (s *State) moveDebt(from, to *world, item Item) {
	n := from.accounts[item].owed
	if n == 0 {
		return
	}
	from.accounts[item].owed = 0
	to.account(item).owed += n
	s.touch(from, item)
	s.touch(to, item)
	s.post(from, DebtMoved, item, -n)
	s.post(to, DebtMoved, item, n)
	s.serve(item)
}

// comeBack asks again about copies that stood for a world that runs after all. What it has traded is booked as ever.
func (s *State) comeBack(w *world) {
	for _, c := range s.worlds {
		if c.row.Origin == Replaces && c.row.FromWorld == w.row.ID {
			c.row.Origin, c.row.Question = Traced, Copied
			s.touchWorld(c)
		}
	}
}

// relabelOrigins renames an item in what is known of the saves that copies of a world were made from.
func (s *State) relabelOrigins(of *world, n Rename) {
	for _, c := range s.worlds {
		if c.row.FromWorld == of.row.ID && c.relabelOrigin(n) {
			s.dirty.origins[c] = struct{}{}
		}
	}
}

func (w *world) relabelOrigin(n Rename) (changed bool) {
	named := func(item Item) int {
		return slices.IndexFunc(w.origin, func(r OriginRow) bool { return r.Item == item })
	}
	from := named(n.Old)
	if from < 0 {
		return false
	}
	moved := w.origin[from]
	w.origin = slices.Delete(slices.Clone(w.origin), from, from+1)
	if to := named(n.New); to >= 0 {
		there := &w.origin[to]
		there.E, there.I, there.ES, there.IS = there.E+moved.E, there.I+moved.I, plus(there.ES, moved.ES), plus(there.IS, moved.IS)
		there.EP, there.IP = there.EP+moved.EP, there.IP+moved.IP
		return true
	}
	moved.Item = n.New
	w.origin = append(w.origin, moved)
	slices.SortFunc(w.origin, func(a, b OriginRow) int { return compareItems(a.Item, b.Item) })
	return true
}

func (s *State) forgetOrigin(w *world) {
	if w.row.Origin == Untraced {
		return
	}
	w.origin, w.row.Origin = nil, Untraced
	s.dirty.origins[w] = struct{}{}
	s.touchWorld(w)
}
