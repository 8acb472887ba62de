package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// rolesMade is the setting that says that the roles of the first start have been made.
const rolesMade = "roles_made"

// Roles keeps who may do what, and the keys of users. Users are named without case.
type Roles interface {
	// MakeRoles adds the roles of the first start, once in the life of the database.
	MakeRoles(ctx context.Context, roles []Role) error
	Roles(ctx context.Context) ([]Role, error)       // by name
	AddRole(ctx context.Context, r Role) error       // as revision 1; ErrExists: the name is taken, whatever its case
	PutRole(ctx context.Context, r Role) error       // as the revision after r.Revision; ErrChanged: that is not the last one any more
	DeleteRole(ctx context.Context, id string) error // of all users too
	// RoleUsers are the users that have a role, by name; UserRoles the ids of the roles that a user has.
	RoleUsers(ctx context.Context, role string) ([]string, error)
	UserRoles(ctx context.Context, user string) ([]string, error)
	GrantRole(ctx context.Context, user, role string) error  // ErrNotFound: there is no such user or role
	RevokeRole(ctx context.Context, user, role string) error // ErrNotFound: the user does not have it

	Keys(ctx context.Context) ([]Key, error) // the one seen last first
	Key(ctx context.Context, id string) (Key, error)
	SeenKey(ctx context.Context, k Key) error // when, where from, and what its machine calls itself
	RevokeKey(ctx context.Context, id string) error
	// UseUserInvitation is UseInvitation for a key of the user whom the invitation is for. ErrNotFound also if that user is gone.
	UseUserInvitation(ctx context.Context, id string, k Key) error
}

// Role is a set of permissions.
type Role struct {
	ID          string
	Name        string
	Description string
	Grants      []RoleGrant
	Revision    int64
}

// RoleGrant is a permission, limited to hosts and instances if any are named.
type RoleGrant struct {
	Permission string   `json:"permission"`
	Hosts      []string `json:"hosts,omitempty"`
	Instances  []string `json:"instances,omitempty"`
}

// Key speaks for a user.
type Key struct {
	ID       string // identity.ID, text form
	User     string // User.Key
	Name     string // User.Name; not written
	Machine  string
	MadeAt   time.Time
	LastSeen time.Time
	From     string
}

// MakeRoles implements Roles.
func (s *SQLite) MakeRoles(ctx context.Context, roles []Role) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		res, err := conn.ExecContext(ctx, "INSERT INTO meta(key, value) VALUES (?, '1') ON CONFLICT DO NOTHING", rolesMade)
		if err != nil {
			return fmt.Errorf("make the first roles: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		for _, r := range roles {
			if err := addRole(ctx, conn, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// Roles implements Roles.
func (s *SQLite) Roles(ctx context.Context) ([]Role, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT id, name, description, grants, revision FROM role ORDER BY key")
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	var all []Role
	err = eachRow(rows, func(scan scanFunc) error {
		var r Role
		var grants []byte
		if err := scan(&r.ID, &r.Name, &r.Description, &grants, &r.Revision); err != nil {
			return err
		}
		if err := json.Unmarshal(grants, &r.Grants); err != nil {
			return fmt.Errorf("read role %s: %w", r.Name, err)
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// AddRole implements Roles.
func (s *SQLite) AddRole(ctx context.Context, r Role) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error { return addRole(ctx, conn, r) })
}

func addRole(ctx context.Context, conn *sql.Conn, r Role) error {
	if err := roleNameFree(ctx, conn, r); err != nil {
		return err
	}
	grants, err := json.Marshal(r.Grants)
	if err == nil {
		_, err = conn.ExecContext(ctx, "INSERT INTO role(id, name, key, description, grants, revision) VALUES (?, ?, ?, ?, ?, 1)",
			r.ID, r.Name, strings.ToLower(r.Name), r.Description, string(grants))
	}
	if err != nil {
		return fmt.Errorf("add role %s: %w", r.Name, err)
	}
	return nil
}

func roleNameFree(ctx context.Context, conn *sql.Conn, r Role) error {
	var taken bool
	err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM role WHERE key = ? AND id <> ?)", strings.ToLower(r.Name), r.ID).Scan(&taken)
	if err == nil && taken {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("write role %s: %w", r.Name, err)
	}
	return nil
}

// PutRole implements Roles.
func (s *SQLite) PutRole(ctx context.Context, r Role) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if err := roleNameFree(ctx, conn, r); err != nil {
			return err
		}
		grants, err := json.Marshal(r.Grants)
		if err != nil {
			return fmt.Errorf("write role %s: %w", r.Name, err)
		}
		err = changeOne(ctx, conn, "write role "+r.Name, "UPDATE role SET name = ?, key = ?, description = ?, grants = ?, revision = revision + 1 WHERE id = ? AND revision = ?",
			r.Name, strings.ToLower(r.Name), r.Description, string(grants), r.ID, r.Revision)
		if errors.Is(err, ErrNotFound) {
			err = fmt.Errorf("write role %s: %w", r.Name, ErrChanged)
		}
		return err
	})
}

// DeleteRole implements Roles.
func (s *SQLite) DeleteRole(ctx context.Context, id string) error {
	return s.update(ctx, "delete role "+id, "DELETE FROM role WHERE id = ?", id)
}

// RoleUsers implements Roles.
func (s *SQLite) RoleUsers(ctx context.Context, role string) ([]string, error) {
	return s.texts(ctx, "read who has role "+role, "SELECT u.name FROM user_role r JOIN user u ON u.key = r.user WHERE r.role = ? ORDER BY r.user", role)
}

// UserRoles implements Roles.
func (s *SQLite) UserRoles(ctx context.Context, user string) ([]string, error) {
	return s.texts(ctx, "read the roles of "+user, "SELECT role FROM user_role WHERE user = ?", strings.ToLower(user))
}

// texts reads a column of texts.
func (s *SQLite) texts(ctx context.Context, what, query string, args ...any) ([]string, error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var all []string
	err = eachRow(rows, func(scan scanFunc) error {
		var text string
		err := scan(&text)
		all = append(all, text)
		return err
	})
	return all, err
}

// GrantRole implements Roles.
func (s *SQLite) GrantRole(ctx context.Context, user, role string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		var there bool
		err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM role WHERE id = ?) AND EXISTS (SELECT 1 FROM user WHERE key = ?)", role, strings.ToLower(user)).Scan(&there)
		if err == nil && !there {
			err = ErrNotFound
		}
		if err == nil {
			_, err = conn.ExecContext(ctx, "INSERT INTO user_role(user, role) VALUES (?, ?) ON CONFLICT DO NOTHING", strings.ToLower(user), role)
		}
		if err != nil {
			return fmt.Errorf("grant role %s: %w", role, err)
		}
		return nil
	})
}

