package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/playername"
)

const (
	maxRoles       = 200
	maxRoleName    = 60  // characters
	maxDescription = 500 // characters
	maxGrants      = 100 // of a role
	maxPlaces      = 500 // of a grant
	maxRoleUsers   = 1000
)

// firstRoles are the roles of a cluster that starts for the first time. Nobody has them yet, and whoever changes or deletes one has
// the last word.
func firstRoles() []store.Role {
	role := func(name, description string, permissions ...api.Permission) store.Role {
		r := store.Role{ID: randomInstanceID(), Name: name, Description: description}
		for _, p := range permissions {
			r.Grants = append(r.Grants, store.RoleGrant{Permission: string(p)})
		}
		return r
	}
	return []store.Role{
		role("Admin", "May do everything.", api.Everything),
		role("Operator", "Runs the games: starts and stops them, uses consoles and saves, and keeps order among players.",
			api.ClusterRead, api.ConsoleRead, api.ConsoleSend, api.InstanceControl, api.SaveRead, api.SaveManage,
			api.UserRead, api.UserModerate, api.ModRead),
		role("Viewer", "Sees how the cluster is, and changes nothing.", api.ClusterRead, api.SaveRead, api.UserRead, api.ModRead),
	}
}

func (s *service) WhoAmI(ctx context.Context, c api.Caller) (api.Me, error) {
	me := api.Me{Kind: c.Kind, User: c.Name, From: c.From, Roles: []api.RoleName{}, Grants: []api.Grant{{Permission: api.Everything}}}
	if c.Kind == api.Owner {
		return me, nil
	}
	key, roles, err := s.rolesOfKey(ctx, c.Key)
	if err != nil {
		return api.Me{}, err
	}
	me.Key, me.Grants = shortKey(key.ID), []api.Grant{}
	for _, r := range roles {
		me.Roles = append(me.Roles, api.RoleName{ID: r.ID, Name: r.Name})
		me.Grants = append(me.Grants, viewGrants(r.Grants)...)
	}
	return me, nil
}

func (s *service) Permissions(context.Context, api.Caller) ([]api.PermissionInfo, error) {
	return api.AllPermissions(), nil
}

func (s *service) Roles(ctx context.Context, _ api.Caller) ([]api.Role, error) {
	rows, err := s.store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	atlas, err := authority{s.Controller}.Atlas(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.Role, 0, len(rows))
	for _, row := range rows {
		view, err := s.viewRole(ctx, row, atlas)
		if err != nil {
			return nil, err
		}
		list = append(list, view)
	}
	return list, nil
}

func (s *service) viewRole(ctx context.Context, row store.Role, atlas api.Atlas) (api.Role, error) {
	users, err := s.store.RoleUsers(ctx, row.ID)
	if err != nil {
		return api.Role{}, err
	}
	view := api.Role{
		ID: row.ID, Name: row.Name, Description: row.Description, Revision: row.Revision, Grants: viewGrants(row.Grants),
		Places: map[string]string{}, UserCount: len(users), Users: append([]string{}, users[:min(len(users), maxRoleUsers)]...),
	}
	for _, g := range row.Grants {
		for _, h := range atlas.Hosts {
			if slices.Contains(g.Hosts, h.ID) {
				view.Places[h.ID] = h.Name
			}
		}
		for _, i := range atlas.Instances {
			if slices.Contains(g.Instances, i.ID) {
				view.Places[i.ID] = i.Name
			}
		}
	}
	return view, nil
}

func viewGrants(rows []store.RoleGrant) []api.Grant {
	list := make([]api.Grant, 0, len(rows))
	for _, g := range rows {
		list = append(list, api.Grant{Permission: api.Permission(g.Permission), Hosts: g.Hosts, Instances: g.Instances})
	}
	return list
}

func (s *service) CreateRole(ctx context.Context, c api.Caller, r api.CreateRole) (api.Role, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	all, err := s.store.Roles(ctx)
	if err != nil {
		return api.Role{}, err
	}
	if len(all) >= maxRoles {
		return api.Role{}, api.Errorf(api.Refused, "Delete some.", "there are %d roles, more are not possible", len(all))
	}
	row := store.Role{ID: randomInstanceID()}
	if err := s.fillRole(ctx, &row, &r.Name, &r.Description, &r.Grants); err != nil {
		return api.Role{}, err
	}
	if err := s.mayHandOn(ctx, c, row.Grants); err != nil {
		return api.Role{}, err
	}
	if err := s.store.AddRole(ctx, row); err != nil {
		return api.Role{}, roleError(row.Name, err)
	}
	s.changes.cluster()
	return s.role(ctx, row.ID)
}

