//go:build unix

package instance

import (
	"syscall"
	"testing"
)

// blocks is what a file takes of the disk, in bytes; 0 if that is not known.
func blocks(t *testing.T, path string) int64 {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		t.Fatal(err)
	}
	return int64(stat.Blocks) * 512
}
