package controller

import (
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

func hasUser(t *testing.T, c *cluster, name string) api.UserDetails {
	t.Helper()
	u, err := c.User(t.Context(), me, api.UserRef{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestImportOnlyAddsAndRestoreTakesAway(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	if _, err := c.BanUser(ctx, me, api.BanUser{Name: "eve", Reason: "first"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.BanUser(ctx, me, api.BanUser{Name: "mallory"}); err != nil {
		t.Fatal(err)
	}
	admin := true
	if _, err := c.ChangeUser(ctx, me, api.ChangeUser{Name: "mallory", Admin: &admin}); err != nil {
		t.Fatal(err)
	}
	file := api.ImportUsers{Form: api.BanFile, Content: []byte(`[{"username": "EVE", "reason": "second"}, "Dan", "a b"]`)}
	preview, err := c.PreviewImport(ctx, me, file)
	if err != nil || preview.Changed != 1 || preview.Created != 1 || preview.Unchanged != 1 || preview.Bad != 1 || preview.Rows[0] != (api.UserEffect{Name: "Dan", Text: "banned, a record"}) {
		t.Fatalf("%+v, %v", preview, err)
	}
	if _, err := c.User(ctx, me, api.UserRef{Name: "dan"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("a preview has made a user: %v", err)
	}
	if done, err := c.ImportUsers(ctx, me, file); err != nil || done.Changed != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if eve := hasUser(t, c, "Eve"); eve.BanReason != "first" || eve.Banned.By == "" {
		t.Errorf("%+v", eve)
	}
	file.Restore = true
	if done, err := c.ImportUsers(ctx, me, file); err != nil || done.Changed != 1 || done.Rows[0] != (api.UserEffect{Name: "mallory", Text: "not banned any more"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	if m := hasUser(t, c, "mallory"); m.Banned.Set || !m.Admin.Set {
		t.Errorf("%+v", m)
	}
	file.Content = []byte(`["no name"]`)
	if _, err := c.ImportUsers(ctx, me, file); api.AsError(err).Code != api.Refused {
		t.Errorf("a restore of nothing: %v", err)
	}
	if undone, err := c.UndoUsers(ctx, me); err != nil || undone.Changed != 1 || !strings.HasPrefix(undone.What, "restore") {
		t.Errorf("%+v, %v", undone, err)
	}
	if m := hasUser(t, c, "mallory"); !m.Banned.Set {
		t.Errorf("%+v", m)
	}
}

func TestRefusedUserCalls(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	for what, call := range map[string]func() error{
		"a name of two words": func() error { _, err := c.BanUser(ctx, me, api.BanUser{Name: "a b"}); return err },
		"a reason of two lines": func() error {
			_, err := c.BanUser(ctx, me, api.BanUser{Name: "a", Reason: "x\n/quit"})
			return err
		},
		"notes without an end": func() error {
			notes := strings.Repeat("x", maxNotes+1)
			_, err := c.ChangeUser(ctx, me, api.ChangeUser{Name: "a", Notes: &notes})
			return err
		},
		"an order that is none": func() error { _, err := c.Users(ctx, me, api.FindUsers{Sort: "size"}); return err },
		"a page too long":       func() error { _, err := c.Users(ctx, me, api.FindUsers{Limit: maxUserPage + 1}); return err },
		"a bulk of nobody":      func() error { _, err := c.BulkUsers(ctx, me, api.BulkUsers{Action: api.BulkBan}); return err },
		"a bulk action that is none": func() error {
			_, err := c.BulkUsers(ctx, me, api.BulkUsers{Action: "shoot", Names: []string{"a"}})
			return err
		},
		"one bad name among many": func() error {
			_, err := c.BulkUsers(ctx, me, api.BulkUsers{Action: api.BulkBan, Names: []string{"a", "b c"}})
			return err
		},
		"a form that is none": func() error { _, err := c.ExportUsers(ctx, me, api.ExportUsers{Form: "roles"}); return err },
		"a reason of a mute": func() error {
			_, err := c.ModeratePlayer(ctx, me, api.ModeratePlayer{Name: "a", Action: api.Mute, Reason: "x"})
			return err
		},
		"a message like a command": func() error { _, err := c.MessagePlayers(ctx, me, api.MessagePlayers{Text: " /quit"}); return err },
	} {
		if err := call(); err == nil || api.AsError(err).Code != api.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	if page, err := c.Users(ctx, me, api.FindUsers{}); err != nil || page.Total != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	no := false
	if _, err := c.ChangeUser(ctx, me, api.ChangeUser{Name: "nobody", Admin: &no}); api.AsError(err).Code != api.NotFound {
		t.Errorf("taken from nobody: %v", err)
	}
}

// What a host tells is checked, and what can't be stored is left out.
func TestPlayedOf(t *testing.T) {
	far := time.Now().Add(1000 * time.Hour).UnixMilli()
	p, err := playedOf(&wire.PlayNews{
		Instance: "i", Book: "b", Seq: 3,
		Totals: []*wire.PlayTotal{
			{Name: "Ann", Record: 1, Joins: 2, Seconds: 3, FirstJoinMs: -5, LastSeenMs: far, Reason: "x\n" + strings.Repeat("y", 100)},
			{Name: "a b"}, {Name: ""}, {Name: "big", Joins: 1 << 63}, {Name: "long", Seconds: 1 << 63}, {Name: "much", Joins: 1<<63 - 1},
		},
		Visits: []*wire.PlayVisit{{Name: "Ann", Record: 1, Number: 1}, {Name: "/quit"}, {Name: "Ann", Number: 1 << 63}},
	})
	if err != nil || len(p.Totals) != 1 || len(p.Visits) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	got := p.Totals[0]
	if got.Record != "b.1" || !got.FirstJoin.IsZero() || got.LastSeen.After(time.Now().Add(25*time.Hour)) || len(got.Reason) != maxReasonName || strings.Contains(got.Reason, "\n") {
		t.Errorf("%+v", got)
	}
	for what, n := range map[string]*wire.PlayNews{
		"no book": {Instance: "i"}, "a long name of a book": {Book: strings.Repeat("b", maxBookName+1)}, "no place": {Book: "b", Seq: 1 << 63},
		"too much": {Book: "b", Totals: make([]*wire.PlayTotal, maxPlayPart+1)},
	} {
		if _, err := playedOf(n); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func TestEffects(t *testing.T) {
	set := store.UserFlag{Set: true}
	for want, c := range map[string]store.UserChanged{
		`banned, reason "rude", a record`:              {After: store.User{Key: "a", Banned: set, BanReason: "rude"}},
		"not admin any more, other notes":              {Before: store.User{Key: "a", Admin: set}, After: store.User{Key: "a", Notes: "n"}},
		"not whitelisted any more, no record any more": {Before: store.User{Key: "a", Whitelisted: set}},
		"who changed it, and when":                     {Before: store.User{Key: "a", Admin: set}, After: store.User{Key: "a", Admin: store.UserFlag{Set: true, By: "x"}}},
	} {
		if got := effect(c, nil); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Roles of many users are given and taken by who might do so one by one, and by nobody else; an undo is no way round.
func TestRolesOfManyUsers(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	helper := []api.Grant{{Permission: api.UserManage}, {Permission: api.UserRead}, {Permission: api.RoleManage}}
	for name, grants := range map[string][]api.Grant{"helper": helper, "clerk": {{Permission: api.UserManage}}} {
		if _, err := c.CreateRole(ctx, me, api.CreateRole{Name: name, Grants: grants}); err != nil {
			t.Fatal(err)
		}
	}
	c.user("boss", "Admin")
	c.user("hal", "helper")
	c.user("clara", "clerk")
	c.user("ann")
	c.user("bob", "Viewer")
	hal, clara := c.login("hal"), c.login("clara")
	give := func(role string, names ...string) api.BulkUsers {
		return api.BulkUsers{Action: api.BulkGrantRole, Role: role, Names: names}
	}
	_, err := clara.BulkUsers(ctx, api.Caller{}, give("clerk", "ann"))
	refusedAs(t, "without role.manage", err, "role.manage")
	_, err = hal.BulkUsers(ctx, api.Caller{}, give("Admin", "hal"))
	refusedAs(t, "more than they have", err, "everything")
	_, err = hal.PreviewBulk(ctx, api.Caller{}, give("Admin", "hal"))
	refusedAs(t, "a look at it", err, "everything")
	done, err := hal.BulkUsers(ctx, api.Caller{}, give("helper", "ann", "BOB", "nobody"))
	if err != nil || done.Changed != 2 || done.Unchanged != 1 || done.Rows[0] != (api.UserEffect{Name: "ann", Text: "role helper"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	if of, err := c.UserRoles(ctx, me, api.RolesOf{User: "bob"}); err != nil || len(of.Roles) != 2 {
		t.Errorf("%+v, %v", of, err)
	}
	_, err = clara.UndoUsers(ctx, api.Caller{})
	refusedAs(t, "an undo without role.manage", err, "role.manage")

	take := api.BulkUsers{Action: api.BulkRevokeRole, Role: "Admin", Match: &api.FindUsers{Role: "Admin"}}
	_, err = c.BulkUsers(ctx, me, take)
	refusedAs(t, "the last one who may do everything", err, "last user")
	take.Role, take.Match = "helper", &api.FindUsers{Role: "helper", Text: "B"}
	done, err = c.BulkUsers(ctx, me, take)
	if err != nil || done.Changed != 1 || done.Rows[0] != (api.UserEffect{Name: "bob", Text: "no role helper any more"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	// The owner has given many the role of an admin; taking that back would leave none.
	if _, err := c.BulkUsers(ctx, me, give("Admin", "ann")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RevokeRole(ctx, me, api.RoleOf{User: "boss", Role: "Admin"}); err != nil {
		t.Fatal(err)
	}
	_, err = c.UndoUsers(ctx, me)
	refusedAs(t, "an undo that leaves nobody", err, "last user")
	c.user("boss", "Admin")
	if undone, err := c.UndoUsers(ctx, me); err != nil || undone.Changed != 1 || undone.Rows[0].Text != "no role Admin any more" {
		t.Errorf("%+v, %v", undone, err)
	}
}
