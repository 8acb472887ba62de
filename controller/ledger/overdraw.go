package ledger

import "fmt"

// overdrawn is how much a world says that it has received beyond all that this ledger ever granted it: its save is
// damaged, or somebody has written the total. Of a world that traded on after a backup was made the restored books can't
// know that, so what it says is believed.
func (s *State) overdrawn(w *world, t Record) int64 {
	if w.row.Behind {
		return 0
	}
	a := w.peek(t.Item)
	return max(0, t.I-max(a.given, a.g))
}

// overdraw lets the world alone owe what it can't have received, so that the bus, which is everybody's, pays nothing of
// it. When the world comes with another save, the debt goes as it came.
func (s *State) overdraw(w *world, t Record) int64 {
	n := s.overdrawn(w, t)
	if n == 0 {
		return 0
	}
	w.account(t.Item).owed += n
	s.touch(w, t.Item)
	s.post(w, Overdrawn, t.Item, n)
	s.notice(w.row.Slot).refuse(fmt.Sprintf("%s: %d received that were never granted: the world owes them", t.Item, n))
	return n
}

// comeFromBackup notes which worlds may have traded more than the books know: all of them, and those that are not known.
// Copies may have begun anew from other saves since.
func (s *State) comeFromBackup() error {
	s.restored, s.dirty.restored = true, true
	for _, w := range s.worlds {
		w.row.Behind = true
		s.touchWorld(w)
		s.forgetOrigin(w)
	}
	return nil
}
