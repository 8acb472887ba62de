//go:build unix

package adopt

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func heldOnOpen(error) bool { return false }

// locked asks for both kinds of lock that there are, since which one the game takes is not known.
func locked(f *os.File) (string, error) {
	ask := unix.Flock_t{Type: unix.F_RDLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &ask); err != nil {
		return "", err
	}
	if ask.Type != unix.F_UNLCK {
		if ask.Pid > 0 {
			return fmt.Sprintf("process %d holds its %s", ask.Pid, gameLock), nil
		}
		return "its " + gameLock + " is locked", nil
	}
	err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return "its " + gameLock + " is locked", nil
	}
	if err != nil {
		return "", err
	}
	return "", unix.Flock(int(f.Fd()), unix.LOCK_UN)
}
