package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mainbus/controller/store"
	"mainbus/lua"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	storeTimeout = 10 * time.Second
	retryFirst   = 250 * time.Millisecond
	retryMost    = 5 * time.Second
)

// generations numbers what is wanted of agents, who ignore a lower number than they have seen.
type generations struct{ n atomic.Uint64 }

// next returns a number above all before it. The incarnation grows with each start, even of a restored database, so
// nothing has to be stored.
func (g *generations) next(incarnation int64) uint64 { return uint64(incarnation)<<20 + g.n.Add(1) }

// last returns the number that was given last: what is wanted now has a higher one when it is told.
func (g *generations) last(incarnation int64) uint64 { return uint64(incarnation)<<20 + g.n.Load() }

// linked serves one link to a host until it ends.
func (c *Controller) linked(conn *link.Conn) {
	h := c.hosts.byID(conn.Peer())
	if h == nil {
		switch err := c.userLinked(conn); {
		case err == nil, c.endpoint.Links(conn.Peer()) > 0: // a key that was revoked meanwhile is hung up by who did that
		default:
			conn.Close("not paired")
		}
		return
	}
	ctx := conn.Context()
	c.putHost(c.hosts.hello(h, conn.PeerHello(), conn.RemoteAddr()))
	var loops sync.WaitGroup
	loops.Go(func() {
		c.retry(ctx, h, "tell the host what is wanted", func() error { return c.pushDesired(ctx, conn, h) })
	})
	loops.Go(func() {
		c.retry(ctx, h, "hear how the host's instances are", func() error { return c.watch(ctx, conn, h) })
	})
	loops.Go(func() {
		c.retry(ctx, h, "hear which games the host has", func() error { return c.hearGames(ctx, conn, h) })
	})
	loops.Go(func() {
		c.retry(ctx, h, "hear what the host measures", func() error { return c.hearFigures(ctx, conn, h) })
	})
	loops.Go(func() {
		c.retry(ctx, h, "hear what is played on the host", func() error { return c.hearPlay(ctx, conn, h) })
	})
	loops.Go(func() {
		c.retry(ctx, h, "hear of the lists of players", func() error { return c.hearLists(ctx, conn, h) })
	})
	loops.Go(func() {
		c.retry(ctx, h, "keep the lists of players in step", func() error { return c.keepLists(ctx, conn, h) })
	})
	loops.Wait()
	if h.over.Err() != nil {
		c.presence.drop(conn)
	}
	c.changes.cluster() // where players are is not known any more
	c.putHost(c.hosts.gone(h))
}

// putHost stores what was learned of a host. It is learned again at the next link, so failing is no reason to end one.
func (c *Controller) putHost(row store.Host) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := c.store.PutHost(ctx, row); err != nil {
		c.log.Warn("what a host said of itself was not stored", "host", row.Name, "err", err)
	}
}

// retry does something again until ctx ends; the waits grow while it fails soon.
func (c *Controller) retry(ctx context.Context, h *host, what string, do func() error) {
	for delay := retryFirst; ; delay = min(2*delay, retryMost) {
		began := time.Now()
		err := do()
		if ctx.Err() != nil {
			return
		}
		c.log.Warn("host does not cooperate", "host", h.id.Short(), "what", what, "err", err)
		if time.Since(began) > retryMost {
			delay = retryFirst
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
	}
}

// pushDesired tells a host what should be on it, at once and after each change.
func (c *Controller) pushDesired(ctx context.Context, conn *link.Conn, h *host) error {
	for {
		err := c.sendDesired(ctx, conn, h)
		if status := (*link.StatusError)(nil); errors.As(err, &status) {
			c.hosts.refuses(h, status.Error())
		}
		if err != nil {
			return err
		}
		c.hosts.refuses(h, "")
		select {
		case <-h.wanted:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Controller) sendDesired(ctx context.Context, conn *link.Conn, h *host) error {
	// Numbered before it is read, so that of two the higher number never has the older content.
	generation := c.generations.next(c.store.Incarnation())
	all, err := c.store.Instances(ctx)
	if err != nil {
		return err
	}
	hash, content := lua.Bundle()
	sets := c.newModSets()
	modes, err := c.modesOf(ctx)
	if err != nil {
		return err
	}
	desired := &wire.Desired{Generation: generation, Bundle: hash, StartsAtOnce: c.hosts.snapshot(h).row.StartsAtOnce}
	for _, i := range all {
		if i.Host != h.id.String() {
			continue
		}
		supervision, err := supervisionOf(i)
		if err != nil {
			return err
		}
		mods, err := sets.wish(ctx, i)
		if err != nil {
			return err
		}
		_, held := c.moves.get(i.ID)
		desired.Instances = append(desired.Instances, &wire.DesiredInstance{
			Id: i.ID, Name: i.Name, Running: i.Running && !held, Create: &wire.MapCreation{Seed: i.Seed}, Supervision: wanted(supervision), Asked: i.Asked,
			Version: i.Version, Download: i.Download, Mods: mods, Lists: wantedModes(modes(i.ID)),
		})
	}
	var reply wire.DesiredReply
	if err := conn.Call(ctx, wire.Method_METHOD_DESIRED, desired, &reply); err != nil {
		return err
	}
	if reply.GetNeedBundle() {
		if err := conn.Call(ctx, wire.Method_METHOD_BUNDLE, &wire.Bundle{Hash: hash, Content: content}, nil); err != nil {
			return fmt.Errorf("send save modules: %w", err)
		}
	}
	return sets.send(ctx, conn, reply.GetNeedModSets())
}

// watch takes in how a host's instances are.
func (c *Controller) watch(ctx context.Context, conn *link.Conn, h *host) error {
	return hear(ctx, conn, wire.Method_METHOD_OBSERVE, &wire.Empty{}, func(o *wire.Observed) error {
		c.hosts.observe(h, conn, o)
		c.bringMods(ctx, h)
		return nil
	})
}

// hear passes on what a host tells by and by of one thing, until the stream fails. A host that is older than the question tells nothing
// of it; then it returns when ctx ends.
func hear[T any, M interface {
	*T
	message
}](ctx context.Context, conn *link.Conn, about wire.Method, ask message, take func(M) error) error {
	stream, err := conn.Open(ctx, about)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := stream.Send(ask); err != nil {
		return err
	}
	for {
		m := M(new(T))
		err := stream.Recv(m)
		if status, ok := errors.AsType[*link.StatusError](err); ok && status.Code == wire.Code_CODE_NOT_FOUND {
			<-ctx.Done()
			return nil
		}
		if err != nil {
			return err
		}
		if err := take(m); err != nil {
			return err
		}
	}
}
