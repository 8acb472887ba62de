package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// maxAudit is how many audit rows are kept; the oldest are dropped.
const maxAudit = 100_000

// Bus implements Store.
func (s *SQLite) Bus(ctx context.Context) ([]BusItem, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT name, quality, coalesce(qty, 0),
			coalesce(sum(e), 0), coalesce(sum(i), 0), coalesce(sum(g), 0), coalesce(sum(owed), 0), coalesce(sum(held), 0)
		FROM item LEFT JOIN bus ON bus.item = item.id LEFT JOIN account ON account.item = item.id
		GROUP BY item.id ORDER BY name, quality`)
	if err != nil {
		return nil, fmt.Errorf("read the bus: %w", err)
	}
	var all []BusItem
	err = eachRow(rows, func(scan scanFunc) error {
		var i BusItem
		err := scan(&i.Name, &i.Quality, &i.Level, &i.Sent, &i.Received, &i.Granted, &i.Owed, &i.Held)
		all = append(all, i)
		return err
	})
	return all, err
}

// Hosts implements Store.
func (s *SQLite) Hosts(ctx context.Context) ([]Host, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT id, name, addresses, discovered_by, version, game_version, os, paired_at, last_seen, starts_at_once, player_address
		FROM host WHERE forgotten_at IS NULL ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	var all []Host
	err = eachRow(rows, func(scan scanFunc) error {
		var h Host
		var addresses string
		var paired, seen int64
		if err := scan(&h.ID, &h.Name, &addresses, &h.DiscoveredBy, &h.Version, &h.GameVersion, &h.OS, &paired, &seen, &h.StartsAtOnce, &h.PlayerAddress); err != nil {
			return err
		}
		h.PairedAt, h.LastSeen = time.UnixMilli(paired), time.UnixMilli(seen)
		all = append(all, h)
		return json.Unmarshal([]byte(addresses), &all[len(all)-1].Addresses)
	})
	return all, err
}

// PutHost implements Store.
func (s *SQLite) PutHost(ctx context.Context, h Host) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error { return putHost(ctx, conn, h) })
}

func putHost(ctx context.Context, conn *sql.Conn, h Host) error {
	addresses, err := json.Marshal(append([]string{}, h.Addresses...)) // null would be no array
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `INSERT INTO host(id, name, addresses, discovered_by, version, game_version, os, paired_at, last_seen)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET name = excluded.name, addresses = excluded.addresses, discovered_by = excluded.discovered_by,
			version = excluded.version, game_version = excluded.game_version, os = excluded.os, last_seen = excluded.last_seen,
			paired_at = excluded.paired_at, forgotten_at = CASE WHEN excluded.paired_at <= forgotten_at THEN forgotten_at END`,
		h.ID, h.Name, string(addresses), h.DiscoveredBy, h.Version, h.GameVersion, h.OS, h.PairedAt.UnixMilli(), h.LastSeen.UnixMilli())
	if err != nil {
		return fmt.Errorf("write host %s: %w", h.Name, err)
	}
	return nil
}

// Instances implements Store.
func (s *SQLite) Instances(ctx context.Context) ([]Instance, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT id, name, host, running, seed, created_at, asked, supervision, version, download, coalesce(pack, ''), mods_or_former, mods_keep_unknown FROM instance ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("read instances: %w", err)
	}
	var all []Instance
	err = eachRow(rows, func(scan scanFunc) error {
		var i Instance
		var created int64
		err := scan(&i.ID, &i.Name, &i.Host, &i.Running, &i.Seed, &created, &i.Asked, &i.Supervision, &i.Version, &i.Download, &i.Pack,
			&i.ModPolicy.OrFormer, &i.ModPolicy.KeepUnknown)
		i.CreatedAt = time.UnixMilli(created)
		all = append(all, i)
		return err
	})
	return all, err
}

// AddInstance implements Store.
func (s *SQLite) AddInstance(ctx context.Context, i Instance) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		var taken bool
		if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM instance WHERE name = ?)", i.Name).Scan(&taken); err != nil {
			return fmt.Errorf("add instance %s: %w", i.Name, err)
		}
		if taken {
			return fmt.Errorf("add instance %s: %w", i.Name, ErrExists)
		}
		_, err := conn.ExecContext(ctx, "INSERT INTO instance(id, name, host, running, seed, created_at, version, download, pack) VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''))",
			i.ID, i.Name, i.Host, i.Running, i.Seed, i.CreatedAt.UnixMilli(), i.Version, i.Download, i.Pack)
		if err != nil {
			return fmt.Errorf("add instance %s: %w", i.Name, err)
		}
		return nil
	})
}

// SetRunning implements Store.
func (s *SQLite) SetRunning(ctx context.Context, id string, running bool) error {
	return s.update(ctx, "write instance "+id, "UPDATE instance SET running = ?, asked = asked + 1 WHERE id = ?", running, id)
}

// SetSupervision implements Store.
func (s *SQLite) SetSupervision(ctx context.Context, id, supervision string) error {
	return s.update(ctx, "write instance "+id, "UPDATE instance SET supervision = ? WHERE id = ?", supervision, id)
}

// SetVersion implements Store.
func (s *SQLite) SetVersion(ctx context.Context, id, version string, download bool) error {
	return s.update(ctx, "write instance "+id, "UPDATE instance SET version = ?, download = ? WHERE id = ?", version, download, id)
}

// SetModPolicy implements Store.
func (s *SQLite) SetModPolicy(ctx context.Context, id string, p ModPolicy) error {
	return s.update(ctx, "write instance "+id, "UPDATE instance SET mods_or_former = ?, mods_keep_unknown = ? WHERE id = ?", p.OrFormer, p.KeepUnknown, id)
}

// SetStartsAtOnce implements Store.
func (s *SQLite) SetStartsAtOnce(ctx context.Context, host string, n uint32) error {
	return s.update(ctx, "write host "+host, "UPDATE host SET starts_at_once = ? WHERE id = ?", n, host)
}

// SetPlayerAddress implements Store.
func (s *SQLite) SetPlayerAddress(ctx context.Context, host, address string) error {
	return s.update(ctx, "write host "+host, "UPDATE host SET player_address = ? WHERE id = ?", address, host)
}

// update changes a row that is there.
func (s *SQLite) update(ctx context.Context, what, query string, args ...any) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		return changeOne(ctx, conn, what, query, args...)
	})
}

// Setting implements Store.
func (s *SQLite) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := s.readers.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetSetting implements Store.
func (s *SQLite) SetSetting(ctx context.Context, key, value string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "INSERT INTO meta(key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key, value)
		if err != nil {
			return fmt.Errorf("write setting %s: %w", key, err)
		}
		return nil
	})
}

// Audit implements Store.
func (s *SQLite) Audit(ctx context.Context, limit int) ([]AuditEntry, error) {
	rows, err := s.readers.QueryContext(ctx,
		"SELECT at, who, source, what, target, result FROM audit ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	var all []AuditEntry
	err = eachRow(rows, func(scan scanFunc) error {
		var e AuditEntry
		var at int64
		err := scan(&at, &e.Who, &e.From, &e.What, &e.Target, &e.Result)
		e.At = time.UnixMilli(at)
		all = append(all, e)
		return err
	})
	return all, err
}

// AddAudit implements Store.
func (s *SQLite) AddAudit(ctx context.Context, e AuditEntry) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "INSERT INTO audit(at, who, source, what, target, result) VALUES (?, ?, ?, ?, ?, ?)",
			e.At.UnixMilli(), e.Who, e.From, e.What, e.Target, e.Result)
		if err == nil {
			_, err = conn.ExecContext(ctx, "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", maxAudit)
		}
		if err != nil {
			return fmt.Errorf("write audit: %w", err)
		}
		return nil
	})
}
