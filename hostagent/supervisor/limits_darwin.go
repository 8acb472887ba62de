package supervisor

import (
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"
)

// startLimited gives the game the supervisor's priority, which is lowered first. trouble says which limits do not hold.
func startLimited(game *exec.Cmd, l Limits) (trouble, err error) {
	if l.Niceness != 0 {
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, l.Niceness); err != nil {
			trouble = fmt.Errorf("set niceness %d: %w", l.Niceness, err)
		}
	}
	if len(l.CPUs) > 0 {
		trouble = errors.Join(trouble, errors.New("processors can't be chosen on macOS"))
	}
	return trouble, game.Start()
}

// inScope is for systemd only.
func inScope(Spec) []string { return nil }
