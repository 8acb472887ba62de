package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"mainbus/hostagent/factorio/playername"
)

// maxBulks is how many changes of many users are remembered.
const maxBulks = 20

// UserBulk is a change of many users. Of several changes of one user each follows the one before. Users whose flags are cleared are those
// who have them when it begins.
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
	Since     int    // of an undo: users of whom something was changed since, which stays
	Left      int    // users to whom it has not come, because it was interrupted
	By        string // of an undo: who did it
}

// ChangeUsers implements Store.
func (s *SQLite) ChangeUsers(ctx context.Context, b UserBulk) (UserBulkResult, error) {
	result := UserBulkResult{What: b.What, At: b.At}
	leave, err := s.enterBulk(ctx)
	if err != nil {
		return result, fmt.Errorf("change users: %w", err)
	}
	defer leave()
	parts, err := s.bulkParts(ctx, b)
	if err != nil {
		return result, fmt.Errorf("change users: %w", err)
	}
	clear, id := b.clearing(), int64(0)
	done, err := s.portions(ctx, len(parts), func(ctx context.Context, conn *sql.Conn, from, upto int) (func(), error) {
		changed, err := changePart(ctx, conn, parts[from:upto], clear)
		now := id
		if err == nil && (id != 0 || len(changed) > 0) {
			now, err = rememberPart(ctx, conn, id, b, len(parts)-upto, changed)
		}
		return func() {
			id, result.Changed, result.Unchanged = now, append(result.Changed, changed...), result.Unchanged+unchanged(parts[from:upto], changed)
		}, err
	})
	if result.Left = len(parts) - done; err != nil {
		return result, fmt.Errorf("change users: %w", err)
	}
	if id != 0 {
		s.forgetBulks(ctx, id-maxBulks)
	}
	return result, nil
}

// PreviewUsers implements Store.
func (s *SQLite) PreviewUsers(ctx context.Context, b UserBulk) (UserBulkResult, error) {
	result := UserBulkResult{What: b.What, At: b.At}
	parts, err := s.bulkParts(ctx, b)
	if err != nil {
		return result, fmt.Errorf("preview a change of users: %w", err)
	}
	all, err := s.allStanding(ctx)
	if err != nil {
		return result, fmt.Errorf("preview a change of users: %w", err)
	}
	clear := b.clearing()
	for _, p := range parts {
		if o := p.outcome(all[p.key], clear); o.Changed() {
			result.Changed = append(result.Changed, o)
		}
	}
	result.Unchanged = unchanged(parts, result.Changed)
	return result, nil
}

// bulkPart is what a change of many users does to one of them; without changes, flags are taken away.
type bulkPart struct {
	key     string
	changes []UserChange
}

// bulkParts are b by user, those whose flags are cleared last.
func (s *SQLite) bulkParts(ctx context.Context, b UserBulk) ([]bulkPart, error) {
	var parts []bulkPart
	place := make(map[string]int, len(b.Changes))
	for _, c := range b.Changes {
		key := playername.Key(c.Name)
		n, ok := place[key]
		if !ok {
			n = len(parts)
			place[key], parts = n, append(parts, bulkPart{key: key})
		}
		parts[n].changes = append(parts[n].changes, c)
	}
	if b.Clear == (Flags{}) {
		return parts, nil
	}
	listed, err := readUsers(ctx, s.readers, "WHERE admin OR whitelisted OR banned ORDER BY key")
	for _, u := range listed {
		if _, named := place[u.Key]; !named && b.clearing().apply(u) != u {
			parts = append(parts, bulkPart{key: u.Key})
		}
	}
	return parts, err
}

// unchanged counts who was named and is as before.
func unchanged(parts []bulkPart, changed []UserChanged) (n int) {
	differ := make(map[string]bool, len(changed))
	for _, c := range changed {
		differ[c.After.Key] = true
	}
	for _, p := range parts {
		if len(p.changes) > 0 && !differ[p.key] {
			n++
		}
	}
	return n
}

// standing is what a change of many users looks at of one.
type standing struct {
	User
	roles []string // ids
	keys  bool     // somebody can log in as them
}

// outcome works out what comes of a part, but for the revision.
func (p bulkPart) outcome(was standing, clear UserChange) UserChanged {
	o := UserChanged{Before: was.User, After: was.User}
	if len(p.changes) == 0 && was.Listed() {
		o.After = clear.apply(was.User)
	}
	for _, c := range p.changes {
		o.After = c.apply(o.After)
		if o.After.Key == "" {
			continue // nobody, who can't have roles
		}
		for _, role := range c.Grant {
			if !slices.Contains(was.roles, role) && !slices.Contains(o.Granted, role) {
				o.Granted = append(o.Granted, role)
			}
		}
		for _, role := range c.Revoke {
			if slices.Contains(was.roles, role) && !slices.Contains(o.Revoked, role) {
				o.Revoked = append(o.Revoked, role)
			}
		}
	}
	return o
}

