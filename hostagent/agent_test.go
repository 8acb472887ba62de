package hostagent

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/local"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

// The test binary is the supervisor too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "supervise" {
		if err := supervisor.Supervise(os.Args[2], os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	// The agent waits for each supervisor so that it leaves no zombie, and so until a moment after its game's end.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

const instanceName = "abcdefghij"

// host runs an agent.
type host struct {
	dir, factorio string
	codes         chan PairingCode
	started       chan Status
	stop          context.CancelFunc
	ended         chan error
}

func (h *host) start(t *testing.T) Status {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.codes, h.started, h.ended = make(chan PairingCode, 10), make(chan Status, 1), make(chan error, 1)
	agent := New(Config{
		DataDir: h.dir, FactorioDir: h.factorio, Name: "test host", Self: self, Version: "test",
		Interfaces:  func([]net.Interface) []net.Interface { return nil }, // nobody shall find it
		Started:     func(s Status) { h.started <- s },
		PairingCode: func(c PairingCode) { h.codes <- c },
		Log:         slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	})
	done := make(chan struct{})
	go func() { defer close(done); h.ended <- agent.Run(ctx) }()
	h.stop = func() { cancel(); <-done }
	t.Cleanup(h.stop)
	select {
	case s := <-h.started:
		return s
	case err := <-h.ended:
		t.Fatalf("agent ended: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("agent does not start")
	}
	panic("unreachable")
}

func (h *host) pid(t *testing.T) int {
	t.Helper()
	game, err := supervisor.Attach(filepath.Join(h.dir, "instances", instanceName, ".mainbus"))
	if err != nil {
		t.Fatal(err)
	}
	return game.Run().PID
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// controller is a controller's endpoint that grants epochs and assigns worlds.
type controller struct {
	t        *testing.T
	identity *identity.Identity
	endpoint *link.Endpoint

	mu     sync.Mutex
	trust  map[identity.ID]bool
	epochs int
	bus    []string
}

func newController(t *testing.T) *controller {
	t.Helper()
	own, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &controller{t: t, identity: own, trust: map[identity.ID]bool{}}
	c.endpoint, err = link.Listen(link.Config{
		Identity: own, Addr: "127.0.0.1:0", Hello: func() *wire.Hello { return &wire.Hello{Name: "controller"} },
		Trusted:  func(id identity.ID) bool { c.mu.Lock(); defer c.mu.Unlock(); return c.trust[id] },
		Handlers: map[wire.Method]link.Handler{wire.Method_METHOD_RUN: c.serveRun},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.endpoint.Close() })
	return c
}

func (c *controller) serveRun(_ context.Context, _ *link.Conn, s *link.Stream) error {
	for {
		var up wire.RunUp
		if err := s.Recv(&up); err != nil {
			return err
		}
		down := &wire.RunDown{}
		switch {
		case up.GetOpen() != nil:
			c.mu.Lock()
			c.epochs++
			down.Msg = &wire.RunDown_Granted{Granted: &wire.Granted{Epoch: fmt.Sprintf("1.%d", c.epochs)}}
			c.mu.Unlock()
		case up.GetBound() != nil:
			b := up.GetBound()
			down.Msg = &wire.RunDown_Assign{Assign: &wire.Assign{Ledger: "beef", World: b.GetWorld(), Fresh: b.GetLedger() == ""}}
		case up.GetEnvelope() != nil:
			c.mu.Lock()
			c.bus = append(c.bus, string(up.GetEnvelope().GetBody()))
			c.mu.Unlock()
			continue
		default:
			continue
		}
		if err := s.Send(down); err != nil {
			return err
		}
	}
}

func (c *controller) pair(addr netip.AddrPort, code string) (agent identity.ID, err error) {
	err = c.endpoint.Pair(c.t.Context(), []netip.AddrPort{addr}, func(ctx context.Context, s link.PairStream) error {
		agent = s.Peer()
		typed, err := pairing.ParseCode(code)
		if err != nil {
			return err
		}
		return pairing.Initiate(ctx, s, pairing.Session{Code: typed, Exporter: s.Exporter(), Controller: c.identity.ID(), Agent: agent})
	})
	if err == nil {
		c.mu.Lock()
		c.trust[agent] = true
		c.mu.Unlock()
	}
	return agent, err
}

// dial returns the link to the agent, which may be made by either side.
func (c *controller) dial(id identity.ID, addr netip.AddrPort) *link.Conn {
	c.t.Helper()
	var conn *link.Conn
	eventually(c.t, "linked", func() bool {
		var err error
		conn, err = c.endpoint.Dial(c.t.Context(), id, []netip.AddrPort{addr})
		return err == nil
	})
	return conn
}

// call makes a call over the newest link, which may be replaced by one that the agent dialed.
func (c *controller) call(id identity.ID, m wire.Method, req, resp proto.Message) error {
	var err error
	eventually(c.t, m.String()+" is answered", func() bool {
		conn, ok := c.endpoint.Conn(id)
		if !ok {
			return false
		}
		err = conn.Call(c.t.Context(), m, req, resp)
		var status *link.StatusError
		return err == nil || errors.As(err, &status)
	})
	return err
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func bundleOf(t *testing.T, files map[string][]byte) *wire.Bundle {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, text := range files {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	return &wire.Bundle{Hash: hex.EncodeToString(sum[:]), Content: out.Bytes()}
}

const scenario = `{"autosave_seconds": 3600, "worlds": {"*": {
  "chests": [{"id": "out", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "quality": "normal", "count": 120}]}],
  "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]}]}}}`

// From an empty folder to a trading world, over real sockets and processes; then the agent is restarted while nobody
// looks, and at the end everything is stopped.
func TestAgentFromPairingToTrade(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, scenario).Dir()}
	c := newController(t)
	status := h.start(t)
	if status.Paired || status.GameVersion != "2.0.77" || status.Name != "test host" {
		t.Errorf("status %+v", status)
	}
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), status.Port)
	code := <-h.codes
	if _, err := c.pair(addr, string(pairing.NewCode())); err == nil {
		t.Error("paired with a wrong code")
	}
	agent, err := c.pair(addr, code.Code)
	if err != nil {
		t.Fatal(err)
	}
	if conn := c.dial(agent, addr); conn.PeerHello().GetGameVersion() != "2.0.77" {
		t.Errorf("hello %v", conn.PeerHello())
	}

	files, err := simgame.Modules()
	if err != nil {
		t.Fatal(err)
	}
	bundle := bundleOf(t, files)
	desired := &wire.Desired{Generation: 5, Bundle: bundle.GetHash(), Instances: []*wire.DesiredInstance{
		{Id: instanceName, Name: "nauvis", Running: true, Create: &wire.MapCreation{}},
	}}
	var reply wire.DesiredReply
	if err := c.call(agent, wire.Method_METHOD_DESIRED, desired, &reply); err != nil || !reply.GetNeedBundle() {
		t.Fatalf("desired: %v, %v", &reply, err)
	}
	if err := c.call(agent, wire.Method_METHOD_BUNDLE, &wire.Bundle{Hash: bundle.GetHash(), Content: []byte("x")}, nil); err == nil {
		t.Error("a bundle that is not what its name says was accepted")
	}
	if err := c.call(agent, wire.Method_METHOD_BUNDLE, bundle, nil); err != nil {
		t.Fatal(err)
	}
	c.waitLinked(agent)
	eventually(t, "iron was sent", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return strings.Contains(strings.Join(c.bus, " "), "iron-plate/normal=120/0/0")
	})
	pid := h.pid(t)

	var console wire.ConsoleReply
	err = c.call(agent, wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Instance: instanceName, Line: "/version"}, &console)
	if err != nil || !strings.Contains(console.GetText(), "2.0.77") {
		t.Errorf("console: %v, %v", &console, err)
	}
	var page wire.ConsolePage
	err = c.call(agent, wire.Method_METHOD_CONSOLE_READ, &wire.ConsoleRead{Instance: instanceName, Limit: 5}, &page)
	if err != nil || len(page.GetLines()) != 5 || page.GetNext() == 0 {
		t.Errorf("console output: %v, %v", &page, err)
	}
	old := &wire.Desired{Generation: 4}
	if err := c.call(agent, wire.Method_METHOD_DESIRED, old, &reply); err != nil {
		t.Errorf("outdated wishes: %v", err)
	}

	h.stop()
	if err := <-h.ended; err != nil {
		t.Errorf("agent ended with %v", err)
	}
	again := h.start(t)
	if again.Port != status.Port || !again.Paired {
		t.Errorf("after a restart: %+v", again)
	}
	c.waitLinked(agent) // the agent dials
	if h.pid(t) != pid {
		t.Error("the game did not survive the restart of its agent")
	}
	local, err := AskStatus(t.Context(), h.dir)
	if err != nil || len(local.Instances) != 1 || local.Instances[0].State != "running" || !local.Controllers[0].Linked {
		t.Errorf("status %+v, %v", local, err)
	}

	if err := c.call(agent, wire.Method_METHOD_DESIRED, &wire.Desired{Generation: 6}, &reply); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is wanted no longer is gone", func() bool {
		s, err := AskStatus(t.Context(), h.dir)
		return err == nil && len(s.Instances) == 0
	})
	if _, err := os.Stat(filepath.Join(h.dir, "instances", instanceName, "saves", "nauvis.zip")); err != nil {
		t.Errorf("its save: %v", err)
	}
}

