package hostagent

import (
	"archive/zip"
	"bytes"
	"cmp"
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

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/releases"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

const instanceName = "abcdefghij"

// host runs an agent.
type host struct {
	dir, factorio string
	site          string // where the game is downloaded from; empty: nowhere
	goingDown     func() bool
	codes         chan PairingCode
	started       chan Status
	stop          context.CancelFunc
	ended         chan error
	agent         *Agent // the running one
}

// folders are those of the game that the command line would name.
func (h *host) folders() []string {
	if h.factorio == "" {
		return nil
	}
	return []string{h.factorio}
}

// gamePorts begin where no other package's tests look, which run at the same time: a game that loses its port is started again.
func gamePorts() uint16 { return uint16(30_000 + os.Getpid()%20*100) }

func (h *host) start(t *testing.T) Status {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.codes, h.started, h.ended = make(chan PairingCode, 10), make(chan Status, 1), make(chan error, 1)
	agent := New(Config{
		GoingDown: h.goingDown,
		DataDir:   h.dir, FactorioDirs: h.folders(), Distro: releases.Linux64,
		Releases: releases.Sites{Site: cmp.Or(h.site, "http://127.0.0.1:1"), Download: h.site}, Name: "test host", Self: self, Version: "test",
		FirstGamePort: gamePorts(), LastGamePort: gamePorts() + 99,
		Interfaces:  func([]net.Interface) []net.Interface { return nil }, // nobody shall find it
		Started:     func(s Status) { h.started <- s },
		PairingCode: func(c PairingCode) { h.codes <- c },
		Log:         slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	})
	h.agent = agent
	done := make(chan struct{})
	go func() { defer close(done); h.ended <- agent.Run(ctx) }()
	h.stop = func() { cancel(); <-done }
	t.Cleanup(h.stop)
	select {
	case s := <-h.started:
		return s
	case err := <-h.ended:
		t.Fatalf("agent ended: %v", err)
	case <-time.After(patience):
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
		case up.GetEnvelopes() != nil:
			c.mu.Lock()
			for _, e := range up.GetEnvelopes().GetList() {
				c.bus = append(c.bus, string(e.GetBody()))
			}
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

// patience is for what happens at once on a machine that has nothing else to do.
const patience = 2 * time.Minute

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
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
