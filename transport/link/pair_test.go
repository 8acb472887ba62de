package link

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"

	"mainbus/transport/identity"
	"mainbus/transport/pairing"
)

// agent makes an endpoint that pairs with whoever knows the code, as host agents do.
func agent(t *testing.T, code pairing.Code, paired chan<- error) *peer {
	own := newIdentity(t)
	return newPeer(t, "agent", as(own), func(c *Config) {
		c.Trusted = func(identity.ID) bool { return false }
		c.Pair = func(ctx context.Context, s PairStream) error {
			err := pairing.Respond(ctx, s, pairing.Session{Code: code, Exporter: s.Exporter(), Controller: s.Peer(), Agent: own.ID()})
			paired <- err
			return err
		}
	})
}

// join is the controller's side.
func join(e *peer, code pairing.Code, who *identity.ID) func(context.Context, PairStream) error {
	return func(ctx context.Context, s PairStream) error {
		*who = s.Peer()
		return pairing.Initiate(ctx, s, pairing.Session{Code: code, Exporter: s.Exporter(), Controller: e.ID(), Agent: s.Peer()})
	}
}

func TestPairing(t *testing.T) {
	paired := make(chan error, 1)
	a, c := agent(t, "K7Q4-9XBM", paired), newPeer(t, "controller")
	var who identity.ID
	for code, want := range map[pairing.Code]error{"K7Q4-9XBM": nil, "K7Q4-9XBN": pairing.ErrWrongCode} {
		err := c.Pair(ctxOf(t), a.addrs(), join(c, code, &who))
		if !errors.Is(err, want) {
			t.Errorf("controller, code %s: %v", code, err)
		}
		if err := receive(t, paired, "agent's result"); !errors.Is(err, want) {
			t.Errorf("agent, code %s: %v", code, err)
		}
		if who != a.ID() {
			t.Errorf("paired with %v", who)
		}
	}
}

// Somebody between the two, with a key of his own on either side, passes every byte on, and the person types the
// right code.
func TestRelayInTheMiddleIsRefused(t *testing.T) {
	paired := make(chan error, 1)
	a, c := agent(t, "K7Q4-9XBM", paired), newPeer(t, "controller")
	own := newIdentity(t)
	out := newPeer(t, "relay", as(own))
	in := newPeer(t, "relay", as(own), func(cfg *Config) {
		cfg.Pair = func(ctx context.Context, towardsController PairStream) error {
			return out.Pair(ctx, a.addrs(), func(ctx context.Context, towardsAgent PairStream) error {
				go io.Copy(towardsAgent, towardsController)
				_, err := io.Copy(towardsController, towardsAgent)
				return err
			})
		}
	})
	var who identity.ID
	if err := c.Pair(ctxOf(t), in.addrs(), join(c, "K7Q4-9XBM", &who)); !errors.Is(err, pairing.ErrWrongCode) {
		t.Errorf("controller: %v", err)
	}
	if err := receive(t, paired, "agent's result"); !errors.Is(err, pairing.ErrWrongCode) {
		t.Errorf("agent: %v", err)
	}
	if who != in.ID() {
		t.Errorf("the relay was not in the middle")
	}
}

func TestPairingIsDeclined(t *testing.T) {
	c := newPeer(t, "controller")
	talk := func(_ context.Context, s PairStream) error {
		if _, err := s.Write([]byte("x")); err != nil {
			return err
		}
		_, err := s.Read(make([]byte, 1))
		return err
	}
	closed := newPeer(t, "closed", func(cfg *Config) {
		cfg.Pair = func(context.Context, PairStream) error { return pairing.ErrClosed }
	})
	for name, addrs := range map[string][]netip.AddrPort{"open pairing on it": closed.addrs(), "no program to pair with": newPeer(t, "never").addrs()} {
		if err := c.Pair(ctxOf(t), addrs, talk); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), name) {
			t.Errorf("want ErrRefused with %q, got %v", name, err)
		}
	}
}

// A peer that pairs reaches nothing else, and from one address only so many can be at it.
func TestPairingSessionsAreBounded(t *testing.T) {
	entered, free := make(chan struct{}, 16), make(chan struct{})
	a := newPeer(t, "agent", func(cfg *Config) {
		cfg.Pair = func(ctx context.Context, s PairStream) error {
			entered <- struct{}{}
			<-free
			return nil
		}
	})
	c := newPeer(t, "controller")
	wait := func(ctx context.Context, s PairStream) error {
		s.Write([]byte("x"))
		_, err := s.Read(make([]byte, 1))
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	results := make(chan error, pairingEach)
	for range pairingEach {
		go func() { results <- c.Pair(context.Background(), a.addrs(), wait) }()
	}
	for range pairingEach {
		receive(t, entered, "pairing")
	}
	if err := c.Pair(ctxOf(t), a.addrs(), wait); !errors.Is(err, ErrRefused) {
		t.Errorf("one too many: %v", err)
	}
	close(free)
	for range pairingEach {
		if err := receive(t, results, "result"); err != nil {
			t.Error(err)
		}
	}
}

func TestPairingEndsWithTheEndpoint(t *testing.T) {
	entered := make(chan struct{})
	a := newPeer(t, "agent", func(cfg *Config) {
		cfg.Pair = func(ctx context.Context, s PairStream) error {
			close(entered)
			_, err := io.Copy(io.Discard, s)
			return err
		}
	})
	c := newPeer(t, "controller")
	result := make(chan error, 1)
	go func() {
		result <- c.Pair(context.Background(), a.addrs(), func(_ context.Context, s PairStream) error {
			s.Write([]byte("x"))
			_, err := s.Read(make([]byte, 1))
			return err
		})
	}()
	receive(t, entered, "pairing")
	a.Close()
	err := receive(t, result, "controller's result")
	if idle := (*quic.IdleTimeoutError)(nil); err == nil || errors.As(err, &idle) {
		t.Errorf("it ends with silence only: %v", err)
	}
}
