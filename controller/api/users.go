package api

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Users is what is asked of players. There is one record for each; names are compared without case.
type Users interface {
	Users(ctx context.Context, c Caller, r FindUsers) (UserPage, error)
	User(ctx context.Context, c Caller, r UserRef) (UserDetails, error)
	UserHistory(ctx context.Context, c Caller, r ReadUserHistory) ([]UserVisit, error) // newest first

	// ChangeUser makes the record if there is none and the change sets something.
	ChangeUser(ctx context.Context, c Caller, r ChangeUser) (UserRecord, error)
	BanUser(ctx context.Context, c Caller, r BanUser) (UserRecord, error)
	UnbanUser(ctx context.Context, c Caller, r UserRef) (UserRecord, error)
	DeleteUser(ctx context.Context, c Caller, r UserRef) (UserRecord, error) // refused while one of the game's lists has the user

	// ModeratePlayer does something to a player in games, at once and only there: kick, mute, unmute.
	ModeratePlayer(ctx context.Context, c Caller, r ModeratePlayer) ([]Moderated, error)
	MessagePlayers(ctx context.Context, c Caller, r MessagePlayers) ([]Moderated, error)
	// SendPlayer shows a player the game's question whether to go to another instance.
	SendPlayer(ctx context.Context, c Caller, r SendPlayer) ([]Moderated, error)

	// PreviewBulk and PreviewImport tell what BulkUsers and ImportUsers would do.
	PreviewBulk(ctx context.Context, c Caller, r BulkUsers) (UserChanges, error)
	BulkUsers(ctx context.Context, c Caller, r BulkUsers) (UserChanges, error)
	PreviewImport(ctx context.Context, c Caller, r ImportUsers) (UserChanges, error)
	ImportUsers(ctx context.Context, c Caller, r ImportUsers) (UserChanges, error)
	ExportUsers(ctx context.Context, c Caller, r ExportUsers) (UserFile, error)
	// UndoUsers takes back the newest BulkUsers or ImportUsers that stands. What was changed since stays.
	PreviewUndoUsers(ctx context.Context, c Caller) (UserChanges, error)
	UndoUsers(ctx context.Context, c Caller) (UserChanges, error)
}

var userMethods = map[string]method{
	"Users":            reads(UserRead, with(Service.Users)),
	"User":             reads(UserRead, with(Service.User)),
	"UserHistory":      reads(UserRead, with(Service.UserHistory)),
	"ChangeUser":       changes(UserManage, with(Service.ChangeUser)),
	"BanUser":          changes(UserModerate, with(Service.BanUser)),
	"UnbanUser":        changes(UserModerate, with(Service.UnbanUser)),
	"DeleteUser":       changes(UserManage, with(Service.DeleteUser)),
	"ModeratePlayer":   changes(UserModerate, with(Service.ModeratePlayer)),
	"MessagePlayers":   changes(UserModerate, with(Service.MessagePlayers)),
	"SendPlayer":       changes(UserModerate, with(Service.SendPlayer)),
	"PreviewBulk":      reads(UserManage, with(Service.PreviewBulk)),
	"BulkUsers":        changes(UserManage, with(Service.BulkUsers)),
	"PreviewImport":    reads(UserManage, with(Service.PreviewImport)),
	"ImportUsers":      changes(UserManage, with(Service.ImportUsers)),
	"ExportUsers":      reads(UserManage, with(Service.ExportUsers)),
	"PreviewUndoUsers": reads(UserManage, plain(Service.PreviewUndoUsers)),
	"UndoUsers":        changes(UserManage, plain(Service.UndoUsers)),
}

func (s stub) Users(ctx context.Context, c Caller, r FindUsers) (UserPage, error) {
	return ask[UserPage](ctx, s, c, "Users", &r)
}

func (s stub) User(ctx context.Context, c Caller, r UserRef) (UserDetails, error) {
	return ask[UserDetails](ctx, s, c, "User", &r)
}

func (s stub) UserHistory(ctx context.Context, c Caller, r ReadUserHistory) ([]UserVisit, error) {
	return ask[[]UserVisit](ctx, s, c, "UserHistory", &r)
}

func (s stub) ChangeUser(ctx context.Context, c Caller, r ChangeUser) (UserRecord, error) {
	return ask[UserRecord](ctx, s, c, "ChangeUser", &r)
}

func (s stub) BanUser(ctx context.Context, c Caller, r BanUser) (UserRecord, error) {
	return ask[UserRecord](ctx, s, c, "BanUser", &r)
}

