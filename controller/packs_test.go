package controller

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/mods"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/transport/wire"
)

func (c *cluster) pack(name string) api.Pack {
	c.t.Helper()
	p, err := c.Pack(c.t.Context(), me, api.PackRef{Pack: name})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// notDone wants an error of a code whose text has some words.
func notDone(t *testing.T, what string, err error, code api.Code, words string) {
	t.Helper()
	if got := api.AsError(cmpErr(err)); got.Code != code || !strings.Contains(got.Message, words) {
		t.Errorf("%s: %s: %v", what, got.Code, err)
	}
}

func cmpErr(err error) error {
	if err == nil {
		return api.Errorf("none", "", "no error")
	}
	return err
}

func TestPacksAreMadeChangedAndUndone(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	made, err := c.CreatePack(ctx, me, api.CreatePack{Name: "Rails", Game: "2.0", Content: api.ContentSpaceAge})
	if err != nil || made.Content != api.ContentSpaceAge || made.Revision != 1 || made.WhoJoins != "Only players who own Space Age can join." || len(made.List) != 4 {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = c.CreatePack(ctx, me, api.CreatePack{Name: "rAILS", Game: "2.0"})
	notDone(t, "a name twice", err, api.Refused, `there is a mod pack "rAILS" already`)
	_, err = c.CreatePack(ctx, me, api.CreatePack{Name: made.ID, Game: "2.0"})
	notDone(t, "the id of another", err, api.Refused, "there is a mod pack")
	_, err = c.CreatePack(ctx, me, api.CreatePack{Name: " x", Game: "2.0"})
	notDone(t, "a name with a blank", err, api.Invalid, "can't be a mod pack's name")
	_, err = c.CreatePack(ctx, me, api.CreatePack{Name: "x"})
	notDone(t, "no game", err, api.Invalid, "is no version of the game")

	version := "0.16.2"
	edited, err := c.EditPack(ctx, me, api.EditPack{Pack: "rails", Revision: 1, Mods: []api.ChangePackMod{{Name: "flib", Version: &version}},
		Settings: []api.ChangePackValue{{Scope: "startup", Name: "flib-speed", Value: json.RawMessage("0.5")}}})
	if err != nil || edited.Revision != 2 || edited.Missing != 1 || edited.Mods != 1 || edited.Revisions[0].Change != "flib 0.16.2; flib-speed 0.5" ||
		!strings.Contains(string(edited.Settings), `"flib-speed":{"value":0.5}`) {
		t.Errorf("%+v, %v", edited, err)
	}
	_, err = c.EditPack(ctx, me, api.EditPack{Pack: "rails", Revision: 1, Content: api.ContentBase})
	notDone(t, "an edit of what was looked at before", err, api.Refused, "somebody else has changed")
	_, err = c.EditPack(ctx, me, api.EditPack{Pack: "rails", Game: &version})
	notDone(t, "a game that is none", err, api.Invalid, "packs are for games since 0.17")

	if copied, err := c.CreatePack(ctx, me, api.CreatePack{Name: "Copy", From: "Rails", Game: "2.1"}); err != nil || copied.Revision != 1 || len(copied.List) != 6 ||
		copied.Content != api.ContentSpaceAge {
		t.Errorf("%+v, %v", copied, err)
	}
	undone, err := c.UndoPack(ctx, me, api.UndoPack{Pack: "Rails"})
	if err != nil || undone.Revision != 3 || len(undone.List) != 4 || len(undone.Revisions) != 3 || undone.Revisions[0].Change != "as in revision 1" {
		t.Errorf("%+v, %v", undone, err)
	}
	if again, err := c.UndoPack(ctx, me, api.UndoPack{Pack: "Rails"}); err != nil || len(again.List) != 5 {
		t.Errorf("undoing the undoing: %+v, %v", again, err)
	}
	_, err = c.UndoPack(ctx, me, api.UndoPack{Pack: "Rails", Revision: 77})
	notDone(t, "a revision that is not there", err, api.NotFound, "there is no revision 77")
	_, err = c.Pack(ctx, me, api.PackRef{Pack: "none"})
	notDone(t, "a pack that is not there", err, api.NotFound, `there is no mod pack "none"`)
	rows, err := c.Packs(ctx, me)
	if err != nil || len(rows) != 2 || rows[0].Name != "Copy" || rows[1].Revision != 4 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestAPackGoesOverAString(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	version, sum := "1.2.3", strings.Repeat("ab", 20)
	if _, err := c.CreatePack(ctx, me, api.CreatePack{Name: "one", Game: "2.0.60"}); err != nil {
		t.Fatal(err)
	}
	one, err := c.EditPack(ctx, me, api.EditPack{Pack: "one", Mods: []api.ChangePackMod{{Name: "a b", Version: &version, SHA1: &sum}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.ExportPack(ctx, me, api.PackRef{Pack: "one"})
	if err != nil {
		t.Fatal(err)
	}
	draft, err := c.LookAtPack(ctx, me, api.ImportPack{Text: text.Text, Name: "two"})
	if err != nil || draft.Pack.ID != "" || !reflect.DeepEqual(draft.Missing, []api.MissingMod{{Name: "a b", Version: version, SHA1: sum}}) {
		t.Errorf("%+v, %v", draft, err)
	}
	file := filepath.Join(t.TempDir(), "pack.txt")
	if err := os.WriteFile(file, []byte(text.Text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ImportPack(ctx, me, api.ImportPack{Path: file, Name: "two"}); err != nil {
		t.Fatal(err)
	}
	if two := c.pack("two"); !reflect.DeepEqual(two.List, one.List) || two.Game != "2.0.60" || two.Revisions[0].Change != "from a mod pack string" {
		t.Errorf("%+v", two)
	}
	_, err = c.ImportPack(ctx, me, api.ImportPack{Text: text.Text})
	notDone(t, "the name is taken", err, api.Refused, "already")
	into, err := c.ImportPack(ctx, me, api.ImportPack{Text: text.Text, Into: "two", Game: "2.1"})
	if err != nil || into.Pack.Revision != 2 || into.Pack.Name != "two" || into.Pack.Game != "2.1" {
		t.Errorf("%+v, %v", into.Pack, err)
	}
	for name, test := range map[string]struct {
		request api.ImportPack
		code    api.Code
		words   string
	}{
		"nothing":             {api.ImportPack{}, api.Invalid, "a pack is made of one thing"},
		"two things":          {api.ImportPack{Text: "x", Path: file}, api.Invalid, "a pack is made of one thing"},
		"a damaged string":    {api.ImportPack{Text: text.Text[:48]}, api.Invalid, "mod pack string: it can't be inflated: it ends too early"},
		"a path from here":    {api.ImportPack{Path: "x"}, api.Invalid, "no full path"},
		"a file that is gone": {api.ImportPack{Path: file + "x"}, api.NotFound, "no such file"},
		"an instance":         {api.ImportPack{Instance: "none"}, api.NotFound, `there is no instance "none"`},
	} {
		_, err := c.LookAtPack(ctx, me, test.request)
		notDone(t, name, err, test.code, test.words)
	}
}

func TestInstancesUsePacks(t *testing.T) {
	c := newCluster(t, "box")
	ctx := t.Context()
	c.pair(c.agents[0])
	pack, err := c.CreatePack(ctx, me, api.CreatePack{Name: "Rails", Game: "2.0"})
	if err != nil {
		t.Fatal(err)
	}
	if i, err := c.CreateInstance(ctx, me, api.CreateInstance{Name: "nauvis", Host: "box", Pack: "rails"}); err != nil || i.Pack != pack.ID {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := c.CreateInstance(ctx, me, api.CreateInstance{Name: "aquilo", Host: "box"}); err != nil || i.Pack != "" {
		t.Errorf("%+v, %v", i, err)
	}
	_, err = c.CreateInstance(ctx, me, api.CreateInstance{Name: "gleba", Host: "box", Pack: "none"})
	notDone(t, "a pack that is not there", err, api.NotFound, "no mod pack")
	if i, err := c.AssignPack(ctx, me, api.AssignPack{Instance: "aquilo", Pack: pack.ID}); err != nil || i.Pack != pack.ID {
		t.Errorf("%+v, %v", i, err)
	}
	if got := c.pack("Rails").Instances; !reflect.DeepEqual(got, []string{"aquilo", "nauvis"}) {
		t.Errorf("used by %v", got)
	}
	_, err = c.DeletePack(ctx, me, api.PackRef{Pack: "Rails"})
	notDone(t, "a pack in use", err, api.Refused, "the mod pack Rails is used by aquilo, nauvis")
	for _, name := range []string{"nauvis", "aquilo"} {
		if i, err := c.AssignPack(ctx, me, api.AssignPack{Instance: name}); err != nil || i.Pack != "" {
			t.Errorf("%+v, %v", i, err)
		}
	}
	if gone, err := c.DeletePack(ctx, me, api.PackRef{Pack: "Rails"}); err != nil || gone.ID != pack.ID {
		t.Errorf("%+v, %v", gone, err)
	}
}

func TestModsOfAPackThatAreStored(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	sum := strings.Repeat("ab", 20)
	if err := c.controller.store.PutMod(ctx, store.Mod{Name: "ship", Version: "1.0.0", SHA1: sum, SHA256: strings.Repeat("0", 64), Bytes: 7, FileName: "ship_1.0.0.zip",
		Title: "Ships", Game: "1.1", Flags: []string{"space_travel"}, Source: "upload", AddedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreatePack(ctx, me, api.CreatePack{Name: "p", Game: "2.0"}); err != nil {
		t.Fatal(err)
	}
	version := "1.0.0"
	p, err := c.EditPack(ctx, me, api.EditPack{Pack: "p", Mods: []api.ChangePackMod{{Name: "ship", Version: &version}}})
	if err != nil {
		t.Fatal(err)
	}
	want := api.PackMod{Name: "ship", Title: "Ships", Version: version, Enabled: true, SHA1: sum, Stored: true, SizeBytes: 7, Problem: "it is for the game 1.1, and the pack for 2.0"}
	if p.List[4] != want || p.Missing != 0 || p.WhoJoins != "Only players who own Space Age can join: ship asks for it." {
		t.Errorf("%+v, %s", p.List[4], p.WhoJoins)
	}
	other := strings.Repeat("cd", 20)
	if p, err = c.EditPack(ctx, me, api.EditPack{Pack: "p", Mods: []api.ChangePackMod{{Name: "ship", SHA1: &other}}}); err != nil || p.Missing != 1 || p.List[4].Stored ||
		p.List[4].Problem != "the stored file has another content than the pack wants" {
		t.Errorf("%+v, %v", p, err)
	}
}

// storeMod makes a mod and puts it into the controller's store.
func (c *cluster) storeMod(name, version string, files map[string]string) {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), name+"_"+version+".zip")
	f, err := os.Create(path)
	if err != nil {
		c.t.Fatal(err)
	}
	z := zip.NewWriter(f)
	files["info.json"] = fmt.Sprintf(`{"name":%q,"version":%q,"title":"The %s","author":"A","factorio_version":"2.0"}`, name, version, name)
	for file, content := range files {
		w, err := z.Create(name + "_" + version + "/" + file)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		c.t.Fatal(err)
	}
	if _, _, err := c.controller.mods.Add(c.t.Context(), path, mods.Origin{Source: api.ModUploaded, By: "test"}, nil); err != nil {
		c.t.Fatal(err)
	}
}

const speedSettings = `data:extend{
	{type = "int-setting", name = "speed", setting_type = "startup", default_value = 5, minimum_value = 1, maximum_value = 10},
	{type = "double-setting", name = "rate", setting_type = "startup", default_value = 0.5},
	{type = "string-setting", name = "mode", setting_type = "runtime-global", default_value = "slow", allowed_values = {"slow", "fast"}},
}`

func TestTheFormOfSettings(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.storeMod("speedy", "1.0.0", map[string]string{
		"settings.lua":         speedSettings,
		"locale/en/speedy.cfg": "[mod-setting-name]\nspeed=Speed\nrate=[color=red]Rate[/color]\n[mod-setting-description]\nspeed=How fast\n[string-mod-setting]\nmode-fast=Fast!\n",
		"locale/de/speedy.cfg": "[mod-setting-name]\nspeed=Tempo\n",
	})
	if _, err := c.CreatePack(ctx, me, api.CreatePack{Name: "p", Game: "2.0"}); err != nil {
		t.Fatal(err)
	}
	version, gone := "1.0.0", "9.9.9"
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	if _, err := c.EditPack(ctx, me, api.EditPack{Pack: "p", Mods: []api.ChangePackMod{{Name: "speedy", Version: &version}, {Name: "gone", Version: &gone}}}); err != nil {
		t.Fatal(err)
	}
	set := func(scope, name, value string) error {
		_, err := c.EditPack(ctx, me, api.EditPack{Pack: "p", Settings: []api.ChangePackValue{{Scope: scope, Name: name, Value: raw(value)}}})
		return err
	}
	if err := errors.Join(set("", "speed", "7.0"), set("", "rate", "2"), set("", "mode", `"fast"`), set("startup", "of-gone", "3")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string][3]string{
		"too much":       {"speed", "11", "setting speed: 11 is more than 10, the most that it may be"},
		"not whole":      {"speed", "1.5", "setting speed: 1.5 is no whole number"},
		"another kind":   {"rate", "true", "setting rate: true is no number"},
		"none of them":   {"mode", `"warp"`, `setting mode: "warp" is none of "slow", "fast"`},
		"no scope known": {"unheard-of", "1", "setting unheard-of: no mod is known to have it"},
	} {
		notDone(t, name, set("", test[0], test[1]), api.Invalid, test[2])
	}
	form, err := c.PackSettings(ctx, me, api.AskPackSettings{Pack: "p", Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	want := []api.PackSetting{
		{Scope: "startup", Name: "rate", Mod: "speedy", Kind: api.SettingDouble, Known: true, Title: "Rate", Default: raw("0.5"), Value: raw("2.0")},
		{Scope: "startup", Name: "speed", Mod: "speedy", Kind: api.SettingInt, Known: true, Title: "Tempo", Description: "How fast", Default: raw("5"), Value: raw("7"), Min: raw("1"), Max: raw("10")},
		{Scope: "startup", Name: "of-gone", Kind: api.SettingInt, Title: "of-gone", Value: raw("3")},
		{Scope: "runtime-global", Name: "mode", Mod: "speedy", Kind: api.SettingString, Known: true, Title: "mode", Default: raw(`"slow"`), Value: raw(`"fast"`),
			Allowed: []api.SettingChoice{{Value: raw(`"slow"`), Title: "slow"}, {Value: raw(`"fast"`), Title: "Fast!"}}},
	}
	if !reflect.DeepEqual(form.Settings, want) {
		t.Errorf("\n got %+v\nwant %+v", form.Settings, want)
	}
	if !reflect.DeepEqual(form.Problems, []string{"gone 9.9.9 is not in the store, so its settings are not known."}) || !reflect.DeepEqual(form.Languages, []string{"de", "en"}) {
		t.Errorf("%q, %q", form.Problems, form.Languages)
	}
	// An import gives numbers the kinds that the mods say.
	text, err := c.ExportPack(ctx, me, api.PackRef{Pack: "p"})
	if err != nil {
		t.Fatal(err)
	}
	content, err := encoded.Decode(text.Text, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.NewReplacer(`"exact_numbers":true`, `"exact_numbers":false`, `"speed":{"value":7}`, `"speed":{"value":70}`, "2.0}", "2}").Replace(string(content))
	draft, err := c.LookAtPack(ctx, me, api.ImportPack{Text: encoded.Encode([]byte(theirs))})
	if err != nil || !strings.Contains(string(draft.Pack.Settings), `"rate":{"value":2.0}`) || !strings.Contains(strings.Join(draft.Remarks, " "), "The setting speed: 70.0 is more than 10") && !strings.Contains(strings.Join(draft.Remarks, " "), "The setting speed: 70 is more than 10") {
		t.Errorf("%s, %q, %v", draft.Pack.Settings, draft.Remarks, err)
	}
}

func TestTheFormOfSettingsInSeveralLanguagesAtOnce(t *testing.T) {
	c := newCluster(t)
	files := map[string]string{"settings.lua": speedSettings, "locale/en/speedy.cfg": "[mod-setting-name]\nspeed=Speed\n"}
	titles := map[string]string{"en": "Speed", "unheard-of": "Speed"}
	for n := range 20 {
		language := fmt.Sprintf("l%d", n)
		titles[language] = "Speed in " + language
		files["locale/"+language+"/speedy.cfg"] = "[mod-setting-name]\nspeed=" + titles[language] + "\n"
	}
	c.storeMod("speedy", "1.0.0", files)
	version := "1.0.0"
	if _, err := c.CreatePack(t.Context(), me, api.CreatePack{Name: "p", Game: "2.0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.EditPack(t.Context(), me, api.EditPack{Pack: "p", Mods: []api.ChangePackMod{{Name: "speedy", Version: &version}}}); err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	for language, title := range titles {
		asking.Go(func() {
			form, err := c.PackSettings(t.Context(), me, api.AskPackSettings{Pack: "p", Language: language})
			if err != nil || len(form.Languages) != 21 || !slices.ContainsFunc(form.Settings, func(s api.PackSetting) bool { return s.Title == title }) {
				t.Errorf("%s: %+v, %v", language, form, err)
			}
		})
	}
	asking.Wait()
}

func TestModsAreHandedOut(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.storeMod("speedy", "1.0.0", map[string]string{"settings.lua": speedSettings})
	if _, err := c.CreatePack(ctx, me, api.CreatePack{Name: "p", Game: "2.0", Content: api.ContentSpaceAge}); err != nil {
		t.Fatal(err)
	}
	version, off := "1.0.0", false
	if _, err := c.EditPack(ctx, me, api.EditPack{Pack: "p", Mods: []api.ChangePackMod{{Name: "speedy", Version: &version}, {Name: "un used", Version: &version, Enabled: &off}},
		Settings: []api.ChangePackValue{{Scope: "startup", Name: "speed", Value: json.RawMessage("7")}}}); err != nil {
		t.Fatal(err)
	}
	how, err := c.PackForPlayers(ctx, me, api.PackRef{Pack: "p"})
	if err != nil || !strings.Contains(how.Text, "Sync mods with server") || how.SizeBytes == 0 || len(how.Missing) > 0 ||
		!reflect.DeepEqual(how.Links, []api.ModLink{{Name: "speedy", Version: version, URL: "https://mods.factorio.com/mod/speedy"}}) {
		t.Errorf("%+v, %v", how, err)
	}
	path := filepath.Join(t.TempDir(), "for players.zip")
	begun, err := c.HandOutPack(ctx, me, api.HandOutPack{Pack: "p", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the task's state", api.TaskDone, func() string { return c.task(begun.ID).State })
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content[f.Name] = string(data)
	}
	if len(content) != 4 || !strings.Contains(content["README.txt"], "Only players who own Space Age can join.") || !strings.Contains(content["README.txt"], "https://mods.factorio.com/mod/speedy") {
		t.Errorf("%d files: %s", len(content), content["README.txt"])
	}
	settings, err := modsettings.Parse([]byte(content["mods/mod-settings.dat"]))
	if speed, _ := settings.Get("startup", "speed"); err != nil || speed != int64(7) || settings.Version != (factorio.Version{Major: 2}) {
		t.Errorf("%+v, %v", settings, err)
	}
	// What was handed out is the pack again.
	dir := t.TempDir()
	for name, text := range content {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	draft, err := c.LookAtPack(ctx, me, api.ImportPack{Path: dir})
	if err != nil || len(draft.Pack.List) != 5 || !draft.Pack.List[4].Stored || draft.Pack.Content != api.ContentSpaceAge {
		t.Errorf("%+v, %v", draft, err)
	}

	_, err = c.HandOutPack(ctx, me, api.HandOutPack{Pack: "p", Path: path})
	notDone(t, "over a file", err, api.Refused, "is there already")
	_, err = c.HandOutPack(ctx, me, api.HandOutPack{Pack: "p", Path: "x"})
	notDone(t, "a path from here", err, api.Invalid, "no full path")
	on := true
	if _, err := c.EditPack(ctx, me, api.EditPack{Pack: "p", Mods: []api.ChangePackMod{{Name: "un used", Enabled: &on}}}); err != nil {
		t.Fatal(err)
	}
	_, err = c.HandOutPack(ctx, me, api.HandOutPack{Pack: "p", Path: path, Replace: true})
	notDone(t, "without a mod", err, api.Refused, "the controller does not keep un used 1.0.0")
}

func (c *cluster) task(id string) api.Task {
	c.t.Helper()
	all, err := c.Tasks(c.t.Context(), me)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, t := range all {
		if t.ID == id {
			return t
		}
	}
	return api.Task{}
}

func TestAPackOfWhatAnInstanceHas(t *testing.T) {
	c := newCluster(t, "box")
	ctx := t.Context()
	box := c.agents[0]
	c.pair(box)
	if _, err := c.CreateInstance(ctx, me, api.CreateInstance{Name: "nauvis", Host: "box"}); err != nil {
		t.Fatal(err)
	}
	settings := modsettings.New(factorio.Version{Major: 2, Patch: 77})
	settings.Set("runtime-global", "mode", "fast")
	data, err := settings.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	box.mu.Lock()
	box.lies = &wire.InstanceMods{GameVersion: "2.0.77", Settings: data, Mods: []*wire.InstalledMod{
		{Name: "base", Version: "2.0.77", Enabled: true, Builtin: true}, {Name: "quality", Version: "2.0.77", Builtin: true},
		{Name: "a", Version: "1.1.0", Enabled: true, Used: true}, {Name: "a", Version: "1.0.0", Enabled: true},
		{Name: "b", Version: "0.9.0"}, {Name: "b", Version: "1.0.0"}, {Name: "c", Enabled: true}, {Name: "../d", Version: "1.0.0"},
	}}
	box.mu.Unlock()
	draft, err := c.ImportPack(ctx, me, api.ImportPack{Instance: "nauvis"})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, m := range draft.Pack.List {
		got += fmt.Sprint(m.Name, " ", m.Version, " ", m.Enabled, "; ")
	}
	if want := "base 2.0 true; elevated-rails 2.0 false; quality 2.0 false; space-age 2.0 false; a 1.1.0 true; b 1.0.0 false; c  true; "; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if draft.Pack.Name != "nauvis" || draft.Pack.Game != "2.0" || !strings.Contains(string(draft.Pack.Settings), `"mode":{"value":"fast"}`) || len(draft.Missing) != 3 {
		t.Errorf("%+v", draft)
	}
	if remarks := strings.Join(draft.Remarks, " "); !strings.Contains(remarks, "which version of c") || !strings.Contains(remarks, `"../d" can't be a mod's name`) {
		t.Errorf("%q", draft.Remarks)
	}
}
