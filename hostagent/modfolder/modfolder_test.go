package modfolder

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/modsettings"
)

func TestASetTakesTheFolderAndGivesItBack(t *testing.T) {
	f, c := Folder(t.TempDir()), openCache(t, t.TempDir())
	write(t, f.path(current, "own_0.1.0.zip"), "mine")
	write(t, f.path(current, listFile), `{"mods":[{"name":"base","enabled":true},{"name":"own","enabled":true}]}`)
	before := tree(t, f.path(current))

	first := set("1111", 7, settings(t, factorio.Version{Major: 2}, 5), stock(t, c, "a", "1.0.0", ""), stock(t, c, "b", "1.0.0", ""))
	apply(t, f, c, first)
	now := tree(t, f.path(current))
	if names := slices.Sorted(maps.Keys(now)); !slices.Equal(names, []string{"a_1.0.0.zip", "b_1.0.0.zip", recordFile, listFile, settingsFile}) {
		t.Errorf("the folder holds %v", names)
	}
	list, err := modlist.Parse([]byte(now[listFile]))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]modlist.Mod{
		"base": {Name: "base", Enabled: true}, "space-age": {Name: "space-age"}, "a": {Name: "a", Enabled: true, Version: "1.0.0"},
	} {
		if got := list.Get(name); got == nil || got.Enabled != want.Enabled || got.Version != want.Version {
			t.Errorf("%s is listed as %+v, want %+v", name, got, want)
		}
	}
	written, err := modsettings.Parse([]byte(now[settingsFile]))
	if err != nil || written.Version != game {
		t.Errorf("settings of version %v (%v), want the game's", written.Version, err)
	}
	if got := tree(t, f.path(former)); !maps.Equal(got, before) {
		t.Errorf("the former folder holds %v, want what was there: %v", got, before)
	}
	state := f.State()
	if state.Applied.Label != "Belts, revision 7" || !state.HasFormer || state.Former != nil {
		t.Errorf("state %+v", state)
	}
	if why := f.Amiss(first, game); why != "" {
		t.Errorf("amiss just after it was applied: %s", why)
	}

	if err := f.Back(); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, f.path(current)); !maps.Equal(got, before) {
		t.Errorf("after an undo there is %v, want %v", got, before)
	}
	if state := f.State(); state.Applied != nil || state.Former == nil || state.Former.Set != "1111" {
		t.Errorf("state after an undo: %+v", state)
	}
}

