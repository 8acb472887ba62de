package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

// How an instance moves (docs/instances.md). Until everything has arrived nothing is written down but that it was asked for: that it
// shall not run meanwhile is known to this process only, so whatever ends the move, the old host is told to run it as before. Then one
// transaction says that it belongs on the new host. Its ledger needs to be told nothing: a world is leased to an instance, wherever that runs,
// and a host where it does not belong can't attach.

const (
	stopTime  = 70 * time.Minute // to save a large world and end: the longest that a supervision allows, and more
	startTime = 30 * time.Minute // to load it
	backTime  = time.Minute      // for a host that could not start it to take back its hands
)

// moves are the instances that are on their way. It may be used by any goroutine.
type moves struct {
	mu  sync.Mutex
	all map[string]*moving // by instance
}

// moving is one of them.
type moving struct {
	to   string // name of the host
	held bool   // it shall not run, whatever is stored
}

func newMoves() *moves { return &moves{all: map[string]*moving{}} }

func (ms *moves) begin(id, to string) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.all[id] != nil {
		return false
	}
	ms.all[id] = &moving{to: to, held: true}
	return true
}

func (ms *moves) hold(id string, held bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.all[id].held = held
}

func (ms *moves) end(id string) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	delete(ms.all, id)
}

// get returns where an instance is going, if it is, and whether it must not run.
func (ms *moves) get(id string) (to string, held bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if m := ms.all[id]; m != nil {
		return m.to, m.held
	}
	return "", false
}

func (s *service) MoveInstance(ctx context.Context, _ api.Caller, r api.MoveInstance) (api.Task, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Task{}, err
	}
	to, err := s.pairedHost(r.Host)
	if err != nil {
		return api.Task{}, err
	}
	from, name := s.hostOf(row), s.hosts.snapshot(to).row.Name
	if from == to {
		return api.Task{}, api.Errorf(api.Refused, "", "%s is on %s already", row.Name, name)
	}
	for _, h := range []*host{from, to} {
		if _, err := s.linkTo(h); err != nil {
			return api.Task{}, err
		}
	}
	if err := s.roomOn(ctx, to); err != nil {
		return api.Task{}, err
	}
	if !s.moves.begin(row.ID, name) {
		return api.Task{}, api.Errorf(api.Refused, "Wait until that has ended; mainbusctl tasks list shows it.", "%s is being moved", row.Name)
	}
	task, err := s.startTask(fmt.Sprintf("Move %s to %s", row.Name, name), row.ID, func(ctx context.Context, t *task) (string, error) {
		m := &move{service: s, task: t, row: row, from: from, to: to}
		defer m.end()
		return name, m.run(ctx)
	})
	if err != nil {
		s.moves.end(row.ID)
	}
	return task, err
}

// move is one move of an instance.
type move struct {
	*service
	task     *task
	row      store.Instance
	from, to *host
	since    uint64
}

// tellHosts has both hosts told what is wanted. What they report before they have heard it counts for nothing.
func (m *move) tellHosts() {
	m.since = m.generations.last(m.store.Incarnation())
	m.from.want()
	m.to.want()
	m.changes.cluster()
}

func (m *move) end() {
	m.moves.end(m.row.ID)
	m.tellHosts()
}

func (m *move) run(ctx context.Context) error {
	err := m.bring(ctx)
	if err == nil {
		err = m.store.MoveInstance(ctx, m.row.ID, m.from.id.String(), m.to.id.String())
	}
	if err != nil {
		return m.stays(ctx, err)
	}
	m.moves.hold(m.row.ID, false)
	m.tellHosts()
	// It is there. Nobody's cancelling it changes that, so only its start can still bring it back.
	return m.settle(m.ctx)
}

// bring stops the instance and has everything arrive at the new host.
func (m *move) bring(ctx context.Context) error {
	if err := m.store.CountAsked(ctx, m.row.ID); err != nil { // so that nobody's wish on the host itself stands against it
		return err
	}
	m.task.progress("stopping", 0, 0)
	m.tellHosts()
	if _, err := m.await(ctx, m.from, stopTime, func(state wire.State) bool { return state == wire.State_STATE_STOPPED }); err != nil {
		return fmt.Errorf("stop the game: %w", err)
	}
	m.task.progress("packing", 0, 0)
	m.changes.cluster()
	take := func(ticket string) message {
		return &wire.InstanceTake{Instance: m.row.ID, Ticket: ticket, Key: m.task.view.ID}
	}
	return m.insist(ctx, m.task, func(ctx context.Context) error {
		offer := &wire.InstanceOffer{Instance: m.row.ID}
		return m.relay(ctx, m.task, m.from, m.to, giving{wire.Method_METHOD_INSTANCE_OFFER, offer}, taking{wire.Method_METHOD_INSTANCE_TAKE, take})
	})
}

// stays puts into words that nothing has come of it.
func (m *move) stays(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	shown := api.AsError(err)
	return api.Errorf(shown.Code, shown.Next, "%s stays on %s: %s", m.row.Name, m.hosts.snapshot(m.from).row.Name, shown.Message)
}

// settle waits until the instance runs at its new place, if it shall, and takes it back if it can't.
func (m *move) settle(ctx context.Context) error {
	m.task.progress("starting", 0, 0)
	state, err := m.await(ctx, m.to, startTime, func(state wire.State) bool {
		return state == wire.State_STATE_RUNNING || state == wire.State_STATE_FAILED || !m.shallRun(ctx)
	})
	switch {
	case err != nil:
		return api.Errorf(api.Unavailable, "mainbusctl instances list shows when it does.", "%s belongs on %s now, but does not run there yet: %v",
			m.row.Name, m.hosts.snapshot(m.to).row.Name, err)
	case state != wire.State_STATE_FAILED:
		return nil
	}
	cause := m.hosts.snapshot(m.to).observed[m.row.ID].GetCause()
	m.moves.hold(m.row.ID, true)
	if err := m.store.MoveInstance(ctx, m.row.ID, m.to.id.String(), m.from.id.String()); err != nil {
		return err
	}
	m.tellHosts()
	// Were it still to run there, it could not trade, and would be shown as a stray.
	_, _ = m.await(ctx, m.to, backTime, func(state wire.State) bool { return state == wire.State_STATE_STOPPED })
	return m.stays(ctx, api.Errorf(api.Refused, "Put right what is named there, then move it again.", "it can't be started on %s: %s",
		m.hosts.snapshot(m.to).row.Name, cause))
}

func (m *move) shallRun(ctx context.Context) bool {
	row, err := m.instance(ctx, m.row.ID)
	return err == nil && row.Running
}

var errPatience = errors.New("it takes too long")

// await waits until a host reports a state of the instance that will do. One that a host does not know is stopped.
func (m *move) await(ctx context.Context, h *host, patience time.Duration, done func(wire.State) bool) (wire.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	var seen api.Versions
	for {
		now := m.hosts.snapshot(h)
		state := wire.State_STATE_STOPPED
		if o := now.observed[m.row.ID]; o != nil {
			state = o.GetState()
		}
		if conn, linked := m.endpoint.Conn(h.id); linked && conn == now.source && now.heard > m.since && done(state) {
			return state, nil
		}
		seen = m.changes.wait(ctx, seen, false)
		if ctx.Err() != nil {
			return state, context.Cause(ctx)
		}
	}
}
