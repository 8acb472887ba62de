package link

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

func saying(h *wire.Hello) option {
	return func(c *Config) { c.Hello = func() *wire.Hello { return h } }
}

func TestVersionsThatDoNotWorkTogetherSaySoOnBothSides(t *testing.T) {
	b := newPeer(t, "b", saying(&wire.Hello{Name: "garage", Version: "1.4.0"}))
	a := newPeer(t, "a", saying(&wire.Hello{Name: "office", Version: "1.2.7"}))
	_, err := a.Dial(ctxOf(t), b.ID(), b.addrs())
	if !errors.Is(err, ErrVersion) {
		t.Fatalf("two minor versions apart: %v", err)
	}
	eventually(t, "the other side has noticed", func() bool { return b.Trouble(a.ID()) != nil })
	for _, text := range []string{err.Error(), b.Trouble(a.ID()).Error()} {
		for _, part := range []string{"garage has 1.4.0", "office has 1.2.7"} {
			if !strings.Contains(text, part) {
				t.Errorf("%q does not say that %s", text, part)
			}
		}
	}
	next := newPeer(t, "next", saying(&wire.Hello{Name: "next", Version: "1.3.0", Features: []string{"bulk", "later"}}))
	newer := newPeer(t, "newer", saying(&wire.Hello{Version: "1.4.1", Features: []string{"bulk"}}))
	c := dial(t, next, newer)
	if !c.Shares("bulk") || c.Shares("later") {
		t.Errorf("shared features of %v", c.PeerHello())
	}
	if err := next.Trouble(newer.ID()); err != nil {
		t.Errorf("one minor version apart: %v", err)
	}
}

// A data folder was copied and both programs run. The one that is linked stays; both are told.
func TestTwoProgramsWithOneKey(t *testing.T) {
	who := newIdentity(t)
	first := newPeer(t, "first", as(who), saying(&wire.Hello{Boot: "1"}))
	copied := newPeer(t, "copy", as(who), saying(&wire.Hello{Boot: "2"}))
	b := newPeer(t, "b")
	c := dial(t, first, b)
	for range 2 {
		if _, err := copied.Dial(ctxOf(t), b.ID(), b.addrs()); !errors.Is(err, ErrSameKey) {
			t.Errorf("the copy's link: %v", err)
		}
	}
	if _, err := b.Dial(ctxOf(t), who.ID(), copied.addrs()); !errors.Is(err, ErrSameKey) {
		t.Errorf("the link to the copy: %v", err)
	}
	if err := b.Trouble(who.ID()); !errors.Is(err, ErrSameKey) {
		t.Errorf("what is said: %v", err)
	}
	if c.Err() != nil {
		t.Fatalf("the first one's link ended: %v", c.Err())
	}

	// Once the first is gone the other may take its place, and then the first may not.
	first.Close()
	ended(t, c)
	eventually(t, "the copy is let in", func() bool {
		_, err := copied.Dial(ctxOf(t), b.ID(), b.addrs())
		return err == nil
	})
	first = newPeer(t, "first", as(who), saying(&wire.Hello{Boot: "1"}))
	if _, err := first.Dial(ctxOf(t), b.ID(), b.addrs()); !errors.Is(err, ErrSameKey) {
		t.Errorf("the first one's link: %v", err)
	}
}

// A program that was killed and started again has another boot and the same key, and is let in at once.
func TestAProgramThatCameBackIsNoSecondOne(t *testing.T) {
	who := newIdentity(t)
	b := newPeer(t, "b")
	first := newPeer(t, "first", as(who), saying(&wire.Hello{Boot: "1"}))
	dial(t, first, b)
	crash(first)
	again := newPeer(t, "again", as(who), saying(&wire.Hello{Boot: "2"}))
	start := time.Now()
	dial(t, again, b)
	t.Logf("linked after %v", time.Since(start))
	if err := b.Trouble(who.ID()); err != nil {
		t.Errorf("said: %v", err)
	}
}

func TestRevokedPeersAreCutOff(t *testing.T) {
	var trusted atomic.Bool
	trusted.Store(true)
	b := newPeer(t, "b", trusting(func(identity.ID) bool { return trusted.Load() }))
	a := newPeer(t, "a")
	go a.Keep(ctxOf(t), b.ID(), b.addrsOf)
	c := receive(t, a.connected, "link")
	trusted.Store(false)
	b.Revoke(a.ID())
	ended(t, c)
	if !errors.Is(c.Err(), ErrRevoked) {
		t.Errorf("the peer is told %v", c.Err())
	}
	eventually(t, "the peer is refused", func() bool { return errors.Is(a.Trouble(b.ID()), ErrUntrusted) })

	// Revoked between the handshake and the hello.
	answers := 0
	b = newPeer(t, "b", trusting(func(identity.ID) bool { answers++; return answers == 1 }))
	if c, err := a.Dial(ctxOf(t), b.ID(), b.addrs()); err == nil {
		ended(t, c)
	}
	eventually(t, "there is no link", func() bool { _, ok := b.Conn(a.ID()); return !ok })
}
