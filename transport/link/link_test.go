package link

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is one program of a test.
type peer struct {
	*Endpoint
	identity  *identity.Identity
	connected chan *Conn
}

type option func(*Config)

func withHandler(m wire.Method, h Handler) option {
	return func(c *Config) { c.Handlers[m] = h }
}

func trusting(f func(identity.ID) bool) option { return func(c *Config) { c.Trusted = f } }

func at(addr string) option { return func(c *Config) { c.Addr = addr } }

func as(i *identity.Identity) option { return func(c *Config) { c.Identity = i } }

func newIdentity(t testing.TB) *identity.Identity {
	t.Helper()
	i, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func newPeer(t testing.TB, name string, options ...option) *peer {
	t.Helper()
	p := &peer{connected: make(chan *Conn, 64)}
	cfg := Config{
		Addr:      "127.0.0.1:0",
		Trusted:   func(identity.ID) bool { return true },
		Handlers:  map[wire.Method]Handler{},
		Hello:     func() *wire.Hello { return &wire.Hello{Name: name} },
		Connected: func(c *Conn) { p.connected <- c },
	}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("endpoint", name)
	}
	for _, o := range options {
		o(&cfg)
	}
	if cfg.Identity == nil {
		cfg.Identity = newIdentity(t)
	}
	p.identity = cfg.Identity
	e, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.Endpoint = e
	t.Cleanup(func() { e.Close() })
	return p
}

func (p *peer) ID() identity.ID { return p.identity.ID() }

func (p *peer) addrs() []netip.AddrPort { return []netip.AddrPort{p.Addr()} }

func (p *peer) addrsOf() []netip.AddrPort { return p.addrs() }

func dial(t testing.TB, from, to *peer) *Conn {
	t.Helper()
	c, err := from.Dial(ctxOf(t), to.ID(), to.addrs())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ctxOf(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// patience is for a machine that others keep busy.
const patience = time.Minute

func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
		panic("unreachable")
	}
}

func ended(t testing.TB, c *Conn) {
	t.Helper()
	select {
	case <-c.Context().Done():
	case <-time.After(patience):
		t.Fatalf("link is still up after %v", patience)
	}
}

// eventually polls for what no channel tells.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

var echo = Unary(func(_ context.Context, _ *Conn, r *wire.ConsoleSend) (*wire.ConsoleReply, error) {
	return &wire.ConsoleReply{Text: r.Line}, nil
})

func TestLinkCarriesCallsBothWays(t *testing.T) {
	a, b := newPeer(t, "alpha", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo)), newPeer(t, "beta\x1b", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
	out := dial(t, a, b)
	in := receive(t, b.connected, "incoming link")
	if out.Peer() != b.ID() || in.Peer() != a.ID() {
		t.Errorf("peers are %s and %s", out.Peer(), in.Peer())
	}
	if out.PeerHello().Name != "beta" || in.PeerHello().Name != "alpha" {
		t.Errorf("hellos say %q and %q", out.PeerHello().Name, in.PeerHello().Name)
	}
	if !out.Dialed() || in.Dialed() {
		t.Error("Dialed is wrong")
	}
	if out.RemoteAddr() != b.Addr() {
		t.Errorf("remote address is %s, want %s", out.RemoteAddr(), b.Addr())
	}
	for _, c := range []*Conn{out, in} {
		var r wire.ConsoleReply
		if err := c.Call(ctxOf(t), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Line: "/players"}, &r); err != nil {
			t.Fatal(err)
		}
		if r.Text != "/players" {
			t.Errorf("reply is %q", r.Text)
		}
		if c.RTT() <= 0 {
			t.Error("no round trip time")
		}
	}
	if c, ok := b.Conn(a.ID()); !ok || c != in {
		t.Error("Conn does not return the link")
	}
	out.Close("that was it")
	ended(t, in)
	if err := in.Err(); err == nil || !strings.Contains(err.Error(), "that was it") {
		t.Errorf("the peer is told %v", err)
	}
	eventually(t, "link forgotten", func() bool { _, ok := b.Conn(a.ID()); return !ok })
}

