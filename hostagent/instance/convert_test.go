package instance

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/patch"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

// makeOlder gives a save of the simulated game the header that 1.1 wrote.
func makeOlder(t *testing.T, path string) {
	t.Helper()
	archive, err := save.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	level, err := archive.Level()
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	rest := bufio.NewReader(level)
	header, err := save.ReadHeader(rest)
	if err != nil {
		t.Fatal(err)
	}
	header.Version = factorio.Version{Major: 1, Minor: 1, Patch: 110}
	header.LoadedFrom, header.Build, header.Unknown = header.Version, 62320, 0
	w, err := save.Create(path+".older", archive.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archive.Names() {
		if strings.HasPrefix(name, "level.dat") {
			continue
		}
		r, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		w.File(name, data)
	}
	w.Level(header, rest)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".older", path); err != nil {
		t.Fatal(err)
	}
}

// countsRuns counts what it saw with our modules and without: ticks, and that the game's version changed. The latter it
// sees in the first moment; the run that converts may be over before its first tick.
const countsRuns = `local function count()
	storage.@ = storage.@ or { with = 0, without = 0 }
	local what = remote.interfaces["mainbus"] and "with" or "without"
	storage.@[what] = storage.@[what] + 1
end
script.on_configuration_changed(count)
script.on_event(defines.events.on_tick, count)`

func TestSaveOfAnOlderVersionIsConvertedUnpatchedFirst(t *testing.T) {
	t.Parallel()
	game := simgame.Install(t, busyScenario)
	for name, prepare := range map[string]func(path string) (string, error){
		"never patched": func(string) (string, error) { return "", nil },
		"patched before": func(path string) (string, error) {
			return patch.Patch{Start: "1-a", World: strings.Repeat("a", 32), Modules: map[string][]byte{"control.lua": []byte("error('ours')")}}.Apply(path, path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, c, f := t.TempDir(), &controller{ledger: "beef"}, newForeign(countsRuns)
			f.create(t, game, dir)
			path := savePathOf(dir)
			makeOlder(t, path)
			if refusal, err := prepare(path); err != nil || refusal != "" {
				t.Fatal(refusal, err)
			}
			older, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			a := newAgent(t, dir, game, c)
			a.wantRunning(true)
			o := a.waitLinked()
			trade(t, c, 20)
			if counted := f.ask(a, ""); counted["without"] == 0 || counted["with"] == 0 || o.GetStarts() != 1 || o.GetSave() != "Alpha-One.zip" {
				t.Errorf("counted %v; %v", counted, o)
			}
			a.stopGame()
			if c, err := examine(path); err != nil || c.version != (factorio.Version{Major: 2, Patch: 77}) {
				t.Errorf("the save is of %v, %v", c.version, err)
			}
			kept, err := os.ReadFile(path + ".from-1.1.110")
			if err != nil || string(kept) != string(older) {
				t.Errorf("the older save was not kept: %v", err)
			}
			if _, err := os.Stat(a.folder.conversion()); !os.IsNotExist(err) {
				t.Errorf("the conversion's files are left: %v", err)
			}
		})
	}
}

func TestConversionThatFailsIsShownAndChangesNothing(t *testing.T) {
	t.Parallel()
	dir, game := t.TempDir(), simgame.Install(t, busyScenario)
	f := newForeign(`error("not in this version")`)
	f.create(t, game, dir)
	path := savePathOf(dir)
	makeOlder(t, path)
	older, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := newAgent(t, dir, game, &controller{ledger: "beef"})
	a.wantRunning(true)
	o := a.wait("failed", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_FAILED })
	if f := a.why(); f.GetId() != "E24" || f.GetCause() != o.GetCause() {
		t.Errorf("%v, %v", o, f)
	}
	a.stopGame()
	if after, err := os.ReadFile(path); err != nil || string(after) != string(older) {
		t.Errorf("the save was changed: %v", err)
	}
	if saves, err := listSaves(filepath.Dir(path)); err != nil || len(saves) != 1 {
		t.Errorf("saves %v, %v", saves, err)
	}
}

func TestConversionIsClosedToEverybody(t *testing.T) {
	l := &launch{folder: folder(t.TempDir())}
	if err := os.MkdirAll(l.folder.conversion(), 0o700); err != nil {
		t.Fatal(err)
	}
	text := `{"name": "x", "visibility": {"public": true, "lan": true}, "require_user_verification": true, "other": 5}`
	if err := os.WriteFile(l.folder.serverSettings(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.writeClosedSettings(); err != nil {
		t.Fatal(err)
	}
	closed, err := os.ReadFile(l.folder.conversionSettings())
	if err != nil || strings.Contains(string(closed), "true") || !strings.Contains(string(closed), `"other": 5`) {
		t.Errorf("%s, %v", closed, err)
	}
	if own, err := os.ReadFile(l.folder.serverSettings()); err != nil || string(own) != text {
		t.Errorf("the instance's own settings became %s, %v", own, err)
	}
}

func TestSaveThatWasNotConvertedIsUsedAsItIs(t *testing.T) {
	dir := t.TempDir()
	l := &launch{folder: folder(dir), cfg: &Config{ID: "x", Log: slog.New(slog.DiscardHandler)}}
	l.game.Version = factorio.Version{Major: 2, Minor: 1, Patch: 9}
	if err := os.MkdirAll(l.folder.conversion(), 0o700); err != nil {
		t.Fatal(err)
	}
	writeSave(t, dir, "a.zip", "w1", 0)
	source, err := examine(filepath.Join(dir, "a.zip"))
	if err != nil || !l.isOlder(source.version) {
		t.Fatalf("%+v, %v", source, err)
	}
	for _, name := range []string{"none", "of the same version", "broken"} {
		switch name {
		case "of the same version":
			writeSave(t, l.folder.conversion(), "converted.zip", "w1", 0)
		case "broken":
			os.WriteFile(l.folder.converted(), []byte("x"), 0o600)
		}
		if got, err := l.takeConverted(source); err != nil || got != source {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for version, older := range map[string]bool{"2.0.76": false, "2.0.1": false, "2.1.0": true, "3.0.0": true, "1.1.110": false} {
		if l.game.Version, err = factorio.ParseVersion(version); err != nil {
			t.Fatal(err)
		}
		if got := l.isOlder(source.version); got != older {
			t.Errorf("a save of %v in %s: older %v", source.version, version, got)
		}
	}
}
