package link

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"mainbus/transport/wire"
)

// failing is a socket that gives an error instead of sending: once for each that is put in, and always when it is broken.
type failing struct {
	*net.UDPConn
	next   chan error
	broken *atomic.Bool
}

func (f failing) fail() error {
	if f.broken.Load() {
		return &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", syscall.EINVAL)}
	}
	select {
	case err := <-f.next:
		return &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", err)}
	default:
		return nil
	}
}

func (f failing) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (int, int, error) {
	if err := f.fail(); err != nil {
		return 0, 0, err
	}
	return f.UDPConn.WriteMsgUDP(b, oob, addr)
}

func (f failing) WriteTo(b []byte, addr net.Addr) (int, error) {
	if err := f.fail(); err != nil {
		return 0, err
	}
	return f.UDPConn.WriteTo(b, addr)
}

// One packet that could not be sent, whichever it is, ends no link and loses no message.
func TestOneFailedSendKillsNothing(t *testing.T) {
	next, broken := make(chan error, 1), new(atomic.Bool)
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
	a := newPeer(t, "a", func(c *Config) { c.socket = func(u *net.UDPConn) udpSocket { return failing{u, next, broken} } })
	for _, errno := range transientExamples {
		next <- errno
		c, err := a.Dial(ctxOf(t), b.ID(), b.addrs()) // the first packet of a handshake
		if err != nil {
			t.Errorf("%v at the first packet: %v", errno, err)
			continue
		}
		for range 3 {
			next <- errno
			if err := c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Line: "x"}, nil); err != nil {
				t.Errorf("%v in a call: %v", errno, err)
			}
		}
		if len(next) > 0 || c.Err() != nil {
			t.Errorf("%v: the link ended with %v, %d failures are left", errno, c.Err(), len(next))
		}
	}
	c := dial(t, a, b)
	broken.Store(true) // which is noticed
	_ = c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{}, nil)
	ended(t, c)
}

// A peer that is dead without a word is noticed, on an idle link too.
func TestDeadPeerIsNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: takes as long as it takes to notice a dead peer")
	}
	b := newPeer(t, "b")
	c := dial(t, newPeer(t, "a"), b)
	crash(b)
	start := time.Now()
	ended(t, c)
	t.Logf("noticed after %v: %v", time.Since(start).Round(10*time.Millisecond), c.Err())
}

// rubbish sends datagrams that are nothing, or look like the start of something.
func rubbish(t testing.TB, to netip.AddrPort, n int) {
	t.Helper()
	s, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	packet := make([]byte, 1400)
	for i := range n {
		rand.Read(packet)
		switch i % 4 {
		case 1: // long header, version 1, Initial
			copy(packet, []byte{0xc3, 0, 0, 0, 1, 8})
		case 2: // short header
			packet[0] = packet[0]&0x3f | 0x40
		case 3:
			copy(packet, []byte{0, 'm', 'b', 1})
		}
		s.Write(packet[:1+i%len(packet)])
	}
}

func TestRubbishHarmsNothing(t *testing.T) {
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
	c := dial(t, newPeer(t, "a"), b)
	rubbish(t, b.Addr(), 5000)
	if err := c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{}, nil); err != nil {
		t.Errorf("a link: %v", err)
	}
	dial(t, newPeer(t, "another"), b)
}

func FuzzDatagram(f *testing.F) {
	f.Add([]byte{0xc3, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0, 'm', 'b', 1, 1})
	f.Add([]byte{0x40})
	b := newPeer(f, "b")
	c := dial(f, newPeer(f, "a"), b)
	s, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(b.Addr()))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	n := 0
	f.Fuzz(func(t *testing.T, packet []byte) {
		s.Write(packet)
		if n++; n%64 == 0 && !c.answers(context.Background()) {
			t.Error("the link died")
		}
	})
}

// Strangers who knock as fast as they can, and finish nothing or everything, keep no peer out and take bounded memory.
func TestHandshakeFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: floods for seconds")
	}
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux has a whole network of loopback addresses")
	}
	victim := newPeer(t, "victim")
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithCancel(t.Context())
	var attempts, refused atomic.Int64
	var attackers sync.WaitGroup
	for range 4 {
		attackers.Go(func() { flood(ctx, t, victim.Addr(), &attempts, &refused) })
	}
	eventually(t, "the flood is on", func() bool { return refused.Load() > 0 })
	friend := newPeer(t, "friend", at("127.0.0.2:0"))
	start := time.Now()
	eventually(t, "a peer gets in", func() bool {
		_, err := friend.Dial(ctxOf(t), victim.ID(), victim.addrs())
		return err == nil
	})
	took := time.Since(start)
	runtime.ReadMemStats(&during)
	cancel()
	attackers.Wait()
	grown := int64(during.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("a peer got in after %v; %d attempts, %d refused; heap grew by %d KiB with the attackers' own", took, attempts.Load(), refused.Load(), grown>>10)
}

// flood begins handshakes until ctx ends, and gives each up after its first packets.
func flood(ctx context.Context, t *testing.T, to netip.AddrPort, attempts, refused *atomic.Int64) {
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Error(err)
		return
	}
	defer socket.Close()
	tr := &quic.Transport{Conn: socket}
	defer tr.Close()
	stranger := &Endpoint{cfg: Config{Identity: newIdentity(t)}}
	for ctx.Err() == nil {
		attempts.Add(1)
		hurry, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		q, err := tr.Dial(hurry, net.UDPAddrFromAddrPort(to), stranger.pairTLS(), stranger.quicConfig())
		cancel()
		var trans *quic.TransportError
		switch {
		case err == nil:
			q.CloseWithError(0, "")
		case errors.As(err, &trans) && trans.ErrorCode == quic.ConnectionRefused:
			refused.Add(1)
		}
	}
}
