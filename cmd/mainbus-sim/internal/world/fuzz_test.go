package world

import (
	"encoding/json"
	"fmt"
	"testing"
)

// rich is a plan with something of everything.
const rich = `{
	"chests": [{"id": "a", "slots": 2, "contents": [{"name": "coal", "count": 5}, {"name": "yumako", "count": 1}]}, {"id": "l", "name": "linked-chest", "position": [9, 9], "link": 3, "contents": [{"name": "wood", "count": 1}]},
		{"id": "r", "name": "requester-chest", "position": [3, 3], "requests": [{"name": "coal", "min": 5, "max": 9}]}],
	"tanks": [{"id": "t", "position": [20, 20], "fluid": "steam", "amount": 10.5, "temperature": 165}],
	"accumulators": [{"id": "e", "position": [30, 30], "energy": 5}],
	"entities": [{"id": "c", "name": "constant-combinator", "position": [40, 40], "requests": [{"type": "virtual", "name": "signal-A", "min": -1}]}],
	"players": [{"name": "Ann", "admin": true, "contents": [{"name": "coal", "count": 3}]}],
	"flows": [{"move": {"item": "coal", "from": "a", "to": "r", "count": 1, "every_ticks": 1}}]}`

// FuzzLoad: a damaged world is refused or can be used.
func FuzzLoad(f *testing.F) {
	c, err := NewCatalog(map[string]bool{"base": true, "quality": true, "space-age": true})
	if err != nil {
		f.Fatal(err)
	}
	var p Plan
	if err := json.Unmarshal([]byte(rich), &p); err != nil {
		f.Fatal(err)
	}
	w, err := New("w", 1, c, p)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := w.Join("Bob"); err != nil {
		f.Fatal(err)
	}
	w.Spill(w.Surfaces[0], 50, 50, w.Fresh(Key{Name: "wood"}, 2), false)
	w.AddSection(w.Named("r"), "group")
	w.NewScriptInventory("mod", 2).Insert(w.Fresh(Key{Name: "coal"}, 2))
	w.Register(TargetEntity, 1)
	w.DeleteSurface(w.AddSurface("cave"))
	data, err := w.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		w, err := Load(data, c, Renames{itemKind: {"coal": "wood"}, fluidKind: {"steam": "water"}, entityKind: {"steel-chest": "iron-chest"}})
		if err != nil {
			return
		}
		use(w)
	})
}

// use does what would fail if an object were incomplete.
func use(w *World) {
	w.Advance()
	w.Step()
	w.Sums()
	w.FluidSums()
	if p, err := w.Join("Bob"); err == nil {
		w.Carry(p, CharacterMain, Amount{Key{Name: "coal"}, 1})
		w.Drop(p)
		w.Leave(p, Quit)
		w.RemovePlayer(p)
	}
	for _, e := range w.Entities {
		for _, inv := range w.Bags(e, Key{"coal", "normal"}) {
			inv.Insert(w.Fresh(Key{Name: "coal"}, 1))
			inv.SortAndMerge()
		}
		if e.Requests != nil {
			e.Requests.Compiled()
			w.AddSection(e, "group")
		}
		w.InsertFluid(e, Fluid{Name: "water", Amount: 1})
		w.SetEnergy(e, 1)
	}
	for _, s := range w.Surfaces {
		w.ClearSurface(s, true)
	}
	_, _ = w.Save()
}

// TestDamagedWorldsAreRefusedOrWork changes single values of a saved world, which random bytes rarely do.
func TestDamagedWorldsAreRefusedOrWork(t *testing.T) {
	c := catalog(t, "base", "quality", "space-age")
	w, err := New("w", 1, c, plan(t, rich))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Join("Bob"); err != nil {
		t.Fatal(err)
	}
	w.Spill(w.Surfaces[0], 50, 50, w.Fresh(Key{Name: "wood"}, 2), false)
	w.AddSection(w.Named("r"), "group")
	w.NewScriptInventory("mod", 2).Insert(w.Fresh(Key{Name: "coal"}, 2))
	data, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	refused, worked := 0, 0
	change(tree, func(what string) {
		damaged, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("%s: %v", what, r)
			}
		}()
		w, err := Load(damaged, c, nil)
		if err != nil {
			refused++
			return
		}
		use(w)
		worked++
	})
	if refused < 50 || worked < 50 {
		t.Errorf("%d damaged worlds were refused, %d worked", refused, worked)
	}
}

// change calls try with each value of a tree removed, or another in its place.
func change(tree any, try func(what string)) {
	replace := func(name string, old any, set func(any)) {
		for _, v := range []any{nil, -1.0, 0.0, 7.0, 1e18, "x", []any{}, map[string]any{}} {
			set(v)
			try(fmt.Sprintf("%s = %v", name, v))
		}
		set(old)
	}
	switch tree := tree.(type) {
	case map[string]any:
		for name, old := range tree {
			replace(name, old, func(v any) { tree[name] = v })
			change(old, func(what string) { try(name + "." + what) })
		}
	case []any:
		for i, old := range tree {
			replace(fmt.Sprint(i), old, func(v any) { tree[i] = v })
			change(old, func(what string) { try(fmt.Sprint(i) + "." + what) })
		}
	}
}
