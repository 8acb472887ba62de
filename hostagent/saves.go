package hostagent

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"mainbus/hostagent/instance"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/bulk"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	progressEach = 200 * time.Millisecond
	offerFor     = 24 * time.Hour
)

var transferKey = regexp.MustCompile(`^[a-z0-9]{1,32}$`)

// saveHandlers are what controllers may ask for of saves.
func (a *Agent) saveHandlers() map[wire.Method]link.Handler {
	return map[wire.Method]link.Handler{
		wire.Method_METHOD_SAVES_LIST:   a.owned(link.Unary(a.listSaves)),
		wire.Method_METHOD_SAVES_CHANGE: a.owned(link.Unary(a.changeSave)),
		wire.Method_METHOD_SAVES_OFFER:  a.owned(a.offerSave),
		wire.Method_METHOD_SAVES_TAKE:   a.owned(a.takeSave),
		wire.Method_METHOD_SAVES_CREATE: a.owned(a.createSave),
	}
}

func (a *Agent) listSaves(_ context.Context, _ *link.Conn, r *wire.SavesAsk) (*wire.SaveList, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	list, err := i.Saves()
	return list, saveRefusal(err)
}

func (a *Agent) changeSave(ctx context.Context, _ *link.Conn, r *wire.SaveChange) (*wire.Empty, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	if err := i.ChangeSave(ctx, r); err != nil {
		return nil, saveRefusal(err)
	}
	return &wire.Empty{}, nil
}

// offerSave lets the controller fetch a save while the stream lasts.
func (a *Agent) offerSave(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var r wire.SaveOffer
	if err := s.Recv(&r); err != nil {
		return err
	}
	i, err := a.find(r.GetInstance())
	if err != nil {
		return err
	}
	path, release, err := i.Snapshot(r.GetArea(), r.GetSave())
	if err != nil {
		return saveRefusal(err)
	}
	defer release()
	return a.holdOffer(ctx, c, s, path)
}

// holdOffer offers a file and tells so, until the stream ends.
func (a *Agent) holdOffer(ctx context.Context, c *link.Conn, s *link.Stream, path string) error {
	offer, err := a.bulk.Offer(c.Peer(), path)
	if err != nil {
		return err
	}
	defer offer.Close()
	a.bulk.Reach(a.carrier(c.Peer()))
	if err := s.Send(&wire.SaveOffered{Ticket: offer.Ticket()}); err != nil {
		return err
	}
	forgotten := time.NewTimer(offerFor)
	defer forgotten.Stop()
	select {
	case <-ctx.Done():
	case <-forgotten.C:
	}
	return nil
}

// takeSave fetches a save from the controller. If the link ends meanwhile, what has arrived waits for another attempt; if the
// controller gives the stream up, nobody wants it.
func (a *Agent) takeSave(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var r wire.SaveTake
	if err := s.Recv(&r); err != nil {
		return err
	}
	i, err := a.find(r.GetInstance())
	if err != nil {
		return err
	}
	if !transferKey.MatchString(r.GetKey()) {
		return link.Errorf(wire.Code_CODE_INVALID, "malformed key of a transfer")
	}
	target, err := i.Staged(r.GetKey(), r.GetName())
	if err != nil {
		return saveRefusal(err)
	}
	if err := a.fetchFor(ctx, c, s, r.GetTicket(), target, maxSaveSize); err != nil {
		return fmt.Errorf("take the save: %w", err)
	}
	return saveRefusal(i.AdoptSave(ctx, target, r.GetName()))
}

// fetchFor fetches what the controller offers, and tells it how far that is.
func (a *Agent) fetchFor(ctx context.Context, c *link.Conn, s *link.Stream, ticket, target string, most int64) error {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		cause := context.Canceled
		if c.Err() == nil && a.ctx.Err() == nil {
			cause = bulk.ErrCanceled
		}
		cancel(cause)
	})()
	var told time.Time
	return a.bulk.Fetch(work, bulk.Request{
		Peer: a.carrier(c.Peer()), Ticket: ticket, Target: target, MaxSize: most,
		Progress: func(p bulk.Progress) {
			if p.Done > 0 && p.Done < p.Size && time.Since(told) < progressEach {
				return
			}
			told = time.Now()
			_ = s.Send(&wire.SaveProgress{Phase: p.Phase, Done: uint64(p.Done), Size: uint64(p.Size)}) // its failure ends ctx too
		},
	})
}

// createSave makes a new map. It goes on when the link ends, and is ended when the controller gives it up.
func (a *Agent) createSave(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var r wire.SaveCreate
	if err := s.Recv(&r); err != nil {
		return err
	}
	i, err := a.find(r.GetInstance())
	if err != nil {
		return err
	}
	return saveRefusal(i.CreateMap(ctx, &r, func(phase string) { _ = s.Send(&wire.SaveProgress{Phase: phase}) }))
}

// maxSaveSize is what the game's format is believed to hold at most (factorio/save).
const maxSaveSize = 8 << 30

// saveRefusal tells what somebody can do something about from what went wrong here.
func saveRefusal(err error) error {
	var status *link.StatusError
	switch {
	case err == nil || errors.As(err, &status):
		return err
	case errors.Is(err, savefiles.ErrNoSuch):
		return link.Errorf(wire.Code_CODE_NOT_FOUND, "%v", err)
	case errors.Is(err, instance.ErrBusy):
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "%v", err)
	}
	return link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
}

// carrier is a controller's socket for files, as its link knows it.
func (a *Agent) carrier(id identity.ID) bulk.Peer {
	<-a.listening
	return bulk.Behind(a.endpoint, id)
}

// DefaultBulkPort is the UDP port for files unless it is taken.
const DefaultBulkPort = 34183

func (a *Agent) listenBulk() (err error) {
	var ports []uint16
	if last := a.peers.bulkPort(); last != 0 {
		ports = append(ports, last)
	}
	for n := range uint16(portTries) {
		ports = append(ports, DefaultBulkPort+n)
	}
	for _, port := range append(ports, 0) {
		a.bulk, err = bulk.Listen(bulk.Config{
			Identity: a.identity, Addr: fmt.Sprintf(":%d", port), Trusted: a.peers.trusted, Hello: a.greeting, Log: a.log,
		})
		if err == nil {
			return a.peers.setBulkPort(a.bulk.Port())
		}
	}
	return fmt.Errorf("no free UDP port for files: %w", err)
}
