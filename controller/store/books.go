package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mainbus/controller/ledger"
)

// rowWriter reads and writes the tables of the ledger on the writer's connection. Items and worlds have small numbers
// there, which it remembers.
type rowWriter struct {
	conn    *sql.Conn
	items   map[ledger.Item]int64
	worlds  map[ledger.World]int64
	players map[string]int64 // by key

	begin, commit, account, bus, posting *sql.Stmt
}

func newRowWriter(conn *sql.Conn) (*rowWriter, error) {
	r := &rowWriter{conn: conn}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&r.begin, "BEGIN IMMEDIATE"},
		{&r.commit, "COMMIT"},
		{&r.account, `INSERT INTO account(world, item, e, g, i, ep, ip, owed, held, top, given, covered, e_sum, g_sum, i_sum)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET e = excluded.e, g = excluded.g, i = excluded.i, ep = excluded.ep, ip = excluded.ip,
				owed = excluded.owed, held = excluded.held, top = excluded.top, given = excluded.given, covered = excluded.covered,
				e_sum = excluded.e_sum, g_sum = excluded.g_sum, i_sum = excluded.i_sum`},
		{&r.bus, `INSERT INTO bus(item, qty, posted, sum) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET qty = excluded.qty, posted = excluded.posted, sum = excluded.sum`},
		{&r.posting, "INSERT INTO posting(at, world, epoch, kind, item, qty) VALUES (?, ?, ?, ?, ?, ?)"},
	} {
		stmt, err := conn.PrepareContext(context.Background(), p.text)
		if err != nil {
			return nil, fmt.Errorf("prepare statements: %w", err)
		}
		*p.stmt = stmt
	}
	return r, nil
}