// changePart does a few parts.
func changePart(ctx context.Context, conn *sql.Conn, parts []bulkPart, clear UserChange) (changed []UserChanged, err error) {
	statements := newBatch(ctx, conn)
	defer statements.close()
	for _, p := range parts {
		was, err := readStanding(statements, p.key)
		if err != nil {
			return nil, err
		}
		if o := p.outcome(was, clear); o.Changed() {
			changed = append(changed, o)
		}
	}
	if err := writeChanged(ctx, conn, pointers(changed)); err != nil {
		return nil, err
	}
	return changed, writeRoles(statements, changed)
}

// readStanding reads one user; there may be none.
func readStanding(from *batch, key string) (was standing, err error) {
	var roles []byte
	was.User, err = scanUser(func(to ...any) error {
		return from.scan("SELECT "+userColumns+" FROM user WHERE key = ?", []any{key}, to...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return standing{}, nil
	}
	if err == nil {
		err = from.scan(`SELECT (SELECT json_group_array(role) FROM user_role WHERE user = ?1), EXISTS (SELECT 1 FROM user_key WHERE user = ?1)`,
			[]any{key}, &roles, &was.keys)
	}
	if err == nil {
		err = json.Unmarshal(roles, &was.roles)
	}
	return was, err
}

// allStanding reads all users.
func (s *SQLite) allStanding(ctx context.Context) (map[string]standing, error) {
	tx, err := s.readers.BeginTx(ctx, nil) // all queries see the same
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	users, err := readUsers(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	all := make(map[string]standing, len(users))
	for _, u := range users {
		all[u.Key] = standing{User: u}
	}
	for text, note := range map[string]func(to *standing, role string){
		"SELECT user, role FROM user_role": func(to *standing, role string) { to.roles = append(to.roles, role) },
		"SELECT user, '' FROM user_key":    func(to *standing, _ string) { to.keys = true },
	} {
		err := query(ctx, tx, text, func(scan scanFunc) error {
			var key, role string
			err := scan(&key, &role)
			one := all[key]
			note(&one, role)
			all[key] = one
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// writeRoles gives and takes the roles of users who are written already. A role that is gone meanwhile is left out.
func writeRoles(to *batch, changed []UserChanged) error {
	for _, c := range changed {
		for _, role := range c.Granted {
			if _, err := to.exec("INSERT INTO user_role(user, role) SELECT ?, id FROM role WHERE id = ? ON CONFLICT DO NOTHING", c.After.Key, role); err != nil {
				return err
			}
		}
		for _, role := range c.Revoked {
			if _, err := to.exec("DELETE FROM user_role WHERE user = ? AND role = ?", c.After.Key, role); err != nil {
				return err
			}
		}
	}
	return nil
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

// rememberPart notes what was done to some, so that it can be undone, and how many are left.
func rememberPart(ctx context.Context, conn *sql.Conn, id int64, b UserBulk, left int, changed []UserChanged) (int64, error) {
	if id == 0 {
		res, err := conn.ExecContext(ctx, "INSERT INTO user_bulk(at, by, what) VALUES (?, ?, ?)", unixMilli(b.At), b.By, b.What)
		if err != nil {
			return 0, err
		}
		if id, err = res.LastInsertId(); err != nil {
			return 0, err
		}
	}
	if _, err := conn.ExecContext(ctx, "UPDATE user_bulk SET unfinished = ? WHERE id = ?", left, id); err != nil {
		return 0, err
	}
	statements := newBatch(ctx, conn)
	defer statements.close()
	for _, c := range changed {
		before := ""
		if c.Before.Key != "" {
			before = encode(c.Before)
		}
		if _, err := statements.exec("INSERT INTO user_bulk_row(bulk, key, before, after, roles) VALUES (?, ?, ?, ?, ?)",
			id, c.After.Key, before, encode(c.After), encode(roleChange{c.Granted, c.Revoked})); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// roleChange is how user_bulk_row has it.
type roleChange struct {
	Granted []string `json:"granted,omitempty"`
	Revoked []string `json:"revoked,omitempty"`
}

// forgetBulks removes changes of many users up to one. What stays for whatever reason is removed the next time.
func (s *SQLite) forgetBulks(ctx context.Context, upto int64) {
	var rows int
	if s.readers.QueryRowContext(ctx, "SELECT count(*) FROM user_bulk_row WHERE bulk <= ?", upto).Scan(&rows) != nil {
		return
	}
	_, err := s.portions(ctx, rows, func(ctx context.Context, conn *sql.Conn, from, to int) (func(), error) {
		_, err := conn.ExecContext(ctx, "DELETE FROM user_bulk_row WHERE (bulk, key) IN (SELECT bulk, key FROM user_bulk_row WHERE bulk <= ? LIMIT ?)", upto, to-from)
		return func() {}, err
	})
	if err == nil {
		_ = s.update(ctx, "forget old changes of users", "DELETE FROM user_bulk WHERE id <= ?", upto)
	}
}

func encode[T User | roleChange](v T) string {
	text, _ := json.Marshal(v) // both can always be encoded
	return string(text)
}

// UndoUsers implements Store. Rows that were taken back are forgotten, so an undo that is interrupted goes on the next time.
func (s *SQLite) UndoUsers(ctx context.Context, by string, at time.Time) (UserBulkResult, error) {
	leave, err := s.enterBulk(ctx)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("undo a change of users: %w", err)
	}
	defer leave()
	id, result, rows, err := s.undoing(ctx)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("undo a change of users: %w", err)
	}
	done, err := s.portions(ctx, len(rows), func(ctx context.Context, conn *sql.Conn, from, upto int) (func(), error) {
		part, err := undoPart(ctx, conn, rows[from:upto], id)
		return func() { result.add(part) }, err
	})
	if err == nil {
		err = s.update(ctx, "note it", "UPDATE user_bulk SET undone = ? WHERE id = ?", unixMilli(at), id)
	}
	if result.Left = len(rows) - done; err != nil {
		return result, fmt.Errorf("undo a change of users: %w", err)
	}
	return result, nil
}

// PreviewUndo implements Store.
func (s *SQLite) PreviewUndo(ctx context.Context) (UserBulkResult, error) {
	_, result, rows, err := s.undoing(ctx)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("preview an undo: %w", err)
	}
	all, err := s.allStanding(ctx)
	if err != nil {
		return UserBulkResult{}, fmt.Errorf("preview an undo: %w", err)
	}
	for _, c := range rows {
		result.undo(c, all[c.After.Key])
	}
	return result, nil
}

// undoing reads the newest change of many users that stands, and what it has made of each.
func (s *SQLite) undoing(ctx context.Context) (id int64, result UserBulkResult, rows []UserChanged, err error) {
	var at int64
	err = s.readers.QueryRowContext(ctx, "SELECT id, at, by, what, unfinished FROM user_bulk WHERE undone = 0 ORDER BY id DESC LIMIT 1").
		Scan(&id, &at, &result.By, &result.What, &result.Left)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, result, nil, ErrNotFound
	}
	if err != nil {
		return 0, result, nil, err
	}
	result.At = fromMilli(at)
	rows, err = s.bulkRows(ctx, id)
	return id, result, rows, err
}

// bulkRows reads what a change of many users has made of each.
func (s *SQLite) bulkRows(ctx context.Context, id int64) (all []UserChanged, err error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT before, after, roles FROM user_bulk_row WHERE bulk = ? ORDER BY key", id)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func(scan scanFunc) error {
		var before, after, roles []byte
		if err := scan(&before, &after, &roles); err != nil {
			return err
		}
		var c UserChanged
		if len(before) > 0 {
			if err := json.Unmarshal(before, &c.Before); err != nil {
				return err
			}
		}
		var given roleChange
		if len(roles) > 0 {
			if err := json.Unmarshal(roles, &given); err != nil {
				return err
			}
		}
		c.Granted, c.Revoked = given.Granted, given.Revoked
		err := json.Unmarshal(after, &c.After)
		all = append(all, c)
		return err
	})
	return all, err
}

// undoPart takes back some rows.
func undoPart(ctx context.Context, conn *sql.Conn, rows []UserChanged, id int64) (part UserBulkResult, err error) {
	statements := newBatch(ctx, conn)
	defer statements.close()
	for _, c := range rows {
		was, err := readStanding(statements, c.After.Key)
		if err != nil {
			return part, err
		}
		part.undo(c, was)
		if _, err := statements.exec("DELETE FROM user_bulk_row WHERE bulk = ? AND key = ?", id, c.After.Key); err != nil {
			return part, err
		}
	}
	if err := writeUndone(ctx, conn, part.Changed); err != nil {
		return part, err
	}
	return part, writeRoles(statements, slices.DeleteFunc(slices.Clone(part.Changed), func(c UserChanged) bool { return c.After.Key == "" }))
}

func (r *UserBulkResult) add(part UserBulkResult) {
	r.Changed, r.Unchanged, r.Since = append(r.Changed, part.Changed...), r.Unchanged+part.Unchanged, r.Since+part.Since
}

// undo notes what comes of taking back what was done to one user.
func (r *UserBulkResult) undo(c UserChanged, was standing) {
	o := UserChanged{Before: was.User}
	for _, role := range c.Granted {
		if slices.Contains(was.roles, role) {
			o.Revoked = append(o.Revoked, role)
		}
	}
	for _, role := range c.Revoked {
		if !slices.Contains(was.roles, role) && was.Key != "" {
			o.Granted = append(o.Granted, role)
		}
	}
	trusted := was.keys || len(was.roles) > len(o.Revoked) || len(o.Granted) > 0
	var since bool
	if o.After, since = c.undo(was.User, trusted); since {
		r.Since++
	}
	if was.Key != "" && o.Changed() {
		r.Changed = append(r.Changed, o)
	} else {
		r.Unchanged++
	}
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
