package modcache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Cache {
	t.Helper()
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// comes writes what is said.
func comes(text string) func(context.Context, string) error {
	return func(_ context.Context, path string) error { return os.WriteFile(path, []byte(text), 0o600) }
}

func never(context.Context, string) error { return errors.New("it was brought again") }

func TestEachFileIsBroughtOnce(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	var brought atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			err := c.Bring(t.Context(), hashOf("a"), func(ctx context.Context, path string) error {
				brought.Add(1)
				return comes("a")(ctx, path)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := brought.Load(); n != 1 || !c.Has(hashOf("a")) {
		t.Errorf("brought %d times", n)
	}
	again := open(t, dir)
	if err := again.Bring(t.Context(), hashOf("a"), never); err != nil {
		t.Errorf("after another start: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, hashOf("a")))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v (%v)", info.Mode(), err)
	}
}

// One who gives up leaves the work to the next.
func TestWhoWaitsTakesOver(t *testing.T) {
	c := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		err := c.Bring(ctx, hashOf("a"), func(ctx context.Context, path string) error {
			close(begun)
			<-ctx.Done()
			return context.Cause(ctx)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	})
	<-begun
	group.Go(func() {
		if err := c.Bring(t.Context(), hashOf("a"), comes("a")); err != nil {
			t.Error(err)
		}
	})
	cancel()
	group.Wait()
	if !c.Has(hashOf("a")) {
		t.Error("it has not come")
	}
}

func TestWhatIsAnotherFileIsNotKept(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	if err := c.Bring(t.Context(), hashOf("a"), comes("b")); err == nil || c.Has(hashOf("a")) {
		t.Errorf("another file was taken: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, incoming)); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
	if err := c.Bring(t.Context(), "../../etc/passwd", comes("a")); err == nil {
		t.Error("a path was taken for a hash")
	}
}

// A program that was killed after a file had come, and before it got its name, need not get it again.
func TestWhatHadComeIsTaken(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	if err := os.WriteFile(filepath.Join(dir, incoming, hashOf("a")), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Bring(t.Context(), hashOf("a"), never); err != nil {
		t.Error(err)
	}
}

func TestLink(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	c := open(t, dir)
	if err := c.Bring(t.Context(), hashOf("a"), comes("a")); err != nil {
		t.Fatal(err)
	}
	linked, copied := filepath.Join(to, "linked"), filepath.Join(to, "copied")
	if err := c.Link(t.Context(), hashOf("a"), linked); err != nil {
		t.Fatal(err)
	}
	link = func(string, string) error { return &os.LinkError{Op: "link", Err: syscall.EXDEV} }
	t.Cleanup(func() { link = os.Link })
	if err := c.Link(t.Context(), hashOf("a"), copied); err != nil {
		t.Fatal(err)
	}
	own, err := os.Stat(filepath.Join(dir, hashOf("a")))
	if err != nil {
		t.Fatal(err)
	}
	for path, same := range map[string]bool{linked: true, copied: false} {
		info, err := os.Stat(path)
		if err != nil || os.SameFile(info, own) != same {
			t.Errorf("%s: %v, want a second name: %v", filepath.Base(path), err, same)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "a" {
			t.Errorf("%s holds %q (%v)", filepath.Base(path), text, err)
		}
	}
	if err := c.Link(t.Context(), hashOf("a"), copied); err == nil {
		t.Error("a file was replaced")
	}
	if err := c.Link(t.Context(), hashOf("b"), filepath.Join(to, "b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
}

func TestDamagedFilesAreFoundWhenTheyAreUsed(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	for _, linkable := range []bool{true, false} {
		c := open(t, dir)
		if err := c.Bring(t.Context(), hashOf("a"), comes("a")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, hashOf("a")), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		if !linkable {
			link = func(string, string) error { return &os.LinkError{Op: "link", Err: syscall.EXDEV} }
			t.Cleanup(func() { link = os.Link })
		}
		target := filepath.Join(to, "a")
		if err := c.Link(t.Context(), hashOf("a"), target); !errors.Is(err, ErrDamaged) {
			t.Errorf("a damaged file: %v", err)
		}
		if _, err := os.Stat(target); err == nil || c.Has(hashOf("a")) {
			t.Error("it is still there")
		}
	}
}

func TestAdopt(t *testing.T) {
	c, there := open(t, t.TempDir()), filepath.Join(t.TempDir(), "a_1.0.0.zip")
	if err := os.WriteFile(there, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for hash, want := range map[string]bool{hashOf("b"): false, "rubbish": false, hashOf("a"): true} {
		if got, err := c.Adopt(t.Context(), there, hash); got != want || err != nil || c.Has(hash) != want {
			t.Errorf("adopted as %.8s: %v (%v)", hash, got, err)
		}
	}
	if got, err := c.Adopt(t.Context(), there+"x", hashOf("c")); got || err != nil {
		t.Errorf("what is not there: %v (%v)", got, err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	for _, text := range []string{"wanted", "late", "early"} {
		if err := c.Bring(t.Context(), hashOf(text), comes(text)); err != nil {
			t.Fatal(err)
		}
	}
	part := filepath.Join(dir, incoming, hashOf("x")+".part")
	if err := os.WriteFile(part, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	sweep := func(after time.Duration, wanted ...string) {
		t.Helper()
		err := c.Sweep(func(hash string) bool {
			for _, text := range wanted {
				if hashOf(text) == hash {
					return true
				}
			}
			return false
		}, now.Add(after))
		if err != nil {
			t.Fatal(err)
		}
	}
	there := func() string {
		var names []string
		for _, text := range []string{"wanted", "late", "early"} {
			if _, err := os.Stat(filepath.Join(dir, hashOf(text))); err == nil {
				names = append(names, text)
			}
		}
		return strings.Join(names, " ")
	}
	sweep(0, "wanted", "late", "early")
	sweep(20*24*time.Hour, "wanted", "late")
	if got := there(); got != "wanted late early" {
		t.Errorf("after 20 days: %s", got)
	}
	if _, err := os.Stat(part); err == nil {
		t.Error("a part that nobody goes on with stays")
	}
	c = open(t, dir) // it remembers over a start
	sweep(40*24*time.Hour, "wanted")
	if got := there(); got != "wanted late" {
		t.Errorf("after 40 days: %s", got)
	}
	if c.Has(hashOf("early")) {
		t.Error("what was removed counts as there")
	}
}

// Of what nobody wants there is never more than so much; the longest unwanted goes first.
func TestSweepKeepsToItsSize(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	for _, text := range []string{"a", "b"} {
		if err := c.Bring(t.Context(), hashOf(text), comes(text)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	all := func(string) bool { return true }
	none := func(string) bool { return false }
	if err := c.Sweep(all, now); err != nil {
		t.Fatal(err)
	}
	if err := c.Sweep(func(hash string) bool { return hash == hashOf("b") }, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c.sizes[hashOf("a")], c.sizes[hashOf("b")] = KeepBytes, KeepBytes // as if they were so large
	if err := c.Sweep(none, now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if c.Has(hashOf("a")) || !c.Has(hashOf("b")) {
		t.Errorf("there is a: %v, b: %v", c.Has(hashOf("a")), c.Has(hashOf("b")))
	}
}

func TestFullDisk(t *testing.T) {
	c, to := open(t, t.TempDir()), filepath.Join(t.TempDir(), "a")
	if err := c.Bring(t.Context(), hashOf("a"), comes("a")); err != nil {
		t.Fatal(err)
	}
	link = func(string, string) error { return &os.LinkError{Op: "link", Err: syscall.EXDEV} }
	free = func(string) (int64, error) { return spare, nil }
	t.Cleanup(func() { link, free = os.Link, realFree })
	err := c.Link(t.Context(), hashOf("a"), to)
	if err == nil || !strings.Contains(err.Error(), "has 64 MB left") {
		t.Errorf("a full disk: %v", err)
	}
	if _, err := os.Stat(to); err == nil || !c.Has(hashOf("a")) {
		t.Error("something was written, or the file is taken for damaged")
	}
}

var realFree = free
