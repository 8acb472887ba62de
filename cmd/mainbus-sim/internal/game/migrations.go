package game

import (
	"maps"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/mods"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// prototypes are names by their kind.
type prototypes map[string][]string

// migrations are what a save has not been through yet.
type migrations struct {
	renaming, running []mods.Migration
	renames           world.Renames // what renaming does
}

func (g *run) findMigrations(of level) (m migrations, err error) {
	renaming, running := g.told.Migrations()
	m.renaming, m.running = of.Migrations.Pending(renaming), of.Migrations.Pending(running)
	m.renames, err = mods.Renames(m.renaming)
	return m, err
}

// changeConfiguration runs what has to run once because mods, their settings or prototypes are not those of the save. The
// saves that follow have been through it.
func (s *server) changeConfiguration(m migrations) error {
	for _, one := range m.running {
		s.out.Engine("Applying migration: %s: %s", one.Title, one.File)
		name, source := one.Source()
		if err := s.scripts.Migrate(one.Mod, name, source); err != nil {
			return err
		}
	}
	known, before := prototypes(s.world.Catalog.Names()), s.content.Level.Prototypes
	change := api.Change{
		Mods: modVersions(s.content.Header.Mods), Settings: s.content.Header.SettingsChecksum != s.told.Settings.Checksum(),
		Migrated: len(m.renaming) > 0, Names: before.become(m.renames, known),
	}
	s.content.Level.Migrations = s.content.Level.Migrations.With(m.renaming).With(m.running)
	s.content.Level.Prototypes = known
	if change.Settings || len(m.renaming)+len(m.running) > 0 || !sameMods(s.content.Header.Mods, s.mods) || !known.equal(before) {
		return s.scripts.ConfigurationChanged(change)
	}
	return nil
}

func (p prototypes) equal(other prototypes) bool {
	return maps.EqualFunc(p, other, func(a, b []string) bool { return slices.Equal(a, b) })
}

// become tells what the names in a save have become, "" where no mod has the prototype any more, as far as they are not
// what they were. Kinds of prototypes that no map refers to are told as the migrations have them.
func (p prototypes) become(renames world.Renames, known prototypes) world.Renames {
	out := world.Renames{}
	for kind, names := range renames {
		if _, listed := p[kind]; !listed {
			out[kind] = names
		}
	}
	for kind, names := range p {
		for _, name := range names {
			now, renamed := renames[kind][name]
			if !renamed {
				now = name
			}
			if _, there := slices.BinarySearch(known[kind], now); !there {
				now = ""
			}
			if now == name {
				continue
			}
			if out[kind] == nil {
				out[kind] = map[string]string{}
			}
			out[kind][name] = now
		}
	}
	return out
}
