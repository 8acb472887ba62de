// Package netns lets tests have networks of their own: two machines with a cable between them, as far as sockets can tell.
package netns

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Network is a network namespace. It ends with its test.
type Network struct {
	t  testing.TB
	fd *os.File
}

// New makes a network in which there is nothing but a loopback interface, or skips the test where that is not allowed.
func New(t testing.TB) *Network {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("SKIPPED, changes of the network are not tested here: no program named ip")
	}
	n := &Network{t: t}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.fd, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Skipf("SKIPPED, changes of the network are not tested here: a network namespace needs root: %v", err)
	}
	t.Cleanup(func() { n.fd.Close() })
	n.IP("link", "set", "lo", "up")
	return n
}

// Pair makes two networks with a cable between an interface named eth0 in each, which are up and have no address.
func Pair(t testing.TB) (a, b *Network) {
	t.Helper()
	a, b = New(t), New(t)
	a.IP("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", b.path())
	a.IP("link", "set", "eth0", "up")
	b.IP("link", "set", "eth0", "up")
	return a, b
}

func (n *Network) path() string {
	return filepath.Join("/proc", fmt.Sprint(os.Getpid()), "fd", fmt.Sprint(n.fd.Fd()))
}

// Do runs f in the network. Sockets that it makes stay there, whoever uses them; goroutines that it starts do not. f must not
// end the test.
func (n *Network) Do(f func()) {
	n.t.Helper()
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked
		if err = unix.Setns(int(n.fd.Fd()), unix.CLONE_NEWNET); err == nil {
			f()
		}
	}()
	<-done
	if err != nil {
		n.t.Fatalf("enter a network: %v", err)
	}
}

// IP runs the program of that name in the network.
func (n *Network) IP(args ...string) {
	n.t.Helper()
	var out []byte
	var err error
	n.Do(func() { out, err = exec.Command("ip", args...).CombinedOutput() })
	if err != nil {
		n.t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}
