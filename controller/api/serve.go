package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"mainbus/transport/wire"
)

const (
	// maxConnections bounds what one careless script can take of the controller.
	maxConnections = 64
	writeTimeout   = 10 * time.Second
	maxAnswer      = wire.MaxFrame - 1<<10 // bytes
	acceptPause    = 100 * time.Millisecond
)

// Serve answers calls on the listener's connections, one at a time on each, until ctx ends; then it closes the listener, and
// returns when the last call has. caller says who is at the other end.
func Serve(ctx context.Context, listener net.Listener, s Service, caller func(net.Conn) Caller) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	defer listener.Close()
	var connections sync.WaitGroup
	defer connections.Wait()
	room := &room{}
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept a caller: %w", err)
		case err != nil: // out of descriptors, perhaps: that passes
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
			continue
		}
		seat, ok := room.take(conn)
		if !ok {
			conn.Close()
			continue
		}
		connections.Go(func() {
			defer room.leave(seat)
			serveConnection(ctx, conn, s, caller(conn), seat.turn)
		})
	}
}

// A room bounds the connections. When it is full, the one that has been silent longest makes way: a program that only sits
// there keeps nobody out. Clients connect again by themselves.
type room struct {
	mu    sync.Mutex
	seats []*seat // the longest silent first
}

type seat struct {
	room *room
	conn net.Conn
	busy bool // a call is under way
}

func (r *room) take(conn net.Conn) (*seat, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seats) >= maxConnections {
		idle := slices.IndexFunc(r.seats, func(s *seat) bool { return !s.busy })
		if idle < 0 {
			return nil, false
		}
		r.seats[idle].conn.Close()
		r.seats = slices.Delete(r.seats, idle, idle+1)
	}
	s := &seat{room: r, conn: conn}
	r.seats = append(r.seats, s)
	return s, true
}

func (r *room) leave(s *seat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seats = slices.DeleteFunc(r.seats, func(other *seat) bool { return other == s })
}

// turn notes that a call begins or ends, after which the seat is the last to make way.
func (s *seat) turn(busy bool) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.busy = busy
	if at := slices.Index(s.room.seats, s); at >= 0 {
		s.room.seats = append(slices.Delete(s.room.seats, at, at+1), s)
	}
}

// ServeConn answers calls on one connection, one at a time, until the other end hangs up or sends something that is no call, or ctx
// ends. Writing to it must not wait forever.
func ServeConn(ctx context.Context, conn io.ReadWriteCloser, s Service, c Caller) {
	serveConnection(ctx, conn, s, c, func(bool) {})
}

func serveConnection(ctx context.Context, conn io.ReadWriteCloser, s Service, c Caller, turn func(busy bool)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	calls := make(chan *wire.APICall)
	go func() { // reads ahead so that a caller who hangs up cancels the call under way
		defer cancel()
		defer close(calls)
		for in := bufio.NewReader(conn); ; {
			call := new(wire.APICall)
			if wire.Read(in, call) != nil {
				return
			}
			select {
			case calls <- call:
			case <-ctx.Done():
				return
			}
		}
	}()
	for call := range calls {
		turn(true)
		reply := answer(ctx, s, c, call)
		if c, ok := conn.(net.Conn); ok && c.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil {
			return
		}
		if wire.Write(conn, reply) != nil {
			return
		}
		turn(false)
	}
}

func answer(ctx context.Context, s Service, c Caller, call *wire.APICall) *wire.Reply {
	m, known := methods[call.Method]
	if !known {
		return failure(Errorf(Invalid, "Use programs of the same version.", "the controller knows no call %.40q", call.Method))
	}
	body, err := m.call.answer(ctx, s, c, call.Body)
	if err == nil && len(body) > maxAnswer {
		err = Errorf(Refused, "Ask for less at a time.", "the answer has %d bytes, more than the %d that fit into one", len(body), maxAnswer)
	}
	if err != nil {
		return failure(err)
	}
	return &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_OK}, Body: body}
}

var wireCodes = map[Code]wire.Code{
	Internal: wire.Code_CODE_INTERNAL, Invalid: wire.Code_CODE_INVALID, NotFound: wire.Code_CODE_NOT_FOUND,
	Refused: wire.Code_CODE_REFUSED, Unavailable: wire.Code_CODE_UNAVAILABLE,
	LoginNeeded: wire.Code_CODE_REFUSED, EmailCodeNeeded: wire.Code_CODE_REFUSED,
}

// failure carries the whole error in the body; the status is for readers that know no more than the wire.
func failure(err error) *wire.Reply {
	shown := AsError(err)
	body, _ := json.Marshal(shown) // three strings can always be encoded
	return &wire.Reply{Status: &wire.Status{Code: wireCodes[shown.Code], Message: shown.Message}, Body: body}
}

var hungUp = []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET}

// errHungUp is what a client gets when the connection ends in the middle of a call.
func errHungUp(err error) error {
	if slices.ContainsFunc(hungUp, func(known error) bool { return errors.Is(err, known) }) {
		return Errorf(Unavailable, "Look whether the controller runs, and try again.", "the controller ended the connection")
	}
	return Errorf(Unavailable, "Look whether the controller runs, and try again.", "the controller does not answer: %v", err)
}
