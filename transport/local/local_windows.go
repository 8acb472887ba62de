package local

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// Sockets inherit the access list of the folder that they are in.
func privateSocket(_, _ string, _ syscall.RawConn) error { return nil }

func isRefused(err error) bool {
	return errors.Is(err, windows.WSAECONNREFUSED) || errors.Is(err, windows.ERROR_FILE_NOT_FOUND)
}

// The temporary folder is the user's own.
func checkOwn(string) error { return nil }

// lockFile locks one byte far behind the end: locks are mandatory here, and the process id must stay readable.
func lockFile(f *os.File) error {
	at := &windows.Overlapped{Offset: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrLocked
	}
	return err
}
