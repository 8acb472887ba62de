package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// startLimited starts a game from a thread of its own, whose priority and processors it inherits with all threads that it makes. The
// thread ends with the goroutine. trouble says which limits do not hold.
func startLimited(game *exec.Cmd, l Limits) (trouble, err error) {
	if l.none() {
		return nil, game.Start()
	}
	onOwnThread(func() {
		trouble = limitThread(l)
		err = game.Start()
	})
	return trouble, err
}

// onOwnThread runs f in a thread that ends with it.
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() != os.Getpid() {
			f()
			return
		}
		onOwnThread(f) // this is the main thread, which never ends; as long as it is held here, another is taken
		runtime.UnlockOSThread()
	}()
	<-done
}

func limitThread(l Limits) error {
	var nice, cpus error
	if l.Niceness != 0 {
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, l.Niceness); err != nil {
			nice = fmt.Errorf("set niceness %d: %w", l.Niceness, err)
		}
	}
	if len(l.CPUs) > 0 {
		var set unix.CPUSet
		for _, n := range l.CPUs {
			set.Set(n)
		}
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			cpus = fmt.Errorf("choose processors %v: %w", l.CPUs, err)
		}
	}
	return errors.Join(nice, cpus)
}

// inScope returns the command that runs another in a transient scope of systemd: a group of its own, which the end or restart of the
// agent's service does not touch, and which is told by SIGINT, as on its console, to save and end when the machine goes down. It is
// nil where systemd can't be reached.
func inScope(spec Spec) []string {
	run, err := exec.LookPath("systemd-run")
	if err != nil || spec.Scope == "" {
		return nil
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return nil
	}
	command := []string{run}
	if os.Geteuid() != 0 {
		if _, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "systemd", "private")); err != nil {
			return nil
		}
		command = append(command, "--user")
	}
	return append(command, scopeArguments(spec)...)
}

func scopeArguments(spec Spec) []string {
	arguments := []string{
		"--scope", "--quiet", "--collect", "--unit=" + spec.Scope, "--property=KillSignal=SIGINT", "--property=SendSIGHUP=no",
		"--property=TimeoutStopSec=" + strconv.Itoa(max(spec.StopSeconds, 1)),
	}
	if n := spec.Limits.MemoryBytes; n > 0 {
		arguments = append(arguments, "--property=MemoryMax="+strconv.FormatUint(n, 10))
	}
	return append(arguments, "--")
}
