package names

import (
	"archive/zip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/internal/simgame"
)

func TestMain(m *testing.M) { simgame.Main(m) }

// modded is a game with two mods, one of which is switched off.
func modded(t *testing.T) Game {
	t.Helper()
	installed := simgame.Install(t, "{}")
	mods := t.TempDir()
	write(t, filepath.Join(mods, "mod-list.json"), `{"mods": [{"name": "base", "enabled": true}, {"name": "off", "enabled": false}]}`)
	for _, name := range []string{"things", "off"} {
		info := `{"name": "` + name + `", "version": "1.0.0", "title": "t", "author": "a", "factorio_version": "2.0"}`
		file, err := os.Create(filepath.Join(mods, name+"_1.0.0.zip"))
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(file)
		for entry, content := range map[string]string{
			"info.json": info, "data.lua": `data:extend{{type = "item", name = "` + name + `-plate", stack_size = 10, icon = "x"}}`,
			"locale/en/a.cfg": "[item-name]\n" + name + "-plate=Plate of [color=red]" + name + "[/color]\n[mod-name]\n" + name + "=x\n",
			"locale/de/a.cfg": "[item-name]\n" + name + "-plate=Platte\n",
		} {
			w, err := z.Create(name + "/" + entry)
			if err == nil {
				_, err = w.Write([]byte(content))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(z.Close(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return gameOf(installed, mods)
}

func gameOf(i *install.Installation, mods string) Game {
	return Game{Binary: i.Binary(), Data: i.Data(), Version: "2.0.77", Mods: mods}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, n Names) {
	t.Helper()
	for _, want := range []struct{ kind, id, name string }{
		{"item", "things-plate", "Plate of things"}, {"item", "off-plate", ""}, {"item", "iron-plate", "Iron plate"}, {"fluid", "crude-oil", "Crude oil"}, {"entity", "wooden-chest", "Wooden chest"},
	} {
		if got := n[want.kind][want.id]; got != want.name {
			t.Errorf("%s %s is called %q", want.kind, want.id, got)
		}
	}
}

func TestTheGameTells(t *testing.T) {
	g := modded(t)
	work := filepath.Join(t.TempDir(), "work")
	before, err := os.ReadFile(filepath.Join(g.Mods, modList))
	if err != nil {
		t.Fatal(err)
	}
	n, dumped, why, err := Find(t.Context(), g, work)
	if err != nil || !dumped || why != nil {
		t.Fatalf("dumped %v, %v, %v", dumped, why, err)
	}
	check(t, n)
	if n["item"]["wooden-chest"] != "Wooden chest" {
		t.Error("an item that has the name of what it places has none")
	}
	if after, err := os.ReadFile(filepath.Join(g.Mods, modList)); err != nil || string(after) != string(before) {
		t.Errorf("the game wrote into the mods: %s, %v", after, err)
	}
	if _, err := os.Stat(work); !os.IsNotExist(err) {
		t.Errorf("the folder that it worked in is still there: %v", err)
	}
}

func TestLocaleFilesDoWhereTheGameDoesNotTell(t *testing.T) {
	g := modded(t)
	g.Binary = filepath.Join(t.TempDir(), "game")
	if runtime.GOOS != "windows" {
		write(t, g.Binary, "#!/bin/sh\necho Unknown option; exit 1\n")
	}
	n, dumped, why, err := Find(t.Context(), g, filepath.Join(t.TempDir(), "work"))
	if err != nil || dumped || why == nil {
		t.Fatalf("dumped %v, %v, %v", dumped, why, err)
	}
	if runtime.GOOS != "windows" && !strings.Contains(why.Error(), "Unknown option") {
		t.Errorf("why: %v", why)
	}
	check(t, n)
	if n["mod"] != nil {
		t.Error("names of mods are no names of things")
	}
}

func TestAStartThatIsWaitedForEndsIt(t *testing.T) {
	g := modded(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := Find(ctx, g, filepath.Join(t.TempDir(), "work")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestKey(t *testing.T) {
	mods := t.TempDir()
	g := Game{Version: "2.0.77", Mods: mods}
	seen := map[string]string{}
	look := func(what string) {
		t.Helper()
		key, err := Key(g)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := Key(g); again != key {
			t.Errorf("%s: not the same twice", what)
		}
		if other, there := seen[key]; there {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
	}
	look("no mods")
	write(t, filepath.Join(mods, modList), "{}")
	look("a list")
	write(t, filepath.Join(mods, "a_1.0.0.zip"), "x")
	look("a mod")
	write(t, filepath.Join(mods, "a_1.0.0.zip"), "xy")
	look("another file")
	write(t, filepath.Join(mods, modSettings), "x")
	look("settings")
	g.Version = "2.0.78"
	look("another game")
	write(t, filepath.Join(mods, "notes.txt"), "x")
	key, err := Key(g)
	if seen[key] != "another game" || err != nil {
		t.Error("a file that is no mod counts")
	}
	g.Mods = filepath.Join(mods, "missing")
	look("no folder")
}
