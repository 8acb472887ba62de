// Package link connects programs whose keys know each other.
package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

var errTodo = errors.New("todo")

type Config struct {
	Identity  *identity.Identity
	Addr      string
	Trusted   func(identity.ID) bool
	Handlers  map[wire.Method]Handler
	Hello     func() *wire.Hello
	Connected func(*Conn)
	Pair      func(ctx context.Context, s PairStream) error
	Log       *slog.Logger
}

type PairStream interface {
	io.ReadWriter
	Exporter() []byte
	Peer() identity.ID
	PeerAddr() netip.AddrPort
}

type Endpoint struct{}

func Listen(cfg Config) (*Endpoint, error)            { return nil, errTodo }
func (e *Endpoint) Addr() netip.AddrPort              { return netip.AddrPort{} }
func (e *Endpoint) Port() uint16                      { return 0 }
func (e *Endpoint) Close() error                      { return errTodo }
func (e *Endpoint) Conn(id identity.ID) (*Conn, bool) { return nil, false }
func (e *Endpoint) Dial(ctx context.Context, id identity.ID, addrs []netip.AddrPort) (*Conn, error) {
	return nil, errTodo
}
func (e *Endpoint) Pair(ctx context.Context, addrs []netip.AddrPort, do func(context.Context, PairStream) error) error {
	return errTodo
}
func (e *Endpoint) Keep(ctx context.Context, id identity.ID, addrs func() []netip.AddrPort) {}
func (e *Endpoint) Nudge()                                                                  {}

type Conn struct{}

func (c *Conn) Peer() identity.ID          { return identity.ID{} }
func (c *Conn) PeerHello() *wire.Hello     { return nil }
func (c *Conn) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }
func (c *Conn) Dialed() bool               { return false }
func (c *Conn) RTT() time.Duration         { return 0 }
func (c *Conn) Context() context.Context   { return nil }
func (c *Conn) Err() error                 { return nil }
func (c *Conn) Close(reason string)        {}
func (c *Conn) Call(ctx context.Context, m wire.Method, req, resp proto.Message) error {
	return errTodo
}
func (c *Conn) Open(ctx context.Context, m wire.Method) (*Stream, error) { return nil, errTodo }

type Stream struct{}

func (s *Stream) Send(m proto.Message) error { return errTodo }
func (s *Stream) Recv(m proto.Message) error { return errTodo }
func (s *Stream) CloseSend() error           { return errTodo }
func (s *Stream) Close()                     {}
func (s *Stream) Context() context.Context   { return nil }

type Handler func(ctx context.Context, c *Conn, s *Stream) error

// Message is a pointer to T that is a message.
type Message[T any] interface {
	*T
	proto.Message
}

func Unary[Req, Resp any, PReq Message[Req], PResp Message[Resp]](f func(ctx context.Context, c *Conn, req PReq) (PResp, error)) Handler {
	return func(ctx context.Context, c *Conn, s *Stream) error { return errTodo }
}

type StatusError struct {
	Code    wire.Code
	Message string
}

func (e *StatusError) Error() string { return e.Message }

func Errorf(code wire.Code, format string, args ...any) error {
	return &StatusError{Code: code, Message: fmt.Sprintf(format, args...)}
}
