// Package rcon is a client for the game's remote console, and the packets that it speaks.
//
// It differs from a general RCON client in what the game does: replies come in one packet each, a busy game (saving, a
// player joining) answers after minutes, and an empty command is never answered. So a sent command has no timeout, only a
// connection can end. A Client owns two goroutines, a reader and a writer; Close waits for both.
package rcon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// MaxCommand is the longest command in bytes that Start accepts: the longest that the game is known to take.
	MaxCommand = 100_000
	// MaxPending is the number of commands that may wait for their replies, those included whose caller has gone.
	MaxPending = 64

	dialTimeout = 10 * time.Second
	authID      = 1
)

var (
	// ErrAuth means that the server refused the password.
	ErrAuth = errors.New("the server refused the RCON password")
	// ErrBusy means that MaxPending commands are waiting for their replies.
	ErrBusy = errors.New("too many RCON commands are waiting for their replies")
	// ErrClosed is the error of a Client after Close.
	ErrClosed = errors.New("RCON connection closed")
)

// Reply is what the game answered: everything the command printed, each print followed by a line feed. Err is set when the
// connection ended before.
type Reply struct {
	Text string
	Err  error
}

// Client is one authenticated connection. Its methods may be called from any goroutine.
type Client struct {
	conn    net.Conn
	sending chan Packet   // holds as many as pending may
	done    chan struct{} // closed when err is set and every pending command was told
	workers sync.WaitGroup

	mu      sync.Mutex
	pending map[int32]chan Reply
	lastID  int32
	err     error
}

// Dial connects to addr ("127.0.0.1:27015") and authenticates within the deadline of ctx, or 10 s if it has none.
func Dial(ctx context.Context, addr, password string) (*Client, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, dialTimeout)
		defer cancel()
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to RCON at %s: %w", addr, err)
	}
	r := bufio.NewReader(conn)
	if err := authenticate(ctx, conn, r, password); err != nil {
		conn.Close()
		return nil, fmt.Errorf("authenticate to RCON at %s: %w", addr, err)
	}
	c := &Client{
		conn:    conn,
		sending: make(chan Packet, MaxPending),
		done:    make(chan struct{}),
		pending: make(map[int32]chan Reply),
		lastID:  authID,
	}
	c.workers.Go(func() { c.readReplies(r) })
	c.workers.Go(c.writeCommands)
	return c, nil
}

// authenticate leaves conn without a deadline.
func authenticate(ctx context.Context, conn net.Conn, r *bufio.Reader, password string) error {
	past := time.Unix(1, 0)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(past) })
	err := exchangeAuth(conn, r, password)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

func exchangeAuth(conn net.Conn, r *bufio.Reader, password string) error {
	if err := WritePacket(conn, Packet{ID: authID, Type: AuthRequest, Body: password}); err != nil {
		return err
	}
	p, err := ReadPacket(r)
	if err == nil && p.Type == ResponseValue && p.Body == "" {
		p, err = ReadPacket(r) // other servers of this protocol send an empty value first, the game does not
	}
	switch {
	case err != nil:
		return err
	case p.Type != AuthResponse:
		return fmt.Errorf("answer of type %d instead of %d", p.Type, AuthResponse)
	case p.ID == -1:
		return ErrAuth
	case p.ID != authID:
		return fmt.Errorf("answer to request %d instead of %d", p.ID, authID)
	}
	return nil
}

// Execute sends a command and waits for its reply. ctx ends only the wait: the game still runs the command, and the late
// reply is dropped. See Start for what is refused.
func (c *Client) Execute(ctx context.Context, command string) (string, error) {
	replies, err := c.Start(command)
	if err != nil {
		return "", err
	}
	select {
	case r := <-replies:
		return r.Text, r.Err
	case <-ctx.Done():
		return "", fmt.Errorf("wait for an RCON reply: %w", context.Cause(ctx))
	}
}

// Start sends a command and returns a channel that gets its one reply; nobody has to receive it. Start never blocks.
// Refused are blank commands, which the game would never answer, longer ones than MaxCommand, and any (ErrBusy) while
// MaxPending are unanswered.
func (c *Client) Start(command string) (<-chan Reply, error) {
	switch {
	case strings.TrimSpace(command) == "":
		return nil, errors.New("send RCON command: it is blank")
	case strings.ContainsRune(command, 0):
		return nil, errors.New("send RCON command: it has a zero byte")
	case len(command) > MaxCommand:
		return nil, fmt.Errorf("send RCON command: %d bytes are more than %d", len(command), MaxCommand)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, fmt.Errorf("send RCON command: %w", c.err)
	}
	if len(c.pending) >= MaxPending {
		return nil, ErrBusy
	}
	if c.lastID++; c.lastID <= authID { // after 2^31 commands
		c.lastID = authID + 1
	}
	select {
	case c.sending <- Packet{ID: c.lastID, Type: ExecCommand, Body: command}:
	default: // a server answered what was not even sent, and reads nothing
		return nil, ErrBusy
	}
	reply := make(chan Reply, 1)
	c.pending[c.lastID] = reply
	return reply, nil
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the connection ended, nil while it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection; waiting commands get ErrClosed. It may be called more than once.
func (c *Client) Close() error {
	c.end(ErrClosed)
	c.workers.Wait()
	return nil
}

func (c *Client) readReplies(r *bufio.Reader) {
	for {
		p, err := ReadPacket(r)
		if err != nil {
			c.end(fmt.Errorf("RCON connection lost: %w", err))
			return
		}
		if p.Type != ResponseValue {
			continue
		}
		c.mu.Lock()
		reply := c.pending[p.ID]
		delete(c.pending, p.ID)
		c.mu.Unlock()
		if reply != nil {
			reply <- Reply{Text: p.Body}
		}
	}
}

func (c *Client) writeCommands() {
	for {
		select {
		case p := <-c.sending:
			if err := WritePacket(c.conn, p); err != nil {
				c.end(fmt.Errorf("RCON connection lost: %w", err))
				return
			}
		case <-c.done:
			return
		}
	}
}

// end makes the first err final, tells it to everybody who waits and lets both goroutines go.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	c.conn.Close()
	for id, reply := range c.pending {
		delete(c.pending, id)
		reply <- Reply{Err: err}
	}
	close(c.done)
}
