package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLimitsHoldForTheGameAndNotForItsSupervisor(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := 20 - raw                // as the system call has it; tests may be run niced
	nice := min(max(own, 6)+1, 19) // a lower one may be refused
	dir := t.TempDir()
	g, err := Start(t.Context(), dir, Spec{Argv: []string{self, "game", "echo"}, Limits: Limits{Niceness: nice, CPUs: []int{0}}}, self)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Kill(t.Context()); waitGone(t, g.run.Supervisor) })
	for _, test := range []struct {
		pid, nice int
	}{{g.run.PID, nice}, {g.run.Supervisor, own}} {
		if raw, err := unix.Getpriority(unix.PRIO_PROCESS, test.pid); err != nil || 20-raw != test.nice {
			t.Errorf("niceness %d, %v; want %d", 20-raw, err, test.nice)
		}
	}
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(g.run.PID, &set); err != nil || set.Count() != 1 || !set.IsSet(0) {
		t.Errorf("%d processors, %v", set.Count(), err)
	}
	if g.Run().Trouble != "" {
		t.Error(g.Run().Trouble)
	}
}

func TestLimitsThatDoNotHoldAreTold(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g, err := Start(t.Context(), t.TempDir(), Spec{Argv: []string{self, "game", "echo"}, Limits: Limits{CPUs: []int{1000}}}, self)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Kill(t.Context()); waitGone(t, g.run.Supervisor) })
	if !strings.Contains(g.Run().Trouble, "processors [1000]") {
		t.Errorf("trouble %q", g.Run().Trouble)
	}
}

// systemd itself is not here: what it is asked for is looked at, and that a refusal of it keeps no game from starting.
func TestScope(t *testing.T) {
	arguments := scopeArguments(Spec{Scope: "mainbus-game-x", StopSeconds: 600, Limits: Limits{MemoryBytes: 1 << 30}})
	for _, want := range []string{"--scope", "--unit=mainbus-game-x", "--property=KillSignal=SIGINT", "--property=TimeoutStopSec=600", "--property=MemoryMax=1073741824"} {
		if !slices.Contains(arguments, want) {
			t.Errorf("%q is not in %q", want, arguments)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"works":   "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n",
		"refuses": "#!/bin/sh\necho 'Failed to start transient scope unit: Access denied' >&2; exit 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "systemd-run")
			if err := os.WriteFile(run, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			spec := Spec{Argv: []string{self, "game", "echo"}, Scope: "mainbus-game-x"}
			g, err := startIn(t.Context(), t.TempDir(), spec, self, append([]string{run}, scopeArguments(spec)...))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { g.Kill(t.Context()); waitGone(t, g.run.Supervisor) })
			if in := g.Spec().Scope != ""; in != (name == "works") || !in && !strings.Contains(g.Spec().Unscoped, "Access denied") {
				t.Errorf("in a scope: %t; %q", in, g.Spec().Unscoped)
			}
		})
	}
}
