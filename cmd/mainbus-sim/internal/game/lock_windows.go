package game

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file for this process alone, until it ends.
func lock(f *os.File) error {
	const exclusiveNow = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), exclusiveNow, 0, 1, 0, &windows.Overlapped{})
}
