package luaworlds

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mainbus/controller/ledger"
	"mainbus/controller/ledger/sim"
	"mainbus/lua"
)

var schedules = flag.Uint64("schedules", 200, "how many schedules to run with the modules as worlds")

// shipped are the modules as they are put into saves.
func shipped(t *testing.T) Modules {
	t.Helper()
	_, bundle := lua.Bundle()
	archive, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	all := Modules{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(f.Name, ".lua")] = string(text)
	}
	return all
}

// Schedules leave nothing behind, so there is little to look through and much to throw away: most of their time was the collector's.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// hunt runs schedules on all cores until one finds something. A module that raises is found too.
func hunt(count uint64, modules Modules) (seed uint64, found error) {
	var next atomic.Uint64
	var mu sync.Mutex
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for n := next.Add(1) - 1; n < count; n = next.Add(1) - 1 {
				err := run(n, modules)
				if err == nil {
					continue
				}
				next.Store(count)
				mu.Lock()
				if found == nil || n < seed {
					seed, found = n, err
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return seed, found
}

func run(seed uint64, modules Modules) (err error) {
	defer func() {
		if raised := recover(); raised != nil {
			err = fmt.Errorf("%v", raised)
		}
	}()
	return sim.Run(seed, sim.Config{Genesis: modules.Genesis})
}

func TestSchedulesWithTheRealModules(t *testing.T) {
	count := *schedules
	if testing.Short() {
		count = min(count, 5)
	}
	if seed, err := hunt(count, shipped(t)); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
}

// The rules of the modules, and what breaks each.
var breaks = []struct{ name, module, old, broken string }{
	{"a command of another epoch is refused", "core", "elseif epoch ~= link.epoch then", "elseif false then"},
	{"an assignment takes effect once", "core", "if link.assigned ~= link.epoch then", "if true then"},
	{"a new identity sets the counters to zero", "core", `each_channel("zero")`, "local _ = fresh"},
	{"between bind and assign nothing is traded", "core", "link.trading, link.seq, link.chain = false, 0, NO_CHAIN", "link.seq, link.chain = 0, NO_CHAIN"},
	{"what is taken is counted in the same tick", "chest", "accounts.e[key] = before + taken",
		"s.late = s.late or {}\n accounts.e[key] = before + (s.late[key] or 0)\n s.late[key] = taken"},
	{"what is taken is counted", "chest", "accounts.e[key] = before + taken", "accounts.e[key] = before + math.max(0, taken - 1)"},
	{"a grant is a total", "totals", "local more = total - (accounts.i[key] or 0)", "local more = total"},
	{"the buffer is in the save", "core", "storage.mainbus_link = link\n    core.accounts()", "storage.mainbus_link = link\n    core.accounts().buffer = {}"},
	{"what nobody wants is counted as it goes back", "totals", "add(accounts.e, key, n)", "local _ = n"},
	{"what is handed out leaves the buffer", "totals", "accounts.buffer[key] = whole > 0 and whole or nil", "local _ = whole"},
}

// fences tries what schedules hardly show: that a world does nothing for an epoch that is over, and nothing between bind and
// assign.
func fences(modules Modules) error {
	g := modules.Genesis(sim.Setup{World: "w", Contents: sim.Goods{50, 50}}).Load().(*game)
	first, second := ledger.Epoch{Incarnation: 5, Number: 1}, ledger.Epoch{Incarnation: 5, Number: 2}
	for _, epoch := range []ledger.Epoch{first, second} {
		g.Bind(epoch)
		g.run(fmt.Sprintf("simulated_move(0.5, 3.5, %q, 10)", names[0]))
		before, _ := g.Report(epoch)
		g.tick(3)
		if after, _ := g.Report(epoch); !slices.Equal(before, after) {
			return fmt.Errorf("between bind and assign %v became %v", before, after)
		}
		g.Assign(ledger.Assign{Epoch: epoch, Ledger: "00ff", World: "w"})
		g.tick(3)
	}
	g.Grant(ledger.Grant{Epoch: first, Item: sim.Item(1), G: 7})
	told, _ := g.Report(second)
	if told[0].E != 20 || told[1].I != 0 {
		return fmt.Errorf("20 were sent and a grant of an older epoch came, told is %+v", told)
	}
	return nil
}

func TestModulesKeepToTheirEpoch(t *testing.T) {
	if err := fences(shipped(t)); err != nil {
		t.Error(err)
	}
}

func TestEveryRuleOfTheModulesIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	for _, b := range breaks {
		t.Run(b.name, func(t *testing.T) {
			modules := shipped(t)
			if count := strings.Count(modules[b.module], b.old); count != 1 {
				t.Fatalf("its text is %d times in %s", count, b.module)
			}
			modules[b.module] = strings.Replace(modules[b.module], b.old, b.broken, 1)
			if err := fences(modules); err != nil {
				t.Logf("at once: %v", err)
				return
			}
			seed, err := hunt(60, modules)
			if err == nil {
				t.Fatal("not noticed in 60 schedules")
			}
			t.Logf("schedule %d: %v", seed, err)
		})
	}
}
