package disk

import (
	"path/filepath"
	"testing"
)

func TestFree(t *testing.T) {
	if free, err := Free(t.TempDir()); err != nil || free <= 0 {
		t.Errorf("free are %d bytes, %v", free, err)
	}
	if free, err := Free(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Errorf("of no folder are %d bytes free", free)
	}
}
