package ledger

import "fmt"

func (s *State) bound(m Bound) error {
	r, err := s.current(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if r.world != nil {
		s.reply(r.assign)
		return nil
	}
	if err := validBound(m); err != nil {
		return err
	}
	if err := s.validPlayers(m.Players); err != nil {
		return err
	}
	w, fresh, err := s.identify(m)
	if err != nil {
		return err
	}
	totals, players := m.Totals, m.Players
	if fresh {
		totals, players = zeroed(totals), Players{}
	}
	if err := s.canReconcile(w, withPassages(totals, players.Totals), bindBasis); err != nil {
		return err
	}
	s.lease(w, m.Slot)
	lost, wipe := s.reconcilePlayers(w, players.States)
	s.reconcile(w, totals, bindBasis, s.reconcilePassages(w, players.Totals, lost))
	r.world = w
	r.assign = Assign{
		Slot: m.Slot, Epoch: m.Epoch, Ledger: s.ledger, World: w.row.ID,
		Fresh: fresh, Void: fresh && m.Ledger == s.ledger, Wipe: wipe,
	}
	s.reply(r.assign)
	s.tellWants(r, totals)
	return nil
}

func validBound(m Bound) error {
	if m.Ledger != "" && !validID(m.Ledger) || !validID(string(m.World)) || !validID(string(m.NewWorld)) {
		return fmt.Errorf("%w: ledger %.40q, world %.40q", ErrInvalid, m.Ledger, m.World)
	}
	return validRecords(m.Totals)
}

// zeroed is what the totals are once a world has set its counters to zero: what it could use stays.
func zeroed(totals []Record) []Record {
	out := make([]Record, len(totals))
	for n, t := range totals {
		out[n] = Record{Item: t.Item, W: max(0, t.W-t.I)}
	}
	return out
}

// identify says which world of this ledger a slot runs, and whether it has to start from zero. It changes nothing.
//
// A world that got a new identity and crashed before a save had it comes back as what it was before. It is then the
// same world, rolled back to the moment of its birth, at which it had traded nothing. Were it to get one more identity,
// all that it had traded would exist twice.
func (s *State) identify(m Bound) (w *world, fresh bool, err error) {
	mine := s.leases[m.Slot]
	known := s.worlds[m.World]
	switch {
	case mine != nil && mine.row.FromWorld == m.World && mine.row.FromLedger == m.Ledger:
		return mine, true, nil
	case m.Ledger != s.ledger:
		w, err = s.newWorld(m, m.Ledger)
		return w, true, err
	case known == nil:
		// The ledger was restored from a backup older than this world of its own: all it has traded is yet to be booked.
		return &world{row: WorldRow{ID: m.World}, accounts: map[Item]*account{}}, false, nil
	case known.row.Slot != "" && known.row.Slot != m.Slot:
		w, err = s.newWorld(m, m.Ledger) // a copied save
		return w, true, err
	default:
		return known, false, nil
	}
}

func (s *State) newWorld(m Bound, from string) (*world, error) {
	if s.worlds[m.NewWorld] != nil {
		return nil, fmt.Errorf("%w: world id %s is taken", ErrInvalid, m.NewWorld)
	}
	row := WorldRow{ID: m.NewWorld, FromLedger: from, FromWorld: m.World}
	return &world{row: row, accounts: map[Item]*account{}}, nil
}

// lease gives w to a slot. The world that the slot had before is released: what was granted to it and not confirmed
// goes back, because nobody may ever run it again; should it come back, binding it settles what it really had.
func (s *State) lease(w *world, slot Slot) {
	old := s.leases[slot]
	if old == w {
		return
	}
	if old != nil {
		old.row.Slot = ""
		s.dirty.worlds[old] = struct{}{}
		for _, item := range sortedItems(old.accounts) {
			if a := old.accounts[item]; a.g > a.i {
				d := a.g - a.i
				a.g = a.i
				s.settle(old, item, d)
				s.serve(item)
			}
		}
		for _, p := range s.playersOf(old) {
			s.giveBack(p)
		}
	}
	w.row.Slot = slot
	s.worlds[w.row.ID] = w
	s.leases[slot] = w
	s.dirty.worlds[w] = struct{}{}
}