func TestHandlerErrorReachesTheCaller(t *testing.T) {
	b := newPeer(t, "b",
		withHandler(wire.Method_METHOD_KILL, Unary(func(context.Context, *Conn, *wire.Kill) (*wire.Empty, error) {
			return nil, Errorf(wire.Code_CODE_REFUSED, "instance %s is stopped", "x")
		})),
		withHandler(wire.Method_METHOD_DESIRED, Unary(func(context.Context, *Conn, *wire.Desired) (*wire.DesiredReply, error) {
			return nil, errors.New("disk full")
		})),
		withHandler(wire.Method_METHOD_OBSERVE, func(_ context.Context, _ *Conn, s *Stream) error {
			if err := s.Send(&wire.Observed{Generation: 7}); err != nil {
				return err
			}
			return Errorf(wire.Code_CODE_UNAVAILABLE, "going away")
		}))
	c := dial(t, newPeer(t, "a"), b)
	for _, test := range []struct {
		method wire.Method
		code   wire.Code
		text   string
	}{
		{wire.Method_METHOD_KILL, wire.Code_CODE_REFUSED, "instance x is stopped"},
		{wire.Method_METHOD_DESIRED, wire.Code_CODE_INTERNAL, "disk full"},
		{wire.Method_METHOD_BUNDLE, wire.Code_CODE_NOT_FOUND, "METHOD_BUNDLE"},
		{wire.Method(9999), wire.Code_CODE_NOT_FOUND, "METHOD_9999"},
	} {
		err := c.Call(ctxOf(t), test.method, &wire.Empty{}, nil)
		var status *StatusError
		if !errors.As(err, &status) || status.Code != test.code || !strings.Contains(status.Message, test.text) {
			t.Errorf("%v: %v", test.method, err)
		}
	}
	s, err := c.Open(ctxOf(t), wire.Method_METHOD_OBSERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var o wire.Observed
	if err := s.Recv(&o); err != nil || o.Generation != 7 {
		t.Fatalf("first message: %v, %v", &o, err)
	}
	var status *StatusError
	if err := s.Recv(&o); !errors.As(err, &status) || status.Code != wire.Code_CODE_UNAVAILABLE {
		t.Errorf("a stream that fails after messages ends with %v", err)
	}
	if c.Err() != nil {
		t.Errorf("the link did not outlive its handlers' errors: %v", c.Err())
	}
}

func TestLongStreamGoesBothWays(t *testing.T) {
	const n = 500
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_RUN, func(ctx context.Context, _ *Conn, s *Stream) error {
		for {
			var up wire.RunUp
			if err := s.Recv(&up); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := s.Send(wire.Down(up.GetEnvelopes().GetList()...)); err != nil {
				return err
			}
		}
	}))
	s, err := dial(t, newPeer(t, "a"), b).Open(ctxOf(t), wire.Method_METHOD_RUN)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go func() {
		for i := range n {
			body := make([]byte, i*100)
			if s.Send(wire.Up(&wire.Envelope{Tick: uint64(i), Body: body})) != nil {
				return
			}
		}
		s.CloseSend()
	}()
	for i := range n {
		var down wire.RunDown
		if err := s.Recv(&down); err != nil {
			t.Fatal(err)
		}
		if e := down.GetEnvelopes().GetList()[0]; e.Tick != uint64(i) || len(e.Body) != i*100 {
			t.Fatalf("message %d is number %d with %d bytes", i, e.Tick, len(e.Body))
		}
	}
	if err := s.Recv(&wire.RunDown{}); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

func TestSendIsSafeFromSeveralGoroutines(t *testing.T) {
	const senders, each = 8, 100
	var got atomic.Int64
	done := make(chan error, 1)
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_RUN, func(_ context.Context, _ *Conn, s *Stream) error {
		for {
			var up wire.RunUp
			err := s.Recv(&up)
			if err != nil {
				done <- err
				return nil
			}
			got.Add(int64(len(up.GetOpen().GetInstance())))
		}
	}))
	s, err := dial(t, newPeer(t, "a"), b).Open(ctxOf(t), wire.Method_METHOD_RUN)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sent := make(chan error, senders)
	for range senders {
		go func() {
			var err error
			for range each {
				err = errors.Join(err, s.Send(&wire.RunUp{Msg: &wire.RunUp_Open{Open: &wire.RunOpen{Instance: strings.Repeat("i", 100)}}}))
			}
			sent <- err
		}()
	}
	for range senders {
		if err := receive(t, sent, "sender"); err != nil {
			t.Error(err)
		}
	}
	s.CloseSend()
	if err := receive(t, done, "end"); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v", err)
	}
	if got.Load() != senders*each*100 {
		t.Errorf("%d bytes arrived, want %d", got.Load(), senders*each*100)
	}
}