func TestFilesAreSecondNames(t *testing.T) {
	f, c := Folder(t.TempDir()), openCache(t, t.TempDir())
	apply(t, f, c, set("1111", 1, nil, stock(t, c, "a", "1.0.0", "")))
	apply(t, f, c, set("2222", 2, nil, stock(t, c, "a", "1.0.0", ""), stock(t, c, "b", "1.0.0", "")))
	a, err := os.Stat(f.path(current, "a_1.0.0.zip"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat(f.path(former, "a_1.0.0.zip"))
	if err != nil || !os.SameFile(a, b) {
		t.Errorf("the same mod of two sets is two files (%v)", err)
	}
}

// What nobody has asked to be removed is kept, wherever it lay.
func TestStrangersAreKept(t *testing.T) {
	f, c := Folder(t.TempDir()), openCache(t, t.TempDir())
	a, b := stock(t, c, "a", "1.0.0", ""), stock(t, c, "b", "1.0.0", "")
	write(t, f.path(current, "old_0.1.0.zip"), "before any set")
	apply(t, f, c, set("1111", 1, nil, a))
	write(t, f.path(current, "hand_0.2.0.zip"), "put there by hand")
	write(t, f.path(current, "unpacked", "info.json"), `{"name":"unpacked","version":"1.0.0","title":"u","author":"a"}`)
	write(t, f.path(current, "notes.txt"), "the game does not look at it")
	strange, err := f.Strangers()
	if err != nil || !slices.Equal(strange, []string{"hand_0.2.0.zip", "unpacked"}) {
		t.Errorf("strangers %v (%v)", strange, err)
	}
	apply(t, f, c, set("2222", 2, nil, b)) // they are in the former folder
	if got := asideTree(t, f); got != "old_0.1.0.zip" {
		t.Errorf("aside lies %q, want what was there before any set", got)
	}
	apply(t, f, c, set("3333", 3, nil, a, b))
	for _, name := range []string{"old_0.1.0.zip", "hand_0.2.0.zip", "unpacked/info.json"} {
		if !strings.Contains(asideTree(t, f), name) {
			t.Errorf("%s is lost: aside lies %q", name, asideTree(t, f))
		}
	}
	if strings.Contains(asideTree(t, f), "a_1.0.0.zip") {
		t.Error("the set's own files were put aside")
	}
}

func TestStrangersStayWhereThatIsWanted(t *testing.T) {
	f, c := Folder(t.TempDir()), openCache(t, t.TempDir())
	write(t, f.path(current, "hand_0.2.0.zip"), string(modZip(t, "hand", "0.2.0", "")))
	write(t, f.path(current, "a_0.9.0.zip"), string(modZip(t, "a", "0.9.0", ""))) // of which the set has another version
	write(t, f.path(current, "unpacked", "info.json"), `{"name":"unpacked","version":"1.0.0","title":"u","author":"a"}`)
	write(t, f.path(current, listFile), `{"mods":[{"name":"base","enabled":true},{"name":"hand","enabled":false}]}`)
	s := set("1111", 1, nil, stock(t, c, "a", "1.0.0", ""))
	s.KeepUnknown = true
	for range 2 { // the second time they are strangers in a set
		apply(t, f, c, s)
		s.Hash = "2222"
		now := tree(t, f.path(current))
		if now["hand_0.2.0.zip"] == "" || now["unpacked/info.json"] == "" || now["a_0.9.0.zip"] != "" {
			t.Errorf("the folder holds %v", slices.Sorted(maps.Keys(now)))
		}
		list, err := modlist.Parse([]byte(now[listFile]))
		if err != nil || list.Get("hand").Enabled || !list.Get("unpacked").Enabled {
			t.Errorf("what was kept is listed otherwise than it was: %v (%v)", now[listFile], err)
		}
	}
}

func TestStrangersThatStayAreNotPutAsideToo(t *testing.T) {
	f, c := Folder(t.TempDir()), openCache(t, t.TempDir())
	s := set("1111", 1, nil, stock(t, c, "a", "1.0.0", ""))
	s.KeepUnknown = true
	apply(t, f, c, s)
	write(t, f.path(current, "hand_0.2.0.zip"), string(modZip(t, "hand", "0.2.0", "")))
	for n := range 4 { // once more, then for other revisions
		apply(t, f, c, s)
		s.Hash = strings.Repeat(fmt.Sprint(n), 4)
	}
	if got := asideTree(t, f); got != "" {
		t.Errorf("put aside: %s", got)
	}
	if tree(t, f.path(current))["hand_0.2.0.zip"] == "" {
		t.Error("it did not stay")
	}
}

func TestAmiss(t *testing.T) {
	old := factorio.Version{Major: 2, Minor: 0, Patch: 10}
	tests := map[string]struct {
		spoil func(t *testing.T, f Folder)
		game  factorio.Version
		want  string
	}{
		"nothing":                      {func(*testing.T, Folder) {}, game, ""},
		"file gone":                    {func(t *testing.T, f Folder) { os.Remove(f.path(current, "a_1.0.0.zip")) }, game, "a_1.0.0.zip is gone"},
		"file changed":                 {func(t *testing.T, f Folder) { replace(t, f, "a_1.0.0.zip", "other") }, game, "a_1.0.0.zip was changed"},
		"switched off":                 {func(t *testing.T, f Folder) { relist(t, f, "a", false, "1.0.0") }, game, "a was switched in mod-list.json"},
		"switched on":                  {func(t *testing.T, f Folder) { relist(t, f, "space-age", true, "") }, game, "space-age was switched in mod-list.json"},
		"pin dropped, as the game may": {func(t *testing.T, f Folder) { relist(t, f, "a", true, "") }, game, ""},
		"other pin":                    {func(t *testing.T, f Folder) { relist(t, f, "a", true, "0.9.0") }, game, "another version of a was pinned in mod-list.json"},
		"settings gone":                {func(t *testing.T, f Folder) { os.Remove(f.path(current, settingsFile)) }, game, "mod-settings.dat is gone"},
		"settings changed": {func(t *testing.T, f Folder) { replace(t, f, settingsFile, string(settings(t, game, 6))) }, game,
			"the setting belt-speed was changed in mod-settings.dat"},
		"written by the game anew": {func(t *testing.T, f Folder) { replace(t, f, settingsFile, string(settings(t, old, 5))) }, game, ""},
		"older game":               {func(*testing.T, Folder) {}, old, "mod-settings.dat is of a newer game"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, c := Folder(t.TempDir()), openCache(t, t.TempDir())
			s := set("1111", 1, settings(t, game, 5), stock(t, c, "a", "1.0.0", ""))
			apply(t, f, c, set("0000", 0, nil))
			apply(t, f, c, s)
			test.spoil(t, f)
			if got := f.Amiss(s, test.game); got != test.want {
				t.Errorf("amiss is %q, want %q", got, test.want)
			}
			if err := f.Stage(t.Context(), s, test.game, c.Link); err != nil {
				t.Fatal(err)
			}
			if err := f.Swap(); err != nil {
				t.Fatal(err)
			}
			if got := f.Amiss(s, test.game); got != "" {
				t.Errorf("applied again, there is still amiss: %s", got)
			}
			if state := f.State(); state.Former == nil || state.Former.Set != "0000" {
				t.Errorf("a repair has changed what an undo goes back to: %+v", state.Former)
			}
		})
	}
}

// replace writes a file anew, as an editor does: what has the same inode elsewhere stays as it is.
func replace(t *testing.T, f Folder, name, text string) {
	t.Helper()
	os.Remove(f.path(current, name))
	write(t, f.path(current, name), text)
}

func relist(t *testing.T, f Folder, name string, enabled bool, version string) {
	t.Helper()
	list, err := f.readList(current)
	if err != nil {
		t.Fatal(err)
	}
	put(&list, name, enabled, version)
	replace(t, f, listFile, string(list.Bytes()))
}

func TestSettingsOfANewerGameAreRefused(t *testing.T) {
	newer := factorio.Version{Major: 2, Minor: 0, Patch: 78}
	f := Folder(t.TempDir())
	if err := f.CheckSettings(game); err != nil {
		t.Errorf("no file at all is refused: %v", err)
	}
	write(t, f.path(current, settingsFile), string(settings(t, newer, 5)))
	if err := f.CheckSettings(game); err == nil || !strings.Contains(err.Error(), "was written by Factorio 2.0.78, and 2.0.77 would ignore it") {
		t.Errorf("newer settings: %v", err)
	}
	if err := f.CheckSettings(newer); err != nil {
		t.Errorf("its own settings are refused: %v", err)
	}
	write(t, f.path(current, settingsFile), "rubbish")
	if err := f.CheckSettings(game); err != nil {
		t.Errorf("what can't be read is the game's to complain of: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		set  Set
		want string
	}{
		"fits":              {set("1", 1, settings(t, factorio.Version{Major: 2, Minor: 0, Patch: 99}, 1)), ""},
		"settings of 2.1":   {set("1", 1, settings(t, factorio.Version{Major: 2, Minor: 1}, 1)), "2.0.77 would ignore them"},
		"settings: rubbish": {set("1", 1, []byte("rubbish")), "can't be read"},
		"pack for 2.1":      {Set{ModSet: modSetFor("2.1")}, "for Factorio 2.1, and this instance runs 2.0.77"},
		"pack for any":      {Set{ModSet: modSetFor("")}, ""},
		"pack for 2.0.60":   {Set{ModSet: modSetFor("2.0.60")}, ""},
	} {
		err := test.set.Check(game)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// What can't be made ready changes nothing.
func TestMissingAndDamagedFiles(t *testing.T) {
	f, dir := Folder(t.TempDir()), t.TempDir()
	c := openCache(t, dir)
	a, b := stock(t, c, "a", "1.0.0", ""), stock(t, c, "b", "1.0.0", "")
	apply(t, f, c, set("1111", 1, nil, a))
	before := tree(t, string(f))
	if err := os.WriteFile(filepath.Join(dir, b.GetSha256()), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := f.Stage(t.Context(), set("2222", 2, nil, a, b), game, c.Link)
	if err == nil || !strings.Contains(err.Error(), "b 1.0.0") || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file: %v", err)
	}
	if c.Has(b.GetSha256()) {
		t.Error("the damaged file is still taken for a good one")
	}
	if err := f.Recover(); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, string(f)); !maps.Equal(got, before) {
		t.Errorf("there is %v, want %v", got, before)
	}
	if err := f.Swap(); err == nil {
		t.Error("what is not ready was swapped in")
	}
}
