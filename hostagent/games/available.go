package games

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/releases"
)

const (
	fresh   = time.Hour // that long what was asked for is taken as it is
	askTime = 30 * time.Second
)

// Available is what factorio.com has, as far as it was asked.
type Available struct {
	Stable       factorio.Version   `json:"stable"`
	Experimental factorio.Version   `json:"experimental"`
	Versions     []factorio.Version `json:"versions"` // of the archive, newest first; not each exists for each system
	Asked        time.Time          `json:"asked"`
}

func (a Available) of(c factorio.Channel) factorio.Version {
	if c == factorio.Stable {
		return a.Stable
	}
	return a.Experimental
}

// newest returns the newest version that s selects; zero if none is known.
func (a Available) newest(s factorio.Selector) (best factorio.Version) {
	for _, v := range append([]factorio.Version{a.Stable, a.Experimental}, a.Versions...) {
		if !v.IsZero() && s.Matches(v) && v.Compare(best) > 0 {
			best = v
		}
	}
	return best
}

// Available asks what there is, unless that was done within the hour and now is false. On an error it returns what was known before.
func (s *Store) Available(ctx context.Context, now bool) (Available, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if age := time.Since(known.Asked); !now && age >= 0 && age < fresh {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	latest, err := s.cfg.Releases.Latest(ctx)
	if err != nil {
		return known, fmt.Errorf("ask factorio.com for the versions of the game: %w", err)
	}
	next := Available{Stable: serverOf(latest.Stable), Experimental: serverOf(latest.Experimental), Versions: known.Versions, Asked: time.Now()}
	// The archive is a page for people: without it there are the channels still, and what was known.
	if versions, err := s.cfg.Releases.Archive(ctx); err == nil {
		next.Versions = versions
	} else {
		s.cfg.Log.Warn("the archive of versions can't be read", "err", err)
	}
	if err := disk.WriteJSON(s.path(releasesIn), next); err != nil {
		s.cfg.Log.Warn("what was released can't be remembered", "err", err)
	}
	s.mu.Lock()
	s.known = next
	s.mu.Unlock()
	if next.Stable != known.Stable || next.Experimental != known.Experimental || !slices.Equal(next.Versions, known.Versions) {
		s.cfg.Changed()
	}
	return next, nil
}

// serverOf is the version of the headless server, or of the game where that is not told.
func serverOf(builds map[releases.Build]factorio.Version) factorio.Version {
	return cmp.Or(builds[releases.Headless], builds[releases.Expansion], builds[releases.Alpha])
}
