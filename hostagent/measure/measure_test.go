package measure

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	var m Meter
	first, ok := m.Process(t.Context(), os.Getpid())
	if !ok || first.Cores != nil || first.Bytes < 1<<20 {
		t.Errorf("first: %v, %+v", ok, first)
	}
	m.Machine(t.Context(), t.TempDir())
	block := make([]byte, 1<<20)
	for began := time.Now(); time.Since(began) < 100*time.Millisecond; {
		sha256.Sum256(block)
	}
	second, ok := m.Process(t.Context(), os.Getpid())
	if !ok || second.Cores == nil || *second.Cores <= 0 || *second.Cores > 256 {
		t.Errorf("second: %v, %+v", ok, second)
	}
	f := m.Machine(t.Context(), t.TempDir())
	if f.GetCpuCores() <= 0 || f.GetCpuCores() > f.GetCpuCoresTotal() || f.GetMemoryBytes() <= 0 || f.GetMemoryBytes() >= f.GetMemoryTotalBytes() ||
		f.GetDiskFreeBytes() <= 0 || f.GetDiskTotalBytes() < f.GetDiskFreeBytes() {
		t.Errorf("the machine: %v", f)
	}
	m.Forget(nil)
	if u, ok := m.Process(t.Context(), os.Getpid()); !ok || u.Cores != nil {
		t.Errorf("after it was forgotten: %v, %+v", ok, u)
	}
	if _, ok := m.Process(t.Context(), 1<<30); ok {
		t.Error("there is a process with that number")
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "saves"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"a": 1000, "saves/b": 24} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/", filepath.Join(dir, "elsewhere")); err != nil {
		t.Log("no symbolic links here:", err)
	}
	if got := Folder(t.Context(), dir); got != 1024 {
		t.Errorf("%d bytes", got)
	}
	if got := Folder(t.Context(), filepath.Join(dir, "none")); got != 0 {
		t.Errorf("a folder that is not there has %d bytes", got)
	}
}
