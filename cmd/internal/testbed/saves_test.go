package testbed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

// TestSavesBetweenRealHosts: a map is made, brought here, brought back under another name, copied to another host, chosen and played
// there; what a start replaces is among the backups.
func TestSavesBetweenRealHosts(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, saves were NOT carried between real processes here: %v", err)
	}
	ctx := t.Context()
	c := newCluster(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctl := func(args ...string) []byte {
		t.Helper()
		out, err := c.Ctl(ctx, args...)
		must(err)
		return out
	}
	saves := func(instance string) (list api.SaveList) {
		t.Helper()
		must(json.Unmarshal(ctl("--json", "saves", "list", instance), &list))
		return list
	}
	must(c.StartController(ctx))
	scenario := []byte(`{"autosave_seconds": 3600, "worlds": {"*": {"chests": []}}}`)
	for _, name := range []string{"one", "two"} {
		h, err := c.AddHost(name, scenario, "world-"+name)
		must(err)
		must(h.StartAgent())
		must(h.ReadConsole(ctx))
		must(testbed.Poll(ctx, patience, "the host to be found", func() (bool, error) {
			found, ok, err := h.Find(ctx)
			h.ID = found.ID
			return ok, err
		}))
		ctl("hosts", "pair", c.NameOrID(ctx, h), h.Code)
	}
	must(c.WaitLinked(ctx, patience))
	for _, name := range []string{"one", "two"} {
		ctl("instances", "create", "world-"+name, "--host", c.HostOf("world-"+name).ID)
	}

	ctl("saves", "create", "world-one", "rails.zip", "--preset", "rail-world", "--seed", "42")
	list := saves("world-one")
	if len(list.Saves) != 1 || list.Saves[0].Problem != "" || list.Next != "rails.zip" || list.Chosen != "rails.zip" {
		t.Fatalf("after the map was made: %+v", list)
	}
	local := filepath.Join(t.TempDir(), "local.zip")
	ctl("saves", "download", "world-one", "rails.zip", local)
	if out, err := c.Ctl(ctx, "saves", "download", "world-one", "rails.zip", local); err == nil {
		t.Errorf("a file here was replaced unasked: %s", out)
	}
	ctl("saves", "upload", "world-one", local, "--name", "back again.zip")
	if out, err := c.Ctl(ctx, "saves", "upload", "world-one", local, "--name", "../escaped.zip"); err == nil {
		t.Errorf("a save got out of its folder: %s", out)
	}
	ctl("saves", "transfer", "world-one", "rails.zip", "world-two")
	one, two := c.HostOf("world-one"), c.HostOf("world-two")
	want, err := os.ReadFile(local)
	must(err)
	for _, file := range []struct{ data, instance, name string }{
		{one.Data(), "world-one", "rails.zip"}, {one.Data(), "world-one", "back again.zip"}, {two.Data(), "world-two", "rails.zip"},
	} {
		i, err := c.Instance(ctx, file.instance)
		must(err)
		got, err := os.ReadFile(filepath.Join(file.data, "instances", i.ID, "saves", file.name))
		must(err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s of %s is another file", file.name, file.instance)
		}
	}

	noSave := filepath.Join(t.TempDir(), "no save.zip")
	must(os.WriteFile(noSave, []byte("this is none"), 0o600))
	if out, err := c.Ctl(ctx, "saves", "upload", "world-two", noSave); err == nil {
		t.Errorf("what is no save became one: %s", out)
	}

	ctl("saves", "choose", "world-two", "rails.zip")
	for range 2 { // the second start replaces the save of the first
		ctl("instances", "start", "world-two")
		ctl("instances", "stop", "world-two")
	}
	list = saves("world-two")
	if list.Chosen != "" || list.Next != "world-two.zip" || len(list.Saves) != 2 {
		t.Errorf("after it was played: %+v", list)
	}
	if len(list.Backups) != 1 || list.Backups[0].Reason != "start" || list.Backups[0].Name != "world-two.zip" {
		t.Errorf("backups: %+v", list.Backups)
	}
	ctl("saves", "take-backup", "world-two", list.Backups[0].ID, "before.zip")
	ctl("saves", "transfer", "world-two", list.Backups[0].ID, "world-one", "--from", "backups", "--name", "from-backup.zip")
	ctl("saves", "delete", "world-two", "before.zip")
	bin := saves("world-two").Bin
	if len(bin) != 1 {
		t.Fatalf("bin: %+v", bin)
	}
	ctl("saves", "restore", "world-two", bin[0].ID)
	if list := saves("world-two"); len(list.Bin) != 0 || len(list.Saves) != 3 {
		t.Errorf("after it came back: %+v", list)
	}
}
