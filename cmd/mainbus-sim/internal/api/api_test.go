package api

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/scriptdat"
)

// testHost keeps what a script does outside the map.
type testHost struct {
	printed, logged, replied []string
	saves                    []string
	files                    map[string]string
}

func (h *testHost) Print(text string)           { h.printed = append(h.printed, text) }
func (h *testHost) Log(source, text string)     { h.logged = append(h.logged, source+" "+text) }
func (h *testHost) Reply(text string)           { h.replied = append(h.replied, text) }
func (h *testHost) Save(name string, auto bool) { h.saves = append(h.saves, name) }
func (h *testHost) WriteFile(name string, data []byte, appending bool) error {
	if h.files == nil {
		h.files = map[string]string{}
	}
	h.files[name] += string(data)
	return nil
}

var allMods = map[string]bool{"base": true, "quality": true, "space-age": true, "elevated-rails": true}

func newWorld(t testing.TB) *world.World {
	t.Helper()
	catalog, err := world.NewCatalog(allMods)
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.New("test", 1, catalog, world.Plan{Chests: []world.ChestPlan{{
		EntityPlan: world.EntityPlan{ID: "a", Position: [2]float64{0.5, 0.5}}, Slots: 2,
		Contents: []world.Amount{{Key: world.Key{Name: "iron-plate"}, Count: 150}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newGame(t testing.TB, w *world.World, files map[string]string) (*Game, *testHost) {
	t.Helper()
	host := &testHost{}
	g, err := New(Params{
		World: w, Host: host, Scenario: "freeplay", ScenarioMod: "base", Mods: []Mod{{"base", "2.0.77"}}, Version: factorio.Version{Major: 2, Patch: 77},
		Files: func(name string) ([]byte, bool) {
			text, ok := files[name]
			return []byte(text), ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	w.Listen(heardEvent)
	return g, host
}

// say runs a console command and returns what it told by rcon.print.
func say(t testing.TB, s *Game, host *testHost, source string) string {
	t.Helper()
	host.replied = nil
	if err := s.Console(source); err != nil {
		return "error: " + err.Error()
	}
	return strings.Join(host.replied, " ")
}

func TestObjects(t *testing.T) {
	const chest = `local e = game.surfaces.nauvis.find_entities_filtered{position = {0.5, 0.5}, type = {"container", "logistic-container"}}[1] local inv = e.get_inventory(defines.inventory.chest) `
	tests := []struct{ source, want string }{
		{`rcon.print(game.tick)`, "0"},
		{`rcon.print({"", "a", 1, {"", "b"}})`, "a1b"},
		{chest + `rcon.print(e.name .. e.type .. e.unit_number .. e.position.x .. e.surface.name .. e.force.name)`, "steel-chestcontainer10.5nauvisplayer"},
		{chest + `rcon.print(#inv .. " " .. inv[1].count .. " " .. inv[2].count .. " " .. inv[1].quality.name)`, "2 100 50 normal"},
		{chest + `local c = inv.get_contents() rcon.print(#c .. c[1].name .. c[1].count .. c[1].quality)`, "1iron-plate150normal"},
		{chest + `rcon.print(inv.remove{name = "iron-plate", count = 120}) rcon.print(inv.get_item_count("iron-plate"))`, "120 30"},
		{chest + `rcon.print(inv.insert{name = "iron-plate", quality = "rare", count = 500}) rcon.print(inv.get_item_count{name = "iron-plate", quality = "rare"})`, "0 0"},
		{chest + `rcon.print(inv.insert("iron-plate") .. " " .. inv.get_insertable_count("iron-plate") .. " " .. tostring(inv.can_insert("coal")))`, "50 0 false"},
		{chest + `inv.clear() rcon.print(inv.insert{name = "coal", count = 1000}) rcon.print(tostring(inv.is_empty()))`, "100 false"},
		{chest + `rcon.print(tostring(e == game.surfaces.nauvis.find_entity("steel-chest", {0.5, 0.5})))`, "true"},
		{chest + `e.destroy() rcon.print(tostring(e.valid)) rcon.print(e.name)`, "error: "},
		{chest + `rcon.print(e.nonsense)`, `LuaEntity doesn't contain key nonsense.`},
		{chest + `e.unit_number = 3`, `LuaEntity property unit_number is read only.`},
		{chest + `inv.insert("no-such-item")`, `Unknown item name: no-such-item`},
		{`game.surfaces.nauvis.find_entities_filtered{ghost_name = "x"}`, "has no filter"},
		{`rcon.print(tostring(game.surfaces.vulcanus) .. tostring(game.get_surface(1).index))`, "nil1"},
		{`local s = "" for name in pairs(prototypes.quality) do s = s .. name .. " " end rcon.print(s .. #prototypes.quality)`, "normal uncommon rare epic legendary 5"},
		{`local p = prototypes.item rcon.print(tostring(p.nope) .. p["transport-belt"].place_result.name .. p.coal.stack_size .. tostring(p.coal.place_result) .. p.yumako.get_spoil_ticks())`, "niltransport-belt50nil216000"},
		{`rcon.print(helpers.decode_string(helpers.encode_string("abc")))`, "abc"},
		{`rcon.print(tostring(helpers.decode_string("!!")) .. tostring(helpers.json_to_table("{")))`, "nilnil"},
		{`rcon.print(helpers.table_to_json({a = {1, 2.5, "x<"}, b = {}, c = true}))`, `{"a":[1,2.5,"x<"],"b":{},"c":true}`},
		{`local s = "" for k, v in pairs(helpers.json_to_table('{"z":1,"a":[true,null,"x"]}')) do s = s .. k end rcon.print(s)`, "za"},
		{`rcon.print(helpers.compare_versions("2.0.9", "2.0.77") .. helpers.game_version)`, "-12.0.77"},
		{`remote.add_interface("i", {f = function(t, n) t.x = n return t, 2 end}) local t = {x = 1} rcon.print(remote.call("i", "f", t, 5).x .. t.x)`, "51"},
		{`remote.add_interface("i", {f = function() end}) remote.call("i", "f", print)`, "Can't copy object of type function"},
		{`remote.call("none", "f")`, "Unknown interface: none"},
		{`commands.add_command("version", "", print)`, "it is a game command"},
		{`commands.add_command("x", "help", print) rcon.print(commands.commands.x .. tostring(commands.remove_command("x")) .. tostring(commands.commands.x))`, "helptruenil"},
		{`game.speed = 0`, "Game speed must be at least 0.01."},
		{`game.speed = 2 rcon.print(game.speed)`, "2"},
		{`game.server_save("x") game.auto_save() rcon.print(#game.connected_players .. tostring(game.is_multiplayer()) .. tostring(game.players.bob))`, "0truenil"},
		{`local e = game.surfaces.nauvis.create_entity{name = "iron-chest", position = {7, 7}, force = "player"} rcon.print(e.position.x .. " " .. #e.get_inventory(1) .. " " .. game.surfaces.nauvis.count_entities_filtered{area = {{0, 0}, {10, 10}}})`, "7.5 32 2"},
		{`rcon.print(script.mod_name .. script.active_mods.base .. script.level.level_name .. script.level.mod_name)`, "level2.0.77freeplaybase"},
		{`script.on_event(99999, function() end)`, "does not exist"},
		{`rcon.print(bogus.x)`, "error: "},
	}
	for _, test := range tests {
		s, host := newGame(t, newWorld(t), nil)
		if err := s.Init(); err != nil {
			t.Fatal(err)
		}
		got := say(t, s, host, test.source)
		if got != test.want && !(strings.HasPrefix(got, "error: ") && strings.Contains(got, test.want)) {
			t.Errorf("%s\n got %q\nwant %q", test.source, got, test.want)
		}
	}
}

func TestEventOrder(t *testing.T) {
	const control = `
		log("main " .. type(game) .. type(script))
		script.on_init(function() storage.n = 0 log("init " .. type(game)) end)
		script.on_load(function() log("load " .. type(game) .. " " .. storage.n) end)
		script.on_configuration_changed(function(d) log("changed " .. d.mod_changes.base.old_version) end)
		script.on_event(defines.events.on_tick, function(e) storage.n = storage.n + 1 log("tick " .. e.tick .. e.name) end)
		script.on_nth_tick(2, function(e) log("second " .. e.nth_tick) end)
		commands.add_command("hi", "", function(e) rcon.print(e.name .. (e.parameter or "-") .. tostring(e.player_index)) end)`
	files := map[string]string{"__level__/control.lua": control}
	w := newWorld(t)
	s, host := newGame(t, w, files)
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.Tick++
		if err := s.Tick(); err != nil {
			t.Fatal(err)
		}
	}
	storage, err := s.Storage()
	if err != nil {
		t.Fatal(err)
	}
	again, host2 := newGame(t, w, files)
	if err := again.Load(storage, nil); err != nil {
		t.Fatal(err)
	}
	if err := again.ConfigurationChanged(Change{Mods: map[string]string{"base": "2.0.55"}}); err != nil {
		t.Fatal(err)
	}
	if found, err := again.Command("hi", "there", 0); !found || err != nil {
		t.Fatal(found, err)
	}
	got := strings.Join(append(host.logged, host2.logged...), "\n") + "\n" + strings.Join(host2.replied, " ")
	got = strings.NewReplacer("@__level__/control.lua:", "").Replace(got)
	want := "2 main niluserdata\n3 init userdata\n6 tick 10\n6 tick 20\n7 second 2\n2 main niluserdata\n4 load nil 2\n5 changed 2.0.55\nhitherenil"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestErrorsInHandlersTellWhere(t *testing.T) {
	s, _ := newGame(t, newWorld(t), map[string]string{"__level__/control.lua": `
		script.on_event(defines.events.on_tick, function() error("boom") end)
		commands.add_command("bad", "", function() error("bad") end)`})
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	var handler *HandlerError
	if err := s.Tick(); !errors.As(err, &handler) || handler.Where != "level::on_tick (ID 0)" || handler.Err.Error() != "__level__/control.lua:2: boom" {
		t.Errorf("got %v", err)
	}
	if _, err := s.Command("bad", "", 0); !errors.As(err, &handler) {
		t.Errorf("got %v", err)
	}
}

func TestOnLoadMayNotWrite(t *testing.T) {
	s, _ := newGame(t, newWorld(t), map[string]string{"__level__/control.lua": `script.on_load(function() storage.x = 1 end)`})
	if err := s.Load([]scriptdat.Block{{Name: "level", Value: &scriptdat.Table{}}}, nil); err == nil || !strings.Contains(err.Error(), "on_load") {
		t.Errorf("got %v", err)
	}
}

func TestGameIsNotThereInOnLoad(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"game":      {`script.on_load(function() n = game.tick end)`, "attempt to index global 'game' (a nil value)"},
		"deep":      {`script.on_load(function() storage.t.u.v = 2 end)`, modifiedOnLoad},
		"removed":   {`script.on_load(function() storage.t = nil end)`, modifiedOnLoad},
		"replaced":  {`script.on_load(function() storage = {} end)`, modifiedOnLoad},
		"read only": {`script.on_load(function() n = storage.t.u.v script.on_event(defines.events.on_tick, print) end)`, ""},
	} {
		s, _ := newGame(t, newWorld(t), map[string]string{"__level__/control.lua": test.source})
		inner := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "v", Value: 1.0}}}
		middle := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "u", Value: inner}}}
		err := s.Load([]scriptdat.Block{{Name: "level", Value: &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "t", Value: middle}}}}}, nil)
		var handler *HandlerError
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (!errors.As(err, &handler) || handler.Where != "level::on_load()" || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A remote call that fails on its way back into a script leaves the variables of the functions that wait there alone.
func TestFailedCallsBackIntoAScript(t *testing.T) {
	files := map[string]string{"__a__/control.lua": `
		local function fail() error("no") end
		remote.add_interface("a", {fail = fail})
		function try()
			local n = 1
			local function more() n = n + 1 return n end
			more()
			local ok, err = pcall(remote.call, "b", "again")
			n = n + 10
			return ok, more(), err
		end`, "__b__/control.lua": `remote.add_interface("b", {again = function() remote.call("a", "fail") end})`}
	g, host := newModdedGame(t, nil, files)
	got := say(t, g, host, `__a__ local ok, n, err = try() rcon.print(tostring(ok) .. n .. err)`)
	if !strings.HasPrefix(got, "false13") || !strings.Contains(got, "__a__/control.lua:2: no") {
		t.Errorf("got %q", got)
	}
}

func TestObjectsInStorage(t *testing.T) {
	w := newWorld(t)
	s, host := newGame(t, w, nil)
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	say(t, s, host, `storage.e = game.surfaces[1].find_entities()[1] storage.inv = storage.e.get_inventory(1) storage.s = game.surfaces[1]
		storage.gone = game.surfaces[1].create_entity{name = "iron-chest", position = {5, 5}} storage.f = game.forces.enemy`)
	storage, err := s.Storage()
	if err != nil {
		t.Fatal(err)
	}
	w.Destroy(w.Entity(2), false)
	again, host := newGame(t, w, nil)
	if err := again.Load(storage, nil); err != nil {
		t.Fatal(err)
	}
	got := say(t, again, host, `rcon.print(storage.e.name .. storage.inv.get_item_count() .. storage.s.name .. storage.f.name .. tostring(storage.gone.valid))`)
	if want := "steel-chest150nauvisenemyfalse"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTwoStatesStayAlike(t *testing.T) {
	files := map[string]string{"__level__/control.lua": `
		script.on_init(function() storage.log = {} end)
		script.on_event(defines.events.on_tick, function(e)
			local inv = game.surfaces[1].find_entities()[1].get_inventory(1)
			local n = math.random(1, 9)
			if math.random() < 0.5 then inv.remove{name = "iron-plate", count = n} else inv.insert{name = "coal", count = n} end
			for _, c in pairs(inv.get_contents()) do storage.log[c.name .. e.tick % 7] = c.count end
		end)`}
	var results [2][]byte
	for i := range results {
		w := newWorld(t)
		s, _ := newGame(t, w, files)
		if err := s.Init(); err != nil {
			t.Fatal(err)
		}
		for range 300 {
			w.Tick++
			if err := s.Tick(); err != nil {
				t.Fatal(err)
			}
		}
		blocks, err := s.Storage()
		if err != nil {
			t.Fatal(err)
		}
		storage, err := storageBytes(blocks)
		if err != nil {
			t.Fatal(err)
		}
		state, err := w.Save()
		if err != nil {
			t.Fatal(err)
		}
		results[i] = append(storage, state...)
	}
	if !bytes.Equal(results[0], results[1]) {
		t.Error("two games with the same script and save differ")
	}
}

func BenchmarkTick(b *testing.B) {
	w := newWorld(b)
	s, _ := newGame(b, w, map[string]string{"__level__/control.lua": `
		script.on_init(function() storage.n = 0 end)
		script.on_event(defines.events.on_tick, function(e) storage.n = storage.n + 1 end)`})
	if err := s.Init(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w.Tick++
		if err := s.Tick(); err != nil {
			b.Fatal(err)
		}
		w.Step()
	}
}