// RevokeRole implements Roles.
func (s *SQLite) RevokeRole(ctx context.Context, user, role string) error {
	return s.update(ctx, "revoke role "+role, "DELETE FROM user_role WHERE user = ? AND role = ?", strings.ToLower(user), role)
}

const keyColumns = "SELECT k.id, k.user, u.name, k.machine, k.made_at, k.last_seen, k.source FROM user_key k JOIN user u ON u.key = k.user "

func scanKey(scan scanFunc) (k Key, err error) {
	var made, seen int64
	err = scan(&k.ID, &k.User, &k.Name, &k.Machine, &made, &seen, &k.From)
	k.MadeAt, k.LastSeen = time.UnixMilli(made), time.UnixMilli(seen)
	return k, err
}

// Keys implements Roles.
func (s *SQLite) Keys(ctx context.Context) ([]Key, error) {
	rows, err := s.readers.QueryContext(ctx, keyColumns+"ORDER BY k.last_seen DESC, k.id")
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var all []Key
	err = eachRow(rows, func(scan scanFunc) error {
		k, err := scanKey(scan)
		all = append(all, k)
		return err
	})
	return all, err
}

// Key implements Roles.
func (s *SQLite) Key(ctx context.Context, id string) (Key, error) {
	k, err := scanKey(s.readers.QueryRowContext(ctx, keyColumns+"WHERE k.id = ?", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Key{}, fmt.Errorf("read key %s: %w", id, err)
	}
	return k, nil
}

// SeenKey implements Roles.
func (s *SQLite) SeenKey(ctx context.Context, k Key) error {
	return s.update(ctx, "write key "+k.ID, "UPDATE user_key SET machine = ?, last_seen = ?, source = ? WHERE id = ?",
		k.Machine, k.LastSeen.UnixMilli(), k.From, k.ID)
}

// RevokeKey implements Roles. The login code that the key was made by, which it could use again, goes with it.
func (s *SQLite) RevokeKey(ctx context.Context, id string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "DELETE FROM invitation WHERE used_by = ? AND user IS NOT NULL", id); err != nil {
			return fmt.Errorf("revoke key %s: %w", id, err)
		}
		return changeOne(ctx, conn, "revoke key "+id, "DELETE FROM user_key WHERE id = ?", id)
	})
}

// UseUserInvitation implements Roles.
func (s *SQLite) UseUserInvitation(ctx context.Context, id string, k Key) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		var user string
		err := conn.QueryRowContext(ctx, `UPDATE invitation SET used_by = ?1
			WHERE id = ?2 AND expires_at > ?3 AND coalesce(used_by, ?1) = ?1 AND user IN (SELECT key FROM user) RETURNING user`,
			k.ID, id, k.MadeAt.UnixMilli()).Scan(&user)
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrNotFound
		}
		if err == nil {
			_, err = conn.ExecContext(ctx, `INSERT INTO user_key(id, user, machine, made_at, last_seen, source) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET user = excluded.user, made_at = excluded.made_at, last_seen = excluded.last_seen, source = excluded.source`,
				k.ID, user, k.Machine, k.MadeAt.UnixMilli(), k.LastSeen.UnixMilli(), k.From)
		}
		if err != nil {
			return fmt.Errorf("use invitation %s: %w", id, err)
		}
		return nil
	})
}
