package instance

import (
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

// exchanged is a string of 2.0.77 that says the seed 4711, and of the rest nothing but zeros and ones.
const exchanged = ">>>eJxiYmBg8GWAgHQhBhygwR6ZhYxpCT7YI+joyfb2gAAAAP//YusITg==<<<"

// Each way to say how a map is made reaches the map that the next start loads.
func TestMapsThatAreAskedFor(t *testing.T) {
	const gen = `{"seed": 12, "width": 640}`
	for name, test := range map[string]struct {
		ask  *wire.SaveCreate
		seed string // as the game tells; empty: its own choice
	}{
		"preset and seed":          {&wire.SaveCreate{Preset: "rail-world", Seed: 77}, "77"},
		"exchange string":          {&wire.SaveCreate{Exchange: exchanged}, "4711"},
		"settings before a string": {&wire.SaveCreate{Exchange: exchanged, MapGenSettings: []byte(gen), MapSettings: []byte(`{"pollution": {"enabled": false}}`)}, "12"},
		"scenario":                 {&wire.SaveCreate{Scenario: "base/freeplay"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
			a.wantRunning(false)
			a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
			test.ask.Name = "asked for.zip"
			if err := a.CreateMap(t.Context(), test.ask, func(string) {}); err != nil {
				t.Fatal(err)
			}
			list := a.saves()
			if savesNamed(list.GetSaves()) != test.ask.Name || list.GetNext() != test.ask.Name || list.GetSaves()[0].GetScenario() != "base/freeplay" {
				t.Fatalf("saves %v", list)
			}
			a.wantRunning(true)
			a.waitLinked()
			if seed, err := a.SendConsole(t.Context(), "/seed"); err != nil || test.seed != "" && strings.TrimSpace(seed) != test.seed {
				t.Errorf("the game says seed %q, %v", seed, err)
			}
			a.stopGame()
		})
	}
}

func TestMapsThatCanNotBeMade(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	a.wantRunning(false)
	a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
	for _, test := range []struct {
		ask  *wire.SaveCreate
		want string
	}{
		{&wire.SaveCreate{Exchange: exchanged[:20] + exchanged[24:]}, "map exchange string"},
		{&wire.SaveCreate{Preset: "paradise"}, "paradise"},
		{&wire.SaveCreate{Preset: "--version"}, "no name of a preset"},
		{&wire.SaveCreate{Scenario: "base/nothing"}, "base/nothing"},
		{&wire.SaveCreate{Scenario: "../../x"}, "no name of a scenario"},
		{&wire.SaveCreate{MapGenSettings: []byte(`{"width":`)}, "map"},
	} {
		test.ask.Name = "new.zip"
		if err := a.CreateMap(t.Context(), test.ask, func(string) {}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.ask, err)
		}
		if list := a.saves(); len(list.GetSaves()) > 0 || list.GetNext() != "" {
			t.Errorf("%v: there are saves %v", test.ask, list)
		}
	}
	a.wantRunning(true)
	a.waitLinked()
	if err := a.CreateMap(t.Context(), &wire.SaveCreate{Name: "new.zip"}, func(string) {}); err == nil {
		t.Error("a map is made while the game runs")
	}
	a.stopGame()
}
