package hostagent

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

// inviting is a controller that takes one invitation.
func inviting(t *testing.T) (c *controller, i *pairing.Invitation) {
	t.Helper()
	own, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c = &controller{t: t, identity: own, trust: map[identity.ID]bool{}}
	var once sync.Mutex
	used := false
	c.endpoint, err = link.Listen(link.Config{
		Identity: own, Addr: "127.0.0.1:0", Hello: func() *wire.Hello { return &wire.Hello{Name: "office"} },
		Trusted:  func(id identity.ID) bool { c.mu.Lock(); defer c.mu.Unlock(); return c.trust[id] },
		Handlers: map[wire.Method]link.Handler{wire.Method_METHOD_RUN: c.serveRun},
		Pair: func(ctx context.Context, s link.PairStream) error {
			return pairing.Admit(ctx, s, s.Exporter(), own.ID(), s.Peer(),
				func(pairing.InvitationID) (pairing.JoinKey, error) { return i.Key(), nil },
				func(pairing.InvitationID) error {
					once.Lock()
					defer once.Unlock()
					if used {
						return pairing.ErrNotInvited
					}
					used = true
					c.mu.Lock()
					defer c.mu.Unlock()
					c.trust[s.Peer()] = true
					return nil
				})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.endpoint.Close() })
	i, err = pairing.NewInvitation(own.ID(), []string{"no-such-name.invalid:1", c.endpoint.Addr().String()}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return c, i
}

func TestAgentJoinsAndForgets(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, `{}`).Dir()}
	status := h.start(t)
	c, i := inviting(t)
	for text, want := range map[string]string{"mb1.xyz": "damaged", "hello": "begins with", i.Code()[:50]: "damaged"} {
		if _, err := AskJoin(t.Context(), h.dir, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("join %q: %v", text, err)
		}
	}
	expired, err := pairing.NewInvitation(i.Controller, i.Addresses, time.Now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AskJoin(t.Context(), h.dir, expired.Code()); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("with an old code: %v", err)
	}
	other, err := pairing.NewInvitation(identity.ID{9}, i.Addresses, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AskJoin(t.Context(), h.dir, other.Code()); err == nil || !strings.Contains(err.Error(), link.ErrOtherKey.Error()) {
		t.Errorf("with another controller at the address: %v", err)
	}

	joined, err := AskJoin(t.Context(), h.dir, i.Code())
	if err != nil || joined.Controller != i.Controller.Short() || joined.Address != c.endpoint.Addr().String() {
		t.Fatalf("joined %+v, %v", joined, err)
	}
	agent, err := identity.ParseID(status.ID)
	if err != nil {
		t.Fatal(err)
	}
	var conn *link.Conn
	eventually(t, "linked", func() bool { var ok bool; conn, ok = c.endpoint.Conn(agent); return ok })
	eventually(t, "the agent knows its name", func() bool {
		s, err := AskStatus(t.Context(), h.dir)
		return err == nil && len(s.Controllers) == 1 && s.Controllers[0].Name == "office" && s.Controllers[0].Linked && s.Controllers[0].Owner
	})

	if _, err := AskForget(t.Context(), h.dir, "attic"); err == nil {
		t.Error("forgot somebody who is not there")
	}
	if gone, err := AskForget(t.Context(), h.dir, "office"); err != nil || gone.ID != i.Controller.String() || gone.Linked {
		t.Errorf("forgot %+v, %v", gone, err)
	}
	select {
	case <-conn.Context().Done():
	case <-time.After(patience):
		t.Fatal("the link lives on")
	}
	if !errors.Is(conn.Err(), link.ErrRevoked) {
		t.Errorf("the controller is told %v", conn.Err())
	}
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), status.Port)
	if _, err := c.endpoint.Dial(t.Context(), agent, []netip.AddrPort{addr}); !errors.Is(err, link.ErrUntrusted) {
		t.Errorf("its next link: %v", err)
	}
	if s, err := AskStatus(t.Context(), h.dir); err != nil || s.Paired || len(s.Controllers) != 0 {
		t.Errorf("status %+v, %v", s, err)
	}
	code, err := AskPairingCode(t.Context(), h.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.pair(addr, code.Code); err != nil {
		t.Errorf("pairing again: %v", err)
	}
}

// Both sides are told how it stands when wrong codes are typed.
func TestWrongCodesLockOutInWords(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, `{}`).Dir()}
	status := h.start(t)
	first := <-h.codes
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), status.Port)
	c := newController(t)
	for n := 1; n <= 5; n++ {
		_, err := c.pair(addr, string(pairing.NewCode()))
		if !errors.Is(err, pairing.ErrWrongCode) {
			t.Fatalf("wrong code %d: %v", n, err)
		}
		if want := map[int]string{1: "after 4 more", 5: "shows another code"}[n]; !strings.Contains(err.Error(), want) {
			t.Errorf("wrong code %d says %v", n, err)
		}
		s, err := AskStatus(t.Context(), h.dir)
		if err != nil || !strings.Contains(s.Pairing, "wrong codes") {
			t.Errorf("after %d wrong codes the host says %q, %v", n, s.Pairing, err)
		}
	}
	if _, err := c.pair(addr, first.Code); !errors.Is(err, link.ErrRefused) || !strings.Contains(err.Error(), "too many wrong codes") {
		t.Errorf("the code that was right: %v", err)
	}
	if again := <-h.codes; again.Code == first.Code {
		t.Error("the code is still the same")
	}
}
