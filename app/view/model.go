// Package view turns the cluster into what screens show: plain rows with ready text, without any Fyne widget, so that it is
// tested without a window. One goroutine (Model.Run) asks the cluster; screens are told on the user interface's own.
package view

import (
	"context"
	"errors"
	"reflect"
	"time"

	"mainbus/controller/api"
)

// A Snapshot is the cluster as screens show it.
type Snapshot struct {
	Loaded    bool // false until the first answer
	Status    api.Status
	Hosts     []Host
	Instances []Instance
	Bus       []Item
	Problem   *api.Error // why the rest is not the newest; nil if it is
}

// A Model keeps the newest snapshot and tells screens when it changes. Watch and Now belong to the user interface's
// goroutine, Run and Follow to others.
type Model struct {
	service  api.Service
	caller   api.Caller
	do       func(func()) // runs a function on the user interface's goroutine
	now      Snapshot
	watchers map[*watcher]struct{}
	wake     chan struct{}
}

const (
	interval = time.Second
	patience = 5 * time.Second
)

// NewModel returns a model that Run keeps up to date; do is fyne.Do, or a test's queue.
func NewModel(service api.Service, caller api.Caller, do func(func())) *Model {
	return &Model{service: service, caller: caller, do: do, watchers: map[*watcher]struct{}{}, wake: make(chan struct{}, 1)}
}

type watcher struct{ tell func(Snapshot) }

// Watch calls f with what is known, and again after every change until stop is called.
func (m *Model) Watch(f func(Snapshot)) (stop func()) {
	w := &watcher{f}
	m.watchers[w] = struct{}{}
	f(m.now)
	return func() { delete(m.watchers, w) }
}

// Now returns the newest snapshot.
func (m *Model) Now() Snapshot { return m.now }

// Hurry asks soon: the user has just changed something.
func (m *Model) Hurry() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run asks the cluster until ctx ends. A slow user interface slows it down: there is never more than one snapshot
// on the way.
func (m *Model) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last Snapshot
	for {
		select {
		case <-timer.C:
		case <-m.wake:
		case <-ctx.Done():
			return
		}
		next := m.ask(ctx, last)
		if ctx.Err() != nil {
			return
		}
		if !reflect.DeepEqual(next, last) {
			last = next
			m.tell(ctx, next)
		}
		timer.Reset(interval)
	}
}

// tell hands a snapshot over and waits until the screens have it.
func (m *Model) tell(ctx context.Context, s Snapshot) {
	m.hand(ctx, func() {
		m.now = s
		for w := range m.watchers {
			w.tell(s)
		}
	})
}

// hand runs f on the user interface's goroutine and waits for it. Whoever ends ctx there is told nothing from then on.
func (m *Model) hand(ctx context.Context, f func()) {
	done := make(chan struct{})
	m.do(func() {
		defer close(done)
		if ctx.Err() == nil {
			f()
		}
	})
	select {
	case <-done:
	case <-ctx.Done(): // a toolkit that is shutting down drops what it was given
	}
}

// ask returns a new snapshot; after a failure it is the last one with the problem added.
func (m *Model) ask(ctx context.Context, last Snapshot) Snapshot {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	next, err := m.read(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = api.Errorf(api.Unavailable, "What you see may be old. Mainbus goes on asking.", "The controller does not answer.")
	}
	if err != nil {
		last.Problem = api.AsError(err)
		return last
	}
	return next
}

func (m *Model) read(ctx context.Context) (Snapshot, error) {
	status, err := m.service.Status(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	hosts, err := m.service.Hosts(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	instances, err := m.service.Instances(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	bus, err := m.service.Bus(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	status.UptimeSeconds, status.CommitMS = 0, api.Quantiles{} // change all the time and are not shown
	return Snapshot{Loaded: true, Status: status, Hosts: hostRows(hosts, instances), Instances: instanceRows(instances), Bus: itemRows(bus)}, nil
}
