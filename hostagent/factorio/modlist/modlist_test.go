package modlist

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/sample"
)

func TestRealFilesRoundTrip(t *testing.T) {
	dir := sample.Dir(t, "mod-list")
	for name, mods := range map[string]int{"2.0.7-HappyMaki.json": 4, "2.0.72-altiummm-huge.json": 292} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		l, err := Parse(data)
		if err != nil || len(l.Mods) != mods || l.Problems() != nil || !l.Get("space-age").Enabled {
			t.Errorf("%s: %d mods, problems %q, %v", name, len(l.Mods), l.Problems(), err)
		}
		if string(l.Bytes()) != string(data) {
			t.Errorf("%s: written otherwise than it was read", name)
		}
	}
}

func TestParse(t *testing.T) {
	l, err := Parse([]byte(`{"comment": [1, 2], "mods": [
		{"name": "base", "enabled": true}, {"enabled": "false", "sha1": "ab", "name": "a b", "version": "01.2", "note": {"x": null}}], "z": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	m := l.Get("a b")
	if m == nil || m.Enabled || m.Version != "01.2" {
		t.Errorf("got %+v", m)
	}
	if v, ok := m.Pinned(); !ok || v != (factorio.Version{Major: 1, Minor: 2}) {
		t.Errorf("pinned %v, %v", v, ok)
	}
	if v, ok := l.Get("base").Pinned(); ok {
		t.Errorf("base is pinned to %v", v)
	}
	const want = `
{
  "mods": 
  [
    
    {
      "name": "base",
      "enabled": true
    },
    
    {
      "name": "a b",
      "enabled": false,
      "version": "01.2",
      "sha1": "ab",
      "note": {"x": null}
    }
  ],
  "comment": [1, 2],
  "z": 1
}
`
	if got := string(l.Bytes()); got != want {
		t.Errorf("written %s", got)
	}
	if got := l.Problems(); got != nil {
		t.Errorf("problems %q", got)
	}
}

func TestSetAndRemove(t *testing.T) {
	var l List
	l.Set("base", true)
	l.Set("x", true)
	l.Set("y", true)
	l.Set("x", false)
	l.Remove("y")
	l.Remove("z")
	if want := []Mod{{Name: "base", Enabled: true}, {Name: "x"}}; !reflect.DeepEqual(l.Mods, want) {
		t.Errorf("got %+v", l.Mods)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string][]string{
		`{"mods": []}`: {`"base" is missing; the game adds it as enabled`},
		`{"mods": [{"name": "base", "enabled": false}]}`: {`"base" is disabled: the game starts without its own items and scenarios`},
		`{"mods": [{"name": "base", "enabled": true}, {"name": "x", "enabled": true, "enabled": true}, {"name": "x", "enabled": false}], "a": 1, "a": 2}`: {
			`"enabled" is there more than once`, `"a" is there more than once`, `"x" is there more than once`},
	} {
		l, err := Parse([]byte(text))
		if got := l.Problems(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "mod list: no JSON: the file is empty",
		"[]":                        "mod list: it is a JSON array, but must be an object",
		`["base", "x"]`:             "mod list: it is a JSON array, but must be an object",
		`{"mods": [{"name": "base"`: "mod list: line 1, column 26: the JSON ends too early",
		`{"mods": [{"name": "x", "enabled": yes}]}`:                             "mod list: line 1, column 36: invalid character 'y' looking for beginning of value",
		`{"mods": [{"name": "x", "enabled": true},]}`:                           "mod list: line 1, column 42: invalid character ']' looking for beginning of value",
		`{"mods": []} {"mods": []}`:                                             "mod list: line 1, column 14: invalid character '{' after top-level value",
		"{\"mods\": [\n{\"name\": \"\xe4\"}]}":                                  "mod list: line 2, column 11: byte 0xe4 is not UTF-8",
		`{"mods": null}`:                                                        `mod list: no list "mods": is this a mod-list.json?`,
		`{"Mods": []}`:                                                          `mod list: no list "mods": is this a mod-list.json?`,
		`{"mods": [[]]}`:                                                        `mod list: mod 1: [] is not an object like {"name": "base", "enabled": true}`,
		`{"mods": [{"name": "", "enabled": true}]}`:                             `mod list: mod 1: it has no "name"`,
		`{"mods": [{"name": "x", "enabled": "yes"}]}`:                           `mod list: mod 1: "x": "enabled" is "yes", but must be true or false`,
		`{"mods": [{"name": "x", "enabled": null}]}`:                            `mod list: mod 1: "x": "enabled" is null, but must be true or false`,
		`{"mods": [{"name": "x", "enabled": [` + "\n" + `]}]}`:                  `mod list: mod 1: "x": "enabled" is [], but must be true or false`,
		`{"mods": [{"name": "x", "version": 1.0}]}`:                             `mod list: mod 1: "x": "version" is 1.0, but must be a text`,
		`{"mods": [{"name": "x", "version": "1.70000"}]}`:                       `mod list: mod 1: "x": parse version "1.70000": 70000 is more than 65535`,
		`{"mods": [{"name": "a", "enabled": true}, null]}`:                      `mod list: mod 2: null is not an object like {"name": "base", "enabled": true}`,
		`{"mods": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "mod list: line 1, column 110: nested deeper than 100",
		"{" + strings.Repeat(" ", 16<<20) + "}":                                 "mod list: 16777218 bytes of JSON, more than 16 MiB",
		`{"mods": [}`:                                                           "mod list: line 1, column 11: invalid character '}' looking for beginning of value",
		`{"name": "x", "version": "1.0.0"}`:                                     `mod list: no list "mods": is this a mod-list.json?`,
		`{"mods": {}}`:                                                          `mod list: no list "mods": is this a mod-list.json?`,
		`{"mods": ["base"]}`:                                                    `mod list: mod 1: "base" is not an object like {"name": "base", "enabled": true}`,
		`{"mods": [{"enabled": true}]}`:                                         `mod list: mod 1: it has no "name"`,
		`{"mods": [{"name": "x"}]}`:                                             `mod list: mod 1: "x": it has no "enabled"`,
		`{"mods": [{"name": 1, "enabled": true}]}`:                              `mod list: mod 1: "name" is 1, but must be a text`,
		`{"mods": [{"name": "x", "enabled": 1}]}`:                               `mod list: mod 1: "x": "enabled" is 1, but must be true or false`,
		`{"mods": [{"name": "x", "version": "new"}]}`:                           `mod list: mod 1: "x": parse version "new": want numbers like 1.2.3`,
		`{"mods": [` + strings.Repeat("0,", maxMods) + `0]}`:                    "mod list: 20001 mods are more than 20000",
	} {
		if l, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.80s:\n got %+v, %v\nwant %s", text, l, err, want)
		}
	}
}

func TestGeneratedListsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		var want List
		for range r.IntN(5) {
			m := Mod{Name: []string{"base", "a b", `"<ä>"`}[r.IntN(3)], Enabled: r.IntN(2) == 0, Version: []string{"", "1.2.3", " 01.2"}[r.IntN(3)]}
			want.Mods = append(want.Mods, m)
		}
		got, err := Parse(want.Bytes())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nread %+v, %v\nwant %+v", want.Bytes(), got, err, want)
		}
	}
}

// Lists of old games hold texts instead of truth values, and no versions.
func TestGeneratedOldListsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var want List
		for range r.IntN(5) {
			want.Mods = append(want.Mods, Mod{Name: []string{"base", "a b", `"<ä>"`}[r.IntN(3)], Enabled: r.IntN(2) == 0})
		}
		old := strings.NewReplacer(": true", `: "true"`, ": false", `: "false"`).Replace(string(want.Bytes()))
		got, err := Parse([]byte(old))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nread %+v, %v\nwant %+v", old, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"mods":[{"name":"base","enabled":true},{"name":"x","enabled":"false","version":"1.2.3","sha1":"x"}],"y":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(data)
		if err != nil {
			return
		}
		l.Problems()
		again, err := Parse(l.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, l.Bytes())
		}
		if string(again.Bytes()) != string(l.Bytes()) {
			t.Errorf("written %s\nagain %s", l.Bytes(), again.Bytes())
		}
	})
}
