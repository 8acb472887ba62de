package pairing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"mainbus/transport/identity"
)

// The strings that set joining apart from every other use of the primitives.
const (
	dsiJoinID   = "mainbus-join-v1 id"
	dsiJoinKey  = "mainbus-join-v1 key"
	dsiLoginID  = "mainbus-login-v1 id"
	dsiLoginKey = "mainbus-login-v1 key"
	dsiJoin     = "mainbus-join-v1 "
)

const (
	codePrefix     = "mb1."
	loginPrefix    = "mbl1." // a code for a person, which no host takes for one of its own
	maxCode        = 2048    // characters
	maxAddresses   = 8
	maxAddress     = 255 // characters
	secretSize     = 16
	invitationSize = 8
	checkSize      = 4
)

// ErrNotInvited says that a controller does not take a join code; what comes after it is why.
var ErrNotInvited = errors.New("the controller does not take this join code")

// InvitationID tells invitations apart. It is no secret.
type InvitationID [invitationSize]byte

func (id InvitationID) String() string { return hex.EncodeToString(id[:]) }

// ParseInvitationID reads what String gives.
func ParseInvitationID(s string) (id InvitationID, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("an invitation's id has %d hexadecimal digits", 2*len(id))
	}
	return InvitationID(b), nil
}

// JoinKey is what a joiner has to prove that it knows; it follows from the secret of the code, and not the other way.
type JoinKey [sha256.Size]byte

// Invitation is what a join code says: where a controller is, how to know it, and what lets one host in. A login code says the same, and
// lets in one program of a person.
type Invitation struct {
	Addresses  []string // host:port, the best first
	Controller identity.ID
	Expires    time.Time // whole seconds
	Login      bool

	secret [secretSize]byte
}

// NewInvitation draws a secret.
func NewInvitation(controller identity.ID, addresses []string, expires time.Time) (*Invitation, error) {
	i := &Invitation{Addresses: addresses, Controller: controller, Expires: expires.Truncate(time.Second)}
	rand.Read(i.secret[:]) // ends the program rather than fail
	return i, i.check()
}

// NewLogin draws the secret of a login code.
func NewLogin(controller identity.ID, addresses []string, expires time.Time) (*Invitation, error) {
	i, err := NewInvitation(controller, addresses, expires)
	i.Login = true
	return i, err
}

// ID returns what the controller keeps the invitation under.
func (i *Invitation) ID() InvitationID {
	h := sum(sha256.New(), []byte(i.either(dsiJoinID, dsiLoginID)), i.secret[:])
	return InvitationID(h[:invitationSize])
}

// Key returns what the controller keeps of the secret.
func (i *Invitation) Key() JoinKey {
	return JoinKey(sum(sha256.New(), []byte(i.either(dsiJoinKey, dsiLoginKey)), i.secret[:]))
}

func (i *Invitation) either(join, login string) string {
	if i.Login {
		return login
	}
	return join
}

// String hides the secret, so that none gets into a log by accident. Code is what is handed on.
func (i *Invitation) String() string { return i.either(codePrefix, loginPrefix) + "…" }

// GoString hides the secret too.
func (i *Invitation) GoString() string { return i.String() }

func (i *Invitation) check() error {
	if len(i.Addresses) == 0 || len(i.Addresses) > maxAddresses {
		return fmt.Errorf("a join code has 1 to %d addresses", maxAddresses)
	}
	for _, a := range i.Addresses {
		host, port, err := net.SplitHostPort(a)
		if err != nil || host == "" || port == "" || len(a) > maxAddress || !utf8.ValidString(a) || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' }) {
			return fmt.Errorf("%.60q is no address host:port", a)
		}
	}
	if i.Controller.IsZero() || i.Expires.Unix() <= 0 || i.Expires.Unix() > 1<<40 {
		return errors.New("a join code needs a controller and an expiry")
	}
	return nil
}

// Code is the invitation as one line to be pasted at the host: "mb1.", or "mbl1." of a login code, and base64url of
//
//	expiry   5 bytes, Unix seconds
//	identity 32 bytes, of the controller
//	secret   16 bytes
//	count    1 byte, and as many addresses: 1 byte of length, then text
//	check    4 bytes, the start of the SHA-256 of all before it, against mistakes in copying
func (i *Invitation) Code() string {
	var b []byte
	b = append(b, binary.BigEndian.AppendUint64(nil, uint64(i.Expires.Unix()))[3:]...)
	b = append(b, i.Controller[:]...)
	b = append(b, i.secret[:]...)
	b = append(b, byte(len(i.Addresses)))
	for _, a := range i.Addresses {
		b = append(append(b, byte(len(a))), a...)
	}
	return i.either(codePrefix, loginPrefix) + base64.RawURLEncoding.EncodeToString(append(b, check(b)...))
}

func check(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:checkSize]
}