func (c *controller) waitLinked(agent identity.ID) {
	c.t.Helper()
	eventually(c.t, "world is linked", func() bool {
		conn, ok := c.endpoint.Conn(agent)
		if !ok {
			return false
		}
		s, err := conn.Open(c.t.Context(), wire.Method_METHOD_OBSERVE)
		if err != nil {
			return false
		}
		defer s.Close()
		for {
			var o wire.Observed
			if err := s.Recv(&o); err != nil {
				return false
			}
			if i := o.GetInstances(); len(i) == 1 && i[0].GetState() == wire.State_STATE_RUNNING && i[0].GetLinked() {
				return true
			}
		}
	})
}

func TestAgentStartsGamesWithoutAController(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, scenario).Dir()}
	files, err := simgame.Modules()
	if err != nil {
		t.Fatal(err)
	}
	bundle := bundleOf(t, files)
	if err := (bundles{dir: filepath.Join(h.dir, "bundles")}).add(bundle.GetHash(), bundle.GetContent(), ""); err != nil {
		t.Fatal(err)
	}
	desired := `{"generation": "3", "bundle": "` + bundle.GetHash() + `", "instances": [{"id": "` + instanceName + `", "name": "n", "running": true}]}`
	if err := os.WriteFile(filepath.Join(h.dir, "desired.json"), []byte(desired), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	var s Status
	eventually(t, "the game runs", func() bool {
		s, err = AskStatus(t.Context(), h.dir)
		return err == nil && len(s.Instances) == 1 && s.Instances[0].State == "running" && s.Instances[0].Cause != ""
	})
	if s.Instances[0].Linked || !strings.Contains(s.Instances[0].Cause, "controller") {
		t.Errorf("status %+v", s)
	}
	game, err := supervisor.Attach(filepath.Join(h.dir, "instances", instanceName, ".mainbus"))
	if err != nil {
		t.Fatal(err)
	}
	h.stop() // leaves the game running
	if err := game.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the game has ended", func() bool { exit, err := game.Exit(); return err == nil && exit.Code == 0 })
}

