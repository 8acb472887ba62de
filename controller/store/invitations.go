package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Invitation is a join code that was given out.
type Invitation struct {
	ID        string
	Key       []byte
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedBy    string // Host.ID, or Key.ID; empty: by nobody yet
	User      string // whose program it lets in; empty: a host
}

// Invitations implements Store.
func (s *SQLite) Invitations(ctx context.Context) ([]Invitation, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT id, key, created_at, expires_at, coalesce(used_by, ''), coalesce(user, '') FROM invitation ORDER BY created_at DESC, id")
	if err != nil {
		return nil, fmt.Errorf("read invitations: %w", err)
	}
	var all []Invitation
	err = eachRow(rows, func(scan scanFunc) error {
		var i Invitation
		var created, expires int64
		err := scan(&i.ID, &i.Key, &created, &expires, &i.UsedBy, &i.User)
		i.CreatedAt, i.ExpiresAt = time.UnixMilli(created), time.UnixMilli(expires)
		all = append(all, i)
		return err
	})
	return all, err
}

// AddInvitation implements Store.
func (s *SQLite) AddInvitation(ctx context.Context, i Invitation) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DELETE FROM invitation WHERE expires_at < ?", i.CreatedAt.UnixMilli())
		if err == nil {
			_, err = conn.ExecContext(ctx, "INSERT INTO invitation(id, key, created_at, expires_at, user) VALUES (?, ?, ?, ?, nullif(?, ''))",
				i.ID, i.Key, i.CreatedAt.UnixMilli(), i.ExpiresAt.UnixMilli(), strings.ToLower(i.User))
		}
		if err != nil {
			return fmt.Errorf("write an invitation: %w", err)
		}
		return nil
	})
}

// RevokeInvitation implements Store.
func (s *SQLite) RevokeInvitation(ctx context.Context, id string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		res, err := conn.ExecContext(ctx, "DELETE FROM invitation WHERE id = ?", id)
		if err != nil {
			return fmt.Errorf("revoke an invitation: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("revoke invitation %s: %w", id, errors.Join(ErrNotFound, err))
		}
		return nil
	})
}

// UseInvitation implements Store.
func (s *SQLite) UseInvitation(ctx context.Context, id string, h Host) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		res, err := conn.ExecContext(ctx, "UPDATE invitation SET used_by = ?1 WHERE id = ?2 AND expires_at > ?3 AND coalesce(used_by, ?1) = ?1 AND user IS NULL",
			h.ID, id, h.PairedAt.UnixMilli())
		if err != nil {
			return fmt.Errorf("use an invitation: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("use invitation %s: %w", id, errors.Join(ErrNotFound, err))
		}
		return putHost(ctx, conn, h)
	})
}

// ForgetHost implements Store.
func (s *SQLite) ForgetHost(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		res, err := conn.ExecContext(ctx, "UPDATE host SET forgotten_at = ? WHERE id = ? AND forgotten_at IS NULL", at.UnixMilli(), id)
		if err != nil {
			return fmt.Errorf("forget a host: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("forget host %s: %w", id, errors.Join(ErrNotFound, err))
		}
		// A code serves its host again, whose answer may have got lost. A host that was forgotten needs another.
		if _, err := conn.ExecContext(ctx, "DELETE FROM invitation WHERE used_by = ? AND user IS NULL", id); err != nil {
			return fmt.Errorf("revoke the join codes of a forgotten host: %w", err)
		}
		return nil
	})
}
