package pairing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/transport/identity"
)

var controllerID, agentID = identity.ID{1}, identity.ID{2}

func invitation(t testing.TB, addresses ...string) *Invitation {
	t.Helper()
	i, err := NewInvitation(controllerID, addresses, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestCodesAreReadBack(t *testing.T) {
	i := invitation(t, "192.168.1.4:34181", "[2001:db8::1]:34181", "factory.example.org:40000")
	code := i.Code()
	if !strings.HasPrefix(code, "mb1.") || strings.ContainsAny(code, " \n+/=") {
		t.Errorf("code %q", code)
	}
	for _, text := range []string{code, "  " + code + "\r\n", code[:20] + "\n " + code[20:]} {
		got, err := ParseInvitation(text)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Addresses, i.Addresses) || got.Controller != i.Controller || !got.Expires.Equal(i.Expires) || got.secret != i.secret {
			t.Errorf("read %+v", got)
		}
		if got.ID() != i.ID() || got.Key() != i.Key() {
			t.Error("another id or key")
		}
	}
	for n := range len(code) {
		if _, err := ParseInvitation(code[:n]); err == nil {
			t.Errorf("the first %d characters are a code", n)
		}
		other := []byte(code)
		other[n] ^= 1
		if got, err := ParseInvitation(string(other)); err == nil {
			t.Errorf("with another character at %d it is %+v", n, got)
		}
	}
	if id, err := ParseInvitationID(i.ID().String()); err != nil || id != i.ID() {
		t.Errorf("id %v, %v", id, err)
	}
}

func TestTheSecretIsNotPrinted(t *testing.T) {
	i := invitation(t, "a:1")
	for _, text := range []string{fmt.Sprint(i), fmt.Sprintf("%v %+v %#v %s", i, i, i, i)} {
		if strings.Contains(text, i.Code()) || strings.Contains(text, fmt.Sprint(i.secret)) || strings.Contains(text, fmt.Sprintf("%x", i.secret)) {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestInvitationsThatMakeNoSense(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for name, addresses := range map[string][]string{
		"no address": nil, "no port": {"host"}, "blank": {"a b:1"}, "too many": slices.Repeat([]string{"a:1"}, maxAddresses+1),
		"too long": {strings.Repeat("x", 300) + ":1"}, "no host": {":1"},
	} {
		if _, err := NewInvitation(controllerID, addresses, later); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := NewInvitation(identity.ID{}, []string{"a:1"}, later); err == nil {
		t.Error("nobody invites")
	}
}

func FuzzParseInvitation(f *testing.F) {
	f.Add(invitation(f, "10.0.0.1:1", "[::1]:2").Code())
	f.Add("mb1.")
	f.Add("mbl1." + strings.TrimPrefix(invitation(f, "10.0.0.1:1").Code(), "mb1."))
	f.Add("mb1.AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if i, err := ParseLogin(s); err == nil {
			if again, err := ParseLogin(i.Code()); err != nil || again.ID() != i.ID() {
				t.Errorf("%q is read as %+v, and that as %v, %v", s, i, again, err)
			}
		}
		i, err := ParseInvitation(s)
		if err != nil {
			return
		}
		if again, err := ParseInvitation(i.Code()); err != nil || again.ID() != i.ID() || !slices.Equal(again.Addresses, i.Addresses) {
			t.Errorf("%q is read as %+v, and that as %v, %v", s, i, again, err)
		}
	})
}

// FuzzParseBody gets past the check, which random bytes do not.
func FuzzParseBody(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1}, 60))
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, err := parseBody(b); err == nil && len(i.Addresses) > maxAddresses {
			t.Errorf("%d addresses", len(i.Addresses))
		}
	})
}

// meet lets a host with one invitation meet a controller that has given out another.
func meet(t *testing.T, with, given *Invitation, agentExporter, controllerExporter []byte, use func(InvitationID) error) (agent, controller error) {
	t.Helper()
	a, c := net.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		defer c.Close()
		ended <- Admit(ctx, c, controllerExporter, controllerID, agentID, func(id InvitationID) (JoinKey, error) {
			if id != given.ID() {
				return JoinKey{}, ErrNotInvited
			}
			return given.Key(), nil
		}, use)
	}()
	agent = with.Join(ctx, a, agentExporter, agentID)
	a.Close()
	return agent, <-ended
}

func TestJoin(t *testing.T) {
	i, session, other := invitation(t, "a:1"), bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)
	used := 0
	take := func(InvitationID) error { used++; return nil }
	if agent, controller := meet(t, i, i, session, session, take); agent != nil || controller != nil || used != 1 {
		t.Errorf("agent: %v, controller: %v, used %d times", agent, controller, used)
	}
	full := errors.New("the disk is full")
	for name, c := range map[string]struct {
		with             *Invitation
		agentSession     []byte
		use              func(InvitationID) error
		wantOfController error
	}{
		"another code":         {invitation(t, "a:1"), session, take, ErrNotInvited},
		"a relay in between":   {i, other, take, ErrNotInvited},
		"that is used already": {i, session, func(InvitationID) error { return ErrNotInvited }, ErrNotInvited},
		"that can't be stored": {i, session, func(InvitationID) error { return full }, full},
	} {
		agent, controller := meet(t, c.with, i, c.agentSession, session, c.use)
		if !errors.Is(agent, ErrNotInvited) || !errors.Is(controller, c.wantOfController) {
			t.Errorf("%s: agent %v, controller %v", name, agent, controller)
		}
	}
	if used != 1 {
		t.Errorf("used %d times", used)
	}
}

// A login code lets in a person and a join code a host; neither is taken for the other.
func TestLoginCodes(t *testing.T) {
	join := invitation(t, "10.0.0.1:1")
	login, err := NewLogin(join.Controller, join.Addresses, join.Expires)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseLogin(login.Code())
	if err != nil || again.ID() != login.ID() || again.Key() != login.Key() || !again.Login {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := ParseInvitation(login.Code()); err == nil || !strings.Contains(err.Error(), "mainbusctl login") {
		t.Errorf("a host takes a login code: %v", err)
	}
	if _, err := ParseLogin(join.Code()); err == nil || !strings.Contains(err.Error(), "mainbus-host join") {
		t.Errorf("a person takes a join code: %v", err)
	}
	same := *login // the secret of one kind of code opens nothing of the other
	same.Login = false
	if same.ID() == login.ID() || same.Key() == login.Key() {
		t.Error("both kinds have the same key")
	}
	if strings.Contains(login.String(), login.Code()[10:20]) {
		t.Error("the secret is shown")
	}
}
