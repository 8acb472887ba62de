package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mainbus/hostagent/factorio/playername"
)

// maxVisits is how many visits of each user are kept.
const maxVisits = 1000

// Played is what a host tells of an instance from its book: everything from one place in it to another.
type Played struct {
	Instance string
	Book     string // another one counts from zero
	Seq      uint64 // place in the book that this reaches to
	Totals   []PlayTotal
	Visits   []Visit
}

// PlayTotal is the running total of a player since a record was begun. Numbers only grow.
type PlayTotal struct {
	Name      string
	Record    string // names the record among all that ever were
	Joins     int64
	Seconds   int64
	FirstJoin time.Time
	LastJoin  time.Time
	LastSeen  time.Time
	LastLeave time.Time // zero: never
	Reason    string    // of it
}

// Visit is one that is over.
type Visit struct {
	Name   string
	Record string
	Number int64 // of the record's visits
	Joined time.Time
	Left   time.Time
	Reason string
}

// PlayMark is how far a book was taken in.
type PlayMark struct {
	Instance string
	Book     string
	Seq      uint64
}

// UserPlay is what a user has played in an instance.
type UserPlay struct {
	Instance  string
	Joins     int64
	Seconds   int64
	FirstJoin time.Time
	LastJoin  time.Time
	LastLeave time.Time
	Reason    string
}

// UserVisit is a visit of a user.
type UserVisit struct {
	ID       int64
	Instance string
	Joined   time.Time
	Left     time.Time
	Reason   string
}

// Played implements Store.
func (s *SQLite) Played(ctx context.Context, p Played) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if err := played(ctx, conn, p); err != nil {
			return fmt.Errorf("note what was played in %s: %w", p.Instance, err)
		}
		return nil
	})
}

