package ledger

import "fmt"

func (s *State) bound(m Bound) error {
	r, err := s.current(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if r.world != nil {
		return s.boundAgain(r, m)
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
	if s.worlds[w.row.ID] == nil && len(s.worlds) >= MaxWorlds {
		return fmt.Errorf("%w: the ledger knows %d worlds already", ErrInvalid, len(s.worlds))
	}
	told := report{withPassages(totals, players.Totals), m.Tick, bindBasis}
	if err := s.canReconcile(w, told); err != nil {
		return err
	}
	if err := s.canPass(w, players, m.Tick); err != nil {
		return err
	}
	if s.leases[m.Slot] == w && fresh {
		s.reborn(w, m)
	}
	s.lease(w, m.Slot)
	lost, wipe := s.reconcilePlayers(w, players.States)
	s.reconcile(w, told, s.reconcilePassages(w, players.Totals, lost))
	s.setTick(w, m.Tick)
	s.uncover(w)
	r.world, r.was = w, m.identity()
	r.assign = Assign{
		Slot: m.Slot, Epoch: m.Epoch, Ledger: s.ledger, World: w.row.ID,
		Fresh: fresh, Void: fresh && m.Ledger == s.ledger, Wipe: wipe,
	}
	s.reply(r.assign)
	s.tellWants(r, totals)
	return nil
}

// boundAgain answers a repetition alike. Another game under the same epoch must attach by itself: what it holds was not
// booked.
func (s *State) boundAgain(r *run, m Bound) error {
	if now := (identity{r.assign.Ledger, r.assign.World}); m.identity() != r.was && m.identity() != now {
		return fmt.Errorf("%w: %s is of world %s, not %.40q", ErrStale, r.epoch, r.assign.World, m.World)
	}
	s.reply(r.assign)
	return nil
}

// identity is what a world calls itself.
type identity struct {
	ledger string
	world  World
}

func (m Bound) identity() identity { return identity{m.Ledger, m.World} }

func validBound(m Bound) error {
	if m.Ledger != "" && !validID(m.Ledger) || !validID(string(m.World)) || !validID(string(m.NewWorld)) {
		return fmt.Errorf("%w: ledger %.40q, world %.40q", ErrInvalid, m.Ledger, m.World)
	}
	if m.FromLedger != "" && !validID(m.FromLedger) || m.FromWorld != "" && !validID(string(m.FromWorld)) {
		return fmt.Errorf("%w: from ledger %.40q, world %.40q", ErrInvalid, m.FromLedger, m.FromWorld)
	}
	return validReport(m.Totals, m.Tick)
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
// A world whose id was written into its save before the first tick keeps it: should it crash before the game has saved
// it, it comes back as the same world at its birth, even to a ledger that has forgotten it.
//
// A world that got another identity and crashed before a save had it comes back as what it was before. It is then the
// same world too, rolled back to the moment of its birth, at which it had traded nothing. Were it to get one more
// identity, all that it had traded would exist twice.
func (s *State) identify(m Bound) (w *world, fresh bool, err error) {
	mine, known := s.leases[m.Slot], s.worlds[m.World]
	newborn := m.Ledger == ""
	switch {
	case mine != nil && mine.bornOf(m):
		return mine, true, nil
	case !newborn && m.Ledger != s.ledger:
		w, err = s.newWorld(m, Foreign)
		return w, true, err
	case known == nil:
		// Of this ledger and unknown: the ledger was restored from a backup older than this world of its own. All that
		// the world has traded is yet to be booked. Where it came from has to be known again, or a crash before its first
		// save would make another world of it and leave on the bus what it had sent.
		row := WorldRow{ID: m.World, FromLedger: m.FromLedger, FromWorld: m.FromWorld, Behind: s.restored}
		return &world{row: row, accounts: map[Item]*account{}, unused: true}, newborn, nil
	case known.row.Slot != "" && known.row.Slot != m.Slot:
		w, err = s.newWorld(m, Copied)
		return w, true, err
	default:
		return known, newborn, nil
	}
}

func (s *State) newWorld(m Bound, why Question) (*world, error) {
	if s.worlds[m.NewWorld] != nil {
		return nil, fmt.Errorf("%w: world id %s is taken", ErrInvalid, m.NewWorld)
	}
	row := WorldRow{ID: m.NewWorld, FromLedger: m.Ledger, FromWorld: m.World, Question: why}
	w := &world{row: row, accounts: map[Item]*account{}, unused: true}
	// Where mods have renamed what the other world is booked for, the save can't be compared with its books.
	if why == Copied && !s.runs[m.Slot].apart {
		w.origin, w.row.Origin = s.originOf(row.ID, m), Traced
	}
	return w, nil
}

// lease gives w to a slot. The world that the slot had before is released.
func (s *State) lease(w *world, slot Slot) {
	old := s.leases[slot]
	if old == w {
		return
	}
	if old != nil {
		s.release(old)
	}
	w.row.Slot = slot
	s.worlds[w.row.ID] = w
	s.leases[slot] = w
	s.touchWorld(w)
	s.comeBack(w)
	if len(w.origin) > 0 {
		s.dirty.origins[w] = struct{}{}
	}
}

// release ends a lease: what was granted and not confirmed goes back, because nobody may ever run the world again;
// should it come back, binding it settles what it really had.
func (s *State) release(w *world) {
	delete(s.leases, w.row.Slot)
	w.row.Slot = ""
	s.touchWorld(w)
	for _, item := range sortedItems(w.accounts) {
		if a := w.accounts[item]; a.g > a.i {
			d := a.g - a.i
			sum := clampSum(item, a.gSum-a.iSum, d)
			s.book(w, item, a.e, a.i, a.i)
			a.gSum = a.iSum
			s.settle(w, item, d, sum)
			s.post(w, Reconciled, item, d)
			s.serve(item)
		}
	}
	for _, p := range s.playersOf(w) {
		s.giveBack(p)
	}
	if w.unused {
		s.forget(w)
	}
}

// forget drops a world that never traded. Should it come back, it is adopted, at zero as it was.
func (s *State) forget(w *world) {
	delete(s.worlds, w.row.ID)
	delete(s.dirty.worlds, w)
	delete(s.dirty.origins, w)
	s.dirty.gone[w.row.ID] = struct{}{}
}

func (s *State) moveLease(m Move) error {
	w := s.leases[m.From]
	switch {
	case m.To != "" && !validName(string(m.To), maxID):
		return fmt.Errorf("%w: slot %.40q", ErrInvalid, m.To)
	case w == nil:
		return fmt.Errorf("%w: slot %.40q leases no world", ErrOrder, m.From)
	case s.leases[m.To] != nil && m.To != m.From:
		return fmt.Errorf("%w: slot %s leases world %s, which has to be given up first", ErrOrder, m.To, s.leases[m.To].row.ID)
	}
	s.endRun(m.From)
	if m.To == "" {
		s.release(w)
		return nil
	}
	delete(s.leases, m.From)
	s.lease(w, m.To)
	return nil
}
