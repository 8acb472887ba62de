package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mainbus/hostagent/factorio/playername"
)

// maxBulks is how many changes of many users are remembered.
const maxBulks = 20

// UserBulk is a change of many users. Of several changes of one user each follows the one before.
type UserBulk struct {
	By      string
	At      time.Time
	What    string // for people
	Changes []UserChange
	// Clear takes flags away from all users that no change names.
	Clear Flags
}

// Flags says which of the listed flags are meant.
type Flags struct{ Admin, Whitelisted, Banned bool }

// UserBulkResult is what came of a change of many users, or would.
type UserBulkResult struct {
	What      string
	At        time.Time     // of an undo: when it was done
	Changed   []UserChanged // each user once
	Unchanged int
	Since     int // of an undo: users of whom something was changed since, which stays
}

// ChangeUsers implements Store.
func (s *SQLite) ChangeUsers(ctx context.Context, b UserBulk) (UserBulkResult, error) {
	var result UserBulkResult
	err := s.write(ctx, func(ctx context.Context, conn *sql.Conn) (err error) {
		if result, err = b.outcome(ctx, conn); err == nil && len(result.Changed) > 0 {
			if err = writeChanged(ctx, conn, pointers(result.Changed)); err == nil {
				err = rememberBulk(ctx, conn, b, result.Changed)
			}
		}
		if err != nil {
			return fmt.Errorf("change users: %w", err)
		}
		return nil
	})
	if err != nil {
		return UserBulkResult{}, err
	}
	return result, nil
}

// PreviewUsers implements Store.
func (s *SQLite) PreviewUsers(ctx context.Context, b UserBulk) (UserBulkResult, error) {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("preview a change of users: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	result, err := b.outcome(ctx, tx)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("preview a change of users: %w", err)
	}
	return result, nil
}

// outcome works out what comes of b, but for the revisions.
func (b UserBulk) outcome(ctx context.Context, from querier) (UserBulkResult, error) {
	result := UserBulkResult{What: b.What, At: b.At}
	all, err := readUsers(ctx, from, "")
	if err != nil {
		return result, err
	}
	place := make(map[string]int, len(all)) // in outcomes
	outcomes := make([]UserChanged, len(all))
	for n, u := range all {
		place[u.Key], outcomes[n] = n, UserChanged{u, u}
	}
	named := make(map[string]bool, len(b.Changes))
	for _, c := range b.Changes {
		key := playername.Key(c.Name)
		n, ok := place[key]
		if !ok {
			n = len(outcomes)
			place[key], outcomes = n, append(outcomes, UserChanged{})
		}
		named[key] = true
		outcomes[n].After = c.apply(outcomes[n].After)
	}
	clear := b.clearing()
	for n := range outcomes {
		o := &outcomes[n]
		if !named[o.Before.Key] && o.Before.Listed() {
			o.After = clear.apply(o.After)
		}
		switch {
		case o.Changed():
			result.Changed = append(result.Changed, *o)
		case named[o.Before.Key] || o.Before.Key == "":
			result.Unchanged++
		}
	}
	return result, nil
}

func (b UserBulk) clearing() UserChange {
	c, no := UserChange{By: b.By, At: b.At}, false
	if b.Clear.Admin {
		c.Admin = &no
	}
	if b.Clear.Whitelisted {
		c.Whitelisted = &no
	}
	if b.Clear.Banned {
		c.Banned = &no
	}
	return c
}

func rememberBulk(ctx context.Context, conn *sql.Conn, b UserBulk, changed []UserChanged) error {
	res, err := conn.ExecContext(ctx, "INSERT INTO user_bulk(at, by, what) VALUES (?, ?, ?)", unixMilli(b.At), b.By, b.What)
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	statements := newBatch(ctx, conn)
	defer statements.close()
	for _, c := range changed {
		before := ""
		if c.Before.Key != "" {
			before = encodeUser(c.Before)
		}
		if _, err := statements.exec("INSERT INTO user_bulk_row(bulk, key, before, after) VALUES (?, ?, ?, ?)", id, c.After.Key, before, encodeUser(c.After)); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "DELETE FROM user_bulk WHERE id <= ?", id-maxBulks)
	return err
}

func encodeUser(u User) string {
	text, _ := json.Marshal(u) // a User can always be encoded
	return string(text)
}

// UndoUsers implements Store.
func (s *SQLite) UndoUsers(ctx context.Context, by string, at time.Time) (UserBulkResult, error) {
	var result UserBulkResult
	err := s.write(ctx, func(ctx context.Context, conn *sql.Conn) (err error) {
		var id int64
		if id, result, err = undoing(ctx, conn); err == nil {
			err = writeUndone(ctx, conn, result.Changed)
		}
		if err == nil {
			_, err = conn.ExecContext(ctx, "UPDATE user_bulk SET undone = ? WHERE id = ?", unixMilli(at), id)
		}
		if err != nil {
			return fmt.Errorf("undo a change of users: %w", err)
		}
		return nil
	})
	if err != nil {
		return UserBulkResult{}, err
	}
	return result, nil
}

