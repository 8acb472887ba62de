package controller

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
	"mainbus/transport/wire"
)

func refusedAs(t *testing.T, what string, err error, why string) {
	t.Helper()
	if err == nil || api.AsError(err).Code != api.Refused || !strings.Contains(err.Error(), why) {
		t.Errorf("%s: %v, want it refused because %q", what, err, why)
	}
}

// What somebody may do changes in the middle of a live connection, at the next call.
func TestRolesAreInForceAtOnce(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.user("ann")
	ann := c.login("ann")
	status := func() error { _, err := ann.Status(ctx, api.Caller{}); return err }
	refusedAs(t, "without a role", status(), "cluster.read")
	c.user("ann", "Viewer")
	if err := status(); err != nil {
		t.Errorf("with a role: %v", err)
	}
	none := []api.Grant{}
	if _, err := c.ChangeRole(ctx, me, api.ChangeRole{Role: "viewer", Grants: &none}); err != nil {
		t.Fatal(err)
	}
	refusedAs(t, "with a role that gives nothing any more", status(), "cluster.read")
	some := []api.Grant{{Permission: api.ClusterRead}}
	if _, err := c.ChangeRole(ctx, me, api.ChangeRole{Role: "viewer", Grants: &some}); err != nil {
		t.Fatal(err)
	}
	who, err := ann.WhoAmI(ctx, api.Caller{})
	if whole, _ := who.May(api.ClusterRead); err != nil || !whole || who.User != "ann" || who.Kind != api.KeyHolder || len(who.Roles) != 1 || !strings.HasPrefix(who.From, "127.0.0.1") {
		t.Errorf("who am I: %+v, %v", who, err)
	}
	// A call that waits is held back when the permission goes meanwhile.
	versions, err := ann.Changes(ctx, api.Caller{}, api.AwaitChanges{})
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() {
		_, err := ann.Changes(ctx, api.Caller{}, api.AwaitChanges{Since: versions, WaitMS: 20_000})
		waited <- err
	}()
	if _, err := c.RevokeRole(ctx, me, api.RoleOf{User: "ann", Role: "viewer"}); err != nil {
		t.Fatal(err)
	}
	refusedAs(t, "a call that waited", <-waited, "cluster.read")
	refusedAs(t, "after the role was taken away", status(), "cluster.read")
}

