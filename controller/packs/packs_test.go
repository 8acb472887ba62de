package packs

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// sampleDir is a folder of files of real games.
func sampleDir(t *testing.T, name string) string {
	t.Helper()
	shared := os.Getenv("MAINBUS_SHARED")
	if shared == "" {
		t.Skip("SKIPPED: the samples of real games are missing: set MAINBUS_SHARED to the folder that has samples/" + name)
	}
	return filepath.Join(shared, "samples", name)
}

func names(p store.Pack) string {
	var out []string
	for _, m := range p.Mods {
		text := m.Name
		if m.Version != "" {
			text += " " + m.Version
		}
		if !m.Enabled {
			text = "(" + text + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func empty(game, content string) store.Pack {
	p := store.Pack{Name: "p", Game: game, Settings: modsettings.New(factorio.Version{Major: 2}).Scopes}
	Fit(&p, content)
	return p
}

func of[T any](v T) *T { return &v }

func TestThePartsOfTheGameFollowItsVersion(t *testing.T) {
	for _, test := range []struct {
		name, game, content string
		change              api.EditPack
		want, wantContent   string
	}{
		{"base of 1.1", "1.1", "", api.EditPack{}, "base", Base},
		{"base of 2.0", "2.0", Base, api.EditPack{}, "base, (elevated-rails), (quality), (space-age)", Base},
		{"Space Age", "2.0.60", SpaceAge, api.EditPack{}, "base, elevated-rails, quality, space-age", SpaceAge},
		{"to a game with a part more", "2.0", SpaceAge, api.EditPack{Game: of("2.1")}, "base, elevated-rails, recycler, quality, space-age", SpaceAge},
		{"the same with nothing of it", "2.0", Base, api.EditPack{Game: of("2.1.9")}, "base, (elevated-rails), (recycler), (quality), (space-age)", Base},
		{"back", "2.1", SpaceAge, api.EditPack{Game: of("2.0")}, "base, elevated-rails, quality, space-age", SpaceAge},
		{"to a game without", "2.1", SpaceAge, api.EditPack{Game: of("1.1")}, "base", Base},
		{"own choice", "2.0", Base, api.EditPack{Mods: []api.ChangePackMod{{Name: "quality", Enabled: of(true)}}}, "base, (elevated-rails), quality, (space-age)", Own},
		{"the recycler was a part of quality", "2.0", Base, api.EditPack{Mods: []api.ChangePackMod{{Name: "quality", Enabled: of(true)}}, Game: of("2.1")},
			"base, (elevated-rails), (recycler), quality, (space-age)", Own},
		{"a choice", "2.0", SpaceAge, api.EditPack{Content: Base}, "base, (elevated-rails), (quality), (space-age)", Base},
	} {
		p, _, err := Edit(empty(test.game, test.content), test.change, Knowledge{})
		if err != nil || names(p) != test.want || Content(p) != test.wantContent {
			t.Errorf("%s: %s, %s, %v", test.name, names(p), Content(p), err)
		}
	}
	quality := empty("2.0", Base)
	Find(&quality, "quality").Enabled = true
	quality, _, err := Edit(quality, api.EditPack{Game: of("2.1")}, Knowledge{})
	if err != nil || names(quality) != "base, (elevated-rails), recycler, quality, (space-age)" {
		t.Errorf("quality alone: %s, %v", names(quality), err)
	}
	if WhoJoins(Base) == WhoJoins(Own) || WhoJoins(SpaceAge) != "Only players who own Space Age can join." {
		t.Error(WhoJoins(SpaceAge))
	}
	broken := empty("2.0", Base)
	Find(&broken, "space-age").Enabled = true
	if got := Problems(broken); len(got) != 2 || !strings.HasPrefix(got[0], "space-age: it needs elevated-rails") {
		t.Errorf("Space Age alone: %q", got)
	}
}

func TestEdit(t *testing.T) {
	p := empty("2.0", Base)
	known := Knowledge{SHA1: func(name, version string) string {
		return map[string]string{"a 1.2.0": strings.Repeat("a", 40)}[name+" "+version]
	}}
	edit := func(r api.EditPack) string {
		t.Helper()
		next, change, err := Edit(p, r, known)
		if err != nil {
			t.Fatal(err)
		}
		p = next
		return change
	}
	if got := edit(api.EditPack{Mods: []api.ChangePackMod{{Name: "z", Version: of("3.0.0"), Pinned: of(true)}, {Name: "a", Version: of(" 01.2"), Enabled: of(false)}}}); got !=
		"z 3.0.0; z pinned; a 1.2.0; a disabled" {
		t.Error(got)
	}
	if names(p) != "base, (elevated-rails), (quality), (space-age), (a 1.2.0), z 3.0.0" || Find(&p, "a").SHA1 != strings.Repeat("a", 40) || !Find(&p, "z").Pinned {
		t.Errorf("%s: %+v", names(p), p.Mods)
	}
	if edit(api.EditPack{Mods: []api.ChangePackMod{{Name: "a", Version: of("1.3.0")}}}); Find(&p, "a").SHA1 != "" {
		t.Error("a SHA-1 of another version was kept")
	}
	if got := edit(api.EditPack{Mods: []api.ChangePackMod{{Name: "z", Remove: true}}, Name: of("q"), Ignored: &[]api.IgnoredNeed{{Mod: "a", Needs: "b"}}}); got !=
		"renamed from p; without z; 1 dependencies ignored" {
		t.Error(got)
	}
	if got := edit(api.EditPack{Name: of("q"), Game: of("2.0")}); got != "" {
		t.Errorf("nothing was changed, but: %s", got)
	}
	before := p
	for name, test := range map[string]struct {
		change api.EditPack
		want   string
	}{
		"a mod without a version":       {api.EditPack{Mods: []api.ChangePackMod{{Name: "n"}}}, "n is not in the pack; to add it, say which version"},
		"a version that is none":        {api.EditPack{Mods: []api.ChangePackMod{{Name: "n", Version: of("new")}}}, `n: parse version "new": want numbers like 1.2.3`},
		"a name that leads elsewhere":   {api.EditPack{Mods: []api.ChangePackMod{{Name: "../n", Version: of("1.0.0")}}}, `"../n" can't be a mod's name`},
		"a sum that is none":            {api.EditPack{Mods: []api.ChangePackMod{{Name: "a", SHA1: of("x")}}}, `a: "x" is no SHA-1, which has 40 hexadecimal digits`},
		"removing what is not there":    {api.EditPack{Mods: []api.ChangePackMod{{Name: "n", Remove: true}}}, "n is not in the pack"},
		"removing a part of the game":   {api.EditPack{Mods: []api.ChangePackMod{{Name: "quality", Remove: true}}}, "quality comes with the game: it can be disabled, and its version is the game's"},
		"a game without base":           {api.EditPack{Mods: []api.ChangePackMod{{Name: "base", Enabled: of(false)}}}, "base can't be disabled: it is the game's own items and scenarios"},
		"a game that is none":           {api.EditPack{Game: of("2")}, `"2" is no version of the game, like 2.0 or 2.0.60`},
		"a game that is too old":        {api.EditPack{Game: of("0.16")}, "packs are for games since 0.17, not for 0.16.0"},
		"Space Age where there is none": {api.EditPack{Game: of("1.1"), Content: SpaceAge}, "the game 1.1 has no Space Age: that came with 2.0"},
		"another content":               {api.EditPack{Content: "own"}, `the content is base or space-age, not "own"`},
		"a setting of no scope": {api.EditPack{Settings: []api.ChangePackValue{{Name: "s", Value: json.RawMessage("1")}}},
			"setting s: no mod is known to have it; say its scope, which is one of startup, runtime-global, runtime-per-user"},
		"a value that is none": {api.EditPack{Settings: []api.ChangePackValue{{Scope: "startup", Name: "s", Value: json.RawMessage("[1]")}}},
			`startup, "s": its value is none of truth value, number, text and colour`},
		"a scope that is none": {api.EditPack{Settings: []api.ChangePackValue{{Scope: "map", Name: "s", Value: json.RawMessage("1")}}},
			`the game knows no scope "map" of settings: there are startup, runtime-global, runtime-per-user`},
		"settings that are none": {api.EditPack{AllSettings: json.RawMessage(`{"startup":1}`)}, `the settings "startup" are no object`},
	} {
		if _, _, err := Edit(p, test.change, known); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !reflect.DeepEqual(before, p) {
		t.Error("a refused change left something behind")
	}
}

func TestSettingsOneByOne(t *testing.T) {
	p := empty("2.0", Base)
	set := func(values ...api.ChangePackValue) {
		t.Helper()
		next, _, err := Edit(p, api.EditPack{Settings: values}, Knowledge{})
		if err != nil {
			t.Fatal(err)
		}
		p = next
	}
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	set(api.ChangePackValue{Scope: "startup", Name: "half", Value: raw("0.5")}, api.ChangePackValue{Scope: "startup", Name: "whole", Value: raw("5")},
		api.ChangePackValue{Scope: "runtime-global", Name: "c", Value: raw(`{"r":1,"g":0.5,"b":0,"a":1}`)})
	set(api.ChangePackValue{Name: "half", Value: raw("2")}, api.ChangePackValue{Name: "whole", Value: raw("6.0")})
	if half, _ := Value(p, "startup", "half"); half != 2.0 {
		t.Errorf("a number with a fraction became %T %v", half, half)
	}
	if n, _ := Value(p, "startup", "whole"); n != int64(6) {
		t.Errorf("a whole number became %T %v", n, n)
	}
	set(api.ChangePackValue{Name: "half", Value: raw("null")})
	if _, there := Value(p, "startup", "half"); there {
		t.Error("what was set to its default is still there")
	}
	next, _, err := Edit(p, api.EditPack{AllSettings: raw(`{"startup":{"x":{"value":true}}}`)}, Knowledge{})
	if _, there := Value(next, "startup", "whole"); err != nil || there {
		t.Errorf("%v, %+v", err, next.Settings)
	}
}

// A pack as a string is the pack again, and Clusterio's have their fields kept.
func TestStringsReadBack(t *testing.T) {
	p, _, err := Edit(empty("2.0.60", SpaceAge), api.EditPack{
		Description: of("ä\nb"), Ignored: &[]api.IgnoredNeed{{Mod: "a", Needs: "b"}},
		Mods: []api.ChangePackMod{{Name: "a b", Version: of("1.2.3"), SHA1: of(strings.Repeat("0a", 20)), Pinned: of(true)}, {Name: "c", Version: of("1.0.0"), Enabled: of(false)}},
		Settings: []api.ChangePackValue{
			{Scope: "startup", Name: "whole", Value: json.RawMessage("5")}, {Scope: "startup", Name: "half", Value: json.RawMessage("5.0")},
			{Scope: "runtime-per-user", Name: "t", Value: json.RawMessage(`"x"`)},
		},
	}, Knowledge{})
	if err != nil {
		t.Fatal(err)
	}
	p.Other, p.Mods[5].Other = json.RawMessage(`{"later":[1,2]}`), json.RawMessage(`{"size":7}`)
	text, err := String(p)
	if err != nil {
		t.Fatal(err)
	}
	d, err := FromString(text)
	if err != nil || !reflect.DeepEqual(d.Pack, p) {
		t.Errorf("%v\n got %+v\nwant %+v", err, d.Pack, p)
	}
	if d.Source != api.PackFromString || len(d.Remarks) != 1 || !strings.Contains(d.Remarks[0], "sha1") {
		t.Errorf("%s, %q", d.Source, d.Remarks)
	}
	content, err := encoded.Decode(text, 1<<20)
	if err != nil || !strings.Contains(string(content), `{"name":"quality","enabled":true,"version":"2.0.60"}`) {
		t.Errorf("%s, %v", content, err)
	}
}

func TestWholeNumbersOfClusterioAreStoredAsItDoes(t *testing.T) {
	d, err := FromString(encoded.Encode([]byte(`{"name":"x","description":"","factorio_version":"2.1","mods":[{"name":"base","enabled":true,"version":"2.1.0"},` +
		`{"name":"flib","enabled":true,"version":"0.16.2","sha1":"` + strings.Repeat("AB", 20) + `"}],"settings":{"startup":{"n":{"value":5},` +
		`"c":{"value":{"r":1,"g":0,"b":0,"a":1}}},"runtime-global":{},"runtime-per-user":{}},"export_manifest":{"assets":{}}}`)))
	if err != nil {
		t.Fatal(err)
	}
	red, _ := proptree.Node{Value: d.Pack.Settings}.Get("startup", "c", "value", "r")
	if n, _ := Value(d.Pack, "startup", "n"); n != 5.0 || red.Value != 1.0 {
		t.Errorf("%T %v, %T", n, n, red.Value)
	}
	if names(d.Pack) != "base, (elevated-rails), (recycler), (quality), (space-age), flib 0.16.2" || Find(&d.Pack, "flib").SHA1 != strings.Repeat("ab", 20) {
		t.Errorf("%s, %+v", names(d.Pack), d.Pack.Mods)
	}
	if string(d.Pack.Other) != `{"export_manifest":{"assets":{}}}` {
		t.Errorf("kept %s", d.Pack.Other)
	}
}

func TestDamagedStringsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"hello": "mod pack string: it is no base64",
		"":      "mod pack string: there is no encoded text",
		encoded.Encode([]byte(`{"name":"x","description":"","factorio_version":"0.12","mods":[],"settings":{}}`)):                            "packs are for games since 0.17",
		encoded.Encode([]byte(`{"name":"x","description":"","factorio_version":"2.0","mods":[],"settings":{"startup":{"a":{"value":[]}}}}`)): `startup, "a": its value is none of`,
		encoded.Encode([]byte(`{"name":"x","description":"","factorio_version":"2.0","mods":[],"settings":{},"mainbus":[]}`)):                `"mainbus": json: cannot unmarshal`,
	} {
		if _, err := FromString(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

// zipOf makes a mod's zip.
func zipOf(t *testing.T, path string, files map[string]string) {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func info(name, version string) string {
	return fmt.Sprintf(`{"name":%q,"version":%q,"title":"T","author":"A","factorio_version":"2.0"}`, name, version)
}

func TestAFolderOfMods(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my game", "mods")
	if err := os.MkdirAll(filepath.Join(dir, "unpacked", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []string{"1.0.0", "1.10.0", "1.9.0"} {
		zipOf(t, filepath.Join(dir, "a_"+v+".zip"), map[string]string{"a_" + v + "/info.json": info("a", v)})
		zipOf(t, filepath.Join(dir, "b_"+v+".zip"), map[string]string{"b/info.json": info("b", v)})
	}
	zipOf(t, filepath.Join(dir, "bad_1.0.0.zip"), map[string]string{"readme": "x"})
	write("unpacked/info.json", info("unpacked", "0.1.0"))
	write("x.txt", "not a mod")
	d, err := FromPath(dir)
	if err != nil || names(d.Pack) != "base, (elevated-rails), (quality), (space-age), a 1.10.0, b 1.10.0, unpacked 0.1.0" || d.Pack.Game != "2.0" || d.Pack.Name != "my game" {
		t.Errorf("without a list: %+v, %s, %v", d.Pack, names(d.Pack), err)
	}
	if got := strings.Join(d.Remarks, " "); !strings.Contains(got, "bad_1.0.0.zip is no mod that can be read: ") {
		t.Errorf("remarks %q", d.Remarks)
	}
	write("mod-list.json", `{"mods":[{"name":"base","enabled":true},{"name":"space-age","enabled":true},{"name":"a","enabled":true,"version":"1.9.0"},`+
		`{"name":"b","enabled":false},{"name":"gone","enabled":true}]}`)
	settings := modsettings.New(factorio.Version{Major: 2, Minor: 1, Patch: 4})
	settings.Set("startup", "n", int64(5))
	data, err := settings.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	write("mod-settings.dat", string(data))
	for _, path := range []string{dir, filepath.Join(dir, "mod-list.json")} {
		d, err := FromPath(path)
		if err != nil || names(d.Pack) != "base, (elevated-rails), (recycler), (quality), space-age, a 1.9.0, (b 1.10.0), gone, unpacked 0.1.0" || d.Pack.Game != "2.1" {
			t.Errorf("%s: %s, %s, %v", path, d.Pack.Game, names(d.Pack), err)
		}
		if n, _ := Value(d.Pack, "startup", "n"); n != int64(5) {
			t.Errorf("%s: setting %v", path, n)
		}
		if got := Problems(d.Pack); len(got) == 0 || got[len(got)-1] != "gone: its version is not known; choose one" {
			t.Errorf("%s: %q", path, got)
		}
	}
	write("mod-settings.dat", string(data[:40]))
	if _, err := FromPath(dir); err == nil || !strings.Contains(err.Error(), "the file ends too early, at byte 40") {
		t.Errorf("a cut mod-settings.dat: %v", err)
	}
	write("mod-list.json", `{"mods":`)
	if _, err := FromPath(dir); err == nil || !strings.Contains(err.Error(), "mod list: line 1") {
		t.Errorf("a cut mod-list.json: %v", err)
	}
	if _, err := FromPath(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there are neither mods nor a mod-list.json") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestAFolderOfModsForTwoGamesIsForTheNewer(t *testing.T) {
	dir := t.TempDir()
	for name, game := range map[string]string{"a": "1.1", "b": "2.0", "c": "2.0", "d": "1.1"} {
		text := fmt.Sprintf(`{"name":%q,"version":"1.0.0","title":"T","author":"A","factorio_version":%q}`, name, game)
		zipOf(t, filepath.Join(dir, name+"_1.0.0.zip"), map[string]string{name + "/info.json": text})
	}
	for range 50 {
		if d, err := FromPath(dir); err != nil || d.Pack.Game != "2.0" {
			t.Fatalf("it is for %q, %v", d.Pack.Game, err)
		}
	}
}

func TestFilesOfAPack(t *testing.T) {
	p, _, err := Edit(empty("2.0", SpaceAge), api.EditPack{
		Mods:     []api.ChangePackMod{{Name: "a", Version: of("1.2.3")}, {Name: "b", Version: of("1.0.0"), Enabled: of(false)}},
		Settings: []api.ChangePackValue{{Scope: "startup", Name: "n", Value: json.RawMessage("5")}},
	}, Knowledge{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := modlist.Parse(ModList(p))
	if err != nil || len(list.Mods) != 6 || !reflect.DeepEqual(list.Mods[4], modlist.Mod{Name: "a", Enabled: true, Version: "1.2.3"}) || list.Mods[3].Version != "" || list.Mods[5].Enabled {
		t.Errorf("%+v, %v", list.Mods, err)
	}
	for _, test := range []struct {
		game factorio.Version
		want any
	}{{factorio.Version{Major: 2, Minor: 0, Patch: 60, Developer: 3}, int64(5)}, {factorio.Version{Major: 1, Minor: 1, Patch: 110}, 5.0}} {
		data, err := ModSettings(p, test.game)
		if err != nil {
			t.Fatal(err)
		}
		file, err := modsettings.Parse(data)
		n, _ := file.Get("startup", "n")
		if err != nil || file.Version.Compare(test.game) != 0 || file.Version.Developer != 0 || n != test.want || len(file.Problems()) > 0 {
			t.Errorf("for %v: %+v, %T, %v", test.game, file, n, err)
		}
	}
	if n, _ := Value(p, "startup", "n"); n != int64(5) {
		t.Error("writing a file for an older game changed the pack")
	}
}

// Real saves, mod lists and settings make packs, which are the same again after a way over a string.
func TestRealFiles(t *testing.T) {
	saves, err := filepath.Glob(filepath.Join(sampleDir(t, "saves"), "*.zip"))
	if err != nil || len(saves) == 0 {
		t.Fatalf("%d saves, %v", len(saves), err)
	}
	for _, path := range saves {
		d, err := FromPath(path)
		if err != nil || d.Source != api.PackFromSave || d.Pack.Game == "" || Find(&d.Pack, "base") == nil {
			t.Errorf("%s: %+v, %v", path, d, err)
			continue
		}
		readsBack(t, path, d.Pack)
	}
	for list, settings := range map[string]string{"2.0.72-altiummm-huge.json": "2.0.72-altiummm-huge.dat", "2.0.7-HappyMaki.json": ""} {
		dir := t.TempDir()
		copyTo(t, filepath.Join(sampleDir(t, "mod-list"), list), filepath.Join(dir, "mod-list.json"))
		if settings != "" {
			copyTo(t, filepath.Join(sampleDir(t, "mod-settings"), settings), filepath.Join(dir, "mod-settings.dat"))
		}
		d, err := FromPath(filepath.Join(dir, "mod-list.json"))
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		if settings == "" {
			continue
		}
		if d.Pack.Game != "2.0" || len(Settings(d.Pack, "startup")) < 100 {
			t.Errorf("%s: game %s, %d settings", list, d.Pack.Game, len(Settings(d.Pack, "startup")))
		}
		original, err := os.ReadFile(filepath.Join(sampleDir(t, "mod-settings"), settings))
		if err != nil {
			t.Fatal(err)
		}
		written, err := ModSettings(d.Pack, factorio.Version{Major: 2, Patch: 72})
		if err != nil || !bytes.Equal(written, original) {
			t.Errorf("%s is written back with %d bytes, not the same %d: %v", settings, len(written), len(original), err)
		}
		for i := range d.Pack.Mods {
			if m := &d.Pack.Mods[i]; m.Version == "" && !IsBuiltIn(d.Pack, m.Name) {
				m.Version = "1.0.0"
			}
		}
		readsBack(t, list, d.Pack)
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readsBack(t *testing.T, what string, p store.Pack) {
	t.Helper()
	text, err := String(p)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	again, err := FromString(text)
	if err != nil || !reflect.DeepEqual(again.Pack.Mods, p.Mods) {
		t.Errorf("%s: %v\n got %+v\nwant %+v", what, err, again.Pack.Mods, p.Mods)
		return
	}
	for _, scope := range Scopes {
		// As JSON, which tells kinds of numbers apart: the game writes empty texts in two ways.
		one, err := Settings(p, scope).MarshalJSON()
		two, err2 := Settings(again.Pack, scope).MarshalJSON()
		if err != nil || err2 != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: the settings of %s are others, %v, %v", what, scope, err, err2)
		}
	}
}

func FuzzFromString(f *testing.F) {
	f.Add([]byte(`{"name":"x","description":"","factorio_version":"2.0","mods":[{"name":"a","enabled":true,"version":"1.0"}],"settings":{"startup":{"a":{"value":5}}},"mainbus":{"exact_numbers":true,"pinned":["a"]},"o":1}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := FromString(encoded.Encode(content))
		if err != nil {
			return
		}
		text, err := String(d.Pack)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		again, err := FromString(text)
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if twice, err := String(again.Pack); err != nil || twice != text {
			t.Errorf("written twice it is another: %v", err)
		}
	})
}
