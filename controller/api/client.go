package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"mainbus/transport/local"
	"mainbus/transport/wire"
)

// SocketName is the local door's file in a controller's data folder.
const SocketName = "controller.sock"

// callTimeout ends calls whose context has no deadline. Pairing and killing wait for a host.
const callTimeout = time.Minute

// Client is a Service at the other end of a connection, which is made at the first call and again after it broke. Who the
// caller is is decided over there; the Caller given to its methods is not sent.
type Client struct {
	stub
	path string

	mu   sync.Mutex // one call at a time
	conn net.Conn
	in   *bufio.Reader
}

var _ Service = (*Client)(nil)

// Dial returns a client of the controller that keeps its data in dataDir on this machine.
func Dial(dataDir string) *Client {
	c := &Client{path: filepath.Join(dataDir, SocketName)}
	c.stub = stub{c.call}
	return c
}

// Close ends the connection; a later call makes another.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hangUp()
}

func (c *Client) hangUp() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn, c.in = nil, nil
	return err
}

func (c *Client) connect(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := local.Dial(ctx, c.path)
	if err != nil {
		return Errorf(Unavailable, "Start it with mainbus-controller, or name its folder with --data.",
			"no controller runs on the data in %s", filepath.Dir(c.path))
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
	return nil
}

// call makes one call. After any failure of the connection it is closed: an answer that comes late must not be taken for
// that of the next call.
func (c *Client) call(ctx context.Context, _ Caller, method string, request, response any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	reused := c.conn != nil
	if err := c.connect(ctx); err != nil {
		return err
	}
	reply, err := c.exchange(ctx, method, request)
	if reused && errors.Is(err, errUnsent) { // the controller has started anew, or made room for others
		_ = c.hangUp()
		if err := c.connect(ctx); err != nil {
			return err
		}
		reply, err = c.exchange(ctx, method, request)
	}
	if err != nil {
		_ = c.hangUp() // it is broken already
		return err
	}
	if reply.GetStatus().GetCode() != wire.Code_CODE_OK {
		failed := new(Error)
		if json.Unmarshal(reply.Body, failed) != nil || failed.Message == "" {
			failed = &Error{Code: Internal, Message: reply.GetStatus().GetMessage()}
		}
		return failed
	}
	if err := json.Unmarshal(reply.Body, response); err != nil {
		return fmt.Errorf("decode the answer to %s: %w", method, err)
	}
	return nil
}

// errUnsent marks a call that the controller has not got. It says nothing by itself.
var errUnsent = errors.New("")

func (c *Client) exchange(ctx context.Context, method string, request any) (*wire.Reply, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", method, err)
	}
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := wire.Write(conn, &wire.APICall{Method: method, Body: body}); err != nil {
		return nil, fmt.Errorf("%w%w", errUnsent, errHungUp(err))
	}
	reply := new(wire.Reply)
	if err := wire.Read(c.in, reply); err != nil {
		if ctx.Err() != nil {
			return nil, Errorf(Unavailable, "Try again.", "gave up waiting for the controller: %v", context.Cause(ctx))
		}
		return nil, errHungUp(err)
	}
	return reply, nil
}
