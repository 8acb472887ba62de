//go:build unix

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
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxPath   = 100 // addresses of Unix sockets hold 104 bytes on macOS and 108 elsewhere
	probeWait = time.Second
)

// listenAt listens at a socket. Where path is too long for one a short one in the temporary folder stands for it, in dialAt too.
func listenAt(path string) (net.Listener, error) {
	addr, err := address(path)
	if err != nil {
		return nil, err
	}
	if err := makeRoom(addr); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: privateSocket}
	l, err := config.Listen(context.Background(), "unix", addr)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(addr, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func dialAt(ctx context.Context, path string) (net.Conn, error) {
	addr, err := address(path)
	if err != nil {
		return nil, err
	}
	return dial(ctx, addr)
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	if _, err := os.Lstat(addr); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNobody
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", addr)
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOENT) {
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

// privateSocket sets the mode before the socket gets its name, so that there is no moment in which others could
// connect. macOS refuses this; there the mode is set right after.
func privateSocket(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = unix.Fchmod(int(fd), 0o600) })
}

func checkOwn(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || ok && int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a private folder of this user: remove it", dir)
	}
	return nil
}

func lockFile(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
