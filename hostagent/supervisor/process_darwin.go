package supervisor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// processStart tells when the process was started, in a form that only serves to be compared. A zombie has ended.
func processStart(pid int) (string, error) {
	const zombie = 5 // SZOMB of sys/proc.h
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", fmt.Errorf("look up process %d: %w", pid, err)
	}
	if info.Proc.P_stat == zombie {
		return "", fmt.Errorf("look up process %d: it has ended", pid)
	}
	start := info.Proc.P_starttime
	return fmt.Sprintf("%d.%06d", start.Sec, start.Usec), nil
}

// oomKills can't be told here.
func oomKills() uint64 { return 0 }
