package api

import (
	"context"
	"fmt"
)

// Roles is what is asked of who may do what.
type Roles interface {
	// WhoAmI tells callers what they are known as, and what they may do.
	WhoAmI(ctx context.Context, c Caller) (Me, error)
	// Permissions are all that there are.
	Permissions(ctx context.Context, c Caller) ([]PermissionInfo, error)
	Roles(ctx context.Context, c Caller) ([]Role, error)
	// CreateRole, ChangeRole and DeleteRole are refused to callers who do not have themselves all that the role gives, before and after.
	CreateRole(ctx context.Context, c Caller, r CreateRole) (Role, error)
	ChangeRole(ctx context.Context, c Caller, r ChangeRole) (Role, error)
	DeleteRole(ctx context.Context, c Caller, r RoleRef) (Role, error)
	UserRoles(ctx context.Context, c Caller, r RolesOf) (UserRoles, error)
	// ImportRoles makes roles of those of Clusterio, with what has an equal here and nothing beyond; PreviewRoleImport tells what it would do.
	PreviewRoleImport(ctx context.Context, c Caller, r ImportRoles) (RoleImport, error)
	ImportRoles(ctx context.Context, c Caller, r ImportRoles) (RoleImport, error)
	// GrantRole gives a user a role, and RevokeRole takes it away, at once.
	GrantRole(ctx context.Context, c Caller, r RoleOf) (UserRoles, error)
	RevokeRole(ctx context.Context, c Caller, r RoleOf) (UserRoles, error)
}

var roleMethods = map[string]method{
	"WhoAmI":            everybody(plain(Service.WhoAmI)),
	"Permissions":       everybody(plain(Service.Permissions)),
	"Roles":             reads(UserRead, plain(Service.Roles)),
	"CreateRole":        changes(RoleManage, with(Service.CreateRole)),
	"ChangeRole":        changes(RoleManage, with(Service.ChangeRole)),
	"DeleteRole":        changes(RoleManage, with(Service.DeleteRole)),
	"UserRoles":         reads(UserRead, with(Service.UserRoles)),
	"GrantRole":         changes(RoleManage, with(Service.GrantRole)),
	"PreviewRoleImport": reads(RoleManage, with(Service.PreviewRoleImport)),
	"ImportRoles":       changes(RoleManage, with(Service.ImportRoles)),
	"RevokeRole":        changes(RoleManage, with(Service.RevokeRole)),
}

func (s stub) WhoAmI(ctx context.Context, c Caller) (Me, error) {
	return ask[Me](ctx, s, c, "WhoAmI", nil)
}

func (s stub) Permissions(ctx context.Context, c Caller) ([]PermissionInfo, error) {
	return ask[[]PermissionInfo](ctx, s, c, "Permissions", nil)
}

func (s stub) Roles(ctx context.Context, c Caller) ([]Role, error) {
	return ask[[]Role](ctx, s, c, "Roles", nil)
}

func (s stub) CreateRole(ctx context.Context, c Caller, r CreateRole) (Role, error) {
	return ask[Role](ctx, s, c, "CreateRole", &r)
}

func (s stub) ChangeRole(ctx context.Context, c Caller, r ChangeRole) (Role, error) {
	return ask[Role](ctx, s, c, "ChangeRole", &r)
}

func (s stub) DeleteRole(ctx context.Context, c Caller, r RoleRef) (Role, error) {
	return ask[Role](ctx, s, c, "DeleteRole", &r)
}

func (s stub) UserRoles(ctx context.Context, c Caller, r RolesOf) (UserRoles, error) {
	return ask[UserRoles](ctx, s, c, "UserRoles", &r)
}

func (s stub) PreviewRoleImport(ctx context.Context, c Caller, r ImportRoles) (RoleImport, error) {
	return ask[RoleImport](ctx, s, c, "PreviewRoleImport", &r)
}

func (s stub) ImportRoles(ctx context.Context, c Caller, r ImportRoles) (RoleImport, error) {
	return ask[RoleImport](ctx, s, c, "ImportRoles", &r)
}

func (s stub) GrantRole(ctx context.Context, c Caller, r RoleOf) (UserRoles, error) {
	return ask[UserRoles](ctx, s, c, "GrantRole", &r)
}

func (s stub) RevokeRole(ctx context.Context, c Caller, r RoleOf) (UserRoles, error) {
	return ask[UserRoles](ctx, s, c, "RevokeRole", &r)
}

