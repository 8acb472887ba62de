package ledger

import "fmt"

// Growth bounds what a world may claim to have sent, because whoever has the rights for Lua in a game can write any
// total into it. Between two reports of a world, E of an item may grow by Burst and Rate for each tick in between. What
// is above that is held: not booked, and kept with the account until somebody releases it.
type Growth struct{ Burst, Rate int64 }

// DefaultGrowth is what the bus module of a world can take at most: 16 chests of 48 stacks of 200 items in each tick.
// The burst is ten ticks of that, since a line is printed every six.
var DefaultGrowth = Growth{Burst: 1_600_000, Rate: 160_000}

// Limits of a Growth and of a world's clock; their product stays far below where an int64 wraps.
const (
	maxBurst = 1 << 53
	maxRate  = 1 << 20
	MaxTick  = 1 << 40
)

// growthOf divides what a world says that it has sent into what is booked and what is held. What was booked once, and
// rolled back, is no growth.
func (s *State) growthOf(w *world, a account, told, tick int64) (e, held int64) {
	grown := told - a.e - a.held
	if grown <= 0 {
		held = max(0, told-a.e) // what was held is what rolls back first: it came last
		return told - held, held
	}
	again := max(0, a.top-a.e)
	room := s.growth.Burst + s.growth.Rate*max(0, tick-w.tick)
	booked := min(grown, again+room)
	return a.e + booked, a.held + grown - booked
}

// hold notes how much of what a world has sent is held.
func (s *State) hold(w *world, item Item, held int64) {
	if w.peek(item).held == held {
		return
	}
	a := w.account(item)
	s.post(w, Held, item, held-a.held)
	a.held = held
	s.touch(w, item)
}

// tickStep is after how many ticks a world's clock is stored again. An older clock only means a wider bound.
const tickStep = 3600

// setTick notes the world's clock. At a bind it may go back.
func (s *State) setTick(w *world, tick int64) {
	w.tick = tick
	if d := tick - w.row.Tick; d < 0 || d >= tickStep {
		w.row.Tick = tick
		s.touchWorld(w)
	}
}

// releaseHeld books what was held.
func (s *State) releaseHeld(m Release) error {
	w := s.worlds[m.World]
	if w == nil || m.Amount <= 0 {
		return fmt.Errorf("%w: release %d of %s that world %.40q sent", ErrInvalid, m.Amount, m.Item, m.World)
	}
	a := w.peek(m.Item)
	n := min(m.Amount, a.held)
	if n == 0 {
		return fmt.Errorf("%w: of world %s no %s is held", ErrOrder, m.World, m.Item)
	}
	if s.pool(m.Item).bus+n > maxSum {
		return fmt.Errorf("%w: more of %s than can be counted", ErrInvalid, m.Item)
	}
	s.hold(w, m.Item, a.held-n)
	s.book(w, m.Item, a.e+n, a.g, a.i)
	s.credit(w, m.Item, n, clampSum(m.Item, part(a.eSum, n, a.e+a.held), n))
	s.post(w, Released, m.Item, n)
	s.reply(Booked{n})
	s.serve(m.Item)
	return nil
}