func TestOnlyTheFirstControllerRulesTheInstances(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, `{}`).Dir()}
	status := h.start(t)
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), status.Port)
	first, second := newController(t), newController(t)
	if _, err := first.pair(addr, (<-h.codes).Code); err != nil {
		t.Fatal(err)
	}
	if _, err := second.pair(addr, string(pairing.NewCode())); err == nil {
		t.Error("paired although nobody asked for it")
	}
	code, err := AskPairingCode(t.Context(), h.dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := AskPairingCode(t.Context(), h.dir); err != nil || again.Code != code.Code {
		t.Errorf("asked again: %+v, %v; want %+v", again, err, code)
	}
	agent, err := second.pair(addr, code.Code)
	if err != nil {
		t.Fatal(err)
	}
	second.dial(agent, addr)
	for _, m := range []wire.Method{wire.Method_METHOD_DESIRED, wire.Method_METHOD_BUNDLE, wire.Method_METHOD_KILL,
		wire.Method_METHOD_CONSOLE_SEND, wire.Method_METHOD_CONSOLE_READ} {
		err := second.call(agent, m, &wire.Empty{}, nil)
		var status *link.StatusError
		if !errors.As(err, &status) || status.Code != wire.Code_CODE_REFUSED {
			t.Errorf("%v of the second controller: %v", m, err)
		}
	}
}

