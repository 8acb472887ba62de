package hostagent

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/instance"
	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

// stoppedInstance makes the folder of an instance that has a save, made by the game, and more.
func stoppedInstance(t *testing.T, dir string) *instance.Instance {
	t.Helper()
	files := map[string]string{
		"server-settings.json": `{"name": "nauvis"}`, "config/config.ini": "[other]\n", "mods/mod-list.json": "{}", "server-adminlist.json": "[]",
		".mainbus/state.json": `{"starts": 3}`, ".mainbus/run.json": "{}", "temp/x": "y", "factorio-current.log": "log", "script-output/a": "b",
		"saves/_autosave1.zip": "no save at all",
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	game := simgame.Install(t, scenario)
	out, err := exec.Command(game.Binary(), "--create", filepath.Join(dir, "saves", "nauvis.zip")).CombinedOutput()
	if err != nil {
		t.Fatalf("make a save: %v: %s", err, out)
	}
	early := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
	if err := os.Chtimes(filepath.Join(dir, "saves", "nauvis.zip"), early, early); err != nil {
		t.Fatal(err)
	}
	return instance.New(instance.Config{ID: instanceName, Dir: dir, Log: slog.New(slog.DiscardHandler), Changed: func() {}})
}

func emptyFleet(t *testing.T) *fleet {
	t.Helper()
	f, err := loadFleet(fleetConfig{dir: t.TempDir(), changed: func() {}, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func filesBelow(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestAnInstanceIsPackedAndFindsItsPlace(t *testing.T) {
	source := t.TempDir()
	i := stoppedInstance(t, source)
	path, release, err := i.Pack(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.ChangeSave(t.Context(), &wire.SaveChange{Action: wire.SaveAction_SAVE_ACTION_DELETE, Save: "nauvis.zip"}); !errors.Is(err, instance.ErrBusy) {
		t.Errorf("a save was deleted while the instance was packed: %v", err)
	}
	release()
	if path, release, err = i.Pack(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer release()
	if second, err := os.ReadFile(path); err != nil || string(second) != string(first) {
		t.Errorf("packed again it is another file, so that a transfer can't go on: %v", err)
	}

	f := emptyFleet(t)
	archive := filepath.Join(f.cfg.dir, "key.tar")
	if err := os.WriteFile(archive, first, 0o600); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(f.dirOf(instanceName), "saves")
	if err := os.MkdirAll(old, 0o700); err != nil { // of an earlier stay
		t.Fatal(err)
	}
	if err := f.arrive(t.Context(), instanceName, "key", archive); err != nil {
		t.Fatal(err)
	}
	want := []string{
		".mainbus/arrival.json", ".mainbus/state.json", "config/config.ini", "mods/mod-list.json", "saves/_autosave1.zip", "saves/nauvis.zip",
		"server-adminlist.json", "server-settings.json",
	}
	dir := f.dirOf(instanceName)
	if got := filesBelow(t, dir); !slices.Equal(got, want) {
		t.Errorf("there are %v", got)
	}
	before, err := os.Stat(filepath.Join(source, "saves", "nauvis.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(filepath.Join(dir, "saves", "nauvis.zip")); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the save has another time, so that another one may be taken for the newest: %v", err)
	}
	if !instance.Arrived(dir, "key") || instance.Arrived(dir, "other") {
		t.Error("it is not marked by which move it came")
	}
	if bin, err := os.ReadDir(filepath.Join(f.cfg.dir, "bin")); err != nil || len(bin) != 1 || !strings.HasSuffix(bin[0].Name(), "~"+instanceName) {
		t.Errorf("the bin has %v, %v", bin, err)
	}

	f.desired = &wire.Desired{Instances: []*wire.DesiredInstance{{Id: instanceName}}}
	if err := f.discard(instanceName); !errors.Is(err, errWanted) {
		t.Errorf("an instance that belongs here went into the bin: %v", err)
	}
	if err := f.arrive(t.Context(), instanceName, "key", archive); !errors.Is(err, errWanted) {
		t.Errorf("an instance that belongs here was replaced: %v", err)
	}
	f.desired = &wire.Desired{}
	if err := errors.Join(f.discard(instanceName), f.discard(instanceName)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestADamagedSaveDoesNotMove(t *testing.T) {
	dir := t.TempDir()
	i := stoppedInstance(t, dir)
	path := filepath.Join(dir, "saves", "nauvis.zip")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/3] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, release, err := i.Pack(t.Context()); err == nil {
		release()
		t.Error("packed")
	}
	if _, err := os.Stat(filepath.Join(dir, ".mainbus", "outgoing.tar")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was left: %v", err)
	}
}

func TestALinkIsNotPacked(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs a privilege there")
	}
	dir := t.TempDir()
	i := stoppedInstance(t, dir)
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "mods", "far")); err != nil {
		t.Fatal(err)
	}
	_, release, err := i.Pack(t.Context())
	if err == nil {
		release()
	}
	if err == nil || !strings.Contains(err.Error(), "mods/far") {
		t.Errorf("got %v", err)
	}
}

func TestTheBinIsSwept(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"1~x", "notours", "9999999999999~y"} {
		if err := os.MkdirAll(filepath.Join(bin, name, "saves"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := sweepBin(bin); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(bin)
	if err != nil || len(entries) != 2 {
		t.Errorf("left are %v, %v", entries, err)
	}
}
