package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

// raw opens a stream and sends bytes as they are.
func raw(t testing.TB, c *Conn, b []byte) *Stream {
	t.Helper()
	s, err := c.openStream(ctxOf(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(b); err != nil {
		t.Fatal(err)
	}
	s.CloseSend()
	return s
}

func TestMalformedStreamsHarmNothing(t *testing.T) {
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
	c := dial(t, newPeer(t, "a"), b)
	var open bytes.Buffer
	wire.Write(&open, &wire.Open{Method: wire.Method_METHOD_CONSOLE_SEND})
	opened := func(rest ...byte) []byte { return append(bytes.Clone(open.Bytes()), rest...) }
	for name, bytes := range map[string][]byte{
		"nothing":              nil,
		"open too long":        {0xff, 0x01},
		"open that ends early": {5, 8},
		"open that is no open": {2, 0xff, 0xff},
		"unknown method":       {2, 8, 99},
		"hello once more":      {2, 8, 1},
		"no request":           opened(),
		"request too large":    opened(protowire.AppendVarint(nil, wire.MaxFrame+1)...),
		"request beyond 2^63":  opened(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		"length without end":   opened(0x80),
		"request that is none": opened(3, 0xff, 0xff, 0xff),
		"request not UTF-8":    opened(4, 0x12, 2, 0xff, 0xfe),
	} {
		s := raw(t, c, bytes)
		var reply wire.ConsoleReply
		var status *StatusError
		if err := s.Recv(&reply); !errors.As(err, &status) {
			t.Errorf("%s: answered with %v", name, err)
		}
		s.Close()
	}
	if err := c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{}, nil); err != nil {
		t.Errorf("the link did not survive: %v", err)
	}
}

func TestTooLargeMessagesAreNotSent(t *testing.T) {
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo), withHandler(wire.Method_METHOD_BUNDLE,
		Unary(func(_ context.Context, _ *Conn, b *wire.Bundle) (*wire.Bundle, error) { return b, nil })))
	c := dial(t, newPeer(t, "a"), b)
	var got wire.Bundle
	if err := c.Call(ctxOf(t), wire.Method_METHOD_BUNDLE, &wire.Bundle{Content: make([]byte, 4<<20)}, &got); err != nil || len(got.Content) != 4<<20 {
		t.Errorf("4 MiB: %d bytes, %v", len(got.Content), err)
	}
	if err := c.Call(ctxOf(t), wire.Method_METHOD_BUNDLE, &wire.Bundle{Content: make([]byte, wire.MaxFrame)}, &got); !errors.Is(err, wire.ErrFrame) {
		t.Errorf("more than a frame holds: %v", err)
	}
	if err := c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{}, nil); err != nil {
		t.Error(err)
	}
}

// FuzzStream sends any bytes to an endpoint, which must answer, end the stream, and go on.
func FuzzStream(f *testing.F) {
	f.Add([]byte{2, 8, 6, 4, 10, 2, 'h', 'i'})
	f.Add([]byte{2, 8, 1, 0})
	f.Add([]byte{0x80, 0x80})
	b := newPeer(f, "b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo), withHandler(wire.Method_METHOD_RUN, func(_ context.Context, _ *Conn, s *Stream) error {
		for {
			if err := s.Recv(&wire.RunUp{}); err != nil {
				return err
			}
		}
	}))
	c := dial(f, newPeer(f, "a"), b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := raw(t, c, b[:min(len(b), 1<<16)])
		for {
			if err := s.Recv(&wire.ConsoleReply{}); err != nil {
				if errors.Is(err, context.Canceled) || c.Err() != nil {
					t.Errorf("link %v, stream %v", c.Err(), err)
				}
				break
			}
		}
		s.Close()
	})
}

// Streams over the limit wait; they get their turn, and one that gives up does not.
func TestOpenStreamsAreBounded(t *testing.T) {
	var running atomic.Int64
	free := make(chan struct{})
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_OBSERVE, func(ctx context.Context, _ *Conn, s *Stream) error {
		running.Add(1)
		defer running.Add(-1)
		<-free // not even the end of its context frees its place
		return nil
	}))
	c := dial(t, newPeer(t, "a"), b)
	for range maxStreams {
		s, err := c.Open(ctxOf(t), wire.Method_METHOD_OBSERVE)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	eventually(t, "all handlers run", func() bool { return running.Load() == maxStreams })
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Open(ctx, wire.Method_METHOD_OBSERVE); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one stream too many: %v", err)
	}
	close(free)
	if s, err := c.Open(ctxOf(t), wire.Method_METHOD_OBSERVE); err != nil {
		t.Error(err)
	} else {
		s.Close()
	}
}

