package world

import (
	"encoding/json"
	"strings"
	"testing"
)

func catalog(t *testing.T, mods ...string) *Catalog {
	t.Helper()
	enabled := map[string]bool{}
	for _, mod := range mods {
		enabled[mod] = true
	}
	c, err := NewCatalog(enabled)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func plan(t *testing.T, text string) Plan {
	t.Helper()
	var p Plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func run(w *World, ticks int) {
	for range ticks {
		w.Tick++
		w.Step()
	}
}

func sum(w *World, name string) Sum {
	for _, s := range w.Sums() {
		if s.Name == name {
			return s
		}
	}
	return Sum{}
}

const flows = `{
	"chests": [
		{"id": "a", "position": [0, 0], "slots": 1, "contents": [{"name": "iron-plate", "count": 60}]},
		{"id": "b", "position": [2, 0], "slots": 1}
	],
	"flows": [
		{"make": {"item": "iron-plate", "count": 30, "chest": "a", "every_ticks": 10, "start_tick": 20, "limit": 70}},
		{"move": {"item": "iron-plate", "from": "a", "to": "b", "count": 7, "every_ticks": 5}},
		{"take": {"item": "iron-plate", "chest": "b", "count": 1, "every_ticks": 2}}
	]}`

func TestFlowsConserve(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), plan(t, flows))
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		run(w, 7)
		data, err := w.Save()
		if err != nil {
			t.Fatal(err)
		}
		if w, err = Load(data, w.Catalog, nil); err != nil {
			t.Fatal(err)
		}
		if s := sum(w, "iron-plate"); !s.Balanced() {
			t.Fatalf("tick %d: %+v doesn't add up", w.Tick, s)
		}
	}
	if s := sum(w, "iron-plate"); s.Made != 130 || s.Consumed == 0 {
		t.Errorf("limit of 70 beyond the first 60 was not kept: %+v", s)
	}
	w.Stopped = true
	before := w.Sums()
	run(w, 100)
	if after := w.Sums(); before[0] != after[0] {
		t.Errorf("flows ran while stopped: %v, %v", before, after)
	}
}

