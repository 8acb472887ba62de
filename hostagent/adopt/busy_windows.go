package adopt

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// heldOnOpen tells that somebody has the file open for himself alone.
func heldOnOpen(err error) bool { return errors.Is(err, windows.ERROR_SHARING_VIOLATION) }

func locked(f *os.File) (string, error) {
	at := new(windows.Overlapped)
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return "its " + gameLock + " is locked", nil
	}
	if err != nil {
		return "", err
	}
	return "", windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, at)
}
