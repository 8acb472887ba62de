package controller

import (
	"strings"
	"testing"

	"mainbus/controller/api"
)

const clusterioRoles = `[
	{"id": 0, "name": "Cluster Admin", "description": "", "permissions": ["core.admin"]},
	{"id": 1, "name": "Player", "description": "plays", "permissions": ["core.host.list", "core.instance.list", "core.instance.get", "core.plugin.list"]},
	{"id": 5, "name": "Operator", "description": "", "permissions": ["core.instance.send_rcon"]},
	{"id": 6, "name": "decor", "description": "", "permissions": ["my_plugin.shine"]}]`

// Roles of Clusterio come with what has an equal and no more, also where a role of the same name gives more here; users get them by an import
// afterwards, from nobody who may not give them.
func TestRolesOfClusterio(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	roles := api.ImportRoles{Content: []byte(clusterioRoles)}
	users := api.ImportUsers{Form: api.ClusterioFile, Roles: []byte(clusterioRoles), Content: []byte(`[{"name": "Ann", "roles": [0, 1]}, {"name": "Bob", "roles": [1, 5, 6, 9], "is_admin": true}, {"name": "plain"}]`)}
	if _, err := c.CreateRole(ctx, me, api.CreateRole{Name: "helper", Grants: []api.Grant{{Permission: api.RoleManage}, {Permission: api.UserManage}, {Permission: api.UserRead}, {Permission: api.ClusterRead}}}); err != nil {
		t.Fatal(err)
	}
	c.user("hal", "helper")
	c.user("boss", "Admin")
	hal := c.login("hal")
	plan, err := hal.PreviewRoleImport(ctx, api.Caller{}, roles)
	if err != nil || plan.Created != 1 || plan.Roles[0].Action != api.RoleLeft || !strings.Contains(plan.Roles[0].Why, "everything") {
		t.Fatalf("of somebody who may not give them: %+v, %v", plan, err)
	}
	before, err := c.PreviewImport(ctx, me, users)
	if err != nil || before.Changed != 1 || !strings.Contains(strings.Join(before.Skipped, "\n"), "import the roles first") {
		t.Errorf("users before their roles: %+v, %v", before, err)
	}
	plan, err = c.ImportRoles(ctx, me, roles)
	if err != nil || plan.Created != 3 || plan.Roles[2].Name != "Operator (Clusterio)" || plan.Roles[3].Action != api.RoleLeft || strings.Join(plan.Roles[1].Without, " ") != "core.plugin.list" {
		t.Fatalf("%+v, %v", plan, err)
	}
	if again, err := c.ImportRoles(ctx, me, roles); err != nil || again.Created != 0 || again.Roles[2].Action != api.RoleKept {
		t.Errorf("once more: %+v, %v", again, err)
	}
	_, err = hal.ImportUsers(ctx, api.Caller{}, users)
	refusedAs(t, "users with the role of an admin", err, "everything")
	done, err := c.ImportUsers(ctx, me, users)
	if err != nil || done.Changed != 2 || done.Created != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	skipped := strings.Join(done.Skipped, "\n")
	for _, want := range []string{`role "decor": nothing that it allows has an equal here; 1 users have it there`, "role 9 is in no roles.json"} {
		if !strings.Contains(skipped, want) {
			t.Errorf("no %q in\n%s", want, skipped)
		}
	}
	for user, want := range map[string]string{"ann": "Cluster Admin, Player", "bob": "Operator (Clusterio), Player"} {
		of, err := c.UserRoles(ctx, me, api.RolesOf{User: user})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range of.Roles {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s has %s", user, got)
		}
	}
	if _, err := c.User(ctx, me, api.UserRef{Name: "plain"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("who has nothing gets a record: %v", err)
	}
	if _, err := c.UndoUsers(ctx, me); err != nil {
		t.Fatal(err)
	}
	if page, err := c.Users(ctx, me, api.FindUsers{Role: "Player"}); err != nil || page.Total != 0 {
		t.Errorf("after an undo: %+v, %v", page, err)
	}
}
