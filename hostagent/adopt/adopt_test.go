package adopt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/save"
	"mainbus/transport/local"
)

var base = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fill fills a folder. A name that ends in .zip! is a whole save, all others hold the text; later ones are newer.
func fill(t *testing.T, dir string, files ...[2]string) {
	t.Helper()
	for n, f := range files {
		name, whole := strings.CutSuffix(f[0], "!")
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if whole {
			writeSave(t, path)
		} else if err := os.WriteFile(path, []byte(f[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		at := base.Add(time.Duration(n) * time.Minute)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func writeSave(t *testing.T, path string) {
	t.Helper()
	w, err := save.Create(path, "world")
	if err != nil {
		t.Fatal(err)
	}
	header := save.NewHeader(factorio.Version{Major: 2, Minor: 0, Patch: 77})
	header.Level = "freeplay"
	if err := errors.Join(w.Level(header, strings.NewReader(strings.Repeat("level", 1000))), w.Close()); err != nil {
		t.Fatal(err)
	}
}

const settings = `{"name": "old", "_comment_token": "x", "token": "t0ps3cret", "auto_pause": true, "visibility": {"public": true, "lan": true}}`

func headless(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "factorio")
	fill(t, dir, [2]string{"bin/x64/factorio", "program"}, [2]string{"data/base/info.json", "{}"},
		[2]string{"config/config.ini", "; comment\n[path]\nread-data=__PATH__executable__/../../data\nwrite-data=__PATH__executable__/../..\n[other]\nport=34200\n"},
		[2]string{"saves/old.zip!", ""}, [2]string{"saves/_autosave1.zip!", ""}, [2]string{"saves/half.tmp.zip", "PK"}, [2]string{"saves/._old.zip", "x"},
		[2]string{"mods/mod-list.json", `{"mods":[{"name":"base","enabled":true},{"name":"big-belts","enabled":false}]}`},
		[2]string{"mods/big-belts_1.0.2.zip", "zip"}, [2]string{"mods/own_0.1.0/info.json", "{}"}, [2]string{"mods/mod-settings.dat", "dat"},
		[2]string{"server-settings.json", settings}, [2]string{"server-adminlist.json", `["Ann","bob"]`},
		[2]string{"server-banlist.json", `["x",{"username":"y"},"z"]`}, [2]string{"server-whitelist.json", `["Ann"]`}, [2]string{".lock", ""},
		[2]string{"player-data.json", `{"service-token":"s"}`}, [2]string{"factorio-current.log", "log"}, [2]string{"temp/x", "x"}, [2]string{"script-output/x", "x"},
		[2]string{"server-id.json", "{}"}, [2]string{"scenarios/mine/control.lua", "--"})
	return dir
}

func look(t *testing.T, dir string) Found {
	t.Helper()
	before := snapshot(t, dir)
	found, err := Look(dir)
	if err != nil {
		t.Fatal(err)
	}
	if after := snapshot(t, dir); after != before {
		t.Errorf("looking has changed the folder from\n%s to\n%s", before, after)
	}
	return found
}

// snapshot is every byte, time and right of a folder.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var text []byte
		if info.Mode().IsRegular() {
			if text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&b, "%s %s %s %q\n", path, info.Mode(), info.ModTime(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func below(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestLookAtAHeadlessArchive(t *testing.T) {
	f := look(t, headless(t))
	if f.Kind != Headless || f.Data != "." || len(f.Obstacles) > 0 {
		t.Errorf("%+v", f)
	}
	if f.SaveCount != 2 || f.Saves[0].Name != "_autosave1.zip" || f.Saves[0].Version != "2.0.77" || f.Saves[0].Problem != "" || f.Saves[1].Name != "old.zip" {
		t.Errorf("saves %+v", f.Saves)
	}
	if want := []Mod{{"big-belts_1.0.2.zip", false}, {"own_0.1.0", true}}; !slices.Equal(f.Mods, want) {
		t.Errorf("mods %+v", f.Mods)
	}
	if f.Admins != 2 || f.Banned != 3 || f.Whitelisted != 1 || !f.AutoPause {
		t.Errorf("%+v", f)
	}
	if text := string(f.Settings); strings.Contains(text, "t0ps3cret") || !strings.Contains(text, "(not shown)") || !strings.Contains(text, `"old"`) {
		t.Errorf("settings %s", text)
	}
	if !strings.Contains(strings.Join(f.Problems, "\n"), "half.tmp.zip") {
		t.Errorf("the unfinished save is not named: %q", f.Problems)
	}
}

func TestLayouts(t *testing.T) {
	t.Run("of a user", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), ".factorio")
		fill(t, dir, [2]string{"config/config.ini", "[path]\nwrite-data=__PATH__system-write-data__\n"}, [2]string{"saves/a.zip!", ""}, [2]string{"player-data.json", "{}"})
		f := look(t, dir)
		if f.Kind != User || f.SaveCount != 1 || len(f.Obstacles) > 0 || f.Settings != nil || !strings.Contains(strings.Join(f.Problems, " "), "no server-settings.json") {
			t.Errorf("%+v", f)
		}
	})
	t.Run("of a container", func(t *testing.T) {
		dir := t.TempDir()
		fill(t, dir, [2]string{"config/config.ini", "[path]\nwrite-data=/nowhere-on-this-host\n"}, [2]string{"saves/a.zip!", ""},
			[2]string{"config/server-settings.json", settings}, [2]string{"config/server-adminlist.json", `["Ann"]`})
		f := look(t, dir)
		if f.Kind != Server || f.Admins != 1 || f.Settings == nil || len(f.Obstacles) > 0 {
			t.Errorf("%+v", f)
		}
	})
	t.Run("saves only", func(t *testing.T) {
		dir := t.TempDir()
		fill(t, dir, [2]string{"a.zip!", ""}, [2]string{"photos.zip", "no save"}, [2]string{"letter.txt", "x"})
		f := look(t, dir)
		if f.Kind != Saves || f.SaveCount != 1 || f.Saves[0].Name != "a.zip" || f.Files != 1 || len(f.Obstacles) > 0 {
			t.Errorf("%+v", f)
		}
	})
	t.Run("data in a folder inside", func(t *testing.T) {
		dir := t.TempDir()
		fill(t, dir, [2]string{"config/config.ini", "[path]\nwrite-data=" + filepath.Join(dir, "server1") + "\n"}, [2]string{"server1/saves/a.zip!", ""})
		if f := look(t, dir); f.Data != "server1" || f.SaveCount != 1 || len(f.Obstacles) > 0 {
			t.Errorf("%+v", f)
		}
	})
	t.Run("data elsewhere", func(t *testing.T) {
		dir, other := t.TempDir(), t.TempDir()
		fill(t, dir, [2]string{"config/config.ini", "[path]\nwrite-data=" + other + "\n"}, [2]string{"saves/a.zip!", ""})
		if f := look(t, dir); !strings.Contains(strings.Join(f.Obstacles, " "), other) {
			t.Errorf("%+v", f)
		}
	})
}

func TestWhatIsNoServerFolder(t *testing.T) {
	empty, zips, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "file")
	fill(t, zips, [2]string{"photos.zip", "no save"}, [2]string{"etc/passwd", "x"})
	fill(t, filepath.Dir(file), [2]string{"file", "x"})
	for _, dir := range []string{empty, zips} {
		if _, err := Look(dir); !errors.Is(err, ErrNoServer) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	for _, dir := range []string{file, filepath.Join(empty, "missing"), "relative", ""} {
		if _, err := Look(dir); err == nil {
			t.Errorf("%q was looked at", dir)
		}
		if _, err := Take(t.Context(), dir, filepath.Join(t.TempDir(), "x"), Options{}); err == nil {
			t.Errorf("%q was taken", dir)
		}
	}
}

// What stands against adopting is said by Look, and Take does not do it.
func TestObstacles(t *testing.T) {
	for _, test := range []struct {
		name, says string
		set        func(t *testing.T, dir string)
	}{
		{"a damaged save is the newest", "newest save, z.zip, can't be read", func(t *testing.T, dir string) {
			writeAt(t, filepath.Join(dir, "saves", "z.zip"), "PK damaged", time.Hour)
		}},
		{"settings that can't be read", "server-settings.json can't be read", func(t *testing.T, dir string) {
			writeAt(t, filepath.Join(dir, "server-settings.json"), "{", 0)
		}},
		{"a running server", "A game runs from this folder", func(t *testing.T, dir string) {
			release, err := local.Lock(filepath.Join(dir, ".lock"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(release)
		}},
		{"a save that leads out", "link that leads out", func(t *testing.T, dir string) {
			link(t, filepath.Join(t.TempDir(), "x.zip"), filepath.Join(dir, "saves", "x.zip"))
		}},
		{"mods elsewhere", "link that leads out", func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(dir, "mods"))
			link(t, t.TempDir(), filepath.Join(dir, "mods"))
		}},
		{"a list that may not be read", "may not read", func(t *testing.T, dir string) {
			if runtime.GOOS == "windows" || os.Getuid() == 0 {
				t.Skip("SKIPPED: this account may read everything")
			}
			os.Chmod(filepath.Join(dir, "server-banlist.json"), 0)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := headless(t)
			test.set(t, dir)
			f, err := Look(dir)
			if err != nil || !strings.Contains(strings.Join(f.Obstacles, "\n"), test.says) {
				t.Errorf("%q, %v", f.Obstacles, err)
			}
			parent := t.TempDir()
			if _, err := Take(t.Context(), dir, filepath.Join(parent, "new"), Options{}); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("taken: %v", err)
			}
			nothingIn(t, parent)
		})
	}
}

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

func writeAt(t *testing.T, path, text string, after time.Duration) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, base.Add(after), base.Add(after))); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip("SKIPPED, no links here: ", err)
	}
}

