package ledger

import "fmt"

// Mismatch is an item for which the equation of the package comment does not hold.
type Mismatch struct {
	Item
	// Net is Σ (E − G + EP − IP), Carried what players have in the ledger, Posted Σ admin postings.
	Bus, Owed, Carried, Net, Posted int64
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s: bus %d − owed %d + carried %d is not %d + %d", m.Item, m.Bus, m.Owed, m.Carried, m.Net, m.Posted)
}

// verify freezes the items whose books do not add up: nothing more of them is granted, because nobody knows how much of
// it there is. No message changes by how much they are wrong, so they stay so until somebody accepts it.
func (s *State) verify() error {
	wrong := s.Audit()
	for _, m := range wrong {
		s.pool(m.Item).frozen = true
	}
	s.reply(Verified{Wrong: wrong})
	return nil
}

// accept makes an admin posting of what does not add up.
func (s *State) accept(m Accept) error {
	for _, wrong := range s.Audit() {
		if wrong.Item != m.Item {
			continue
		}
		if wrong.Bus < 0 {
			s.put(m.Item, -wrong.Bus, 0)
			wrong.Bus = 0
		}
		n := wrong.Bus - wrong.Owed + wrong.Carried - wrong.Net - wrong.Posted
		s.adjust(m.Item, n)
		s.postBus(Accepted, m.Item, n)
		s.pool(m.Item).frozen = false
		s.serve(m.Item)
		return nil
	}
	return fmt.Errorf("%w: the books of %s add up", ErrOrder, m.Item)
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
	for _, item := range sortedItems(sums) {
		if m := sums[item]; m.Bus-m.Owed+m.Carried != m.Net+m.Posted || m.Bus < 0 {
			wrong = append(wrong, *m)
		}
	}
	return wrong
}
