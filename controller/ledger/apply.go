package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// Apply books one message and returns what is to be answered, in order. After an error nothing has changed.
func (s *State) Apply(m Message) ([]Reply, error) {
	s.replies = nil
	var err error
	switch m := m.(type) {
	case Begin:
		err = s.begin(m)
	case Open:
		err = s.open(m)
	case Bound:
		err = s.bound(m)
	case Assigned:
		err = s.assigned(m)
	case Totals:
		err = s.totals(m)
	case Truth:
		err = s.truth(m)
	case Still:
		err = s.still(m)
	case Closed:
		if _, err = s.current(m.Slot, m.Epoch); err == nil {
			s.endRun(m.Slot)
		}
	default:
		err = fmt.Errorf("%w: %T", ErrInvalid, m)
	}
	return s.replies, err
}

func (s *State) begin(m Begin) error {
	for _, slot := range slices.Sorted(maps.Keys(s.runs)) {
		s.endRun(slot)
	}
	// A ledger restored from a backup stores an older number than worlds have seen; the clock is ahead of it.
	s.incarnation, s.number = max(s.incarnation+1, m.UnixSeconds), 0
	s.dirty.incarnation = true
	return nil
}

func (s *State) open(m Open) error {
	if s.incarnation == 0 {
		return fmt.Errorf("%w: no incarnation has begun", ErrOrder)
	}
	if !validName(string(m.Slot), maxID) {
		return fmt.Errorf("%w: slot %.40q", ErrInvalid, m.Slot)
	}
	s.endRun(m.Slot)
	s.number++
	r := &run{slot: m.Slot, epoch: Epoch{s.incarnation, s.number}, wants: map[Item]*want{}}
	s.runs[m.Slot] = r
	s.reply(Run{Slot: m.Slot, Epoch: r.epoch})
	return nil
}

func (s *State) current(slot Slot, epoch Epoch) (*run, error) {
	r := s.runs[slot]
	if r == nil || r.epoch != epoch {
		return nil, fmt.Errorf("%w: %s of slot %s", ErrStale, epoch, slot)
	}
	return r, nil
}

func (s *State) currentBound(slot Slot, epoch Epoch) (*run, error) {
	r, err := s.current(slot, epoch)
	if err == nil && r.world == nil {
		return nil, fmt.Errorf("%w: slot %s is not bound", ErrOrder, slot)
	}
	return r, err
}

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
	w, fresh, err := s.identify(m)
	if err != nil {
		return err
	}
	totals := m.Totals
	if fresh {
		totals = zeroed(totals)
	}
	if err := s.canReconcile(w, totals, bindBasis); err != nil {
		return err
	}
	s.lease(w, m.Slot)
	s.reconcile(w, totals, bindBasis)
	r.world = w
	r.assign = Assign{Slot: m.Slot, Epoch: m.Epoch, Ledger: s.ledger, World: w.row.ID, Fresh: fresh}
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
	}
	w.row.Slot = slot
	s.worlds[w.row.ID] = w
	s.leases[slot] = w
	s.dirty.worlds[w] = struct{}{}
}

// basis says what a reconciliation takes as granted. At bind it is what the world received: grants of earlier epochs
// reach it no more. Within an epoch a grant may still be on its way, so G stays, unless the world has more than that.
type basis func(a account, received int64) int64

func bindBasis(_ account, received int64) int64  { return received }
func truthBasis(a account, received int64) int64 { return max(a.g, received) }

func difference(a account, t Record, granted basis) int64 {
	return (t.E - granted(a, t.I)) - (a.e - a.g)
}

// complete adds the items that the books of w have and a report does not: they are at zero. Sorted by item.
func complete(w *world, totals []Record) []Record {
	told := make(map[Item]struct{}, len(totals))
	for _, t := range totals {
		told[t.Item] = struct{}{}
	}
	all := slices.Clone(totals)
	for item := range w.accounts {
		if _, ok := told[item]; !ok {
			all = append(all, Record{Item: item})
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return compareItems(a.Item, b.Item) })
	return all
}

