package instance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

// behaving is the scenario with a behaviour of the simulated game.
func behaving(fields string) string { return strings.Replace(scenario, "{", "{"+fields+", ", 1) }

func (a *agent) wantSupervised(running bool, asked uint64, s *wire.Supervision) {
	a.Want(&wire.DesiredInstance{
		Id: "abcdefghij", Name: "Alpha One", Running: running, Create: &wire.MapCreation{Seed: 7}, Supervision: s, Asked: asked,
	}, "hash")
}

func (a *agent) waitState(s wire.State) *wire.ObservedInstance {
	a.t.Helper()
	return a.wait(s.String(), func(o *wire.ObservedInstance) bool { return o.GetState() == s })
}

func (a *agent) waitGivenUp() *wire.ObservedInstance {
	a.t.Helper()
	return a.wait("given up", func(o *wire.ObservedInstance) bool {
		return o.GetState() == wire.State_STATE_FAILED && o.GetRetryMs() == 0 && strings.Contains(o.GetCause(), "not started again")
	})
}

func (a *agent) why() *wire.Failure {
	a.t.Helper()
	f, err := a.Failure()
	if err != nil {
		a.t.Fatal(err)
	}
	return f
}

func TestCrashIsExplainedAndGivenUp(t *testing.T) {
	t.Parallel()
	dir, game := t.TempDir(), simgame.Install(t, behaving(`"crash_at_tick": 30`))
	a := newAgent(t, dir, game, &controller{ledger: "beef"})
	if _, err := a.Failure(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failure before the first: %v", err)
	}
	policy := &wire.Supervision{GiveUpAfter: 2}
	a.wantSupervised(true, 1, policy)
	o := a.waitGivenUp()
	f := a.why()
	if f.GetId() != "E38" || !f.GetExited() || f.GetCode() != 139 || f.GetKilled() || f.GetFailures() != 2 || f.GetStart() != o.GetStarts() ||
		!strings.Contains(f.GetNext(), "failed 2 times") || f.GetAdvice() == "" || f.GetSave() != "Alpha-One.zip" || f.GetRanMs() == 0 {
		t.Errorf("failure %v", f)
	}
	if !slices.ContainsFunc(f.GetDecisive(), func(l string) bool { return strings.Contains(l, "CrashHandler") }) {
		t.Errorf("decisive lines %q", f.GetDecisive())
	}
	if n := len(f.GetLast()); n < 10 || n > lastLines || !slices.ContainsFunc(f.GetLast(), func(l string) bool { return strings.Contains(l, "Hosting game at") }) ||
		slices.ContainsFunc(f.GetLast(), func(l string) bool { return strings.HasPrefix(l, "mainbus:") }) {
		t.Errorf("%d last lines: %q", n, f.GetLast())
	}
	a.wantSupervised(true, 1, policy) // the same again, as after each link
	noticed := make(chan struct{})
	a.post(func() { close(noticed) })
	<-noticed
	if again := a.Observed(); again.GetStarts() != o.GetStarts() || again.GetState() != wire.State_STATE_FAILED {
		t.Errorf("started again although nobody asked: %v", again)
	}
	a.wantSupervised(true, 2, policy)
	a.wait("another try", func(now *wire.ObservedInstance) bool { return now.GetStarts() > o.GetStarts() })
	a.stopGame()
	a.crash()
	if b := newAgent(t, dir, game, &controller{}); b.why().GetId() != "E38" {
		t.Errorf("the next agent does not know why: %v", b.why())
	}
}

func TestStartThatIsRefusedIsExplained(t *testing.T) {
	const why = "Map version 2.1.9-0 cannot be loaded because it is higher than the game version (2.0.77-0)."
	a := newAgent(t, t.TempDir(), simgame.Install(t, behaving(`"refuse_start": "`+why+`"`)), &controller{})
	a.wantSupervised(true, 1, &wire.Supervision{Restart: wire.Restart_RESTART_NEVER})
	a.waitGivenUp()
	if f := a.why(); f.GetId() != "E09" || f.GetCode() != 1 || !strings.Contains(f.GetNext(), "never") {
		t.Errorf("failure %v", f)
	}
}

