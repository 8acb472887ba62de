package sim

import (
	"maps"
	"slices"

	"mainbus/controller/ledger"
)

// answerMoved says that a copied world stands for the one that it was copied from, and takes away the instance that had
// that one, with what it did after the copy. Its saves go along: each may still be loaded.
func (s *simulation) answerMoved(copied ledger.World) {
	books := s.control.stored
	parent := books.worlds[copied].FromWorld
	old, heir := s.place(books.worlds[parent].Slot), s.place(books.worlds[copied].Slot)
	// A copy that was left before it knew its identity, and that no save holds, would stand for the other one and never run.
	if heir == nil || heir.world != copied && s.saved(copied) == 0 || old != nil && !s.dispensable(old, parent) {
		return
	}
	if s.apply(ledger.Answer{World: copied, Moved: true}) != nil {
		return
	}
	s.stats.Answers++
	s.stats.Replaced++
	s.trace("%s stands for %s", copied, parent)
	maps.DeleteFunc(s.control.stored.moved, func(_, of ledger.World) bool { return of == parent })
	s.control.stored.moved[copied] = parent
	if old != nil {
		heir.saves = append(slices.Clone(old.saves), heir.saves...)
		s.places = slices.DeleteFunc(s.places, func(p *place) bool { return p == old })
	}
}

// dispensable says whether a place may go without a world going with it, other than the one named.
func (s *simulation) dispensable(p *place, world ledger.World) bool {
	return len(s.places) > 2 && (p.world == world || p.world == "" || s.saved(p.world) > 0) && !slices.ContainsFunc(p.zombies, s.unsaved)
}

// comeBack notes that a world has a slot, whatever people said, or that the copy does not stand for it any more.
func (s *simulation) comeBack(changed ledger.Books) {
	for _, w := range changed.Worlds {
		if w.Origin != ledger.Replaces {
			delete(s.control.stored.moved, w.ID)
		}
		if w.Slot != "" {
			maps.DeleteFunc(s.control.stored.moved, func(_, of ledger.World) bool { return of == w.ID })
		}
	}
}

// replaced says whether a world is no more, because another stands for it.
func (s stored) replaced(world ledger.World) bool {
	return slices.Contains(slices.Collect(maps.Values(s.moved)), world)
}

// inherited is what a world was born with and did not make, because it is the world that it was copied from.
func (s stored) inherited(w World) (sum Goods) {
	for b := w.Births(); b != nil && s.moved[b.World] != ""; b = b.Before {
		sum = sum.plus(b.Born)
	}
	return sum
}
