package view

import (
	"encoding/json"
	"reflect"
	"testing"

	"mainbus/controller/api"
)

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

func someSettings() *PackSettings {
	return NewPackSettings(api.PackSettings{Settings: []api.PackSetting{
		{Scope: StartupScope, Name: "speed", Mod: "fast", Kind: api.SettingInt, Known: true, Title: "Speed", Default: raw("5"), Min: raw("1"), Max: raw("10")},
		{Scope: StartupScope, Name: "ratio", Mod: "fast", Kind: api.SettingDouble, Known: true, Default: raw("0.5"), Value: raw("2.0"), Min: raw("0.1")},
		{Scope: MapScope, Name: "mode", Mod: "other", Kind: api.SettingString, Known: true, Default: raw(`"a"`),
			Allowed: []api.SettingChoice{{Value: raw(`"a"`), Title: "Alpha"}, {Value: raw(`"b"`), Title: "Beta"}}},
		{Scope: PerPlayerScope, Name: "tint", Mod: "other", Kind: api.SettingColor, Known: true, Default: raw(`{"r":1,"g":0,"b":0,"a":1}`)},
		{Scope: StartupScope, Name: "secret", Mod: "other", Kind: api.SettingBool, Known: true, Default: raw("true"), Hidden: true},
		{Scope: StartupScope, Name: "gone", Kind: api.SettingString, Value: raw(`"kept"`), Problem: "no mod of the pack has it"},
	}})
}

func names(rows []PackSetting) (all []string) {
	for _, r := range rows {
		all = append(all, r.Name)
	}
	return all
}

func TestSettingsAreFilteredAndMarked(t *testing.T) {
	f := someSettings()
	for name, test := range map[string]struct {
		scope, filter string
		changed       bool
		want          []string
	}{
		"all":                   {"", "", false, []string{"speed", "ratio", "mode", "tint", "gone"}}, // not what the game hides
		"scope":                 {MapScope, "", false, []string{"mode"}},
		"words in any field":    {"", "FAST spe", false, []string{"speed"}},
		"changed":               {"", "", true, []string{"ratio", "gone"}},
		"nothing goes with all": {PerPlayerScope, "fast", false, nil},
	} {
		if got := names(f.Rows(test.scope, test.filter, test.changed)); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	rows := f.Rows("", "", false)
	if r := rows[0]; r.Value != "5" || r.Changed || r.Range != "1 to 10" {
		t.Errorf("a default is shown as %+v", r)
	}
	if r := rows[1]; r.Value != "2.0" || r.Default != "0.5" || !r.Changed || r.Range != "0.1 or more" || r.Title != "ratio" {
		t.Errorf("what is set is shown as %+v", r)
	}
	if r := rows[2]; r.Value != "Alpha" {
		t.Errorf("a choice is shown as %+v", r)
	}
	if r := rows[4]; r.Problem == "" || r.Known {
		t.Errorf("one that no mod has is shown as %+v", r)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, test := range []struct{ name, text, value string }{ // an empty value: refused
		{"speed", "7", "7"}, {"speed", " 10 ", "10"}, {"speed", "11", ""}, {"speed", "0", ""}, {"speed", "1.5", ""}, {"speed", "", ""},
		{"ratio", "3", "3.0"}, {"ratio", "0,25", "0.25"}, {"ratio", "0.05", ""}, {"ratio", "NaN", ""}, {"ratio", "1e400", ""},
		{"mode", "b", `"b"`}, {"mode", "c", ""},
		{"tint", "0.5 0 0", `{"a":1.0,"b":0.0,"g":0.0,"r":0.5}`}, {"tint", "1, 2", ""}, {"tint", "1 2 3 4 5", ""}, {"tint", "red", ""},
		{"secret", "false", "false"}, {"secret", "no", ""},
		{"gone", "", ""}, {"gone", `12`, `"12"`},
	} {
		f := someSettings()
		var key string
		for _, s := range f.form.Settings {
			if s.Name == test.name {
				key = settingKey(s)
			}
		}
		problem := f.Set(key, test.text)
		changes := f.Changes()
		switch {
		case test.value == "" && (problem == "" || len(changes) > 0):
			t.Errorf("%s = %q was taken: %v", test.name, test.text, changes)
		case test.value != "" && (problem != "" || len(changes) != 1 || string(changes[0].Value) != test.value):
			t.Errorf("%s = %q: %s %v", test.name, test.text, problem, changes)
		}
	}
}

func TestSettingsGoBackToWhatTheyWere(t *testing.T) {
	f := someSettings()
	speed, ratio := settingKey(f.form.Settings[0]), settingKey(f.form.Settings[1])
	f.Set(speed, "7")
	f.Reset(speed)
	f.Set(ratio, "2")
	if n := f.Edited(); n != 0 {
		t.Errorf("%d edits that change nothing: %v", n, f.Changes())
	}
	f.Reset(ratio)
	if got := f.Changes(); len(got) != 1 || got[0].Name != "ratio" || string(got[0].Value) != "null" {
		t.Errorf("a default is asked for by %v", got)
	}
	if r := f.Rows("", "ratio", false)[0]; r.Value != "0.5" || r.Changed || !r.Edited {
		t.Errorf("a reset is shown as %+v", r)
	}
	f.Discard()
	if r := f.Rows("", "ratio", false)[0]; r.Value != "2.0" || r.Edited {
		t.Errorf("after edits were discarded: %+v", r)
	}
}

func TestGameLanguage(t *testing.T) {
	for locale, want := range map[string]string{"de-DE": "de", "en": "en", "pt-BR": "pt-BR", "pt": "pt-PT", "es-MX": "es-ES", "zh-HK": "zh-TW", "zh": "zh-CN", "sv-SE": "sv-SE", "": ""} {
		if got := GameLanguage(locale); got != want {
			t.Errorf("%q is %q, want %q", locale, got, want)
		}
	}
}
