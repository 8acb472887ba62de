package mods

import (
	"context"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// A Release is one version of a mod, on the portal or in the store or both. A stored one says what its own info.json says.
type Release struct {
	Name         string
	Version      factorio.Version
	Game         factorio.Version // only Major and Minor count
	Dependencies []modinfo.Dependency
	Flags        []string // of modinfo.Flags: features of the game that it asks for
	SHA1         string   // 40 hexadecimal digits; empty: the portal tells none
	Size         int64    // bytes; 0: not known, as of what is not stored
	Stored       bool
	OnPortal     bool
	ReleasedAt   time.Time // zero: not known
}

// Known is what is known of one mod.
type Known struct {
	Releases   []Release // the newest version first
	Title      string    // empty: not known
	Deprecated bool
	AskedAt    time.Time // when the portal was asked; zero: never
	// Problem says why the portal could not be asked just now: what is here may be old, or nothing. A mod that the portal does not have
	// is no problem and has no releases of it.
	Problem string
}

// A Catalogue tells which releases of mods there are.
type Catalogue interface {
	// Releases tells of each of the names. The portal is asked for those of which it was not asked within the hour, several at a time;
	// if it can't be reached, what was known before and what is stored has to do. Errors are of the store and of ctx.
	Releases(ctx context.Context, names ...string) (map[string]Known, error)
}