// ParseInvitation reads what a person pasted at a host, with blanks and line breaks wherever a mail program put them. It does not
// look at the clock.
func ParseInvitation(s string) (*Invitation, error) {
	text, err := trimCode(s)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, loginPrefix) {
		return nil, errors.New("this is a login code, which lets in a person: mainbusctl login takes it")
	}
	return parseCode(text, codePrefix, "join code")
}

// ParseLogin reads a login code in the same way.
func ParseLogin(s string) (*Invitation, error) {
	text, err := trimCode(s)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, codePrefix) {
		return nil, errors.New("this is a join code, which lets in a host: mainbus-host join takes it")
	}
	i, err := parseCode(text, loginPrefix, "login code")
	if err == nil {
		i.Login = true
	}
	return i, err
}

func trimCode(s string) (string, error) {
	if len(s) > maxCode {
		return "", errors.New("this is too long for a code")
	}
	return strings.Join(strings.Fields(s), ""), nil
}

func parseCode(s, prefix, what string) (*Invitation, error) {
	text, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return nil, fmt.Errorf("a %s begins with %q", what, prefix)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < checkSize {
		return nil, fmt.Errorf("this %s is damaged: copy all of it", what)
	}
	body, sum := b[:len(b)-checkSize], b[len(b)-checkSize:]
	if !bytes.Equal(check(body), sum) {
		return nil, fmt.Errorf("this %s is damaged: copy all of it", what)
	}
	i, err := parseBody(body)
	if err != nil {
		return nil, fmt.Errorf("this %s makes no sense: %w", what, err)
	}
	return i, i.check()
}

func parseBody(b []byte) (*Invitation, error) {
	const fixed = 5 + len(identity.ID{}) + secretSize + 1
	if len(b) < fixed {
		return nil, errors.New("it is too short")
	}
	i := &Invitation{}
	i.Expires = time.Unix(int64(binary.BigEndian.Uint64(append([]byte{0, 0, 0}, b[:5]...))), 0)
	copy(i.Controller[:], b[5:])
	copy(i.secret[:], b[5+len(i.Controller):])
	count, rest := int(b[fixed-1]), b[fixed:]
	for range count {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) || len(i.Addresses) == maxAddresses {
			return nil, errors.New("its addresses are cut off")
		}
		n := int(rest[0])
		i.Addresses, rest = append(i.Addresses, string(rest[1:1+n])), rest[1+n:]
	}
	if len(rest) > 0 {
		return nil, errors.New("there is more than its addresses")
	}
	return i, nil
}

// Join is the host's side: it proves over a session with the invitation's controller that it has the code. The caller has
// seen that the peer is that controller.
//
//	agent → controller   8 bytes, the invitation's id; 32 bytes, HMAC of session and both identities
//	controller → agent   1 and the same for the other role, 32 bytes; or 0, which says no
func (i *Invitation) Join(ctx context.Context, rw io.ReadWriter, exporter []byte, agent identity.ID) error {
	return joining(ctx, rw, func() error {
		id, key := i.ID(), i.Key()
		if err := send(rw, append(id[:], key.proof(roleAgent, exporter, i.Controller, agent)...)); err != nil {
			return err
		}
		verdict, err := receive(rw, 1)
		if err != nil {
			return err
		}
		if verdict[0] != verdictRight {
			return ErrNotInvited
		}
		theirs, err := receive(rw, size)
		if err != nil {
			return err
		}
		if !hmac.Equal(theirs, key.proof(roleController, exporter, i.Controller, agent)) {
			return ErrNotInvited
		}
		return nil
	})
}

// Admit is the controller's side. key returns the key of an invitation that is open, or why there is none; use takes the
// invitation out of use and remembers the host, before the host is told. What either says reaches the host as reason.
func Admit(ctx context.Context, rw io.ReadWriter, exporter []byte, controller, agent identity.ID,
	key func(InvitationID) (JoinKey, error), use func(InvitationID) error) error {
	return joining(ctx, rw, func() error {
		first, err := receive(rw, invitationSize+size)
		if err != nil {
			return err
		}
		id := InvitationID(first[:invitationSize])
		k, err := key(id)
		if err == nil && !hmac.Equal(first[invitationSize:], k.proof(roleAgent, exporter, controller, agent)) {
			err = ErrNotInvited
		}
		if err == nil {
			err = use(id)
		}
		if err != nil {
			_ = send(rw, []byte{verdictWrong}) // a courtesy; the refusal stands if it gets lost
			return err
		}
		return send(rw, append([]byte{verdictRight}, k.proof(roleController, exporter, controller, agent)...))
	})
}

func joining(ctx context.Context, rw io.ReadWriter, do func() error) error {
	if d, ok := rw.(interface{ SetDeadline(time.Time) error }); ok {
		stop := context.AfterFunc(ctx, func() { d.SetDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	err := do()
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("join: %w", context.Cause(ctx))
	}
	return err
}

func (k JoinKey) proof(role string, exporter []byte, controller, agent identity.ID) []byte {
	m := hmac.New(sha256.New, k[:])
	m.Write(prefixed(nil, []byte(dsiJoin+role), exporter, controller[:], agent[:]))
	return m.Sum(nil)
}
