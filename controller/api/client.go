package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// maxIdle is how many connections are kept for later calls.
const maxIdle = 4

// Client is a Service at the other end of connections. One is made for a call when none is idle, so calls do not wait for each other.
// Who the caller is is decided over there; the Caller given to its methods is not sent.
type Client struct {
	stub
	dial    func(context.Context) (io.ReadWriteCloser, error)
	carrier Carrier

	mu     sync.Mutex
	idle   []*connection
	closed int // how often Close was called: what was made before is not kept
}

type connection struct {
	io.ReadWriteCloser
	in    *bufio.Reader
	since int // Client.closed when it was made
}

var _ Service = (*Client)(nil)

// Dial returns a client of the controller that keeps its data in dataDir on this machine.
func Dial(dataDir string) *Client {
	path := filepath.Join(dataDir, SocketName)
	return NewClient(func(ctx context.Context) (io.ReadWriteCloser, error) {
		conn, err := local.Dial(ctx, path)
		if err != nil {
			return nil, Errorf(Unavailable, "Start it with mainbus-controller, or name its folder with --data.",
				"no controller runs on the data in %s", dataDir)
		}
		return conn, nil
	}, nil)
}

// NewClient returns a client that makes its connections by dial; Serve or ServeConn are at their other ends. The carrier is nil where the
// controller is on this machine.
func NewClient(dial func(context.Context) (io.ReadWriteCloser, error), carrier Carrier) *Client {
	c := &Client{dial: dial, carrier: carrier}
	c.stub = stub{c.call}
	return c
}

// Close ends the connections that are idle, and the others after their calls; a later call makes another.
func (c *Client) Close() error {
	c.mu.Lock()
	idle := c.idle
	c.idle = nil
	c.closed++
	c.mu.Unlock()
	var err error
	for _, conn := range idle {
		err = errors.Join(err, conn.Close())
	}
	return err
}

// take returns a connection that is idle, or a new one.
func (c *Client) take(ctx context.Context) (conn *connection, reused bool, _ error) {
	c.mu.Lock()
	since := c.closed
	if last := len(c.idle) - 1; last >= 0 {
		conn, c.idle = c.idle[last], c.idle[:last]
	}
	c.mu.Unlock()
	if conn != nil {
		return conn, true, nil
	}
	plain, err := c.dial(ctx)
	if err != nil {
		return nil, false, err
	}
	return &connection{plain, bufio.NewReader(plain), since}, false, nil
}

func (c *Client) put(conn *connection) {
	c.mu.Lock()
	keep := conn.since == c.closed && len(c.idle) < maxIdle
	if keep {
		c.idle = append(c.idle, conn)
	}
	c.mu.Unlock()
	if !keep {
		_ = conn.Close() // nothing is under way on it
	}
}

func (c *Client) call(ctx context.Context, _ Caller, method string, request, response any) error {
	if r, ok := request.(withFiles); ok && c.carrier != nil && !r.files().none() {
		return c.carried(ctx, method, request, response, r.files())
	}
	return c.exchange(ctx, method, request, response)
}

// exchange makes one call. After any failure of the connection it is closed: an answer that comes late must not be taken for
// that of the next call.
func (c *Client) exchange(ctx context.Context, method string, request, response any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	for {
		conn, reused, err := c.take(ctx)
		if err != nil {
			return err
		}
		reply, err := conn.exchange(ctx, &wire.APICall{Method: method, Body: body})
		if err == nil {
			c.put(conn)
			return read(reply, method, response)
		}
		_ = conn.Close() // it is broken already
		if !reused || !errors.Is(err, errUnsent) {
			return err
		}
		// The controller has started anew, or made room for others. Each round takes one of the connections that were idle.
	}
}

func read(reply *wire.Reply, method string, response any) error {
	if code := reply.GetStatus().GetCode(); code != wire.Code_CODE_OK {
		failed := new(Error)
		if json.Unmarshal(reply.Body, failed) != nil || failed.Message == "" {
			failed = &Error{Code: codeOf(code), Message: reply.GetStatus().GetMessage()}
		}
		return failed
	}
	if err := json.Unmarshal(reply.Body, response); err != nil {
		return fmt.Errorf("decode the answer to %s: %w", method, err)
	}
	return nil
}

func codeOf(code wire.Code) Code {
	for c, w := range wireCodes {
		if w == code {
			return c
		}
	}
	return Internal
}

// errUnsent marks a call that the controller has not got. It says nothing by itself.
var errUnsent = errors.New("")

func (c *connection) exchange(ctx context.Context, call *wire.APICall) (*wire.Reply, error) {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	reply := new(wire.Reply)
	if err := wire.Write(c, call); err != nil {
		if wire.Read(c.in, reply) == nil { // it was refused before it was heard
			return reply, nil
		}
		return nil, fmt.Errorf("%w%w", errUnsent, errHungUp(err))
	}
	if err := wire.Read(c.in, reply); err != nil {
		if ctx.Err() != nil {
			return nil, Errorf(Unavailable, "Try again.", "gave up waiting for the controller: %v", context.Cause(ctx))
		}
		return nil, errHungUp(err)
	}
	return reply, nil
}