func (s *service) ChangeRole(ctx context.Context, c api.Caller, r api.ChangeRole) (api.Role, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	row, all, err := s.findRole(ctx, r.Role)
	if err != nil {
		return api.Role{}, err
	}
	if r.Revision != 0 && r.Revision != row.Revision {
		return api.Role{}, roleError(row.Name, store.ErrChanged)
	}
	before := row.Grants
	if err := s.fillRole(ctx, &row, r.Name, r.Description, r.Grants); err != nil {
		return api.Role{}, err
	}
	if err := s.mayHandOn(ctx, c, append(slices.Clone(before), row.Grants...)); err != nil {
		return api.Role{}, err
	}
	after := slices.Clone(all)
	after[slices.IndexFunc(after, func(other store.Role) bool { return other.ID == row.ID })] = row
	if err := s.keepAdmin(ctx, all, after, func(string, string) bool { return false }); err != nil {
		return api.Role{}, err
	}
	if err := s.store.PutRole(ctx, row); err != nil {
		return api.Role{}, roleError(row.Name, err)
	}
	s.changes.cluster()
	return s.role(ctx, row.ID)
}

func (s *service) DeleteRole(ctx context.Context, c api.Caller, r api.RoleRef) (api.Role, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	row, all, err := s.findRole(ctx, r.Role)
	if err != nil {
		return api.Role{}, err
	}
	if err := s.mayHandOn(ctx, c, row.Grants); err != nil {
		return api.Role{}, err
	}
	after := slices.DeleteFunc(slices.Clone(all), func(other store.Role) bool { return other.ID == row.ID })
	if err := s.keepAdmin(ctx, all, after, func(string, string) bool { return false }); err != nil {
		return api.Role{}, err
	}
	view, err := s.role(ctx, row.ID)
	if err != nil {
		return api.Role{}, err
	}
	if err := s.store.DeleteRole(ctx, row.ID); err != nil {
		return api.Role{}, err
	}
	s.changes.cluster()
	return view, nil
}

func (s *service) UserRoles(ctx context.Context, _ api.Caller, r api.RolesOf) (api.UserRoles, error) {
	user, err := s.someUser(ctx, r.User)
	if err != nil {
		return api.UserRoles{}, err
	}
	return s.userRoles(ctx, user)
}

func (s *service) userRoles(ctx context.Context, user store.User) (api.UserRoles, error) {
	roles, err := s.rolesOf(ctx, user.Key)
	if err != nil {
		return api.UserRoles{}, err
	}
	view := api.UserRoles{User: user.Name, Roles: []api.RoleName{}}
	for _, r := range roles {
		view.Roles = append(view.Roles, api.RoleName{ID: r.ID, Name: r.Name})
	}
	return view, nil
}

func (s *service) GrantRole(ctx context.Context, c api.Caller, r api.RoleOf) (api.UserRoles, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	user, err := s.someUser(ctx, r.User)
	if err != nil {
		return api.UserRoles{}, err
	}
	row, _, err := s.findRole(ctx, r.Role)
	if err != nil {
		return api.UserRoles{}, err
	}
	if err := s.mayHandOn(ctx, c, row.Grants); err != nil {
		return api.UserRoles{}, err
	}
	if err := s.store.GrantRole(ctx, user.Key, row.ID); err != nil {
		return api.UserRoles{}, err
	}
	s.changes.cluster()
	return s.userRoles(ctx, user)
}

func (s *service) RevokeRole(ctx context.Context, c api.Caller, r api.RoleOf) (api.UserRoles, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	row, all, err := s.findRole(ctx, r.Role)
	if err != nil {
		return api.UserRoles{}, err
	}
	if err := s.mayHandOn(ctx, c, row.Grants); err != nil {
		return api.UserRoles{}, err
	}
	user, err := s.someUser(ctx, r.User)
	if err != nil {
		return api.UserRoles{}, err
	}
	if err := s.keepAdmin(ctx, all, all, func(u, role string) bool { return u == user.Key && role == row.ID }); err != nil {
		return api.UserRoles{}, err
	}
	if err := s.store.RevokeRole(ctx, user.Key, row.ID); errors.Is(err, store.ErrNotFound) {
		return api.UserRoles{}, api.Errorf(api.NotFound, "mainbusctl roles show tells who has it.", "%s does not have the role %s", user.Name, row.Name)
	} else if err != nil {
		return api.UserRoles{}, err
	}
	s.changes.cluster()
	return s.userRoles(ctx, user)
}

// fillRole puts into a role what is not nil, and refuses what makes no sense.
func (s *service) fillRole(ctx context.Context, row *store.Role, name, description *string, grants *[]api.Grant) error {
	if name != nil {
		row.Name = strings.TrimSpace(*name)
	}
	if description != nil {
		row.Description = strings.TrimSpace(*description)
	}
	if n := utf8.RuneCountInString(row.Name); n == 0 || n > maxRoleName || shown(row.Name, len(row.Name)) != row.Name {
		return api.Errorf(api.Invalid, "", "a role's name has 1 to %d characters that can be seen", maxRoleName)
	}
	if utf8.RuneCountInString(row.Description) > maxDescription || shown(row.Description, len(row.Description)) != row.Description {
		return api.Errorf(api.Invalid, "", "a role's description is one line of at most %d characters", maxDescription)
	}
	if grants == nil {
		return nil
	}
	if len(*grants) > maxGrants {
		return api.Errorf(api.Invalid, "", "a role has at most %d permissions", maxGrants)
	}
	atlas, err := authority{s.Controller}.Atlas(ctx)
	if err != nil {
		return err
	}
	old := row.Grants
	row.Grants = []store.RoleGrant{}
	for _, g := range *grants {
		if !g.Permission.Known() {
			return api.Errorf(api.Invalid, "mainbusctl roles permissions lists them.", "there is no permission %q", shown(string(g.Permission), 60))
		}
		one := store.RoleGrant{Permission: string(g.Permission)}
		if one.Hosts, err = placeIDs("host", g.Hosts, atlas.HostID, func(id string) bool { return names(old, id) }); err != nil {
			return err
		}
		if one.Instances, err = placeIDs("instance", g.Instances, atlas.InstanceID, func(id string) bool { return names(old, id) }); err != nil {
			return err
		}
		row.Grants = append(row.Grants, one)
	}
	return nil
}

