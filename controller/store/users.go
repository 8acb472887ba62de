package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mainbus/hostagent/factorio/playername"
)

// ErrListed says that a user is admin, banned or whitelisted, so the record can't go.
var ErrListed = errors.New("the user is admin, banned or whitelisted")

// Users are the records of players. Names are compared without case.
type Users interface {
	User(ctx context.Context, name string) (User, error) // ErrNotFound
	// FindUsers returns one page, and how many there are in all.
	FindUsers(ctx context.Context, q UserQuery) (page []User, total int, err error)
	// ListedUsers returns all who are admin, banned or whitelisted, by key, and the newest revision of all users.
	ListedUsers(ctx context.Context) (all []User, revision int64, err error)
	// ChangeUser makes the record if the change sets something, and tells what it was and is. Two equal calls are as one. A change
	// that would only take away from nobody makes none; After is empty then.
	ChangeUser(ctx context.Context, c UserChange) (UserChanged, error)
	DeleteUser(ctx context.Context, name string) error // with roles and keys; ErrListed, ErrNotFound

	// ChangeUsers makes many changes and remembers how to undo them, in portions between which other writes get their turn. When ctx
	// ends or something fails, what was done until then stands and is told with the error: it can be undone, and to make the same
	// changes again does the rest. PreviewUsers tells what would come of it.
	ChangeUsers(ctx context.Context, b UserBulk) (UserBulkResult, error)
	PreviewUsers(ctx context.Context, b UserBulk) (UserBulkResult, error)
	// UndoUsers takes back the newest ChangeUsers that stands, in portions too. What was changed since stays. ErrNotFound: none stands.
	UndoUsers(ctx context.Context, by string, at time.Time) (UserBulkResult, error)
	PreviewUndo(ctx context.Context) (UserBulkResult, error)
	// UnfinishedUsers is the newest ChangeUsers that stands, if it has not come to all: it is under way, or was interrupted. Left is 0
	// if there is none.
	UnfinishedUsers(ctx context.Context) (b UserBulkResult, underWay bool, err error)

	// Played takes in what a host tells of an instance. What it has told before changes nothing.
	Played(ctx context.Context, p Played) error
	PlayMarks(ctx context.Context) ([]PlayMark, error)
	UserPlays(ctx context.Context, name string) ([]UserPlay, error)
	// UserVisits returns visits that are over, newest first; before is the ID of the last of the page before, or 0.
	UserVisits(ctx context.Context, name, instance string, before int64, limit int) ([]UserVisit, error)
}

// User is the record of a player.
type User struct {
	Key       string // the name without case
	Name      string
	CreatedAt time.Time
	FirstSeen time.Time // in a game; zero: never
	LastSeen  time.Time
	Joins     int64 // of all instances together, as is the time played
	Seconds   int64
	Notes     string

	Admin       UserFlag
	Whitelisted UserFlag
	Banned      UserFlag
	BanReason   string
	Revision    int64 // of the newest change of a flag or of the ban's reason, among those of all users; 0: there was none
}

// UserFlag is one of the flags that the game keeps a list of. By and At are of its newest change, whichever way.
type UserFlag struct {
	Set bool
	By  string
	At  time.Time
}

// Listed tells whether one of the game's lists has the user.
func (u User) Listed() bool { return u.Admin.Set || u.Whitelisted.Set || u.Banned.Set }

// UserChange changes what is not nil.
type UserChange struct {
	Name string
	By   string
	At   time.Time

	Admin       *bool
	Whitelisted *bool
	Banned      *bool
	Reason      *string // of a ban; without effect on who is not banned. Who is banned anew has none if it is nil
	KeepReason  bool    // of a ban that stands
	Notes       *string
	Create      bool // a record, even if it says nothing

	Grant, Revoke []string // ids of roles; only ChangeUsers changes them
}

// UserChanged is a user before and after a change. Before is empty if there was no record.
type UserChanged struct {
	Before, After    User
	Granted, Revoked []string // ids of roles
}

// Created tells whether there was no record before.
func (c UserChanged) Created() bool { return c.Before.Key == "" && c.After.Key != "" }

// Changed tells whether anything is different.
func (c UserChanged) Changed() bool { return c.Before != c.After || len(c.Granted)+len(c.Revoked) > 0 }

// apply returns what a user becomes, but for the revision.
func (c UserChange) apply(u User) User {
	after := u
	c.At = c.At.UTC().Truncate(time.Millisecond) // as it is read again
	if after.Key == "" {
		after.Key, after.Name, after.CreatedAt = playername.Key(c.Name), c.Name, c.At
	}
	set := func(f *UserFlag, to *bool) bool {
		if to == nil || f.Set == *to {
			return false
		}
		*f = UserFlag{*to, c.By, c.At}
		return true
	}
	set(&after.Admin, c.Admin)
	set(&after.Whitelisted, c.Whitelisted)
	if set(&after.Banned, c.Banned) {
		after.BanReason = ""
	}
	if after.Banned.Set && c.Reason != nil && !(c.KeepReason && u.Banned.Set) && *c.Reason != after.BanReason {
		after.BanReason = *c.Reason
		after.Banned.By, after.Banned.At = c.By, c.At
	}
	if c.Notes != nil {
		after.Notes = *c.Notes
	}
	if u.Key == "" && !c.Create && !after.Listed() && after.Notes == "" {
		return User{}
	}
	return after
}