func TestHandlerIsTold(t *testing.T) {
	cause := make(chan error, 1)
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_OBSERVE, func(ctx context.Context, _ *Conn, s *Stream) error {
		if err := s.Send(&wire.Observed{}); err != nil {
			return err
		}
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return ctx.Err()
	}))
	a := newPeer(t, "a")
	for _, test := range []struct {
		name string
		end  func(c *Conn, s *Stream, cancel context.CancelFunc)
	}{
		{"that the opener closed the stream", func(_ *Conn, s *Stream, _ context.CancelFunc) { s.Close() }},
		{"that the opener's context ended", func(_ *Conn, _ *Stream, cancel context.CancelFunc) { cancel() }},
		{"that the link ended", func(c *Conn, _ *Stream, _ context.CancelFunc) { c.Close("bye") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, a, b)
			ctx, cancel := context.WithCancel(ctxOf(t))
			defer cancel()
			s, err := c.Open(ctx, wire.Method_METHOD_OBSERVE)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Recv(&wire.Observed{}); err != nil {
				t.Fatal(err)
			}
			test.end(c, s, cancel)
			if receive(t, cause, "end of the handler's context") == nil {
				t.Error("no cause")
			}
			if err := s.Recv(&wire.Observed{}); err == nil {
				t.Error("the stream still gives messages")
			}
			receive(t, s.Context().Done(), "end of the opener's context")
		})
	}
}

func TestCallEndsAtItsDeadlineOnBothSides(t *testing.T) {
	returned := make(chan error, 1)
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_KILL, Unary(func(ctx context.Context, _ *Conn, _ *wire.Kill) (*wire.Empty, error) {
		<-ctx.Done()
		returned <- ctx.Err()
		return nil, ctx.Err()
	})))
	c := dial(t, newPeer(t, "a"), b)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := c.Call(ctx, wire.Method_METHOD_KILL, &wire.Kill{}, nil)
	var status *StatusError
	if !errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &status) && status.Code == wire.Code_CODE_UNAVAILABLE) {
		t.Errorf("the caller gets %v", err)
	}
	if receive(t, returned, "handler's return") == nil {
		t.Error("handler's context has no error")
	}
}

func TestUntrustedPeerIsRefused(t *testing.T) {
	var handled atomic.Bool
	b := newPeer(t, "b", trusting(func(identity.ID) bool { return false }),
		withHandler(wire.Method_METHOD_KILL, func(context.Context, *Conn, *Stream) error { handled.Store(true); return nil }))
	a := newPeer(t, "a")
	_, err := a.Dial(ctxOf(t), b.ID(), b.addrs())
	if !errors.Is(err, ErrUntrusted) {
		t.Errorf("dialing gives %v", err)
	}
	select {
	case <-b.connected:
		t.Error("the untrusted peer got a link")
	default:
	}
	if _, ok := b.Conn(a.ID()); ok || handled.Load() {
		t.Error("the untrusted peer got through")
	}
}

