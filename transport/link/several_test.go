package link

import (
	"errors"
	"fmt"
	"testing"

	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

// Programs with one key can be linked at once where that is meant, and all are ended together.
func TestSeveralLinksOfOneKey(t *testing.T) {
	key := newIdentity(t)
	to := newPeer(t, "controller", func(c *Config) {
		c.Several = func(id identity.ID) bool { return id == key.ID() }
	})
	var links []*Conn
	program := func(n int) *peer {
		return newPeer(t, "program", as(key), func(c *Config) {
			c.Hello = func() *wire.Hello { return &wire.Hello{Name: "program", Boot: fmt.Sprint(n)} }
		})
	}
	for n := range maxSeveral {
		links = append(links, dial(t, program(n), to))
	}
	if _, err := program(99).Dial(ctxOf(t), to.ID(), to.addrs()); !errors.Is(err, ErrRefused) {
		t.Errorf("one link too many: %v", err)
	}
	for n, c := range links {
		if err := c.Call(ctxOf(t), wire.Method_METHOD_PING, &wire.Empty{}, nil); err != nil {
			t.Errorf("link %d: %v", n, err)
		}
	}
	if _, ok := to.Conn(key.ID()); ok || to.Links(key.ID()) != maxSeveral {
		t.Errorf("%d links", to.Links(key.ID()))
	}
	links[0].Close("")
	eventually(t, "the end of a link to be noticed", func() bool { return to.Links(key.ID()) == maxSeveral-1 })
	to.Revoke(key.ID())
	for _, c := range links {
		ended(t, c)
	}
	eventually(t, "all links to be gone", func() bool { return to.Links(key.ID()) == 0 })
	if err := links[1].Err(); !errors.Is(err, ErrRevoked) {
		t.Errorf("the end of a link: %v", err)
	}
}
