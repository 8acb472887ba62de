package ledger

import "fmt"

// Mismatch is an item for which the equation of the package comment does not hold.
type Mismatch struct {
	Item
	Bus, Owed, Carried, Net int64 // Carried is what players have in the ledger, Net is Σ (E − G + EP − IP)
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s: bus %d − owed %d + carried %d is not %d", m.Item, m.Bus, m.Owed, m.Carried, m.Net)
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
		at(item).Bus = p.bus
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
		if m := sums[item]; m.Bus-m.Owed+m.Carried != m.Net || m.Bus < 0 {
			wrong = append(wrong, *m)
		}
	}
	return wrong
}
