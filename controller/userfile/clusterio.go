package userfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Clusterio keeps its database in two JSON files, users.json and roles.json, an array each. Before its version 2.0.0-alpha.22 both were one
// users.json, an object with users and roles (packages/controller/src/UserManager.ts, packages/lib/src/data of github.com/clusterio/clusterio).

// Clusterio is the form of its users.json, whose users have roles.
const Clusterio Form = "clusterio"

const (
	maxRoles       = 1000
	maxPermissions = 1000 // of a role
	maxText        = 500  // bytes of a name, description or permission
)

// Role is a role of Clusterio.
type Role struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Permissions []string `json:"permissions"`
	Deleted     bool     `json:"is_deleted"`
}

// databaseUser is how Clusterio keeps a user.
type databaseUser struct {
	Name        string  `json:"name"`
	Roles       []int64 `json:"roles"`
	Admin       bool    `json:"is_admin"`
	Whitelisted bool    `json:"is_whitelisted"`
	Banned      bool    `json:"is_banned"`
	Reason      string  `json:"ban_reason"`
	Deleted     bool    `json:"is_deleted"`
}

// part reads one of the two arrays, which may be the file or a part of it. found is false if the file is of the other one.
func part[T any](data []byte, name string, limit int) (list []T, found bool, err error) {
	text := json.RawMessage(data)
	if !strings.HasPrefix(strings.TrimSpace(string(data[:min(len(data), 100)])), "[") {
		var both map[string]json.RawMessage
		if err := json.Unmarshal(data, &both); err != nil {
			return nil, false, fmt.Errorf("database of Clusterio: %w", err)
		}
		if text, found = both[name]; !found {
			return nil, false, nil
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, true, fmt.Errorf("database of Clusterio: %w", err)
	}
	if len(list) > limit {
		return nil, true, fmt.Errorf("database of Clusterio: %d %s are more than %d", len(list), name, limit)
	}
	return list, true, nil
}

// ParseRoles reads a roles.json, or a users.json of before alpha.22. Roles that were deleted are left out.
func ParseRoles(data []byte) ([]Role, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the file has %d bytes, more than %d MiB", len(data), MaxBytes>>20)
	}
	all, found, err := part[Role](data, "roles", maxRoles)
	if err == nil && !found {
		err = fmt.Errorf("this is no roles.json of Clusterio, and no users.json with roles")
	}
	seen := map[int64]bool{}
	for _, r := range all {
		switch {
		case err != nil:
		case r.Permissions == nil || r.Name == "":
			err = fmt.Errorf("this is no roles.json of Clusterio: something in it has no name or no permissions")
		case seen[r.ID]:
			err = fmt.Errorf("database of Clusterio: two roles have the id %d", r.ID)
		case len(r.Permissions) > maxPermissions || len(r.Name) > maxText || len(r.Description) > maxText || slices.ContainsFunc(r.Permissions, func(p string) bool { return len(p) > maxText }):
			err = fmt.Errorf("database of Clusterio: the role %.40q is too long", r.Name)
		}
		seen[r.ID] = true
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r Role) bool { return r.Deleted }), nil
}

func parseDatabase(data []byte) ([]Entry, error) {
	all, found, err := part[databaseUser](data, "users", maxEntries)
	if err == nil && !found {
		err = fmt.Errorf("this is no users.json of Clusterio's database")
	}
	var entries []Entry
	for _, u := range all {
		if !u.Deleted {
			entries = append(entries, Entry{Name: u.Name, Admin: u.Admin, Whitelisted: u.Whitelisted, Banned: u.Banned, Reason: u.Reason, Roles: u.Roles})
		}
	}
	return entries, err
}

// equals says which permission here lets do no more than several of Clusterio's together. What is in none of them has no equal: to create instances here
// lets one look into folders of hosts, and Clusterio has nothing like books and audit.
var equals = []struct {
	ours   string
	theirs []string
}{
	{"everything", []string{"core.admin"}},
	{"cluster.read", []string{"core.host.list", "core.instance.list", "core.instance.get"}},
	{"host.pair", []string{"core.host.generate_token", "core.host.revoke_token"}},
	{"host.configure", []string{"core.host.update_config", "core.host.update"}},
	{"instance.control", []string{"core.instance.start", "core.instance.stop", "core.instance.kill"}},
	{"instance.configure", []string{"core.instance.update_config"}},
	{"console.read", []string{"core.log.follow"}},
	{"console.send", []string{"core.instance.send_rcon"}},
	{"save.read", []string{"core.instance.save.list"}},
	{"save.manage", []string{"core.instance.save.create", "core.instance.save.rename", "core.instance.save.copy", "core.instance.save.delete", "core.instance.save.upload",
		"core.instance.save.transfer", "core.instance.save.download"}},
	{"user.read", []string{"core.user.list", "core.user.get", "core.role.list"}},
	{"user.manage", []string{"core.user.create", "core.user.delete", "core.user.set_admin", "core.user.set_banned", "core.user.set_whitelisted", "core.user.bulk_import", "core.user.bulk_restore"}},
	{"user.moderate", []string{"core.user.set_admin", "core.user.set_banned", "core.instance.send_rcon"}},
	{"role.manage", []string{"core.role.create", "core.role.update", "core.role.delete", "core.user.update_roles", "core.user.revoke_other_token"}},
	{"mod.read", []string{"core.mod.list", "core.mod.get", "core.mod_pack.list", "core.mod_pack.get"}},
	{"mod.manage", []string{"core.mod.upload", "core.mod.delete", "core.mod.download_from_portal"}},
	{"pack.manage", []string{"core.mod_pack.create", "core.mod_pack.update", "core.mod_pack.delete", "core.instance.update_config"}},
}

// Equal returns the permissions here that let do no more than a role does there, and those of the role that none of them stands for.
func (r Role) Equal() (ours, without []string) {
	has := map[string]bool{}
	for _, p := range r.Permissions {
		// Hosts were called slaves, and the controller master, before alpha.14.
		has[strings.NewReplacer("core.slave.", "core.host.", "core.master.", "core.controller.").Replace(p)] = true
	}
	stands := map[string]bool{}
	for _, e := range equals {
		if !slices.ContainsFunc(e.theirs, func(p string) bool { return !has[p] }) {
			ours = append(ours, e.ours)
			for _, p := range e.theirs {
				stands[p] = true
			}
		}
	}
	if has["core.admin"] {
		return ours[:1], nil
	}
	for p := range has {
		if !stands[p] {
			without = append(without, p)
		}
	}
	slices.Sort(without)
	return ours, without
}
