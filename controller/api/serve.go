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
	free := make(chan struct{}, maxConnections)
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
		select {
		case free <- struct{}{}:
		default:
			conn.Close()
			continue
		}
		connections.Go(func() {
			defer func() { <-free }()
			serveConnection(ctx, conn, s, caller(conn))
		})
	}
}

// serveConnection returns when the other end has hung up or sent something that is no call.
func serveConnection(ctx context.Context, conn net.Conn, s Service, c Caller) {
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
		reply := answer(ctx, s, c, call)
		if conn.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil || wire.Write(conn, reply) != nil {
			return
		}
	}
}

func answer(ctx context.Context, s Service, c Caller, call *wire.APICall) *wire.Reply {
	m, known := methods[call.Method]
	if !known {
		return failure(Errorf(Invalid, "Use programs of the same version.", "the controller knows no call %.40q", call.Method))
	}
	body, err := m.call.answer(ctx, s, c, call.Body)
	if err != nil {
		return failure(err)
	}
	return &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_OK}, Body: body}
}

var wireCodes = map[Code]wire.Code{
	Internal: wire.Code_CODE_INTERNAL, Invalid: wire.Code_CODE_INVALID, NotFound: wire.Code_CODE_NOT_FOUND,
	Refused: wire.Code_CODE_REFUSED, Unavailable: wire.Code_CODE_UNAVAILABLE,
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
