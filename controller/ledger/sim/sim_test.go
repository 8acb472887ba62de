package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	schedules = flag.Uint64("schedules", 20_000, "how many schedules to run")
	traced    = flag.Bool("trace", false, "tell what happens in the schedule that fails")
	firstSeed = flag.Uint64("seed", 0, "seed of the first schedule")
)

// Schedules leave nothing behind, so there is little to look through and much to throw away: most of their time was the collector's.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// hunt runs schedules on all cores until one finds something, and returns the seed and what it found.
func hunt(first, count uint64, cfg Config) (seed uint64, found error) {
	var next atomic.Uint64
	var mu sync.Mutex
	var group sync.WaitGroup
	var total Stats
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			mine := cfg
			mine.Stats = &Stats{}
			for n := next.Add(1) - 1; n < count; n = next.Add(1) - 1 {
				if err := Run(first+n, mine); err != nil {
					next.Store(count)
					mu.Lock()
					if found == nil || first+n < seed {
						seed, found = first+n, err
					}
					mu.Unlock()
				}
			}
			mu.Lock()
			total.add(*mine.Stats)
			mu.Unlock()
		})
	}
	group.Wait()
	if cfg.Stats != nil {
		cfg.Stats.add(total)
	}
	return seed, found
}

func TestNothingIsLostOrDoubled(t *testing.T) {
	count := *schedules
	if testing.Short() {
		count = min(count, 500)
	}
	var stats Stats
	if seed, err := hunt(*firstSeed, count, Config{Stats: &stats}); err != nil {
		t.Errorf("seed %d: %v", seed, err)
		if *traced {
			_ = Run(seed, Config{Trace: t.Logf})
		}
		return
	}
	t.Logf("%+v", stats)
}

func TestEveryRuleOfTheWorldIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, rule := range Breaks {
		t.Run(fmt.Sprint(rule), func(t *testing.T) {
			seed, err := hunt(0, 10_000, Config{Break: rule})
			if err == nil {
				t.Fatal("not noticed in 10,000 schedules")
			}
			t.Logf("schedule %d: %v", seed, err)
		})
	}
}

// Where every item is strict and every world goes on from its newest save, no crash makes a debt.
func TestStrictItemsAreNeverOwed(t *testing.T) {
	var stats Stats
	if seed, err := hunt(0, 1_000, Config{Calm: true, Stats: &stats}); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	if stats.Crashes == 0 {
		t.Error("nothing crashed")
	}
}
