package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"mainbus/controller/ledger"
)

// maxVersions is how many inventories of each player are kept.
const maxVersions = 10

// loadPlayers reads all players into b.
func (r *rowWriter) loadPlayers(b *ledger.Books, items map[int64]ledger.Item, worlds map[int64]ledger.World) error {
	r.players = map[string]int64{}
	place := map[int64]int{}
	err := r.each("SELECT id, key, name, holder, incarnation, number, blob FROM player", func(scan scanFunc) error {
		var id int64
		var holder sql.NullInt64
		var p ledger.PlayerRow
		err := scan(&id, &p.Key, &p.Name, &holder, &p.Token.Incarnation, &p.Token.Number, &p.Blob)
		if holder.Valid {
			p.Holder = worlds[holder.Int64]
		}
		r.players[p.Key], place[id] = id, len(b.Players)
		b.Players = append(b.Players, p)
		return err
	})
	if err != nil {
		return err
	}
	err = r.each("SELECT player, item, n FROM player_item", func(scan scanFunc) error {
		var player, item, n int64
		err := scan(&player, &item, &n)
		p := &b.Players[place[player]]
		p.Items = append(p.Items, ledger.Count{Item: items[item], N: n})
		return err
	})
	for n := range b.Players {
		sortCounts(b.Players[n].Items)
	}
	return err
}

func sortCounts(items []ledger.Count) {
	slices.SortFunc(items, func(a, b ledger.Count) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Quality, b.Quality)
	})
}

// putPlayers writes changed players and the versions of their inventories. Few messages concern players, so the
// statements are not kept prepared.
func (r *rowWriter) putPlayers(b ledger.Books) error {
	for _, p := range b.Players {
		if err := r.putPlayer(p); err != nil {
			return fmt.Errorf("write player %s: %w", p.Name, err)
		}
	}
	for _, v := range b.Versions {
		if err := r.addVersion(v); err != nil {
			return fmt.Errorf("write a version of player %s: %w", v.Key, err)
		}
	}
	return nil
}

func (r *rowWriter) putPlayer(p ledger.PlayerRow) error {
	ctx := context.Background()
	var id int64
	row := r.conn.QueryRowContext(ctx, `INSERT INTO player(key, name, holder, incarnation, number, blob) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET name = excluded.name, holder = excluded.holder, incarnation = excluded.incarnation,
			number = excluded.number, blob = excluded.blob
		RETURNING id`,
		p.Key, p.Name, r.worldOrNull(p.Holder), p.Token.Incarnation, p.Token.Number, notNull(p.Blob))
	if err := row.Scan(&id); err != nil {
		return err
	}
	r.players[p.Key] = id
	if _, err := r.conn.ExecContext(ctx, "DELETE FROM player_item WHERE player = ?", id); err != nil {
		return err
	}
	return r.putCounts("INSERT INTO player_item(player, item, n) VALUES (?, ?, ?)", id, p.Items)
}

func (r *rowWriter) addVersion(v ledger.VersionRow) error {
	ctx, player := context.Background(), r.players[v.Key]
	res, err := r.conn.ExecContext(ctx, "INSERT INTO player_version(player, at, world, incarnation, number, blob) VALUES (?, ?, ?, ?, ?, ?)",
		player, time.Now().UnixMilli(), r.worldOrNull(v.World), v.Token.Incarnation, v.Token.Number, notNull(v.Blob))
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if err := r.putCounts("INSERT INTO player_version_item(version, item, n) VALUES (?, ?, ?)", id, v.Items); err != nil {
		return err
	}
	_, err = r.conn.ExecContext(ctx, `DELETE FROM player_version WHERE id IN
		(SELECT id FROM player_version WHERE player = ? ORDER BY id DESC LIMIT -1 OFFSET ?)`, player, maxVersions)
	return err
}

func (r *rowWriter) putCounts(statement string, owner int64, items []ledger.Count) error {
	for _, c := range items {
		item, err := r.item(c.Item)
		if err != nil {
			return err
		}
		if _, err := r.conn.ExecContext(context.Background(), statement, owner, item, c.N); err != nil {
			return fmt.Errorf("%s: %w", c.Item, err)
		}
	}
	return nil
}

// PlayerVersions implements Store.
func (s *SQLite) PlayerVersions(ctx context.Context, name string) ([]PlayerVersion, error) {
	tx, err := s.readers.BeginTx(ctx, nil) // both queries see the same versions
	if err != nil {
		return nil, fmt.Errorf("read versions of player %s: %w", name, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	all, place := []PlayerVersion{}, map[int64]int{}
	err = query(ctx, tx, `SELECT v.id, v.at, coalesce(w.world, ''), v.incarnation, v.number, v.blob
		FROM player_version v JOIN player p ON p.id = v.player LEFT JOIN world w ON w.id = v.world
		WHERE p.key = ? ORDER BY v.id DESC`, func(scan scanFunc) error {
		var id, at int64
		var v PlayerVersion
		err := scan(&id, &at, &v.World, &v.Token.Incarnation, &v.Token.Number, &v.Blob)
		v.At, place[id] = time.UnixMilli(at), len(all)
		all = append(all, v)
		return err
	}, ledger.PlayerKey(name))
	if err == nil {
		err = query(ctx, tx, `SELECT c.version, i.name, i.quality, c.n FROM player_version_item c
			JOIN player_version v ON v.id = c.version JOIN player p ON p.id = v.player JOIN item i ON i.id = c.item
			WHERE p.key = ? ORDER BY i.name, i.quality`, func(scan scanFunc) error {
			var version int64
			var c ledger.Count
			err := scan(&version, &c.Name, &c.Quality, &c.N)
			v := &all[place[version]]
			v.Items = append(v.Items, c)
			return err
		}, ledger.PlayerKey(name))
	}
	if err != nil {
		return nil, fmt.Errorf("read versions of player %s: %w", name, err)
	}
	return all, nil
}

func query(ctx context.Context, tx *sql.Tx, text string, row func(scanFunc) error, args ...any) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, row)
}

func (r *rowWriter) worldOrNull(w ledger.World) any {
	if w == "" {
		return nil
	}
	return r.worlds[w]
}

// notNull gives the driver an empty blob where there is none, which it would otherwise store as NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
