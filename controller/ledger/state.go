package ledger

import (
	"fmt"
	"slices"
)

// account is what is booked for one item of one world.
type account struct {
	e, g, i int64 // sent, granted, received as last told
	owed    int64 // debt: rolled-back exports that others had already taken
}

type world struct {
	row      WorldRow
	accounts map[Item]*account
}

// pool is one item on the bus and those who wait for it, in the order in which their wants arose.
type pool struct {
	bus   int64
	queue []*want
}

// want is what one run would take of one item, as a total like G.
type want struct {
	run    *run
	item   Item
	target int64
	queued bool
}

// run is one attachment. Runs are not stored: a restart of the controller fences all of them.
type run struct {
	slot     Slot
	epoch    Epoch
	world    *world // nil until bound
	assign   Assign // the answer to Bound
	assigned bool
	still    bool
	wants    map[Item]*want
}

// State is the whole ledger. It is not safe for concurrent use.
type State struct {
	ledger      string
	incarnation int64
	number      int64 // of the newest epoch of this incarnation
	pools       map[Item]*pool
	worlds      map[World]*world
	leases      map[Slot]*world
	runs        map[Slot]*run
	dirty       dirty
	replies     []Reply
}

// Ledger returns the ledger's own id.
func (s *State) Ledger() string { return s.ledger }

// Incarnation returns the number of this start of the controller, 0 before Begin.
func (s *State) Incarnation() int64 { return s.incarnation }

func (s *State) pool(item Item) *pool {
	p := s.pools[item]
	if p == nil {
		p = &pool{}
		s.pools[item] = p
	}
	return p
}

func (w *world) account(item Item) *account {
	a := w.accounts[item]
	if a == nil {
		a = &account{}
		w.accounts[item] = a
	}
	return a
}

// peek returns an account without making one.
func (w *world) peek(item Item) account {
	if a := w.accounts[item]; a != nil {
		return *a
	}
	return account{}
}

// credit puts goods that w gave away to its debt first, then on the bus.
func (s *State) credit(w *world, item Item, n int64) {
	a := w.account(item)
	if pay := min(n, a.owed); pay > 0 {
		a.owed -= pay
		n -= pay
		s.post(w, Repaid, item, pay)
	}
	s.move(item, n)
	s.touch(w, item)
}

// debit takes goods back that w gave away: what the bus has, the rest becomes w's debt.
func (s *State) debit(w *world, item Item, n int64) {
	a := w.account(item)
	take := min(n, s.pool(item).bus)
	s.move(item, -take)
	if short := n - take; short > 0 {
		a.owed += short
		s.post(w, Indebted, item, short)
	}
	s.touch(w, item)
}

// settle books that w has given away d more of an item than the books say, or less.
func (s *State) settle(w *world, item Item, d int64) {
	switch {
	case d > 0:
		s.credit(w, item, d)
	case d < 0:
		s.debit(w, item, -d)
	default:
		return
	}
	s.post(w, Reconciled, item, d)
}

// setWant notes how much of an item a run's world would take. A want that is met or asleep leaves the queue, so it
// goes to the end when it comes again.
func (s *State) setWant(r *run, item Item, target int64) {
	w := r.wants[item]
	if w == nil {
		if target == 0 {
			return
		}
		w = &want{run: r, item: item}
		r.wants[item] = w
	}
	w.target = target
	s.requeue(w)
}

func (s *State) requeue(w *want) {
	open := w.run.assigned && !w.run.still && w.target > w.run.world.peek(w.item).g
	p := s.pool(w.item)
	switch {
	case open && !w.queued:
		p.queue = append(p.queue, w)
	case !open && w.queued:
		p.queue = slices.DeleteFunc(p.queue, func(other *want) bool { return other == w })
	}
	w.queued = open
}

// requeueAll looks at all wants of a run again, in the order of items so that the outcome does not depend on a map.
func (s *State) requeueAll(r *run) []Item {
	items := sortedItems(r.wants)
	for _, item := range items {
		s.requeue(r.wants[item])
	}
	return items
}

// serve grants what the bus has of an item to those who want it; first come, first served. Worlds in debt wait.
func (s *State) serve(item Item) {
	p := s.pools[item]
	if p == nil || p.bus == 0 || len(p.queue) == 0 {
		return
	}
	waiting := p.queue[:0]
	for _, w := range p.queue {
		a := w.run.world.account(item)
		if n := min(p.bus, w.target-a.g); n > 0 && a.owed == 0 {
			s.move(item, -n)
			a.g += n
			s.touch(w.run.world, item)
			s.post(w.run.world, Granted, item, n)
			s.reply(Grant{Slot: w.run.slot, Epoch: w.run.epoch, Item: item, G: a.g})
		}
		if w.queued = w.target > a.g; w.queued {
			waiting = append(waiting, w)
		}
	}
	clear(p.queue[len(waiting):])
	p.queue = waiting
}

// endRun drops the slot's run, if it has one: its wants end and its epoch is no longer taken.
func (s *State) endRun(slot Slot) {
	r := s.runs[slot]
	if r == nil {
		return
	}
	r.assigned = false
	s.requeueAll(r)
	delete(s.runs, slot)
}

func (s *State) reply(r Reply) { s.replies = append(s.replies, r) }

// Mismatch is an item for which the equation of the package comment does not hold.
type Mismatch struct {
	Item
	Bus, Owed, Net int64 // Net is Σ (E − G)
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s: bus %d − owed %d is not %d", m.Item, m.Bus, m.Owed, m.Net)
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
			m.Net += a.e - a.g
		}
	}
	var wrong []Mismatch
	for _, item := range sortedItems(sums) {
		if m := sums[item]; m.Bus-m.Owed != m.Net || m.Bus < 0 {
			wrong = append(wrong, *m)
		}
	}
	return wrong
}
