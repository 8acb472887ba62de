package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"google.golang.org/protobuf/proto"

	"mainbus/transport/identity"
	"mainbus/transport/internal/display"
	"mainbus/transport/wire"
)

const (
	openTimeout = 5 * time.Second  // to get a stream and to say what it is for
	callTimeout = 30 * time.Second // of a call whose context has no deadline
	maxReason   = 200              // characters of a closing reason
)

var (
	errDuplicate    = errors.New("the two sides dialed at the same time")
	errStreamClosed = fmt.Errorf("stream: %w", net.ErrClosed)
)

// Conn is a link to one peer: both sides proved their keys and said hello. It is safe for concurrent use.
type Conn struct {
	endpoint *Endpoint
	q        *quic.Conn
	peer     identity.ID
	dialed   bool
	hello    *wire.Hello
	since    time.Time // when it was admitted
}

func newConn(e *Endpoint, q *quic.Conn, peer identity.ID, dialed bool) *Conn {
	c := &Conn{endpoint: e, q: q, peer: peer, dialed: dialed}
	unbind := context.AfterFunc(e.ctx, func() { c.Close("shutting down") })
	context.AfterFunc(q.Context(), func() { unbind() })
	return c
}

// Peer is whose key the other side has.
func (c *Conn) Peer() identity.ID { return c.peer }

// PeerHello is what the peer said of itself, cleaned for display. It must not be changed.
func (c *Conn) PeerHello() *wire.Hello { return c.hello }

// Shares reports whether both sides have a feature.
func (c *Conn) Shares(feature string) bool {
	return slices.Contains(c.hello.GetFeatures(), feature) && slices.Contains(c.endpoint.hello().GetFeatures(), feature)
}

// RemoteAddr is the peer's address; it changes when the peer's network does.
func (c *Conn) RemoteAddr() netip.AddrPort { return addrPort(c.q.RemoteAddr()) }

// Dialed reports whether this side dialed.
func (c *Conn) Dialed() bool { return c.dialed }

// RTT is the shortest round trip seen on this link. The transport's smoothed figure is of no use on a local network: on a
// quiet link it averages in the 25 ms by which peers may delay acknowledgements.
func (c *Conn) RTT() time.Duration { return c.q.ConnectionStats().MinRTT }

// Delay returns the newest and the shortest round trip seen while data flows: their difference is how long packets
// wait in queues on the way.
func (c *Conn) Delay() (newest, shortest time.Duration) {
	s := c.q.ConnectionStats()
	return s.LatestRTT, s.MinRTT
}

// Sent is how many bytes this side has put on the network for this link, what was sent again included.
func (c *Conn) Sent() uint64 { return c.q.ConnectionStats().BytesSent }

// Context ends with the link.
func (c *Conn) Context() context.Context { return c.q.Context() }

// Err is nil while the link is up, and then says why it ended.
func (c *Conn) Err() error {
	if c.q.Context().Err() == nil {
		return nil
	}
	return readable(context.Cause(c.q.Context()))
}

// Close ends the link; the peer is told the reason, which is for people. It does not wait for handlers.
func (c *Conn) Close(reason string) { c.end(codeClosed, reason) }

func (c *Conn) end(code quic.ApplicationErrorCode, reason string) {
	c.q.CloseWithError(code, display.Name(reason, maxReason))
}

// preferred reports whether the side with the smaller ID dialed; both sides come to the same answer.
func (c *Conn) preferred() bool {
	ownSmaller := bytes.Compare(c.endpoint.id[:], c.peer[:]) < 0
	return c.dialed == ownSmaller
}

// Call opens a stream, sends req and waits for resp, which may be nil when the answer does not matter. The error is
// a *StatusError if the peer answered with one. A context without a deadline gets one of 30 seconds.
func (c *Conn) Call(ctx context.Context, m wire.Method, req, resp proto.Message) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := c.call(ctx, m, req, resp); err != nil {
		var status *StatusError
		if !errors.As(err, &status) && ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("call %s of %s: %w", methodName(m), c.peer.Short(), err)
	}
	return nil
}

