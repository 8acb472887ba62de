package ledger

import (
	"fmt"
	"slices"
)

// Mismatch is an item for which the equation of the package comment does not hold.
type Mismatch struct {
	Item
	// Net is Σ (E − G + EP − IP), Carried what players have in the ledger, Posted Σ admin postings.
	Bus, Owed, Carried, Net, Posted int64
}

// Surplus is by how much there is more than there should be; negative: less.
func (m Mismatch) Surplus() int64 { return m.Bus - m.Owed + m.Carried - m.Net - m.Posted }

func (m Mismatch) String() string {
	return fmt.Sprintf("%s: bus %d − owed %d + carried %d is not %d + %d", m.Item, m.Bus, m.Owed, m.Carried, m.Net, m.Posted)
}

// verify freezes the items whose books do not add up: nothing more of them is granted, because nobody knows how much of
// it there is. No message changes by how much they are wrong here, so those stay so until somebody accepts it; where the
// books are stored, they may be put right.
func (s *State) verify(m Verify) error {
	wrong := map[Item]Mismatch{}
	for _, w := range m.Stored {
		wrong[w.Item] = w
	}
	for _, w := range s.Audit() {
		wrong[w.Item] = w
	}
	done := Verified{Items: len(s.pools), Worlds: len(s.worlds)}
	for _, item := range sortedItems(wrong) {
		s.pool(item).frozen = true
		done.Wrong = append(done.Wrong, wrong[item])
	}
	for _, item := range sortedItems(s.pools) {
		if _, still := wrong[item]; s.pools[item].frozen && !still {
			s.pools[item].frozen = false
			s.serve(item)
		}
	}
	s.reply(done)
	return nil
}

// accept makes an admin posting of what does not add up here, and stores again what does not where it is stored.
func (s *State) accept(m Accept) error {
	p := s.pools[m.Item]
	if p == nil || !p.frozen {
		return fmt.Errorf("%w: the books of %s add up", ErrOrder, m.Item)
	}
	for _, wrong := range s.Audit() {
		if wrong.Item == m.Item {
			n := wrong.Surplus() - min(0, wrong.Bus)
			s.put(m.Item, -min(0, wrong.Bus), 0)
			s.adjust(m.Item, n)
			s.postBus(Accepted, m.Item, n)
		}
	}
	s.dirty.bus[m.Item] = struct{}{}
	for _, w := range s.worlds {
		if w.accounts[m.Item] != nil {
			s.touch(w, m.Item)
		}
	}
	p.frozen = false
	s.serve(m.Item)
	return nil
}

// Audit checks the books of every item and returns those that do not add up; there are none unless the stored books
// were changed by somebody else.
func (s *State) Audit() []Mismatch {
	sums := make(map[Item]*Mismatch, len(s.pools))
	at := func(item Item) *Mismatch {
		m := sums[item]
		if m == nil {
			m = &Mismatch{Item: item}
			sums[item] = m
		}
		return m
	}
	for item, p := range s.pools {
		m := at(item)
		m.Bus, m.Posted = p.bus, p.posted
	}
	for _, w := range s.worlds {
		for item, a := range w.accounts {
			m := at(item)
			m.Owed += a.owed
			m.Net += a.net()
		}
	}
	for item, n := range s.carried() {
		at(item).Carried = n
	}
	var wrong []Mismatch
	for _, m := range sums {
		if m.Surplus() != 0 || m.Bus < 0 {
			wrong = append(wrong, *m)
		}
	}
	slices.SortFunc(wrong, func(a, b Mismatch) int { return compareItems(a.Item, b.Item) })
	return wrong
}