func played(ctx context.Context, conn *sql.Conn, p Played) error {
	statements := newBatch(ctx, conn)
	defer statements.close()
	for _, t := range p.Totals {
		if err := playTotal(statements, p.Instance, t); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	visitors := map[string]bool{}
	for _, v := range p.Visits {
		key := playername.Key(v.Name)
		// The total that goes with it may come in a later part.
		if _, err := statements.exec(`INSERT INTO user(key, name, created_at, first_seen, last_seen) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			key, v.Name, unixMilli(v.Joined), unixMilli(v.Joined), unixMilli(v.Left)); err != nil {
			return fmt.Errorf("visit of %s: %w", v.Name, err)
		}
		res, err := statements.exec(`INSERT INTO user_visit(user, instance, record, number, joined, left_at, reason)
			SELECT id, ?, ?, ?, ?, ?, ? FROM user WHERE key = ? ON CONFLICT DO NOTHING`,
			p.Instance, v.Record, v.Number, unixMilli(v.Joined), unixMilli(v.Left), v.Reason, key)
		if err != nil {
			return fmt.Errorf("visit of %s: %w", v.Name, err)
		}
		if n, _ := res.RowsAffected(); n > 0 {
			visitors[key] = true
		}
	}
	for key := range visitors {
		if _, err := statements.exec(`DELETE FROM user_visit WHERE id IN (SELECT v.id FROM user_visit v JOIN user ON user.id = v.user
			WHERE user.key = ? ORDER BY v.left_at DESC, v.id DESC LIMIT -1 OFFSET ?)`, key, maxVisits); err != nil {
			return err
		}
	}
	_, err := statements.exec(`INSERT INTO user_mark(instance, book, seq) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)`,
		p.Instance, p.Book, int64(p.Seq))
	return err
}

// playTotal takes in one running total: by what it has grown since it was told last.
func playTotal(statements *batch, instance string, t PlayTotal) error {
	var user int64
	err := statements.scan(`INSERT INTO user(key, name, created_at, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET name = CASE WHEN excluded.last_seen >= last_seen THEN excluded.name ELSE name END,
			first_seen = CASE WHEN first_seen = 0 THEN excluded.first_seen ELSE min(first_seen, excluded.first_seen) END,
			last_seen = max(last_seen, excluded.last_seen)
		RETURNING id`,
		[]any{playername.Key(t.Name), t.Name, unixMilli(t.FirstJoin), unixMilli(t.FirstJoin), unixMilli(t.LastSeen)}, &user)
	if err != nil {
		return err
	}
	var joins, seconds int64
	err = statements.scan("SELECT joins, seconds FROM user_total WHERE user = ? AND instance = ? AND record = ?", []any{user, instance, t.Record}, &joins, &seconds)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	more, longer := max(0, t.Joins-joins), max(0, t.Seconds-seconds)
	_, err = statements.exec(`INSERT INTO user_total(user, instance, record, joins, seconds) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT DO UPDATE SET joins = max(joins, ?4), seconds = max(seconds, ?5)`, user, instance, t.Record, t.Joins, t.Seconds)
	if err != nil {
		return err
	}
	_, err = statements.exec(`INSERT INTO user_play(user, instance, joins, seconds, first_join, last_join, last_leave, reason)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
		ON CONFLICT DO UPDATE SET joins = joins + ?3, seconds = seconds + ?4, first_join = min(first_join, ?5), last_join = max(last_join, ?6),
			reason = CASE WHEN ?7 >= last_leave THEN ?8 ELSE reason END, last_leave = max(last_leave, ?7)`,
		user, instance, more, longer, unixMilli(t.FirstJoin), unixMilli(t.LastJoin), unixMilli(t.LastLeave), t.Reason)
	if err == nil && more+longer > 0 {
		_, err = statements.exec("UPDATE user SET joins = joins + ?, seconds = seconds + ? WHERE id = ?", more, longer, user)
	}
	return err
}

// PlayMarks implements Store.
func (s *SQLite) PlayMarks(ctx context.Context) ([]PlayMark, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT instance, book, seq FROM user_mark")
	if err != nil {
		return nil, fmt.Errorf("read how far play was taken in: %w", err)
	}
	var all []PlayMark
	err = eachRow(rows, func(scan scanFunc) error {
		var m PlayMark
		var seq int64
		err := scan(&m.Instance, &m.Book, &seq)
		m.Seq = uint64(seq)
		all = append(all, m)
		return err
	})
	return all, err
}

// UserPlays implements Store.
func (s *SQLite) UserPlays(ctx context.Context, name string) ([]UserPlay, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT instance, p.joins, p.seconds, first_join, last_join, last_leave, reason
		FROM user_play p JOIN user ON user.id = p.user WHERE user.key = ? ORDER BY p.seconds DESC, instance`, playername.Key(name))
	if err != nil {
		return nil, fmt.Errorf("read what %s has played: %w", name, err)
	}
	var all []UserPlay
	err = eachRow(rows, func(scan scanFunc) error {
		var p UserPlay
		var first, last, left int64
		err := scan(&p.Instance, &p.Joins, &p.Seconds, &first, &last, &left, &p.Reason)
		p.FirstJoin, p.LastJoin, p.LastLeave = fromMilli(first), fromMilli(last), fromMilli(left)
		all = append(all, p)
		return err
	})
	return all, err
}

// UserVisits implements Store.
func (s *SQLite) UserVisits(ctx context.Context, name, instance string, before int64, limit int) ([]UserVisit, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT v.id, v.instance, v.joined, v.left_at, v.reason FROM user_visit v JOIN user ON user.id = v.user
		WHERE user.key = ?1 AND (?2 = '' OR v.instance = ?2)
			AND (?3 = 0 OR (v.left_at, v.id) < (SELECT left_at, id FROM user_visit WHERE id = ?3))
		ORDER BY v.left_at DESC, v.id DESC LIMIT ?4`, playername.Key(name), instance, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read visits of %s: %w", name, err)
	}
	var all []UserVisit
	err = eachRow(rows, func(scan scanFunc) error {
		var v UserVisit
		var joined, left int64
		err := scan(&v.ID, &v.Instance, &joined, &left, &v.Reason)
		v.Joined, v.Left = fromMilli(joined), fromMilli(left)
		all = append(all, v)
		return err
	})
	return all, err
}
