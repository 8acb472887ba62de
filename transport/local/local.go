// Package local is the door for programs of the same user on the same machine: a stream socket in a data folder, on Windows
// a named pipe, and the lock that gives the folder one owner. It starts no goroutines.
package local

import (
	"context"
	"errors"
	"fmt"
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

// dialTimeout bounds a Dial whose context has no end: a program that hangs takes no connections.
const dialTimeout = 5 * time.Second

// Listen opens the door at path, to which only the same user can connect: a Unix socket there, or on Windows a named pipe whose name
// comes of path. What a program that died left behind is replaced; a door at which somebody answers is not. Two programs that start at
// the same moment are kept apart by Lock, not by this. Closing the listener removes the door.
func Listen(path string) (net.Listener, error) {
	l, err := listenAt(path)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	return l, nil
}

// Dial connects to the program that listens at path; the error is ErrNobody when there is none.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := dialAt(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	return c, nil
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
