package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"mainbus/controller/ledger"
)

const maxRuns = 100_000 // rows kept

// Run says what an attachment found when it was bound.
type Run struct {
	Slot    ledger.Slot
	Epoch   ledger.Epoch
	At      time.Time
	Start   string    // one running of the game
	Again   bool      // that had been linked before; set by AddRun
	Save    string    // the game was started with this file
	SavedAt time.Time // zero: not known
	Tick    uint64
}

// Account is what is booked for one item of one world.
type Account struct {
	ledger.AccountRow
	Slot ledger.Slot // where the world is leased to; empty: nowhere
}

// Posting is a line of the ledger's history. Run is nil if nothing is known of the run that it belongs to.
type Posting struct {
	ID int64
	At time.Time
	ledger.Posting
	Slot ledger.Slot
	Run  *Run
}

// PostingFilter says which postings are wanted; zero values don't restrict.
type PostingFilter struct {
	Item   *ledger.Item
	Slot   ledger.Slot
	Kinds  []ledger.PostingKind
	Before int64 // id
	Limit  int
}

// AddRun implements Store.
func (s *SQLite) AddRun(ctx context.Context, r Run) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, `INSERT OR REPLACE INTO run(epoch, slot, at, again, start, save, save_at, tick)
			SELECT ?1, ?2, ?3, EXISTS (SELECT 1 FROM (SELECT start FROM run WHERE slot = ?2 ORDER BY id DESC LIMIT 1) WHERE start = ?4 AND ?4 <> ''), ?4, ?5, ?6, ?7`,
			r.Epoch.String(), string(r.Slot), r.At.UnixMilli(), r.Start, r.Save, unixMilli(r.SavedAt), int64(r.Tick))
		if err == nil {
			_, err = conn.ExecContext(ctx, "DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?", maxRuns)
		}
		if err != nil {
			return fmt.Errorf("note the run %s: %w", r.Epoch, err)
		}
		return nil
	})
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Accounts implements Store.
func (s *SQLite) Accounts(ctx context.Context, item *ledger.Item) ([]Account, error) {
	query := `SELECT world.world, coalesce(world.slot, ''), item.name, item.quality, e, g, i, ep, ip, owed, held
		FROM account JOIN world ON world.id = account.world JOIN item ON item.id = account.item`
	var args []any
	if item != nil {
		query += " WHERE item.name = ? AND item.quality = ?"
		args = append(args, item.Name, item.Quality)
	}
	rows, err := s.readers.QueryContext(ctx, query+" ORDER BY item.name, item.quality, world.id", args...)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	var all []Account
	err = eachRow(rows, func(scan scanFunc) error {
		var a Account
		err := scan(&a.World, &a.Slot, &a.Name, &a.Quality, &a.E, &a.G, &a.I, &a.EP, &a.IP, &a.Owed, &a.Held)
		all = append(all, a)
		return err
	})
	return all, err
}

// Postings implements Store.
func (s *SQLite) Postings(ctx context.Context, f PostingFilter) ([]Posting, error) {
	var where []string
	var args []any
	restrict := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if f.Item != nil {
		restrict("posting.item = (SELECT id FROM item WHERE name = ? AND quality = ?)", f.Item.Name, f.Item.Quality)
	}
	if f.Slot != "" {
		restrict("(world.slot = ? OR run.slot = ?)", string(f.Slot), string(f.Slot))
	}
	if f.Before > 0 {
		restrict("posting.id < ?", f.Before)
	}
	if len(f.Kinds) > 0 {
		kinds := make([]any, len(f.Kinds))
		for n, k := range f.Kinds {
			kinds[n] = int(k)
		}
		restrict("posting.kind IN (?"+strings.Repeat(", ?", len(kinds)-1)+")", kinds...)
	}
	query := `SELECT posting.id, posting.at, coalesce(world.world, ''), coalesce(run.slot, world.slot, ''), posting.epoch, kind, item.name, item.quality, qty,
			run.at, run.again, run.start, run.save, run.save_at, run.tick
		FROM posting LEFT JOIN world ON world.id = posting.world JOIN item ON item.id = posting.item LEFT JOIN run ON run.epoch = posting.epoch`
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	rows, err := s.readers.QueryContext(ctx, query+" ORDER BY posting.id DESC LIMIT ?", append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	var all []Posting
	err = eachRow(rows, func(scan scanFunc) error {
		p, err := scanPosting(scan)
		all = append(all, p)
		return err
	})
	return all, err
}

func scanPosting(scan scanFunc) (p Posting, err error) {
	var at int64
	var epoch string
	var runAt, savedAt, tick sql.NullInt64
	var again sql.NullBool
	var start, save sql.NullString
	err = scan(&p.ID, &at, &p.World, &p.Slot, &epoch, &p.Kind, &p.Name, &p.Quality, &p.Qty, &runAt, &again, &start, &save, &savedAt, &tick)
	if err != nil {
		return p, err
	}
	p.At = time.UnixMilli(at)
	if _, err := fmt.Sscanf(epoch, "%d.%d", &p.Epoch.Incarnation, &p.Epoch.Number); err != nil {
		return p, fmt.Errorf("epoch %q: %w", epoch, err)
	}
	if runAt.Valid {
		p.Run = &Run{
			Slot: p.Slot, Epoch: p.Epoch, At: time.UnixMilli(runAt.Int64), Start: start.String, Again: again.Bool,
			Save: save.String, Tick: uint64(tick.Int64),
		}
		if savedAt.Int64 != 0 {
			p.Run.SavedAt = time.UnixMilli(savedAt.Int64)
		}
	}
	return p, nil
}
