package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Apply books one message and returns what is to be answered, in order. After an error nothing has changed but Notices.
func (s *State) Apply(m Message) ([]Reply, error) {
	s.replies = nil
	err := s.said(m)
	if errors.Is(err, ErrInvalid) {
		s.noticeInvalid(m)
	}
	return s.replies, err
}

// said takes what a run says of its world.
func (s *State) said(m Message) error {
	switch m := m.(type) {
	case Open:
		return s.open(m)
	case Renamed:
		return s.renamed(m)
	case Bound:
		return s.bound(m)
	case Assigned:
		return s.assigned(m)
	case Totals:
		return s.totals(m)
	case Truth:
		return s.truth(m)
	case Saved:
		return s.saved(m)
	case Spoils:
		return s.spoilsTold(m)
	case Still:
		return s.still(m)
	case PlayerJoin:
		return s.playerJoin(m)
	case PlayerOut:
		return s.playerOut(m)
	case Garbled:
		return s.garbled(m)
	case Closed:
		return s.closed(m)
	}
	return s.decided(m)
}

// decided takes what people and the controller itself decide.
func (s *State) decided(m Message) error {
	switch m := m.(type) {
	case Begin:
		return s.begin(m)
	case SetPolicy:
		return s.setPolicy(m)
	case Release:
		return s.releaseHeld(m)
	case Forgive:
		return s.forgive(m)
	case Answer:
		return s.answer(m)
	case Move:
		return s.moveLease(m)
	case Reclaim:
		return s.reclaim(m)
	case SetInventory:
		return s.setByAdmin(m)
	case Verify:
		return s.verify(m)
	case Accept:
		return s.accept(m)
	case Age:
		return s.age(m)
	case Restored:
		return s.comeFromBackup()
	}
	return fmt.Errorf("%w: %T", ErrInvalid, m)
}

// closed comes from the controller itself also after another attachment has taken over, so a stale one is no stray.
func (s *State) closed(m Closed) error {
	if now := s.runs[m.Slot]; now == nil || now.epoch != m.Epoch {
		return fmt.Errorf("%w: %s of slot %s", ErrStale, m.Epoch, m.Slot)
	}
	s.endRun(m.Slot)
	return nil
}

func (s *State) begin(m Begin) error {
	for _, slot := range slices.Sorted(maps.Keys(s.runs)) {
		s.endRun(slot)
	}
	// A ledger restored from a backup stores an older number than worlds have seen; the clock is ahead of it.
	s.incarnation, s.number = max(s.incarnation+1, m.UnixSeconds), 0
	s.seeToken(Token{Incarnation: s.incarnation})
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
		s.noticeStray(slot, epoch)
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
	s.tellFull(r)
	for _, item := range s.requeueAll(r) {
		s.serve(item)
	}
}

func (s *State) totals(m Totals) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if err := validReport(m.Records, m.Tick); err != nil {
		return err
	}
	if err := s.canBook(r.world, m.Records); err != nil {
		return err
	}
	// A world tells totals only after assign, so this may be how the ledger learns of it.
	s.startTrade(r)
	for _, t := range m.Records {
		if why := s.tell(r, t, m.Tick); why != "" {
			s.notice(m.Slot).refuse(t.Item.String() + ": " + why)
			s.reply(Refused{Slot: m.Slot, Epoch: m.Epoch, Item: t.Item})
		}
	}
	s.setTick(r.world, max(m.Tick, r.world.tick))
	return nil
}

// tell books one record of a running world, or says why it can't be: within an epoch totals only grow, and nothing is
// received that was not granted.
func (s *State) tell(r *run, t Record, tick int64) (refused string) {
	w := r.world
	a := w.peek(t.Item)
	switch {
	case t.E < a.e+a.held || t.I < a.i:
		return "a total fell within its epoch"
	case t.I > a.g:
		return "it received what was not granted"
	}
	e, held := s.growthOf(w, a, t.E, tick)
	d := e - a.e
	s.hold(w, t.Item, held)
	s.book(w, t.Item, e, a.g, t.I)
	if d > 0 {
		s.post(w, Exported, t.Item, d)
		s.credit(w, t.Item, d, a.worth(t, d))
	}
	s.setSums(w, t)
	s.setWant(r, t.Item, t.W)
	s.serve(t.Item)
	return ""
}

func (s *State) canBook(w *world, records []Record) error {
	for _, t := range records {
		if p := s.pools[t.Item]; p != nil && p.bus+t.E-w.peek(t.Item).e > maxSum {
			return fmt.Errorf("%w: more of %s than can be counted", ErrInvalid, t.Item)
		}
	}
	return s.canKeep(w, records)
}

// canKeep checks that there is room for accounts and pools of what a world tells of.
func (s *State) canKeep(w *world, records []Record) error {
	items, pools := len(w.accounts), len(s.pools)
	for _, t := range records {
		if w.accounts[t.Item] == nil {
			items++
		}
		if s.pools[t.Item] == nil {
			pools++
		}
	}
	if items > MaxItems || pools > maxPools && pools > len(s.pools) {
		return fmt.Errorf("%w: %d different items of the world, %d of all worlds", ErrInvalid, items, pools)
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
