package link

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"google.golang.org/protobuf/proto"

	"mainbus/transport/wire"
)

const (
	sendTimeout = 10 * time.Second // of one message to a peer that does not read
	readBuffer  = 4096
	maxStatus   = 1000 // bytes of a status message

	streamDone quic.StreamErrorCode = 0
)

// Stream is one conversation on a link. Send may be called from several goroutines, Recv from one at a time.
//
// What the side that opened a stream sends are bare messages. What the other side sends travels as wire.Reply, so
// that a status can end the stream at any point and is never taken for a message.
type Stream struct {
	q       *quic.Stream
	r       *bufio.Reader
	replies bool // this side answers
	ctx     context.Context
	cancel  context.CancelCauseFunc
	unbind  func() bool

	finished atomic.Bool // CloseSend was called
	mu       sync.Mutex  // of sending
	broken   error       // why nothing more can be sent
}

func newStream(c *Conn, q *quic.Stream, replies bool) *Stream {
	s := &Stream{q: q, r: bufio.NewReaderSize(q, readBuffer), replies: replies}
	s.ctx, s.cancel = context.WithCancelCause(c.q.Context())
	s.unbind = func() bool { return true }
	if replies { // the peer gives up
		s.unbind = context.AfterFunc(q.Context(), s.sendEnded)
	}
	return s
}

// sendEnded ends the context unless it was this side that finished sending.
func (s *Stream) sendEnded() {
	if cause := context.Cause(s.q.Context()); !errors.Is(cause, quic.ErrStreamClosed) {
		s.cancel(readable(cause))
	}
}

// Context ends when the stream is of no more use: the link or the stream was closed, or the peer gave it up.
func (s *Stream) Context() context.Context { return s.ctx }

// Send writes one message. It fails, and so does every later one, when the peer has not made room within 10 seconds.
func (s *Stream) Send(m proto.Message) error {
	if !s.replies {
		return s.send(m)
	}
	body, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("send %T: %w", m, err)
	}
	return s.send(&wire.Reply{Body: body})
}

func (s *Stream) send(m proto.Message) error {
	var frame bytes.Buffer
	if err := wire.Write(&frame, m); err != nil {
		return err
	}
	return s.write(frame.Bytes())
}

// write sends whole frames in one piece, so that they share packets and never mix. After a partial one the stream makes no sense to the peer, so it is reset.
func (s *Stream) write(frames []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.q.SetWriteDeadline(time.Now().Add(sendTimeout))
	if _, err := s.q.Write(frames); err != nil {
		s.broken = readable(err)
		s.q.CancelWrite(streamDone)
		return s.broken
	}
	return nil
}

// Write sends bytes as they are, after the messages that were sent before. The peer has to Read as many.
func (s *Stream) Write(p []byte) (int, error) {
	if err := s.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read takes bytes that the peer has sent with Write. It gives up at the deadline of SetReadDeadline.
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	return n, readable(err)
}

// SetReadDeadline bounds every Recv and Read from here on; the zero time takes the bound away.
func (s *Stream) SetReadDeadline(t time.Time) { s.q.SetReadDeadline(t) }

// Recv reads the next message into m. It returns io.EOF when the peer has sent its last one, and a *StatusError
// when the peer ended the stream with a status.
func (s *Stream) Recv(m proto.Message) error {
	err := s.recv(m)
	if err != nil {
		if !s.replies { // nothing more can come of it
			s.cancel(err)
		}
		if errors.Is(err, wire.ErrFrame) {
			s.q.CancelRead(streamDone)
		}
	}
	return err
}

func (s *Stream) recv(m proto.Message) error {
	if s.replies {
		return readable(wire.Read(s.r, m))
	}
	var reply wire.Reply
	if err := wire.Read(s.r, &reply); err != nil {
		return readable(err)
	}
	if code := reply.GetStatus().GetCode(); code != wire.Code_CODE_OK {
		return &StatusError{Code: code, Message: reply.GetStatus().GetMessage()}
	}
	if err := proto.Unmarshal(reply.GetBody(), m); err != nil {
		return fmt.Errorf("read %T: %w: %v", m, wire.ErrFrame, err)
	}
	return nil
}

