package controller

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mainbus/controller/store"
)

// A controller that is put back to before a world's trade learns of it when the world is bound again.
func TestARestoredControllerHeals(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	id := c.create("nauvis", attic)
	made, err := c.BackUp(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	run, assigned := attic.join(id, "", "proposal", "")
	run.tell("iron-plate/normal=120/0/0")
	eventually(t, "the bus", 120, func() int64 { return c.bus("iron-plate").Level })
	if _, err := Restore(c.dir, made.Path); !errors.Is(err, ErrInUse) {
		t.Errorf("restored under a running controller: %v", err)
	}
	c.stop()
	got, err := Restore(c.dir, made.Path)
	if err != nil || got.Hosts != 1 || got.Instances != 1 || got.Worlds != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	c.start()
	if n := c.bus("iron-plate").Level; n != 0 {
		t.Errorf("the restored bus has %d", n)
	}
	attic.join(id, assigned.Ledger, assigned.World, "iron-plate/normal=120/0/0")
	eventually(t, "the bus", 120, func() int64 { return c.bus("iron-plate").Level })
	all, err := c.Backups(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]int{}
	for _, b := range all {
		why[b.Reason]++
	}
	if why[string(store.Asked)] != 1 || why[string(store.BeforeRestore)] != 1 || why[string(store.Regular)] == 0 {
		t.Errorf("backups: %+v", all)
	}
}

// A new machine has no data folder yet.
func TestRestoreOnANewMachine(t *testing.T) {
	c := newCluster(t)
	made, err := c.BackUp(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data", "controller")
	got, err := Restore(dir, made.Path)
	if err != nil || got.Replaced != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
}
