package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

const (
	maxKept  = 6               // saves of each world that are kept for later
	patience = 3 * time.Minute // the machine may have much else to do

	maxLookout = 2 * time.Second // for traffic to hit
	maxCounts  = 5               // attempts
)

// scenarioText is what the worlds do: goods go round for ever, and nothing is made or consumed.
//
//go:embed scenario.json
var scenarioText []byte

// An ordinary day on a bad network.
var drizzle = weather{drop: 0.01, double: 0.02, delay: 3 * time.Millisecond}

// test is one run.
type test struct {
	cluster *testbed.Cluster
	relays  map[*testbed.Host]*relay
	options options
	random  *rand.Rand
	out     io.Writer
	began   time.Time
	before  map[testbed.Goods]int64
	cables  []*namespace
	cableOf map[*testbed.Host]*namespace // without those that have none
	pool    map[string][]string          // kept saves of each world, oldest first
	kept    int
	copies  int
	deck    []fault // the rest of a round
	turn    int
	backup  string // of the controller, newest
	result  result
}

func newTest(c *testbed.Cluster, o options, out io.Writer) *test {
	return &test{
		cluster: c, options: o, out: out, began: time.Now(), random: rand.New(rand.NewPCG(o.seed, 1)),
		relays: map[*testbed.Host]*relay{}, cableOf: map[*testbed.Host]*namespace{}, pool: map[string][]string{},
	}
}

func (t *test) say(format string, args ...any) {
	fmt.Fprintf(t.out, "%6.1f s  %s\n", time.Since(t.began).Seconds(), fmt.Sprintf(format, args...))
}

func (t *test) play(ctx context.Context) error {
	t.say("Two hosts behind relays, four closed worlds; the order of faults is --seed %d", t.options.seed)
	if err := t.start(ctx); err != nil {
		return err
	}
	var err error
	if t.before, err = t.countAll(ctx); err != nil {
		return err
	}
	t.say("All worlds trade; there are %s", countText(t.before))
	if err := t.flows(ctx, "go"); err != nil {
		return err
	}
	if err := t.breakThings(ctx); err != nil {
		return err
	}
	t.say("No more faults: everything is started again")
	if err := t.heal(ctx); err != nil {
		return err
	}
	after, err := t.countAll(ctx)
	if err != nil {
		return err
	}
	t.result.count(t.before, after)
	return ctx.Err()
}

// countAll counts everything, again if a link breaks meanwhile.
func (t *test) countAll(ctx context.Context) (map[testbed.Goods]int64, error) {
	all, err := t.everything(ctx)
	for tries := 1; err != nil && tries < maxCounts && ctx.Err() == nil; tries++ {
		t.say("Counting again: %v", err)
		if err = t.trading(ctx, t.cluster.Worlds()...); err == nil {
			all, err = t.everything(ctx)
		}
	}
	return all, err
}

func countText(all map[testbed.Goods]int64) string {
	items, kinds, fluids, energy := int64(0), 0, 0.0, 0.0
	for g, n := range all {
		switch {
		case g == testbed.Energy:
			energy += g.Units(n)
		case g.Quality == "":
			fluids += g.Units(n)
		default:
			items += n
			kinds++
		}
	}
	return fmt.Sprintf("%d items of %d kinds, %.1f units of fluids and %.1f MJ", items, kinds, fluids, energy)
}

func (t *test) start(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(t.cluster.Dir, "kept"), 0o700); err != nil {
		return err
	}
	if err := t.cluster.StartController(ctx); err != nil {
		return err
	}
	hosts := []struct {
		name   string
		worlds []string
	}{{"alpha", []string{"nauvis", "vulcanus"}}, {"beta", []string{"gleba", "fulgora"}}}
	if err := t.layCables(ctx, len(hosts)); err != nil {
		return err
	}
	for _, h := range hosts {
		if err := t.startHost(ctx, h.name, h.worlds); err != nil {
			return err
		}
	}
	if err := t.cluster.WaitLinked(ctx, patience); err != nil {
		return err
	}
	for _, h := range t.cluster.Hosts {
		for _, world := range h.Worlds {
			if err := t.startWorld(ctx, world, h); err != nil {
				return err
			}
		}
	}
	return t.trading(ctx, t.cluster.Worlds()...)
}

