package controller

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

// join does what mainbus-host join does.
func (a *agent) joinBy(code string) error {
	i, err := pairing.ParseInvitation(code)
	if err != nil {
		return err
	}
	var addrs []addrPort
	for _, text := range i.Addresses {
		if at, err := netip.ParseAddrPort(text); err == nil {
			addrs = append(addrs, at)
		}
	}
	err = a.endpoint.Pair(a.t.Context(), addrs, func(ctx context.Context, p link.PairStream) error {
		if p.Peer() != i.Controller {
			return link.ErrOtherKey
		}
		return i.Join(ctx, p, p.Exporter(), a.id.ID())
	})
	if err == nil {
		a.change(func() { a.controller = i.Controller })
	}
	return err
}

func (c *cluster) host(name string) (found api.Host) {
	c.t.Helper()
	all, err := c.Hosts(c.t.Context(), me)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, h := range all {
		if h.Name == name {
			found = h
		}
	}
	return found
}

func TestAHostJoinsByACodeOnce(t *testing.T) {
	c := newCluster(t)
	first, second := newAgent(t, "attic"), newAgent(t, "cellar")
	i, err := c.Invite(t.Context(), me, api.Invite{Seconds: 600})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(i.ExpiresAt); left < 9*time.Minute || left > 10*time.Minute || len(i.Addresses) != 1 {
		t.Errorf("invitation %+v", i)
	}
	for range 2 { // the first answer may have got lost
		if err := first.joinBy(i.Code); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "attic is linked", true, func() bool { return c.host("attic").Linked })
	if h := c.host("attic"); h.DiscoveredBy != "join code" || h.State != api.Paired {
		t.Errorf("host %+v", h)
	}
	if err := second.joinBy(i.Code); !errors.Is(err, pairing.ErrNotInvited) || !strings.Contains(err.Error(), "another host has used it") {
		t.Errorf("the second host: %v", err)
	}
	list, err := c.Invitations(t.Context(), me)
	if err != nil || len(list) != 1 || list[0].UsedBy != "attic" || list[0].Code != "" {
		t.Errorf("invitations %+v, %v", list, err)
	}

	// To forget a host is to revoke its code as well: it would come back by itself as long as that is good.
	if _, err := c.ForgetHost(t.Context(), me, api.HostRef{Host: "attic"}); err != nil {
		t.Fatal(err)
	}
	if err := first.joinBy(i.Code); !errors.Is(err, pairing.ErrNotInvited) || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a forgotten host joins by its old code: %v", err)
	}
	if h := c.host("attic"); h.State == api.Paired {
		t.Errorf("it is paired again: %+v", h)
	}

	revoked, err := c.Invite(t.Context(), me, api.Invite{Addresses: []string{"factory.example.org", "10.0.0.1:99"}})
	if err != nil || !strings.HasPrefix(revoked.Addresses[0], "factory.example.org:") || revoked.Addresses[1] != "10.0.0.1:99" {
		t.Fatalf("invitation %+v, %v", revoked, err)
	}
	if _, err := c.RevokeInvitation(t.Context(), me, api.InvitationRef{Invitation: revoked.ID}); err != nil {
		t.Error(err)
	}
	if _, err := c.RevokeInvitation(t.Context(), me, api.InvitationRef{Invitation: revoked.ID}); api.AsError(err).Code != api.NotFound {
		t.Errorf("revoked again: %v", err)
	}
	if err := second.joinBy(revoked.Code); !errors.Is(err, pairing.ErrNotInvited) || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("with a revoked code: %v", err)
	}
	for _, r := range []api.Invite{{Seconds: -1}, {Seconds: 1 << 40}, {Addresses: []string{"a b:1"}}} {
		if _, err := c.Invite(t.Context(), me, r); api.AsError(err).Code != api.Invalid {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestAForgottenHostIsCutOffAtOnceAndComesBackWhenPaired(t *testing.T) {
	c := newCluster(t, "attic")
	a := c.agents[0]
	c.pair(a)
	id := c.create("nauvis", a)
	conn := a.conn()
	gone, err := c.ForgetHost(t.Context(), me, api.HostRef{Host: "attic"})
	if err != nil || gone.Name != "attic" || gone.Linked {
		t.Errorf("forgot %+v, %v", gone, err)
	}
	select {
	case <-conn.Context().Done():
	case <-time.After(patience):
		t.Fatal("the link lives on")
	}
	if !errors.Is(conn.Err(), link.ErrRevoked) {
		t.Errorf("the host is told %v", conn.Err())
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := a.endpoint.Dial(ctx, conn.Peer(), []addrPort{conn.RemoteAddr()}); !errors.Is(err, link.ErrUntrusted) {
		t.Errorf("its next link: %v", err)
	}
	if h := c.host("attic"); h.State != api.Discovered {
		t.Errorf("it is listed as %+v", h)
	}
	c.stop()
	c.start()
	if h := c.host("attic"); h.State != api.Discovered {
		t.Errorf("after a restart it is listed as %+v", h)
	}
	a.code = a.window.Open(time.Now())
	c.pair(a)
	if again := a.instance("nauvis", true); again != id {
		t.Errorf("its instance is %s instead of %s", again, id)
	}
	if _, err := c.ForgetHost(t.Context(), me, api.HostRef{Host: "nobody"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("forgetting nobody: %v", err)
	}
}

func TestWhatIsWrongWithAHost(t *testing.T) {
	linked := api.Host{Name: "attic", Linked: true}
	away := api.Host{Name: "attic"}
	for _, c := range []struct {
		host    api.Host
		refusal string
		trouble error
		want    string
	}{
		{linked, "", nil, ""},
		{away, "", nil, ""},
		{linked, "the disk is full", nil, api.Refuses},
		{linked, "the instances of this host belong to another controller, office", nil, api.OtherController},
		{linked, "", link.ErrSameKey, api.SameKey},
		{away, "", link.ErrVersion, api.VersionSkew},
		{away, "", link.ErrRevoked, api.Forgotten},
		{away, "", errors.Join(link.ErrOtherKey, link.ErrUntrusted), api.Forgotten},
		{away, "", link.ErrOtherKey, api.OtherKey},
		{away, "", errors.New("no answer"), api.Unreachable},
	} {
		code, problem, _ := hostTrouble(c.host, c.refusal, c.trouble)
		if code != c.want || (problem == "") != (c.want == "") {
			t.Errorf("%+v: %q, %q", c, code, problem)
		}
	}
}

func TestAHostOfAnotherVersionSaysSo(t *testing.T) {
	a := newAgentSaying(t, &wire.Hello{Name: "attic", Version: "9.0.0"})
	c := newCluster(t)
	c.stop()
	c.agents = []*agent{a}
	c.start()
	if h := c.pair(a); h.Linked {
		t.Errorf("linked: %+v", h)
	}
	eventually(t, "what is wrong", api.VersionSkew, func() string { return c.host("attic").Trouble })
	h := c.host("attic")
	if !strings.Contains(h.Problem, "9.0.0") || !strings.Contains(h.Problem, wire.Version) || h.Next == "" {
		t.Errorf("%q, %q", h.Problem, h.Next)
	}
}

func TestAHostOfAnotherControllerIsNoOneToPair(t *testing.T) {
	hs := newHosts(func() {})
	f := newAgent(t, "attic").announcement()
	f.Paired = true
	hs.found(f)
	if all := hs.strangers(); len(all) != 1 || !all[0].Paired {
		t.Errorf("strangers %+v", all)
	}
}