func TestTakeCopiesTheServerAndNothingElse(t *testing.T) {
	dir, into := headless(t), filepath.Join(t.TempDir(), "new")
	before := snapshot(t, dir)
	last := int64(0)
	f, err := Take(t.Context(), dir, into, Options{
		Room: func(int64) error { return nil }, Progress: func(done, total int64) { last = done },
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := snapshot(t, dir); after != before {
		t.Errorf("the folder was\n%s, and is\n%s", before, after)
	}
	want := []string{
		"config/config.ini", "mods/big-belts_1.0.2.zip", "mods/mod-list.json", "mods/mod-settings.dat", "mods/own_0.1.0/info.json", "saves/_autosave1.zip",
		"saves/old.zip", "scenarios/mine/control.lua", "server-adminlist.json", "server-banlist.json", "server-id.json", "server-settings.json", "server-whitelist.json",
	}
	if got := below(t, into); !slices.Equal(got, want) || f.Files != len(want) || last != f.Bytes {
		t.Errorf("the copy has %v, %d of %d bytes", got, last, f.Bytes)
	}
	for _, name := range want {
		from, err1 := os.ReadFile(filepath.Join(dir, name))
		to, err2 := os.ReadFile(filepath.Join(into, name))
		was, err3 := os.Stat(filepath.Join(dir, name))
		is, err4 := os.Stat(filepath.Join(into, name))
		if err := errors.Join(err1, err2, err3, err4); err != nil || string(from) != string(to) || !was.ModTime().Equal(is.ModTime()) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
	if _, err := Take(t.Context(), dir, into, Options{}); err == nil {
		t.Error("a folder that is there was replaced")
	}
}

// A save whose header can be read may still be damaged further in.
func TestTakeReadsTheNewestSaveThrough(t *testing.T) {
	dir, parent := headless(t), t.TempDir()
	path := filepath.Join(dir, "saves", "_autosave1.zip")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The last byte of data before the directory of the zip.
	at := strings.Index(string(text), "PK\x01\x02")
	text[at-1] ^= 0xff
	writeAt(t, path, string(text), time.Hour)
	if f := look(t, dir); len(f.Obstacles) > 0 {
		t.Fatal("the damage is seen without reading the save through, so this tests nothing: ", f.Obstacles)
	}
	if _, err := Take(t.Context(), dir, filepath.Join(parent, "new"), Options{}); err == nil || !strings.Contains(err.Error(), "newest save is damaged") {
		t.Errorf("err = %v", err)
	}
	nothingIn(t, parent)
}

func TestACutLeavesNothing(t *testing.T) {
	for name, o := range map[string]func(cancel context.CancelFunc, dir string) Options{
		"given up": func(cancel context.CancelFunc, _ string) Options {
			return Options{Progress: func(done, total int64) {
				if done > total/2 {
					cancel()
				}
			}}
		},
		"no room": func(context.CancelFunc, string) Options {
			return Options{Room: func(bytes int64) error { return fmt.Errorf("%d bytes are too many", bytes) }}
		},
		"written to meanwhile": func(_ context.CancelFunc, dir string) Options {
			return Options{Progress: func(int64, int64) { os.WriteFile(filepath.Join(dir, "saves", "old.zip"), []byte("other"), 0o600) }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dir, parent := headless(t), t.TempDir()
			if _, err := Take(ctx, dir, filepath.Join(parent, "new"), o(cancel, dir)); err == nil {
				t.Error("it went well")
			}
			nothingIn(t, parent)
		})
	}
}

func TestWhatAKilledProgramLeftIsRemoved(t *testing.T) {
	parent := t.TempDir()
	fill(t, parent, [2]string{"abc" + unfinished + "/saves/a.zip", "x"}, [2]string{"def/saves/a.zip", "x"})
	if err := Clean(parent); err != nil {
		t.Fatal(err)
	}
	if got := below(t, parent); !slices.Equal(got, []string{"def/saves/a.zip"}) {
		t.Errorf("there is %v", got)
	}
}

func FuzzWriteData(f *testing.F) {
	f.Add("[path]\nwrite-data=/a\n")
	f.Add("[other]\nwrite-data=/a\n[path]\n;write-data=/b")
	f.Fuzz(func(t *testing.T, ini string) {
		if got := writeData(ini); got != strings.TrimSpace(got) || strings.Contains(got, "\n") {
			t.Errorf("%q", got)
		}
	})
}
