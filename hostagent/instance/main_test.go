package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/games"
	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { simgame.Main(m) }

// A world in which a chest gives to the bus and another takes from it.
const scenario = `{"autosave_seconds": 3600, "worlds": {"*": {
  "chests": [
    {"id": "out", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "quality": "normal", "count": 120}]},
    {"id": "in", "position": [4.5, 0.5]}],
  "calls": [
    {"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]},
    {"tick": 30, "interface": "mainbus", "function": "request",
     "args": [{"surface": "nauvis", "x": 4.5, "y": 0.5}, [{"name": "copper-plate", "count": 50}]]}]}}}`

var saveModules = sync.OnceValues(simgame.Modules)

func modules(string) (map[string][]byte, error) { return saveModules() }

// controller is the other side of run streams: it grants epochs, assigns, and notes what comes up.
type controller struct {
	mu      sync.Mutex
	number  int
	ledger  string
	world   string // given to fresh worlds; empty: they keep the id that they have
	streams []*memoryStream
	bound   []*wire.Bound
	up      []*wire.Envelope
	saved   []*wire.Saved
	away    bool
	times   map[string]time.Time // when each body came up, if it is not nil
}

func (c *controller) open(ctx context.Context) (RunStream, error) {
	c.mu.Lock()
	away := c.away
	c.mu.Unlock()
	if away {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := &memoryStream{controller: c, down: make(chan *wire.RunDown, 64), closed: make(chan struct{})}
	c.mu.Lock()
	c.streams = append(c.streams, s)
	c.mu.Unlock()
	return s, nil
}

func (c *controller) with(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// receive answers as the real controller does.
func (c *controller) receive(s *memoryStream, up *wire.RunUp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case up.GetOpen() != nil:
		c.number++
		s.down <- &wire.RunDown{Msg: &wire.RunDown_Granted{Granted: &wire.Granted{Epoch: fmt.Sprintf("1.%d", c.number)}}}
	case up.GetBound() != nil:
		b := up.GetBound()
		c.bound = append(c.bound, b)
		assign := &wire.Assign{Ledger: c.ledger, World: b.GetWorld(), Fresh: b.GetLedger() != c.ledger}
		if assign.Fresh && c.world != "" {
			assign.World = c.world
		}
		s.down <- &wire.RunDown{Msg: &wire.RunDown_Assign{Assign: assign}}
	case up.GetSaved() != nil:
		c.saved = append(c.saved, up.GetSaved())
	case up.GetEnvelopes() != nil:
		for _, e := range up.GetEnvelopes().GetList() {
			c.up = append(c.up, e)
			if c.times != nil {
				c.times[string(e.GetBody())] = time.Now()
			}
		}
	}
}

// grant sends to the newest attachment.
func (c *controller) grant(body string) { c.tell("grant", body) }

func (c *controller) tell(op, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams[len(c.streams)-1].down <- wire.Down(&wire.Envelope{
		Channel: "bus", Op: op, Class: wire.Class_CLASS_BUS, Body: []byte(body),
	})
}

// heard tells whether a bus message with this record has come up.
func (c *controller) heard(record string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.up {
		if e.GetChannel() == "bus" && strings.Contains(string(e.GetBody()), record) {
			return true
		}
	}
	return false
}

type memoryStream struct {
	controller *controller
	down       chan *wire.RunDown
	once       sync.Once
	closed     chan struct{}
}

func (s *memoryStream) Send(m proto.Message) error {
	select {
	case <-s.closed:
		return errors.New("stream closed")
	default:
	}
	s.controller.receive(s, proto.Clone(m).(*wire.RunUp))
	return nil
}

func (s *memoryStream) Recv(m proto.Message) error {
	select {
	case down := <-s.down:
		proto.Merge(m, down)
		return nil
	case <-s.closed:
		return io.EOF
	}
}

// CloseSend is the end at once: the controller has taken all that was sent.
func (s *memoryStream) CloseSend() error { s.Close(); return nil }

func (s *memoryStream) Close() { s.once.Do(func() { close(s.closed) }) }

// ownPorts begin where no other package's tests look, which run at the same time: a game that loses its port is started again.
func ownPorts() uint16 { return uint16(20_000 + os.Getpid()%10*1000) }

var agents atomic.Uint32

// agentPorts begin where no other agent looks first.
func agentPorts() uint16 { return ownPorts() + uint16(agents.Add(1)*8%880) }

// agent stands for the agent that owns one instance.
type agent struct {
	t testing.TB
	*Instance
	game       *install.Installation
	controller *controller
	crash      context.CancelFunc
	ended      chan struct{}
	changed    chan struct{} // holds something when Observed has changed
}

func newAgent(t testing.TB, dir string, game *install.Installation, c *controller) *agent {
	t.Helper()
	return newAgentWith(t, dir, game, c, nil)
}

func newAgentWith(t testing.TB, dir string, game *install.Installation, c *controller, mods *Mods) *agent {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	a := &agent{t: t, game: game, controller: c, ended: make(chan struct{}), changed: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	store, err := games.Open(ctx, games.Config{Dir: t.TempDir(), Named: []string{game.Dir()}, Changed: func() {}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	a.Instance = New(Config{
		ID: "abcdefghij", Dir: dir, Games: store, Self: self, Ports: &Ports{First: agentPorts()}, Starts: &Starts{}, Room: func(int64) error { return nil },
		Mods: mods, Modules: modules, OpenRun: c.open, Changed: a.noteChange, Played: func() {}, Log: log,
	})
	a.crash = func() { cancel(); <-a.ended; store.Wait() }
	go func() {
		defer close(a.ended)
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		a.crash()
		if game, err := supervisor.Attach(a.folder.ours()); err == nil { // nothing outlives its test
			if err := game.Kill(context.Background()); err != nil {
				t.Errorf("end the game: %v", err)
			}
			eventually(t, "its supervisor has ended", func() bool { _, err := supervisor.Attach(a.folder.ours()); return err != nil })
		}
	})
	return a
}

func (a *agent) noteChange() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (a *agent) wantRunning(running bool) {
	a.Want(&wire.DesiredInstance{Id: "abcdefghij", Name: "Alpha One", Running: running, Create: &wire.MapCreation{Seed: 7}}, "hash")
}

func (a *agent) wait(what string, ok func(*wire.ObservedInstance) bool) *wire.ObservedInstance {
	a.t.Helper()
	var o *wire.ObservedInstance
	eventually(a.t, what, func() bool { o = a.Observed(); return ok(o) })
	return o
}

func (a *agent) waitLinked() *wire.ObservedInstance {
	a.t.Helper()
	return a.wait("linked", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_RUNNING && o.GetLinked() })
}

// stopGame leaves nothing running behind.
func (a *agent) stopGame() {
	a.wantRunning(false)
	a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
}

func (a *agent) pid() int { return a.processes().PID }

func (a *agent) processes() supervisor.Run {
	a.t.Helper()
	game, err := supervisor.Attach(a.folder.ours())
	if err != nil {
		a.t.Fatal(err)
	}
	return game.Run()
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
