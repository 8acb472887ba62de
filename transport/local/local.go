// Package local is the door for programs of the same user on the same machine: a stream socket in a data folder,
// and the lock that gives the folder one owner. It starts no goroutines.
package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

var (
	// ErrNobody says that no program listens at a path.
	ErrNobody = errors.New("nobody listens")
	// ErrLocked says that another program holds a lock.
	ErrLocked = errors.New("another program uses it")
)

const (
	maxPath     = 100 // addresses of Unix sockets hold 104 bytes on macOS and 108 elsewhere
	probeWait   = time.Second
	dialTimeout = 5 * time.Second
)

// Listen opens a socket at path that only the same user can connect to. What a program that died left behind is
// replaced; a socket on which somebody answers is not. Two programs that start at the same moment are kept apart
// by Lock, not by this. Where path is too long for a socket a short one in the temporary folder stands for it, in
// Dial too. Closing the listener removes the socket.
func Listen(path string) (net.Listener, error) {
	addr, err := address(path)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	if err := makeRoom(addr); err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	config := net.ListenConfig{Control: privateSocket}
	l, err := config.Listen(context.Background(), "unix", addr)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	if err := os.Chmod(addr, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	return l, nil
}

// Dial connects to the program that listens at path; the error is ErrNobody when there is none.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	addr, err := address(path)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	return c, nil
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	if _, err := os.Lstat(addr); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNobody
	}
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "unix", addr)
	if err != nil && isRefused(err) {
		return nil, ErrNobody
	}
	return c, err
}

// makeRoom removes a socket on which nobody answers.
func makeRoom(addr string) error {
	if err := os.MkdirAll(filepath.Dir(addr), 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(addr)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is in the way and is no socket", addr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeWait)
	defer cancel()
	c, err := dial(ctx, addr)
	if err == nil {
		c.Close()
		return errors.New("another program listens there")
	}
	if !errors.Is(err, ErrNobody) {
		return fmt.Errorf("is the socket there in use? %w", err)
	}
	return os.Remove(addr)
}

// address returns where the socket for path really is.
func address(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if len(abs) <= maxPath {
		return abs, nil
	}
	hash := sha256.Sum256([]byte(abs))
	dir := filepath.Join(os.TempDir(), "mainbus-"+hex.EncodeToString(hash[:8]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	// Anybody may write to the temporary folder, so somebody else could have made this one.
	if err := checkOwn(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, "s"), nil
}

// Lock takes the exclusive lock file at path, which stays when it is released. The error is ErrLocked, with the
// holder's process id where it can be read, when another program has it. A lock ends with the program at the latest.
func Lock(path string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := lockFile(f); err != nil {
		defer f.Close()
		if errors.Is(err, ErrLocked) {
			return nil, fmt.Errorf("lock %s: %w%s", path, ErrLocked, holder(f))
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := writePID(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			_ = f.Truncate(0) // the number would mislead
			f.Close()
		})
	}, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

func holder(f *os.File) string {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	pid := strings.TrimSpace(string(b[:n]))
	if pid == "" || strings.Trim(pid, "0123456789") != "" {
		return ""
	}
	return " (process " + pid + ")"
}
