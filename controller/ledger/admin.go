package ledger

import "fmt"

func (s *State) forgive(m Forgive) error {
	w := s.worlds[m.World]
	if w == nil || m.Amount <= 0 {
		return fmt.Errorf("%w: forgive world %.40q %d of %s", ErrInvalid, m.World, m.Amount, m.Item)
	}
	n := min(m.Amount, w.peek(m.Item).owed)
	if n == 0 {
		return fmt.Errorf("%w: world %s owes no %s", ErrOrder, m.World, m.Item)
	}
	w.accounts[m.Item].owed -= n
	s.touch(w, m.Item)
	s.adjust(m.Item, n)
	s.post(w, Forgiven, m.Item, n)
	s.reply(Booked{n})
	s.serve(m.Item)
	return nil
}
