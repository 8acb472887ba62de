package ledger

import "fmt"

// Limits of what worlds say of how items spoil, and of one step of age.
const (
	maxSpoils  = 4096
	MaxSeconds = 7 * 24 * 3600 // of one Age
)

const (
	ticksPerSecond = 60
	fresh          = 1000 // thousandths
)

// Spoil says that an item spoils within so many ticks, and what becomes of it; the zero Item: nothing. With no ticks it
// stands still on the bus, as items do whose end does something (they hatch, they explode).
type Spoil struct {
	Item
	Ticks  int64
	Result Item
}

func (s *State) spoilsTold(m Spoils) error {
	if _, err := s.currentBound(m.Slot, m.Epoch); err != nil {
		return err
	}
	known := len(s.spoils)
	for _, p := range m.Items {
		if !p.valid() {
			return fmt.Errorf("%w: %.40q spoils in %d ticks", ErrInvalid, p.Item, p.Ticks)
		}
		if _, ok := s.spoils[p.Item]; !ok {
			known++
		}
	}
	if known > maxSpoils {
		return fmt.Errorf("%w: %d items that spoil", ErrInvalid, known)
	}
	for _, p := range m.Items {
		s.setSpoil(p)
	}
	return nil
}

func (p Spoil) valid() bool {
	if p.Item.Kind() != Goods || !validItem(p.Item) || p.Ticks < 0 || p.Ticks > MaxTick {
		return false
	}
	return p.Result == Item{} || p.Ticks > 0 && p.Result.Kind() == Goods && validItem(p.Result) && p.Result != p.Item
}

// setSpoil takes what the bus has for fresh if nothing is known of its age, because it did not spoil when it came.
func (s *State) setSpoil(p Spoil) {
	known, ok := s.spoils[p.Item]
	if p.Ticks == 0 {
		if ok {
			delete(s.spoils, p.Item)
			s.dirty.spoils[p.Item] = struct{}{}
		}
		return
	}
	if known == p {
		return
	}
	s.spoils[p.Item] = p
	s.dirty.spoils[p.Item] = struct{}{}
	if pool := s.pools[p.Item]; !ok && pool != nil && pool.bus > 0 && pool.sum == 0 {
		pool.sum = times(fresh, pool.bus)
		s.dirty.bus[p.Item] = struct{}{}
	}
}

// age lets what lies on the bus grow older, if the policy wants that. All of an item has the average freshness, so it
// spoils at one moment.
func (s *State) age(m Age) error {
	if m.Seconds < 1 || m.Seconds > MaxSeconds {
		return fmt.Errorf("%w: an age of %d seconds", ErrInvalid, m.Seconds)
	}
	if !s.policy.Aging {
		return nil
	}
	for _, item := range sortedItems(s.spoils) {
		p := s.pools[item]
		if p == nil || p.bus == 0 || p.frozen {
			continue
		}
		spoil := s.spoils[item]
		if passed := fresh * ticksPerSecond * m.Seconds; passed < fresh*spoil.Ticks {
			loss := max(1, part(p.bus, passed, spoil.Ticks))
			if p.sum > loss {
				p.sum -= loss
				s.dirty.bus[item] = struct{}{}
				continue
			}
		}
		s.spoil(spoil)
	}
	return nil
}

// spoil makes of all that the bus has of an item what becomes of it. An admin posting makes up for that.
func (s *State) spoil(p Spoil) {
	n, gone := s.pools[p.Item].bus, p.Result == (Item{})
	if !gone && s.pool(p.Result).bus+n > maxSum {
		return
	}
	s.take(p.Item, n)
	s.adjust(p.Item, -n)
	s.postBus(Spoiled, p.Item, -n)
	if !gone {
		sum := int64(0)
		if _, spoils := s.spoils[p.Result]; spoils {
			sum = times(fresh, n)
		}
		s.put(p.Result, n, sum)
		s.adjust(p.Result, n)
		s.postBus(Spoiled, p.Result, n)
		s.serve(p.Result)
	}
	s.serve(p.Item)
}
