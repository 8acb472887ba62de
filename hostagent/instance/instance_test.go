package instance

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

func TestLifeOfAnInstance(t *testing.T) {
	t.Parallel()
	game, dir := simgame.Install(t, scenario), t.TempDir()
	c := &controller{ledger: "beef"}
	a := newAgent(t, dir, game, c)

	a.wantRunning(true)
	o := a.waitLinked()
	if o.GetGamePort() < uint32(ownPorts()) || o.GetSave() != "Alpha-One.zip" || o.GetStarts() != 1 || o.GetGameVersion() != "2.0.77" {
		t.Errorf("observed %v", o)
	}
	eventually(t, "iron was sent and copper is wanted", func() bool {
		return c.heard("iron-plate/normal=120/0/0") && c.heard("copper-plate/normal=0/0/50")
	})
	c.grant("copper-plate/normal=50")
	eventually(t, "copper arrived", func() bool { return c.heard("copper-plate/normal=0/50/50") })

	if text, err := a.SendConsole(t.Context(), "/version"); err != nil || !strings.Contains(text, "2.0.77") {
		t.Errorf("console: %q, %v", text, err)
	}
	for _, line := range []string{"/mainbus 1 00000000 x", " /mainbus2 x", "two\nlines", ""} {
		if _, err := a.SendConsole(t.Context(), line); err == nil {
			t.Errorf("%q was sent", line)
		}
	}
	lines, next, err := a.ReadConsole(t.Context(), 0, time.Second, 2000)
	if err != nil || next == 0 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "Hosting game at") }) ||
		slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "mainbus:1") }) {
		t.Errorf("console output up to %d, %v: %q", next, err, lines)
	}

	a.stopGame()
	if _, err := a.SendConsole(t.Context(), "/version"); err != ErrNotRunning {
		t.Errorf("console of a stopped game: %v", err)
	}
	world := c.bound[0].GetWorld()
	if saved, err := examine(filepath.Join(dir, "saves", "Alpha-One.zip")); err != nil || saved.world != world {
		t.Errorf("world in the save: %+v, %v; bound as %q", saved, err, world)
	}
	wantAccounts(t, filepath.Join(dir, "saves", "Alpha-One.zip"), "beef", map[string]float64{"iron-plate/normal": 120}, map[string]float64{"copper-plate/normal": 50})
	settings, err := os.ReadFile(a.folder.serverSettings())
	if err != nil || !strings.Contains(string(settings), `"auto_pause": false`) {
		t.Errorf("server settings: %s, %v", settings, err)
	}

	// The next start goes on with the same world under a new start number.
	a.wantRunning(true)
	a.waitLinked()
	second := c.bound[len(c.bound)-1]
	if second.GetWorld() != world || second.GetLedger() != "beef" || !strings.Contains(string(second.GetReports()[0].GetBody()), "iron-plate/normal=120/0/0") {
		t.Errorf("second start bound as %v", second)
	}
	a.stopGame()
}

func TestKilledGameComesBack(t *testing.T) {
	t.Parallel()
	c := &controller{ledger: "beef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), c)
	if err := a.Kill(t.Context()); err != ErrNotRunning {
		t.Errorf("kill of nothing: %v", err)
	}
	a.wantRunning(true)
	first := a.waitLinked()
	old := a.pid()
	began := time.Now()
	if err := a.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	var failed *wire.ObservedInstance
	o := a.wait("running again", func(o *wire.ObservedInstance) bool {
		if o.GetState() == wire.State_STATE_FAILED {
			failed = o
		}
		return o.GetStarts() > first.GetStarts() && o.GetLinked()
	})
	t.Logf("linked again %v after the kill", time.Since(began).Round(time.Millisecond))
	if failed != nil && !strings.Contains(failed.GetCause(), "killed") {
		t.Errorf("cause %q", failed.GetCause())
	}
	// The port is kept where it is free (TestPorts); here another program may have taken it while the game was dead.
	if a.pid() == old || o.GetGamePort() == 0 {
		t.Errorf("process %d, then %d; port %d, then %d", old, a.pid(), first.GetGamePort(), o.GetGamePort())
	}
	a.stopGame()
}

func TestAgentThatComesBackAdoptsTheGame(t *testing.T) {
	t.Parallel()
	game, dir := simgame.Install(t, scenario), t.TempDir()
	c := &controller{ledger: "beef"}
	first := newAgent(t, dir, game, c)
	first.wantRunning(true)
	first.waitLinked()
	pid := first.pid()
	first.crash()

	second := newAgent(t, dir, game, c)
	second.wantRunning(true)
	began := time.Now()
	o := second.waitLinked()
	t.Logf("adopted and linked after %v", time.Since(began).Round(time.Millisecond))
	if second.pid() != pid || o.GetStarts() != 1 || o.GetSave() != "Alpha-One.zip" {
		t.Errorf("process %d, then %d; %v", pid, second.pid(), o)
	}
	if c.number < 2 {
		t.Errorf("%d epochs for two attachments", c.number)
	}
	second.stopGame()

}

func TestGameWhoseSupervisorWasKilledIsStartedAgain(t *testing.T) {
	t.Parallel()
	c := &controller{ledger: "beef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), c)
	a.wantRunning(true)
	first := a.waitLinked()
	process, err := os.FindProcess(a.processes().Supervisor)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	a.wait("running again", func(o *wire.ObservedInstance) bool { return o.GetStarts() > first.GetStarts() && o.GetLinked() })
	a.stopGame()
}

// Such a game saves and ends by itself, because its input ends; that may take a while.
func TestGameThatLostItsSupervisorIsStopped(t *testing.T) {
	for _, test := range []struct {
		name    string
		restart bool // of the agent
	}{{"seen by the agent", false}, {"while no agent ran", true}} {
		t.Run(test.name, func(t *testing.T) {
			dir, game := t.TempDir(), simgame.Install(t, strings.Replace(scenario, "{", `{"slow_save_ms": 1500, `, 1))
			a := newAgent(t, dir, game, &controller{ledger: "beef"})
			a.wantRunning(true)
			a.waitLinked()
			processes := a.processes()
			if test.restart {
				a.crash()
			}
			if process, err := os.FindProcess(processes.Supervisor); err != nil || process.Kill() != nil {
				t.Fatal("can't kill the supervisor")
			}
			if test.restart {
				eventually(t, "no supervisor", func() bool { _, err := supervisor.Attach(a.folder.ours()); return errors.Is(err, supervisor.ErrGone) })
				a = newAgent(t, dir, game, &controller{ledger: "beef"})
			}
			a.wantRunning(false)
			for range 2 { // what was wanted is noticed, and what came of it shown
				noticed := make(chan struct{})
				a.post(func() { close(noticed) })
				<-noticed
			}
			a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
			if supervisor.Orphaned(a.folder.ours()) {
				t.Error("shown as stopped while the game runs")
			}
		})
	}
}

func TestGameRunsWithoutController(t *testing.T) {
	t.Parallel()
	c := &controller{ledger: "beef", away: true}
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), c)
	a.wantRunning(true)
	o := a.wait("running", func(o *wire.ObservedInstance) bool {
		return o.GetState() == wire.State_STATE_RUNNING && o.GetCause() != ""
	})
	if o.GetLinked() || !strings.Contains(o.GetCause(), "controller") {
		t.Errorf("observed %v", o)
	}
	a.stopGame()
}

