// Package view turns the cluster into what screens show: plain rows with ready text, without any Fyne widget, so that it is
// tested without a window. One goroutine (Model.Run) asks the cluster; screens are told on the user interface's own.
package view

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"time"

	"mainbus/controller/api"
)

// A Snapshot is the cluster as screens show it.
type Snapshot struct {
	Loaded    bool // false until the first answer
	Summary   Summary
	Hosts     []Host
	Games     map[string]api.HostGames // by host
	Instances []Instance
	Bus       []Item
	BusLoaded bool // false until the first answer to WatchBus
	Attention api.BusProblems
	Problem   *api.Error // why the rest is not the newest; nil if it is
}

// Summary is the cluster in a few numbers.
type Summary struct {
	Name                 string
	Hosts, Linked, Joins int // paired ones, those of them that are linked, and those who want to join
	Instances, Running   int
	Version              string
}

// Instance returns the row with this id.
func (s Snapshot) Instance(id string) (row Instance, ok bool) {
	for _, i := range s.Instances {
		if i.ID == id {
			return i, true
		}
	}
	return row, false
}

// Host returns the row with this id.
func (s Snapshot) Host(id string) (row Host, ok bool) {
	for _, h := range s.Hosts {
		if h.ID == id {
			return h, true
		}
	}
	return row, false
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
	bus      atomic.Bool // a screen shows the bus
	calm     atomic.Bool // nobody looks
}

// The cluster tells when it has changed. Round trips change without being told, so it is asked from time to time all
// the same; and not at each of many changes.
const (
	quiet     = 5 * time.Second        // between questions when nothing is told
	quietCalm = 15 * time.Second       // the same while nobody looks
	gap       = 250 * time.Millisecond // between questions at most
	gapBus    = time.Second            // the same while the bus is shown, which changes all the time
	gapCalm   = 2 * time.Second        // the same while nobody looks
	patience  = 5 * time.Second
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

// WatchBus says whether the bus is shown; out of sight it is not asked for.
func (m *Model) WatchBus(shown bool) {
	if m.bus.Swap(shown) != shown && shown {
		m.Hurry()
	}
}

// Calm says that nobody looks at the window, so news may come later.
func (m *Model) Calm(calm bool) {
	if m.calm.Swap(calm) != calm && !calm {
		m.Hurry()
	}
}

// Run asks the cluster until ctx ends. A slow user interface slows it down: there is never more than one snapshot
// on the way.
func (m *Model) Run(ctx context.Context) {
	var last Snapshot
	var seen api.Versions
	first := true
	for ctx.Err() == nil {
		if !first {
			seen = m.news(ctx, seen, last.Problem != nil)
		}
		first = false
		next := m.ask(ctx, last)
		if ctx.Err() != nil {
			return
		}
		if !reflect.DeepEqual(next, last) {
			last = next
			m.tell(ctx, next)
		}
	}
}

// news returns when the cluster should be asked again, with the versions that the next answer will show at least.
func (m *Model) news(ctx context.Context, seen api.Versions, broken bool) api.Versions {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-m.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() { cancel(); <-ended }()
	bus, wait, pause := m.bus.Load(), quiet, gap
	switch {
	case m.calm.Load():
		wait, pause = quietCalm, gapCalm
	case bus:
		pause = gapBus
	}
	if broken {
		sleep(ctx, time.Second)
		return seen
	}
	sleep(ctx, pause)
	// The wait of a Hurry ends with ctx; the answer does not matter then.
	waiting, giveUp := context.WithTimeout(ctx, wait+patience)
	defer giveUp()
	now, err := m.service.Changes(waiting, m.caller, api.AwaitChanges{Since: seen, Bus: bus, WaitMS: uint32(wait.Milliseconds())})
	if err != nil {
		if waiting.Err() == nil {
			sleep(waiting, time.Second)
		}
		return seen
	}
	return now
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
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
	next, err := m.read(ctx, last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = api.Errorf(api.Unavailable, say("What you see may be old. Mainbus goes on asking."), "%s", say("The controller does not answer."))
	}
	if err != nil {
		last.Problem = api.AsError(err)
		return last
	}
	return next
}

func (m *Model) read(ctx context.Context, last Snapshot) (Snapshot, error) {
	next := Snapshot{Loaded: true, Summary: last.Summary, Bus: last.Bus, BusLoaded: last.BusLoaded}
	if !last.Loaded || last.Problem != nil { // what it is called does not change
		status, err := m.service.Status(ctx, m.caller)
		if err != nil {
			return Snapshot{}, err
		}
		next.Summary.Name, next.Summary.Version = status.Name, status.Version
	}
	hosts, err := m.service.Hosts(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	instances, err := m.service.Instances(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	if next.Attention, err = m.service.BusProblems(ctx, m.caller); err != nil {
		return Snapshot{}, err
	}
	games, err := m.service.Games(ctx, m.caller, api.GamesOf{})
	if err != nil {
		return Snapshot{}, err
	}
	next.Games = map[string]api.HostGames{}
	for _, g := range games {
		next.Games[g.Host] = g
	}
	measured, err := m.service.Figures(ctx, m.caller)
	if err != nil {
		return Snapshot{}, err
	}
	if m.bus.Load() {
		bus, err := m.service.Bus(ctx, m.caller)
		if err != nil {
			return Snapshot{}, err
		}
		next.Bus, next.BusLoaded = itemRows(bus), true
	}
	next.Hosts, next.Instances = hostRows(hosts, instances, next.Games), instanceRows(instances, measured)
	next.Summary = summary(next)
	return next, nil
}

func summary(s Snapshot) Summary {
	sum := Summary{Name: s.Summary.Name, Version: s.Summary.Version, Instances: len(s.Instances)}
	for _, h := range s.Hosts {
		switch {
		case h.WantsToJoin:
			sum.Joins++
			continue
		case h.Linked:
			sum.Linked++
		}
		sum.Hosts++
	}
	for _, i := range s.Instances {
		if i.State == "running" {
			sum.Running++
		}
	}
	return sum
}
