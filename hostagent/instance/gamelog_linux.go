package instance

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeBeginning gives the disk back what the first size bytes of a file take; they read as zeros then, and no offset changes.
func freeBeginning(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, size)
}