func (s stub) UnbanUser(ctx context.Context, c Caller, r UserRef) (UserRecord, error) {
	return ask[UserRecord](ctx, s, c, "UnbanUser", &r)
}

func (s stub) DeleteUser(ctx context.Context, c Caller, r UserRef) (UserRecord, error) {
	return ask[UserRecord](ctx, s, c, "DeleteUser", &r)
}

func (s stub) ModeratePlayer(ctx context.Context, c Caller, r ModeratePlayer) ([]Moderated, error) {
	return ask[[]Moderated](ctx, s, c, "ModeratePlayer", &r)
}

func (s stub) MessagePlayers(ctx context.Context, c Caller, r MessagePlayers) ([]Moderated, error) {
	return ask[[]Moderated](ctx, s, c, "MessagePlayers", &r)
}

func (s stub) SendPlayer(ctx context.Context, c Caller, r SendPlayer) ([]Moderated, error) {
	return ask[[]Moderated](ctx, s, c, "SendPlayer", &r)
}

func (s stub) PreviewBulk(ctx context.Context, c Caller, r BulkUsers) (UserChanges, error) {
	return ask[UserChanges](ctx, s, c, "PreviewBulk", &r)
}

func (s stub) BulkUsers(ctx context.Context, c Caller, r BulkUsers) (UserChanges, error) {
	return ask[UserChanges](ctx, s, c, "BulkUsers", &r)
}

func (s stub) PreviewImport(ctx context.Context, c Caller, r ImportUsers) (UserChanges, error) {
	return ask[UserChanges](ctx, s, c, "PreviewImport", &r)
}

func (s stub) ImportUsers(ctx context.Context, c Caller, r ImportUsers) (UserChanges, error) {
	return ask[UserChanges](ctx, s, c, "ImportUsers", &r)
}

func (s stub) ExportUsers(ctx context.Context, c Caller, r ExportUsers) (UserFile, error) {
	return ask[UserFile](ctx, s, c, "ExportUsers", &r)
}

func (s stub) PreviewUndoUsers(ctx context.Context, c Caller) (UserChanges, error) {
	return ask[UserChanges](ctx, s, c, "PreviewUndoUsers", nil)
}

func (s stub) UndoUsers(ctx context.Context, c Caller) (UserChanges, error) {
	return ask[UserChanges](ctx, s, c, "UndoUsers", nil)
}

// A UserRecord is what is known of a player.
type UserRecord struct {
	Name        string     `json:"name"`
	CreatedAt   time.Time  `json:"created_at"`
	FirstSeen   *time.Time `json:"first_seen,omitempty"` // in a game; missing: never
	LastSeen    *time.Time `json:"last_seen,omitempty"`
	Joins       int64      `json:"joins"`   // of all instances together
	Seconds     int64      `json:"seconds"` // played, kept to the minute
	Online      []Presence `json:"online"`  // where; empty: nowhere
	Admin       UserFlag   `json:"admin"`
	Whitelisted UserFlag   `json:"whitelisted"`
	Banned      UserFlag   `json:"banned"`
	BanReason   string     `json:"ban_reason,omitempty"`
	Revision    int64      `json:"revision"` // of the newest change of a flag among those of all users; 0: there was none
	Notes       string     `json:"notes,omitempty"`
}

// UserFlag is one of the flags that the game keeps a list of. By and At are of its newest change, whichever way.
type UserFlag struct {
	Set bool       `json:"set"`
	By  string     `json:"by,omitempty"`
	At  *time.Time `json:"at,omitempty"`
}

// A Presence is a player in a game.
type Presence struct {
	Instance     string    `json:"instance"`
	InstanceName string    `json:"instance_name"`
	Since        time.Time `json:"since"`
	Unknown      bool      `json:"unknown,omitempty"` // the host can't be reached: so it was when it was heard of last
}

// Orders of users.
const (
	UsersByName    = "name" // as is an empty one
	UsersBySeen    = "seen"
	UsersBySeconds = "time"
	UsersByJoins   = "joins"
)

// FindUsers asks for users; what is empty does not restrict.
type FindUsers struct {
	Text        string `json:"text,omitempty"` // in the name, in any case
	Online      bool   `json:"online,omitempty"`
	Admin       bool   `json:"admin,omitempty"`
	Whitelisted bool   `json:"whitelisted,omitempty"`
	Banned      bool   `json:"banned,omitempty"`
	Role        string `json:"role,omitempty"` // name or id
	Sort        string `json:"sort,omitempty"`
	Descending  bool   `json:"descending,omitempty"`
	Offset      int    `json:"offset,omitempty"`
	Limit       int    `json:"limit,omitempty"` // at most 1,000; 0: 100
}