func TestNothingIsStartedOnAFullDisk(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{away: true})
	var full atomic.Bool
	full.Store(true)
	a.cfg.Room = func(int64) error {
		if full.Load() {
			return errors.New("there is not enough room on the disk: 3 MiB are free")
		}
		return nil
	}
	a.wantRunning(true)
	a.waitState(wire.State_STATE_FAILED)
	if f := a.why(); f.GetId() != "E41" || f.GetExited() || f.GetLast() != nil {
		t.Errorf("failure %v", f)
	}
	full.Store(false)
	a.TryAgain()
	a.waitState(wire.State_STATE_RUNNING)
	a.stopGame()
}

func TestGameThatEndsByItselfStaysOffWhereThatIsThePolicy(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	a.wantSupervised(true, 1, &wire.Supervision{Restart: wire.Restart_RESTART_ON_FAILURE})
	a.waitLinked()
	if _, err := a.SendConsole(t.Context(), "/quit"); err != nil {
		t.Log(err) // it may end before it answers
	}
	o := a.wait("stopped", func(o *wire.ObservedInstance) bool {
		return o.GetState() == wire.State_STATE_STOPPED && o.GetCause() != ""
	})
	if f := a.why(); f.GetCode() != 0 || !strings.Contains(o.GetCause(), "ended by itself") {
		t.Errorf("%v, %v", o, f)
	}
}

func TestGameThatHangsIsKilledWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, behaving(`"hang": {"at_tick": 60}`)), &controller{away: true})
	policy := &wire.Supervision{StopSeconds: 1}
	a.wantSupervised(true, 1, policy)
	a.waitState(wire.State_STATE_RUNNING)
	eventually(t, "it hangs", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := a.SendConsole(ctx, "/version")
		return errors.Is(err, context.DeadlineExceeded)
	})
	a.wantSupervised(false, 2, policy)
	o := a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
	if f := a.why(); !f.GetKilled() || strings.Contains(f.GetCause(), "memory") || !strings.Contains(f.GetCause(), "time that it had") || o.GetCause() != f.GetCause() {
		t.Errorf("%v, %v", o, f)
	}
}

// A kill works in every state, and is nobody's failure.
func TestKillAtAnyTime(t *testing.T) {
	t.Run("hangs", func(t *testing.T) {
		a := newAgent(t, t.TempDir(), simgame.Install(t, behaving(`"hang": {"at_tick": 30}`)), &controller{away: true})
		a.wantRunning(true)
		a.waitState(wire.State_STATE_RUNNING)
		a.wantRunning(false)
		a.waitState(wire.State_STATE_STOPPING)
		a.killTo(wire.State_STATE_STOPPED)
	})
	t.Run("loads", func(t *testing.T) {
		a := newAgent(t, t.TempDir(), simgame.Install(t, behaving(`"slow_start_ms": 1500`)), &controller{away: true})
		a.wantRunning(true)
		a.wait("a process", func(*wire.ObservedInstance) bool { _, err := supervisor.Attach(a.folder.ours()); return err == nil })
		a.wantRunning(false)
		a.killTo(wire.State_STATE_STOPPED)
	})
	t.Run("makes its map", func(t *testing.T) {
		a := newAgent(t, t.TempDir(), simgame.Install(t, behaving(`"slow_save_ms": 20000`)), &controller{away: true})
		a.wantRunning(true)
		a.waitState(wire.State_STATE_WORKING)
		a.killTo(wire.State_STATE_FAILED)
		a.wantRunning(false)
		a.killTo(wire.State_STATE_STOPPED)
	})
	t.Run("has lost its supervisor", func(t *testing.T) {
		a := newAgent(t, t.TempDir(), simgame.Install(t, behaving(`"slow_save_ms": 300`)), &controller{away: true})
		a.wantRunning(true)
		a.waitState(wire.State_STATE_RUNNING)
		if _, err := a.SendConsole(t.Context(), `/sim-set {"slow_save_ms": 20000}`); err != nil {
			t.Fatal(err)
		}
		if p, err := os.FindProcess(a.processes().Supervisor); err != nil || p.Kill() != nil {
			t.Fatal("can't kill the supervisor")
		}
		a.wantRunning(false)
		a.wait("ending", func(o *wire.ObservedInstance) bool { // which is over at once if the game died of its lost output
			return strings.Contains(o.GetPhase(), "lost its supervisor") || o.GetState() == wire.State_STATE_STOPPED
		})
		a.killTo(wire.State_STATE_STOPPED)
	})
}

