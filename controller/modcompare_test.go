package controller

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/controller/api"
)

func side(version string, crc uint32) *api.ModSide {
	s := &api.ModSide{Version: version, Enabled: true}
	if crc != 0 {
		s.CRC = &crc
	}
	return s
}

func TestComparisonOfMods(t *testing.T) {
	off := &api.ModSide{Version: "1.0.0"}
	tests := map[string]struct {
		server, save, client *api.ModSide
		noSave, noClient     bool
		state, advice        string
	}{
		"the same everywhere":            {side("1.0.0", 7), side("1.0.0", 7), side("1.0.0", 7), false, false, api.ModSame, ""},
		"contents unknown":               {side("1.0.0", 7), side("1.0.0", 7), side("1.0.0", 0), false, false, api.ModSame, ""},
		"version unknown":                {side("1.0.0", 0), side("1.0.0", 7), side("", 0), false, false, api.ModSame, ""},
		"off everywhere":                 {off, nil, nil, false, false, api.ModSame, ""},
		"the player has another version": {side("1.0.0", 7), side("1.0.0", 7), side("1.1.0", 0), false, false, api.ModDiffers, "The player needs x 1.0.0 instead of 1.1.0."},
		"the player has another content": {side("1.0.0", 7), side("1.0.0", 7), side("1.0.0", 8), false, false, api.ModDiffers, "another content than the server's"},
		"the player has none":            {side("1.0.0", 7), side("1.0.0", 7), nil, false, false, api.ModMissing, "The player needs x 1.0.0."},
		"the player has it off":          {side("1.0.0", 7), side("1.0.0", 7), off, false, false, api.ModMissing, "The player has to switch x on."},
		"the player has one more":        {nil, nil, side("1.0.0", 0), false, false, api.ModMissing, "The player has to switch x off for this server."},
		"no player is asked about":       {side("1.0.0", 7), side("1.0.0", 7), nil, false, true, api.ModSame, ""},
		"no save":                        {side("1.0.0", 7), nil, nil, true, true, api.ModSame, ""},
		"new to the save":                {side("1.0.0", 7), nil, nil, false, true, api.ModMissing, ""},
		"newer than in the save":         {side("1.1.0", 7), side("1.0.0", 6), nil, false, true, api.ModDiffers, ""},
		"older than in the save":         {side("1.0.0", 7), side("1.1.0", 8), nil, false, true, api.ModDiffers, "The save was played with x 1.1.0, which is newer than the server's 1.0.0"},
		"gone since the save":            {off, side("1.0.0", 7), nil, false, true, api.ModMissing, "what comes of that mod vanishes from the map"},
		"both want something": {nil, side("1.0.0", 7), side("1.0.0", 0), false, false, api.ModMissing,
			"The player has to switch x off for this server. The save was played with x 1.0.0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sides := func(s *api.ModSide) modSides {
				m := modSides{}
				if s != nil {
					m["x"] = s
				}
				return m
			}
			c := comparison{server: sides(test.server), save: sides(test.save), client: sides(test.client)}
			if test.noSave {
				c.save = nil
			}
			if test.noClient {
				c.client = nil
			}
			row := c.row("x")
			if row.State != test.state || (row.Advice == "") != (test.advice == "") || !strings.Contains(row.Advice, test.advice) {
				t.Errorf("it is %s: %q, want %s: %q", row.State, row.Advice, test.state, test.advice)
			}
		})
	}
}

// The game's own mods have the version of the game, which a player's game tells by itself.
func TestComparisonOfTheGamesOwnMods(t *testing.T) {
	for name, test := range map[string]struct {
		server, client *api.ModSide
		state          string
	}{
		"other version, same content": {side("2.0.77", 7), side("2.0.76", 7), api.ModSame},
		"other version, not known":    {side("2.0.77", 7), side("2.0.76", 0), api.ModSame},
		"other content":               {side("2.0.77", 7), side("2.0.55", 8), api.ModDiffers},
	} {
		c := comparison{server: modSides{"space-age": test.server}, client: modSides{"space-age": test.client}}
		if got := c.row("space-age").State; got != test.state {
			t.Errorf("%s: %s, want %s", name, got, test.state)
		}
	}
	c := comparison{server: modSides{"space-age": side("2.0.77", 7)}, client: modSides{}}
	if got := c.row("space-age").Advice; !strings.Contains(got, "Space Age expansion") {
		t.Errorf("advice is %q", got)
	}
}

func TestWhatNeedsSomethingComesFirst(t *testing.T) {
	c := comparison{
		server: modSides{"a": side("1.0.0", 0), "b": side("1.0.0", 0), "c": side("1.1.0", 0)}, save: modSides{"a": side("1.0.0", 0), "b": side("1.0.0", 0), "c": side("1.0.0", 0)},
		client: modSides{"a": side("1.0.0", 0), "c": side("1.1.0", 0)},
	}
	var names []string
	for _, row := range c.rows() {
		names = append(names, row.Name)
	}
	if !slices.Equal(names, []string{"b", "c", "a"}) {
		t.Errorf("the order is %v", names)
	}
}

func TestWhatAPlayerHas(t *testing.T) {
	dir := t.TempDir()
	list := `{"mods":[{"name":"base","enabled":true},{"name":"belts","enabled":true,"version":"1.2.3"},{"name":"trains","enabled":false}]}`
	file := filepath.Join(dir, "mod-list.json")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]api.CompareMods{"a file": {Client: file}, "a folder": {Client: dir}, "a text": {ClientList: list}} {
		sides, kind, err := clientMods(r)
		if err != nil || kind == "" {
			t.Fatalf("%s: %v", name, err)
		}
		if b := sides["belts"]; b == nil || b.Version != "1.2.3" || !b.Enabled || sides["trains"] == nil || sides["trains"].Enabled || !sides["base"].Enabled {
			t.Errorf("%s: %v", name, sides)
		}
	}
	if sides, _, err := clientMods(api.CompareMods{}); sides != nil || err != nil {
		t.Errorf("nobody: %v, %v", sides, err)
	}
	for name, r := range map[string]api.CompareMods{
		"no full path": {Client: "mods"}, "not there": {Client: filepath.Join(dir, "x")}, "no save": {Client: filepath.Join(dir, "x.zip")}, "rubbish": {ClientList: "x"},
	} {
		if _, _, err := clientMods(r); api.AsError(err).Code == api.Internal || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
