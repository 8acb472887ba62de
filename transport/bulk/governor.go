package bulk

import (
	"context"
	"sync"
	"time"
)

const (
	firstRate = 2 << 20   // bytes a second
	leastRate = 128 << 10 // however long the queues are: others may fill them
	mostRate  = 4 << 30
	burst     = 2 * time.Millisecond // that may go out at once
	chunkTime = time.Millisecond     // of a piece handed to the connection

	// How long the effect of a rate is watched, from the moment when it can show: one round trip after it was set.
	watched = 15 * time.Millisecond
	// Queues that may stand on the way: short enough not to be noticed by items, long enough to be told from noise.
	nearTarget = 5 * time.Millisecond
	farTarget  = 15 * time.Millisecond
	farFrom    = 40 * time.Millisecond // round trip
)

// governor paces what is sent over one connection by how long packets wait in queues on the way: the round trip beyond the
// shortest one that was seen. QUIC's own control fills every queue until it overflows, and then messages of all connections
// through the same bottleneck wait behind files. It is LEDBAT (RFC 6817) with a rate in place of a window.
type governor struct {
	delay func() (newest, shortest time.Duration)

	mu      sync.Mutex
	rate    float64 // bytes a second
	grown   bool    // a queue has been seen: no more doubling
	tokens  float64
	filled  time.Time
	decided time.Time     // when the rate was set
	settled time.Time     // when its effect can be seen
	passed  float64       // bytes since decided
	held    bool          // somebody had to wait since then
	lowest  time.Duration // queue since settled: what stands, not what passes
	sum     time.Duration // of the queues seen
	samples int
	before  time.Duration // lowest at the decision before
}

func newGovernor(delay func() (newest, shortest time.Duration)) *governor {
	return &governor{delay: delay, rate: firstRate}
}

// chunk is how many bytes to hand over at a time.
func (g *governor) chunk() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int(min(max(g.rate*chunkTime.Seconds(), 2<<10), 128<<10))
}

// wait returns when n more bytes may go.
func (g *governor) wait(ctx context.Context, n int) error {
	for {
		pause := g.take(time.Now(), n)
		if pause == 0 {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// take takes n tokens if there are any at all, which leaves fewer than none; else it returns how long to wait.
func (g *governor) take(now time.Time, n int) (pause time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.decide(now)
	if g.filled.IsZero() {
		g.filled, g.tokens = now, g.rate*burst.Seconds()
	}
	g.tokens = min(g.tokens+g.rate*now.Sub(g.filled).Seconds(), max(g.rate*burst.Seconds(), 4<<10))
	g.filled = now
	if g.tokens < 0 {
		g.held = true
		return max(time.Duration(-g.tokens/g.rate*float64(time.Second)), 50*time.Microsecond)
	}
	g.tokens -= float64(n)
	g.passed += float64(n)
	return 0
}

// decide looks at the queue, and changes the rate when the effect of the one before has been seen.
func (g *governor) decide(now time.Time) {
	newest, shortest := g.delay()
	switch {
	case g.decided.IsZero():
		g.begin(now, newest)
		return
	case now.Before(g.settled):
		return
	}
	queue := newest - shortest
	if g.samples == 0 || queue < g.lowest {
		g.lowest = queue
	}
	g.sum += queue
	g.samples++
	if now.Sub(g.settled) < watched {
		return
	}
	target := nearTarget
	if shortest > farFrom {
		target = farTarget
	}
	g.adjust(target, g.passed/now.Sub(g.decided).Seconds())
	g.begin(now, newest)
}

func (g *governor) begin(now time.Time, newest time.Duration) {
	g.decided, g.settled, g.before = now, now.Add(newest), g.lowest
	g.passed, g.held, g.samples, g.sum = 0, false, 0, 0
}

// adjust sets the rate by what was seen; delivered is what went out in truth, in bytes a second.
func (g *governor) adjust(target time.Duration, delivered float64) {
	excess := float64(g.lowest-target) / float64(target)
	switch {
	case !g.grown && g.sum/time.Duration(g.samples) > target/4:
		g.grown = true
		g.rate *= 0.45 // the rate before did no harm
	case excess > 0 && g.lowest < g.before-g.before/20:
		// The queue gets shorter: it needs time, not a lower rate.
	case excess > 0:
		g.rate = min(g.rate, max(delivered, g.rate/2)) * (1 - 0.3*min(excess, 1))
	case !g.held: // something else holds the sender back: nothing is learned of the network
		g.rate = min(g.rate, max(4*delivered, firstRate))
	case !g.grown:
		g.rate *= 2
	default:
		g.rate *= 1 + 0.07*min(-excess, 1)
	}
	g.rate = min(max(g.rate, leastRate), mostRate)
}