// killTo kills until a state is reached; there may be nothing to kill any more.
func (a *agent) killTo(state wire.State) {
	a.t.Helper()
	eventually(a.t, state.String(), func() bool {
		if err := a.Kill(a.t.Context()); err != nil && !errors.Is(err, ErrNotRunning) && !errors.Is(err, supervisor.ErrGone) {
			a.t.Error(err)
		}
		return a.Observed().GetState() == state
	})
}

func TestGameThatEndedWhileNoAgentRanIsReported(t *testing.T) {
	for _, test := range []struct {
		name    string
		end     func(a *agent)
		running bool
		check   func(f *wire.Failure) bool
	}{
		{"with an exit code", func(a *agent) { a.simulate(`/sim-set {"exit_code": 7}`, "/quit") }, true, func(f *wire.Failure) bool {
			return f.GetExited() && f.GetCode() == 7 && f.GetStart() > 0 && strings.Contains(strings.Join(f.GetLast(), "\n"), "Goodbye")
		}},
		{"with an exit code, to be stopped", func(a *agent) { a.simulate(`/sim-set {"exit_code": 7}`, "/quit") }, false, func(f *wire.Failure) bool {
			return f.GetCode() == 7 && strings.Contains(f.GetNext(), "stays stopped")
		}},
		{"by the end of the machine", func(a *agent) {
			for _, pid := range []int{a.processes().Supervisor, a.processes().PID} {
				if p, err := os.FindProcess(pid); err == nil {
					p.Kill()
				}
			}
		}, true, func(f *wire.Failure) bool {
			return !f.GetExited() && strings.Contains(f.GetCause(), "not known") && len(f.GetLast()) > 10
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir, game := t.TempDir(), simgame.Install(t, scenario)
			a := newAgent(t, dir, game, &controller{ledger: "beef", away: true})
			a.wantRunning(true)
			a.waitState(wire.State_STATE_RUNNING)
			client := a.folder
			run := a.processes()
			a.crash()
			test.end(&agent{t: t, Instance: &Instance{folder: client}})
			eventually(t, "everything has ended", func() bool {
				_, err := supervisor.Attach(client.ours())
				return errors.Is(err, supervisor.ErrGone) && !processExists(run.PID)
			})
			b := newAgent(t, dir, game, &controller{ledger: "beef", away: true})
			b.wantRunning(test.running)
			eventually(t, "reported", func() bool { _, err := b.Failure(); return err == nil })
			if f := b.why(); !test.check(f) {
				t.Errorf("failure %v", f)
			}
			if test.running {
				b.waitState(wire.State_STATE_RUNNING)
			}
			b.stopGame()
			b.crash()
			if test.running {
				return
			}
			if err := os.Remove(filepath.Join(client.ours(), "failure.json")); err != nil {
				t.Fatal(err)
			}
			c := newAgent(t, dir, game, &controller{})
			c.wantRunning(false)
			c.stopGame()
			if _, err := c.Failure(); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("reported twice: %v", err)
			}
		})
	}
}

// simulate types lines on the game's own console.
func (a *agent) simulate(lines ...string) {
	a.t.Helper()
	game, err := supervisor.Attach(a.folder.ours())
	if err != nil {
		a.t.Fatal(err)
	}
	for _, line := range lines {
		if err := game.Stdin(a.t.Context(), line); err != nil {
			a.t.Fatal(err)
		}
	}
}

func processExists(pid int) bool {
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil && !isZombie(pid)
}

func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestTailOfARun(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	if lines := tailOf(a.folder.ours(), 0, 100); len(lines) != 0 {
		t.Errorf("of nothing: %q", lines)
	}
	a.wantRunning(true)
	a.waitLinked()
	start := a.processes().Offset
	a.stopGame()
	exit, err := supervisor.LastExit(a.folder.ours())
	if err != nil || exit.Start != start || exit.Began.IsZero() {
		t.Fatalf("exit %+v, %v", exit, err)
	}
	all := tailOf(a.folder.ours(), start, 1<<64-1)
	if len(all) < 20 || !strings.Contains(all[0], "; Factorio 2.0.77") || !strings.Contains(all[len(all)-1], "Goodbye") {
		t.Errorf("%d lines: %q", len(all), all)
	}
	if got := tailOf(a.folder.ours(), start, exit.Offset); !slices.Equal(got, all) {
		t.Errorf("%d lines, then %d", len(all), len(got))
	}
}