func TestAnotherKeyAtTheAddressIsRefused(t *testing.T) {
	a, b, c := newPeer(t, "a"), newPeer(t, "b"), newPeer(t, "c")
	if _, err := a.Dial(ctxOf(t), c.ID(), b.addrs()); !errors.Is(err, ErrOtherKey) {
		t.Errorf("dialing gives %v", err)
	}
	if _, err := a.Dial(ctxOf(t), a.ID(), a.addrs()); err == nil {
		t.Error("linked to itself")
	}
	// Among several addresses the one where the right key answers wins.
	l, err := a.Dial(ctxOf(t), c.ID(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9"), b.Addr(), c.Addr()})
	if err != nil || l.RemoteAddr() != c.Addr() {
		t.Errorf("dialing three addresses: %v", err)
	}
}

func TestNewerLinkReplacesOlder(t *testing.T) {
	a, b := newPeer(t, "a"), newPeer(t, "b")
	first := dial(t, a, b)
	old := receive(t, b.connected, "first link")
	second := dial(t, a, b)
	current := receive(t, b.connected, "second link")
	ended(t, first)
	ended(t, old)
	if c, ok := a.Conn(b.ID()); !ok || c != second {
		t.Error("the dialing side has not got the newer link")
	}
	if c, ok := b.Conn(a.ID()); !ok || c != current {
		t.Error("the other side has not got the newer link")
	}
	if second.Err() != nil || current.Err() != nil {
		t.Error("the newer link is down")
	}
}

// However two dials of the same moment interleave, one link remains, the same on both sides.
func TestSimultaneousDialsLeaveOneLink(t *testing.T) {
	a, b := newPeer(t, "a"), newPeer(t, "b")
	for round := range 30 {
		errs := make(chan error, 2)
		start := make(chan struct{})
		for _, d := range [][2]*peer{{a, b}, {b, a}} {
			go func() {
				<-start
				_, err := d[0].Dial(context.Background(), d[1].ID(), d[1].addrs())
				errs <- err
			}()
		}
		close(start)
		for range 2 {
			if err := receive(t, errs, "dial"); err != nil && !errors.Is(err, errDuplicate) {
				t.Logf("round %d: %v", round, err) // a link that was replaced while it said hello
			}
		}
		ca, okA := a.Conn(b.ID())
		cb, okB := b.Conn(a.ID())
		if !okA || !okB {
			t.Fatalf("round %d: links are up on %v and %v", round, okA, okB)
		}
		if err := ca.Call(ctxOf(t), wire.Method_METHOD_KILL, &wire.Kill{}, nil); ca.Err() != nil {
			t.Fatalf("round %d: link of a is dead: %v", round, err)
		}
		if ca.Dialed() == cb.Dialed() {
			t.Fatalf("round %d: the two sides keep different links", round)
		}
		ca.Close("next round")
		ended(t, cb)
	}
}

// A peer that was restarted does not know its old links. Whoever still uses one hears of it at the next packet.
func TestRestartedPeerEndsOldLinks(t *testing.T) {
	who := newIdentity(t)
	b := newPeer(t, "b", as(who))
	addr := b.Addr()
	a := newPeer(t, "a")
	c := dial(t, a, b)
	crash(b)
	b = newPeer(t, "b", as(who), at(addr.String()))
	if err := c.Call(ctxOf(t), wire.Method_METHOD_KILL, &wire.Kill{Instance: strings.Repeat("x", 100)}, nil); err == nil {
		t.Error("a call over the old link succeeds")
	}
	ended(t, c)
	if !strings.Contains(c.Err().Error(), "restarted") {
		t.Errorf("the link ended with %v", c.Err())
	}
	dial(t, a, b)
}

// crash takes the socket away, so that the peer is told nothing.
func crash(p *peer) {
	p.socket.Close()
	p.Close()
}

func TestCloseWaitsForHandlersAndEndsCalls(t *testing.T) {
	entered, left := make(chan struct{}), make(chan struct{})
	b := newPeer(t, "b", withHandler(wire.Method_METHOD_KILL, func(ctx context.Context, _ *Conn, _ *Stream) error {
		close(entered)
		<-ctx.Done()
		close(left)
		return nil
	}))
	a := newPeer(t, "a")
	c := dial(t, a, b)
	failed := make(chan error, 1)
	go func() { failed <- c.Call(context.Background(), wire.Method_METHOD_KILL, &wire.Kill{}, nil) }()
	receive(t, entered, "handler")
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-left:
	default:
		t.Error("Close returned before the handler")
	}
	if err := receive(t, failed, "end of the call"); err == nil {
		t.Error("the call did not fail")
	}
	ended(t, c)
	if _, err := b.Dial(ctxOf(t), a.ID(), a.addrs()); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed endpoint dials: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestDialGivesUp(t *testing.T) {
	a := newPeer(t, "a")
	nobody := newIdentity(t).ID()
	if _, err := a.Dial(ctxOf(t), nobody, nil); err == nil {
		t.Error("linked without an address")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := a.Dial(ctx, nobody, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the end is %v", err)
	}
}
