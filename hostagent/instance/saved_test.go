package instance

import (
	"testing"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
	"mainbus/hostagent/internal/simgame"
)

// savedAccounts returns the accounts of the newest save that was told, and of how many saves that was.
func (c *controller) savedAccounts() (tree *scriptdat.Table, n int) {
	c.with(func() {
		if n = len(c.saved); n > 0 {
			tree, _ = scriptdat.ParseTree(c.saved[n-1].GetAccounts())
		}
	})
	return tree, n
}

// TestFinishedSavesAreTold: what a save holds is told once it has finished, by autosave, by command and at the end, and again
// to a controller that comes back.
func TestFinishedSavesAreTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &controller{ledger: "beef"}
	a := newAgent(t, dir, simgame.Install(t, scenario), c)
	a.wantRunning(true)
	a.waitLinked()
	eventually(t, "iron was sent", func() bool { return c.heard("iron-plate/normal=120/0/0") })
	if tree, n := c.savedAccounts(); n != 0 {
		t.Errorf("told of %d saves before the first of this identity: %v", n, tree)
	}
	if _, err := a.SendConsole(t.Context(), "/server-save one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the save was told", func() bool { _, n := c.savedAccounts(); return n == 1 })
	tree, _ := c.savedAccounts()
	saved := c.saved[0]
	if numbers(tree, "e")["iron-plate/normal"] != 120 || saved.GetLedger() != "beef" || saved.GetWorld() != c.bound[0].GetWorld() || saved.GetTick() == 0 {
		t.Errorf("told %v", saved)
	}

	c.with(func() { c.streams[len(c.streams)-1].Close() }) // the controller comes back and may have forgotten
	eventually(t, "the save was told again", func() bool { _, n := c.savedAccounts(); return n == 2 })
	a.waitLinked()
	c.grant("copper-plate/normal=50")
	eventually(t, "copper arrived", func() bool { return c.heard("copper-plate/normal=0/50/50") })
	a.stopGame()
	eventually(t, "the last save was told", func() bool { _, n := c.savedAccounts(); return n == 3 })
	if tree, _ := c.savedAccounts(); numbers(tree, "i")["copper-plate/normal"] != 50 {
		t.Errorf("the save of a clean stop: %v", tree)
	}

	if c.saved[2].GetSave() != "Alpha-One.zip" {
		t.Errorf("the save of a clean stop is %s", c.saved[2].GetSave())
	}
	if other, _, err := savedBy(a.folder.saves(), "beef", "another"); other != nil || err != nil {
		t.Errorf("of another world: %v, %v", other, err)
	}
	if err := save.Verify(a.savePath("Alpha-One.zip")); err != nil {
		t.Error(err)
	}
}

func (a *agent) savePath(name string) string { return a.folder.path("saves", name) }