func (s *State) canReconcile(w *world, totals []Record, granted basis) error {
	all := complete(w, totals)
	if len(all) > MaxItems {
		return fmt.Errorf("%w: %d different items", ErrInvalid, len(all))
	}
	for _, t := range all {
		a := w.peek(t.Item)
		d := difference(a, t, granted)
		var bus int64
		if p := s.pools[t.Item]; p != nil {
			bus = p.bus
		}
		if bus+d > maxSum || a.owed-d > maxSum {
			return fmt.Errorf("%w: more of %s than can be counted", ErrInvalid, t.Item)
		}
	}
	return nil
}

// reconcile makes the books of w agree with a complete report.
func (s *State) reconcile(w *world, totals []Record, granted basis) {
	for _, t := range complete(w, totals) {
		a := w.account(t.Item)
		d, g := difference(*a, t, granted), granted(*a, t.I)
		if a.e != t.E || a.g != g || a.i != t.I {
			a.e, a.g, a.i = t.E, g, t.I
			s.touch(w, t.Item)
		}
		s.settle(w, t.Item, d)
		s.serve(t.Item)
	}
}

// tellWants takes the wants of a complete report.
func (s *State) tellWants(r *run, totals []Record) {
	told := make(map[Item]struct{}, len(totals))
	for _, t := range totals {
		told[t.Item] = struct{}{}
		s.setWant(r, t.Item, t.W)
		s.serve(t.Item)
	}
	for _, item := range sortedItems(r.wants) {
		if _, ok := told[item]; !ok {
			s.setWant(r, item, 0)
		}
	}
}

func (s *State) assigned(m Assigned) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	s.startTrade(r)
	return nil
}

func (s *State) startTrade(r *run) {
	if r.assigned {
		return
	}
	r.assigned = true
	for _, item := range s.requeueAll(r) {
		s.serve(item)
	}
}

func (s *State) totals(m Totals) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if err := validRecords(m.Records); err != nil {
		return err
	}
	if err := s.canBook(r.world, m.Records); err != nil {
		return err
	}
	// A world tells totals only after assign, so this may be how the ledger learns of it.
	s.startTrade(r)
	for _, t := range m.Records {
		a := r.world.account(t.Item)
		if t.E < a.e || t.I < a.i || t.I > a.g {
			s.reply(Refused{Slot: m.Slot, Epoch: m.Epoch, Item: t.Item})
			continue
		}
		if t.I != a.i {
			a.i = t.I
			s.touch(r.world, t.Item)
		}
		if d := t.E - a.e; d > 0 {
			a.e = t.E
			s.post(r.world, Exported, t.Item, d)
			s.credit(r.world, t.Item, d)
		}
		s.setWant(r, t.Item, t.W)
		s.serve(t.Item)
	}
	return nil
}

func (s *State) canBook(w *world, records []Record) error {
	items := len(w.accounts)
	for _, t := range records {
		if w.accounts[t.Item] == nil {
			items++
		}
		if p := s.pools[t.Item]; p != nil && p.bus+t.E-w.peek(t.Item).e > maxSum {
			return fmt.Errorf("%w: more of %s than can be counted", ErrInvalid, t.Item)
		}
	}
	if items > MaxItems {
		return fmt.Errorf("%w: %d different items", ErrInvalid, items)
	}
	return nil
}

func (s *State) truth(m Truth) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if !r.assigned {
		// It may have been read before a new identity set the counters to zero.
		return fmt.Errorf("%w: slot %s is not assigned", ErrOrder, m.Slot)
	}
	if err := validRecords(m.Totals); err != nil {
		return err
	}
	if err := s.canReconcile(r.world, m.Totals, truthBasis); err != nil {
		return err
	}
	s.reconcile(r.world, m.Totals, truthBasis)
	s.tellWants(r, m.Totals)
	for _, item := range sortedItems(r.world.accounts) {
		if a := r.world.accounts[item]; a.g > a.i { // a grant may have been lost with what was not understood
			s.reply(Grant{Slot: m.Slot, Epoch: m.Epoch, Item: item, G: a.g})
		}
	}
	return nil
}

func (s *State) still(m Still) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	r.still = m.Still
	for _, item := range s.requeueAll(r) {
		s.serve(item)
	}
	return nil
}
