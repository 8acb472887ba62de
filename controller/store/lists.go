package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mainbus/controller/lists"
	"mainbus/transport/wire"
)

// Lists keeps how the lists of players of the instances go with the cluster's, which are flags of the users (docs/lists.md).
type Lists interface {
	// ListModes are those of the instances that somebody has set any of; the others have none here.
	ListModes(ctx context.Context) (map[string]ListModes, error)
	SetListModes(ctx context.Context, instance string, m ListModes) error // ErrNotFound: there is no such instance
	// ListChanges are the newest changes of the names of a list after a revision, the oldest first, and the newest revision of the list.
	ListChanges(ctx context.Context, list string, after uint64, limit int) (changes []lists.Change, top uint64, err error)
	// ListEntries are who is on a list whose keys come after one, by key, and how many are on it.
	ListEntries(ctx context.Context, list, after string, limit int) (page []lists.Change, total int, err error)
	// TakeListChanges judges what an instance reports that knows the cluster's changes up to a revision, and changes the users of whom it is
	// to be taken. It returns those changes and what the cluster has already, as they are now. By is who reports; a change that says who made
	// it in the game names both.
	TakeListChanges(ctx context.Context, list, by string, at time.Time, known uint64, reported []lists.Change) (taken, same []lists.Change, err error)
	// ListSum tells what a list is at its newest revision, so that two can be compared.
	ListSum(ctx context.Context, list string) (lists.Sum, error)
}

// ListModes are "off", "to_game" or "both" each; Whitelisting is "on", "off" or empty.
type ListModes struct{ Admins, Bans, Whitelist, Whitelisting string }

// ListModes implements Store.
func (s *SQLite) ListModes(ctx context.Context) (map[string]ListModes, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT instance, admins, bans, whitelist, whitelisting FROM list_mode")
	if err != nil {
		return nil, fmt.Errorf("read the modes of lists: %w", err)
	}
	all := map[string]ListModes{}
	err = eachRow(rows, func(scan scanFunc) error {
		var instance string
		var m ListModes
		err := scan(&instance, &m.Admins, &m.Bans, &m.Whitelist, &m.Whitelisting)
		all[instance] = m
		return err
	})
	return all, err
}

// SetListModes implements Store.
func (s *SQLite) SetListModes(ctx context.Context, instance string, m ListModes) error {
	return s.update(ctx, "write the modes of the lists of "+instance, `INSERT INTO list_mode(instance, admins, bans, whitelist, whitelisting)
		SELECT id, ?, ?, ?, ? FROM instance WHERE id = ?
		ON CONFLICT DO UPDATE SET admins = excluded.admins, bans = excluded.bans, whitelist = excluded.whitelist, whitelisting = excluded.whitelisting`,
		m.Admins, m.Bans, m.Whitelist, m.Whitelisting, instance)
}

// ListChanges implements Store.
func (s *SQLite) ListChanges(ctx context.Context, list string, after uint64, limit int) (changes []lists.Change, top uint64, err error) {
	err = s.readList(ctx, list, func(tx *sql.Tx) error {
		if top, err = listTop(ctx, tx, list); err != nil {
			return err
		}
		changes, err = listRows(ctx, tx, "SELECT name, listed, reason, revision FROM list_change WHERE list = ? AND revision > ? ORDER BY revision LIMIT ?",
			list, int64(after), limit)
		return err
	})
	return changes, top, err
}

// ListEntries implements Store.
func (s *SQLite) ListEntries(ctx context.Context, list, after string, limit int) (page []lists.Change, total int, err error) {
	err = s.readList(ctx, list, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM list_change WHERE list = ? AND listed", list).Scan(&total); err != nil {
			return err
		}
		page, err = listRows(ctx, tx, "SELECT name, listed, reason, revision FROM list_change WHERE list = ? AND key > ? AND listed ORDER BY key LIMIT ?",
			list, after, limit)
		return err
	})
	return page, total, err
}

