package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"mainbus/transport/discovery"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

const patience = 2 * time.Minute

// agent is a host agent without games: it does on the link what a real one does, and tests play its worlds.
type agent struct {
	t        testing.TB
	name     string
	id       *identity.Identity
	endpoint *link.Endpoint
	window   pairing.Window
	code     pairing.Code

	mu          sync.Mutex
	controller  identity.ID
	desired     *wire.Desired
	bundle      *wire.Bundle
	killed      []string
	discarded   []string
	failures    map[string]*wire.Failure
	games       *wire.Games
	asked       []string              // of the games, a word for each call
	names       []*wire.InstanceNames // that it tells of
	namesSilent chan struct{}         // closed: it tells again; nil: it tells
	named       []string              // sets of names that were asked for
	observed    *wire.Observed
	measured    *wire.Measured
	modSets     map[string]*wire.ModSet
	installed   *wire.InstanceMods                              // told without the settings
	saved       *wire.SaveMods                                  // nil: it can't be read
	modsTake    func(ctx context.Context, s *link.Stream) error // nil: it gets no mods
	refuse      error                                           // of what is wanted
	refuseSets  error
	lies        *wire.InstanceMods // in the mods folder of each instance
	changed     chan struct{}      // closed and replaced at each change
}

func (a *agent) listMods(_ context.Context, _ *link.Conn, r *wire.ModsAsk) (*wire.InstanceMods, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !r.GetSettings() && a.installed != nil {
		return a.installed, nil
	}
	if a.lies == nil || !r.GetSettings() {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "not asked as it is tested")
	}
	return a.lies, nil
}

func newAgent(t testing.TB, name string) *agent {
	t.Helper()
	return newAgentSaying(t, &wire.Hello{Name: name, Version: "test", Os: "linux", GameVersion: "2.0.77"})
}

func newAgentSaying(t testing.TB, hello *wire.Hello) *agent {
	t.Helper()
	name := hello.GetName()
	a := &agent{t: t, name: name, changed: make(chan struct{}), observed: &wire.Observed{}}
	var err error
	if a.id, err = identity.Load(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	a.code = a.window.Open(time.Now())
	a.endpoint, err = link.Listen(link.Config{
		Identity: a.id,
		Addr:     "127.0.0.1:0",
		Trusted:  func(id identity.ID) bool { a.mu.Lock(); defer a.mu.Unlock(); return id == a.controller },
		Hello:    func() *wire.Hello { return hello },
		Pair:     a.pair,
		Handlers: map[wire.Method]link.Handler{
			wire.Method_METHOD_DESIRED:          link.Unary(a.takeDesired),
			wire.Method_METHOD_BUNDLE:           link.Unary(a.takeBundle),
			wire.Method_METHOD_OBSERVE:          a.observe,
			wire.Method_METHOD_MEASURE:          a.measure,
			wire.Method_METHOD_MODS_SET:         link.Unary(a.takeModSet),
			wire.Method_METHOD_MODS_TAKE:        a.takeMods,
			wire.Method_METHOD_MODS_LIST:        link.Unary(a.listMods),
			wire.Method_METHOD_MODS_OF_SAVE:     link.Unary(a.modsOfSave),
			wire.Method_METHOD_KILL:             link.Unary(a.kill),
			wire.Method_METHOD_INSTANCE_DISCARD: link.Unary(a.discard),
			wire.Method_METHOD_FAILURE:          link.Unary(a.failure),
			wire.Method_METHOD_NAMES:            link.Unary(a.tellNames),
			wire.Method_METHOD_NAMES_GET:        link.Unary(a.giveNames),
			wire.Method_METHOD_GAMES:            a.tellGames,
			wire.Method_METHOD_GAMES_AVAILABLE:  link.Unary(a.available),
			wire.Method_METHOD_GAME_DOWNLOAD:    link.Unary(a.askedFor("download")),
			wire.Method_METHOD_GAME_CANCEL:      link.Unary(a.askedFor("cancel")),
			wire.Method_METHOD_GAME_REMOVE:      link.Unary(a.askedFor("remove")),
			wire.Method_METHOD_CONSOLE_SEND:     link.Unary(a.consoleSend),
			wire.Method_METHOD_CONSOLE_READ:     link.Unary(a.consoleRead),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.endpoint.Close() })
	return a
}

func (a *agent) announcement() discovery.Found {
	return discovery.Found{
		Announcement: discovery.Announcement{Name: a.name, Port: a.endpoint.Port(), Boot: "1"},
		Short:        a.id.ID().Short(), Addrs: []addrPort{a.endpoint.Addr()}, By: "mdns", Seen: time.Now(),
	}
}

func (a *agent) pair(ctx context.Context, p link.PairStream) error {
	code, release, err := a.window.Try(time.Now())
	if err != nil {
		return err
	}
	err = pairing.Respond(ctx, p, pairing.Session{Code: code, Exporter: p.Exporter(), Controller: p.Peer(), Agent: a.id.ID()})
	release(err == nil)
	if err == nil {
		a.change(func() { a.controller = p.Peer() })
	}
	return err
}

func (a *agent) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.changed)
	a.changed = make(chan struct{})
}

