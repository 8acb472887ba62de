package api

import (
	"maps"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// newModdedGame gives a game with prototypes besides those of the game's own mods, and scripts of the mods a and b.
func newModdedGame(t *testing.T, more world.Raw, files map[string]string) (*Game, *testHost) {
	t.Helper()
	raw, err := world.BaseRaw(allMods)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(raw, more)
	catalog, err := world.ReadCatalog(raw)
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.New("test", 1, catalog, world.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	w.Listen(heardEvent)
	host := &testHost{}
	g, err := New(Params{
		World: w, Host: host, Mods: []Mod{{"a", "1.0.0"}, {"b", "2.0.0"}}, Flags: map[string]bool{"space-travel": true, "spoiling": false},
		Settings: Settings{
			Startup: map[string]any{"fixed": 3.0}, Global: map[string]any{"limit": 10.0, "tint": map[string]any{"r": 0.5}},
			PerUser: map[string]any{"sound": true},
			Prototypes: []*SettingPrototype{
				{"fixed", "double-setting", "a", "b", map[string]any{"setting_type": "startup", "default_value": 3.0, "allowed_values": []any{1.0, 3.0}, "hidden": true}},
				{"limit", "int-setting", "", "a", map[string]any{"setting_type": "runtime-global", "default_value": 10.0, "minimum_value": 0.0, "maximum_value": 99.0}},
				{"text", "string-setting", "", "a", map[string]any{"setting_type": "startup", "default_value": "x", "auto_trim": true}},
			},
		},
		Files: func(name string) ([]byte, bool) {
			text, ok := files[name]
			return []byte(text), ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	if err := g.Init(); err != nil {
		t.Fatal(err)
	}
	if got := say(t, g, host, prelude); got != "" {
		t.Fatal(got)
	}
	return g, host
}

func TestCustomPrototypes(t *testing.T) {
	g, host := newModdedGame(t, world.Raw{
		"custom-event": {"something": {"order": "b"}},
		"custom-input": {"a-key": {"order": "c", "key_sequence": "CONTROL + J", "enabled": false}},
	}, map[string]string{"__a__/control.lua": `script.on_event("something", function(e) heard = e.number end)
		script.on_event("a-key", function() end)`})
	g.steps(t, host, []step{
		{`local e = prototypes.custom_event.something p(e.name, e.order, e.valid, e.event_id == script.get_event_id("something"), e.event_id == defines.events.something)`, "something b true true true"},
		{`local i = prototypes.custom_input["a-key"] p(i.name, i.order, i.key_sequence, i.enabled, i.valid, i.event_id == script.get_event_id("a-key"), defines.events["a-key"])`, "a-key c CONTROL + J false true true nil"},
		{`p(prototypes.custom_event.nothing, #prototypes.custom_input)`, "nil 1"},
		{`script.raise_event(prototypes.custom_event.something.event_id, {number = 3})`, ""},
		{`__a__ rcon.print(heard)`, "3"},
		{`script.on_event("nothing", nil)`, "does not exist"},
	})
}

func TestSettings(t *testing.T) {
	g, host := newModdedGame(t, nil, map[string]string{"__b__/control.lua": `heard = ""
		script.on_event(defines.events.on_runtime_mod_setting_changed, function(e)
			heard = heard .. e.setting .. e.setting_type .. tostring(e.player_index) .. ";"
		end)`})
	if _, err := g.p.World.Join("Ann"); err != nil {
		t.Fatal(err)
	}
	g.steps(t, host, []step{
		{`p(settings.startup.fixed.value, settings.global.limit.value, settings.global.tint.value.r, settings.player_default.sound.value)`, "3 10 0.5 true"},
		{`p(settings.global.none, #settings.global, settings.startup.limit)`, "nil 2 nil"},
		{`local s = "" for name, v in pairs(settings.global) do s = s .. name .. type(v.value) end p(s)`, "limitnumbertinttable"},
		{`local s = prototypes.mod_setting.limit p(s.name, s.type, s.order, s.mod, s.hidden, s.setting_type, s.default_value, s.minimum_value, s.maximum_value, s.allowed_values, s.allow_blank, s.valid)`,
			"limit int-setting  a false runtime-global 10 0 99 nil nil true"},
		{`local s, t = prototypes.mod_setting.fixed, prototypes.mod_setting.text p(s.mod, s.order, s.hidden, s.allowed_values, t.default_value, t.allow_blank, t.auto_trim, #prototypes.mod_setting, prototypes.mod_setting.none)`,
			"b a true [1,3] x false true 3 nil"},
		{`settings.global.limit = {value = 11} p(settings.global.limit.value)`, "11"},
		{`settings.player_default.sound = {value = false} p(settings.get_player_settings("Ann").sound.value)`, "false"},
		{`settings.get_player_settings(1).sound = {value = true} p(settings.get_player_settings("Ann").sound.value, settings.player_default.sound.value)`, "true false"},
		{`__b__ rcon.print(heard)`, "limitruntime-globalnil;soundruntime-per-usernil;soundruntime-per-user1;"},
		{`settings.startup.fixed = {value = 1}`, "read only"},
		{`game.surfaces.x = 1`, "read only"},
		{`settings.global.none = {value = 1}`, `There is no setting "none".`},
		{`settings.global.limit = {value = "x"}`, "doesn't take a string"},
		{`p(script.feature_flags.space_travel, script.feature_flags.spoiling)`, "true false"},
	})
	data, err := g.p.World.Save()
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.Load(data, g.p.World.Catalog, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.DefineSettings(map[string]any{"limit": 5.0, "extra": 1.0}, map[string]any{"sound": false})
	if s := w.ModSettings; s.Global["limit"] != 11.0 || s.Global["extra"] != 1.0 || len(s.Global) != 2 || w.PlayerSettings(w.Player("Ann"))["sound"] != true {
		t.Errorf("after the load %+v", s)
	}
}

func TestRaisingTheGamesEvents(t *testing.T) {
	for method, event := range raisers {
		g, host := newModdedGame(t, nil, map[string]string{
			"__a__/control.lua": `script.on_event(defines.events.` + event + `, function(e) heard = e.mod_name .. e.number end)`,
		})
		g.steps(t, host, []step{{`script.` + method + `{number = 5}`, ""}, {`__a__ rcon.print(heard)`, "level5"}})
	}
}

func TestRegisteredMetatables(t *testing.T) {
	const control = `
		meta = {__index = {double = function(self) return self.n * 2 end}}
		script.register_metatable("number", meta)
		again = pcall(script.register_metatable, "number", {})
		script.on_init(function() storage.one = setmetatable({n = 4}, meta) storage.other = setmetatable({n = 5}, {__index = meta.__index}) end)`
	files := map[string]string{"__a__/control.lua": control}
	g, host := newModdedGame(t, nil, files)
	g.steps(t, host, []step{
		{`__a__ rcon.print(storage.one:double() .. storage.other:double() .. tostring(again))`, "810false"},
		{`__a__ script.register_metatable("late", {})`, "while control.lua is read only"},
	})
	blocks, err := g.Storage()
	if err != nil {
		t.Fatal(err)
	}
	g, host = newModdedGame(t, nil, files)
	if err := g.Load(blocks, map[string]string{"a": "1.0.0", "b": "2.0.0"}); err != nil {
		t.Fatal(err)
	}
	g.steps(t, host, []step{
		{`__a__ rcon.print(storage.one:double() .. tostring(getmetatable(storage.one) == meta) .. tostring(getmetatable(storage.other)))`, "8truenil"},
	})
}

func TestKeptPrototypes(t *testing.T) {
	raw, types := world.Raw{}, map[string]string{}
	for typ, attribute := range keptType {
		raw[typ], types[attribute] = map[string]world.Properties{"new-" + typ: {"order": "x"}}, typ
	}
	raw["mod-data"]["full"] = world.Properties{"data_type": "letters", "data": map[string]any{"a": []any{1.0, "b"}}}
	raw["unheard-of"] = map[string]world.Properties{"thing": {}}
	g, host := newModdedGame(t, raw, nil)
	for attribute, typ := range types {
		g.steps(t, host, []step{{
			`local o = prototypes.` + attribute + `["new-` + typ + `"] p(o.name, o.type, o.order, o.valid, o.object_name, prototypes.` + attribute + `.none)`,
			"new-" + typ + " " + typ + " x true " + keptClasses[attribute] + " nil",
		}})
	}
	g.steps(t, host, []step{
		{`local d = prototypes.mod_data.full p(d.data_type, d.data.a[2], d.get("a")[1], d.get("b"), prototypes.mod_data["new-mod-data"].data_type)`, "letters b 1 nil unknown"},
	})
}
