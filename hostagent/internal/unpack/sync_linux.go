package unpack

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Sync writes everything on the disk of dir to it, so that a rename which outlives a power cut has its files with it.
func Sync(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := unix.Syncfs(int(folder.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
