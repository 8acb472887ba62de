package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

const (
	tidyTime  = 30 * time.Second // for a host to put a folder into its bin
	tidyAgain = time.Minute      // what a host could not do is tried again, also if nothing has changed
)

// viewPlace shows that an instance is on its way, or runs where it does not belong.
func (s *service) viewPlace(view *api.Instance, row store.Instance) {
	idle := view.State == "stopped" || view.State == "failed" || view.State == "unknown"
	if to, held := s.moves.get(row.ID); held && view.State == "stopped" {
		view.State, view.Phase = "working", "moving to "+to
		return
	}
	if stray := s.strayOn(row); stray != "" && idle {
		view.State, view.LastState = "stray", ""
		view.Phase, view.Cause = "", fmt.Sprintf("it runs on %s, where it does not belong, and does not trade: it is stopped there as soon as that host hears of it", stray)
	}
}

// strayOn returns the name of a host on which an instance runs that does not belong there.
func (s *service) strayOn(row store.Instance) string {
	for _, h := range s.hosts.all() {
		if h.id.String() == row.Host {
			continue
		}
		now := s.hosts.snapshot(h)
		if conn, linked := s.endpoint.Conn(h.id); !linked || conn != now.source {
			continue
		}
		switch now.observed[row.ID].GetState() {
		case wire.State_STATE_STARTING, wire.State_STATE_RUNNING, wire.State_STATE_STOPPING:
			return now.row.Name
		}
	}
	return ""
}

func (s *service) RenameInstance(ctx context.Context, _ api.Caller, r api.RenameInstance) (api.Instance, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Instance{}, err
	}
	if err := checkName(r.Name); err != nil {
		return api.Instance{}, err
	}
	if other, err := s.instance(ctx, r.Name); err == nil && other.ID != row.ID {
		return api.Instance{}, nameTaken(r.Name)
	}
	if err := s.store.RenameInstance(ctx, row.ID, r.Name); errors.Is(err, store.ErrExists) {
		return api.Instance{}, nameTaken(r.Name)
	} else if err != nil {
		return api.Instance{}, err
	}
	row.Name = r.Name
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return s.viewInstance(row), nil
}

// DeleteInstance takes an instance out of the cluster. Its folder goes into the bin of its host, and its world gives up its lease; what
// the ledger knows of the world stays, should it ever come back.
func (s *service) DeleteInstance(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Instance{}, err
	}
	view := s.viewInstance(row)
	switch last := view.LastState; {
	case row.Running:
		return view, api.Errorf(api.Refused, "Stop it first: mainbusctl instances stop "+row.Name, "%s shall run", row.Name)
	case view.State == "unknown" && (last == "" || last == "stopped" || last == "failed"):
	case view.State != "stopped" && view.State != "failed":
		return view, api.Errorf(api.Refused, "Wait until it has stopped, and its host is linked.", "%s is %s", row.Name, view.State)
	}
	if err := s.store.DeleteInstance(ctx, row.ID); err != nil {
		return view, err
	}
	if _, err := s.store.Apply(ctx, ledger.Move{From: ledger.Slot(row.ID)}); err != nil && !errors.Is(err, ledger.ErrOrder) { // it never traded
		s.log.Warn("the world of a deleted instance keeps its lease", "instance", row.ID, "err", err)
	}
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return view, nil
}

// keepTidy has hosts put what is left of instances into the bin that went away: of deleted ones at once, of moved ones when they have run
// at their new place.
func (c *Controller) keepTidy(ctx context.Context) {
	var seen api.Versions
	for ctx.Err() == nil {
		if err := c.tidy(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("what is left of instances on hosts can't be put away", "err", err)
		}
		wait, cancel := context.WithTimeout(ctx, tidyAgain)
		seen = c.changes.wait(wait, seen, false)
		cancel()
	}
}

func (c *Controller) tidy(ctx context.Context) error {
	left, err := c.store.Leftovers(ctx)
	if err != nil || len(left) == 0 {
		return err
	}
	rows, err := c.store.Instances(ctx)
	if err != nil {
		return err
	}
	byID := map[string]store.Instance{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	var failed error
	for _, l := range left {
		if row, there := byID[l.Instance]; !there || row.Host == l.Host || c.hasRun(row) {
			failed = errors.Join(failed, c.discard(ctx, l, there && row.Host == l.Host))
		}
	}
	return failed
}

// hasRun tells whether an instance runs where it belongs.
func (c *Controller) hasRun(row store.Instance) bool {
	for _, h := range c.hosts.all() {
		if h.id.String() == row.Host {
			now := c.hosts.snapshot(h)
			conn, linked := c.endpoint.Conn(h.id)
			return linked && conn == now.source && now.observed[row.ID].GetState() == wire.State_STATE_RUNNING
		}
	}
	return false
}

// discard has a host put a leftover into its bin. A host that is not reached now, or has to stop the game first, is asked again later.
func (c *Controller) discard(ctx context.Context, l store.Leftover, isBack bool) error {
	var at *host
	for _, h := range c.hosts.all() {
		if h.id.String() == l.Host {
			at = h
		}
	}
	if at != nil && !isBack {
		conn, linked := c.endpoint.Conn(at.id)
		if !linked {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, tidyTime)
		defer cancel()
		if err := conn.Call(ctx, wire.Method_METHOD_INSTANCE_DISCARD, &wire.InstanceDiscard{Instance: l.Instance}, nil); err != nil {
			c.log.Info("a folder goes into the bin later", "instance", l.Instance, "host", at.id.Short(), "err", err)
			return nil
		}
		c.log.Info("a folder went into the bin", "instance", l.Instance, "host", at.id.Short())
	}
	return c.store.RemoveLeftover(ctx, l)
}
