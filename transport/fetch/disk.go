package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// explainDisk says what a failed write to the folder of target means. Total is 0 or less if it is not known.
func explainDisk(err error, target string, done, total int64) error {
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