const userColumns = `key, name, created_at, first_seen, last_seen, joins, seconds, notes, admin, admin_by, admin_at,
	whitelisted, whitelisted_by, whitelisted_at, banned, banned_by, banned_at, ban_reason, revision`

func scanUser(scan scanFunc) (u User, err error) {
	var created, first, last, admin, whitelisted, banned int64
	err = scan(&u.Key, &u.Name, &created, &first, &last, &u.Joins, &u.Seconds, &u.Notes, &u.Admin.Set, &u.Admin.By, &admin,
		&u.Whitelisted.Set, &u.Whitelisted.By, &whitelisted, &u.Banned.Set, &u.Banned.By, &banned, &u.BanReason, &u.Revision)
	u.CreatedAt, u.FirstSeen, u.LastSeen = fromMilli(created), fromMilli(first), fromMilli(last)
	u.Admin.At, u.Whitelisted.At, u.Banned.At = fromMilli(admin), fromMilli(whitelisted), fromMilli(banned)
	return u, err
}

func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// querier is a transaction or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readUser returns an empty User if there is none.
func readUser(ctx context.Context, from querier, key string) (User, error) {
	u, err := scanUser(from.QueryRowContext(ctx, "SELECT "+userColumns+" FROM user WHERE key = ?", key).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, nil
	}
	return u, err
}

func readUsers(ctx context.Context, from querier, rest string, args ...any) ([]User, error) {
	rows, err := from.QueryContext(ctx, "SELECT "+userColumns+" FROM user "+rest, args...)
	if err != nil {
		return nil, err
	}
	var all []User
	err = eachRow(rows, func(scan scanFunc) error {
		u, err := scanUser(scan)
		all = append(all, u)
		return err
	})
	return all, err
}

// User implements Store.
func (s *SQLite) User(ctx context.Context, name string) (User, error) {
	u, err := readUser(ctx, s.readers, playername.Key(name))
	if err == nil && u.Key == "" {
		err = ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("read user %s: %w", name, err)
	}
	return u, nil
}

// ListedUsers implements Store.
func (s *SQLite) ListedUsers(ctx context.Context) (all []User, revision int64, err error) {
	tx, err := s.readers.BeginTx(ctx, nil) // both queries see the same
	if err != nil {
		return nil, 0, fmt.Errorf("read listed users: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	if all, err = readUsers(ctx, tx, "WHERE admin OR whitelisted OR banned ORDER BY key"); err == nil {
		err = tx.QueryRowContext(ctx, "SELECT revision FROM user_revision").Scan(&revision)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read listed users: %w", err)
	}
	return all, revision, nil
}

// ChangeUser implements Store.
func (s *SQLite) ChangeUser(ctx context.Context, c UserChange) (changed UserChanged, err error) {
	var result UserChanged
	err = s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		before, err := readUser(ctx, conn, playername.Key(c.Name))
		if err == nil {
			result, err = changeUser(ctx, conn, before, c)
		}
		if err != nil {
			return fmt.Errorf("change user %s: %w", c.Name, err)
		}
		return nil
	})
	if err != nil {
		return UserChanged{}, err
	}
	return result, nil
}

// changeUser writes what a change makes of a user.
func changeUser(ctx context.Context, conn *sql.Conn, before User, c UserChange) (UserChanged, error) {
	result := UserChanged{Before: before, After: c.apply(before)}
	err := writeChanged(ctx, conn, []*UserChanged{&result})
	return result, err
}

// writeChanged writes what users have become, and notes their revisions in it.
func writeChanged(ctx context.Context, conn *sql.Conn, changed []*UserChanged) error {
	var listed int64
	for _, c := range changed {
		if listedDiffer(c.Before, c.After) {
			listed++
		}
	}
	revision, err := takeRevisions(ctx, conn, listed)
	if err != nil {
		return err
	}
	statements := newBatch(ctx, conn)
	defer statements.close()
	for _, c := range changed {
		if listedDiffer(c.Before, c.After) {
			revision++
			c.After.Revision = revision
		}
		if c.Before == c.After {
			continue
		}
		if err := putUser(statements, c.After); err != nil {
			return fmt.Errorf("%s: %w", c.After.Name, err)
		}
	}
	return nil
}

// listedDiffer tells whether two states of a user differ in what the game's lists hold.
func listedDiffer(a, b User) bool {
	return a.Admin != b.Admin || a.Whitelisted != b.Whitelisted || a.Banned != b.Banned || a.BanReason != b.BanReason
}

