package hostagent

import (
	"archive/zip"
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/local"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { simgame.Main(m) }

const scenario = `{"autosave_seconds": 3600, "worlds": {"*": {
  "chests": [{"id": "out", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "quality": "normal", "count": 120}]}],
  "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]}]}}}`

// taken tells whether somebody else has a port, such as an agent of another test.
func taken(port uint16) bool {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
	if err != nil {
		return true
	}
	conn.Close()
	return false
}

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
	c.checkConsole(agent)
	c.checkFigures(agent)
	if err := c.call(agent, wire.Method_METHOD_DESIRED, &wire.Desired{Generation: 4}, &reply); err != nil {
		t.Errorf("outdated wishes: %v", err)
	}

	h.stop()
	if err := <-h.ended; err != nil {
		t.Errorf("agent ended with %v", err)
	}
	again := h.start(t)
	if again.Port != status.Port && !taken(status.Port) || !again.Paired {
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

func (c *controller) checkConsole(agent identity.ID) {
	c.t.Helper()
	var console wire.ConsoleReply
	err := c.call(agent, wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Instance: instanceName, Line: "/version"}, &console)
	if err != nil || !strings.Contains(console.GetText(), "2.0.77") {
		c.t.Errorf("console: %v, %v", &console, err)
	}
	var page wire.ConsolePage
	err = c.call(agent, wire.Method_METHOD_CONSOLE_READ, &wire.ConsoleRead{Instance: instanceName, Limit: 5}, &page)
	if err != nil || len(page.GetLines()) != 5 || page.GetNext() == 0 {
		c.t.Errorf("console output: %v, %v", &page, err)
	}
}

func (c *controller) checkFigures(agent identity.ID) {
	c.t.Helper()
	conn, _ := c.endpoint.Conn(agent)
	stream, err := conn.Open(c.t.Context(), wire.Method_METHOD_MEASURE)
	if err != nil {
		c.t.Fatal(err)
	}
	defer stream.Close()
	if err := stream.Send(&wire.Empty{}); err != nil {
		c.t.Fatal(err)
	}
	var m wire.Measured
	eventually(c.t, "the game's UPS is measured", func() bool {
		if err := stream.Recv(&m); err != nil {
			c.t.Fatal(err)
		}
		return len(m.GetInstances()) == 1 && m.GetInstances()[0].Ups != nil && m.GetInstances()[0].CpuCores != nil
	})
	g, h := m.GetInstances()[0], m.GetHost()
	if g.GetUps() <= 0 || g.GetUps() > 66 || g.GetCpuCores() <= 0 || g.GetMemoryBytes() <= 0 || g.GetRconSeconds() <= 0 || g.BacklogMessages == nil || g.Players == nil || g.GetDiskBytes() <= 0 {
		c.t.Errorf("figures of the game: %v", g)
	}
	if h.GetAgentMemoryBytes() <= 0 || h.GetMemoryTotalBytes() <= h.GetMemoryBytes() {
		c.t.Errorf("figures of the host: %v", h)
	}
}

// newLonelyHost has a game that is to run, and no controller.
func newLonelyHost(t *testing.T) *host {
	t.Helper()
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
	return h
}

func TestAgentStartsGamesWithoutAController(t *testing.T) {
	h := newLonelyHost(t)
	h.start(t)
	var s Status
	var err error
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
		wire.Method_METHOD_CONSOLE_SEND, wire.Method_METHOD_CONSOLE_READ, wire.Method_METHOD_FOLDER_LOOK, wire.Method_METHOD_FOLDER_TAKE} {
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

// A busy machine may hold up the agent once, or twice.
func TestSilentCallersDoNotHoldUpTheAgent(t *testing.T) {
	var took time.Duration
	for range 5 {
		if took = endAmongSilentCallers(t); took <= askTime {
			return
		}
	}
	t.Errorf("the agent took %v to end", took)
}

func endAmongSilentCallers(t *testing.T) time.Duration {
	t.Helper()
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, "{}").Dir()}
	h.start(t)
	for n := range maxDoor + 4 {
		if n == maxDoor-1 { // all before are let in
			if _, err := AskStatus(t.Context(), h.dir); err != nil {
				t.Error(err)
			}
		}
		conn, err := local.Dial(t.Context(), filepath.Join(h.dir, doorFile))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	began := time.Now()
	h.stop()
	return time.Since(began)
}

func TestCheckDesired(t *testing.T) {
	ok := &wire.DesiredInstance{Id: instanceName}
	for name, d := range map[string]*wire.Desired{
		"path as id":   {Instances: []*wire.DesiredInstance{{Id: "../../../x"}}},
		"repeated id":  {Instances: []*wire.DesiredInstance{ok, ok}},
		"long name":    {Instances: []*wire.DesiredInstance{{Id: instanceName, Name: strings.Repeat("x", maxInstanceName+1)}}},
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