// Me is a caller, as the controller sees them.
type Me struct {
	Kind   CallerKind `json:"kind"`
	User   string     `json:"user"` // of the owner: the account on the controller's machine
	From   string     `json:"from"`
	Key    string     `json:"key,omitempty"` // id; the owner needs none
	Roles  []RoleName `json:"roles"`
	Grants []Grant    `json:"grants"` // of all roles together
}

// May tells whether a caller has a permission for the whole cluster. For a part of it they may have it as well if anywhere is true.
func (m Me) May(p Permission) (whole, anywhere bool) {
	for _, g := range m.Grants {
		if g.gives(p) {
			whole, anywhere = whole || !g.Limited(), true
		}
	}
	return whole, anywhere
}

// A PermissionInfo says what a permission allows.
type PermissionInfo struct {
	Permission Permission `json:"permission"`
	Allows     string     `json:"allows"`
	Limitable  bool       `json:"limitable"` // to hosts and instances; one that is not has no effect when it is limited
}

// RoleName names a role.
type RoleName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// A Role is a set of permissions that users can have.
type Role struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Revision    int64             `json:"revision"` // grows with each change
	Grants      []Grant           `json:"grants"`
	Places      map[string]string `json:"places"`     // names of the hosts and instances in Grants by id; those that are gone are missing
	Users       []string          `json:"users"`      // the first 1,000 by name
	UserCount   int               `json:"user_count"` // all
}

// CreateRole makes a role.
type CreateRole struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Grants      []Grant `json:"grants"`
}

func (r CreateRole) target() string { return r.Name + ": " + GrantsText(r.Grants) }

// ChangeRole changes what is not nil.
type ChangeRole struct {
	Role        string   `json:"role"`                  // name or id
	Revision    int64    `json:"revision,omitempty"`    // that the change is based on: if it is another by then, nothing is changed; 0: any
	Name        *string  `json:"name,omitempty"`        //
	Description *string  `json:"description,omitempty"` //
	Grants      *[]Grant `json:"grants,omitempty"`      // all of them
}

func (r ChangeRole) target() string {
	text := r.Role
	if r.Name != nil {
		text += " as " + *r.Name
	}
	if r.Grants != nil {
		text += ": " + GrantsText(*r.Grants)
	}
	return text
}

// RoleRef names a role.
type RoleRef struct {
	Role string `json:"role"` // name or id
}

func (r RoleRef) target() string { return r.Role }

// RolesOf names a user.
type RolesOf struct {
	User string `json:"user"`
}

// RoleOf names a user's role.
type RoleOf struct {
	User string `json:"user"`
	Role string `json:"role"` // name or id
}

func (r RoleOf) target() string { return r.User + ": " + r.Role }

// ImportRoles takes over the roles of Clusterio: the roles.json of its database, or the users.json of one before 2.0.0-alpha.22. At most 16 MiB.
type ImportRoles struct {
	Content []byte `json:"content"`
}

func (r ImportRoles) target() string { return "roles of Clusterio" }

// What ImportRoles does with a role.
const (
	RoleCreated = "create"
	RoleKept    = "keep" // there is one that gives the same
	RoleLeft    = "leave"
)

// RoleImport is what ImportRoles has done, or would do.
type RoleImport struct {
	Roles   []RoleStep `json:"roles"`
	Created int        `json:"created"`
}

// RoleStep is what becomes of one role.
type RoleStep struct {
	ID          int64    `json:"id"`             // there
	Was         string   `json:"was"`            // its name there
	Name        string   `json:"name"`           // its name here
	Here        string   `json:"here,omitempty"` // the id of the one that gives the same
	Description string   `json:"description"`
	Action      string   `json:"action"`
	Why         string   `json:"why,omitempty"` // it is left
	Grants      []Grant  `json:"grants"`        // what has an equal here
	Without     []string `json:"without"`       // what has none, in Clusterio's words
}

// UserRoles is what a user has.
type UserRoles struct {
	User  string     `json:"user"`
	Roles []RoleName `json:"roles"`
}

// GrantsText is grants for people: "save.read, console.send on nauvis".
func GrantsText(grants []Grant) string { return grantsText(grants, nil) }

// GrantsText is what the role gives, with the names of hosts and instances.
func (r Role) GrantsText() string { return grantsText(r.Grants, r.Places) }

func grantsText(grants []Grant, places map[string]string) string {
	text := ""
	for n, g := range grants {
		if n > 0 {
			text += ", "
		}
		text += string(g.Permission)
		for at, id := range append(append([]string{}, g.Hosts...), g.Instances...) {
			name, known := places[id]
			if !known {
				name = id
			}
			text += fmt.Sprintf("%s %s", []string{" on", " and"}[min(at, 1)], name)
		}
	}
	return text
}
