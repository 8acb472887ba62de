package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/bulk"
	"mainbus/transport/wire"
)

const (
	modRetry = 30 * time.Second // after an attempt that failed
	modLook  = 10 * time.Second // between two looks for hosts that miss mods

	maxModOffers = 16 // at once to a host; it takes four
)

// modFetches are the attempts to bring mods to hosts, the last of each instance. It may be used by any goroutine.
type modFetches struct {
	mu  sync.Mutex
	all map[string]*modFetch // by instance
}

// modFetch is one of them.
type modFetch struct {
	set   string // hash
	asked uint64 // store.Instance.Asked: a start that somebody asks for is a reason to try again
	host  *host
	task  string // id
	ended time.Time
	err   error
}

// due tells whether the mods of a set should be brought: nobody is at it, nobody has canceled it, and it has not failed just now.
func (m *modFetches) due(instance, set string, h *host, asked uint64, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.all[instance]
	switch {
	case f == nil:
		return true
	case f.ended.IsZero():
		return false
	case f.set != set || f.host != h || f.asked != asked:
		return true
	case errors.Is(f.err, errCanceled):
		return false
	}
	return now.Sub(f.ended) >= modRetry
}

// begin notes an attempt, unless one is under way, whose task it returns.
func (m *modFetches) begin(instance string, f *modFetch) (task string, began bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.all[instance]; before != nil && before.ended.IsZero() {
		return before.task, false
	}
	if m.all == nil {
		m.all = map[string]*modFetch{}
	}
	m.all[instance] = f
	return "", true
}

func (m *modFetches) note(f *modFetch, task string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f.task = task
}

func (m *modFetches) end(f *modFetch, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f.ended, f.err = time.Now(), err
}

// keepModsComing brings mods to hosts that miss some, until ctx ends.
func (c *Controller) keepModsComing(ctx context.Context) {
	tick := time.NewTicker(modLook)
	defer tick.Stop()
	for {
		for _, h := range c.hosts.all() {
			c.bringMods(ctx, h)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// bringMods begins to bring what a host has said that its instances miss.
func (c *Controller) bringMods(ctx context.Context, h *host) {
	now := c.hosts.snapshot(h)
	if conn, linked := c.endpoint.Conn(h.id); !linked || conn != now.source {
		return
	}
	var rows []store.Instance
	for id, o := range now.observed {
		if o.GetMods().GetMissing() == 0 {
			continue
		}
		if rows == nil {
			var err error
			if rows, err = c.store.Instances(ctx); err != nil {
				c.log.Warn("mods are brought later", "err", err)
				return
			}
		}
		for _, row := range rows {
			if row.ID == id && row.Host == h.id.String() && c.modFetches.due(id, o.GetMods().GetWanted(), h, row.Asked, time.Now()) {
				if _, err := c.startModFetch(row, h, o.GetMods().GetWanted()); err != nil {
					c.log.Warn("mods are brought later", "instance", row.Name, "err", err)
				}
			}
		}
	}
}

// startModFetch brings the mods of an instance to its host, as a task that somebody may cancel. One that is under way goes on.
func (c *Controller) startModFetch(row store.Instance, h *host, set string) (api.Task, error) {
	f := &modFetch{set: set, asked: row.Asked, host: h}
	if id, began := c.modFetches.begin(row.ID, f); !began {
		return c.tasks.view(id)
	}
	task, err := c.startTask("Mods for "+row.Name, row.ID, func(ctx context.Context, t *task) (string, error) {
		var result string
		err := c.insist(ctx, t, func(ctx context.Context) (err error) {
			result, err = c.sendMods(ctx, t, h, row.ID)
			return err
		})
		if ctx.Err() != nil && err != nil {
			err = context.Cause(ctx)
		}
		c.modFetches.end(f, err)
		return result, err
	})
	if err != nil {
		c.modFetches.end(f, err)
		return api.Task{}, err
	}
	c.modFetches.note(f, task.ID)
	return task, nil
}

// sendMods offers a host files as it asks for them, a few at a time.
func (c *Controller) sendMods(ctx context.Context, t *task, h *host, instance string) (result string, err error) {
	conn, err := c.linkTo(h)
	if err != nil {
		return "", err
	}
	stream, err := conn.Open(ctx, wire.Method_METHOD_MODS_TAKE)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	if err := stream.Send(&wire.ModsTake{Instance: instance}); err != nil {
		return "", err
	}
	offerable, err := c.offerable(ctx, h)
	if err != nil {
		return "", err
	}
	c.bulk.Reach(c.carrier(h))
	offers := map[string]*bulk.Offer{} // by hash
	done := func(hash string) {
		if offer := offers[hash]; offer != nil {
			offer.Close()
			delete(offers, hash)
		}
	}
	defer func() {
		for hash := range offers {
			done(hash)
		}
	}()
	for {
		var n wire.ModsNeed
		if err := stream.Recv(&n); err == io.EOF {
			return result, nil
		} else if err != nil {
			return "", err
		}
		t.progress(fmt.Sprintf("%d of %d", n.GetFilesDone(), n.GetFiles()), int64(n.GetBytesDone()), int64(n.GetBytes()))
		result = fmt.Sprintf("%d mods", n.GetFiles())
		for _, hash := range n.GetOver() {
			done(hash)
		}
		if n.GetSha256() == "" {
			continue
		}
		done(n.GetSha256())
		ticket := &wire.ModTicket{Sha256: n.GetSha256()}
		if len(offers) >= maxModOffers {
			return "", errors.New("the host asks for more mods than it takes at once")
		}
		if offer, err := c.offerMod(h, n.GetSha256(), offerable); err != nil {
			ticket.Problem = err.Error()
		} else {
			ticket.Ticket = offer.Ticket()
			offers[n.GetSha256()] = offer
		}
		if err := stream.Send(ticket); err != nil {
			return "", err
		}
	}
}

// offerable are the mods in the packs of a host's instances: it gets to see no others.
func (c *Controller) offerable(ctx context.Context, h *host) (map[string]bool, error) {
	rows, err := c.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	hashes, seen := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		if row.Host != h.id.String() || row.Pack == "" || seen[row.Pack] {
			continue
		}
		seen[row.Pack] = true
		set, err := c.modSet(ctx, row.Pack)
		if err != nil {
			return nil, err
		}
		for _, m := range set.GetMods() {
			if m.GetSha256() != "" {
				hashes[m.GetSha256()] = true
			}
		}
	}
	return hashes, nil
}

func (c *Controller) offerMod(h *host, hash string, offerable map[string]bool) (*bulk.Offer, error) {
	if !offerable[hash] {
		return nil, errors.New("it is not in a pack of this host any more")
	}
	offer, err := c.bulk.Offer(h.id, c.mods.Path(hash))
	if err != nil {
		c.log.Error("a mod can't be offered", "err", err)
		return nil, errors.New("its file is not among those that the controller keeps")
	}
	return offer, nil
}

func (s *service) FetchMods(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Task, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Task{}, err
	}
	h := s.hostOf(row)
	if _, err := s.linkTo(h); err != nil {
		return api.Task{}, err
	}
	wish, err := s.newModSets().wish(ctx, row)
	if err != nil {
		return api.Task{}, err
	}
	if wish == nil {
		return api.Task{}, api.Errorf(api.Refused, "Give it one first: mainbusctl packs assign.", "%s has no pack, so there are no mods to bring", row.Name)
	}
	return s.startModFetch(row, h, wish.GetSet())
}