// TestFluidsAndEnergyFlow: as much as there is and as fits, to the last fraction of a unit.
func TestFluidsAndEnergyFlow(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), plan(t, `{
		"tanks": [{"id": "a", "position": [0.5, 0.5], "fluid": "water", "amount": 24999.25}, {"id": "b", "position": [5.5, 0.5]}],
		"accumulators": [{"id": "c", "position": [10, 0], "energy": 4300000}, {"id": "d", "position": [15, 0], "energy": 700000}],
		"flows": [
			{"move": {"fluid": "water", "from": "a", "to": "b", "amount": 10.5, "every_ticks": 2}},
			{"move": {"fluid": "water", "from": "b", "to": "a", "amount": 0.75, "every_ticks": 1}},
			{"move": {"energy": 1500000, "from": "c", "to": "d", "every_ticks": 3}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	run(w, 4)
	data, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	if w, err = Load(data, w.Catalog, Renames{}); err != nil {
		t.Fatal(err)
	}
	run(w, 4)
	a, b, c, d := w.byID["a"], w.byID["b"], w.byID["c"], w.byID["d"]
	if moved := 4*10.5 - 7*0.75; a.Fluid.Amount.Units() != 24999.25-moved || b.Fluid.Amount.Units() != moved {
		t.Errorf("%+v and %+v after eight ticks", a.Fluid, b.Fluid)
	}
	if c.Energy != 1_300_000 || d.Energy != 3_700_000 {
		t.Errorf("%g J and %g J after eight ticks", c.Energy, d.Energy)
	}
	run(w, 20)
	if sum := w.EnergySum(); c.Energy != 0 || d.Energy != 5_000_000 || sum.Contents != sum.Made {
		t.Errorf("%g J and %g J in the end", c.Energy, d.Energy)
	}
}

func TestMakeStopsAtAFullChest(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), plan(t, `{"chests": [{"id": "a", "slots": 1}],
		"flows": [{"make": {"item": "coal", "count": 30, "chest": "a", "every_ticks": 1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	run(w, 10)
	if s := sum(w, "coal"); s.Made != 50 || s.Contents != 50 {
		t.Errorf("got %+v, want one stack of 50", s)
	}
}

func TestInventory(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base", "quality"), Plan{})
	if err != nil {
		t.Fatal(err)
	}
	inv := w.NewScriptInventory("", 3)
	iron, rare := Key{"iron-plate", "normal"}, Key{"iron-plate", "rare"}
	steps := []struct {
		got  int
		want int
		what string
	}{
		{inv.Insert(w.Fresh(iron, 150)), 150, "insert two stacks"},
		{inv.Insert(w.Fresh(rare, 150)), 100, "insert rare into the last slot"},
		{inv.Insertable(iron), 50, "room in the begun stack"},
		{inv.Insert(w.Fresh(iron, 60)), 50, "fill up"},
		{inv.Remove(Amount{iron, 120}), 120, "remove over stacks"},
		{inv.Count(iron), 80, "what is left"},
		{inv.Count(rare), 100, "rare untouched"},
		{inv.Remove(Amount{iron, 1000}), 80, "remove all"},
		{inv.Insert(w.Fresh(Key{"nope", "normal"}, 5)), 0, "unknown item"},
		{inv.Insert(w.Fresh(iron, -5)), 0, "negative"},
		{inv.Remove(Amount{iron, -5}), 0, "negative"},
		{inv.Insertable(iron), 200, "freed slots"},
	}
	for _, step := range steps {
		if step.got != step.want {
			t.Errorf("%s: got %d, want %d", step.what, step.got, step.want)
		}
	}
}

func TestItemsOfMissingModsVanish(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base", "space-age"), plan(t, `{"chests": [{"id": "a", "contents": [
		{"name": "holmium-plate", "count": 5}, {"name": "coal", "count": 5}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	data, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	if w, err = Load(data, catalog(t, "base"), nil); err != nil {
		t.Fatal(err)
	}
	if got := w.MainInventory(w.Entities[0]).Contents(); len(got) != 1 || got[0].Name != "coal" {
		t.Errorf("got %v", got)
	}
}

func TestDamagedWorldsAreRefused(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), plan(t, flows))
	if err != nil {
		t.Fatal(err)
	}
	good, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{
		`"surface":1`: `"surface":9`, `"force":1`: `"force":0`, `"every_ticks":10`: `"every_ticks":0`, `"speed":1`: `"speed":0`,
		`"unit":1`: `"unit":0`, `"random":"`: `"random":"AA`,
	} {
		text := strings.Replace(string(good), old, bad, 1)
		if text == string(good) {
			t.Fatalf("no %s in %s", old, good)
		}
		if _, err := Load([]byte(text), w.Catalog, nil); err == nil {
			t.Errorf("a world with %s was loaded", bad)
		}
	}
}

func TestPlansThatMakeNoSense(t *testing.T) {
	for want, text := range map[string]string{
		"no chest":         `{"flows": [{"make": {"item": "coal", "count": 1, "chest": "x", "every_ticks": 1}}]}`,
		"no item":          `{"chests": [{"id": "x"}], "flows": [{"make": {"item": "zzz", "count": 1, "chest": "x", "every_ticks": 1}}]}`,
		"greater than 0":   `{"chests": [{"id": "x"}], "flows": [{"take": {"item": "coal", "count": 1, "chest": "x"}}]}`,
		"one of make":      `{"flows": [{}]}`,
		"do not fit":       `{"chests": [{"id": "x", "slots": 1, "contents": [{"name": "coal", "count": 51}]}]}`,
		"is no chest":      `{"chests": [{"id": "x", "name": "pipe"}]}`,
		"same id":          `{"chests": [{"id": "x"}, {"id": "x"}]}`,
		"no entity":        `{"entities": [{"name": "castle"}]}`,
		"no fluid":         `{"tanks": [{"fluid": "milk", "amount": 1}]}`,
		"does not fit":     `{"tanks": [{"fluid": "water", "amount": 30000}]}`,
		"in a buffer of":   `{"accumulators": [{"energy": 6e6}]}`,
		"has no requests":  `{"chests": [{"requests": [{"name": "coal"}]}]}`,
		"no item \"coql\"": `{"entities": [{"name": "requester-chest", "requests": [{"name": "coql"}]}]}`,
		"there twice":      `{"players": [{"name": "Ann"}, {"name": "ann"}]}`,
		"-1 slots":         `{"chests": [{"id": "x", "slots": -1}]}`,
		"no tank":          `{"chests": [{"id": "x"}], "flows": [{"move": {"fluid": "water", "amount": 1, "from": "x", "to": "x", "every_ticks": 1}}]}`,
		"no accumulator":   `{"flows": [{"move": {"energy": 1, "from": "x", "to": "x", "every_ticks": 1}}]}`,
		"and its amount":   `{"tanks": [{"id": "x"}], "flows": [{"move": {"fluid": "water", "amount": -1, "from": "x", "to": "x", "every_ticks": 1}}]}`,
		"only be moved":    `{"tanks": [{"id": "x"}], "flows": [{"make": {"fluid": "water", "amount": 1, "chest": "x", "every_ticks": 1}}]}`,
		"and take":         `{"chests": [{"id": "x"}], "flows": [{"make": {}, "take": {}}]}`,
		"quality \"rare\"": `{"chests": [{"id": "x"}], "flows": [{"make": {"item": "coal", "quality": "rare", "count": 1, "chest": "x", "every_ticks": 1}}]}`,
	} {
		if _, err := New("w", 1, catalog(t, "base"), plan(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