// ListSum implements Store.
func (s *SQLite) ListSum(ctx context.Context, list string) (sum lists.Sum, err error) {
	err = s.readList(ctx, list, func(tx *sql.Tx) error {
		if sum.Revision, err = listTop(ctx, tx, list); err != nil {
			return err
		}
		return query(ctx, tx, "SELECT key, reason FROM list_change WHERE list = ? AND listed", func(scan scanFunc) error {
			var key, reason string
			err := scan(&key, &reason)
			sum.Count++
			sum.Hash += wire.ListHash(key, reason)
			return err
		}, list)
	})
	return sum, err
}

// TakeListChanges implements Store.
func (s *SQLite) TakeListChanges(ctx context.Context, list, by string, at time.Time, known uint64, reported []lists.Change) (taken, same []lists.Change, err error) {
	var took, had []lists.Change
	err = s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		for _, r := range reported {
			now, verdict, err := takeListChange(ctx, conn, list, by, at, known, r)
			if err != nil {
				return fmt.Errorf("take %s into the list of %s: %w", r.Name, list, err)
			}
			switch verdict {
			case lists.Take, lists.Again:
				took = append(took, now)
			case lists.Same:
				had = append(had, now)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return took, had, nil
}

func takeListChange(ctx context.Context, conn *sql.Conn, list, by string, at time.Time, known uint64, r lists.Change) (now lists.Change, v lists.Verdict, err error) {
	key := lists.Key(r.Name)
	read := func() (c lists.Change, err error) {
		c.Name = r.Name
		err = conn.QueryRowContext(ctx, "SELECT name, listed, reason, revision FROM list_change WHERE list = ? AND key = ?", list, key).
			Scan(&c.Name, &c.Listed, &c.Reason, &c.Revision)
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return c, err
	}
	if now, err = read(); err != nil {
		return now, v, err
	}
	switch v = lists.Judge(list, now, r, known); v {
	case lists.Take:
		change := UserChange{Name: r.Name, By: by, At: at}
		if r.By != "" {
			change.By = r.By + " (" + by + ")"
		}
		switch list {
		case lists.Admins:
			change.Admin = &r.Listed
		case lists.Whitelist:
			change.Whitelisted = &r.Listed
		default:
			change.Banned, change.Reason = &r.Listed, &r.Reason
		}
		before, err := readUser(ctx, conn, key)
		if err == nil {
			_, err = changeUser(ctx, conn, before, change)
		}
		if err != nil {
			return now, v, err
		}
	case lists.Again:
		_, err = conn.ExecContext(ctx, `UPDATE list_revision SET revision = max(revision, coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'incarnation'), 0) << 20) + 1`)
		if err == nil {
			_, err = conn.ExecContext(ctx, "UPDATE list_change SET revision = (SELECT revision FROM list_revision) WHERE list = ? AND key = ?", list, key)
		}
		if err != nil {
			return now, v, err
		}
	default:
		return now, v, nil
	}
	now, err = read()
	return now, v, err
}

// readList reads a list as it is at one moment.
func (s *SQLite) readList(ctx context.Context, list string, read func(*sql.Tx) error) error {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }() // nothing was written
		err = read(tx)
	}
	if err != nil {
		return fmt.Errorf("read the list of %s: %w", list, err)
	}
	return nil
}

func listTop(ctx context.Context, tx *sql.Tx, list string) (top uint64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT coalesce(max(revision), 0) FROM list_change WHERE list = ?", list).Scan(&top)
	return top, err
}

func listRows(ctx context.Context, tx *sql.Tx, text string, args ...any) (all []lists.Change, err error) {
	err = query(ctx, tx, text, func(scan scanFunc) error {
		var c lists.Change
		err := scan(&c.Name, &c.Listed, &c.Reason, &c.Revision)
		all = append(all, c)
		return err
	}, args...)
	return all, err
}
