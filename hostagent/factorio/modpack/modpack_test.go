package modpack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

const content = `{"name":"Rails & more","description":"line 1\nline 2","factorio_version":"2.0",` +
	`"mods":[{"name":"base","enabled":true,"version":"2.0.60"},` +
	`{"name":"alpha","enabled":false,"version":"1.2.3","sha1":"0123456789abcdef0123456789abcdef01234567","size":7}],` +
	`"settings":{"startup":{"alpha-speed":{"value":1.5},"alpha-colour":{"value":{"r":1,"g":0.5,"b":0,"a":1}}},` +
	`"runtime-global":{"alpha-width":{"value":800}},"runtime-per-user":{}},"later":[1,2]}`

// Made with Python's zlib and base64 of a short pack, so that reader and writer can't be wrong alike.
const short = "eNpVy8sKAyEMheF3ydoZ6tZXKaXomA6CN5LYjfjuTSldzO7wHf4J1RcEBx0MROSDUpfUqorCyx/SKLXnG4l/anerR2mRwd3nvw6eURmrDxkjOKGBBi7Vbu0N1sMAo0iqp/YTWDzJ6DqXARpVUsHtzC34fLWOtA1G+upaHx7fPQI="

func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"as it is": encoded.Encode([]byte(content)),
		"wrapped":  "\ufeff " + strings.Join(strings.SplitAfterN(encoded.Encode([]byte(content)), "", 50), "\r\n ") + "\n",
	} {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		speed, _ := proptree.Node{Value: p.Settings}.Get(modsettings.Startup, "alpha-speed", "value")
		width, _ := proptree.Node{Value: p.Settings}.Get(modsettings.RuntimeGlobal, "alpha-width", "value")
		if p.Name != "Rails & more" || p.Description != "line 1\nline 2" || p.Factorio != "2.0" || len(p.Mods) != 2 || !p.Mods[0].Enabled ||
			p.Mods[1].Enabled || p.Mods[1].Version != "1.2.3" || len(p.Mods[1].SHA1) != 40 || speed.Value != 1.5 || width.Value != int64(800) {
			t.Errorf("%s: %+v", name, p)
		}
		if got := p.Problems(); got != nil {
			t.Errorf("%s: problems %q", name, got)
		}
		if b, err := p.MarshalJSON(); err != nil || string(b) != content {
			t.Errorf("%s: JSON\n got %s, %v\nwant %s", name, b, err, content)
		}
	}
}

