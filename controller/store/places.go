package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Leftover is the folder of an instance on a host where it does not belong any more. It goes into the bin there as soon as that can do no
// harm.
type Leftover struct{ Instance, Host string }

// MoveInstance implements Store.
func (s *SQLite) MoveInstance(ctx context.Context, id, from, to string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "move instance " + id
		if err := changeOne(ctx, conn, what, "UPDATE instance SET host = ?, asked = asked + 1 WHERE id = ? AND host = ?", to, id, from); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "DELETE FROM leftover WHERE instance = ? AND host = ?", id, to)
		if err == nil {
			_, err = conn.ExecContext(ctx, "INSERT INTO leftover(instance, host) VALUES (?, ?) ON CONFLICT DO NOTHING", id, from)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	})
}

// DeleteInstance implements Store.
func (s *SQLite) DeleteInstance(ctx context.Context, id string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "delete instance " + id
		_, err := conn.ExecContext(ctx, "INSERT INTO leftover(instance, host) SELECT id, host FROM instance WHERE id = ? ON CONFLICT DO NOTHING", id)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return changeOne(ctx, conn, what, "DELETE FROM instance WHERE id = ?", id)
	})
}

// RenameInstance implements Store.
func (s *SQLite) RenameInstance(ctx context.Context, id, name string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "rename instance " + id
		var taken bool
		if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM instance WHERE name = ? AND id <> ?)", name, id).Scan(&taken); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if taken {
			return fmt.Errorf("%s: %w", what, ErrExists)
		}
		return changeOne(ctx, conn, what, "UPDATE instance SET name = ? WHERE id = ?", name, id)
	})
}

// CountAsked implements Store.
func (s *SQLite) CountAsked(ctx context.Context, id string) error {
	return s.update(ctx, "write instance "+id, "UPDATE instance SET asked = asked + 1 WHERE id = ?", id)
}

// Leftovers implements Store.
func (s *SQLite) Leftovers(ctx context.Context) ([]Leftover, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT instance, host FROM leftover")
	if err != nil {
		return nil, fmt.Errorf("read leftovers: %w", err)
	}
	var all []Leftover
	err = eachRow(rows, func(scan scanFunc) error {
		var l Leftover
		err := scan(&l.Instance, &l.Host)
		all = append(all, l)
		return err
	})
	return all, err
}

// RemoveLeftover implements Store.
func (s *SQLite) RemoveLeftover(ctx context.Context, l Leftover) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "DELETE FROM leftover WHERE instance = ? AND host = ?", l.Instance, l.Host); err != nil {
			return fmt.Errorf("forget a leftover: %w", err)
		}
		return nil
	})
}

// changeOne changes the one row that has to be there.
func changeOne(ctx context.Context, conn *sql.Conn, what, query string, args ...any) error {
	res, err := conn.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("%s: %w", what, errors.Join(ErrNotFound, err))
	}
	return nil
}
