//go:build unix

package game

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the file for this process alone, until it ends.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
