// Package pairing proves to a controller and an agent that a person typed on one side the code which the other
// side shows, without giving a listener or a relay anything to guess the code from. It is CPace on ristretto255,
// bound to the TLS session and to both keys. It starts no goroutines.
//
// The frames, all of fixed length:
//
//	controller → agent   Ya, 32 bytes
//	agent → controller   Yb, 32 bytes
//	controller → agent   confirmation, 32 bytes
//	agent → controller   1 and its confirmation, 32 bytes; or 0, which says that the code was wrong
//	controller → agent   1: paired
//
// The controller confirms first, so whoever plays controller learns nothing but whether one guess was right.
package pairing

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/gtank/ristretto255"

	"mainbus/transport/identity"
)

// The strings that set this use of the primitives apart from every other.
const (
	dsiGenerator = "mainbus-pair-v1 CPace-ristretto255-SHA512 generator"
	dsiKey       = "mainbus-pair-v1 CPace-ristretto255-SHA512 key"
	dsiConfirm   = "mainbus-pair-v1 confirm "

	roleController = "controller"
	roleAgent      = "agent"

	verdictWrong = 0
	verdictRight = 1

	size        = 32
	minExporter = 32
)

// ErrWrongCode says that the two sides did not use the same code, or that somebody sits between them.
var ErrWrongCode = errors.New("wrong pairing code")

// ErrMalformed says that the other side does not speak this protocol.
var ErrMalformed = errors.New("malformed pairing message")

// Session is what a pairing is bound to; both sides must have the same.
type Session struct {
	Code              Code
	Exporter          []byte // keying material of the TLS session, at least 32 bytes
	Controller, Agent identity.ID
}

// Initiate runs the controller's side. When it returns nil the peer is Agent and knows Code. The context ends a
// wait only if rw has a SetDeadline method; otherwise whoever owns rw closes it.
func Initiate(ctx context.Context, rw io.ReadWriter, s Session) error {
	return run(ctx, rw, s, randomScalar(), initiate)
}

// Respond runs the agent's side. When it returns nil the peer is Controller and knows Code.
func Respond(ctx context.Context, rw io.ReadWriter, s Session) error {
	return run(ctx, rw, s, randomScalar(), respond)
}

type side func(rw io.ReadWriter, x *exchange) error

func run(ctx context.Context, rw io.ReadWriter, s Session, y *ristretto255.Scalar, do side) error {
	x, err := newExchange(s, y)
	if err != nil {
		return err
	}
	if d, ok := rw.(interface{ SetDeadline(time.Time) error }); ok {
		stop := context.AfterFunc(ctx, func() { d.SetDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	err = do(rw, x)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("pair: %w", context.Cause(ctx))
	}
	return err
}

func initiate(rw io.ReadWriter, x *exchange) error {
	if err := send(rw, x.public); err != nil {
		return err
	}
	yb, err := receive(rw, size)
	if err != nil {
		return err
	}
	key, err := x.key(yb, x.public, yb)
	if err != nil {
		return err
	}
	if err := send(rw, confirmation(key, roleController)); err != nil {
		return err
	}
	verdict, err := receive(rw, 1)
	if err != nil {
		return err
	}
	switch verdict[0] {
	case verdictRight:
	case verdictWrong:
		return ErrWrongCode
	default:
		return fmt.Errorf("%w: verdict %d", ErrMalformed, verdict[0])
	}
	theirs, err := receive(rw, size)
	if err != nil {
		return err
	}
	if !hmac.Equal(theirs, confirmation(key, roleAgent)) {
		return ErrWrongCode
	}
	return send(rw, []byte{verdictRight})
}

func respond(rw io.ReadWriter, x *exchange) error {
	ya, err := receive(rw, size)
	if err != nil {
		return err
	}
	key, err := x.key(ya, ya, x.public)
	if err != nil {
		return err
	}
	if err := send(rw, x.public); err != nil {
		return err
	}
	theirs, err := receive(rw, size)
	if err != nil {
		return err
	}
	if !hmac.Equal(theirs, confirmation(key, roleController)) {
		_ = send(rw, []byte{verdictWrong}) // a courtesy; the refusal stands if it gets lost
		return ErrWrongCode
	}
	if err := send(rw, append([]byte{verdictRight}, confirmation(key, roleAgent)...)); err != nil {
		return err
	}
	done, err := receive(rw, 1)
	if err != nil {
		return err
	}
	if done[0] != verdictRight {
		return fmt.Errorf("%w: verdict %d", ErrMalformed, done[0])
	}
	return nil
}

// exchange is one side's half of a CPace run.
type exchange struct {
	secret *ristretto255.Scalar
	public []byte
	sid    []byte // the TLS session
	ci     []byte // who talks to whom
}

func newExchange(s Session, y *ristretto255.Scalar) (*exchange, error) {
	code, err := ParseCode(string(s.Code))
	if err != nil {
		return nil, err
	}
	if len(s.Exporter) < minExporter {
		return nil, fmt.Errorf("pair: %d bytes of keying material, need %d", len(s.Exporter), minExporter)
	}
	if s.Controller.IsZero() || s.Agent.IsZero() || s.Controller == s.Agent {
		return nil, errors.New("pair: the two sides need identities of their own")
	}
	x := &exchange{secret: y, sid: s.Exporter}
	x.ci = prefixed(nil, []byte(roleController), s.Controller[:], []byte(roleAgent), s.Agent[:])
	uniform := sum(sha512.New(), []byte(dsiGenerator), []byte(code), x.ci, x.sid)
	g := ristretto255.NewElement().FromUniformBytes(uniform)
	x.public = ristretto255.NewElement().ScalarMult(y, g).Encode(nil)
	return x, nil
}

// key turns the peer's public element into the shared key. A peer that sends the identity element would know the
// result whatever the code is, so it is refused.
func (x *exchange) key(peer, ya, yb []byte) ([]byte, error) {
	p := ristretto255.NewElement()
	if err := p.Decode(peer); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	k := ristretto255.NewElement().ScalarMult(x.secret, p)
	if k.Equal(ristretto255.NewElement()) == 1 {
		return nil, fmt.Errorf("%w: identity element", ErrMalformed)
	}
	return sum(sha512.New(), []byte(dsiKey), x.sid, x.ci, k.Encode(nil), ya, yb), nil
}

func confirmation(key []byte, role string) []byte {
	m := hmac.New(sha256.New, key)
	io.WriteString(m, dsiConfirm+role)
	return m.Sum(nil)
}

func randomScalar() *ristretto255.Scalar {
	var b [64]byte
	rand.Read(b[:]) // ends the program rather than fail
	return ristretto255.NewScalar().FromUniformBytes(b[:])
}

func sum(h hash.Hash, parts ...[]byte) []byte {
	h.Write(prefixed(nil, parts...))
	return h.Sum(nil)
}

// prefixed appends each part after its length, so that no two lists of parts give the same bytes.
func prefixed(b []byte, parts ...[]byte) []byte {
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func send(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("pair: send: %w", err)
	}
	return nil
}

func receive(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("pair: receive: %w", err)
	}
	return b, nil
}
