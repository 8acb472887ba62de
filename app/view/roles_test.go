package view

import (
	"reflect"
	"testing"

	"mainbus/controller/api"
)

func TestAFormOfARole(t *testing.T) {
	role := api.Role{Grants: []api.Grant{
		{Permission: api.SaveRead}, {Permission: api.InstanceControl, Instances: []string{"i2"}}, {Permission: api.InstanceControl, Hosts: []string{"h1"}},
		{Permission: "later.thing"}, {Permission: api.ConsoleRead, Instances: []string{"i1"}}, {Permission: api.ConsoleRead},
	}, Places: map[string]string{"i2": "Gleba"}}
	f := NewRoleForm(role, api.AllPermissions(), map[string]string{"h1": "attic"})
	rows := map[api.Permission]PermissionRow{}
	groups := f.Groups()
	for _, g := range groups {
		for _, r := range g.Rows {
			rows[r.Permission] = r
		}
	}
	if last := groups[len(groups)-1]; last.Title != "Unknown to this version" || last.Rows[0].Permission != "later.thing" || !last.Rows[0].Given {
		t.Errorf("what this version does not know is %+v", last)
	}
	if r := rows[api.InstanceControl]; r.Where != "attic, Gleba" || !r.Limitable || r.Allows == "" {
		t.Errorf("two grants of one permission are %+v", r)
	}
	if r := rows[api.ConsoleRead]; r.Where != "" || !r.Given {
		t.Errorf("a grant for all and one for some are %+v", r)
	}
	if rows[api.HostPair].Given || f.Changed() {
		t.Errorf("a form that nobody touched is changed")
	}
	f.Limit(api.InstanceControl, nil, []string{"i9"})
	f.Give(api.SaveRead, false)
	f.Give(api.HostPair, true)
	if !f.Changed() {
		t.Error("a change is not noticed")
	}
	want := []api.Grant{{Permission: api.HostPair}, {Permission: api.InstanceControl, Instances: []string{"i9"}}, {Permission: api.ConsoleRead}, {Permission: "later.thing"}}
	if got := f.Grants(); !reflect.DeepEqual(got, want) {
		t.Errorf("grants %+v, want %+v", got, want)
	}
	if f.whereWords(api.Grant{Hosts: []string{"hx"}}) != "hx, which is gone" {
		t.Error("what is gone has no words")
	}
}