// words are for people: " with: banned, role Viewer".
func (r FindUsers) words() string {
	var parts []string
	for _, p := range []struct {
		on   bool
		text string
	}{{r.Online, "online"}, {r.Admin, "admin"}, {r.Whitelisted, "whitelisted"}, {r.Banned, "banned"}, {r.Role != "", "role " + r.Role}, {r.Text != "", fmt.Sprintf("%q in the name", r.Text)}} {
		if p.on {
			parts = append(parts, p.text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " with: " + strings.Join(parts, ", ")
}

// A UserPage is a part of the users that were found.
type UserPage struct {
	Users  []UserRecord `json:"users"`
	Total  int          `json:"total"`  // found
	Online int          `json:"online"` // players in all games, found or not
	// Unfinished says of the newest change of many users that it is under way, or was interrupted; it can be undone, and to do the same
	// again does the rest. Empty: there is none.
	Unfinished string `json:"unfinished,omitempty"`
}

// UserRef names a user.
type UserRef struct {
	Name string `json:"name"`
}

func (r UserRef) target() string { return r.Name }

// UserDetails is a user, and what they have played.
type UserDetails struct {
	UserRecord
	Plays []UserPlay `json:"plays"` // most played first
}

// UserPlay is what a user has played in an instance.
type UserPlay struct {
	Instance     string     `json:"instance"`
	InstanceName string     `json:"instance_name"` // empty if the instance is gone
	Joins        int64      `json:"joins"`
	Seconds      int64      `json:"seconds"`
	FirstJoin    time.Time  `json:"first_join"`
	LastJoin     time.Time  `json:"last_join"`
	LastLeave    *time.Time `json:"last_leave,omitempty"`
	Reason       string     `json:"reason,omitempty"` // of the last leave
}

// ReadUserHistory asks for visits of a user.
type ReadUserHistory struct {
	Name     string `json:"name"`
	Instance string `json:"instance,omitempty"` // name or id; empty: all
	Before   int64  `json:"before,omitempty"`   // ID of the last one of the page before
	Limit    int    `json:"limit,omitempty"`    // at most 1,000; 0: 100
}

func (r *ReadUserHistory) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r ReadUserHistory) target() string { return r.Name }

// UserVisit is a visit of a user in an instance. The newest 1,000 of each user that are over are kept.
type UserVisit struct {
	ID           int64      `json:"id"` // 0: goes on
	Instance     string     `json:"instance"`
	InstanceName string     `json:"instance_name"`
	Joined       time.Time  `json:"joined"`
	Left         *time.Time `json:"left,omitempty"`
	Seconds      int64      `json:"seconds"`
	Reason       string     `json:"reason,omitempty"` // quit, kicked, banned, afk, …, game_ended, or unknown
}

// ChangeUser changes what is not nil. The games whose lists are kept the same follow by themselves.
type ChangeUser struct {
	Name        string  `json:"name"`
	Admin       *bool   `json:"admin,omitempty"`
	Whitelisted *bool   `json:"whitelisted,omitempty"`
	Notes       *string `json:"notes,omitempty"`
	Create      bool    `json:"create,omitempty"` // a record, even if it says nothing
}

func (r ChangeUser) target() string {
	text := r.Name
	for _, f := range []struct {
		what string
		to   *bool
	}{{"admin", r.Admin}, {"whitelisted", r.Whitelisted}} {
		if f.to != nil {
			text += fmt.Sprintf(" %s=%t", f.what, *f.to)
		}
	}
	if r.Notes != nil {
		text += " notes"
	}
	return text
}

// BanUser bans a player, or gives the reason of a ban. It is not limited to instances: games whose list of bans is kept the same follow.
type BanUser struct {
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"`
}

func (r BanUser) target() string { return strings.TrimSpace(r.Name + " " + r.Reason) }

// What ModeratePlayer does.
const (
	Kick   = "kick"
	Mute   = "mute"
	Unmute = "unmute"
)

// ModeratePlayer does something to a player in a game.
type ModeratePlayer struct {
	Name     string `json:"name"`
	Action   string `json:"action"`
	Instance string `json:"instance,omitempty"` // name or id; empty: wherever the player is, and for unmute all that run
	Reason   string `json:"reason,omitempty"`   // of a kick
}

func (r *ModeratePlayer) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r ModeratePlayer) target() string {
	return strings.TrimSpace(r.Action + " " + r.Name + " " + r.Instance + " " + r.Reason)
}

// Moderated is what came of it in an instance.
type Moderated struct {
	Instance     string `json:"instance"`
	InstanceName string `json:"instance_name"`
	Answer       string `json:"answer"` // of the game, in its words; empty: it said nothing
	Problem      string `json:"problem,omitempty"`
}

func (m *Moderated) scope() []place { return []place{ofInstance(&m.Instance)} }

// MessagePlayers says something in games.
type MessagePlayers struct {
	Name     string `json:"name,omitempty"`     // to this player only; empty: to all
	Instance string `json:"instance,omitempty"` // name or id; empty: wherever the player is, or all that run
	Text     string `json:"text"`
}

func (r *MessagePlayers) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r MessagePlayers) target() string { return strings.TrimSpace(r.Name + " " + r.Instance) }