// PreviewUndo implements Store.
func (s *SQLite) PreviewUndo(ctx context.Context) (UserBulkResult, error) {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("preview an undo: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	_, result, err := undoing(ctx, tx)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("preview an undo: %w", err)
	}
	return result, nil
}

// undoing works out what comes of undoing the newest change of many users that stands.
func undoing(ctx context.Context, from querier) (id int64, result UserBulkResult, err error) {
	var at int64
	err = from.QueryRowContext(ctx, "SELECT id, at, what FROM user_bulk WHERE undone = 0 ORDER BY id DESC LIMIT 1").Scan(&id, &at, &result.What)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, result, ErrNotFound
	}
	if err != nil {
		return 0, result, err
	}
	result.At = fromMilli(at)
	was, err := bulkRows(ctx, from, id)
	if err != nil {
		return 0, result, err
	}
	users, err := readUsers(ctx, from, "")
	if err != nil {
		return 0, result, err
	}
	byKey := make(map[string]User, len(users))
	for _, u := range users {
		byKey[u.Key] = u
	}
	trusted, err := usersOf(ctx, from, "SELECT user FROM user_role UNION SELECT user FROM user_key")
	if err != nil {
		return 0, result, err
	}
	for _, c := range was {
		user := byKey[c.After.Key]
		back, since := c.undo(user, trusted[user.Key])
		if since {
			result.Since++
		}
		if user.Key != "" && back != user {
			result.Changed = append(result.Changed, UserChanged{user, back})
		} else {
			result.Unchanged++
		}
	}
	return id, result, nil
}

// bulkRows reads what a change of many users has made of each.
func bulkRows(ctx context.Context, from querier, id int64) (all []UserChanged, err error) {
	rows, err := from.QueryContext(ctx, "SELECT before, after FROM user_bulk_row WHERE bulk = ? ORDER BY key", id)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func(scan scanFunc) error {
		var before, after []byte
		if err := scan(&before, &after); err != nil {
			return err
		}
		var c UserChanged
		if len(before) > 0 {
			if err := json.Unmarshal(before, &c.Before); err != nil {
				return err
			}
		}
		err := json.Unmarshal(after, &c.After)
		all = append(all, c)
		return err
	})
	return all, err
}

// undo returns what becomes of a user when a change is taken back. What is not as the change has left it stays, and so does the record of
// one who has got roles or keys.
func (c UserChanged) undo(user User, trusted bool) (back User, since bool) {
	back = user
	give := func(f *UserFlag, before, after UserFlag) {
		switch {
		case before == after:
		case *f == after:
			*f = before
		default:
			since = true
		}
	}
	give(&back.Admin, c.Before.Admin, c.After.Admin)
	give(&back.Whitelisted, c.Before.Whitelisted, c.After.Whitelisted)
	if c.Before.Banned != c.After.Banned || c.Before.BanReason != c.After.BanReason {
		if user.Banned == c.After.Banned && user.BanReason == c.After.BanReason {
			back.Banned, back.BanReason = c.Before.Banned, c.Before.BanReason
		} else {
			since = true
		}
	}
	if c.Before.Notes != c.After.Notes {
		if user.Notes == c.After.Notes {
			back.Notes = c.Before.Notes
		} else {
			since = true
		}
	}
	if c.Before.Key == "" && !trusted && !back.Listed() && back.Notes == "" && back.FirstSeen.IsZero() {
		back = User{} // the change has made the record
	}
	return back, since
}

// writeUndone writes users as they were, without the records that an undone change has made.
func writeUndone(ctx context.Context, conn *sql.Conn, changed []UserChanged) error {
	var kept []*UserChanged
	var listed int64
	statements := newBatch(ctx, conn)
	defer statements.close()
	for n := range changed {
		c := &changed[n]
		if c.After.Key != "" {
			kept = append(kept, c)
			continue
		}
		if listedDiffer(c.Before, c.After) {
			listed++
		}
		if _, err := statements.exec("DELETE FROM user WHERE key = ?", c.Before.Key); err != nil {
			return err
		}
	}
	if _, err := takeRevisions(ctx, conn, listed); err != nil {
		return err
	}
	return writeChanged(ctx, conn, kept)
}

func pointers(changed []UserChanged) []*UserChanged {
	list := make([]*UserChanged, len(changed))
	for n := range changed {
		list[n] = &changed[n]
	}
	return list
}