// wishes returns what is wanted of the host; what was sent is never changed.
func (a *agent) wishes() *wire.Desired {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.desired
}

// wait returns when done says so; it asks after each change.
func (a *agent) wait(what string, done func() bool) {
	a.t.Helper()
	timeout := time.After(patience)
	for {
		a.mu.Lock()
		ok, changed := done(), a.changed
		a.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			a.t.Fatalf("%s: gave up waiting for %s; desired %v", a.name, what, a.wishes())
		}
	}
}

func (a *agent) takeDesired(_ context.Context, _ *link.Conn, d *wire.Desired) (reply *wire.DesiredReply, err error) {
	a.change(func() {
		if err = a.refuse; err != nil {
			return
		}
		if a.desired != nil && d.Generation < a.desired.Generation {
			a.t.Errorf("generation %d came after %d", d.Generation, a.desired.Generation)
		}
		a.desired = d
		reply = &wire.DesiredReply{NeedBundle: a.bundle == nil || a.bundle.Hash != d.Bundle}
		for _, i := range d.GetInstances() {
			if hash := i.GetMods().GetSet(); hash != "" && a.modSets[hash] == nil {
				reply.NeedModSets = append(reply.NeedModSets, hash)
			}
		}
	})
	return reply, err
}

func (a *agent) takeBundle(_ context.Context, _ *link.Conn, b *wire.Bundle) (*wire.Empty, error) {
	a.change(func() { a.bundle = b })
	return &wire.Empty{}, nil
}

func (a *agent) kill(_ context.Context, _ *link.Conn, k *wire.Kill) (*wire.Empty, error) {
	a.change(func() { a.killed = append(a.killed, k.Instance) })
	return &wire.Empty{}, nil
}

func (a *agent) consoleSend(_ context.Context, _ *link.Conn, s *wire.ConsoleSend) (*wire.ConsoleReply, error) {
	if s.Line == "/busy" {
		return nil, link.Errorf(wire.Code_CODE_UNAVAILABLE, "the game is busy")
	}
	return &wire.ConsoleReply{Text: "you typed " + s.Line}, nil
}

func (a *agent) consoleRead(_ context.Context, _ *link.Conn, r *wire.ConsoleRead) (*wire.ConsolePage, error) {
	return &wire.ConsolePage{Lines: []string{fmt.Sprint("limit ", r.Limit)}, Next: r.Offset + 1}, nil
}

func (a *agent) observe(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	for {
		a.mu.Lock()
		o, changed := a.observed, a.changed
		a.mu.Unlock()
		if err := s.Send(o); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *agent) report(list ...*wire.ObservedInstance) {
	a.change(func() { a.observed = &wire.Observed{Instances: list} })
}

// instance waits until the agent is told of an instance and returns its id.
func (a *agent) instance(name string, running bool) (id string) {
	a.t.Helper()
	a.wait(fmt.Sprintf("instance %s, running %v", name, running), func() bool {
		for _, i := range a.desired.GetInstances() {
			if i.Name == name && i.Running == running {
				id = i.Id
				return true
			}
		}
		return false
	})
	return id
}

// attachment is a run as the agent sees it.
type attachment struct {
	t      testing.TB
	stream *link.Stream
	epoch  string
	told   []*wire.Envelope // that were not looked at yet
}

func (a *agent) conn() *link.Conn {
	a.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		a.mu.Lock()
		id := a.controller
		a.mu.Unlock()
		if conn, ok := a.endpoint.Conn(id); ok {
			return conn
		}
		<-time.After(5 * time.Millisecond)
	}
	a.t.Fatalf("%s: no link to the controller", a.name)
	return nil
}

