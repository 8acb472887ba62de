package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// Policy is what people decide about the division of goods. The zero Policy is the default: who came first is served
// first, nothing is kept back, and growth is bounded by DefaultGrowth. docs/ledger.md has the formulas.
type Policy struct {
	Default  Rule       // for items that have none of their own
	Items    []ItemRule // one per item at most
	Slots    []SlotRule // one per slot at most
	Reserves []Reserve  // one per slot and item at most
	Growth   Growth     // zero: DefaultGrowth
	Aging    bool       // what spoils grows older on the bus; otherwise it stands still
}

// Rule is the policy for one item.
type Rule struct {
	Strict bool  // only what finished saves cover is spent
	Fair   bool  // divided by outstanding wants and weights; otherwise who came first is served first
	Limit  int64 // worlds are told to send no more when the bus has so much; 0: no limit
}

// ItemRule gives an item a rule of its own.
type ItemRule struct {
	Item
	Rule
}

// SlotRule says how a slot stands beside others. Slots without one have priority 0 and weight 1.
type SlotRule struct {
	Slot     Slot
	Priority int   // the higher is served first; −1,000 to 1,000
	Weight   int64 // of its wants where an item is divided fairly; 1 to 100
}

// Reserve keeps Qty of an item on the bus for a slot: others get only what is above.
type Reserve struct {
	Slot Slot
	Item Item
	Qty  int64
}

// Limits of a Policy.
const (
	MaxRules    = 4096 // of items, of slots
	MaxReserves = 16_384
	MaxPriority = 1_000
	MaxWeight   = 100
	MaxReserve  = 1 << 48 // the sum of all stays in an int64
)

// Policy returns the policy in force. Its slices must not be changed.
func (s *State) Policy() Policy {
	p := s.policy
	p.Growth = s.growth
	return p
}

func (s *State) setPolicy(m SetPolicy) error {
	if err := m.Policy.valid(); err != nil {
		return err
	}
	s.usePolicy(m.Policy)
	s.dirty.policy = true
	for _, item := range slices.SortedFunc(maps.Keys(s.pools), compareItems) {
		s.serve(item)
	}
	return nil
}

// reserves are what is kept of one item.
type reserves struct {
	bySlot map[Slot]int64
	sum    int64
}

// above is what the bus has to keep when it grants to a slot: what is reserved for others.
func (r reserves) above(slot Slot) int64 { return r.sum - r.bySlot[slot] }

func (s *State) usePolicy(p Policy) {
	s.policy, s.growth = p, p.Growth
	if s.growth == (Growth{}) {
		s.growth = DefaultGrowth
	}
	s.rules = make(map[Item]Rule, len(p.Items))
	for _, r := range p.Items {
		s.rules[r.Item] = r.Rule
	}
	s.slotRules = make(map[Slot]SlotRule, len(p.Slots))
	for _, r := range p.Slots {
		s.slotRules[r.Slot] = r
	}
	s.reserves = map[Item]reserves{}
	for _, r := range p.Reserves {
		of := s.reserves[r.Item]
		if of.bySlot == nil {
			of.bySlot = map[Slot]int64{}
		}
		of.bySlot[r.Slot], of.sum = r.Qty, of.sum+r.Qty
		s.reserves[r.Item] = of
	}
	for item, pool := range s.pools {
		pool.rule, pool.reserves = s.rule(item), s.reserves[item]
	}
}

func (s *State) rule(item Item) Rule {
	if r, ok := s.rules[item]; ok {
		return r
	}
	return s.policy.Default
}

func (s *State) slotRule(slot Slot) SlotRule {
	if r, ok := s.slotRules[slot]; ok {
		return r
	}
	return SlotRule{Slot: slot, Weight: 1}
}

func (p Policy) valid() error {
	if len(p.Items) > MaxRules || len(p.Slots) > MaxRules || len(p.Reserves) > MaxReserves {
		return fmt.Errorf("%w: a policy of %d items, %d slots and %d reserves", ErrInvalid, len(p.Items), len(p.Slots), len(p.Reserves))
	}
	if g := p.Growth; g.Burst < 0 || g.Burst > maxBurst || g.Rate < 0 || g.Rate > maxRate {
		return fmt.Errorf("%w: growth of %d and %d per tick", ErrInvalid, g.Burst, g.Rate)
	}
	if !validCount(p.Default.Limit) {
		return fmt.Errorf("%w: a limit of %d", ErrInvalid, p.Default.Limit)
	}
	if err := validRules(p.Items); err != nil {
		return err
	}
	if err := validSlots(p.Slots); err != nil {
		return err
	}
	return validReserves(p.Reserves)
}

func validRules(rules []ItemRule) error {
	seen := make(map[Item]struct{}, len(rules))
	for _, r := range rules {
		if _, twice := seen[r.Item]; twice || !validItem(r.Item) || !validCount(r.Limit) {
			return fmt.Errorf("%w: rule for %.40q, limit %d", ErrInvalid, r.Item, r.Limit)
		}
		seen[r.Item] = struct{}{}
	}
	return nil
}

func validSlots(rules []SlotRule) error {
	seen := make(map[Slot]struct{}, len(rules))
	for _, r := range rules {
		_, twice := seen[r.Slot]
		if twice || !validName(string(r.Slot), maxID) || r.Priority < -MaxPriority || r.Priority > MaxPriority || r.Weight < 1 || r.Weight > MaxWeight {
			return fmt.Errorf("%w: slot %.40q, priority %d, weight %d", ErrInvalid, r.Slot, r.Priority, r.Weight)
		}
		seen[r.Slot] = struct{}{}
	}
	return nil
}

func validReserves(all []Reserve) error {
	type key struct {
		slot Slot
		item Item
	}
	seen := make(map[key]struct{}, len(all))
	for _, r := range all {
		k := key{r.Slot, r.Item}
		if _, twice := seen[k]; twice || !validName(string(r.Slot), maxID) || !validItem(r.Item) || r.Qty < 0 || r.Qty > MaxReserve {
			return fmt.Errorf("%w: %d of %.40q reserved for slot %.40q", ErrInvalid, r.Qty, r.Item, r.Slot)
		}
		seen[k] = struct{}{}
	}
	return nil
}
