package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

var (
	// ErrRevoked says that the peer has ended the pairing.
	ErrRevoked = errors.New("the peer has ended the pairing")
	// ErrVersion says that the two programs are too far apart to work together.
	ErrVersion = errors.New("versions that do not work together")
	// ErrSameKey says that two programs use one key, because a data folder was copied; one of them is linked.
	ErrSameKey = errors.New("two programs use the same key, because a data folder was copied")
)

const (
	maxBoots   = 8
	clashFor   = time.Minute            // how long it is said that a second program with a peer's key was seen
	answerTime = 200 * time.Millisecond // for a peer that is there to answer a ping, beyond a few round trips
	answerRTTs = 4
)

// acquaintance is what is remembered of a peer beyond its links.
type acquaintance struct {
	boots   []string  // of its programs, the newest last
	clash   time.Time // when two of them were seen that live at once
	trouble error     // why there is no link, of late
}

func (e *Endpoint) acquaintance(id identity.ID) *acquaintance {
	a := e.known[id]
	if a == nil {
		a = &acquaintance{}
		e.known[id] = a
	}
	return a
}

// Trouble says what is wrong with a peer: why the newest attempt to link failed, or that two programs use its key. It is
// nil when all is well, and for peers that nothing was tried with.
func (e *Endpoint) Trouble(id identity.ID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.known[id]
	switch {
	case a == nil:
		return nil
	case time.Since(a.clash) < clashFor:
		return ErrSameKey
	}
	return a.trouble
}

func (e *Endpoint) troubled(id identity.ID, err error) {
	e.mu.Lock()
	a := e.acquaintance(id)
	if errors.Is(err, ErrSameKey) {
		a.clash = time.Now()
	}
	news := (a.trouble == nil) != (err == nil) || err != nil && a.trouble.Error() != err.Error()
	a.trouble = err
	e.mu.Unlock()
	if news && e.cfg.Troubled != nil {
		e.spawn(func() { e.cfg.Troubled(id) })
	}
}

// Revoke ends the links of a peer that Trusted lets in no more, and tells it so.
func (e *Endpoint) Revoke(id identity.ID) {
	e.mu.Lock()
	ended := slices.Clone(e.others[id])
	if c := e.conns[id]; c != nil {
		ended = append(ended, c)
	}
	delete(e.known, id)
	e.mu.Unlock()
	for _, c := range ended {
		c.end(codeRevoked, "the pairing was ended")
	}
}

// compatible tells both sides in the same words why they do not work together.
func (e *Endpoint) compatible(peer *wire.Hello) error {
	own := e.hello()
	if wire.Compatible(own.GetVersion(), peer.GetVersion()) {
		return nil
	}
	return fmt.Errorf("%w: %s has %s and %s has %s, and they may be one minor version apart",
		ErrVersion, own.GetName(), own.GetVersion(), peer.GetName(), peer.GetVersion())
}

// admit makes c the link of its peer. A newer link replaces an older one, since the peer dialed because the older
// one is of no use to it. But when both dial at the same moment each would close what the other keeps; so within a
// second a link that the peer with the smaller ID dialed stays, and the other's yields.
//
// Of two programs with the same key the one that is linked stays. A program that was started again looks like a second one,
// but the one before it does not answer any more; and none comes back after another has taken its place.
func (e *Endpoint) admit(ctx context.Context, c *Conn) error {
	if err := e.compatible(c.hello); err != nil {
		c.end(codeVersion, err.Error())
		return err
	}
	if e.cfg.Several != nil && e.cfg.Several(c.peer) {
		return e.admitBeside(c)
	}
	if err := e.refuseSecond(ctx, c); err != nil {
		c.end(codeSameKey, err.Error())
		return err
	}
	e.mu.Lock()
	old := e.conns[c.peer]
	if old != nil && old.Err() == nil && old.preferred() && !c.preferred() && time.Since(old.since) < freshLink {
		e.mu.Unlock()
		c.end(codeDuplicate, "a link that was dialed at the same time stays")
		return errDuplicate
	}
	c.since = time.Now()
	e.conns[c.peer] = c
	e.acquaintance(c.peer).met(c.hello.GetBoot())
	e.mu.Unlock()
	if old != nil {
		old.end(codeReplaced, "replaced by a newer link")
	}
	if !e.cfg.Trusted(c.peer) { // it was, at the handshake
		c.end(codeRevoked, "the pairing was ended")
		return ErrUntrusted
	}
	e.troubled(c.peer, nil)
	return nil
}

// admitBeside makes c one of the links of its peer.
func (e *Endpoint) admitBeside(c *Conn) error {
	e.mu.Lock()
	full := len(e.others[c.peer]) >= maxSeveral
	if !full {
		c.since = time.Now()
		e.others[c.peer] = append(e.others[c.peer], c)
	}
	e.mu.Unlock()
	if full {
		c.end(codeBusy, fmt.Sprintf("this key has %d connections already", maxSeveral))
		return ErrRefused
	}
	if !e.cfg.Trusted(c.peer) { // it was, at the handshake
		c.end(codeRevoked, "the pairing was ended")
		return ErrUntrusted
	}
	return nil
}

func (e *Endpoint) refuseSecond(ctx context.Context, c *Conn) error {
	boot := c.hello.GetBoot()
	e.mu.Lock()
	old := e.conns[c.peer]
	var came bool
	if a := e.known[c.peer]; a != nil {
		came = slices.Contains(a.boots, boot)
	}
	e.mu.Unlock()
	if boot == "" || old == nil || old.Err() != nil || old.hello.GetBoot() == boot {
		return nil
	}
	if came || old.answers(ctx) {
		return ErrSameKey
	}
	return nil
}

func (a *acquaintance) met(boot string) {
	if boot == "" {
		return
	}
	a.boots = append(slices.DeleteFunc(a.boots, func(b string) bool { return b == boot }), boot)
	if len(a.boots) > maxBoots {
		a.boots = a.boots[1:]
	}
}

// answers tells whether the peer is still there to answer over this link.
func (c *Conn) answers(ctx context.Context) bool {
	patience := answerTime + answerRTTs*c.q.ConnectionStats().SmoothedRTT
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := c.call(ctx, wire.Method_METHOD_PING, &wire.Empty{}, nil)
	var status *StatusError
	return err == nil || errors.As(err, &status) // one that knows no ping is there as well
}
