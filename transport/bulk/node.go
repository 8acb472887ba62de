// Package bulk carries files between programs that know each other's keys, on QUIC connections of their own: what is sent
// here never waits in front of a message, and the sender holds back when queues on the way grow, so that messages stay fast.
//
// One side offers a file and tells the ticket over its link; the other fetches it. A file arrives beside its place, in
// pieces that are each checked by hash when they come and once more as the disk gives them back. Until then nothing gets the
// file's name, and whatever happens, the source is only read. A fetch goes on where it was when a connection ends, and
// also when the program does.
//
// A Node owns every goroutine here; Close waits for them.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"sync"
	"time"

	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	reachPatience = 20 * time.Second // for a connection, whoever dials it
	redialPause   = time.Second
	unusedFor     = time.Minute // until a connection that carries nothing is closed
)

// Config is what a Node needs. Identity, Trusted and Hello are required and mean what they do in link.Config.
type Config struct {
	Identity *identity.Identity
	Addr     string // of the UDP socket
	Trusted  func(identity.ID) bool
	Hello    func() *wire.Hello
	Silence  time.Duration // after which a connection counts as dead; 0: 6 s
	Log      *slog.Logger  // optional
}

// Peer is who has, or wants, a file.
type Peer struct {
	ID    identity.ID
	Addrs func() []netip.AddrPort // of its bulk socket; nil or none: it has to dial
}

// Behind is the peer at the other end of an endpoint's link, which told its bulk port in the hello.
func Behind(links *link.Endpoint, id identity.ID) Peer {
	return Peer{ID: id, Addrs: func() []netip.AddrPort {
		c, ok := links.Conn(id)
		if !ok {
			return nil
		}
		port := c.PeerHello().GetBulkPort()
		if port == 0 || port > math.MaxUint16 {
			return nil
		}
		return []netip.AddrPort{netip.AddrPortFrom(c.RemoteAddr().Addr(), uint16(port))}
	}}
}

// Node is one socket for files. It is safe for concurrent use.
type Node struct {
	endpoint *link.Endpoint
	log      *slog.Logger
	offers   offers

	ctx    context.Context // ends when Close begins
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu    sync.Mutex
	uses  map[*link.Conn]*use
	fresh chan struct{} // closed and replaced when a connection comes up
}

// use is what is known of a connection while it is up.
type use struct {
	n        int // transfers under way
	unused   *time.Timer
	governor *governor
}

// Listen binds the socket and begins to serve offers. An address in use is an error that wraps syscall.EADDRINUSE (or its
// Windows sibling).
func Listen(cfg Config) (*Node, error) {
	n := &Node{log: cfg.Log, uses: map[*link.Conn]*use{}, fresh: make(chan struct{})}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	endpoint, err := link.Listen(link.Config{
		Identity: cfg.Identity, Addr: cfg.Addr, Trusted: cfg.Trusted, Hello: cfg.Hello, Bulk: true, Silence: cfg.Silence, Log: cfg.Log,
		Handlers:  map[wire.Method]link.Handler{wire.Method_METHOD_BULK_FETCH: n.serve},
		Connected: n.connected,
	})
	if err != nil {
		n.cancel()
		return nil, fmt.Errorf("bulk: %w", err)
	}
	n.endpoint = endpoint
	return n, nil
}

// Port is the UDP port that the socket is bound to.
func (n *Node) Port() uint16 { return n.endpoint.Port() }

// Revoke ends what is under way with a peer that Trusted lets in no more.
func (n *Node) Revoke(id identity.ID) { n.endpoint.Revoke(id) }

// Close ends all transfers. What has arrived of unfinished ones stays, for another Fetch to go on with.
func (n *Node) Close() error {
	n.cancel()
	err := n.endpoint.Close()
	n.group.Wait()
	return err
}

func (n *Node) connected(c *link.Conn) {
	n.mu.Lock()
	close(n.fresh)
	n.fresh = make(chan struct{})
	n.mu.Unlock()
	n.hold(c)() // closed if nobody comes to use it
	<-c.Context().Done()
	n.mu.Lock()
	defer n.mu.Unlock()
	if u := n.uses[c]; u != nil {
		u.unused.Stop()
		delete(n.uses, c)
	}
}

// hold keeps a connection from being closed as unused until release is called.
func (n *Node) hold(c *link.Conn) (release func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	u := n.uses[c]
	if u == nil {
		u = &use{governor: newGovernor(c.Delay), unused: time.AfterFunc(unusedFor, func() { n.closeUnused(c) })}
		n.uses[c] = u
	}
	u.n++
	u.unused.Stop()
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if u.n--; u.n == 0 {
			u.unused.Reset(unusedFor)
		}
	})
}

func (n *Node) closeUnused(c *link.Conn) {
	n.mu.Lock()
	u := n.uses[c]
	idle := u != nil && u.n == 0
	if idle && c.Err() != nil { // taken up when it had ended already
		delete(n.uses, c)
	}
	n.mu.Unlock()
	if idle {
		c.Close("nothing to carry")
	}
}

func (n *Node) governor(c *link.Conn) *governor {
	n.mu.Lock()
	defer n.mu.Unlock()
	if u := n.uses[c]; u != nil {
		return u.governor
	}
	return newGovernor(c.Delay)
}

// Reach sees to it in the background that there is a connection to a peer, who may not be able to dial this side.
func (n *Node) Reach(p Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx.Err() != nil {
		return
	}
	n.group.Go(func() {
		if _, err := n.reach(n.ctx, p); err != nil {
			n.log.Debug("no bulk connection", "peer", p.ID.Short(), "err", err)
		}
	})
}

// reach returns a connection that this side or the peer has dialed.
func (n *Node) reach(ctx context.Context, p Peer) (*link.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, reachPatience)
	defer cancel()
	defer context.AfterFunc(n.ctx, cancel)()
	failed := errors.New("it has not dialed, and where to dial it is not known")
	for {
		n.mu.Lock()
		fresh := n.fresh
		n.mu.Unlock()
		if c, ok := n.endpoint.Conn(p.ID); ok {
			return c, nil
		}
		if p.Addrs != nil {
			if addrs := p.Addrs(); len(addrs) > 0 {
				c, err := n.dial(ctx, p.ID, addrs, fresh)
				if err == nil {
					return c, nil
				}
				failed = err
			}
		}
		select {
		case <-fresh:
		case <-time.After(redialPause):
		case <-ctx.Done():
			return nil, fmt.Errorf("no connection for files with %s: %w", p.ID.Short(), failed)
		}
	}
}

// dial gives up when the peer's own attempt has succeeded.
func (n *Node) dial(ctx context.Context, id identity.ID, addrs []netip.AddrPort, fresh <-chan struct{}) (*link.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.mu.Lock()
	if n.ctx.Err() != nil {
		n.mu.Unlock()
		return nil, link.ErrClosed
	}
	n.group.Go(func() {
		select {
		case <-fresh:
			if _, ok := n.endpoint.Conn(id); ok {
				cancel()
			}
		case <-ctx.Done():
		}
	})
	n.mu.Unlock()
	return n.endpoint.Dial(ctx, id, addrs)
}
