package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
)

// A Role is one row of the roles screen.
type Role struct {
	ID       string
	Name     string
	Words    string // its description
	Gives    string // its permissions, for people
	Users    int
	Revision int64
}

// Roles makes rows of roles.
func Roles(list []api.Role) []Role {
	rows := make([]Role, 0, len(list))
	for _, r := range list {
		rows = append(rows, Role{ID: r.ID, Name: r.Name, Words: r.Description, Gives: r.GrantsText(), Users: r.UserCount, Revision: r.Revision})
	}
	return rows
}

// A PermissionRow is one permission in the form of a role.
type PermissionRow struct {
	Permission api.Permission
	Allows     string
	Limitable  bool
	Given      bool
	Where      string // the names of hosts and instances that it is limited to; empty: the whole cluster
}

// A PermissionGroup is the permissions about one thing.
type PermissionGroup struct {
	Title string
	Rows  []PermissionRow
}

// A RoleForm is what a role gives, as somebody changes it.
type RoleForm struct {
	role        api.Role
	permissions []api.PermissionInfo
	places      map[string]string // names of hosts and instances by id
	given       map[api.Permission]*api.Grant
}

// NewRoleForm makes a form of a role; the zero one is of none yet. Places are the names of hosts and instances by id.
func NewRoleForm(role api.Role, permissions []api.PermissionInfo, places map[string]string) *RoleForm {
	f := &RoleForm{role: role, permissions: permissions, places: map[string]string{}, given: map[api.Permission]*api.Grant{}}
	for _, from := range []map[string]string{role.Places, places} {
		for id, name := range from {
			f.places[id] = name
		}
	}
	for _, g := range role.Grants {
		known, ok := f.given[g.Permission]
		switch {
		case !ok:
			f.given[g.Permission] = &api.Grant{Permission: g.Permission, Hosts: slices.Clone(g.Hosts), Instances: slices.Clone(g.Instances)}
		case !g.Limited():
			known.Hosts, known.Instances = nil, nil
		case known.Limited():
			known.Hosts, known.Instances = union(known.Hosts, g.Hosts), union(known.Instances, g.Instances)
		}
	}
	return f
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Groups lists all permissions, by what they are about. Those that this version does not know, but the role gives, come last.
func (f *RoleForm) Groups() (groups []PermissionGroup) {
	known := map[api.Permission]bool{}
	add := func(title string, row PermissionRow) {
		at := slices.IndexFunc(groups, func(g PermissionGroup) bool { return g.Title == title })
		if at < 0 {
			groups, at = append(groups, PermissionGroup{Title: title}), len(groups)
		}
		groups[at].Rows = append(groups[at].Rows, row)
	}
	for _, p := range f.permissions {
		known[p.Permission] = true
		add(permissionGroup(p.Permission), f.row(p.Permission, p.Allows, p.Limitable))
	}
	for _, g := range f.role.Grants {
		if !known[g.Permission] {
			known[g.Permission] = true
			add(say("Unknown to this version"), f.row(g.Permission, "", false))
		}
	}
	return groups
}

func (f *RoleForm) row(p api.Permission, allows string, limitable bool) PermissionRow {
	row := PermissionRow{Permission: p, Allows: allows, Limitable: limitable}
	if g, ok := f.given[p]; ok {
		row.Given, row.Where = true, f.whereWords(*g)
	}
	return row
}

func (f *RoleForm) whereWords(g api.Grant) string {
	var names []string
	for _, id := range slices.Concat(g.Hosts, g.Instances) {
		name, ok := f.places[id]
		if !ok {
			name = say("{{.id}}, which is gone", with{"id": id})
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func permissionGroup(p api.Permission) string {
	about, _, _ := strings.Cut(string(p), ".")
	switch about {
	case "cluster", "audit", "backup", "bus":
		return say("Cluster")
	case "host":
		return say("Hosts")
	case "instance", "console", "save":
		return say("Instances")
	case "user", "role":
		return say("Users")
	case "mod", "pack":
		return say("Mods")
	}
	return say("All")
}

// Give gives a permission for the whole cluster, or takes it away.
func (f *RoleForm) Give(p api.Permission, on bool) {
	delete(f.given, p)
	if on {
		f.given[p] = &api.Grant{Permission: p}
	}
}

// Limit limits a permission that is given to hosts and instances, by their ids; none: it holds for the whole cluster.
func (f *RoleForm) Limit(p api.Permission, hosts, instances []string) {
	if g, ok := f.given[p]; ok {
		g.Hosts, g.Instances = hosts, instances
	}
}

// Limits returns what a permission is limited to.
func (f *RoleForm) Limits(p api.Permission) (hosts, instances []string) {
	if g, ok := f.given[p]; ok {
		return g.Hosts, g.Instances
	}
	return nil, nil
}

// Grants are what the role gives, in the order of all permissions.
func (f *RoleForm) Grants() []api.Grant {
	grants := []api.Grant{}
	for _, group := range f.Groups() {
		for _, row := range group.Rows {
			if g, ok := f.given[row.Permission]; ok {
				grants = append(grants, *g)
			}
		}
	}
	return grants
}

// Changed tells whether the role would give something else.
func (f *RoleForm) Changed() bool {
	was := NewRoleForm(f.role, f.permissions, f.places)
	return grantsKey(was.Grants()) != grantsKey(f.Grants())
}

func grantsKey(grants []api.Grant) string {
	var key strings.Builder
	for _, g := range grants {
		fmt.Fprint(&key, g.Permission, union(g.Hosts, nil), union(g.Instances, nil), ";")
	}
	return key.String()
}

// A Key is one row of the keys of users.
type Key struct {
	ID      string
	User    string
	Machine string
	Made    time.Time
	Seen    time.Time
	From    string
	Open    int // connections at this moment
}

// Keys makes rows of keys.
func Keys(list []api.Key) []Key {
	rows := make([]Key, 0, len(list))
	for _, k := range list {
		rows = append(rows, Key{ID: k.ID, User: k.User, Machine: k.Machine, Made: k.MadeAt, Seen: k.LastSeen, From: k.From, Open: k.Connections})
	}
	return rows
}
