package modfolder

import (
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/transport/wire"
)

func TestLook(t *testing.T) {
	f := Folder(t.TempDir())
	put := func(name, version, needs string) {
		t.Helper()
		write(t, f.path(current, name+"_"+version+".zip"), string(modZip(t, name, version, needs)))
	}
	put("belts", "1.0.0", "")
	put("belts", "1.2.0", "")
	put("pinned", "1.0.0", "")
	put("pinned", "2.0.0", "")
	put("off", "1.0.0", "nothing-of-this-kind")
	put("needy", "1.0.0", "lamps >= 2.0.0")
	put("lamps", "1.0.0", "")
	write(t, f.path(current, "broken_1.0.0.zip"), "no zip")
	write(t, f.path(current, "any-folder", "notes.txt"), "no mod")
	write(t, f.path(current, "unpacked", "info.json"), `{"name":"unpacked","version":"1.0.0","title":"u","author":"a","factorio_version":"1.1"}`)
	write(t, f.path(current, listFile), `{"mods":[{"name":"base","enabled":true},{"name":"space-age","enabled":false},{"name":"off","enabled":false},
		{"name":"pinned","enabled":true,"version":"1.0.0"},{"name":"absent","enabled":true,"version":"3.0.0"}]}`)
	write(t, f.path(current, settingsFile), string(settings(t, factorio.Version{Major: 2, Patch: 99}, 1)))

	answer, err := f.Look(game)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]string{}
	byName := map[string]*wire.InstalledMod{}
	for _, m := range answer.GetMods() {
		byName[m.GetName()+" "+m.GetVersion()] = m
		if m.GetUsed() {
			used[m.GetName()] = m.GetVersion()
		}
	}
	for name, version := range map[string]string{"base": "2.0.77", "belts": "1.2.0", "pinned": "1.0.0", "lamps": "1.0.0", "space-age": "", "off": "", "absent": ""} {
		if used[name] != version {
			t.Errorf("of %s the game uses %q, want %q", name, used[name], version)
		}
	}
	if m := byName["belts 1.0.0"]; m.GetProblem() != "The game loads belts_1.2.0.zip instead." {
		t.Errorf("an older version: %v", m)
	}
	if _, there := byName["any-folder "]; there {
		t.Error("a folder that is no mod is listed")
	}
	all := strings.Join(answer.GetProblems(), "\n")
	for _, want := range []string{
		"mod-settings.dat in the mods folder was written by Factorio 2.0.99, and 2.0.77 would ignore it",
		"belts is there 2 times, and the game loads belts_1.2.0.zip: remove the others.", "broken_1.0.0.zip is no mod that the game can read",
		"unpacked 1.0.0 is for Factorio 1.1 and is not loaded by 2.0.77", "absent is switched on in mod-list.json, but not in the folder",
		"needy 1.0.0: it needs lamps >= 2.0.0, but 1.0.0 is there.",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("problems do not say %q:\n%s", want, all)
		}
	}
	for _, unwanted := range []string{"off 1", "pinned"} {
		if strings.Contains(all, unwanted) {
			t.Errorf("problems speak of %s:\n%s", unwanted, all)
		}
	}
	if answer.GetSettingsVersion() != "2.0.99" {
		t.Errorf("settings of %q", answer.GetSettingsVersion())
	}
}

// Without a game, or a folder, there is less to tell, and nothing to fail.
func TestLookWithoutAGame(t *testing.T) {
	f := Folder(t.TempDir())
	if answer, err := f.Look(factorio.Version{}); err != nil || len(answer.GetMods())+len(answer.GetProblems()) > 0 {
		t.Errorf("an empty folder: %v (%v)", answer, err)
	}
	write(t, f.path(current, "belts_1.0.0.zip"), string(modZip(t, "belts", "1.0.0", "")))
	write(t, f.path(current, listFile), `{"mods":[{"name":"base","enabled":true},{"name":"recycler","enabled":true}]}`)
	if answer, err := f.Look(factorio.Version{}); err != nil || len(answer.GetMods()) != 1 || len(answer.GetProblems()) > 0 {
		t.Errorf("a game that is not known: %v (%v)", answer, err)
	}
}
