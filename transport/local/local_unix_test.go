//go:build unix

package local

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close() // as a program that was killed leaves it
	if _, err := Dial(ctxOf(t), path); !errors.Is(err, ErrNobody) {
		t.Errorf("dialing a stale socket: %v", err)
	}
	exchange(t, listen(t, path), path)
}

func TestOtherFilesAreNotRemoved(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(path); err == nil {
		l.Close()
		t.Error("a file was replaced")
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Error("the file is gone")
	}
}

func TestForeignTemporaryFolderIsRefused(t *testing.T) {
	t.Setenv("TMPDIR", folder(t))
	path := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "s")
	addr, err := address(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(addr), 0o777); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(path); err == nil {
		l.Close()
		t.Error("listens in a folder that others can write to")
	}
}