// The end of a key ends its connections, and it can't come back.
func TestAKeyIsRevoked(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.user("ann", "Viewer")
	i, err := c.InviteUser(ctx, me, api.InviteUser{User: "ANN"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := remote.LogIn(ctx, t.TempDir(), i.Code, "factory")
	if err != nil || l.Name != "factory" || l.User != "ann" {
		t.Fatalf("%+v, %v", l, err)
	}
	if _, err := remote.LogIn(ctx, t.TempDir(), i.Code, ""); err == nil || !strings.Contains(err.Error(), "used already") {
		t.Errorf("a second login by the same code: %v", err)
	}
	var conns []*remote.Connection
	for range 3 {
		conn, err := remote.Connect(l)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Status(ctx, api.Caller{}); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	keys := func() []api.Key {
		list, err := c.Keys(ctx, me, api.KeysOf{User: "Ann"})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := keys(); len(list) != 1 || list[0].Connections != 3 || list[0].User != "ann" {
		t.Fatalf("keys %+v", list)
	}
	if _, err := c.RevokeKey(ctx, me, api.KeyRef{Key: keys()[0].ID[:10]}); err != nil {
		t.Fatal(err)
	}
	if len(keys()) != 0 {
		t.Errorf("keys %+v", keys())
	}
	id := conns[0]
	eventually(t, "a call over a connection of the key", "the cluster factory does not know the key of this login any more", func() string {
		_, err := id.Status(ctx, api.Caller{})
		return api.AsError(errors.Join(err, api.Errorf(api.Internal, "", "none"))).Message
	})
	own := c.controller.endpoint
	for _, k := range conns {
		k.Close()
	}
	eventually(t, "links that are left", 0, func() int { return own.Links(keyID(t, l)) })
}

func TestNobodyHandsOnWhatTheyHaveNot(t *testing.T) {
	c := newCluster(t, "attic", "cellar")
	c.pair(c.agents[0])
	c.pair(c.agents[1])
	c.create("nauvis", c.agents[0])
	c.create("vulcanus", c.agents[1])
	ctx := t.Context()
	g := func(p api.Permission, on ...string) api.Grant { return api.Grant{Permission: p, Instances: on} }
	c.createRole("manager", g(api.RoleManage), g(api.UserRead), g(api.InstanceControl, "nauvis"), api.Grant{Permission: api.SaveRead, Hosts: []string{"attic"}})
	c.user("ann", "manager")
	c.user("bob", "Operator")
	c.user("eve")
	ann := c.login("ann")
	create := func(name string, grants ...api.Grant) error {
		_, err := ann.CreateRole(ctx, api.Caller{}, api.CreateRole{Name: name, Grants: grants})
		return err
	}
	for what, err := range map[string]error{
		"what she has": create("a", g(api.UserRead)), "a part of it": create("b", g(api.RoleManage, "vulcanus")), "as limited": create("c", g(api.InstanceControl, "nauvis")),
		"for an instance on her host": create("d", g(api.SaveRead, "nauvis")), "nothing": create("e"),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	const why = "does not have all of these permissions"
	refusedAs(t, "everything", create("x", g(api.Everything)), why)
	refusedAs(t, "another permission", create("x", g(api.UserRead), g(api.BackupMake)), why)
	refusedAs(t, "for another instance", create("x", g(api.InstanceControl, "nauvis", "vulcanus")), why)
	refusedAs(t, "without a limit", create("x", g(api.InstanceControl)), why)
	refusedAs(t, "for another host", create("x", api.Grant{Permission: api.SaveRead, Hosts: []string{"cellar"}}), why)
	refusedAs(t, "for the host of her instance", create("x", api.Grant{Permission: api.InstanceControl, Hosts: []string{"attic"}}), why)
	all := []api.Grant{g(api.Everything)}
	_, err := ann.ChangeRole(ctx, api.Caller{}, api.ChangeRole{Role: "manager", Grants: &all})
	refusedAs(t, "her own role", err, why)
	none := []api.Grant{}
	_, err = ann.ChangeRole(ctx, api.Caller{}, api.ChangeRole{Role: "Admin", Grants: &none})
	refusedAs(t, "to weaken a role above hers", err, why)
	_, err = ann.DeleteRole(ctx, api.Caller{}, api.RoleRef{Role: "Operator"})
	refusedAs(t, "to delete a role above hers", err, why)
	_, err = ann.GrantRole(ctx, api.Caller{}, api.RoleOf{User: "ann", Role: "admin"})
	refusedAs(t, "to make herself admin", err, why)
	_, err = ann.RevokeRole(ctx, api.Caller{}, api.RoleOf{User: "bob", Role: "operator"})
	refusedAs(t, "to take away a role above hers", err, why)
	_, err = ann.InviteUser(ctx, api.Caller{}, api.InviteUser{User: "bob"})
	refusedAs(t, "to log in as somebody who may do more", err, why)
	if _, err = ann.InviteUser(ctx, api.Caller{}, api.InviteUser{User: "eve"}); err != nil {
		t.Errorf("to invite somebody who may do nothing: %v", err)
	}
	if _, err = ann.GrantRole(ctx, api.Caller{}, api.RoleOf{User: "eve", Role: "c"}); err != nil {
		t.Errorf("to hand on what she has: %v", err)
	}
	if err := create("unknown", g("cluster.explode")); err == nil || api.AsError(err).Code != api.Invalid {
		t.Errorf("a permission that there is not: %v", err)
	}
	if err := create("nowhere", g(api.InstanceControl, "aquilo")); err == nil || api.AsError(err).Code != api.NotFound {
		t.Errorf("a place that there is not: %v", err)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	const why = "the last user who may do everything would be gone"
	c.user("ann", "Admin")
	none := []api.Grant{}
	some := []api.Grant{{Permission: api.Everything, Instances: []string{}}, {Permission: api.ClusterRead}}
	_, err := c.RevokeRole(ctx, me, api.RoleOf{User: "ann", Role: "Admin"})
	refusedAs(t, "taken from the last", err, why)
	_, err = c.DeleteRole(ctx, me, api.RoleRef{Role: "Admin"})
	refusedAs(t, "the role deleted", err, why)
	_, err = c.ChangeRole(ctx, me, api.ChangeRole{Role: "Admin", Grants: &none})
	refusedAs(t, "the role emptied", err, why)
	if _, err := c.ChangeRole(ctx, me, api.ChangeRole{Role: "Admin", Grants: &some}); err != nil {
		t.Errorf("a change that keeps it: %v", err)
	}
	_, err = c.ChangeRole(ctx, me, api.ChangeRole{Role: "Admin", Grants: &none, Revision: 1})
	refusedAs(t, "a change of what has changed", err, "somebody else has changed")
	c.createRole("Second", api.Grant{Permission: api.Everything})
	c.user("bob", "Second")
	if _, err := c.RevokeRole(ctx, me, api.RoleOf{User: "ann", Role: "Admin"}); err != nil {
		t.Errorf("with another admin: %v", err)
	}
	_, err = c.RevokeRole(ctx, me, api.RoleOf{User: "bob", Role: "Second"})
	refusedAs(t, "taken from the one who is left", err, why)
}

// Users go with their roles and keys; nobody removes somebody who may do more than they, nor the last admin.
func TestAUserIsDeleted(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.user("ann", "Admin")
	c.user("bob", "Viewer")
	c.createRole("keeper", api.Grant{Permission: api.UserManage}, api.Grant{Permission: api.ClusterRead})
	c.user("eve", "keeper")
	bob, eve := c.login("bob"), c.login("eve")
	if _, err := bob.Status(ctx, api.Caller{}); err != nil {
		t.Fatal(err)
	}
	_, err := eve.DeleteUser(ctx, api.Caller{}, api.UserRef{Name: "bob"})
	refusedAs(t, "somebody with other roles", err, "does not have all of these permissions")
	_, err = c.DeleteUser(ctx, me, api.UserRef{Name: "Ann"})
	refusedAs(t, "the last admin", err, "the last user who may do everything")
	id, err := identity.ParseID(c.keyOf("bob").ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteUser(ctx, me, api.UserRef{Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "links of the user", 0, func() int { return c.controller.endpoint.Links(id) })
	if _, err := bob.Status(ctx, api.Caller{}); err == nil {
		t.Error("a user who is gone still sees the cluster")
	}
	c.user("bob") // joins again, say
	if has, err := c.UserRoles(ctx, me, api.RolesOf{User: "bob"}); err != nil || len(has.Roles) > 0 {
		t.Errorf("a record that was made anew has %+v, %v", has, err)
	}
}

// A key of a user is no host's, and the other way round.
func TestKeysOfUsersAndHostsAreKeptApart(t *testing.T) {
	c := newCluster(t, "attic")
	host := c.agents[0]
	c.pair(host)
	nauvis := c.create("nauvis", host)
	ctx := t.Context()
	c.user("ann", "Admin")
	invited, err := c.InviteUser(ctx, me, api.InviteUser{User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	// A host that is given a login code: its own program does not take it, and the controller does not take the host's key.
	if err := host.joinBy(invited.Code); err == nil || !strings.Contains(err.Error(), "login code") {
		t.Errorf("a host took a login code: %v", err)
	}
	code, err := pairing.ParseLogin(invited.Code)
	if err != nil {
		t.Fatal(err)
	}
	err = host.endpoint.Pair(ctx, link.Resolve(ctx, code.Addresses), func(ctx context.Context, p link.PairStream) error {
		return code.Join(ctx, p, p.Exporter(), host.id.ID())
	})
	if err == nil || !strings.Contains(err.Error(), "this key is a host's") {
		t.Errorf("a host's key became a user's: %v", err)
	}
	conn, linked := host.endpoint.Conn(c.controller.id.ID())
	if !linked {
		t.Fatal("the host is not linked")
	}
	call := func(conn *link.Conn, m wire.Method, send, reply message) error {
		s, err := conn.Open(ctx, m)
		if err != nil {
			return err
		}
		defer s.Close()
		s.SetReadDeadline(time.Now().Add(patience))
		_ = s.Send(send) // fails if the other side has refused already: what it says counts
		return s.Recv(reply)
	}
	if err := call(conn, wire.Method_METHOD_API, &wire.APICall{Method: "Status", Body: []byte("null")}, &wire.Empty{}); err == nil || !strings.Contains(err.Error(), "for users only") {
		t.Errorf("a host calls the api: %v", err)
	}
	l, err := remote.LogIn(ctx, t.TempDir(), invited.Code, "")
	if err != nil {
		t.Fatal(err)
	}
	user := linkWith(t, l, c)
	open := &wire.RunUp{Msg: &wire.RunUp_Open{Open: &wire.RunOpen{Instance: nauvis}}}
	if err := call(user, wire.Method_METHOD_RUN, open, &wire.RunDown{}); err == nil || !strings.Contains(err.Error(), "for hosts only") {
		t.Errorf("a user attaches to a game: %v", err)
	}
	join, err := c.Invite(ctx, me, api.Invite{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.LogIn(ctx, t.TempDir(), join.Code, ""); err == nil || !strings.Contains(err.Error(), "join code") {
		t.Errorf("a user logged in by a join code: %v", err)
	}
	if hosts, err := c.controller.store.Hosts(ctx); err != nil || len(hosts) != 1 {
		t.Errorf("hosts %+v, %v", hosts, err)
	}
}

func TestLogout(t *testing.T) {
	c := newCluster(t)
	c.user("ann", "Viewer")
	ann := c.login("ann")
	key, err := ann.Logout(t.Context(), api.Caller{})
	if err != nil || key.User != "ann" {
		t.Errorf("%+v, %v", key, err)
	}
	if _, err := ann.Status(t.Context(), api.Caller{}); err == nil || api.AsError(err).Code != api.Refused {
		t.Errorf("after it: %v", err)
	}
	if _, err := c.Logout(t.Context(), me); err == nil {
		t.Error("the owner logged out")
	}
	if keys, err := c.Keys(t.Context(), me, api.KeysOf{}); err != nil || len(keys) != 0 {
		t.Errorf("keys %+v, %v", keys, err)
	}
}

func TestLoginCodes(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.user("ann")
	invite := func(r api.InviteUser) (api.UserInvitation, error) { return c.InviteUser(ctx, me, r) }
	i, err := invite(api.InviteUser{User: "ann"})
	if left := time.Until(i.ExpiresAt); err != nil || left < 50*time.Minute || left > time.Hour || !strings.HasPrefix(i.Code, "mbl1.") {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := invite(api.InviteUser{User: "ann", Seconds: 8 * 24 * 3600}); err == nil {
		t.Error("a code for 8 days")
	}
	if _, err := invite(api.InviteUser{User: "bob"}); err == nil || api.AsError(err).Code != api.NotFound {
		t.Errorf("for nobody: %v", err)
	}
	if hosts, err := c.Invitations(ctx, me); err != nil || len(hosts) != 0 {
		t.Errorf("a login code among join codes: %+v, %v", hosts, err)
	}
	if _, err := c.RevokeInvitation(ctx, me, api.InvitationRef{Invitation: i.ID}); err == nil {
		t.Error("a login code was revoked as a join code")
	}
	if list, err := c.UserInvitations(ctx, me); err != nil || len(list) != 1 || list[0].User != "ann" || list[0].Code != "" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := c.RevokeUserInvitation(ctx, me, api.InvitationRef{Invitation: i.ID}); err != nil {
		t.Error(err)
	}
	if _, err := remote.LogIn(ctx, t.TempDir(), i.Code, ""); err == nil || api.AsError(err).Code != api.Refused || !strings.Contains(err.Error(), "it was revoked") {
		t.Errorf("by a code that was revoked: %v", err)
	}
}

// linkWith links to the controller with the key of a login.
func linkWith(t *testing.T, l remote.Login, c *cluster) *link.Conn {
	t.Helper()
	own, err := identity.Load(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := link.Listen(link.Config{
		Identity: own, Addr: "127.0.0.1:0", Trusted: func(identity.ID) bool { return true },
		Hello: func() *wire.Hello { return &wire.Hello{Name: "desk", Version: wire.Version} },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endpoint.Close() })
	conn, err := endpoint.Dial(t.Context(), l.Controller, link.Resolve(t.Context(), l.Addresses))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func keyID(t *testing.T, l remote.Login) identity.ID {
	t.Helper()
	own, err := identity.Load(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return own.ID()
}
