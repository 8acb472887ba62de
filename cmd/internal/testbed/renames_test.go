package testbed_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/cmd/internal/testbed"
)

// One world sends an item and a fluid of the mod, the other wants some of the item; nobody saves unless asked.
const renameScenario = `{"autosave_seconds": 3600, "worlds": {
  "one": {"chests": [{"id": "out", "position": [0.5, 0.5], "contents": [{"name": "@old", "count": 100}]},
                     {"id": "in", "position": [4.5, 0.5]}],
          "tanks": [{"id": "tank", "position": [20, 20], "fluid": "@oldfluid", "amount": 70}],
          "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]},
                    {"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 20, "y": 20}]}]},
  "two": {"chests": [{"id": "in", "position": [0.5, 0.5]}],
          "calls": [{"tick": 30, "interface": "mainbus", "function": "request", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}, [{"name": "@old", "count": 40}]]}]}}}`

// renaming is a cluster of two worlds with a mod whose second version calls an item and a fluid otherwise.
type renaming struct {
	*testbed.Cluster
	t                *testing.T
	ctx              context.Context
	host             *testbed.Host
	mod, item, fluid string // the second version adds "-new" to the last two
}

func word() string {
	letters := make([]byte, 10)
	for i := range letters {
		letters[i] = byte('a' + rand.IntN(26))
	}
	return string(letters)
}

func (r *renaming) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *renaming) ctl(args ...string) {
	r.t.Helper()
	_, err := r.Ctl(r.ctx, args...)
	r.must(err)
}

func (r *renaming) folder(world string) string {
	r.t.Helper()
	i, err := r.Instance(r.ctx, world)
	r.must(err)
	return filepath.Join(r.host.Data(), "instances", i.ID)
}

// install puts a version of the mod into an instance.
func (r *renaming) install(world string, isNew bool) {
	r.t.Helper()
	version, suffix := "1.0.0", ""
	if isNew {
		version, suffix = "1.1.0", "-new"
	}
	files := map[string]string{
		"info.json": fmt.Sprintf(`{"name": %q, "version": %q, "title": "t", "author": "a", "factorio_version": "2.0", "dependencies": ["base"]}`, r.mod, version),
		"data.lua": fmt.Sprintf(`data:extend{{type = "item", name = %q, stack_size = 50}, {type = "fluid", name = %q, default_temperature = 15}}`,
			r.item+suffix, r.fluid+suffix),
	}
	if isNew {
		files["migrations/1.1.0.json"] = fmt.Sprintf(`{"item": [[%q, %q]], "fluid": [[%q, %q]]}`, r.item, r.item+suffix, r.fluid, r.fluid+suffix)
	}
	for name, text := range files {
		file := filepath.Join(r.folder(world), "mods", r.mod, filepath.FromSlash(name))
		r.must(os.MkdirAll(filepath.Dir(file), 0o755))
		r.must(os.WriteFile(file, []byte(text), 0o600))
	}
}

// restart stops a world, lets something happen to its files and starts it again.
func (r *renaming) restart(world string, change func()) {
	r.t.Helper()
	r.ctl("instances", "stop", world)
	r.must(testbed.Poll(r.ctx, patience, world+" to stop", func() (bool, error) {
		i, err := r.Instance(r.ctx, world)
		return i.State == "stopped", err
	}))
	change()
	r.ctl("instances", "start", world)
	r.must(r.WaitTrading(r.ctx, patience, world))
}

// save makes a save and returns its content.
func (r *renaming) save(world, name string) []byte {
	r.t.Helper()
	r.must(r.Console(r.ctx, world, "/server-save "+name, nil))
	var data []byte
	r.must(testbed.Poll(r.ctx, patience, "the save", func() (bool, error) {
		files, err := filepath.Glob(filepath.Join(r.folder(world), "saves", name+".zip"))
		if err != nil || len(files) == 0 {
			return false, err
		}
		data, err = os.ReadFile(files[0])
		return true, err
	}))
	return data
}

// wait waits until the bus has so much of an item, and worlds have received so much of it.
func (r *renaming) wait(what, item string, level, received int64) {
	r.t.Helper()
	var last string
	err := testbed.Poll(r.ctx, patience, what, func() (bool, error) {
		i, err := r.BusItem(r.ctx, item)
		last = fmt.Sprintf("%+v", i)
		return err == nil && i.Level == level && i.Received == received && i.Owed == 0 && i.InFlight == 0, err
	})
	if err != nil {
		r.t.Fatalf("%v; the bus has %s", err, last)
	}
}