func TestTransientErrors(t *testing.T) {
	if !isTransient(&net.OpError{Op: "write", Err: os.NewSyscallError("sendmsg", transientExample)}) {
		t.Error("an unreachable network is not taken as transient")
	}
	for _, err := range []error{io.EOF, net.ErrClosed, os.NewSyscallError("sendmsg", syscall.EINVAL)} {
		if isTransient(err) {
			t.Errorf("%v is taken as transient", err)
		}
	}
}

func TestKeepDialsUntilThePeerIsThereAndAgainWhenItWasLost(t *testing.T) {
	who := newIdentity(t)
	b := newPeer(t, "b", as(who))
	addr := b.Addr()
	b.Close()
	a := newPeer(t, "a")
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		a.Keep(ctx, who.ID(), func() []netip.AddrPort { return []netip.AddrPort{addr} })
	}()
	b = newPeer(t, "b", as(who), at(addr.String()))
	first := receive(t, a.connected, "link")
	b.Close()
	ended(t, first)
	b = newPeer(t, "b", as(who), at(addr.String()))
	receive(t, a.connected, "link after the loss")
	if _, ok := a.Conn(b.ID()); !ok {
		t.Error("no link is up")
	}
	cancel()
	receive(t, returned, "end of Keep")
}

func TestNudgeCutsABackOffShort(t *testing.T) {
	a := newPeer(t, "a")
	asked := make(chan struct{}, 64)
	go a.Keep(ctxOf(t), newIdentity(t).ID(), func() []netip.AddrPort { asked <- struct{}{}; return nil })
	for range 5 {
		receive(t, asked, "attempt") // the next wait is at least 2.5 s
	}
	quickest := time.Hour // of some, since a busy machine holds one up
	for range 3 {
		start := time.Now()
		eventually(t, "attempt after a nudge", func() bool { a.Nudge(); return len(asked) > 0 })
		<-asked
		quickest = min(quickest, time.Since(start))
	}
	if quickest > 2*time.Second {
		t.Errorf("the quickest attempt came after %v", quickest)
	}
	a.Close() // ends Keep too
}

func TestKeepDelaysGrowToFiveSeconds(t *testing.T) {
	for failures, most := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 5 * time.Second, 5 * time.Second} {
		for range 50 {
			if d := keepDelay(failures); d < most/2 || d >= most {
				t.Fatalf("after %d failures the wait is %v", failures, d)
			}
		}
	}
}

// A link in which nobody may trust anybody any more is closed by whoever forgot the other.
func TestTrustIsAskedAtEachHandshake(t *testing.T) {
	var trusted atomic.Bool
	trusted.Store(true)
	b := newPeer(t, "b", trusting(func(identity.ID) bool { return trusted.Load() }))
	a := newPeer(t, "a")
	c := dial(t, a, b)
	trusted.Store(false)
	in, ok := b.Conn(a.ID())
	if !ok {
		t.Fatal("no link")
	}
	in.Close("revoked")
	ended(t, c)
	if !strings.Contains(c.Err().Error(), "revoked") {
		t.Errorf("the peer is told %v", c.Err())
	}
	if _, err := a.Dial(ctxOf(t), b.ID(), b.addrs()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("dialing again: %v", err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	a := newPeer(t, "a")
	cfg := Config{Identity: a.identity, Addr: a.Addr().String(), Trusted: func(identity.ID) bool { return true }, Hello: func() *wire.Hello { return nil }}
	if _, err := Listen(cfg); err == nil || !strings.Contains(err.Error(), a.Addr().String()) {
		t.Errorf("a port in use: %v", err)
	}
	if _, err := Listen(Config{}); err == nil {
		t.Error("an empty configuration listens")
	}
}

func BenchmarkCall(b *testing.B) {
	peer := newPeer(b, "b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
	c := dial(b, newPeer(b, "a"), peer)
	req, ctx := &wire.ConsoleSend{Line: strings.Repeat("x", 200)}, context.Background()
	for b.Loop() {
		if err := c.Call(ctx, wire.Method_METHOD_CONSOLE_SEND, req, &wire.ConsoleReply{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStreamRoundTrip(b *testing.B) {
	peer := newPeer(b, "b", withHandler(wire.Method_METHOD_RUN, func(_ context.Context, _ *Conn, s *Stream) error {
		for {
			var up wire.RunUp
			if err := s.Recv(&up); err != nil {
				return err
			}
			if err := s.Send(wire.Down(up.GetEnvelopes().GetList()...)); err != nil {
				return err
			}
		}
	}))
	s, err := dial(b, newPeer(b, "a"), peer).Open(context.Background(), wire.Method_METHOD_RUN)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	up := wire.Up(&wire.Envelope{Body: make([]byte, 200)})
	for b.Loop() {
		if err := s.Send(up); err != nil {
			b.Fatal(err)
		}
		if err := s.Recv(&wire.RunDown{}); err != nil {
			b.Fatal(err)
		}
	}
}
