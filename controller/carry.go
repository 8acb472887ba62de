package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/bulk"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	carryPatience = 10 * time.Minute // for a link that is down
	carryPause    = time.Second
)

// carrier is a host's socket for files, as its link knows it.
func (c *Controller) carrier(h *host) bulk.Peer { return bulk.Behind(c.endpoint, h.id) }

// insist does a transfer again when a link broke: it goes on with what has arrived. A host's refusal ends it.
func (c *Controller) insist(ctx context.Context, t *task, do func(ctx context.Context) error) error {
	for last := time.Now(); ; {
		before := t.get().DoneBytes
		err := do(ctx)
		var status *link.StatusError
		var shown *api.Error
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case errors.As(err, &status) && status.Code != wire.Code_CODE_UNAVAILABLE:
			return api.Errorf(statusCode(status.Code), "", "%s", status.Message)
		case errors.As(err, &shown) && shown.Code != api.Unavailable:
			return err
		}
		if t.get().DoneBytes > before {
			last = time.Now()
		}
		if time.Since(last) > carryPatience {
			return err
		}
		c.log.Debug("a transfer goes on soon", "task", t.get().Title, "err", err)
		select {
		case <-time.After(carryPause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// linkTo returns the link to a host.
func (c *Controller) linkTo(h *host) (*link.Conn, error) {
	if h == nil {
		return nil, api.Errorf(api.NotFound, "", "the instance's host is not paired any more")
	}
	conn, linked := c.endpoint.Conn(h.id)
	if !linked {
		return nil, api.Errorf(api.Unavailable, "See that mainbus-host runs there and that this machine can reach it.",
			"host %s is not linked", c.hosts.snapshot(h).row.Name)
	}
	return conn, nil
}

// take has a host fetch what is offered to it, and returns when it has done with it what was asked.
func (c *Controller) take(ctx context.Context, t *task, h *host, method wire.Method, ask message) error {
	conn, err := c.linkTo(h)
	if err != nil {
		return err
	}
	stream, err := conn.Open(ctx, method)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := stream.Send(ask); err != nil {
		return err
	}
	c.bulk.Reach(c.carrier(h))
	for {
		var p wire.SaveProgress
		if err := stream.Recv(&p); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		t.progress(shown(p.GetPhase(), 40), int64(p.GetDone()), int64(p.GetSize()))
	}
}

// offered asks a host to offer a file, and calls do with the ticket while it does.
func (c *Controller) offered(ctx context.Context, h *host, method wire.Method, ask message, do func(ctx context.Context, ticket string) error) error {
	conn, err := c.linkTo(h)
	if err != nil {
		return err
	}
	stream, err := conn.Open(ctx, method)
	if err != nil {
		return err
	}
	defer stream.Close()
	var offer wire.SaveOffered
	if err := errors.Join(stream.Send(ask), stream.Recv(&offer)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(stream.Context(), cancel)() // with the offer's link
	err = do(ctx, offer.GetTicket())
	if err != nil && stream.Context().Err() != nil {
		err = fmt.Errorf("the link to the host ended: %w", err)
	}
	return err
}

// fetch brings a host's file to a path on this machine.
func (c *Controller) fetch(ctx context.Context, t *task, h *host, ask *wire.SaveOffer, path string) error {
	return c.offered(ctx, h, wire.Method_METHOD_SAVES_OFFER, ask, func(ctx context.Context, ticket string) error {
		return c.bulk.Fetch(ctx, bulk.Request{Peer: c.carrier(h), Ticket: ticket, Target: path, Progress: func(p bulk.Progress) {
			t.progress(p.Phase, p.Done, p.Size)
		}})
	})
}

// giving and taking are how two hosts are asked to give a file and to take it.
type giving struct {
	method wire.Method
	ask    message
}
type taking struct {
	method wire.Method
	ask    func(ticket string) message
}

// relay brings a host's file to another host: it passes through this machine, and is stored only where it arrives.
func (c *Controller) relay(ctx context.Context, t *task, from, to *host, give giving, take taking) error {
	return c.offered(ctx, from, give.method, give.ask, func(ctx context.Context, ticket string) error {
		offer, err := c.bulk.Relay(to.id, c.carrier(from), ticket)
		if err != nil {
			return err
		}
		defer offer.Close()
		return c.take(ctx, t, to, take.method, take.ask(offer.Ticket()))
	})
}