// open opens a run; the controller may refuse it. A link that ends meanwhile is no refusal: the next one is asked.
func (a *agent) open(instance string) (*attachment, error) {
	a.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		conn := a.conn()
		at, err := a.openOn(conn, instance)
		if err == nil || conn.Err() == nil || time.Now().After(deadline) {
			return at, err
		}
	}
}

func (a *agent) openOn(conn *link.Conn, instance string) (*attachment, error) {
	s, err := conn.Open(a.t.Context(), wire.Method_METHOD_RUN)
	if err != nil {
		return nil, err
	}
	at := &attachment{t: a.t, stream: s}
	if err := s.Send(&wire.RunUp{Msg: &wire.RunUp_Open{Open: &wire.RunOpen{Instance: instance}}}); err != nil {
		return nil, err
	}
	var down wire.RunDown
	if err := s.Recv(&down); err != nil {
		return nil, err
	}
	at.epoch = down.GetGranted().GetEpoch()
	return at, nil
}

// join opens a run, binds a world that reports these totals, and takes what it is assigned.
func (a *agent) join(instance, of, world, report string) (*attachment, *wire.Assign) {
	a.t.Helper()
	at, err := a.open(instance)
	if err != nil {
		a.t.Fatal(err)
	}
	at.send(&wire.RunUp{Msg: &wire.RunUp_Bound{Bound: &wire.Bound{
		Ledger: of, World: world, Reports: []*wire.Report{{Channel: "bus", Body: []byte(report)}},
	}}})
	var down wire.RunDown
	if err := at.stream.Recv(&down); err != nil {
		a.t.Fatal(err)
	}
	at.send(&wire.RunUp{Msg: &wire.RunUp_Assigned{Assigned: &wire.Assigned{}}})
	return at, down.GetAssign()
}

func (at *attachment) send(up *wire.RunUp) {
	at.t.Helper()
	if err := at.stream.Send(up); err != nil {
		at.t.Fatal(err)
	}
}

func (at *attachment) tell(records string) {
	at.t.Helper()
	at.send(wire.Up(&wire.Envelope{Channel: "bus", Body: []byte(records)}))
}

func (at *attachment) tellTruth(records string) {
	at.t.Helper()
	at.send(wire.Up(&wire.Envelope{Channel: "bus", Body: []byte(records), Truth: true}))
}

// granted returns the text of the next grant.
func (at *attachment) granted() string {
	at.t.Helper()
	if len(at.told) == 0 {
		var down wire.RunDown
		if err := at.stream.Recv(&down); err != nil {
			at.t.Fatal(err)
		}
		at.told = down.GetEnvelopes().GetList()
	}
	if len(at.told) == 0 {
		at.t.Fatal("got something else than a grant")
	}
	e := at.told[0]
	at.told = at.told[1:]
	if e.GetChannel() != "bus" || e.GetOp() != "grant" || !strings.HasPrefix(string(e.GetBody()), e.GetKey()+"=") {
		at.t.Fatalf("got %v instead of a grant", e)
	}
	return string(e.GetBody())
}

// ended returns how the controller ended the run.
func (at *attachment) ended() (code wire.Code) {
	at.t.Helper()
	for {
		var status *link.StatusError
		switch err := at.stream.Recv(&wire.RunDown{}); {
		case errors.As(err, &status):
			return status.Code
		case errors.Is(err, io.EOF):
			return wire.Code_CODE_OK
		case err != nil:
			return wire.Code_CODE_INTERNAL
		}
	}
}

func (a *agent) discard(_ context.Context, _ *link.Conn, d *wire.InstanceDiscard) (*wire.Empty, error) {
	a.change(func() { a.discarded = append(a.discarded, d.GetInstance()) })
	return &wire.Empty{}, nil
}
