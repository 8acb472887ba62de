package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"mainbus/transport/identity"
)

const (
	dialStagger = 150 * time.Millisecond
	dialTimeout = 15 * time.Second
	maxAddrs    = 16
)

// Dial links to a peer. It tries the addresses in their order, each 150 ms after the one before, and takes the
// first at which the peer's key answers. The result is the peer's current link, which is another one if the peer
// dialed at the same moment.
func (e *Endpoint) Dial(ctx context.Context, id identity.ID, addrs []netip.AddrPort) (*Conn, error) {
	c, err := e.dial(ctx, id, addrs)
	if err != nil {
		return nil, fmt.Errorf("link to %s: %w", id.Short(), err)
	}
	return c, nil
}

func (e *Endpoint) dial(ctx context.Context, id identity.ID, addrs []netip.AddrPort) (*Conn, error) {
	if id.IsZero() || id == e.id {
		return nil, errors.New("this is no peer's identity")
	}
	ctx, cancel := e.bounded(ctx, dialTimeout)
	defer cancel()
	q, err := e.race(ctx, addrs, e.linkTLS(id))
	if err != nil {
		return nil, err
	}
	c := newConn(e, q, id, true)
	err = c.greet(ctx)
	if errors.Is(err, errDuplicate) {
		if current, ok := e.Conn(id); ok {
			return current, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if !e.spawn(c.serve) {
		c.Close("shutting down")
		e.forget(c)
		return nil, ErrClosed
	}
	return c, nil
}

// bounded ends with ctx, with the endpoint, and after d.
func (e *Endpoint) bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(e.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

type attempt struct {
	q   *quic.Conn
	err error
}

// race dials all addresses and returns the first connection. It does not wait for the losers, the endpoint does.
func (e *Endpoint) race(ctx context.Context, addrs []netip.AddrPort, conf *tls.Config) (*quic.Conn, error) {
	addrs = usable(addrs)
	if len(addrs) == 0 {
		return nil, errors.New("no address is known")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan attempt)
	var failed []error
	next := time.NewTimer(0)
	defer next.Stop()
	for started := 0; len(failed) < len(addrs); {
		select {
		case <-next.C:
			addr := addrs[started]
			if started++; started < len(addrs) {
				next.Reset(dialStagger)
			}
			if !e.spawn(func() { e.dialOne(ctx, addr, conf, results) }) {
				return nil, ErrClosed
			}
		case r := <-results:
			if r.err == nil {
				return r.q, nil
			}
			failed = append(failed, r.err)
			if started < len(addrs) {
				next.Reset(0)
			}
		case <-ctx.Done():
			return nil, e.ended(ctx, failed)
		}
	}
	return nil, errors.Join(failed...)
}

func (e *Endpoint) ended(ctx context.Context, failed []error) error {
	if e.ctx.Err() != nil {
		return ErrClosed
	}
	return errors.Join(append(failed, context.Cause(ctx))...)
}

func (e *Endpoint) dialOne(ctx context.Context, addr netip.AddrPort, conf *tls.Config, results chan<- attempt) {
	q, err := e.transport.Dial(ctx, net.UDPAddrFromAddrPort(addr), conf, e.quicConfig())
	if idle := (*quic.IdleTimeoutError)(nil); errors.As(err, &idle) {
		err = fmt.Errorf("%s: no answer: %w", addr, err)
	} else if err != nil {
		err = fmt.Errorf("%s: %w", addr, readable(err))
	}
	select {
	case results <- attempt{q, err}:
	case <-ctx.Done():
		if q != nil {
			q.CloseWithError(codeClosed, "another address was faster")
		}
	}
}

// usable drops what can't be dialed and what is there twice.
func usable(addrs []netip.AddrPort) []netip.AddrPort {
	var list []netip.AddrPort
	seen := map[netip.AddrPort]bool{}
	for _, a := range addrs {
		a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		if !a.IsValid() || a.Port() == 0 || a.Addr().IsMulticast() || seen[a] {
			continue
		}
		seen[a] = true
		if list = append(list, a); len(list) == maxAddrs {
			break
		}
	}
	return list
}