func TestOneAgentPerDataFolder(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, `{}`).Dir()}
	h.start(t)
	if err := New(Config{DataDir: h.dir, Name: "second", Log: slog.New(slog.DiscardHandler)}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another agent") {
		t.Errorf("second agent: %v", err)
	}
	if _, err := AskStatus(t.Context(), t.TempDir()); !errors.Is(err, local.ErrNobody) {
		t.Errorf("status without an agent: %v", err)
	}
}

func TestCheckDesired(t *testing.T) {
	ok := &wire.DesiredInstance{Id: instanceName}
	for name, d := range map[string]*wire.Desired{
		"path as id":   {Instances: []*wire.DesiredInstance{{Id: "../../../x"}}},
		"repeated id":  {Instances: []*wire.DesiredInstance{ok, ok}},
		"long name":    {Instances: []*wire.DesiredInstance{{Id: instanceName, Name: strings.Repeat("x", 41)}}},
		"path as hash": {Bundle: "../x"},
		"too many":     {Instances: make([]*wire.DesiredInstance, maxInstances+1)},
	} {
		if err := checkDesired(d); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if err := checkDesired(&wire.Desired{Instances: []*wire.DesiredInstance{ok}}); err != nil {
		t.Error(err)
	}
}

func TestBundles(t *testing.T) {
	b := bundles{dir: filepath.Join(t.TempDir(), "bundles")}
	for name, files := range map[string]map[string][]byte{
		"path":         {"../evil.lua": nil},
		"folder":       {"a/b.lua": nil},
		"no Lua":       {"a.txt": nil},
		"start number": {"start.lua": nil},
		"huge":         {"a.lua": make([]byte, maxBundleUnzips), "b.lua": {1}},
	} {
		if bundle := bundleOf(t, files); b.add(bundle.GetHash(), bundle.GetContent(), "") == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	var hashes []string
	for _, text := range []string{"one", "two", "three"} {
		bundle := bundleOf(t, map[string][]byte{"core.lua": []byte(text)})
		if err := b.add(bundle.GetHash(), bundle.GetContent(), bundle.GetHash()); err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, bundle.GetHash())
	}
	if files, err := b.modules(hashes[2]); err != nil || string(files["core.lua"]) != "three" {
		t.Errorf("modules %q, %v", files, err)
	}
	if b.has(hashes[0]) || !b.has(hashes[2]) || !b.has("") {
		t.Error("outdated bundles are kept, or the newest is not")
	}
	if _, err := b.modules(hashes[0]); err == nil {
		t.Error("a bundle that is not there")
	}
	if err := os.WriteFile(b.path(hashes[2]), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.modules(hashes[2]); err == nil {
		t.Error("a damaged bundle was used")
	}
}

func FuzzUnpack(f *testing.F) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	w, _ := archive.Create("core.lua")
	w.Write([]byte("return 1"))
	archive.Close()
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		files, err := unpack(content)
		if err != nil {
			return
		}
		for name := range files {
			if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
				t.Errorf("name %q", name)
			}
		}
	})
}