func TestBrokenRunStreamIsReplaced(t *testing.T) {
	t.Parallel()
	c := &controller{ledger: "beef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), c)
	a.wantRunning(true)
	a.waitLinked()
	c.with(func() { c.streams[0].Close() })
	eventually(t, "a second epoch", func() bool { n := 0; c.with(func() { n = len(c.bound) }); return n == 2 })
	a.waitLinked()
	a.stopGame()
}

func TestWorldKilledBeforeItsFirstSaveIsTheSameWorld(t *testing.T) {
	t.Parallel()
	c := &controller{ledger: "beef", world: "0123456789abcdef0123456789abcdef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), c)
	a.wantRunning(true)
	first := a.waitLinked()
	if err := a.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.wait("linked again", func(o *wire.ObservedInstance) bool { return o.GetStarts() > first.GetStarts() && o.GetLinked() })
	c.with(func() {
		if len(c.bound) != 2 || c.bound[0].GetWorld() != c.bound[1].GetWorld() {
			t.Errorf("bound %v", c.bound)
		}
	})
	a.stopGame()
	a.wantRunning(true)
	a.waitLinked()
	c.with(func() {
		if last := c.bound[len(c.bound)-1]; last.GetWorld() != c.world {
			t.Errorf("after a save: bound %v", last)
		}
	})
	a.stopGame()
}

func TestDamagedSaveIsPassedOverAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := newAgent(t, dir, simgame.Install(t, scenario), &controller{ledger: "beef"})
	a.wantRunning(true)
	a.waitLinked()
	a.stopGame()
	path := filepath.Join(dir, "saves", "Alpha-One.zip")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(dir, "saves", "_autosave1.zip")
	if err := os.WriteFile(older, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(older, hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	damaged := flipLastByteOf(t, path, "script.dat")
	a.wantRunning(true)
	a.waitLinked()
	kept, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	if text, err := os.ReadFile(kept[0]); err != nil || string(text) != string(damaged) {
		t.Errorf("the damaged save was changed: %v", err)
	}
	a.stopGame()
}

// flipLastByteOf damages a file in a save so that its directory is whole, and returns the damaged save.
func flipLastByteOf(t *testing.T, path, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/"+name) {
			at, err := f.DataOffset()
			if err != nil {
				t.Fatal(err)
			}
			content[at+int64(f.CompressedSize64)-1] ^= 0xff
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			return content
		}
	}
	t.Fatalf("no %s in %s", name, path)
	return nil
}

func TestTakenPortIsPassedOver(t *testing.T) {
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	a.wantRunning(true)
	port := a.waitLinked().GetGamePort()
	b := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	b.cfg.Ports = &Ports{First: uint16(port)}
	b.wantRunning(true)
	if other := b.waitLinked().GetGamePort(); other == port {
		t.Errorf("both games have port %d", port)
	}
	a.stopGame()
	b.stopGame()
}

func TestStartThatCannotSucceedIsTriedAgainAndShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := newAgent(t, dir, simgame.Install(t, scenario), &controller{ledger: "beef"})
	saves := filepath.Join(dir, "saves")
	if err := os.MkdirAll(saves, 0o700); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(saves, "broken.zip")
	if err := os.WriteFile(broken, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.wantRunning(true)
	o := a.wait("failed", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_FAILED })
	if !strings.Contains(o.GetCause(), "saves") {
		t.Errorf("cause %q", o.GetCause())
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	a.waitLinked()
	a.stopGame()
}