// close lets go of the statements. The driver would otherwise keep the file open, and its log beside it.
func (r *rowWriter) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{r.begin, r.commit, r.account, r.bus, r.posting} {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// books writes changed rows.
func (r *rowWriter) books(b ledger.Books) error {
	if b.Incarnation != 0 {
		_, err := r.conn.ExecContext(context.Background(), `INSERT INTO meta(key, value) VALUES ('incarnation', ?)
			ON CONFLICT DO UPDATE SET value = excluded.value`, strconv.FormatInt(b.Incarnation, 10))
		if err != nil {
			return err
		}
	}
	if b.Restored {
		_, err := r.conn.ExecContext(context.Background(), "INSERT OR IGNORE INTO meta(key, value) VALUES ('restored', '1')")
		if err != nil {
			return err
		}
	}
	if b.Policy != nil {
		if err := r.putPolicy(*b.Policy); err != nil {
			return fmt.Errorf("write the policy: %w", err)
		}
	}
	for _, id := range b.Gone { // nothing else names them
		if _, err := r.conn.ExecContext(context.Background(), "DELETE FROM world WHERE world = ?", id); err != nil {
			return fmt.Errorf("forget world %s: %w", id, err)
		}
		delete(r.worlds, id)
	}
	if err := r.putSpoils(b.Spoils); err != nil {
		return err
	}
	if err := r.putWorlds(b.Worlds); err != nil {
		return err
	}
	if err := r.putOrigins(b); err != nil {
		return err
	}
	for _, a := range b.Accounts {
		item, err := r.item(a.Item)
		if err != nil {
			return err
		}
		if _, err := r.account.Exec(r.worlds[a.World], item, a.E, a.G, a.I, a.EP, a.IP, a.Owed, a.Held, a.Top, a.Given, a.Covered, a.ES, a.GS, a.IS); err != nil {
			return fmt.Errorf("write account of %s in world %s: %w", a.Item, a.World, err)
		}
	}
	for _, row := range b.Bus {
		item, err := r.item(row.Item)
		if err != nil {
			return err
		}
		if _, err := r.bus.Exec(item, row.Qty, row.Posted, row.Sum); err != nil {
			return fmt.Errorf("write %s on the bus: %w", row.Item, err)
		}
	}
	return r.putPlayers(b)
}

func (r *rowWriter) putSpoils(all []ledger.Spoil) error {
	for _, p := range all {
		item, err := r.item(p.Item)
		if err != nil {
			return err
		}
		if p.Ticks == 0 { // it stands still
			if _, err := r.conn.ExecContext(context.Background(), "DELETE FROM spoil WHERE item = ?", item); err != nil {
				return fmt.Errorf("write that %s stands still: %w", p.Item, err)
			}
			continue
		}
		var result any
		if p.Result != (ledger.Item{}) {
			if result, err = r.item(p.Result); err != nil {
				return err
			}
		}
		if _, err := r.conn.ExecContext(context.Background(), "INSERT OR REPLACE INTO spoil(item, ticks, result) VALUES (?, ?, ?)", item, p.Ticks, result); err != nil {
			return fmt.Errorf("write how %s spoils: %w", p.Item, err)
		}
	}
	return nil
}

// putWorlds clears the leases that change before it sets them, because two worlds may have changed places.
func (r *rowWriter) putWorlds(worlds []ledger.WorldRow) error {
	ctx := context.Background()
	for _, w := range worlds {
		if id, ok := r.worlds[w.ID]; ok {
			if _, err := r.conn.ExecContext(ctx, "UPDATE world SET slot = NULL, question = ?, origin = ?, tick = ?, behind = ? WHERE id = ?", w.Question, w.Origin, w.Tick, w.Behind, id); err != nil {
				return fmt.Errorf("write world %s: %w", w.ID, err)
			}
			continue
		}
		res, err := r.conn.ExecContext(ctx, "INSERT INTO world(world, from_ledger, from_world, question, origin, tick, behind, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			w.ID, w.FromLedger, w.FromWorld, w.Question, w.Origin, w.Tick, w.Behind, time.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("write world %s: %w", w.ID, err)
		}
		if r.worlds[w.ID], err = res.LastInsertId(); err != nil {
			return err
		}
	}
	for _, w := range worlds {
		if w.Slot == "" {
			continue
		}
		if _, err := r.conn.ExecContext(ctx, "UPDATE world SET slot = ? WHERE id = ?", w.Slot, r.worlds[w.ID]); err != nil {
			return fmt.Errorf("lease world %s to slot %s: %w", w.ID, w.Slot, err)
		}
	}
	return nil
}

// putOrigins replaces what is known of the saves that worlds were copied from.
func (r *rowWriter) putOrigins(b ledger.Books) error {
	for _, w := range b.Reborn {
		if _, err := r.conn.ExecContext(context.Background(), "DELETE FROM origin WHERE world = ?", r.worlds[w]); err != nil {
			return fmt.Errorf("forget the origin of world %s: %w", w, err)
		}
	}
	for _, row := range b.Origins {
		item, err := r.item(row.Item)
		if err != nil {
			return err
		}
		_, err = r.conn.ExecContext(context.Background(), "INSERT INTO origin(world, item, e, i, ep, ip, e_sum, i_sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			r.worlds[row.World], item, row.E, row.I, row.EP, row.IP, row.ES, row.IS)
		if err != nil {
			return fmt.Errorf("write the origin of world %s: %w", row.World, err)
		}
	}
	return nil
}

// item returns an item's number; a new one gets one. If the transaction fails, load forgets it again.
func (r *rowWriter) item(item ledger.Item) (int64, error) {
	if n, ok := r.items[item]; ok {
		return n, nil
	}
	res, err := r.conn.ExecContext(context.Background(), "INSERT INTO item(name, quality) VALUES (?, ?)", item.Name, item.Quality)
	if err != nil {
		return 0, fmt.Errorf("write item %s: %w", item, err)
	}
	n, err := res.LastInsertId()
	r.items[item] = n
	return n, err
}

// worldOrNone returns a world's number, nil if it is none.
func (r *rowWriter) worldOrNone(w ledger.World) any {
	if w == "" {
		return nil
	}
	return r.worlds[w]
}

// postings appends to the log and drops the oldest rows, so that the disk can't fill up with it.
func (r *rowWriter) postings(all []ledger.Posting, at time.Time) error {
	for _, p := range all {
		item, err := r.item(p.Item)
		if err != nil {
			return err
		}
		if _, err := r.posting.Exec(at.UnixMilli(), r.worldOrNone(p.World), p.Epoch.String(), int(p.Kind), item, p.Qty); err != nil {
			return fmt.Errorf("write posting: %w", err)
		}
	}
	_, err := r.conn.ExecContext(context.Background(), "DELETE FROM posting WHERE id <= (SELECT max(id) FROM posting) - ?", maxPostings)
	return err
}
