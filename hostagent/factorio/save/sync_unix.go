//go:build unix

package save

import (
	"os"
	"path/filepath"
)

// syncFolderOf makes a rename survive a power cut. Its failure is not reported: the folder then names the old file or the new
// one, and both are complete.
func syncFolderOf(path string) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return
	}
	defer dir.Close()
	dir.Sync()
}
