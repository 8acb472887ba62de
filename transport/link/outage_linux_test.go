package link

import (
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mainbus/transport/wire"
)

// ownNetwork gives the calling goroutine a network of its own, in which there is nothing but a loopback interface.
// Sockets that it makes stay there, whoever uses them.
func ownNetwork(t *testing.T) (run func(args ...string)) {
	t.Helper()
	ip, err := exec.LookPath("ip")
	if err != nil {
		t.Skip("SKIPPED, outages are not tested here: no program named ip")
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test, and its network with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("SKIPPED, outages are not tested here: a network namespace needs root: %v", err)
	}
	run = func(args ...string) {
		t.Helper()
		if out, err := exec.Command(ip, args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	run("link", "set", "lo", "up")
	return run
}

// A pulled cable or a changed address makes every send fail for a while. The link outlives that.
func TestLinkOutlivesAnOutage(t *testing.T) {
	const address = "10.9.8.7"
	ip := ownNetwork(t)
	ip("addr", "add", address+"/32", "dev", "lo")
	b := newPeer(t, "b", at(":0"), withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
	a := newPeer(t, "a", at(":0"))
	there := netip.AddrPortFrom(netip.MustParseAddr(address), b.Port())
	c, err := a.Dial(ctxOf(t), b.ID(), []netip.AddrPort{there})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	to := net.UDPAddrFromAddrPort(there)

	ip("addr", "del", address+"/32", "dev", "lo")
	if _, err := plain.WriteTo([]byte("x"), to); !errors.Is(err, unix.ENETUNREACH) {
		t.Fatalf("the outage is none: sending gives %v", err)
	}
	if n, _, err := (tolerantConn{plain}).WriteMsgUDP([]byte("xy"), nil, to); n != 2 || err != nil {
		t.Errorf("WriteMsgUDP in the outage: %d, %v", n, err)
	}
	if n, err := (tolerantConn{plain}).WriteTo([]byte("xy"), to); n != 2 || err != nil {
		t.Errorf("WriteTo in the outage: %d, %v", n, err)
	}
	start := time.Now()
	answered := make(chan error, 1)
	go func() {
		answered <- c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Line: "still there?"}, &wire.ConsoleReply{})
	}()
	in, _ := b.Conn(a.ID())
	fromB := make(chan error, 1)
	go func() { fromB <- in.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{}, nil) }()
	select {
	case err := <-answered:
		t.Fatalf("in the outage the call ended with %v", err)
	case err := <-fromB:
		t.Fatalf("in the outage the peer's call ended with %v", err)
	case <-time.After(700 * time.Millisecond):
	}
	ip("addr", "add", address+"/32", "dev", "lo")
	if err := receive(t, answered, "answer"); err != nil {
		t.Errorf("the call ended with %v", err)
	}
	var status *StatusError
	if err := receive(t, fromB, "answer to the peer"); !errors.As(err, &status) || status.Code != wire.Code_CODE_NOT_FOUND {
		t.Errorf("the peer's call ended with %v", err)
	}
	t.Logf("answered %v after the call", time.Since(start))
	if c.Err() != nil {
		t.Errorf("the link ended: %v", c.Err())
	}

	plain.Close()
	if _, err := (tolerantConn{plain}).WriteTo([]byte("x"), to); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed socket: %v", err)
	}
}