// startHost starts an agent that can be reached through its relay only.
func (t *test) startHost(ctx context.Context, name string, worlds []string) error {
	h, err := t.cluster.AddHost(name, scenarioText, worlds...)
	if err != nil {
		return err
	}
	h.Hidden = true
	t.plugIn(h)
	r, err := newRelay()
	if err != nil {
		return err
	}
	t.relays[h] = r
	if err := h.StartAgent(); err != nil {
		return err
	}
	if err := h.ReadConsole(ctx); err != nil {
		return err
	}
	if err := t.route(h, h.Port); err != nil {
		return err
	}
	out, err := t.cluster.Ctl(ctx, "--json", "hosts", "pair", r.addr().String(), h.Code)
	if err != nil {
		return err
	}
	var paired api.Host
	if err := json.Unmarshal(out, &paired); err != nil {
		return fmt.Errorf("pair with %s: %w", name, err)
	}
	h.ID = paired.ID
	r.weather.Store(&drizzle)
	return nil
}

func (t *test) startWorld(ctx context.Context, world string, h *testbed.Host) error {
	if _, err := t.cluster.Ctl(ctx, "instances", "create", world, "--host", h.ID); err != nil {
		return err
	}
	_, err := t.cluster.Ctl(ctx, "instances", "start", world)
	return err
}

// trading waits until worlds run and trade. One that has failed is started again, as its owner would.
func (t *test) trading(ctx context.Context, worlds ...string) error {
	return testbed.Poll(ctx, patience, strings.Join(worlds, ", ")+" to trade", func() (bool, error) {
		all, err := t.cluster.Client.Instances(ctx, testbed.Me)
		if err != nil {
			return false, nil // the controller may be slow to come back
		}
		count := 0
		for _, i := range all {
			switch {
			case !slices.Contains(worlds, i.Name):
			case i.State == "running" && i.Linked:
				count++
			case i.State == "failed" || i.State == "stopped":
				_, _ = t.cluster.Ctl(ctx, "instances", "start", i.Name) // asked again if it is refused
			}
		}
		return count == len(worlds), nil
	})
}

// flows lets goods go round, or stops them. A link that breaks at this moment is another one a moment later.
func (t *test) flows(ctx context.Context, what string) error {
	for _, world := range t.cluster.Worlds() {
		var last error
		err := testbed.Poll(ctx, patience, world+" to answer", func() (bool, error) {
			last = t.cluster.Console(ctx, world, "/sim-flows "+what, nil)
			return last == nil, nil
		})
		if err != nil {
			return errors.Join(err, last)
		}
	}
	return nil
}

func (t *test) heal(ctx context.Context) error {
	for _, r := range t.relays {
		r.weather.Store(&weather{})
	}
	return t.trading(ctx, t.cluster.Worlds()...)
}

func (t *test) shutDown() {
	t.cluster.ShutDown()
	for _, r := range t.relays {
		r.close()
	}
	t.removeCables()
}

// breakThings does faults until the time is up, and for half as long again those without which the run would prove nothing.
func (t *test) breakThings(ctx context.Context) error {
	end := time.Now().Add(t.options.length)
	last := end.Add(t.options.length / 2)
	for {
		next, now := t.next(), time.Now()
		if now.After(end) {
			wanted := t.result.wanted()
			if len(wanted) == 0 || now.After(last) {
				return nil
			}
			next = pick(t, wanted)
		}
		t.keep(ctx)
		sleep(ctx, time.Duration(200+t.random.IntN(800))*time.Millisecond)
		told, err := next(t, ctx)
		if err == nil {
			err = t.trading(ctx, t.cluster.Worlds()...)
		}
		if err == nil {
			err = t.flows(ctx, "go") // a save may be from when they stood still
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errNotNow) {
			continue
		} else if err != nil {
			return err
		}
		t.result.Faults++
		t.say("%s", told)
		t.lookForDebts(ctx)
	}
}

// lookForDebts notes whether a world owes something at this moment.
func (t *test) lookForDebts(ctx context.Context) {
	items, err := t.cluster.Client.Bus(ctx, testbed.Me)
	if err != nil {
		return
	}
	for _, i := range items {
		if i.Owed > 0 {
			t.result.debts++
			return
		}
	}
}
