package ledger

import (
	"cmp"
	"math/bits"
	"slices"
)

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

// serve grants what the bus has of an item to those who want it. Worlds in debt wait.
func (s *State) serve(item Item) {
	p := s.pools[item]
	if p == nil || p.frozen {
		return
	}
	if free := p.spendable(p.rule.Strict); free > 0 && len(p.queue) > 0 {
		claims := s.claimsOn(p)
		divide(free, claims, p.rule.Fair)
		for _, c := range claims {
			s.grant(c.want, c.got)
		}
		clear(claims)
		p.queue = slices.DeleteFunc(p.queue, func(w *want) bool {
			w.queued = w.target > w.run.world.peek(item).g
			return !w.queued
		})
	}
	s.watchLimit(item, p)
}

// claimsOn returns what is wanted of an item, in the order in which the wants arose. It is good until the next call.
func (s *State) claimsOn(p *pool) []claim {
	claims := s.claims[:0]
	for _, w := range p.queue {
		a := w.run.world.peek(w.item)
		if a.owed > 0 {
			continue
		}
		rule := s.slotRule(w.run.slot)
		claims = append(claims, claim{
			want: w, open: w.target - a.g, floor: p.reserves.above(w.run.slot), priority: rule.Priority, weight: rule.Weight,
		})
	}
	s.claims = claims
	return claims
}

func (s *State) grant(w *want, n int64) {
	if n == 0 {
		return
	}
	world, item := w.run.world, w.item
	a := world.account(item)
	a.gSum = plus(a.gSum, s.take(item, n))
	s.book(world, item, a.e, a.g+n, a.i)
	a.given = max(a.given, a.g)
	s.post(world, Granted, item, n)
	s.reply(Grant{Slot: w.run.slot, Epoch: w.run.epoch, Item: item, G: a.g, GS: a.gSum})
}

// claim is one want in a division.
type claim struct {
	want     *want
	open     int64 // what is wanted
	floor    int64 // what has to be left, because it is reserved for others
	priority int
	weight   int64
	got      int64

	add  int64 // by the last quota
	rest uint64
}

// divide gives out what is free: to those of higher priority first, among equals in order or by share. It leaves
// nothing that somebody could have, and gives nobody more than he wants.
func divide(free int64, claims []claim, fair bool) {
	slices.SortStableFunc(claims, func(a, b claim) int { return cmp.Compare(b.priority, a.priority) })
	for len(claims) > 0 {
		n := 1
		for n < len(claims) && claims[n].priority == claims[0].priority {
			n++
		}
		if fair {
			free = divideFairly(free, claims[:n])
		} else {
			free = divideInOrder(free, claims[:n])
		}
		claims = claims[n:]
	}
}

func divideInOrder(free int64, claims []claim) (left int64) {
	for n := range claims {
		c := &claims[n]
		c.got = max(0, min(c.open, free-c.floor))
		free -= c.got
	}
	return free
}

// divideFairly shares what is above the highest floor among all, then what is above the next one among those whose
// floor is lower.
func divideFairly(free int64, claims []claim) (left int64) {
	todo := make([]*claim, len(claims))
	for n := range claims {
		todo[n] = &claims[n]
	}
	for len(todo) > 0 {
		floor := todo[0].floor
		for _, c := range todo {
			floor = max(floor, c.floor)
		}
		if free > floor {
			free -= share(free-floor, todo)
		}
		todo = slices.DeleteFunc(todo, func(c *claim) bool { return c.floor == floor })
	}
	return free
}

// maxShare bounds what counts of a want when shares are computed, so that the sum of all stays in an uint64.
const maxShare = 1 << 40

// share divides an amount in proportion to open wants and weights, by the method of the largest remainder. Who would
// get more than he wants gets what he wants, and the rest is divided among the others.
func share(amount int64, claims []*claim) (given int64) {
	left := slices.DeleteFunc(slices.Clone(claims), func(c *claim) bool { return c.open == c.got })
	for amount > 0 && len(left) > 0 {
		var sum uint64
		for _, c := range left {
			sum += c.size()
		}
		met := false
		for _, c := range left {
			if q, _ := c.quota(amount, sum); q >= c.open-c.got {
				met = true
			}
		}
		if !met {
			return given + shareRest(amount, sum, left)
		}
		whole := amount
		left = slices.DeleteFunc(left, func(c *claim) bool {
			want := c.open - c.got
			if q, _ := c.quota(whole, sum); q < want {
				return false
			}
			c.got += want
			amount -= want
			given += want
			return true
		})
	}
	return given
}

// shareRest gives each claim its quota and one more to those with the largest remainders; all quotas are below what is
// wanted.
func shareRest(amount int64, sum uint64, claims []*claim) (given int64) {
	for _, c := range claims {
		q, rest := c.quota(amount, sum)
		c.add, c.rest = q, rest
		given += q
	}
	slices.SortStableFunc(claims, func(a, b *claim) int { return cmp.Compare(b.rest, a.rest) })
	for n, c := range claims {
		if int64(n) < amount-given {
			c.add++
		}
		c.got += c.add
	}
	return amount
}

func (c *claim) size() uint64 { return uint64(min(c.open-c.got, maxShare) * c.weight) }

// quota is amount × size ÷ sum, and the remainder of that division.
func (c *claim) quota(amount int64, sum uint64) (q int64, rest uint64) {
	hi, lo := bits.Mul64(uint64(amount), c.size())
	whole, rest := bits.Div64(hi, lo, sum)
	return int64(whole), rest
}
