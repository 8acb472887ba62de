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
		World: w, Host: host, Mods: []Mod{{"a", "1.0.0"}, {"b", "2.0.0"}},
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
