package bulk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is a file system of some megabytes.
func smallDisk(t *testing.T, megabytes string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+megabytes+"m"); err != nil {
		t.Skipf("SKIPPED, a full disk is not tested here: mounting needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestDiskThatIsTooSmall(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, _ := testFile(t, 20<<20)
	target := filepath.Join(smallDisk(t, "70"), "target.zip")
	err := b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target})
	if err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("err = %v", err)
	}
	if info, err := os.Stat(target + partSuffix); err != nil || info.Size() > 0 {
		t.Errorf("something was written: %v, %v", info, err)
	}
}

func TestDiskThatFillsUpMeanwhile(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, sum := testFile(t, 20<<20)
	dir := smallDisk(t, "100")
	target, filler := filepath.Join(dir, "target.zip"), filepath.Join(dir, "filler")
	request := Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target}
	filled := false
	request.Progress = func(p Progress) {
		if p.Done >= 5<<20 && !filled {
			filled = true
			os.WriteFile(filler, make([]byte, 90<<20), 0o600) // as far as it goes
		}
	}
	err := b.Fetch(t.Context(), request)
	if err == nil || !strings.Contains(err.Error(), "is full") {
		t.Fatalf("err = %v", err)
	}
	if _, err := os.Stat(target); err == nil || sumOf(t, path) != sum {
		t.Error("there is a file, or the source has changed")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	first := int64(-1)
	request.Progress = func(p Progress) {
		if first < 0 {
			first = p.Done
		}
	}
	if err := b.Fetch(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if first < 5<<20 || sumOf(t, target) != sum {
		t.Errorf("went on at %d, or another file arrived", first)
	}
}
