package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// maxPackRevisions is how many revisions of a pack are kept, the last one included.
const maxPackRevisions = 20

// ErrChanged says that somebody else has changed the row meanwhile.
var ErrChanged = errors.New("it was changed meanwhile")

// A PackInUseError names the instances that use a pack which was to be deleted.
type PackInUseError struct{ Instances []string }

func (e *PackInUseError) Error() string { return "used by " + strings.Join(e.Instances, ", ") }

// Packs keeps mod packs, and which of them an instance uses. An instance without one keeps the mods that lie in its folder.
type Packs interface {
	Packs(ctx context.Context) ([]Pack, error)         // by name
	Pack(ctx context.Context, id string) (Pack, error) // ErrNotFound: there is none
	// PackRevisions are those kept of a pack, the newest first; PackRevision is the pack as it was then.
	PackRevisions(ctx context.Context, id string) ([]PackRevision, error)
	PackRevision(ctx context.Context, id string, revision int64) (Pack, error)
	AddPack(ctx context.Context, p Pack) error // as revision 1; ErrExists: the name is taken, whatever its case
	// ChangePack writes p as the revision after p.Revision, which it returns. ErrChanged: that is not the last one any more.
	ChangePack(ctx context.Context, p Pack) (int64, error)
	DeletePack(ctx context.Context, id string) error // *PackInUseError: instances use it
	// SetPack gives an instance a pack; empty: none. ErrNotFound: there is no such instance or pack.
	SetPack(ctx context.Context, instance, pack string) error
}

// Pack is a mod pack: what mods a game has, and with which settings.
type Pack struct {
	ID           string              `json:"-"`
	Settings     proptree.Dictionary `json:"-"` // scope → setting → {"value": value}, as in modsettings.File
	PackRevision `json:"-"`

	Name        string          `json:"name"`
	Description string          `json:"description"`
	Game        string          `json:"game"` // version, "2.0" or "2.0.60"
	Mods        []PackMod       `json:"mods"` // by name; the game's own too
	Ignored     []IgnoredNeed   `json:"ignored,omitempty"`
	Other       json.RawMessage `json:"other,omitempty"` // an object: unknown fields of the mod pack string that it was made of
}

// PackMod is a mod of a pack.
type PackMod struct {
	Name    string          `json:"name"`
	Version string          `json:"version,omitempty"` // empty for the game's own, which have the game's
	Enabled bool            `json:"enabled"`
	SHA1    string          `json:"sha1,omitempty"`   // of the zip, 40 hexadecimal digits in lower case; empty: not known
	Pinned  bool            `json:"pinned,omitempty"` // updates leave it at its version
	Other   json.RawMessage `json:"other,omitempty"`  // as that of the pack
}

// IgnoredNeed is a dependency that does not count in this pack, because somebody knows better than the mod's author.
type IgnoredNeed struct {
	Mod   string `json:"mod"`   // whose dependency it is
	Needs string `json:"needs"` // the other mod; an incompatibility with it counts as little
}

// PackRevision says when and how a pack came to be as it is.
type PackRevision struct {
	Revision  int64 // grows with each change
	ChangedAt time.Time
	ChangedBy string
	Change    string // what was done, for people
}

// packColumns are what scanPack reads.
const packColumns = "SELECT r.pack, r.revision, r.changed_at, r.changed_by, r.change, r.content, r.settings FROM pack_revision r"

func scanPack(scan scanFunc) (Pack, error) {
	var p Pack
	var changed int64
	var content string
	var settings []byte
	if err := scan(&p.ID, &p.Revision, &changed, &p.ChangedBy, &p.Change, &content, &settings); err != nil {
		return Pack{}, err
	}
	p.ChangedAt = time.UnixMilli(changed)
	if err := json.Unmarshal([]byte(content), &p); err != nil {
		return Pack{}, fmt.Errorf("read pack %s: %w", p.ID, err)
	}
	file, err := modsettings.Parse(settings)
	if err != nil {
		return Pack{}, fmt.Errorf("read pack %s: %w", p.ID, err)
	}
	p.Settings = file.Scopes
	return p, nil
}

// Packs implements Store.
func (s *SQLite) Packs(ctx context.Context) ([]Pack, error) {
	return s.packs(ctx, packColumns+" JOIN pack p ON p.id = r.pack AND p.revision = r.revision ORDER BY p.name_key")
}

func (s *SQLite) packs(ctx context.Context, query string, args ...any) ([]Pack, error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read packs: %w", err)
	}
	var all []Pack
	err = eachRow(rows, func(scan scanFunc) error {
		p, err := scanPack(scan)
		all = append(all, p)
		return err
	})
	return all, err
}

func (s *SQLite) onePack(ctx context.Context, query string, args ...any) (Pack, error) {
	all, err := s.packs(ctx, query, args...)
	switch {
	case err != nil:
		return Pack{}, err
	case len(all) == 0:
		return Pack{}, fmt.Errorf("read a pack: %w", ErrNotFound)
	}
	return all[0], nil
}

