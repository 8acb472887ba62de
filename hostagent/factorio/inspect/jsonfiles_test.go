package inspect

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/sample"
)

// Files of settings, from the file and from standard input.
func TestCommandOnSettings(t *testing.T) {
	c := build(t)
	for _, test := range []struct {
		sample   string
		format   string
		has      []string // "key.key=value" of the settings
		warnings string
	}{
		{"server-settings/2.0.55-erikfrish.json", "server-settings", []string{`game_password="(not shown)"`, "visibility.lan=true", "autosave_slots=20"}, "[]"},
		{"server-settings/2.0.76-wube-example.json", "server-settings", []string{`token=""`, `allow_commands="admins-only"`},
			`["a public game needs the username of a Factorio.com account","a public game needs the token (or the password) of a Factorio.com account"]`},
		{"map-settings/2.0.77-map-gen-settings.example.json", "map-gen-settings", []string{"seed=null", "width=0", `cliff_settings.name="cliff"`}, "[]"},
		{"map-settings/2.0.77-map-settings.example.json", "map-settings", []string{"pollution.ageing=1", "path_finder.overload_levels=[0,100,500]"}, "[]"},
	} {
		folder, name, _ := strings.Cut(test.sample, "/")
		path := filepath.Join(sample.Dir(t, folder), name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []struct {
			name  string
			stdin []byte
		}{{path, nil}, {"-", data}} {
			out, errs, code := c.inspect(t, way.stdin, way.name, "--json")
			if code != 0 || errs != "" {
				t.Errorf("%s as %s: exit code %d, %s", test.sample, way.name, code, errs)
				continue
			}
			got, _ := decode(t, []byte(out)).(map[string]any)
			if warnings, _ := json.Marshal(got["warnings"]); got["format"] != test.format || string(warnings) != test.warnings {
				t.Errorf("%s as %s: %s", test.sample, way.name, out)
			}
			for _, has := range test.has {
				key, want, _ := strings.Cut(has, "=")
				var value any = got["settings"]
				for part := range strings.SplitSeq(key, ".") {
					object, _ := value.(map[string]any)
					value = object[part]
				}
				if text, _ := json.Marshal(value); string(text) != want {
					t.Errorf("%s as %s: %s is %s, want %s", test.sample, way.name, key, text, want)
				}
			}
			if strings.Contains(out, "_comment") {
				t.Errorf("%s as %s has comments", test.sample, way.name)
			}
		}
	}
}

func TestServerSettings(t *testing.T) {
	r, err := inspect([]byte(`{"_c": 1, "visibility": {"public": true, "lan": "yes"}, "max_players": 4.0, "password": "s3cret", "future": {"a": []}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"format":"server-settings","settings":{"future":{"a":[]},"max_players":4,"password":"(not shown)",` +
		`"visibility":{"lan":"yes","public":true}},"warnings":["\"visibility.lan\" is \"yes\", but must be true or false","\"future\" is no setting that the game has",` +
		`"a public game needs the username of a Factorio.com account"]}`
	if got, _ := json.Marshal(jsonOf(t, r)); string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	text := textOf(t, r)
	for _, line := range []string{"Server settings of Factorio\n", "  visibility.lan     \"yes\"\n", "  max_players        4.0\n", "  future.a           []\n", "\nWhat is wrong\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in %s", line, text)
		}
	}
	if strings.Contains(text, "s3cret") {
		t.Errorf("a password in %s", text)
	}
}

func TestPlayerLists(t *testing.T) {
	for text, want := range map[string]string{
		`["Ann", {"username": "bob", "reason": "rude", "address": "0.0.0.0", "x": 1}, "ann"]`: `{"format":"player-list",` +
			`"players":[{"username":"Ann"},{"address":"0.0.0.0","reason":"rude","username":"bob"},{"username":"ann"}],"warnings":["\"ann\" is there more than once"]}`,
		"\ufeff\n[]": `{"format":"player-list","players":[],"warnings":[]}`,
	} {
		r, err := inspect([]byte(text), "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, _ := json.Marshal(jsonOf(t, r)); string(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if shown := textOf(t, r); strings.Contains(text, "bob") != strings.Contains(shown, "  bob  rude  0.0.0.0\n") {
			t.Errorf("%s: %s", text, shown)
		}
	}
}

func TestCommandOnPlayerLists(t *testing.T) {
	c := build(t)
	path := filepath.Join(t.TempDir(), "server-banlist.json")
	list := []byte(`["a", {"username": "b"}]`)
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	c.checkBothWays(t, path, decode(t, []byte(`{"format":"player-list","players":[{"username":"a"},{"username":"b"}],"warnings":[]}`)))
	if out, errs, code := c.inspect(t, []byte(`["a", 5]`), "-"); code != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "entry 2: 5 is neither") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestDamagedSettings(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"a list of numbers", "[1,\n2]", "it looks like a list of admins, of a whitelist or of bans, but can't be read: list of players: entry 1: 1 is neither"},
		{"a cut list", `["a",`, "it looks like a list of admins, of a whitelist or of bans, but can't be read: list of players: line 1, column 6: the JSON ends too early"},
		{"map generation settings too long", `{"cliff_settings": {}` + strings.Repeat(" ", 1<<20) + "}", "it looks like map generation settings, but can't be read: map generation settings: 1048598 bytes, more than 1 MiB"},
		{"map settings too long", `{"pollution": {}` + strings.Repeat(" ", 1<<20) + "}", "it looks like map settings, but can't be read: map settings: 1048593 bytes, more than 1 MiB"},
		{"cut map settings", `{"pollution": {"enabled":`, "it looks like JSON, but is none: line 1, column 26: the JSON ends too early"},
		{"server settings too long", `{"visibility": {}` + strings.Repeat(" ", 1<<20) + "}", "it looks like server settings, but can't be read: server settings: 1048594 bytes, more than 1 MiB"},
	} {
		r, err := inspect([]byte(test.data), "")
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %+v; want %s", test.name, err, r, test.want)
		}
	}
}

func TestMapSettings(t *testing.T) {
	for text, want := range map[string]string{
		`{"water": 2, "starting_area": "big", "autoplace_controls": {"coal": {"size": -1}}}`: `{"format":"map-gen-settings","games":["1.1"],` +
			`"settings":{"autoplace_controls":{"coal":{"size":-1}},"starting_area":"big","water":2},` +
			`"warnings":["\"autoplace_controls.coal.size\" is -1, but must be a number of at least 0 or a word such as \"none\", \"low\", \"normal\" or \"very-high\""]}`,
		`{"_c": [], "pollution": {"_c": 1, "enabled": true}, "asteroids": {}, "steering": {}}`: `{"format":"map-settings","games":["2.0"],` +
			`"settings":{"asteroids":{},"pollution":{"enabled":true},"steering":{}},"warnings":[]}`,
	} {
		r, err := inspect([]byte(text), "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, _ := json.Marshal(jsonOf(t, r)); string(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if shown := textOf(t, r); !strings.Contains(shown, "Map generation settings of Factorio\n") && !strings.Contains(shown, "Map settings of Factorio\n") || !strings.Contains(shown, "versions that have all its settings  ") {
			t.Errorf("%s: %s", text, shown)
		}
	}
}
