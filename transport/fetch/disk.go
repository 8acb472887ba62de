package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
)

// ExplainDisk says what a failed write to the folder of target means. Total is 0 or less if it is not known.
func ExplainDisk(err error, target string, done, total int64) error {
	folder := filepath.Dir(target)
	switch {
	case isDiskFull(err) && total > done:
		return fmt.Errorf("the disk of %s is full: %d MB more are needed there; free some space, then try again: %w", folder, (total-done)>>20+1, err)
	case isDiskFull(err):
		return fmt.Errorf("the disk of %s is full; free some space, then try again: %w", folder, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no right to write to %s; make the folder writable for this user: %w", folder, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the folder %s does not exist: %w", folder, err)
	}
	return fmt.Errorf("write to %s: %w", folder, err)
}

// FreeSpace is how many bytes this user may still write to the disk of a folder.
func FreeSpace(folder string) (int64, error) {
	free, err := freeSpace(folder)
	if err != nil {
		return 0, fmt.Errorf("look for free space in %s: %w", folder, err)
	}
	return int64(min(free, math.MaxInt64)), nil
}
