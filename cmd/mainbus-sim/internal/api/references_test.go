package api

import (
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// loaded saves the map and its scripts and loads both.
func loaded(t *testing.T, g *Game) (*Game, *testHost, *world.World) {
	t.Helper()
	blocks, err := g.Storage()
	if err != nil {
		t.Fatal(err)
	}
	data, err := g.p.World.Save()
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.Load(data, g.p.World.Catalog, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, host := newGame(t, w, nil)
	if err := again.Load(blocks, nil); err != nil {
		t.Fatal(err)
	}
	if got := say(t, again, host, prelude); got != "" {
		t.Fatal(got)
	}
	return again, host, w
}

// TestReferencesKeepTheirObject stores objects of each kind, and looks at them after a save and a load.
func TestReferencesKeepTheirObject(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`t = storage
			t.chest = build("steel-chest", 10, 10) t.inv = t.chest.get_inventory(defines.inventory.chest) t.inv.insert{name = "coal", count = 7} t.slot = t.inv[1]
			t.script = game.create_inventory(3) t.script.insert("wood") t.other = t.script[2]
			t.surface = game.create_surface("cave") t.force = game.create_force("red") t.player = game.players.Ann t.hand = t.player.cursor_stack
			t.requester = build("requester-chest", 12, 10).get_requester_point() t.combinator = build("constant-combinator", 14, 10).get_control_behavior()
			t.tank = build("storage-tank", 20, 10).fluidbox t.character = t.player.character t.linked = build("linked-chest", 30, 10).get_inventory(defines.inventory.chest)`, ""},
		{`t.gone = {build("iron-chest", 40, 10), game.create_surface("gone"), game.create_inventory(1), build("iron-chest", 41, 10).get_inventory(defines.inventory.chest)[1]}
			t.gone[1].destroy() game.delete_surface("gone") t.gone[3].destroy() s.find_entity("iron-chest", {41.5, 10.5}).destroy()`, ""},
	})
	g.p.World.Step()
	again, host, _ := loaded(t, g)
	const state = `t = storage p(t.chest.name, t.inv.get_item_count(), t.slot.count, t.script.get_item_count(), t.other.valid_for_read, t.surface.name, t.force.name, t.player.name,
		t.hand.valid_for_read, t.requester.sections_count, t.combinator.enabled, #t.tank, t.character.type, #t.linked)`
	again.steps(t, host, []step{
		{state, "steel-chest 7 7 100 false cave red Ann false 1 true 1 character 48"},
		{`p(t.inv == t.chest.get_inventory(defines.inventory.chest), t.inv.entity_owner == t.chest, t.slot == t.inv[1], t.script == game.get_script_inventories().core[1], t.character == t.player.character,
			t.hand == t.player.cursor_stack, t.requester.owner == s.find_entity("requester-chest", {12.5, 10.5}), t.tank.owner.name, t.player == game.get_player("Ann"), t.surface == game.surfaces.cave)`,
			"true true true true true true true storage-tank true true"},
		{`for i, x in ipairs(t.gone) do p(i, x.valid) end`, "1 false 2 false 3 false 4 false"},
		{`p(t.gone[1].name)`, "LuaEntity API call when LuaEntity was invalid."},
		{`p(t.gone[3].insert("coal"))`, "LuaInventory API call when LuaInventory was invalid."},
		{`p(t.gone[4].count)`, "LuaItemStack API call when LuaItemStack was invalid."},
		{`local keys = {} keys[t.chest] = 1 p(keys[t.chest], keys[s.find_entity("steel-chest", {10.5, 10.5})], t.chest == t.inv)`, "1 nil false"},
		{`game.print = 5`, "LuaGameScript doesn't contain key print."},
	})
}

// BenchmarkCity is a tick of a big map: nothing may look at all of it.
func BenchmarkCity(b *testing.B) {
	w := newWorld(b)
	for i := range 20_000 {
		w.Build("steel-chest", "", w.Surfaces[0], float64(i%200), float64(i/200), w.Forces[0])
	}
	g, host := newGame(b, w, nil)
	if err := g.Init(); err != nil {
		b.Fatal(err)
	}
	b.Run("idle", func(b *testing.B) {
		for b.Loop() {
			w.Advance()
			if err := g.Tick(); err != nil {
				b.Fatal(err)
			}
			w.Step()
		}
	})
	for name, source := range map[string]string{
		"position": `game.surfaces.nauvis.find_entities_filtered{position = {100.5, 50.5}}`,
		"area":     `game.surfaces.nauvis.find_entities_filtered{area = {{100, 50}, {110, 60}}, type = "container"}`,
		"insert":   `game.surfaces.nauvis.find_entity("steel-chest", {100.5, 50.5}).insert("coal")`,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got := say(b, g, host, source); got != "" {
					b.Fatal(got)
				}
			}
		})
	}
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			data, err := w.Save()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(data))/1e6, "MB")
		}
	})
	b.Run("load", func(b *testing.B) {
		data, err := w.Save()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := world.Load(data, w.Catalog, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
