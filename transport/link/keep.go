package link

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"mainbus/transport/identity"
)

// keepDelays are the waits between attempts; each is drawn between half of it and all of it, so that many programs
// that lost the same peer do not come back in step.
var keepDelays = [...]time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second}

// settled is how long a link must have lived for its end to be news rather than one more failed attempt.
const settled = 5 * time.Second

// Keep keeps a link to a peer until ctx or the endpoint ends: it dials whenever none is up, no matter who dialed
// the one before. addrs is asked before each attempt; none means that there is nothing to try yet.
func (e *Endpoint) Keep(ctx context.Context, id identity.ID, addrs func() []netip.AddrPort) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	var tried []netip.AddrPort
	var useless *Conn
	for failures := 0; ctx.Err() == nil; {
		nudged := e.nudged.Wait()
		if c, ok := e.Conn(id); ok && c != useless {
			up := time.Now()
			if e.hold(ctx, c); c.Err() == nil {
				useless = c
				continue // with another, beside it: it may come back
			}
			nudged = e.nudged.Wait()
			if time.Since(up) >= settled {
				failures = 0
			}
		} else if list := addrs(); len(list) > 0 {
			if !slices.Equal(list, tried) {
				failures = 0
			}
			tried = slices.Clone(list)
			switch err := e.dialUntil(ctx, nudged, id, list); {
			case err == nil, useless != nil && useless.answers(ctx):
				useless = nil
				continue
			case errors.Is(err, errNudged), ctx.Err() != nil:
			default:
				e.troubled(id, err)
				e.log.Debug("dialing failed", "peer", id.Short(), "addrs", list, "err", err)
			}
		}
		if wait(ctx, nudged, keepDelay(failures)) {
			failures = 0
		} else {
			failures++
		}
	}
}

// dialUntil gives up when nudged: there may be better addresses, or ways to them.
func (e *Endpoint) dialUntil(ctx context.Context, nudged <-chan struct{}, id identity.ID, addrs []netip.AddrPort) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-nudged:
			cancel(errNudged)
		case <-ctx.Done():
		}
	}()
	_, err := e.Dial(ctx, id, addrs)
	if err != nil && errors.Is(context.Cause(ctx), errNudged) {
		return errNudged
	}
	return err
}

var errNudged = errors.New("there may be a better way")

// Nudge makes every Keep that has no link try again at once: an address became known, or an interface came up.
func (e *Endpoint) Nudge() { e.nudged.Fire() }

func keepDelay(failures int) time.Duration {
	d := keepDelays[min(failures, len(keepDelays)-1)]
	return d/2 + rand.N(d/2)
}

// wait reports whether it was cut short by a nudge.
func wait(ctx context.Context, nudged <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-nudged:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}
