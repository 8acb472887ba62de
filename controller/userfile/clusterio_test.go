package userfile

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	oldDatabase = `{"users": [{"name": "Ann", "roles": [0, 1], "is_admin": true}, {"name": "ann", "roles": [5], "is_banned": true, "ban_reason": "x"}, {"name": "gone", "is_deleted": true}],
		"roles": [{"id": 0, "name": "Cluster Admin", "description": "d", "permissions": ["core.admin"]}]}`
	newUsers = `[{"name": "Bob", "roles": [1], "instance_stats": [[4, {"join_count": 2}]], "updated_at_ms": 5}, {"name": "plain"}]`
	newRoles = `[{"id": 1, "name": "Player", "description": "", "permissions": ["core.instance.send_rcon", "core.log.query"], "updated_at_ms": 4}, {"id": 6, "name": "old", "description": "", "permissions": [], "is_deleted": true}]`
)

func TestDatabasesOfClusterio(t *testing.T) {
	for text, want := range map[string][]Entry{
		oldDatabase: {{Name: "Ann", Admin: true, Banned: true, Reason: "x", Roles: []int64{0, 1, 5}}},
		newUsers:    {{Name: "Bob", Roles: []int64{1}}, {Name: "plain"}},
	} {
		if got, skipped, err := Parse(Clusterio, []byte(text)); err != nil || !reflect.DeepEqual(got, want) || len(skipped) > 0 {
			t.Errorf("%s: %+v, %v, %v", text, got, skipped, err)
		}
	}
	for text, want := range map[string]string{oldDatabase: "Cluster Admin", newRoles: "Player"} {
		if got, err := ParseRoles([]byte(text)); err != nil || len(got) != 1 || got[0].Name != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{newUsers, `{"users": []}`, `5`, ``, `[{"id": 1, "name": "a", "permissions": []}, {"id": 1, "name": "b", "permissions": []}]`,
		`[{"id": 1, "name": "` + strings.Repeat("a", maxText+1) + `", "permissions": []}]`} {
		if got, err := ParseRoles([]byte(text)); err == nil {
			t.Errorf("%.60s: %+v", text, got)
		}
	}
}

// Nothing is given that a role does not have there, and what has no equal is told.
func TestEqualPermissions(t *testing.T) {
	for _, test := range []struct{ theirs, ours, without string }{
		{"core.admin core.host.list", "everything", ""},
		{"core.instance.start core.instance.stop", "", "core.instance.start core.instance.stop"},
		{"core.instance.start core.instance.stop core.instance.kill", "instance.control", ""},
		{"core.slave.list core.instance.list core.instance.get", "cluster.read", ""},
		{"core.instance.send_rcon core.user.set_admin core.user.set_banned", "console.send user.moderate", ""},
		{"core.instance.create core.instance.delete core.instance.assign", "", "core.instance.assign core.instance.create core.instance.delete"},
		{"my_plugin.do.all everything", "", "everything my_plugin.do.all"},
		{"", "", ""},
	} {
		ours, without := Role{Permissions: strings.Fields(test.theirs)}.Equal()
		if !slices.Equal(ours, strings.Fields(test.ours)) || !slices.Equal(without, strings.Fields(test.without)) {
			t.Errorf("%s: %v without %v", test.theirs, ours, without)
		}
	}
}

func FuzzParseRoles(f *testing.F) {
	f.Add([]byte(oldDatabase))
	f.Add([]byte(newRoles))
	f.Fuzz(func(t *testing.T, data []byte) {
		roles, err := ParseRoles(data)
		for _, r := range roles {
			if ours, _ := r.Equal(); err != nil || slices.Contains(ours, "everything") && !slices.Contains(r.Permissions, "core.admin") {
				t.Fatalf("%+v is %v, %v", r, ours, err)
			}
		}
	})
}