// check adds up: by both names together there is what was made, and nobody has more or less of the fluid.
func (r *renaming) check(when string) {
	r.t.Helper()
	sums, err := r.SettledSum(r.ctx)
	r.must(err)
	var there, made int64
	for _, s := range sums {
		if s.Name == r.item || s.Name == r.item+"-new" {
			there, made = there+s.There(), made+s.Made-s.Consumed
		} else if s.Difference() != 0 && !strings.HasPrefix(s.Name, r.fluid) {
			r.t.Errorf("%s: of %s there are %d too much", when, s.Name, s.Difference())
		}
	}
	if there != 100 || made != 100 {
		r.t.Errorf("%s: there are %d, made were %d, and it began with 100: %+v", when, there, made, sums)
	}
	fluid := slices.DeleteFunc(sums, func(s testbed.ItemSum) bool { return !strings.HasPrefix(s.Name, r.fluid) })
	there = 0
	for _, s := range fluid {
		there += s.Difference()
	}
	if there != 0 {
		r.t.Errorf("%s: of the fluid there is %d too much: %+v", when, there, fluid)
	}
}

// TestRenamedItemsOfRealProcesses: an item that was traded under one name goes on under another when a mod's migration
// renames it, also once a world goes back to a save from before; a world that has the old mod goes on under the old name
// and finds all again when it gets the new one.
func TestRenamedItemsOfRealProcesses(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, renamed items were NOT tested with real processes here: %v", err)
	}
	ctx := t.Context()
	r := &renaming{t: t, ctx: ctx, mod: word(), item: word(), fluid: word()}
	r.Cluster = newCluster(t)
	r.must(r.StartController(ctx))
	var err error
	r.host, err = r.AddHost("renames", []byte(strings.NewReplacer("@oldfluid", r.fluid, "@old", r.item).Replace(renameScenario)), "one", "two")
	r.must(err)
	r.must(r.host.StartAgent())
	r.must(r.host.ReadConsole(ctx))
	r.must(testbed.Poll(ctx, patience, "the host to be found", func() (bool, error) {
		found, ok, err := r.host.Find(ctx)
		r.host.ID = found.ID
		return ok, err
	}))
	r.ctl("hosts", "pair", r.NameOrID(ctx, r.host), r.host.Code)
	r.must(r.WaitLinked(ctx, patience))
	for _, world := range r.host.Worlds {
		r.ctl("instances", "create", world, "--host", r.NameOrID(ctx, r.host))
		r.install(world, false)
		r.ctl("instances", "start", world)
	}
	r.must(r.WaitTrading(ctx, patience, r.host.Worlds...))
	r.wait("40 of 100 to arrive under the old name", r.item, 60, 40)
	before := r.save("one", "before")
	r.check("before the change")

	// One world gets the new mod, the other does not yet.
	r.restart("one", func() { r.install("one", true) })
	now := r.item + "-new"
	r.wait("the bus to have the new name", now, 60, 0)
	r.wait("the old name to be used up", r.item, 0, 40)
	r.check("one world has the new mod")

	// Back to before the change: the game changes it again.
	r.restart("one", func() {
		files, err := filepath.Glob(filepath.Join(r.folder("one"), "saves", "*.zip"))
		r.must(err)
		for _, file := range files {
			r.must(os.Remove(file))
		}
		r.must(os.WriteFile(filepath.Join(r.folder("one"), "saves", "before.zip"), before, 0o600))
	})
	r.wait("the bus to have the new name again", now, 60, 0)
	r.check("one world went back to before the change")

	// The other world gets it too: what it has bought has the new name, and it gets more by it.
	r.restart("two", func() { r.install("two", true) })
	r.wait("its account to have the new name", now, 60, 40)
	r.wait("nothing to be left of the old name", r.item, 0, 0)
	r.check("both worlds have the new mod")
	var sum testbed.SimSum
	r.must(r.Console(ctx, "two", "/sim-sum", &sum))
	contents, err := testbed.Contents(sum, testbed.Module{})
	r.must(err)
	if n := contents[testbed.Goods{Name: now, Quality: "normal"}]; n != 40 {
		t.Errorf("what was bought before is %d of %s: %v", n, now, contents)
	}
	more := fmt.Sprintf(`/sc remote.call("mainbus", "request", {surface = "nauvis", x = 0.5, y = 0.5}, {{name = %q, count = 55}})`, now)
	for range 2 { // the first Lua command of a save is swallowed
		r.must(r.Console(ctx, "two", more, nil))
	}
	r.wait("more to arrive under the new name", now, 45, 55)
	r.check("more was bought")
	r.ctl("bus", "verify")
}