func TestFieldsThatAreNotKnownCanBeKeptElsewhere(t *testing.T) {
	p, err := Parse(encoded.Encode([]byte(content)))
	if err != nil {
		t.Fatal(err)
	}
	if string(p.Other()) != `{"later":[1,2]}` || p.Mods[0].Other() != nil || string(p.Mods[1].Other()) != `{"size":7}` {
		t.Fatalf("%s, %s, %s", p.Other(), p.Mods[0].Other(), p.Mods[1].Other())
	}
	other, size := p.Other(), p.Mods[1].Other()
	if err := errors.Join(p.SetOther(nil), p.Mods[1].SetOther(nil)); err != nil {
		t.Fatal(err)
	}
	if b, err := p.MarshalJSON(); err != nil || strings.Contains(string(b), "later") || strings.Contains(string(b), "size") {
		t.Errorf("%s, %v", b, err)
	}
	if err := errors.Join(p.SetOther(other), p.Mods[1].SetOther(size)); err != nil {
		t.Fatal(err)
	}
	if b, err := p.MarshalJSON(); err != nil || string(b) != content {
		t.Errorf("%s, %v", b, err)
	}
	for _, bad := range []string{`[]`, `{"name":"x"}`, `{"mods":[]}`} {
		if err := p.SetOther(json.RawMessage(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if err := p.Mods[0].SetOther(json.RawMessage(`{"sha1":""}`)); err == nil {
		t.Error("a known field was taken for an unknown one")
	}
}

func TestParseOfAnotherWriter(t *testing.T) {
	want := New("p", factorio.Version{Major: 1, Minor: 1})
	want.Factorio = "1.1"
	want.Mods = []Mod{{Name: "base", Enabled: true, Version: "1.1.110"}}
	if got, err := Parse(short); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNew(t *testing.T) {
	p := New("mine", factorio.Version{Major: 2, Minor: 1, Patch: 12})
	p.Mods = []Mod{{Name: "base", Enabled: true, Version: "2.1.12"}}
	if got := p.Problems(); got != nil {
		t.Errorf("problems %q", got)
	}
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Parse(text); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v", got, err)
	}
}

// random makes a pack as JSON can hold it.
func random(r *rand.Rand) Pack {
	text := func() string { return strings.Repeat(string(rune(' '+r.IntN(500))), r.IntN(4)) }
	other := func() (members []jsondoc.Member) {
		if r.IntN(4) == 0 {
			members = append(members, jsondoc.Member{Key: "later", Value: json.RawMessage(`{"a":[1.50]}`)})
		}
		return members
	}
	p := New(text(), factorio.Version{Major: uint16(r.IntN(3)), Minor: uint16(r.IntN(20)), Patch: uint16(r.IntN(200))})
	p.Description, p.other = text(), other()
	for i := range r.IntN(20) {
		p.Mods = append(p.Mods, Mod{
			Name: fmt.Sprint("mod ", i, text()), Enabled: r.IntN(2) == 0, Version: fmt.Sprintf("%d.%d.%d", r.IntN(9), r.IntN(99), r.IntN(65536)),
			SHA1: []string{"", fmt.Sprintf("%040x", r.Uint64())}[r.IntN(2)], other: other(),
		})
	}
	f := modsettings.File{Version: factorio.Version{Major: 2}, Scopes: p.Settings}
	for i := range r.IntN(20) {
		colour := proptree.Dictionary{}
		for _, c := range []string{"r", "g", "b", "a"} {
			colour.Set(c, r.Float64())
		}
		value := []any{r.IntN(2) == 0, r.NormFloat64(), float64(r.IntN(9)), text(), int64(r.Uint64()), colour}[r.IntN(6)]
		scope := []string{modsettings.Startup, modsettings.RuntimeGlobal, modsettings.RuntimePerUser}[r.IntN(3)]
		f.Set(scope, fmt.Sprint("setting-", i), value)
	}
	p.Settings = f.Scopes
	return p
}

func TestGeneratedPacksReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		want := random(r)
		text, err := want.Text()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Parse(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	enc := func(s string) string { return encoded.Encode([]byte(s)) }
	change := func(old, with string) string {
		if !strings.Contains(content, old) {
			t.Errorf("%s is not in the content", old)
		}
		return enc(strings.Replace(content, old, with, 1))
	}
	whole := enc(content)
	for _, test := range []struct{ name, text, want string }{
		{"empty", " \n", "there is no encoded text"},
		{"a blueprint", "0" + whole, "it is a blueprint string, which has a version before the encoded text"},
		{"a map exchange string", ">>>" + whole + "<<<", "it is no base64: illegal base64 data at input byte 0"},
		{"cut", whole[:40], "it can't be inflated: it ends too early"},
		{"too long", strings.Repeat(" ", maxText+1), "8388609 bytes, more than 8 MiB"},
		{"a bomb", enc(strings.Repeat(" ", maxJSON+1)), "it inflates to more than it may, 16777216 bytes"},
		{"no JSON", enc("hello"), "its content can't be read: line 1, column 1: invalid character 'h' looking for beginning of value"},
		{"a list", enc("[]"), "its content can't be read: it is a JSON array, but must be an object"},
		{"nothing", enc("{}"), `it has no "name"`},
		{"no mods", change(`"mods"`, `"mads"`), `it has no "mods"`},
		{"no settings", change(`"settings"`, `"s"`), `it has no "settings"`},
		{"a name that is none", change(`"Rails & more"`, "7"), `"name" is 7, but must be a text`},
		{"a version that is none", change(`"2.0"`, `"new"`), `parse version "new": want numbers like 1.2.3`},
		{"mods that are no list", change(`"mods":[`, `"mods":{},"m":[`), `"mods" is {}, but must be a list`},
		{"a mod that is none", change(`"mods":[`, `"mods":["base",`), `mod 1: "base" is not an object like {"name": "base", "enabled": true, "version": "2.0.0"}`},
		{"a mod without a name", change(`{"name":"base",`, `{`), `mod 1: it has no "name"`},
		{"a mod with an empty name", change(`{"name":"base",`, `{"name":"",`), `mod 1: it has no "name"`},
		{"a mod without a version", change(`,"version":"1.2.3"`, ``), `mod 2: "alpha": it has no "version"`},
		{"a mod that is half enabled", change(`"enabled":false`, `"enabled":"false"`), `mod 2: "alpha": "enabled" is "false", but must be true or false`},
		{"a checksum that is a number", change(`"sha1":"0123456789abcdef0123456789abcdef01234567"`, `"sha1":1`), `mod 2: "alpha": "sha1" is 1, but must be a text`},
		{"too many mods", enc(`{"mods":[` + strings.Repeat("1,", maxMods) + `1]}`), "20001 mods are more than 20000"},
		{"settings that are none", change(`"settings":`, `"settings":[],"s":`), `"settings" is [], but must be an object`},
		{"a scope that is none", change(`"startup":{`, `"startup":1,"s":{`), `the settings "startup" are no object`},
		{"a setting twice", change(`"alpha-colour"`, `"alpha-speed"`), `"settings" can't be read: property tree from JSON: a property tree has the key "alpha-speed" twice`},
		{"a number that is none", change(`800`, `1e999`), `"settings" can't be read: property tree from JSON: the number 1e999 is out of range`},
	} {
		if got, err := Parse(test.text); err == nil || err.Error() != "mod pack string: "+test.want || !reflect.DeepEqual(got, Pack{}) {
			t.Errorf("%s:\n got %+v, %v\nwant %s", test.name, got, err, test.want)
		}
	}
	for n := range whole {
		if _, err := Parse(whole[:n]); err == nil {
			t.Errorf("the first %d characters are a pack", n)
		}
	}
}

func TestTextRefuses(t *testing.T) {
	p := New("x", factorio.Version{Major: 2})
	for name, test := range map[string]struct {
		change func(*Pack)
		want   string
	}{
		"a version that is none": {func(p *Pack) { p.Factorio = "" }, `parse version "": want numbers like 1.2.3`},
		"a mod without a name":   {func(p *Pack) { p.Mods = []Mod{{}} }, "a mod has no name"},
		"too much":               {func(p *Pack) { p.Name = strings.Repeat("x", maxJSON) }, "bytes of JSON, more than 16 MiB"},
	} {
		p := p
		test.change(&p)
		if text, err := p.Text(); err == nil || !strings.HasSuffix(err.Error(), test.want) || text != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProblems(t *testing.T) {
	text := `{"name":"","name":"","description":"","factorio_version":"2.0.60","mods":[{"name":"base","enabled":false,"version":"2.0.60"},` +
		`{"name":"a","enabled":true,"version":"1.0.0"},{"name":"a","enabled":true,"version":"1.0.0"},` +
		`{"name":"b","enabled":true,"version":"1.0.0","sha1":"xyz"},{"name":"quality","enabled":true,"version":"2.0"}],` +
		`"settings":{"startup":{"c":{"value":[]},"d":{}},"odd":{}}}`
	p, err := Parse(encoded.Encode([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"name" is there more than once`,
		"it has no name",
		`"a": it has no "sha1", so nothing tells whether its file is the right one`,
		`"a": it is there more than once`,
		`"b": its "sha1" is "xyz", but must have 40 hexadecimal digits`,
		`"quality": its "version" is "2.0", but Clusterio wants three numbers`,
		`"base" is disabled: the game starts without its own items and scenarios`,
		`the scope "runtime-global" is missing`,
		`the scope "runtime-per-user" is missing`,
		`startup, "c": its value is none of truth value, number, text and colour`,
		`startup, "d": it has no value`,
		`the game knows no scope "odd"`,
	}
	if got := p.Problems(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	p.Mods = nil
	if got := p.Problems(); len(got) < 3 || got[2] != `"base" is missing; Clusterio adds it as enabled` {
		t.Errorf("without mods: %q", got)
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{content: true, `{"mods":[]}`: false, `{}`: false, "": false, `[1]`: false} {
		if got := Is([]byte(text)); got != want {
			t.Errorf("%.40s: %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(content)
	f.Add(encoded.Encode([]byte(content)))
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = Parse(text)
		p, err := fromJSON([]byte(text))
		if err != nil {
			return
		}
		p.Problems()
		written, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := fromJSON(written)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.MarshalJSON(); err != nil || !bytes.Equal(twice, written) {
			t.Errorf("written %q, again %q, %v", written, twice, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	p := New("large", factorio.Version{Major: 2})
	f := modsettings.File{Version: factorio.Version{Major: 2}, Scopes: p.Settings}
	for i := range 300 {
		p.Mods = append(p.Mods, Mod{Name: fmt.Sprint("mod-", i), Enabled: true, Version: "1.2.3", SHA1: fmt.Sprintf("%040x", i)})
		for j := range 5 {
			f.Set(modsettings.Startup, fmt.Sprint("setting-", i, "-", j), int64(j))
		}
	}
	p.Settings = f.Scopes
	text, err := p.Text()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// Written by Clusterio 2.0.0-alpha.22b: a pack for 2.0.60 with its own mods, one more that is on, one that is off and has no checksum, and a
// setting of each kind.
const clusterios = "eJyVj19Kw0AQh69Sfs+bJQm0yD56BX1TkUkyTRe3u+nOblFCnryE5/MkEoslIFQ7D8MwfN/8GeFpzzC4JeFVrUu9KaHQsbTRDskGDwNnPT/6Oa8+P96hsKU2hWjD85GjnJizug+dwDyMP4MbEoYCe2" +
	"ocdzApZlb4JU7qbLDjIyXuikjWydLdkpM/5EMmZ9PblZYM1HJBPV/pbZ1tLj1X6mqjayjIjioY0D9juePukJleVve7GHK/u3hgpW90jelJQTgl63uBGSGJYsrDXFLRhODm6kgu8+ngScEvWpVeT5NC" +
	"zD7ZPRe9Cw19K7KA8IolNHAssnCciXaBjYgwlUIPU+q1QgNTKhBMNc3xBd2yzdM="

func TestWhatClusterioWritesIsRead(t *testing.T) {
	p, err := Parse(clusterios)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, m := range p.Mods {
		names += fmt.Sprint(m.Name, " ", m.Version, " ", m.Enabled, ", ")
	}
	if want := "base 2.0.60 true, elevated-rails 2.0.60 false, quality 2.0.60 false, space-age 2.0.60 false, flib 0.16.2 true, Squeak Through 1.8.2 false, "; names != want {
		t.Errorf("mods %s", names)
	}
	settings := 0
	for _, scope := range []string{"startup", "runtime-global", "runtime-per-user"} {
		in, _ := p.Settings.Get(scope)
		list, _ := in.Value.(proptree.Dictionary)
		settings += len(list)
	}
	if p.Factorio != "2.0.60" || settings != 4 || len(p.Problems()) != 1 {
		t.Errorf("%s, %d settings, %q", p.Factorio, settings, p.Problems())
	}
}
