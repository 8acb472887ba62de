package view

import (
	"reflect"
	"testing"

	"mainbus/controller/api"
)

func TestServerSettingsAreReadWithTheGamesDefaults(t *testing.T) {
	for _, test := range []struct {
		text string
		want ServerSettings
	}{
		{`{}`, ServerSettings{AutosaveInterval: 10, AutosaveSlots: 5, AutoPause: true}},
		{`{"name":"Nauvis","description":"d","max_players":8,"visibility":{"public":true,"lan":true},"autosave_interval":3,"autosave_slots":9,"auto_pause":false,"game_password":"(not shown)","more":[1]}`,
			ServerSettings{Name: "Nauvis", Description: "d", MaxPlayers: 8, Public: true, LAN: true, AutosaveInterval: 3, AutosaveSlots: 9, HasPassword: true}},
		{`{"max_players":"many","auto_pause":false,"game_password":""}`, ServerSettings{AutosaveInterval: 10, AutosaveSlots: 5}},
	} {
		if got, err := ReadSettings(api.ServerSettings{Settings: []byte(test.text)}); err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", test.text, got, err, test.want)
		}
	}
	if _, err := ReadSettings(api.ServerSettings{Settings: []byte("{")}); err == nil {
		t.Error("half a file is read")
	}
}

func TestOnlyWhatDiffersIsSet(t *testing.T) {
	was := ServerSettings{Name: "Nauvis", AutosaveInterval: 5}
	if changes := was.Changes(was); len(changes) > 0 {
		t.Errorf("changes nothing by %q", changes)
	}
	now := ServerSettings{Name: "12", Description: `a "b"`, MaxPlayers: 3, Public: true, LAN: true, AutosaveSlots: 2, AutoPause: true}
	want := []Setting{{"name", `"12"`}, {"description", `"a \"b\""`}, {"max_players", "3"}, {"visibility.public", "true"}, {"visibility.lan", "true"},
		{"autosave_interval", "0"}, {"autosave_slots", "2"}, {"auto_pause", "true"}}
	if got := now.Changes(was); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVersionsToChooseFrom(t *testing.T) {
	got := VersionOptions(api.HostGames{Games: []api.Game{{Version: "2.0.9"}, {Version: "2.0.77"}, {Problem: "broken"}}},
		api.AvailableGames{Versions: []string{"2.1.13", "2.0.77", "1.1.110"}})
	want := []string{"any", "stable", "experimental", "2.1", "2.0", "1.1", "2.1.13", "2.0.77", "2.0.9", "1.1.110"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
