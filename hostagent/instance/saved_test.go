package instance

import (
	"strings"
	"testing"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/simgame"
)

// savedTotals returns the body of the newest save that was told, and of how many saves that was.
func (c *controller) savedTotals() (body string, n int) {
	c.with(func() {
		if n = len(c.saved); n > 0 {
			body = string(c.saved[n-1].GetReports()[0].GetBody())
		}
	})
	return body, n
}

// TestFinishedSavesAreTold: what a save holds is told once it has finished, by autosave, by command and at the end, and again
// to a controller that comes back.
func TestFinishedSavesAreTold(t *testing.T) {
	dir := t.TempDir()
	c := &controller{ledger: "beef"}
	a := newAgent(t, dir, simgame.Install(t, scenario), c)
	a.wantRunning(true)
	a.waitLinked()
	eventually(t, "iron was sent", func() bool { return c.heard("iron-plate/normal=120/0/0") })
	if body, n := c.savedTotals(); n != 0 {
		t.Errorf("told of %d saves before the first of this identity: %s", n, body)
	}
	if _, err := a.SendConsole(t.Context(), "/server-save one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the save was told", func() bool { _, n := c.savedTotals(); return n == 1 })
	body, _ := c.savedTotals()
	saved := c.saved[0]
	if !strings.Contains(body, "iron-plate/normal=120/0/0") || saved.GetLedger() != "beef" || saved.GetWorld() != c.bound[0].GetWorld() || saved.GetTick() == 0 {
		t.Errorf("told %v", saved)
	}

	c.with(func() { c.streams[len(c.streams)-1].Close() }) // the controller comes back and may have forgotten
	eventually(t, "the save was told again", func() bool { _, n := c.savedTotals(); return n == 2 })
	a.waitLinked()
	c.grant("copper-plate/normal=50")
	eventually(t, "copper arrived", func() bool { return c.heard("copper-plate/normal=0/50/50") })
	a.stopGame()
	eventually(t, "the last save was told", func() bool { _, n := c.savedTotals(); return n == 3 })
	if body, _ := c.savedTotals(); !strings.Contains(body, "copper-plate/normal=0/50/0") {
		t.Errorf("the save of a clean stop: %s", body)
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
