package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Mods is the index of the mods whose files the controller keeps.
type Mods interface {
	// Mods returns all, or those of one name, those in the bin too.
	Mods(ctx context.Context, name string) ([]Mod, error)
	// PutMod writes the row of a name and version, and replaces one that is there.
	PutMod(ctx context.Context, m Mod) error
	// SetModDeleted puts a mod into the bin; the zero time takes it out. ErrNotFound: there is none.
	SetModDeleted(ctx context.Context, name, version string, at time.Time) error
	RemoveMod(ctx context.Context, name, version string) error
}

// Mod is one version of a mod. Texts are the mod's own.
type Mod struct {
	Name, Version string // "1.2.3"
	SHA256        string // of the file, which is named by it
	SHA1          string
	Bytes         int64
	FileName      string // that the game wants
	Title         string
	Author        string
	Game          string // "2.0"
	Dependencies  []string
	Flags         []string
	Description   string // its beginning
	Source        string // upload, portal, host, found
	AddedAt       time.Time
	AddedBy       string
	DeletedAt     time.Time // zero: it is not in the bin
}

// Mods implements Store.
func (s *SQLite) Mods(ctx context.Context, name string) ([]Mod, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT name, version, sha256, sha1, bytes, file_name, title, author, game, dependencies, flags,
		description, source, added_at, added_by, deleted_at FROM mod WHERE ?1 = '' OR name = ?1 ORDER BY name, version`, name)
	if err != nil {
		return nil, fmt.Errorf("read mods: %w", err)
	}
	var all []Mod
	err = eachRow(rows, func(scan scanFunc) error {
		var m Mod
		var dependencies, flags []byte
		var added, deleted int64
		err := scan(&m.Name, &m.Version, &m.SHA256, &m.SHA1, &m.Bytes, &m.FileName, &m.Title, &m.Author, &m.Game, &dependencies, &flags,
			&m.Description, &m.Source, &added, &m.AddedBy, &deleted)
		if err == nil {
			err = errors.Join(json.Unmarshal(dependencies, &m.Dependencies), json.Unmarshal(flags, &m.Flags))
		}
		m.AddedAt = time.UnixMilli(added)
		if deleted != 0 {
			m.DeletedAt = time.UnixMilli(deleted)
		}
		all = append(all, m)
		return err
	})
	return all, err
}

// PutMod implements Store.
func (s *SQLite) PutMod(ctx context.Context, m Mod) error {
	dependencies, err := json.Marshal(append([]string{}, m.Dependencies...))
	flags, err2 := json.Marshal(append([]string{}, m.Flags...))
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("write mod %s: %w", m.Name, err)
	}
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, `INSERT OR REPLACE INTO mod(name, version, sha256, sha1, bytes, file_name, title, author, game, dependencies,
			flags, description, source, added_at, added_by, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			m.Name, m.Version, m.SHA256, m.SHA1, m.Bytes, m.FileName, m.Title, m.Author, m.Game, string(dependencies), string(flags),
			m.Description, m.Source, m.AddedAt.UnixMilli(), m.AddedBy, unixMilli(m.DeletedAt))
		if err != nil {
			return fmt.Errorf("write mod %s %s: %w", m.Name, m.Version, err)
		}
		return nil
	})
}

// SetModDeleted implements Store.
func (s *SQLite) SetModDeleted(ctx context.Context, name, version string, at time.Time) error {
	return s.update(ctx, "write mod "+name+" "+version, "UPDATE mod SET deleted_at = ? WHERE name = ? AND version = ?", unixMilli(at), name, version)
}

// RemoveMod implements Store.
func (s *SQLite) RemoveMod(ctx context.Context, name, version string) error {
	return s.update(ctx, "remove mod "+name+" "+version, "DELETE FROM mod WHERE name = ? AND version = ?", name, version)
}
