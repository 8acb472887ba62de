package headless

import (
	"context"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
)

// users is what a cluster in memory knows of players, roles and keys.
type users struct {
	all     []api.UserRecord
	plays   []api.UserPlay  // of every user
	visits  []api.UserVisit // of every user
	roles   []api.Role
	has     map[string][]api.RoleName // by user
	keys    []api.Key
	changes api.UserChanges // of every change of many
	came    []api.Moderated // of everything that is done in games
	found   []api.FindUsers
	modes   []api.ListModes

	unfinished string // of a change of many
	states     []api.ListState
}

// SetUsers replaces the players, and what each of them has played.
func (c *Cluster) SetUsers(all []api.UserRecord, plays []api.UserPlay, visits []api.UserVisit) {
	c.news(func() { c.users.all, c.users.plays, c.users.visits = all, plays, visits })
}

// SetRoles replaces the roles, who has which, and the keys.
func (c *Cluster) SetRoles(roles []api.Role, has map[string][]api.RoleName, keys ...api.Key) {
	c.news(func() { c.users.roles, c.users.has, c.users.keys = roles, has, keys })
}

// SetChanges says what comes of any change of many users, and of anything that is done in games.
func (c *Cluster) SetChanges(changes api.UserChanges, came ...api.Moderated) {
	c.change(func() { c.users.changes, c.users.came = changes, came })
}

// SetUnfinished says that a change of many users has not come to all.
func (c *Cluster) SetUnfinished(text string) { c.change(func() { c.users.unfinished = text }) }

// FoundUsers returns what users were searched by.
func (c *Cluster) FoundUsers() []api.FindUsers {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.users.found)
}

// Users implements api.Service.
func (c *Cluster) Users(_ context.Context, _ api.Caller, r api.FindUsers) (api.UserPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users.found = append(c.users.found, r)
	page := api.UserPage{Unfinished: c.users.unfinished}
	var found []api.UserRecord
	for _, u := range c.users.all {
		page.Online += min(len(u.Online), 1)
		if strings.Contains(strings.ToLower(u.Name), strings.ToLower(r.Text)) && (!r.Online || len(u.Online) > 0) && (!r.Admin || u.Admin.Set) && (!r.Banned || u.Banned.Set) && (!r.Whitelisted || u.Whitelisted.Set) &&
			(r.Role == "" || slices.ContainsFunc(c.users.has[u.Name], func(n api.RoleName) bool { return n.Name == r.Role })) {
			found = append(found, u)
		}
	}
	if r.Descending {
		slices.Reverse(found)
	}
	page.Total = len(found)
	page.Users = found[min(r.Offset, len(found)):min(r.Offset+r.Limit, len(found))]
	return page, nil
}

// User implements api.Service.
func (c *Cluster) User(_ context.Context, _ api.Caller, r api.UserRef) (api.UserDetails, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.users.all {
		if u.Name == r.Name {
			return api.UserDetails{UserRecord: u, Plays: c.users.plays}, nil
		}
	}
	return api.UserDetails{}, api.Errorf(api.NotFound, "", "there is no user %q", r.Name)
}

// UserHistory implements api.Service.
func (c *Cluster) UserHistory(context.Context, api.Caller, api.ReadUserHistory) ([]api.UserVisit, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.users.visits, nil
}

// ChangeUser implements api.Service.
func (c *Cluster) ChangeUser(_ context.Context, _ api.Caller, r api.ChangeUser) (api.UserRecord, error) {
	return api.UserRecord{}, c.noteJSON("ChangeUser", r)
}

// BanUser implements api.Service.
func (c *Cluster) BanUser(_ context.Context, _ api.Caller, r api.BanUser) (api.UserRecord, error) {
	return api.UserRecord{}, c.note("BanUser", r.Name, r.Reason)
}

// DeleteUser implements api.Service.
func (c *Cluster) DeleteUser(_ context.Context, _ api.Caller, r api.UserRef) (api.UserRecord, error) {
	return api.UserRecord{}, c.note("DeleteUser", r.Name)
}