func (c *Conn) call(ctx context.Context, m wire.Method, req, resp proto.Message) error {
	deadline, _ := ctx.Deadline()
	open := &wire.Open{Method: m, DeadlineMs: uint32(max(1, time.Until(deadline).Milliseconds()))}
	var frames bytes.Buffer
	if err := errors.Join(wire.Write(&frames, open), wire.Write(&frames, req)); err != nil {
		return err
	}
	s, err := c.openStream(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	// A peer that has answered stops to listen, so what counts is its answer, however sending ended.
	unsent := s.write(frames.Bytes())
	_ = s.CloseSend()
	if resp == nil {
		resp = &wire.Empty{}
	}
	err = s.Recv(resp)
	var status *StatusError
	if unsent != nil && err != nil && !errors.As(err, &status) {
		return unsent
	}
	return err
}

// Open opens a stream that lives until ctx ends, Close is called, or the link ends.
func (c *Conn) Open(ctx context.Context, m wire.Method) (*Stream, error) {
	s, err := c.openStream(ctx)
	if err == nil {
		err = s.send(&wire.Open{Method: m})
		if err != nil {
			s.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s to %s: %w", methodName(m), c.peer.Short(), err)
	}
	return s, nil
}

func (c *Conn) openStream(ctx context.Context) (*Stream, error) {
	wait, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	q, err := c.q.OpenStreamSync(wait)
	if err != nil {
		return nil, readable(err)
	}
	s := newStream(c, q, false)
	s.unbind = context.AfterFunc(ctx, s.abandon)
	return s, nil
}

// greet is the first call on a link, by the side that dialed.
func (c *Conn) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	var h wire.Hello
	if err := c.call(ctx, wire.Method_METHOD_HELLO, c.endpoint.hello(), &h); err != nil {
		if c.Err() != nil {
			err = c.Err() // why, instead of that
		}
		c.end(codeProtocol, "no hello")
		return err
	}
	c.hello = cleanHello(&h)
	return c.endpoint.admit(ctx, c)
}

// answerHello takes the peer's hello, which must be its first stream, and admits the link before it answers: when
// the peer has the answer both sides agree on which link is in use.
func (c *Conn) answerHello() error {
	ctx, cancel := context.WithTimeout(c.endpoint.ctx, helloTimeout)
	defer cancel()
	err := func() error {
		q, err := c.q.AcceptStream(ctx)
		if err != nil {
			return err
		}
		defer q.ReleaseStreamCredit()
		s := newStream(c, q, true)
		defer s.Close()
		q.SetReadDeadline(time.Now().Add(helloTimeout))
		open, err := s.readOpen()
		if err != nil {
			return err
		}
		if open.GetMethod() != wire.Method_METHOD_HELLO {
			return fmt.Errorf("first stream is %s instead of a hello", methodName(open.GetMethod()))
		}
		var h wire.Hello
		if err := s.Recv(&h); err != nil {
			return err
		}
		c.hello = cleanHello(&h)
		if err := c.endpoint.admit(ctx, c); err != nil {
			return err
		}
		return s.finish(c.endpoint.hello(), nil)
	}()
	if err != nil {
		c.end(codeProtocol, "no hello") // unless admit has ended it with its own reason
		c.endpoint.forget(c)
		if errors.Is(err, ErrVersion) || errors.Is(err, ErrSameKey) {
			c.endpoint.troubled(c.peer, err)
		}
	}
	return readable(err)
}

// serve runs the handlers of what the peer opens until the link ends.
func (c *Conn) serve() {
	e := c.endpoint
	defer e.forget(c)
	e.log.Info("link up", "peer", c.peer.Short(), "name", c.hello.GetName(), "addr", c.RemoteAddr(), "dialed", c.dialed)
	if e.cfg.Connected != nil {
		e.spawn(func() { e.cfg.Connected(c) })
	}
	for {
		q, err := c.q.AcceptStream(context.Background()) // ends with the link
		if err != nil {
			break
		}
		if !e.spawn(func() { c.handle(q) }) {
			c.Close("shutting down")
		}
	}
	<-c.Context().Done() // the peer has been told
	if err := c.Err(); errors.Is(err, ErrRevoked) || errors.Is(err, ErrSameKey) {
		e.troubled(c.peer, err)
	}
	e.log.Info("link down", "peer", c.peer.Short(), "name", c.hello.GetName(), "err", c.Err())
}

func (c *Conn) handle(q *quic.Stream) {
	defer q.ReleaseStreamCredit()
	s := newStream(c, q, true)
	defer s.Close()
	q.SetReadDeadline(time.Now().Add(openTimeout))
	open, err := s.readOpen()
	if err != nil {
		c.endpoint.log.Debug("malformed stream", "peer", c.peer.Short(), "err", err)
		_ = s.finish(nil, Errorf(wire.Code_CODE_INVALID, "malformed start of a stream"))
		return
	}
	h, ok := c.endpoint.cfg.Handlers[open.GetMethod()]
	if open.GetMethod() == wire.Method_METHOD_PING {
		_ = s.finish(&wire.Empty{}, nil)
		return
	}
	if !ok {
		_ = s.finish(nil, Errorf(wire.Code_CODE_NOT_FOUND, "no method %s here", methodName(open.GetMethod())))
		return
	}
	ctx, deadline := s.ctx, time.Time{}
	if ms := open.GetDeadlineMs(); ms > 0 {
		deadline = time.Now().Add(time.Duration(ms) * time.Millisecond)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	q.SetReadDeadline(deadline)
	err = h(ctx, c, s)
	if err := s.finish(nil, err); err != nil && c.Err() == nil {
		c.endpoint.log.Debug("ending a stream failed", "peer", c.peer.Short(), "method", methodName(open.GetMethod()), "err", err)
	}
}

func methodName(m wire.Method) string {
	if name, ok := wire.Method_name[int32(m)]; ok {
		return name
	}
	return fmt.Sprintf("METHOD_%d", int32(m))
}

// readable turns QUIC's errors into sentences for people, and into this package's own where callers branch.
func readable(err error) error {
	var app *quic.ApplicationError
	var trans *quic.TransportError
	var idle *quic.IdleTimeoutError
	var handshake *quic.HandshakeTimeoutError
	var reset *quic.StatelessResetError
	var stream *quic.StreamError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return closedBy(app)
	case errors.Is(err, ErrOtherKey):
		return ErrOtherKey
	case errors.As(err, &trans) && trans.Remote && trans.ErrorCode == cryptoError+alertBadCertificate:
		return ErrUntrusted
	case errors.As(err, &trans) && trans.ErrorCode == cryptoError+alertNoProtocol:
		return fmt.Errorf("%w: it is no program to pair with, or speaks another version of the protocol", ErrRefused)
	case errors.As(err, &idle):
		return fmt.Errorf("nothing heard of the peer for %v: %w", idleTimeout, err)
	case errors.As(err, &handshake):
		return fmt.Errorf("no answer: %w", err)
	case errors.As(err, &reset):
		return fmt.Errorf("the peer was restarted: %w", err)
	case errors.As(err, &stream) && stream.Remote:
		return fmt.Errorf("the peer gave the stream up: %w", err)
	case errors.As(err, &stream):
		return errStreamClosed
	}
	return err
}

// TLS alerts arrive as QUIC error codes.
const (
	cryptoError         = 0x100
	alertBadCertificate = 42
	alertNoProtocol     = quic.TransportErrorCode(120)
)

func closedBy(app *quic.ApplicationError) error {
	reason := display.Name(app.ErrorMessage, maxReason)
	switch {
	case !app.Remote:
		return fmt.Errorf("closed: %s", reason)
	case app.ErrorCode == codeDuplicate:
		return errDuplicate
	case app.ErrorCode == codeRevoked:
		return ErrRevoked
	case app.ErrorCode == codeSameKey:
		return ErrSameKey
	case app.ErrorCode == codeVersion:
		return fmt.Errorf("%w: %s", ErrVersion, strings.TrimPrefix(reason, ErrVersion.Error()+": "))
	case app.ErrorCode == codePairing, app.ErrorCode == codeBusy:
		return fmt.Errorf("%w: %s", ErrRefused, reason)
	}
	return fmt.Errorf("closed by the peer: %s", reason)
}