// names tells whether grants name a place already; it may be gone since.
func names(grants []store.RoleGrant, id string) bool {
	return slices.ContainsFunc(grants, func(g store.RoleGrant) bool { return slices.Contains(g.Hosts, id) || slices.Contains(g.Instances, id) })
}

func placeIDs(what string, list []string, find func(name string) string, known func(id string) bool) ([]string, error) {
	if len(list) > maxPlaces {
		return nil, api.Errorf(api.Invalid, "", "a permission can be limited to at most %d places", maxPlaces)
	}
	var ids []string
	for _, name := range list {
		id := find(name)
		if id == "" && known(name) {
			id = name
		}
		if id == "" {
			return nil, api.Errorf(api.NotFound, fmt.Sprintf("mainbusctl %ss list shows all.", what), "there is no %s %q, or more than one", what, shown(name, 100))
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// mayHandOn refuses to let a caller give, take away or change what they have not got themselves.
func (s *service) mayHandOn(ctx context.Context, c api.Caller, grants []store.RoleGrant) error {
	if c.Kind == api.Owner {
		return nil
	}
	a := authority{s.Controller}
	have, err := a.Grants(ctx, c)
	if err != nil {
		return err
	}
	atlas, err := a.Atlas(ctx)
	if err != nil {
		return err
	}
	if !api.Covers(have, viewGrants(grants), atlas) {
		return api.Errorf(api.Refused, "Ask somebody who has them, or the owner of the cluster.",
			"%q does not have all of these permissions, so they are not %q's to give or to take: %s", c.Name, c.Name, api.GrantsText(viewGrants(grants)))
	}
	return nil
}

// keepAdmin refuses what would leave the cluster without a user who may do everything, if it has one. gone tells which users (by key) lose which
// roles.
func (s *service) keepAdmin(ctx context.Context, before, after []store.Role, gone func(user, role string) bool) error {
	had, err := s.anyAdmin(ctx, before, func(string, string) bool { return false })
	if err != nil || !had {
		return err
	}
	has, err := s.anyAdmin(ctx, after, gone)
	if err != nil || has {
		return err
	}
	return api.Errorf(api.Refused, "Give somebody else a role with the permission everything before.", "the last user who may do everything would be gone")
}

func (s *service) anyAdmin(ctx context.Context, roles []store.Role, gone func(user, role string) bool) (bool, error) {
	for _, r := range roles {
		if !slices.ContainsFunc(viewGrants(r.Grants), func(g api.Grant) bool { return g.Permission == api.Everything && !g.Limited() }) {
			continue
		}
		users, err := s.store.RoleUsers(ctx, r.ID)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(users, func(user string) bool { return !gone(playername.Key(user), r.ID) }) {
			return true, nil
		}
	}
	return false, nil
}

func roleError(name string, err error) error {
	switch {
	case errors.Is(err, store.ErrExists):
		return api.Errorf(api.Refused, "Choose another name.", "there is a role %q already", name)
	case errors.Is(err, store.ErrChanged):
		return api.Errorf(api.Refused, "Look at it again.", "somebody else has changed the role %q meanwhile", name)
	}
	return err
}

// findRole finds a role by name or id, among all.
func (s *service) findRole(ctx context.Context, name string) (store.Role, []store.Role, error) {
	all, err := s.store.Roles(ctx)
	if err != nil {
		return store.Role{}, nil, err
	}
	name = strings.TrimSpace(name)
	at := slices.IndexFunc(all, func(r store.Role) bool { return r.ID == name || strings.EqualFold(r.Name, name) })
	if at < 0 {
		return store.Role{}, nil, api.Errorf(api.NotFound, "mainbusctl roles list shows all.", "there is no role %q", shown(name, 100))
	}
	return all[at], all, nil
}

func (s *service) role(ctx context.Context, id string) (api.Role, error) {
	row, _, err := s.findRole(ctx, id)
	if err != nil {
		return api.Role{}, err
	}
	atlas, err := authority{s.Controller}.Atlas(ctx)
	if err != nil {
		return api.Role{}, err
	}
	return s.viewRole(ctx, row, atlas)
}

// someUser finds a user by name.
func (s *service) someUser(ctx context.Context, name string) (store.User, error) {
	user, err := s.store.User(ctx, strings.TrimSpace(name))
	if errors.Is(err, store.ErrNotFound) {
		return user, noUser(name)
	}
	return user, err
}