func (c *Cluster) inGames(call string, args ...string) ([]api.Moderated, error) {
	err := c.note(call, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.users.came, err
}

// ModeratePlayer implements api.Service.
func (c *Cluster) ModeratePlayer(_ context.Context, _ api.Caller, r api.ModeratePlayer) ([]api.Moderated, error) {
	return c.inGames("ModeratePlayer", r.Action, r.Name, r.Reason)
}

// MessagePlayers implements api.Service.
func (c *Cluster) MessagePlayers(_ context.Context, _ api.Caller, r api.MessagePlayers) ([]api.Moderated, error) {
	return c.inGames("MessagePlayers", r.Name, r.Text)
}

// SendPlayer implements api.Service.
func (c *Cluster) SendPlayer(_ context.Context, _ api.Caller, r api.SendPlayer) ([]api.Moderated, error) {
	return c.inGames("SendPlayer", r.Name, r.To)
}

func (c *Cluster) manyUsers(call string, r any) (api.UserChanges, error) {
	err := c.noteJSON(call, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.users.changes, err
}

// PreviewBulk implements api.Service.
func (c *Cluster) PreviewBulk(_ context.Context, _ api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	return c.manyUsers("PreviewBulk", r)
}

// BulkUsers implements api.Service.
func (c *Cluster) BulkUsers(_ context.Context, _ api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	return c.manyUsers("BulkUsers", r)
}

// PreviewImport implements api.Service.
func (c *Cluster) PreviewImport(_ context.Context, _ api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	return c.manyUsers("PreviewImport", r)
}

// ImportUsers implements api.Service.
func (c *Cluster) ImportUsers(_ context.Context, _ api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	return c.manyUsers("ImportUsers", r)
}

// PreviewUndoUsers implements api.Service.
func (c *Cluster) PreviewUndoUsers(context.Context, api.Caller) (api.UserChanges, error) {
	return c.manyUsers("PreviewUndoUsers", nil)
}

// UndoUsers implements api.Service.
func (c *Cluster) UndoUsers(context.Context, api.Caller) (api.UserChanges, error) {
	return c.manyUsers("UndoUsers", nil)
}

// Permissions implements api.Service.
func (c *Cluster) Permissions(context.Context, api.Caller) ([]api.PermissionInfo, error) {
	return api.AllPermissions(), nil
}

// Roles implements api.Service.
func (c *Cluster) Roles(context.Context, api.Caller) ([]api.Role, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.users.roles), nil
}

// CreateRole implements api.Service. What is made has the id "new".
func (c *Cluster) CreateRole(_ context.Context, _ api.Caller, r api.CreateRole) (api.Role, error) {
	made := api.Role{ID: "new", Name: r.Name, Description: r.Description, Revision: 1}
	c.news(func() { c.users.roles = append(c.users.roles, made) })
	return made, c.note("CreateRole", r.Name)
}

// ChangeRole implements api.Service.
func (c *Cluster) ChangeRole(_ context.Context, _ api.Caller, r api.ChangeRole) (api.Role, error) {
	err := c.noteJSON("ChangeRole", r)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, role := range c.users.roles {
		if role.ID == r.Role && err == nil {
			if r.Grants != nil {
				c.users.roles[i].Grants = *r.Grants
			}
			c.users.roles[i].Revision++
			return c.users.roles[i], nil
		}
	}
	return api.Role{}, err
}

// DeleteRole implements api.Service.
func (c *Cluster) DeleteRole(_ context.Context, _ api.Caller, r api.RoleRef) (api.Role, error) {
	return api.Role{}, c.note("DeleteRole", r.Role)
}

// UserRoles implements api.Service.
func (c *Cluster) UserRoles(_ context.Context, _ api.Caller, r api.RolesOf) (api.UserRoles, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return api.UserRoles{User: r.User, Roles: c.users.has[r.User]}, nil
}

// PreviewRoleImport implements api.Service.
func (c *Cluster) PreviewRoleImport(_ context.Context, _ api.Caller, r api.ImportRoles) (api.RoleImport, error) {
	return roleImport(), c.noteJSON("PreviewRoleImport", r)
}

// ImportRoles implements api.Service.
func (c *Cluster) ImportRoles(_ context.Context, _ api.Caller, r api.ImportRoles) (api.RoleImport, error) {
	return roleImport(), c.noteJSON("ImportRoles", r)
}

// roleImport is what comes of any roles of Clusterio.
func roleImport() api.RoleImport {
	return api.RoleImport{Created: 1, Roles: []api.RoleStep{
		{Was: "Moderator", Name: "Moderator", Action: api.RoleCreated, Grants: []api.Grant{{Permission: api.ConsoleSend}}, Without: []string{"core.plugin.list"}},
		{Was: "decor", Action: api.RoleLeft, Why: "nothing that it allows has an equal here", Without: []string{"my_plugin.shine"}},
	}}
}

// GrantRole implements api.Service.
func (c *Cluster) GrantRole(_ context.Context, _ api.Caller, r api.RoleOf) (api.UserRoles, error) {
	return api.UserRoles{}, c.note("GrantRole", r.User, r.Role)
}

// RevokeRole implements api.Service.
func (c *Cluster) RevokeRole(_ context.Context, _ api.Caller, r api.RoleOf) (api.UserRoles, error) {
	return api.UserRoles{}, c.note("RevokeRole", r.User, r.Role)
}

// InviteUser implements api.Service.
func (c *Cluster) InviteUser(_ context.Context, _ api.Caller, r api.InviteUser) (api.UserInvitation, error) {
	return api.UserInvitation{User: r.User, Invitation: api.Invitation{ID: "0123456789abcdef", Code: "ml1.AGk2Vb3", ExpiresAt: time.Now().Add(time.Hour)}}, c.noteJSON("InviteUser", r)
}

// UserInvitations implements api.Service.
func (c *Cluster) UserInvitations(context.Context, api.Caller) ([]api.UserInvitation, error) {
	return []api.UserInvitation{{User: "ben", Invitation: api.Invitation{ID: "fedcba9876543210", ExpiresAt: time.Now().Add(time.Hour), CreatedAt: time.Now()}}}, nil
}

// RevokeUserInvitation implements api.Service.
func (c *Cluster) RevokeUserInvitation(_ context.Context, _ api.Caller, r api.InvitationRef) (api.UserInvitation, error) {
	return api.UserInvitation{}, c.note("RevokeUserInvitation", r.Invitation)
}

// Keys implements api.Service.
func (c *Cluster) Keys(context.Context, api.Caller, api.KeysOf) ([]api.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.users.keys), nil
}

// RevokeKey implements api.Service.
func (c *Cluster) RevokeKey(_ context.Context, _ api.Caller, r api.KeyRef) (api.Key, error) {
	return api.Key{}, c.note("RevokeKey", r.Key)
}
