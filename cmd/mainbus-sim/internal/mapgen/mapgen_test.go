package mapgen

import (
	"encoding/json"
	"strings"
	"testing"
)

var base = map[string]string{"base": "2.0.77"}

func TestPresetsAndFiles(t *testing.T) {
	seed := uint32(9)
	for _, test := range []struct {
		name    string
		request Request
		seed    uint32
		want    string // in gen or map
	}{
		{"nothing given", Request{Drawn: 5}, 5, `"technology_price_multiplier":1`},
		{"a preset", Request{Preset: "marathon"}, 0, `"technology_price_multiplier":4`},
		{"another", Request{Preset: "ribbon-world"}, 0, `"height":128`},
		{"files over a preset", Request{Preset: "rail-world", Map: json.RawMessage(`{"enemy_expansion":{"enabled":true},"_comment":1}`)}, 0, `"enabled":true,"max_expansion_cooldown"`},
		{"a seed in a file", Request{Gen: json.RawMessage(`{"seed":7,"width":300}`), Drawn: 5}, 7, `"width":300`},
		{"no seed in a file", Request{Gen: json.RawMessage(`{"seed":null}`), Drawn: 5}, 5, `"seed":5`},
		{"a seed that was given", Request{Gen: json.RawMessage(`{"seed":7}`), Seed: &seed}, 9, `"seed":9`},
	} {
		test.request.Mods = base
		got, err := Make(test.request)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if all := string(got.Gen) + string(got.Map); got.Seed != test.seed || !strings.Contains(all, test.want) || strings.Contains(all, "_comment") {
			t.Errorf("%s: seed %d, %s", test.name, got.Seed, all)
		}
	}
}

func TestPresetsDoNotChangeEachOther(t *testing.T) {
	for range 2 {
		for name := range presets {
			if _, err := Make(Request{Preset: name, Mods: base}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	got, err := Make(Request{Preset: "death-world", Mods: base})
	if err != nil || strings.Contains(string(got.Map), `"technology_price_multiplier":4`) {
		t.Errorf("%s, %v", got.Map, err)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Preset: "paradise"}, "Unknown map gen preset: paradise"},
		{Request{Gen: json.RawMessage(`{"autoplace_controls":{"grass":{"size":1}}}`)}, `"grass" is not a valid autoplace control name.`},
		{Request{Gen: json.RawMessage(`{"autoplace_controls":{"scrap":{"size":1}}}`)}, `"scrap" is not a valid autoplace control name.`},
		{Request{Gen: json.RawMessage(`{"autoplace_controls":[]}`)}, "autoplace_controls is no object"},
		{Request{Gen: json.RawMessage(`{"seed":-1}`)}, "seed -1 is not a whole number"},
		{Request{Gen: json.RawMessage(`{"seed":"x"}`)}, "seed is no number"},
		{Request{Gen: json.RawMessage(`[]`)}, "read map generation settings"},
		{Request{Map: json.RawMessage(`{`)}, "read map settings"},
	} {
		test.request.Mods = base
		if _, err := Make(test.request); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	if _, err := Make(Request{Gen: json.RawMessage(`{"autoplace_controls":{"scrap":{"size":1}}}`), Mods: map[string]string{"space-age": "2.0.77"}}); err != nil {
		t.Error(err)
	}
}
