package view

import (
	"strings"
	"testing"

	"mainbus/controller/api"
)

func TestWhatAnImportMakesIsToldWithWhatIsMissing(t *testing.T) {
	d := api.PackDraft{Source: api.PackFromSave, Remarks: []string{"The save says no settings."}, Pack: api.Pack{PackRow: api.PackRow{Name: "Nauvis", Game: "2.0.77", Mods: 30, Disabled: 2}}}
	for i := range 30 {
		d.Missing = append(d.Missing, api.MissingMod{Name: "mod-" + string(rune('a'+i%26)), Version: "1.0.0"})
	}
	text := strings.Join(DraftWords(d), "\n")
	for _, want := range []string{"A save: pack “Nauvis” for Factorio 2.0.77, 30 + 2 off mods", "30 of them are not stored yet", "mod-a 1.0.0, ", "and 22 more", "The save says no settings."} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestModsOfAPackThatAreInTheWay(t *testing.T) {
	rows := PackMods([]api.PackMod{
		{Name: "base", Version: "2.0.77", Enabled: true, BuiltIn: true},
		{Name: "a", Enabled: true, Stored: true, Title: "A mod"}, {Name: "b", Enabled: true}, {Name: "c"}, {Name: "d", Stored: true, Problem: "its file is damaged"},
	})
	want := []bool{false, false, true, false, true}
	for i, r := range rows {
		if r.Trouble() != want[i] {
			t.Errorf("%s: trouble %v, %s", r.Name, r.Trouble(), r.StateWord())
		}
	}
	if rows[1].Title != "A mod" || rows[2].Title != "b" {
		t.Errorf("titles %q, %q", rows[1].Title, rows[2].Title)
	}
}
