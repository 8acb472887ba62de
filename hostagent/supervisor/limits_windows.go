package supervisor

import (
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/windows"
)

var setProcessAffinityMask = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetProcessAffinityMask")

// startLimited limits the game as soon as it is there. trouble says which limits do not hold.
func startLimited(game *exec.Cmd, l Limits) (trouble, err error) {
	if err := game.Start(); err != nil || l.none() {
		return nil, err
	}
	handle, err := windows.OpenProcess(windows.PROCESS_SET_INFORMATION|windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(game.Process.Pid))
	if err != nil {
		return fmt.Errorf("limit the game: %w", err), nil
	}
	defer windows.CloseHandle(handle)
	if l.Niceness != 0 {
		if err := windows.SetPriorityClass(handle, priorityClass(l.Niceness)); err != nil {
			trouble = fmt.Errorf("set niceness %d: %w", l.Niceness, err)
		}
	}
	var mask uintptr
	for _, n := range l.CPUs {
		if n < 64 {
			mask |= 1 << n
		}
	}
	if len(l.CPUs) > 0 {
		if ok, _, err := setProcessAffinityMask.Call(uintptr(handle), mask); ok == 0 {
			trouble = errors.Join(trouble, fmt.Errorf("choose processors %v: %w", l.CPUs, err))
		}
	}
	return trouble, nil
}

// priorityClass is the nearest that Windows has.
func priorityClass(niceness int) uint32 {
	switch {
	case niceness >= 15:
		return windows.IDLE_PRIORITY_CLASS
	case niceness > 0:
		return windows.BELOW_NORMAL_PRIORITY_CLASS
	case niceness <= -15:
		return windows.HIGH_PRIORITY_CLASS
	}
	return windows.ABOVE_NORMAL_PRIORITY_CLASS
}

// inScope is for systemd only.
func inScope(Spec) []string { return nil }