// SendPlayer asks a player to go to another instance.
type SendPlayer struct {
	Name     string `json:"name"`
	Instance string `json:"instance,omitempty"` // where the player is; empty: wherever
	To       string `json:"to"`                 // name or id of the instance to go to
}

func (r *SendPlayer) scope() []place { return []place{ofInstance(&r.Instance), ofInstance(&r.To)} }

func (r SendPlayer) target() string { return r.Name + " to " + r.To }

// What BulkUsers does.
const (
	BulkBan         = "ban"
	BulkUnban       = "unban"
	BulkPromote     = "promote"
	BulkDemote      = "demote"
	BulkWhitelist   = "whitelist"
	BulkUnwhitelist = "unwhitelist"
	BulkClearNotes  = "clear_notes"
	BulkGrantRole   = "grant_role" // these two need the permission role.manage as well, and all that the role gives
	BulkRevokeRole  = "revoke_role"
)

// BulkUsers does the same to many users. At most 100,000. It is done in portions; an error says how many were changed if it was interrupted.
type BulkUsers struct {
	Action string     `json:"action"`
	Names  []string   `json:"names,omitempty"`
	Match  *FindUsers `json:"match,omitempty"`  // in place of names: all who match when it is done, on all pages
	Reason string     `json:"reason,omitempty"` // of a ban
	Role   string     `json:"role,omitempty"`   // name or id, of what is about roles
}

func (r BulkUsers) target() string {
	who := fmt.Sprintf("%d users", len(r.Names))
	if r.Match != nil {
		who = "all users" + r.Match.words()
	}
	return strings.Join(strings.Fields(r.Action+" "+r.Role+" "+who), " ")
}

// Forms of files with users.
const (
	AdminFile     = "admins"    // server-adminlist.json
	BanFile       = "bans"      // server-banlist.json
	WhitelistFile = "whitelist" // server-whitelist.json
	UsersFile     = "users"     // an export of Clusterio, and of ExportUsers
	ClusterioFile = "clusterio" // users.json of Clusterio's database; only for imports
)

// ImportUsers takes over a file, at most 16 MiB. It only adds: it clears no flag, and a ban keeps the reason that it has.
type ImportUsers struct {
	Form    string `json:"form"`
	Content []byte `json:"content"`
	// Roles is the roles.json of Clusterio's database beside it, at most 16 MiB; older ones have roles in users.json. Users get those that ImportRoles
	// has made, as far as the caller may give them.
	Roles []byte `json:"roles,omitempty"`
	// Restore takes away first what the file could have and has not.
	Restore bool `json:"restore,omitempty"`
}

func (r ImportUsers) target() string {
	if r.Restore {
		return "restore " + r.Form
	}
	return r.Form
}

// ExportUsers asks for a file.
type ExportUsers struct {
	Form string `json:"form"`
}

func (r ExportUsers) target() string { return r.Form }

// UserFile is a file with users.
type UserFile struct {
	Name    string `json:"name"` // that the file usually has
	Users   int    `json:"users"`
	Content []byte `json:"content"`
}

// UserChanges is what came of a change of many users, or would.
type UserChanges struct {
	What      string       `json:"what"`      // for people
	At        time.Time    `json:"at"`        // when it was done; of an undo, when that was done which it takes back
	Changed   int          `json:"changed"`   // users who are different
	Created   int          `json:"created"`   // of these, had no record
	Unchanged int          `json:"unchanged"` // named, and already so
	Since     int          `json:"since"`     // of an undo: something was changed since and stays
	Left      int          `json:"left"`      // of an undo: what is undone was interrupted and had not come to so many
	Rows      []UserEffect `json:"rows"`      // the first 200 that are different
	Skipped   []string     `json:"skipped"`   // what can't be taken over and why, the first 100
	Bad       int          `json:"bad"`       // how many were skipped
}

// UserEffect is what becomes of a user.
type UserEffect struct {
	Name string `json:"name"`
	Text string `json:"text"` // "banned (griefing), not admin any more"
}
