package instance

import (
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/games"
	"mainbus/transport/wire"
)

func TestWish(t *testing.T) {
	ran := state{Version: "2.0.76", Selector: "2.0"}
	for _, test := range []struct {
		name    string
		desired *wire.DesiredInstance
		state   state
		again   bool
		last    string // that it stays with
	}{
		{"any stays", &wire.DesiredInstance{}, state{Version: "2.0.76"}, false, "2.0.76"},
		{"any at first", &wire.DesiredInstance{}, state{}, false, "0.0.0"},
		{"started again by itself", &wire.DesiredInstance{Version: "2.0"}, ran, true, "2.0.76"},
		{"started by somebody", &wire.DesiredInstance{Version: "2.0"}, ran, false, "0.0.0"},
		{"wanted otherwise since", &wire.DesiredInstance{Version: "stable"}, ran, true, "0.0.0"},
		{"nobody's", nil, ran, true, "2.0.76"},
	} {
		w, err := wish(test.desired, test.state, test.again)
		if err != nil || w.Last.String() != test.last || w.Selector.String() != test.desired.GetVersion() {
			t.Errorf("%s: %+v, %v; want it to stay with %s", test.name, w, err, test.last)
		}
	}
	if _, err := wish(&wire.DesiredInstance{Version: "newest"}, ran, true); err == nil {
		t.Error("no error for a version that is none")
	}
}

func TestSaveOfANewerGameIsRefused(t *testing.T) {
	l := &launch{game: games.Game{Identity: install.Identity{Version: factorio.Version{Major: 2, Patch: 76}}}}
	for version, refused := range map[string]bool{"2.0.76": false, "2.0.7": false, "1.1.110": false, "2.0.77": true, "2.1.0": true} {
		v, err := factorio.ParseVersion(version)
		if err != nil {
			t.Fatal(err)
		}
		err = l.checkVersion(chosen{path: "/saves/a.zip", version: v})
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "a.zip was written by Factorio "+version+" and can't be loaded by 2.0.76") {
			t.Errorf("a save of %s: %v", version, err)
		}
	}
}
