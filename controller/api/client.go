package api

import (
	"bufio"
	"context"
	"encoding/json"
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
	path string

	mu   sync.Mutex // one call at a time
	conn net.Conn
	in   *bufio.Reader
}

var _ Service = (*Client)(nil)

// Dial returns a client of the controller that keeps its data in dataDir on this machine.
func Dial(dataDir string) *Client { return &Client{path: filepath.Join(dataDir, SocketName)} }

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
func call[Resp any](ctx context.Context, c *Client, method string, request any) (response Resp, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.connect(ctx); err != nil {
		return response, err
	}
	reply, err := c.exchange(ctx, method, request)
	if err != nil {
		_ = c.hangUp() // it is broken already
		return response, err
	}
	if reply.GetStatus().GetCode() != wire.Code_CODE_OK {
		failed := new(Error)
		if json.Unmarshal(reply.Body, failed) != nil || failed.Message == "" {
			failed = &Error{Code: Internal, Message: reply.GetStatus().GetMessage()}
		}
		return response, failed
	}
	if err := json.Unmarshal(reply.Body, &response); err != nil {
		return response, fmt.Errorf("decode the answer to %s: %w", method, err)
	}
	return response, nil
}

func (c *Client) exchange(ctx context.Context, method string, request any) (*wire.Reply, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", method, err)
	}
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := wire.Write(conn, &wire.APICall{Method: method, Body: body}); err != nil {
		return nil, errHungUp(err)
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

func (c *Client) Status(ctx context.Context, _ Caller) (Status, error) {
	return call[Status](ctx, c, "Status", nil)
}

func (c *Client) Changes(ctx context.Context, _ Caller, r AwaitChanges) (Versions, error) {
	return call[Versions](ctx, c, "Changes", r)
}

func (c *Client) Hosts(ctx context.Context, _ Caller) ([]Host, error) {
	return call[[]Host](ctx, c, "Hosts", nil)
}

func (c *Client) PairHost(ctx context.Context, _ Caller, r PairHost) (Host, error) {
	return call[Host](ctx, c, "PairHost", r)
}

func (c *Client) Instances(ctx context.Context, _ Caller) ([]Instance, error) {
	return call[[]Instance](ctx, c, "Instances", nil)
}

func (c *Client) CreateInstance(ctx context.Context, _ Caller, r CreateInstance) (Instance, error) {
	return call[Instance](ctx, c, "CreateInstance", r)
}

func (c *Client) StartInstance(ctx context.Context, _ Caller, r InstanceRef) (Instance, error) {
	return call[Instance](ctx, c, "StartInstance", r)
}

func (c *Client) StopInstance(ctx context.Context, _ Caller, r InstanceRef) (Instance, error) {
	return call[Instance](ctx, c, "StopInstance", r)
}

func (c *Client) KillInstance(ctx context.Context, _ Caller, r InstanceRef) (Instance, error) {
	return call[Instance](ctx, c, "KillInstance", r)
}

func (c *Client) SendConsole(ctx context.Context, _ Caller, r SendConsole) (ConsoleReply, error) {
	return call[ConsoleReply](ctx, c, "SendConsole", r)
}

func (c *Client) ReadConsole(ctx context.Context, _ Caller, r ReadConsole) (ConsolePage, error) {
	return call[ConsolePage](ctx, c, "ReadConsole", r)
}

func (c *Client) Bus(ctx context.Context, _ Caller) ([]BusItem, error) {
	return call[[]BusItem](ctx, c, "Bus", nil)
}

// BusAccounts implements Service.
func (c *Client) BusAccounts(ctx context.Context, _ Caller, r ReadAccounts) ([]BusAccount, error) {
	return call[[]BusAccount](ctx, c, "BusAccounts", r)
}

// VerifyBus implements Service.
func (c *Client) VerifyBus(ctx context.Context, _ Caller) (BusCheck, error) {
	return call[BusCheck](ctx, c, "VerifyBus", nil)
}

// BusProblems implements Service.
func (c *Client) BusProblems(ctx context.Context, _ Caller) (BusProblems, error) {
	return call[BusProblems](ctx, c, "BusProblems", nil)
}

// AcceptBooks implements Service.
func (c *Client) AcceptBooks(ctx context.Context, _ Caller, r GoodsRef) (BusItem, error) {
	return call[BusItem](ctx, c, "AcceptBooks", r)
}

// ForgiveDebt implements Service.
func (c *Client) ForgiveDebt(ctx context.Context, _ Caller, r GoodsOf) (Booked, error) {
	return call[Booked](ctx, c, "ForgiveDebt", r)
}

// ReleaseHeld implements Service.
func (c *Client) ReleaseHeld(ctx context.Context, _ Caller, r GoodsOf) (Booked, error) {
	return call[Booked](ctx, c, "ReleaseHeld", r)
}

// AnswerQuestion implements Service.
func (c *Client) AnswerQuestion(ctx context.Context, _ Caller, r AnswerQuestion) (BusProblems, error) {
	return call[BusProblems](ctx, c, "AnswerQuestion", r)
}

// BusPolicy implements Service.
func (c *Client) BusPolicy(ctx context.Context, _ Caller) (BusPolicy, error) {
	return call[BusPolicy](ctx, c, "BusPolicy", nil)
}

// ChangeBusPolicy implements Service.
func (c *Client) ChangeBusPolicy(ctx context.Context, _ Caller, r ChangeBusPolicy) (BusPolicy, error) {
	return call[BusPolicy](ctx, c, "ChangeBusPolicy", r)
}

// BusHistory implements Service.
func (c *Client) BusHistory(ctx context.Context, _ Caller, r ReadHistory) ([]BusPosting, error) {
	return call[[]BusPosting](ctx, c, "BusHistory", r)
}

func (c *Client) Audit(ctx context.Context, _ Caller, r ReadAudit) ([]AuditEntry, error) {
	return call[[]AuditEntry](ctx, c, "Audit", r)
}

// Backups implements Service.
func (c *Client) Backups(ctx context.Context, _ Caller) ([]Backup, error) {
	return call[[]Backup](ctx, c, "Backups", nil)
}

// BackUp implements Service.
func (c *Client) BackUp(ctx context.Context, _ Caller) (Backup, error) {
	return call[Backup](ctx, c, "BackUp", nil)
}
