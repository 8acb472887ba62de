package ledger

// account is what is booked for one item of one world.
type account struct {
	e, g, i int64 // sent, granted, received as last told
	ep, ip  int64 // sent and received in players' inventories
	owed    int64 // debt: rolled-back exports that others had already taken
	held    int64 // told beyond E and not booked, because E can't grow so fast
	top     int64 // the most that E ever was
	given   int64 // the most that was ever granted
	covered int64 // what of E the newest finished save has

	eSum, gSum, iSum int64 // freshness or temperature of what was sent, granted and received
}

// net is what the world has given away.
func (a account) net() int64 { return a.e - a.g + a.ep - a.ip }

type world struct {
	row      WorldRow
	tick     int64 // of its clock, as last told
	unused   bool  // made by this process, and nothing was ever booked that names it
	origin   []OriginRow
	accounts map[Item]*account
}

// pool is one item on the bus and those who wait for it, in the order in which their wants arose.
type pool struct {
	bus       int64
	sum       int64 // freshness or temperature of what is on the bus
	posted    int64 // sum of the admin postings
	uncovered int64 // sum of what worlds have sent and no finished save covers
	full      bool  // at its limit, and worlds were told so
	frozen    bool  // its books do not add up
	rule      Rule
	reserves  reserves
	queue     []*want
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
	world    *world   // nil until bound
	was      identity // when it was bound
	assign   Assign   // the answer to Bound
	assigned bool
	still    bool
	apart    bool // mods have renamed what a world is booked for of which the slot runs a copy
	wants    map[Item]*want

	savedTick int64 // of the newest save that finished
}

// State is the whole ledger. It is not safe for concurrent use.
type State struct {
	ledger      string
	incarnation int64
	number      int64 // of the newest epoch of this incarnation
	restored    bool  // the books came from a backup once: worlds may exist of which they know nothing
	pools       map[Item]*pool
	worlds      map[World]*world
	leases      map[Slot]*world
	runs        map[Slot]*run
	players     map[string]*player
	blobs       int   // bytes of all players' inventories
	token       Token // the newest that was issued or seen
	notices     map[Slot]*Notice
	policy      Policy
	growth      Growth            // of the policy, like what follows
	rules       map[Item]Rule     // of items that have one of their own
	slotRules   map[Slot]SlotRule // of slots that have one
	reserves    map[Item]reserves
	spoils      map[Item]Spoil
	full        map[Item]struct{} // those of which the bus has as much as it may
	claims      []claim           // room for the next division
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
		p = &pool{rule: s.rule(item), reserves: s.reserves[item]}
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

// credit puts goods that w gave away to its debt first, then on the bus. Sum is of all n.
func (s *State) credit(w *world, item Item, n, sum int64) {
	a := w.account(item)
	if pay := min(n, a.owed); pay > 0 {
		a.owed -= pay
		sum -= part(sum, pay, n)
		n -= pay
		s.post(w, Repaid, item, pay)
	}
	s.put(item, n, sum)
	s.touch(w, item)
}

// debit takes goods back that w gave away: what the bus has, the rest becomes w's debt.
func (s *State) debit(w *world, item Item, n int64) {
	a := w.account(item)
	take := min(n, s.pool(item).bus)
	s.take(item, take)
	if short := n - take; short > 0 {
		a.owed += short
		s.post(w, Indebted, item, short)
	}
	s.touch(w, item)
}

// settle books that w has given away d more of an item than the books say, or less; sum is of all that is more.
func (s *State) settle(w *world, item Item, d, sum int64) {
	switch {
	case d > 0:
		s.credit(w, item, d, sum)
	case d < 0:
		s.debit(w, item, -d)
	}
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
