package bulk

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// bottleneck is a link with an endless queue, in a time of its own. A packet's round trip is known when it is over.
type bottleneck struct {
	rate   float64 // bytes a second
	trip   time.Duration
	noise  func() time.Duration
	now    time.Time
	free   time.Time
	onWay  []trip
	newest time.Duration
	queues []time.Duration
	sent   float64
}

type trip struct {
	back time.Time
	took time.Duration
}

func (b *bottleneck) delay() (newest, shortest time.Duration) {
	for len(b.onWay) > 0 && !b.onWay[0].back.After(b.now) {
		b.newest = b.onWay[0].took
		b.onWay = b.onWay[1:]
	}
	return max(b.newest, b.trip), b.trip
}

func (b *bottleneck) send(n int) {
	if b.free.Before(b.now) {
		b.free = b.now
	}
	b.queues = append(b.queues, b.free.Sub(b.now))
	b.free = b.free.Add(time.Duration(float64(n) / b.rate * float64(time.Second)))
	took := b.free.Sub(b.now) + b.trip + b.noise()
	b.onWay = append(b.onWay, trip{b.now.Add(took), took})
	b.sent += float64(n)
}

func (b *bottleneck) run(g *governor, d time.Duration) {
	for end := b.now.Add(d); b.now.Before(end); {
		n := g.chunk()
		if pause := g.take(b.now, n); pause > 0 {
			b.now = b.now.Add(pause)
			continue
		}
		b.send(n)
		b.now = b.now.Add(10 * time.Microsecond)
	}
}

func TestGovernorFillsTheLinkButNotItsQueue(t *testing.T) {
	quiet := func() time.Duration { return 0 }
	// A machine that is busy with other things answers late, most of the time by little.
	busy := func() time.Duration { return time.Duration(rand.ExpFloat64() * float64(2*time.Millisecond)) }
	for _, test := range []struct {
		name  string
		rate  float64
		trip  time.Duration
		noise func() time.Duration
		share float64 // of the link's rate that has to be used
		queue time.Duration
	}{
		{"100 Mbit/s", 12.5e6, 4 * time.Millisecond, quiet, 0.85, 12 * time.Millisecond},
		{"100 Mbit/s, busy", 12.5e6, 4 * time.Millisecond, busy, 0.7, 12 * time.Millisecond},
		{"1 Gbit/s", 125e6, time.Millisecond, quiet, 0.85, 12 * time.Millisecond},
		{"10 Mbit/s", 1.25e6, 30 * time.Millisecond, quiet, 0.7, 25 * time.Millisecond},
		{"far", 5e6, 100 * time.Millisecond, quiet, 0.7, 50 * time.Millisecond},
	} {
		b := &bottleneck{rate: test.rate, trip: test.trip, noise: test.noise, now: time.Unix(0, 0)}
		g := newGovernor(b.delay)
		b.run(g, 2*time.Second)
		slices.Sort(b.queues)
		t.Logf("%s: start: longest queue %v, %.0f %%", test.name, b.queues[len(b.queues)-1], 100*b.sent/(test.rate*2))
		b.queues, b.sent = nil, 0
		b.run(g, 10*time.Second)
		slices.Sort(b.queues)
		share, queue := b.sent/(test.rate*10), b.queues[len(b.queues)*99/100]
		t.Logf("%s: then: 99 of 100 queues under %v, %.0f %%", test.name, queue, 100*share)
		if share < test.share || queue > test.queue {
			t.Errorf("%s: %.0f %% of the link used, 99 of 100 queues under %v", test.name, 100*share, queue)
		}
	}
}

// Somebody else fills the queue whatever happens: the transfer goes on slowly. When that ends, it comes back.
func TestGovernorGivesWayAndComesBack(t *testing.T) {
	extra := 40 * time.Millisecond
	b := &bottleneck{rate: 12.5e6, trip: 4 * time.Millisecond, now: time.Unix(0, 0), noise: func() time.Duration { return extra }}
	g := newGovernor(b.delay)
	b.run(g, 5*time.Second)
	if b.sent < 5*leastRate/2 || b.sent > 5e6 {
		t.Errorf("%.0f bytes went out beside somebody who takes all", b.sent)
	}
	extra, b.sent = 0, 0
	b.run(g, 10*time.Second)
	if b.sent < 0.5*10*b.rate {
		t.Errorf("%.0f %% of the link used when it was free again", 100*b.sent/(10*b.rate))
	}
}