// Pack implements Store.
func (s *SQLite) Pack(ctx context.Context, id string) (Pack, error) {
	return s.onePack(ctx, packColumns+" JOIN pack p ON p.id = r.pack AND p.revision = r.revision WHERE p.id = ?", id)
}

// PackRevision implements Store.
func (s *SQLite) PackRevision(ctx context.Context, id string, revision int64) (Pack, error) {
	return s.onePack(ctx, packColumns+" WHERE r.pack = ? AND r.revision = ?", id, revision)
}

// PackRevisions implements Store.
func (s *SQLite) PackRevisions(ctx context.Context, id string) ([]PackRevision, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT revision, changed_at, changed_by, change FROM pack_revision WHERE pack = ? ORDER BY revision DESC", id)
	if err != nil {
		return nil, fmt.Errorf("read the revisions of a pack: %w", err)
	}
	var all []PackRevision
	err = eachRow(rows, func(scan scanFunc) error {
		var r PackRevision
		var changed int64
		err := scan(&r.Revision, &changed, &r.ChangedBy, &r.Change)
		r.ChangedAt = time.UnixMilli(changed)
		all = append(all, r)
		return err
	})
	return all, err
}

// AddPack implements Store.
func (s *SQLite) AddPack(ctx context.Context, p Pack) error {
	p.Revision = 1
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if err := packNameFree(ctx, conn, p); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO pack(id, name_key, revision) VALUES (?, ?, 1)", p.ID, packKey(p.Name)); err != nil {
			return fmt.Errorf("add pack %s: %w", p.Name, err)
		}
		return addPackRevision(ctx, conn, p)
	})
}

// ChangePack implements Store.
func (s *SQLite) ChangePack(ctx context.Context, p Pack) (int64, error) {
	err := s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "change pack " + p.Name
		var last int64
		err := conn.QueryRowContext(ctx, "SELECT revision FROM pack WHERE id = ?", p.ID).Scan(&last)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("%s: %w", what, ErrNotFound)
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		case last != p.Revision:
			return fmt.Errorf("%s: %w", what, ErrChanged)
		}
		if err := packNameFree(ctx, conn, p); err != nil {
			return err
		}
		next := p
		next.Revision++
		if err := addPackRevision(ctx, conn, next); err != nil {
			return err
		}
		return changeOne(ctx, conn, what, "UPDATE pack SET name_key = ?, revision = ? WHERE id = ?", packKey(p.Name), next.Revision, p.ID)
	})
	return p.Revision + 1, err
}

// packKey is what names are told apart by.
func packKey(name string) string { return strings.ToLower(name) }

func packNameFree(ctx context.Context, conn *sql.Conn, p Pack) error {
	var taken bool
	err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pack WHERE name_key = ? AND id <> ?)", packKey(p.Name), p.ID).Scan(&taken)
	if err == nil && taken {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("write pack %s: %w", p.Name, err)
	}
	return nil
}

// addPackRevision writes a revision, and drops those that are too old to be kept.
func addPackRevision(ctx context.Context, conn *sql.Conn, p Pack) error {
	p.Mods = append([]PackMod{}, p.Mods...) // null would be no array
	content, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write pack %s: %w", p.Name, err)
	}
	// Of the first version that stores whole numbers as such; games get a file of their own.
	file := modsettings.New(factorio.Version{Major: 2})
	if p.Settings != nil {
		file.Scopes = p.Settings
	}
	settings, err := file.Bytes()
	if err != nil {
		return fmt.Errorf("write pack %s: %w", p.Name, err)
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO pack_revision(pack, revision, changed_at, changed_by, change, content, settings) VALUES (?, ?, ?, ?, ?, ?, ?)",
		p.ID, p.Revision, p.ChangedAt.UnixMilli(), p.ChangedBy, p.Change, string(content), settings)
	if err == nil {
		_, err = conn.ExecContext(ctx, "DELETE FROM pack_revision WHERE pack = ? AND revision <= ?", p.ID, p.Revision-maxPackRevisions)
	}
	if err != nil {
		return fmt.Errorf("write pack %s: %w", p.Name, err)
	}
	return nil
}

// DeletePack implements Store.
func (s *SQLite) DeletePack(ctx context.Context, id string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "delete pack " + id
		rows, err := conn.QueryContext(ctx, "SELECT name FROM instance WHERE pack = ? ORDER BY name", id)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		var users []string
		err = eachRow(rows, func(scan scanFunc) error {
			var name string
			err := scan(&name)
			users = append(users, name)
			return err
		})
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		case len(users) > 0:
			return fmt.Errorf("%s: %w", what, &PackInUseError{users})
		}
		return changeOne(ctx, conn, what, "DELETE FROM pack WHERE id = ?", id)
	})
}

// SetPack implements Store.
func (s *SQLite) SetPack(ctx context.Context, instance, pack string) error {
	return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		what := "give a pack to instance " + instance
		return changeOne(ctx, conn, what,
			"UPDATE instance SET pack = nullif(?1, '') WHERE id = ?2 AND (?1 = '' OR EXISTS (SELECT 1 FROM pack WHERE id = ?1))", pack, instance)
	})
}
