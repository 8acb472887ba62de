package api

import (
	"context"
	"time"
)

// Keys is what is asked of the keys with which users call from elsewhere. There are no passwords.
type Keys interface {
	// InviteUser makes a login code: mainbusctl login makes a key by it that speaks for the user. It is refused to callers who do not
	// have themselves all that the user has.
	InviteUser(ctx context.Context, c Caller, r InviteUser) (UserInvitation, error)
	UserInvitations(ctx context.Context, c Caller) ([]UserInvitation, error) // without their codes, newest first
	RevokeUserInvitation(ctx context.Context, c Caller, r InvitationRef) (UserInvitation, error)
	Keys(ctx context.Context, c Caller, r KeysOf) ([]Key, error)
	// RevokeKey ends a key and its connections at once.
	RevokeKey(ctx context.Context, c Caller, r KeyRef) (Key, error)
	// Logout revokes the key of the caller.
	Logout(ctx context.Context, c Caller) (Key, error)
}

var keyMethods = map[string]method{
	"InviteUser":           changes(RoleManage, with(Service.InviteUser)),
	"UserInvitations":      reads(RoleManage, plain(Service.UserInvitations)),
	"RevokeUserInvitation": changes(RoleManage, with(Service.RevokeUserInvitation)),
	"Keys":                 reads(RoleManage, with(Service.Keys)),
	"RevokeKey":            changes(RoleManage, with(Service.RevokeKey)),
	"Logout":               everybody(plain(Service.Logout)).recorded(),
}

func (s stub) InviteUser(ctx context.Context, c Caller, r InviteUser) (UserInvitation, error) {
	return ask[UserInvitation](ctx, s, c, "InviteUser", &r)
}

func (s stub) UserInvitations(ctx context.Context, c Caller) ([]UserInvitation, error) {
	return ask[[]UserInvitation](ctx, s, c, "UserInvitations", nil)
}

func (s stub) RevokeUserInvitation(ctx context.Context, c Caller, r InvitationRef) (UserInvitation, error) {
	return ask[UserInvitation](ctx, s, c, "RevokeUserInvitation", &r)
}

func (s stub) Keys(ctx context.Context, c Caller, r KeysOf) ([]Key, error) {
	return ask[[]Key](ctx, s, c, "Keys", &r)
}

func (s stub) RevokeKey(ctx context.Context, c Caller, r KeyRef) (Key, error) {
	return ask[Key](ctx, s, c, "RevokeKey", &r)
}

func (s stub) Logout(ctx context.Context, c Caller) (Key, error) {
	return ask[Key](ctx, s, c, "Logout", nil)
}

// InviteUser asks for a login code.
type InviteUser struct {
	User      string   `json:"user"`
	Seconds   int64    `json:"seconds"`             // how long it is good; 0: an hour, at most 7 days
	Addresses []string `json:"addresses,omitempty"` // host:port at which this controller can be reached, before its own ones
}

func (r InviteUser) target() string { return r.User }

// A UserInvitation is a login code that was given out.
type UserInvitation struct {
	Invitation
	User string `json:"user"`
}

// A Key speaks for a user on one machine.
type Key struct {
	ID          string    `json:"id"`
	User        string    `json:"user"`
	Machine     string    `json:"machine"` // as it calls itself
	MadeAt      time.Time `json:"made_at"`
	LastSeen    time.Time `json:"last_seen"`
	From        string    `json:"from"`        // address, last
	Connections int       `json:"connections"` // at this moment
}

// KeysOf names a user; empty: all.
type KeysOf struct {
	User string `json:"user"`
}

// KeyRef names a key.
type KeyRef struct {
	Key string `json:"key"` // id, or its beginning if that is enough
}

func (r KeyRef) target() string { return r.Key }