// takeRevisions uses up the next n revisions, and returns the one before them.
func takeRevisions(ctx context.Context, conn *sql.Conn, n int64) (before int64, err error) {
	if n == 0 {
		return 0, nil
	}
	err = conn.QueryRowContext(ctx, "UPDATE user_revision SET revision = revision + ?1 RETURNING revision - ?1", n).Scan(&before)
	return before, err
}

// putUser writes everything of a user but what was played.
func putUser(to *batch, u User) error {
	_, err := to.exec(`INSERT INTO user(key, name, created_at, notes, admin, admin_by, admin_at, whitelisted, whitelisted_by, whitelisted_at,
			banned, banned_by, banned_at, ban_reason, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET notes = excluded.notes, admin = excluded.admin, admin_by = excluded.admin_by, admin_at = excluded.admin_at,
			whitelisted = excluded.whitelisted, whitelisted_by = excluded.whitelisted_by, whitelisted_at = excluded.whitelisted_at,
			banned = excluded.banned, banned_by = excluded.banned_by, banned_at = excluded.banned_at, ban_reason = excluded.ban_reason,
			revision = excluded.revision`,
		u.Key, u.Name, unixMilli(u.CreatedAt), u.Notes, u.Admin.Set, u.Admin.By, unixMilli(u.Admin.At), u.Whitelisted.Set, u.Whitelisted.By, unixMilli(u.Whitelisted.At),
		u.Banned.Set, u.Banned.By, unixMilli(u.Banned.At), u.BanReason, u.Revision)
	return err
}

// DeleteUser implements Store.
func (s *SQLite) DeleteUser(ctx context.Context, name string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "delete user " + name
		u, err := readUser(ctx, conn, playername.Key(name))
		if err == nil && u.Listed() {
			err = ErrListed
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return changeOne(ctx, conn, what, "DELETE FROM user WHERE key = ?", playername.Key(name))
	})
}

// UserQuery says which users are wanted; zero values don't restrict.
type UserQuery struct {
	Text        string // in the name, in any case
	Admin       bool
	Whitelisted bool
	Banned      bool
	Keys        []string // only these; nil: all
	Role        string   // id
	Sort        UserSort
	Descending  bool
	Offset      int
	Limit       int
}

// UserSort is what users are ordered by; those who are equal in it, by name.
type UserSort int

// The orders.
const (
	ByName UserSort = iota
	BySeen
	BySeconds
	ByJoins
)

// FindUsers implements Store. A reader's scan of 50,000 keys takes some milliseconds, so there is no index of their parts.
func (s *SQLite) FindUsers(ctx context.Context, q UserQuery) (page []User, total int, err error) {
	where, args := q.where()
	tx, err := s.readers.BeginTx(ctx, nil) // both queries see the same
	if err != nil {
		return nil, 0, fmt.Errorf("find users: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	if err = tx.QueryRowContext(ctx, "SELECT count(*) FROM user "+where, args...).Scan(&total); err == nil {
		// Only the page's rows are read as a whole.
		page, err = readUsers(ctx, tx, "WHERE id IN (SELECT id FROM user "+where+q.order()+" LIMIT ? OFFSET ?)"+q.order(), append(args, q.Limit, q.Offset)...)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find users: %w", err)
	}
	return page, total, nil
}

func (q UserQuery) where() (text string, args []any) {
	var conditions []string
	for _, c := range []struct {
		on   bool
		text string
	}{{q.Admin, "admin"}, {q.Whitelisted, "whitelisted"}, {q.Banned, "banned"}} {
		if c.on {
			conditions = append(conditions, c.text)
		}
	}
	if len(conditions) > 0 {
		conditions = append(conditions, "(admin OR whitelisted OR banned)") // the words of the index
	}
	if q.Text != "" {
		conditions, args = append(conditions, "instr(key, ?) > 0"), append(args, playername.Key(q.Text))
	}
	if q.Keys != nil {
		list, _ := json.Marshal(q.Keys) // strings can always be encoded
		conditions, args = append(conditions, "key IN (SELECT value FROM json_each(?))"), append(args, string(list))
	}
	if q.Role != "" {
		conditions, args = append(conditions, "key IN (SELECT user FROM user_role WHERE role = ?)"), append(args, q.Role)
	}
	if len(conditions) == 0 {
		return "", args
	}
	return "WHERE " + strings.Join(conditions, " AND "), args
}

func (q UserQuery) order() string {
	direction := ""
	if q.Descending {
		direction = " DESC"
	}
	column := [...]string{ByName: "key", BySeen: "last_seen", BySeconds: "seconds", ByJoins: "joins"}[q.Sort]
	if q.Sort == ByName {
		return " ORDER BY key" + direction
	}
	return " ORDER BY " + column + direction + ", id" + direction
}
