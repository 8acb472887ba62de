package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxUserStreams = 32  // of one key: calls that are under way
	maxAllStreams  = 512 // of all keys
	trustTimeout   = 5 * time.Second
)

// mayLink tells whether a peer is a paired host or has the key of a user.
func (c *Controller) mayLink(id identity.ID) bool { return c.hosts.byID(id) != nil || c.isUser(id) }

// isUser tells whether a peer has the key of a user. What is a host is none, whatever else it may be.
func (c *Controller) isUser(id identity.ID) bool {
	if c.hosts.byID(id) != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(c.ctx, trustTimeout)
	defer cancel()
	_, err := c.store.Key(ctx, id.String())
	return err == nil
}

// forHosts is a handler that answers hosts only.
func (c *Controller) forHosts(h link.Handler) link.Handler {
	return func(ctx context.Context, conn *link.Conn, s *link.Stream) error {
		if c.hosts.byID(conn.Peer()) == nil {
			return link.Errorf(wire.Code_CODE_REFUSED, "this is for hosts only")
		}
		return h(ctx, conn, s)
	}
}

// userLinked notes that a program of a user has connected.
func (c *Controller) userLinked(conn *link.Conn) error {
	ctx, cancel := context.WithTimeout(c.ctx, storeTimeout)
	defer cancel()
	key, err := c.store.Key(ctx, conn.Peer().String())
	if err != nil {
		return err
	}
	key.Machine, key.LastSeen, key.From = shown(conn.PeerHello().GetName(), 40), time.Now(), conn.RemoteAddr().Addr().String()
	return c.store.SeenKey(ctx, key)
}

// handleAPI answers the calls of a user's program on one stream. Who the caller is, is what the key says at each of them.
func (c *Controller) handleAPI(ctx context.Context, conn *link.Conn, s *link.Stream) error {
	caller, leave, err := c.userStream(ctx, conn)
	if err != nil {
		return err
	}
	defer leave()
	s.SetReadDeadline(time.Time{})
	api.ServeConn(ctx, link.Pipe{Stream: s}, c.service, caller)
	return nil
}

// userStream makes room for a stream of a user's program.
func (c *Controller) userStream(ctx context.Context, conn *link.Conn) (caller api.Caller, leave func(), err error) {
	if c.hosts.byID(conn.Peer()) != nil {
		return caller, nil, link.Errorf(wire.Code_CODE_REFUSED, "this is for users only, and this key is a host's")
	}
	key, err := c.store.Key(ctx, conn.Peer().String())
	if errors.Is(err, store.ErrNotFound) {
		return caller, nil, link.Errorf(wire.Code_CODE_REFUSED, "this key was revoked")
	} else if err != nil {
		return caller, nil, err
	}
	leave, ok := c.callers.enter(key.ID)
	if !ok {
		return caller, nil, link.Errorf(wire.Code_CODE_UNAVAILABLE, "too many calls at once; try again in a moment")
	}
	from := conn.RemoteAddr().Addr().String()
	if machine := conn.PeerHello().GetName(); machine != "" {
		from = fmt.Sprintf("%s (%s)", from, machine)
	}
	return api.Caller{Kind: api.KeyHolder, Name: key.Name, From: from, Key: key.ID}, leave, nil
}

// callers bounds the streams of users' programs.
type callers struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

func newCallers() *callers { return &callers{of: map[string]int{}} }

func (c *callers) enter(key string) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= maxAllStreams || c.of[key] >= maxUserStreams {
		return nil, false
	}
	c.all++
	c.of[key]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.of[key]--; c.of[key] == 0 {
			delete(c.of, key)
		}
	}, true
}