// CloseSend tells the peer that no more messages come; receiving goes on.
func (s *Stream) CloseSend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.broken = errStreamClosed
	s.finished.Store(true)
	return readable(s.q.Close())
}

// Close gives the stream up in both directions; what the peer has not received yet may be lost, unless CloseSend
// was called before.
func (s *Stream) Close() {
	s.unbind()
	s.abandon()
}

func (s *Stream) abandon() {
	s.q.CancelRead(streamDone)
	if !s.finished.Load() {
		s.q.CancelWrite(streamDone)
	}
	s.cancel(context.Canceled)
}

// finish ends a stream on the side that answers: with a last message, with a status, or with neither.
func (s *Stream) finish(last proto.Message, err error) error {
	switch {
	case err != nil:
		err = s.send(&wire.Reply{Status: statusOf(err)})
	case last != nil:
		err = s.Send(last)
	}
	_ = s.CloseSend() // fails if the peer is content with what it has, or the handler did it
	return err
}

// readOpen takes the first frame of a stream. It is so short that a length of one byte is enough.
func (s *Stream) readOpen() (*wire.Open, error) {
	length, err := s.r.Peek(1)
	if err != nil {
		return nil, readable(err)
	}
	if length[0] >= 0x80 {
		return nil, fmt.Errorf("read the start of a stream: %w", wire.ErrFrame)
	}
	var open wire.Open
	if err := wire.Read(s.r, &open); err != nil {
		return nil, readable(err)
	}
	return &open, nil
}

// Handler serves a stream that a peer opened. When it returns, the stream ends: with the error as a status if it is
// not nil, else cleanly. Its context ends when the peer gives the stream up, at the deadline of a call, and with the
// link; it must return then.
type Handler func(ctx context.Context, c *Conn, s *Stream) error

// Message is a pointer to T that is a message.
type Message[T any] interface {
	*T
	proto.Message
}

// Unary makes a handler for calls: one request, one response.
func Unary[Req, Resp any, PReq Message[Req], PResp Message[Resp]](f func(ctx context.Context, c *Conn, req PReq) (PResp, error)) Handler {
	return func(ctx context.Context, c *Conn, s *Stream) error {
		req := PReq(new(Req))
		if err := s.Recv(req); errors.Is(err, wire.ErrFrame) || errors.Is(err, io.EOF) {
			return Errorf(wire.Code_CODE_INVALID, "read the request: %v", err)
		} else if err != nil {
			return err
		}
		resp, err := f(ctx, c, req)
		if err != nil {
			return err
		}
		return s.Send(resp)
	}
}

// StatusError is a peer's answer that says no.
type StatusError struct {
	Code    wire.Code
	Message string // for people
}

func (e *StatusError) Error() string {
	if e.Message == "" {
		return e.Code.String()
	}
	return e.Message
}

// Errorf makes a StatusError. Handlers return it; other errors reach the peer as CODE_INTERNAL.
func Errorf(code wire.Code, format string, args ...any) error {
	return &StatusError{Code: code, Message: fmt.Sprintf(format, args...)}
}

func statusOf(err error) *wire.Status {
	st := &wire.Status{Code: wire.Code_CODE_INTERNAL, Message: err.Error()}
	var own *StatusError
	switch {
	case errors.As(err, &own) && own.Code != wire.Code_CODE_OK:
		st.Code = own.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		st.Code = wire.Code_CODE_UNAVAILABLE
	}
	st.Message = strings.ToValidUTF8(st.Message[:min(len(st.Message), maxStatus)], "")
	return st
}

// Pipe is a stream as plain bytes in both directions, for what has frames of its own. Close gives it up.
type Pipe struct{ *Stream }

var _ io.ReadWriteCloser = Pipe{}

// Close implements io.Closer; it does not fail.
func (p Pipe) Close() error {
	p.Stream.Close()
	return nil
}
