package modinfo

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
)

func version(a, b, c uint16) factorio.Version { return factorio.Version{Major: a, Minor: b, Patch: c} }

func TestParse(t *testing.T) {
	got, err := Parse([]byte(`{
		"name": "Ein Mod", "version": " 01.2", "title": "T", "author": ["A", "B"], "homepage": "h", "contact": "c", "description": "d",
		"factorio_version": "2.0", "unknown": {"kept": "out"},
		"dependencies": ["base >= 2.0.7", "! evil mod", "?maybe>1.0", "(?) hidden = 1.2.3", "~ loop <= 4.5.6", "+ nice < 2"],
		"quality_required": true, "space_travel_required": true, "spoiling_required": false
	}`))
	if err == nil || err.Error() != `info.json: dependency "+ nice < 2": parse version " 2": want numbers like 1.2.3` {
		t.Errorf("a version of one number: %+v, %v", got, err)
	}
	got, err = Parse([]byte(`{
		"name": "Ein Mod", "version": " 01.2", "title": "T", "author": ["A", "B"], "homepage": "h", "contact": "c", "description": "d",
		"factorio_version": "2.0.7", "unknown": {"kept": "out"},
		"dependencies": ["base >= 2.0.7", "! evil mod", "?maybe>1.0", "(?) hidden = 1.2.3", "~ loop <= 4.5.6", "+ nice < 2.0"],
		"quality_required": true, "space_travel_required": true, "spoiling_required": false
	}`))
	want := Info{
		Name: "Ein Mod", Version: version(1, 2, 0), VersionText: " 01.2", Title: "T", Author: "A, B", Homepage: "h", Contact: "c", Description: "d",
		FactorioVersion: version(2, 0, 0),
		Dependencies: []Dependency{
			{Required, "base", ">=", version(2, 0, 7)}, {Incompatible, "evil mod", "", version(0, 0, 0)}, {Optional, "maybe", ">", version(1, 0, 0)},
			{HiddenOptional, "hidden", "=", version(1, 2, 3)}, {Unordered, "loop", "<=", version(4, 5, 6)}, {Recommended, "nice", "<", version(2, 0, 0)},
		},
		Flags:    []string{"quality", "space_travel"},
		problems: []string{`"factorio_version" is "2.0.7", which the mod portal refuses: it wants "2.0"`},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if got.FileName() != "Ein Mod_ 01.2.zip" || got.FolderName() != "Ein Mod_ 01.2" {
		t.Errorf("file %q, folder %q", got.FileName(), got.FolderName())
	}
}

func TestDefaults(t *testing.T) {
	got, err := Parse([]byte(`{"name": "x", "version": "1.2.3"}`))
	want := Info{Name: "x", Version: version(1, 2, 3), VersionText: "1.2.3", FactorioVersion: version(0, 12, 0), Dependencies: []Dependency{{Name: "base"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	problems := []string{`it has no "title", which the game wants`, `it has no "author", which the game wants`}
	if got := got.Problems(); !reflect.DeepEqual(got, problems) {
		t.Errorf("problems %q", got)
	}
	if got, err := Parse([]byte(`{"name": "x", "version": "1.2.3", "dependencies": []}`)); err != nil || got.Dependencies != nil {
		t.Errorf("an empty list of dependencies is %v, %v", got.Dependencies, err)
	}
}

func TestDependencies(t *testing.T) {
	for text, want := range map[string]Dependency{
		"base":                {Name: "base"},
		"  base  ":            {Name: "base"},
		"Big Mod 2":           {Name: "Big Mod 2"},
		"Big Mod 2 >= 1.0":    {Name: "Big Mod 2", Op: ">=", Version: version(1, 0, 0)},
		"a=1.2.3":             {Name: "a", Op: "=", Version: version(1, 2, 3)},
		"!a":                  {Kind: Incompatible, Name: "a"},
		"! a < 1.2.3":         {Kind: Incompatible, Name: "a", Op: "<", Version: version(1, 2, 3)},
		"(?)a":                {Kind: HiddenOptional, Name: "a"},
		"?  a  <=  01.02.03 ": {Kind: Optional, Name: "a", Op: "<=", Version: version(1, 2, 3)},
		"~a>1.2.3-beta":       {Kind: Unordered, Name: "a", Op: ">", Version: version(1, 2, 3)},
		"+ a":                 {Kind: Recommended, Name: "a"},
		"a-b_c.d":             {Name: "a-b_c.d"},
	} {
		got, err := ParseDependency(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := ParseDependency(got.String()); err != nil || again != got {
			t.Errorf("%q, written %q: %+v, %v", text, got, again, err)
		}
	}
	for text, want := range map[string]string{
		"":              `dependency "" names no mod`,
		"? ":            `dependency "? " names no mod`,
		">= 1.0":        `dependency ">= 1.0" names no mod`,
		"a == 1.0":      `dependency "a == 1.0": "==" is none of < <= = >= >`,
		"a => 1.0":      `dependency "a => 1.0": "=>" is none of < <= = >= >`,
		"a >=":          `dependency "a >=": parse version "": want numbers like 1.2.3`,
		"a >= one":      `dependency "a >= one": parse version " one": want numbers like 1.2.3`,
		"a >= 1.70000":  `dependency "a >= 1.70000": parse version " 1.70000": 70000 is more than 65535`,
		"a >= 1.0 <2.0": `dependency "a >= 1.0 <2.0" has more than one condition`,
	} {
		got, err := ParseDependency(text)
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %+v, %v\nwant %s", text, got, err, want)
		}
	}
}

func TestUnmet(t *testing.T) {
	enabled := map[string]factorio.Version{"a": version(1, 2, 3)}
	for text, want := range map[string]string{
		"a":            "",
		"a >= 1.2.3":   "",
		"a > 1.2.3":    "it needs a > 1.2.3, but 1.2.3 is there",
		"a < 1.2.4":    "",
		"a <= 1.2.2":   "it needs a <= 1.2.2, but 1.2.3 is there",
		"a = 1.2":      "it needs a = 1.2.0, but 1.2.3 is there",
		"~ a < 1.0":    "it needs a < 1.0.0, but 1.2.3 is there",
		"? a < 1.0":    "it needs a < 1.0.0, but 1.2.3 is there",
		"(?) a >= 2.0": "it needs a >= 2.0.0, but 1.2.3 is there",
		"+ a":          "",
		"b >= 1.0":     "it needs b >= 1.0.0, which is missing or disabled",
		"~ b":          "it needs b, which is missing or disabled",
		"? b >= 1.0":   "",
		"(?) b":        "",
		"+ b":          "",
		"! b":          "",
		"! a":          "it can't be used together with a",
		"! a > 5.0":    "it can't be used together with a",
	} {
		d, err := ParseDependency(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Unmet(enabled); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestRunsIn(t *testing.T) {
	for _, test := range []struct {
		mod, game factorio.Version
		want      bool
	}{
		{version(2, 0, 0), version(2, 0, 77), true},
		{version(2, 0, 0), version(2, 1, 9), false},
		{version(2, 1, 0), version(2, 0, 77), false},
		{version(1, 1, 0), version(2, 1, 0), false},
		{version(0, 18, 0), version(1, 0, 0), true},
		{version(0, 18, 0), version(1, 1, 0), false},
		{version(0, 17, 0), version(0, 17, 79), true},
	} {
		if got := (Info{FactorioVersion: test.mod}).RunsIn(test.game); got != test.want {
			t.Errorf("for %v in %v: %v", test.mod, test.game, got)
		}
	}
}

func TestProblems(t *testing.T) {
	long := strings.Repeat("ä", 101)
	info, err := Parse([]byte(`{"name": "` + long + `/", "version": "1.2.3.4", "title": "` + long + `", "author": "x", "title": "` + long + `",
		"dependencies": ["a", "? a", "` + long + `/"]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"title" is there more than once`,
		"its name has more than 100 characters, which the game refuses",
		"its title has more than 100 characters, which the game refuses",
		`its name "` + strings.Repeat("ä", 100) + `" has characters that file names can't have`,
		`"version" is "1.2.3.4", which the game reads as 1.2.3`,
		`it names the dependency "a" more than once`,
		"it depends on itself",
	}
	if got := info.Problems(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestParseRefuses(t *testing.T) {
	with := func(field string) string { return `{"name": "x", "version": "1.0.0", ` + field + `}` }
	for text, want := range map[string]string{
		"":                                 "info.json: no JSON: the file is empty",
		"[]":                               "info.json: it is a JSON array, but must be an object",
		"{\"name\": \"x\",\n}":             "info.json: line 2, column 1: invalid character '}' looking for beginning of object key string",
		`"x"`:                              "info.json: it is a JSON text, but must be an object",
		`{"name": "x"`:                     "info.json: line 1, column 13: the JSON ends too early",
		`{"name": "x", // the name`:        "info.json: line 1, column 15: invalid character '/' looking for beginning of object key string",
		`{"name": "x"} {"name": "y"}`:      "info.json: line 1, column 15: invalid character '{' after top-level value",
		"\xff\xfe{\x00}\x00":               "info.json: the text is UTF-16: save it as UTF-8",
		`{"name": "", "version": "1.0.0"}`: `info.json: it has no "name"`,
		`{"name": "x", "version": ""}`:     `info.json: it has no "version"`,
		`{"name": "x", "version": "1"}`:    `info.json: "version": parse version "1": want numbers like 1.2.3`,
		`{"name": "x", "version": "-1.0"}`: `info.json: "version": parse version "-1.0": want numbers like 1.2.3`,
		`{"name": ["x",` + "\n" + `"y"], "version": "1.0.0"}`:                         `info.json: "name" is ["x","y"], but must be a text`,
		with(`"author": ["A", {}]`):                                                   `info.json: "author" is ["A",{}], but must be a text`,
		with(`"factorio_version": "2"`):                                               `info.json: "factorio_version": parse version "2": want numbers like 1.2.3`,
		with(`"dependencies": null`):                                                  `info.json: "dependencies" is null, but must be a list of texts`,
		with(`"dependencies": {"base": ">= 1.1"}`):                                    `info.json: "dependencies" is {"base":">= 1.1"}, but must be a list of texts`,
		with(`"dependencies": ["base", "a => 1.0"]`):                                  `info.json: dependency "a => 1.0": "=>" is none of < <= = >= >`,
		with(`"description": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100)): "info.json: line 1, column 150: nested deeper than 100",
		with(`"spoiling_required": 1`):                                                `info.json: "spoiling_required" is 1, but must be true or false`,
		`{"version": "1.0.0"}`:                                                        `info.json: it has no "name"`,
		`{"name": "x"}`:                                                               `info.json: it has no "version"`,
		`{"name": 5, "version": "1.0.0"}`:                                             `info.json: "name" is 5, but must be a text`,
		`{"name": "x", "version": 1.0}`:                                               `info.json: "version" is 1.0, but must be a text`,
		`{"name": "x", "version": "one"}`:                                             `info.json: "version": parse version "one": want numbers like 1.2.3`,
		`{"name": "x", "version": "1.2.70000"}`:                                       `info.json: "version": parse version "1.2.70000": 70000 is more than 65535`,
		with(`"factorio_version": 2.0`):                                               `info.json: "factorio_version" is 2.0, but must be a text like "2.0"`,
		with(`"factorio_version": "two"`):                                             `info.json: "factorio_version": parse version "two": want numbers like 1.2.3`,
		with(`"author": {}`):                                                          `info.json: "author" is {}, but must be a text`,
		with(`"title": null`):                                                         `info.json: "title" is null, but must be a text`,
		with(`"dependencies": "base"`):                                                `info.json: "dependencies" is "base", but must be a list of texts`,
		with(`"dependencies": [1]`):                                                   `info.json: "dependencies" is [1], but must be a list of texts`,
		with(`"dependencies": ["? "]`):                                                `info.json: dependency "? " names no mod`,
		with(`"quality_required": "yes"`):                                             `info.json: "quality_required" is "yes", but must be true or false`,
		with(`"dependencies": ["` + strings.Repeat(`a","`, 10_000) + `a"]`):           `info.json: 10001 dependencies are more than 10000`,
	} {
		if info, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.80s:\n got %+v, %v\nwant %s", text, info, err, want)
		}
	}
}

func TestGeneratedInfosReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		pick := []string{"", "a", "B c", "<x> & \"y\"", "ä-ö_ü", strings.Repeat("z", 99)}
		return pick[r.IntN(len(pick))]
	}
	number := func() uint16 { return uint16(r.Uint32()) >> r.IntN(16) }
	for _, game := range []factorio.Version{version(0, 12, 0), version(0, 17, 0), version(0, 18, 0), version(1, 0, 0), version(1, 1, 0), version(2, 0, 0), version(2, 1, 0)} {
		for range 300 {
			want := Info{
				Name: "x" + text(), Version: version(number(), number(), number()), Title: text(), Author: text(), Contact: text(), Homepage: text(),
				Description: text(), FactorioVersion: game,
			}
			want.VersionText = want.Version.String()
			for range r.IntN(4) {
				d := Dependency{Kind: Kind(r.IntN(len(prefixes))), Name: "m" + strings.NewReplacer("<", "", ">", "").Replace(text())}
				if d.Op = []string{"", "<", "<=", "=", ">=", ">"}[r.IntN(6)]; d.Op != "" {
					d.Version = version(number(), number(), number())
				}
				want.Dependencies = append(want.Dependencies, d)
			}
			for _, flag := range Flags {
				if game.Major >= 2 && r.IntN(4) == 0 {
					want.Flags = append(want.Flags, flag)
				}
			}
			data, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Parse(data); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s\n got %+v, %v\nwant %+v", data, got, err, want)
			}
		}
	}
}

func TestOtherEncodingsAreRead(t *testing.T) {
	got, err := Parse([]byte("{\"name\": \"x\", \"version\": \"1.2.3\", \"title\": \"t\", \"author\": \"J\xf6rg\"}"))
	if err != nil || got.Author != "J\ufffdrg" {
		t.Errorf("%+v, %v", got, err)
	}
	if want := []string{"the file is not UTF-8: characters of other encodings are lost"}; !reflect.DeepEqual(got.Problems(), want) {
		t.Errorf("problems %q", got.Problems())
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"name":"x","version":"1.2.3","title":"t","author":["a"],"factorio_version":"2.0","dependencies":["? a b >= 1.0"],"quality_required":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Parse(data)
		if err != nil {
			return
		}
		info.Problems()
		text, err := json.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		info.problems, again.problems = nil, nil
		if !reflect.DeepEqual(info, again) {
			t.Errorf("read  %+v\nagain %+v", info, again)
		}
	})
}

func FuzzParseDependency(f *testing.F) {
	for _, s := range []string{"base", "(?) a b >= 1.0", "!x", "~ y<1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDependency(text)
		if err != nil {
			return
		}
		if again, err := ParseDependency(d.String()); err != nil || again != d {
			t.Errorf("%q is %+v, written %q it is %+v, %v", text, d, d.String(), again, err)
		}
	})
}
