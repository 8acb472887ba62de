package ledger

import (
	"maps"
	"slices"
)

// watchLimit tells all worlds when the bus has as much of an item as it may, and when it has an eighth less again: then
// they may send once more. What they have sent already is booked all the same.
func (s *State) watchLimit(item Item, p *pool) {
	limit, full := p.rule.Limit, p.full
	switch {
	case limit == 0:
		full = false
	case p.bus >= limit:
		full = true
	case p.bus <= limit-limit/8:
		full = false
	}
	if full == p.full {
		return
	}
	p.full = full
	if full {
		s.full[item] = struct{}{}
	} else {
		delete(s.full, item)
	}
	for _, slot := range slices.Sorted(maps.Keys(s.runs)) {
		if r := s.runs[slot]; r.assigned {
			s.reply(Full{Slot: slot, Epoch: r.epoch, Item: item, Full: full})
		}
	}
}

// tellFull tells a run of all limits that are reached.
func (s *State) tellFull(r *run) {
	for _, item := range sortedItems(s.full) {
		s.reply(Full{Slot: r.slot, Epoch: r.epoch, Item: item, Full: true})
	}
}
