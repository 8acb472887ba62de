package serversettings

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/sample"
)

func TestRealFiles(t *testing.T) {
	dir := sample.Dir(t, "server-settings")
	example := Defaults()
	example.Name, example.Tags, example.Public, example.LAN = "Name of the game as it will appear in the game listing", []string{"game", "tags"}, true, true
	example.Description = "Description of the game that will appear in the listing"
	private := Defaults()
	private.Name, private.Description, private.Tags, private.LAN = "Example server", "Example description", []string{"game", "tags"}, true
	private.GamePassword, private.RequireUserVerification, private.AutosaveSlots = "REDACTED", false, 20
	for _, test := range []struct {
		name     string
		want     Settings
		problems []string
	}{
		{"2.0.55-erikfrish.json", private, nil},
		{"2.0.76-wube-example.json", example, []string{
			"a public game needs the username of a Factorio.com account", "a public game needs the token (or the password) of a Factorio.com account"}},
	} {
		data, err := os.ReadFile(filepath.Join(dir, test.name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got, err := f.Settings(); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", test.name, got, err, test.want)
		}
		if got := f.Problems(); !reflect.DeepEqual(got, test.problems) {
			t.Errorf("%s: problems %q", test.name, got)
		}
		for _, field := range fields() { // a file of 2.0 has every key
			if _, ok := f.doc.Get(strings.Split(field.key, ".")...); !ok {
				t.Errorf("%s has no %s", test.name, field.key)
			}
		}
		if string(f.Bytes()) != string(data) {
			t.Errorf("%s: written otherwise than it was read", test.name)
		}
	}
}

func TestSetKeepsTheRest(t *testing.T) {
	const text = "{\n  \"_comment\": [\"a\"],\n  \"unknown\": {\"x\": 1.50},\n\n  \"visibility\": {\"public\": true, \"steam\": 1},\n  \"max_players\": 5.0\n}\n"
	f, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []struct {
		key   string
		value any
	}{{"visibility.public", false}, {"max_players", 7}, {"name", "<ä>"}, {"allow_commands", Everybody}} {
		if err := f.Set(set.key, set.value); err != nil {
			t.Error(err)
		}
	}
	want := strings.NewReplacer("true", "false", "5.0", "7,\n  \"name\": \"<ä>\",\n  \"allow_commands\": true").Replace(text)
	if got := string(f.Bytes()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if s, err := f.Settings(); err != nil || s.MaxPlayers != 7 || s.AllowCommands != Everybody || s.Public {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestSetRefuses(t *testing.T) {
	f := New()
	before := string(f.Bytes())
	for _, test := range []struct {
		key   string
		value any
		want  string
	}{
		{"max_player", 1, `server settings: the game has no setting "max_player"`},
		{"visibility", true, `server settings: the game has no setting "visibility"`},
		{"max_players", -1, `server settings: "max_players" is -1, but must be a whole number from 0 to 2147483647`},
		{"max_heartbeats_per_second", 5, `server settings: "max_heartbeats_per_second" is 5, but must be a whole number from 6 to 240`},
		{"allow_commands", Commands("all"), `server settings: "allow_commands" is "all", but must be true, false or "admins-only"`},
		{"token", 5, `server settings: "token" must be a text`},
		{"name", func() {}, "server settings: set name: json: unsupported type: func()"},
	} {
		if err := f.Set(test.key, test.value); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v\nwant %s", test.key, err, test.want)
		}
	}
	if string(f.Bytes()) != before {
		t.Error("a refused value changed the file")
	}
}

func TestNewHasTheDefaults(t *testing.T) {
	f := New()
	want := Defaults()
	want.Tags = []string{}
	if got, err := f.Settings(); err != nil || !reflect.DeepEqual(got, want) || f.Problems() != nil {
		t.Errorf("%+v, %v, %q", got, err, f.Problems())
	}
	empty, err := Parse([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := empty.Settings(); err != nil || !reflect.DeepEqual(got, Defaults()) || empty.Problems() != nil {
		t.Errorf("of nothing: %+v, %v, %q", got, err, empty.Problems())
	}
	wrong, err := Parse([]byte(`{"max_players": "ten"}`))
	if err != nil {
		t.Fatal(err)
	}
	const message = `server settings: "max_players" is "ten", but must be a whole number from 0 to 2147483647`
	if _, err := wrong.Settings(); err == nil || err.Error() != message {
		t.Errorf("got %v", err)
	}
	for _, key := range []string{"name", "visibility", "autosave_slots", "maximum_segment_size_peer_count"} {
		if !strings.Contains(string(f.Bytes()), "\n  \""+key+"\": ") {
			t.Errorf("%s is not on a line of its own in %s", key, f.Bytes())
		}
	}
}

func TestProblems(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`{"max_players": "ten"}`, []string{`"max_players" is "ten", but must be a whole number from 0 to 2147483647`}},
		{`{"max_players": 1.5}`, []string{`"max_players" is 1.5, but must be a whole number from 0 to 2147483647`}},
		{`{"max_players": 1e300}`, []string{`"max_players" is 1e300, but must be a whole number from 0 to 2147483647`}},
		{`{"autosave_slots": null}`, []string{`"autosave_slots" is null, but must be a whole number from 0 to 2147483647`}},
		{`{"max_heartbeats_per_second": 241}`, []string{`"max_heartbeats_per_second" is 241, but must be a whole number from 6 to 240`}},
		{`{"allow_commands": "admin"}`, []string{`"allow_commands" is "admin", but must be true, false or "admins-only"`}},
		{`{"allow_commands": "true"}`, nil},
		{`{"auto_pause": "true"}`, []string{`"auto_pause" is "true", but must be true or false`}},
		{`{"name": ["x"]}`, []string{`"name" is ["x"], but must be a text`}},
		{`{"tags": "a, b"}`, []string{`"tags" is "a, b", but must be a list`}},
		{`{"tags": ["a", 2]}`, []string{`"tags[1]" is 2, but must be a text`}},
		{`{"visibility": true}`, []string{`"visibility" is true, but must be an object`}},
		{`{"visibility": {"public": 1, "_x": 1, "lan": true}}`, []string{`"visibility.public" is 1, but must be true or false`}},
		{`{"visibility": {"hidden": true}, "Name": "x"}`, []string{`"visibility.hidden" is no setting that the game has`, `"Name" is no setting that the game has`}},
		{`{"password": 12345, "token": ["abc"]}`, []string{`"password" must be a text`, `"token" must be a text`}},
		{`{"visibility": {"public": true}, "username": "u", "token": "t", "require_user_verification": false}`, []string{
			"a public game must have require_user_verification on, or it does not start"}},
		{`{"visibility": {"public": true}, "username": "u", "password": "p"}`, nil},
		{`{"visibility": {"public": true}, "token": "t"}`, []string{"a public game needs the username of a Factorio.com account"}},
		{`{"auto_pause": true, "auto_pause": false}`, []string{`"auto_pause" is there more than once`}},
		{`{"visibility.public": true}`, []string{`"visibility.public" is no setting that the game has`}},
		{`{"admins": ["a"]}`, []string{`"admins" says nothing since 0.17: admins are in server-adminlist.json`}},
		{`{"minimum_segment_size": 101, "minimum_segment_size_peer_count": 9}`, []string{
			"minimum_segment_size is 101, more than maximum_segment_size, which is 100",
			"minimum_segment_size_peer_count is 9, less than maximum_segment_size_peer_count, which is 10"}},
	} {
		f, err := Parse([]byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got := f.Problems(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", test.text, got, test.want)
		}
	}
}

func TestShownHasNoSecret(t *testing.T) {
	f, err := Parse([]byte(`{"_comment": "c", "token": "s3cret", "token": {"x": "s3cret"}, "x": {"_c": 1, "y": 1.0}, "password": "s3cret", "game_password": ""}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"token": "(not shown)", "x": {"y": 1.0}, "password": "(not shown)", "game_password": ""}`
	if got := string(f.Shown()); got != want {
		t.Errorf("got %s", got)
	}
	if text := strings.Join(f.Problems(), "\n"); strings.Contains(text, "s3cret") {
		t.Errorf("problems: %s", text)
	}
}

func TestParseRefuses(t *testing.T) {
	example := string(New().Bytes())
	for text, want := range map[string]string{
		"":                                    "no JSON: the file is empty",
		"\r\n\t":                              "no JSON: the file is empty",
		`["a"]`:                               "it is a JSON array, but must be an object",
		`"name"`:                              "it is a JSON text, but must be an object",
		"null":                                "it is a JSON null, but must be an object",
		"{\n  \"name\": \"x\",\n}":            "line 3, column 1: invalid character '}' looking for beginning of object key string",
		"{\n  \"name\": \"x\"\n  \"a\": 1}":   "line 3, column 3: invalid character '\"' after object key:value pair",
		"{\n  \"name\": \"x":                  "line 2, column 13: the JSON ends too early",
		example[:1]:                           "line 1, column 2: the JSON ends too early",
		example[:strings.Index(example, ":")]: "line 2, column 9: the JSON ends too early",
		example[:len(example)-2]:              "line 29, column 40: the JSON ends too early",
		example + example:                     "line 31, column 1: invalid character '{' after top-level value",
		"{\"name\": 'x'}":                     "line 1, column 10: invalid character '\\'' looking for beginning of value",
		"{name: \"x\"}":                       "line 1, column 2: invalid character 'n' looking for beginning of object key string",
		"{\"name\": \"a\nb\"}":                "line 1, column 12: invalid character '\\n' in string literal",
		"{\"name\": \"C:\\games\"}":           "line 1, column 14: invalid character 'g' in string escape code",
		"{\"max_players\": 010}":              "line 1, column 18: invalid character '1' after object key:value pair",
		"{\"max_players\": +5}":               "line 1, column 17: invalid character '+' looking for beginning of value",
		"{\"auto_pause\": True}":              "line 1, column 16: invalid character 'T' looking for beginning of value",
		"{\"visibility\": {\"public\": true}": "line 1, column 32: the JSON ends too early",
		"{\"tags\": [\"a\", ]}":               "line 1, column 16: invalid character ']' looking for beginning of value",
		"{\"tags\": (\"a\")}":                 "line 1, column 10: invalid character '(' looking for beginning of value",
		"# comment\n{}":                       "line 1, column 1: invalid character '#' looking for beginning of value",
		"{} trailing":                         "line 1, column 4: invalid character 't' after top-level value",
		"{\n\"name\": \"Caf\xe9\"}":           "line 2, column 13: byte 0xe9 is not UTF-8",
		"\xff\xfe{\x00}\x00":                  "the text is UTF-16: save it as UTF-8",
		`{"x": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}": "line 1, column 107: nested deeper than 100",
		"{" + strings.Repeat(" ", 1<<20):                                       "1048577 bytes, more than 1 MiB",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != "server settings: "+want {
			t.Errorf("%.40q: got %v\nwant %s", text, err, want)
		}
	}
}

// generated makes settings with keys of every type.
func generated(t *testing.T, r *rand.Rand) Settings {
	s := Settings{Tags: []string{}}
	for _, field := range fields() {
		switch to := field.of(&s).(type) {
		case *string:
			*to = []string{"", "a b", "\"<ä>\\\n", "true"}[r.IntN(4)]
		case *[]string:
			*to = [][]string{{}, {"a"}, {"", "\u2028", "x"}}[r.IntN(3)]
		case *bool:
			*to = r.IntN(2) == 0
		case *int:
			*to = []int{6, 60, 240}[r.IntN(3)]
		case *Commands:
			*to = []Commands{Everybody, Nobody, AdminsOnly}[r.IntN(3)]
		default:
			t.Fatalf("%s has no generator", field.key)
		}
	}
	return s
}

// A file of a game that lacks keys gives their defaults.
func TestGeneratedSettingsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for version, lacks := range map[string][]string{
		"0.17": {"auto_pause_when_players_connect", "max_heartbeats_per_second", "minimum_segment_size", "minimum_segment_size_peer_count",
			"maximum_segment_size", "maximum_segment_size_peer_count"},
		"0.17.59": {"auto_pause_when_players_connect", "max_heartbeats_per_second"},
		"1.1.43":  {"auto_pause_when_players_connect"},
		"2.0":     nil,
	} {
		for range 50 {
			want := generated(t, r)
			f := New()
			if err := f.SetAll(want); err != nil {
				t.Fatal(err)
			}
			defaults := Defaults()
			for _, field := range fields() {
				if slices.Contains(lacks, field.key) {
					f.doc.Delete(field.key)
					reflect.ValueOf(field.of(&want)).Elem().Set(reflect.ValueOf(field.of(&defaults)).Elem())
				}
			}
			again, err := Parse(f.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.Settings(); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: read %+v, %v\nwant %+v\nfrom %s", version, got, err, want, f.Bytes())
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(New().Bytes())
	f.Add([]byte(`{"_c": 1, "max_players": 5.0, "allow_commands": "true", "visibility": {"public": true}, "tags": ["a", 1], "x": {}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		s, _ := file.read()
		problems := file.Problems()
		for _, p := range problems {
			if len(p) > 400 || strings.Contains(p, "\n") {
				t.Errorf("a problem of %d bytes: %q", len(p), p)
			}
		}
		s.Name, s.Public, s.MaxPlayers, s.AllowCommands = "n", !s.Public, s.MaxPlayers/2, Nobody
		for key, value := range map[string]any{"name": s.Name, "visibility.public": s.Public, "max_players": s.MaxPlayers, "allow_commands": s.AllowCommands} {
			if err := file.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Parse(file.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, file.Bytes())
		}
		if got, _ := again.read(); !reflect.DeepEqual(got, s) {
			t.Errorf("read %+v\nwant %+v", got, s)
		}
	})
}
