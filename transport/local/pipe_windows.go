package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// busyPause is how long to wait for a server that is between two instances of its pipe.
const busyPause = 10 * time.Millisecond

// listenAt makes a named pipe: its access list is our own, whereas a socket has that of its folder, which outside of the profile is often
// open to everybody.
func listenAt(path string) (net.Listener, error) {
	name, err := pipeName(path)
	if err != nil {
		return nil, err
	}
	self, err := currentUser()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Owner: this user; access: this user alone, nothing inherited.
	private, err := windows.SecurityDescriptorFromString(fmt.Sprintf("O:%[1]sD:P(A;;GA;;;%[1]s)", self))
	if err != nil {
		return nil, err
	}
	stop, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return nil, err
	}
	l := &pipeListener{name: name, private: private, stop: stop}
	if l.next, err = l.instance(windows.FILE_FLAG_FIRST_PIPE_INSTANCE); err != nil {
		windows.CloseHandle(stop)
		if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return nil, errors.New("another program listens there")
		}
		return nil, err
	}
	return l, nil
}

// pipeListener always has one instance of the pipe that waits for a client.
type pipeListener struct {
	name    string
	private *windows.SECURITY_DESCRIPTOR
	stop    windows.Handle // an event

	accepting sync.Mutex // held by Accept: next is its own
	next      windows.Handle
	closing   sync.Once
}

func (l *pipeListener) instance(flags uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(l.name)
	if err != nil {
		return 0, err
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: l.private}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	const buffer = 64 << 10
	return windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|flags,
		windows.PIPE_TYPE_BYTE|windows.PIPE_READMODE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS,
		windows.PIPE_UNLIMITED_INSTANCES, buffer, buffer, 0, attributes)
}

// Accept waits for a client. It returns net.ErrClosed after Close.
func (l *pipeListener) Accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	if l.next == 0 {
		return nil, net.ErrClosed
	}
	if err := l.connect(); err != nil {
		if errors.Is(err, net.ErrClosed) {
			l.end() // nobody must get in once Accept has told that it is over
		}
		return nil, err
	}
	client := l.next
	next, err := l.instance(0)
	if err != nil {
		windows.DisconnectNamedPipe(client) // the instance waits for somebody else
		return nil, err
	}
	l.next = next
	return newPipeConn(client, l.name), nil
}

// connect waits until a client is at the instance next.
func (l *pipeListener) connect() error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(event)
	for {
		overlapped := &windows.Overlapped{HEvent: event}
		err := windows.ConnectNamedPipe(l.next, overlapped)
		if err == nil || errors.Is(err, windows.ERROR_IO_PENDING) {
			err = l.await(overlapped)
		}
		switch {
		case err == nil, errors.Is(err, windows.ERROR_PIPE_CONNECTED):
			return nil
		case errors.Is(err, windows.ERROR_NO_DATA), errors.Is(err, windows.ERROR_BROKEN_PIPE): // came and went
			windows.DisconnectNamedPipe(l.next)
		default:
			return err
		}
	}
}

func (l *pipeListener) await(overlapped *windows.Overlapped) error {
	var n uint32
	which, err := windows.WaitForMultipleObjects([]windows.Handle{l.stop, overlapped.HEvent}, false, windows.INFINITE)
	if err == nil && which == windows.WAIT_OBJECT_0+1 {
		return windows.GetOverlappedResult(l.next, overlapped, &n, false)
	}
	// Windows writes to overlapped until the operation has ended.
	_ = windows.CancelIoEx(l.next, overlapped)
	_ = windows.GetOverlappedResult(l.next, overlapped, &n, true)
	return net.ErrClosed
}

// Close ends the pipe and a waiting Accept; clients that are in stay.
func (l *pipeListener) Close() error {
	l.closing.Do(func() {
		_ = windows.SetEvent(l.stop)
		l.accepting.Lock()
		defer l.accepting.Unlock()
		l.end()
		windows.CloseHandle(l.stop)
	})
	return nil
}

// end needs accepting.
func (l *pipeListener) end() {
	if l.next != 0 {
		windows.CloseHandle(l.next)
		l.next = 0
	}
}

// Addr returns the name of the pipe.
func (l *pipeListener) Addr() net.Addr { return pipeAddr(l.name) }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// pipeConn is a file: since Go 1.25 files take overlapped handles, with deadlines and Close from any goroutine.
type pipeConn struct {
	*os.File
	addr pipeAddr
}

func newPipeConn(handle windows.Handle, name string) net.Conn {
	return &pipeConn{File: os.NewFile(uintptr(handle), name), addr: pipeAddr(name)}
}

func (c *pipeConn) LocalAddr() net.Addr  { return c.addr }
func (c *pipeConn) RemoteAddr() net.Addr { return c.addr }

func dialAt(ctx context.Context, path string) (net.Conn, error) {
	name, err := pipeName(path)
	if err != nil {
		return nil, err
	}
	name16, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	for {
		// Anonymous: whoever listens can't act as us.
		handle, err := windows.CreateFile(name16, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
			windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
		switch {
		case err == nil:
			if err := checkOwner(handle); err != nil {
				windows.CloseHandle(handle)
				return nil, err
			}
			return newPipeConn(handle, name), nil
		case errors.Is(err, windows.ERROR_FILE_NOT_FOUND):
			return nil, ErrNobody
		case !errors.Is(err, windows.ERROR_PIPE_BUSY):
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

// pipeName makes a name of path: names of pipes are one list for the whole machine.
func pipeName(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(strings.ToLower(abs))) // file names differ in more than their case
	return `\\.\pipe\mainbus-` + hex.EncodeToString(hash[:16]), nil
}

func currentUser() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("ask Windows who we are: %w", err)
	}
	return user.User.Sid, nil
}

// checkOwner refuses a pipe that another user made under our name, before we did.
func checkOwner(pipe windows.Handle) error {
	self, err := currentUser()
	if err != nil {
		return err
	}
	info, err := windows.GetSecurityInfo(pipe, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("ask for the owner of the pipe: %w", err)
	}
	owner, _, err := info.Owner()
	if err != nil {
		return fmt.Errorf("ask for the owner of the pipe: %w", err)
	}
	if !owner.Equals(self) {
		return fmt.Errorf("another user (%s) listens under our name", owner)
	}
	return nil
}
