package ledger

import (
	"fmt"
	"slices"
)

// maxRenames bounds a message.
const maxRenames = 4096

func (s *State) renamed(m Renamed) error {
	r, err := s.current(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if r.world != nil {
		return fmt.Errorf("%w: slot %s is bound already", ErrOrder, m.Slot)
	}
	ordered, err := s.orderRenames(m.Renames)
	if err != nil {
		return err
	}
	if m.Ledger != s.ledger && m.Ledger != "" {
		return nil
	}
	w, _, err := s.identify(Bound{Slot: m.Slot, Ledger: m.Ledger, World: m.World})
	if err != nil {
		return err
	}
	if s.worlds[w.row.ID] != w { // it will be a new one
		r.apart = s.worlds[m.World].bookedFor(ordered)
		w = nil
	}
	for _, n := range ordered {
		if w != nil {
			s.relabelAccount(w, n)
			s.relabelOrigins(w, n)
		}
		s.relabelPool(w, n)
	}
	s.relabelPlayers(w, m.Renames)
	for _, n := range ordered {
		s.serve(n.Old)
		s.serve(n.New)
	}
	return nil
}

// bookedFor tells whether anything is booked under a name that is given up.
func (w *world) bookedFor(renames []Rename) bool {
	return w != nil && slices.ContainsFunc(renames, func(n Rename) bool { return w.peek(n.Old) != account{} })
}

// orderRenames checks renames, which happen at once, and returns them in an order in which no name is taken before it
// has been given up.
func (s *State) orderRenames(all []Rename) ([]Rename, error) {
	if len(all) > maxRenames || len(s.pools)+len(all) > maxPools {
		return nil, fmt.Errorf("%w: %d renames", ErrInvalid, len(all))
	}
	next := make(map[Item]Item, len(all))
	var sum float64 // of all that could end up under one name
	for _, n := range all {
		if _, twice := next[n.Old]; twice || !validItem(n.Old) || !validItem(n.New) {
			return nil, fmt.Errorf("%w: %.40q renamed to %.40q", ErrInvalid, n.Old, n.New)
		}
		next[n.Old] = n.New
		for _, item := range []Item{n.Old, n.New} {
			if p := s.pools[item]; p != nil {
				sum += float64(p.bus)
			}
		}
	}
	if sum > maxSum {
		return nil, fmt.Errorf("%w: more renamed than can be counted", ErrInvalid)
	}
	ordered := make([]Rename, 0, len(all))
	for _, n := range all {
		chain := []Rename{}
		for old, ok := n.Old, true; ok && len(chain) <= len(all); {
			var to Item
			if to, ok = next[old]; ok {
				chain = append(chain, Rename{old, to})
				old = to
			}
		}
		if len(chain) > len(all) {
			return nil, fmt.Errorf("%w: %s is renamed in a circle", ErrInvalid, n.Old)
		}
		slices.Reverse(chain)
		for _, c := range chain {
			delete(next, c.Old)
		}
		ordered = append(ordered, chain...)
	}
	return ordered, nil
}

// relabelAccount moves what is booked of an item of a world, and posts by how much that changes the equation.
func (s *State) relabelAccount(w *world, n Rename) {
	from := w.accounts[n.Old]
	if from == nil || *from == (account{}) {
		return
	}
	to, change := w.account(n.New), from.net()+from.owed
	oldPool, newPool := s.pool(n.Old), s.pool(n.New)
	oldPool.uncovered -= from.uncovered()
	newPool.uncovered -= to.uncovered()
	to.add(*from)
	*from = account{}
	newPool.uncovered += to.uncovered()
	s.touch(w, n.Old)
	s.touch(w, n.New)
	s.adjust(n.Old, change)
	s.adjust(n.New, -change)
}

func (a *account) add(b account) {
	a.e, a.g, a.i = a.e+b.e, a.g+b.g, a.i+b.i
	a.ep, a.ip = a.ep+b.ep, a.ip+b.ip
	a.eSum, a.gSum, a.iSum = plus(a.eSum, b.eSum), plus(a.gSum, b.gSum), plus(a.iSum, b.iSum)
	a.owed, a.held, a.top = a.owed+b.owed, a.held+b.held, a.top+b.top
	a.given, a.covered = a.given+b.given, a.covered+b.covered
}

// relabelPool moves what the bus has of an item; w is nil if the books have no such world.
func (s *State) relabelPool(w *world, n Rename) {
	moved := s.pool(n.Old).bus
	if moved == 0 {
		return
	}
	s.put(n.New, moved, s.take(n.Old, moved))
	s.adjust(n.Old, -moved)
	s.adjust(n.New, moved)
	post := s.postBus
	if w != nil {
		post = func(kind PostingKind, item Item, n int64) { s.post(w, kind, item, n) }
	}
	post(Relabeled, n.Old, -moved)
	post(Relabeled, n.New, moved)
}
