//go:build unix

package bulk

import "os"

// syncDir makes a rename survive a power cut. Its failure is not reported: the folder then names the file as before, which is whole.
func syncDir(path string) {
	dir, err := os.Open(path)
	if err != nil {
		return
	}
	defer dir.Close()
	dir.Sync()
}
