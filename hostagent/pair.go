package hostagent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mainbus/hostagent/instance"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

// PairingCode is what a person types at a controller to let it in.
type PairingCode struct {
	Code    string    `json:"code"`
	Expires time.Time `json:"expires"`
}

// showCodes tells each new pairing code until ctx ends. As long as no controller is known pairing is always possible;
// later only for the life of a code, after somebody asked for it on this machine.
func (a *Agent) showCodes(ctx context.Context) {
	if !a.peers.any() {
		a.window.Open(time.Now())
	}
	var shown pairing.Code
	for {
		tried := a.paired.Wait()
		code, expires, open := a.window.Code(time.Now())
		if open && code != shown {
			shown = code
			a.cfg.PairingCode(PairingCode{string(code), expires})
		}
		timer := time.NewTimer(time.Until(expires))
		if !open {
			timer.Stop()
		}
		select {
		case <-tried:
		case <-timer.C:
			if a.peers.any() {
				a.window.Close()
			}
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// openWindow returns the code that is good now, opening the window if it is closed.
func (a *Agent) openWindow() PairingCode {
	now := time.Now()
	if _, _, open := a.window.Code(now); !open {
		a.window.Open(now)
		a.paired.Fire()
	}
	code, expires, _ := a.window.Code(now)
	return PairingCode{string(code), expires}
}

// pair is the agent's side of a pairing.
func (a *Agent) pair(ctx context.Context, s link.PairStream) error {
	<-a.listening
	defer a.paired.Fire()
	code, release, err := a.window.Try(time.Now())
	if err != nil {
		return err
	}
	err = pairing.Respond(ctx, s, pairing.Session{
		Code: code, Exporter: s.Exporter(), Controller: s.Peer(), Agent: a.identity.ID(),
	})
	release(err == nil)
	if errors.Is(err, pairing.ErrWrongCode) {
		standing := a.window.Standing(time.Now())
		a.log.Warn("a wrong pairing code was typed at a controller", "addr", s.PeerAddr(), "pairing", standing)
		return fmt.Errorf("%w: %s", err, standing)
	}
	if err != nil {
		return err
	}
	return a.trust(s.Peer(), s.PeerAddr())
}

// trust lets a controller in that has proved itself.
func (a *Agent) trust(id identity.ID, addr netip.AddrPort) error {
	known := a.peers.trusted(id)
	if err := a.peers.add(id, addr); err != nil {
		return err
	}
	a.log.Info("paired with a controller", "peer", id.Short(), "addr", addr)
	if !known {
		a.keepLink(id)
	}
	a.endpoint.Nudge()
	a.announceAgain()
	return nil
}

func (a *Agent) announceAgain() {
	select {
	case a.announced <- struct{}{}:
	default:
	}
}

// keepLink dials a controller where it was last seen whenever there is no link to it, until it is forgotten.
func (a *Agent) keepLink(id identity.ID) {
	ctx, cancel := context.WithCancel(a.ctx)
	a.keptMu.Lock()
	a.kept[id] = cancel
	a.keptMu.Unlock()
	a.workers.Go(func() {
		defer cancel()
		a.endpoint.Keep(ctx, id, func() []netip.AddrPort { return a.peers.addrs(id) })
	})
}

// connected is called when a link is up.
func (a *Agent) connected(c *link.Conn) {
	if err := a.peers.saw(c.Peer(), c.PeerHello().GetName(), c.RemoteAddr()); err != nil {
		a.log.Error("can't remember where the controller is", "err", err)
	}
	a.linked.Fire()
}

// openRun waits for a link to the owner of the instances and opens a run stream over it.
func (a *Agent) openRun(ctx context.Context) (instance.RunStream, error) {
	for {
		up := a.linked.Wait()
		if owner, ok := a.peers.owner(); ok {
			if c, ok := a.endpoint.Conn(owner); ok {
				return c.Open(ctx, wire.Method_METHOD_RUN)
			}
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
