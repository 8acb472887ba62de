package ledger

import "slices"

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
