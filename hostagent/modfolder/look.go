package modfolder

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/transport/wire"
)

const (
	maxShown    = 5000 // mods
	maxProblems = 100
)

// look is what is found in a folder.
type look struct {
	game     factorio.Version
	record   *Record
	list     modlist.List
	mods     []*wire.InstalledMod
	infos    map[*wire.InstalledMod]modinfo.Info
	problems []string
}

// Look tells what lies in the folder, as a game of this version sees it; a zero version is not known.
func (f Folder) Look(game factorio.Version) (*wire.InstanceMods, error) {
	l := look{game: game, record: f.readRecord(current), infos: map[*wire.InstalledMod]modinfo.Info{}}
	list, err := f.readList(current)
	if err != nil {
		l.problem("%s can't be read, and the game would enable all mods: %v", listFile, err)
	}
	l.list = list
	if err := l.files(f.path(current)); err != nil {
		return nil, err
	}
	l.choose()
	l.builtins()
	l.missing()
	l.needs()
	answer := &wire.InstanceMods{Aside: f.Aside(), GameVersion: shownVersion(game)}
	settings, found, err := f.readSettings(current)
	switch {
	case err != nil:
		l.problem("%s can't be read: %v", settingsFile, err)
	case found:
		answer.SettingsVersion = settings.Version.String()
		if err := f.CheckSettings(game); err != nil && !game.IsZero() {
			l.problems = append([]string{err.Error() + "."}, l.problems...)
		}
	}
	slices.SortStableFunc(l.mods, func(a, b *wire.InstalledMod) int {
		return cmp.Or(rank(b.Builtin)-rank(a.Builtin), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.File, b.File))
	})
	answer.Mods, answer.Problems = l.mods, l.problems[:min(len(l.problems), maxProblems)]
	return answer, nil
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func shownVersion(v factorio.Version) string {
	if v.IsZero() {
		return ""
	}
	return v.String()
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

func (l *look) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...)+".")
}

// files reads the zips and folders.
func (l *look) files(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("look at the mods folder: %w", err)
	}
	for _, e := range entries {
		if !isMod(e) || len(l.mods) >= maxShown {
			continue
		}
		path := filepath.Join(dir, e.Name())
		m := &wire.InstalledMod{File: e.Name(), Name: strings.TrimSuffix(e.Name(), ".zip"), OfSet: l.record.Has(e.Name())}
		at, err := os.Stat(path)
		if err == nil && !at.IsDir() {
			m.Size = uint64(at.Size())
		}
		info, err := modinfo.ReadPath(path)
		if err != nil {
			if at != nil && at.IsDir() && os.IsNotExist(err) {
				continue // any folder
			}
			m.Problem = fmt.Sprintf("It is no mod that the game can read (%s).", strings.ReplaceAll(err.Error(), path, e.Name()))
			l.problem("%s is no mod that the game can read: replace or remove it", e.Name())
		} else {
			m.Name, m.Version, m.Title, m.Game = info.Name, info.Version.String(), info.Title, modinfo.MajorMinor(info.FactorioVersion)
			l.infos[m] = info
		}
		l.mods = append(l.mods, m)
	}
	return nil
}

// enabled tells whether the list switches a mod on. One that it does not know is.
func (l *look) enabled(name string) bool {
	line := l.list.Get(name)
	return line == nil || line.Enabled
}

// choose tells of each mod which of its files the game loads: the one that is pinned, else the highest version, a folder before a zip.
func (l *look) choose() {
	best, count := map[string]*wire.InstalledMod{}, map[string]int{}
	for _, m := range l.mods {
		info, ok := l.infos[m]
		m.Enabled = ok && l.enabled(m.Name)
		if !ok {
			continue
		}
		count[m.Name]++
		if m.Enabled && !l.game.IsZero() && !info.RunsIn(l.game) {
			m.Problem = fmt.Sprintf("It is for Factorio %s, and this is %s.", m.Game, l.game)
			l.problem("%s %s is for Factorio %s and is not loaded by %s: take a version for it, or disable it", m.Name, m.Version, m.Game, l.game)
		}
		if line := l.list.Get(m.Name); line != nil {
			if pinned, ok := line.Pinned(); ok && pinned.Compare(info.Version) != 0 {
				continue
			}
		}
		other := best[m.Name]
		if other == nil || cmp.Or(info.Version.Compare(l.infos[other].Version), rank(m.Size == 0)-rank(other.Size == 0)) > 0 {
			best[m.Name] = m
		}
	}
	for _, m := range l.mods {
		m.Used = m.Enabled && best[m.Name] == m
		if used := best[m.Name]; m.Enabled && used != nil && used != m && m.Problem == "" {
			m.Problem = fmt.Sprintf("The game loads %s instead.", used.File)
		}
	}
	for _, name := range sorted(count) {
		switch {
		case !l.enabled(name):
		case best[name] == nil:
			l.problem("%s is pinned to version %s in %s, and that is not there: put it there, or take the pin away", name, l.list.Get(name).Version, listFile)
		case count[name] > 1 && !l.isPinned(name):
			l.problem("%s is there %d times, and the game loads %s: remove the others", name, count[name], best[name].File)
		}
	}
}

func (l *look) isPinned(name string) bool {
	line := l.list.Get(name)
	if line == nil {
		return false
	}
	_, pinned := line.Pinned()
	return pinned
}

func sorted(m map[string]int) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// builtins adds what comes with the game.
func (l *look) builtins() {
	if l.game.IsZero() {
		return
	}
	for _, info := range modinfo.BuiltIn(l.game) {
		m := &wire.InstalledMod{
			Name: info.Name, Version: info.Version.String(), Title: info.Title, Game: modinfo.MajorMinor(l.game), Builtin: true, Enabled: l.enabled(info.Name), OfSet: l.record != nil,
		}
		m.Used = m.Enabled
		l.infos[m] = info
		l.mods = append(l.mods, m)
	}
}

// missing adds what the list switches on and is not there.
func (l *look) missing() {
	there := map[string]bool{}
	for _, own := range modinfo.OwnNames { // also of a game that is not known
		there[own] = true
	}
	for _, m := range l.mods {
		there[m.Name] = true
	}
	for _, line := range l.list.Mods {
		if there[line.Name] || !line.Enabled || len(l.mods) >= maxShown {
			continue
		}
		there[line.Name] = true
		l.mods = append(l.mods, &wire.InstalledMod{
			Name: line.Name, Version: line.Version, Enabled: true, Problem: "It is switched on, but not there.",
		})
		l.problem("%s is switched on in %s, but not in the folder: the game goes on without it", line.Name, listFile)
	}
}

// needs looks whether the mods that are loaded have what they need.
func (l *look) needs() {
	if l.game.IsZero() {
		return
	}
	loaded := map[string]factorio.Version{}
	for m, info := range l.infos {
		if m.Used {
			loaded[info.Name] = info.Version
		}
	}
	for _, m := range l.mods {
		info, ok := l.infos[m]
		if !ok || !m.Used || m.Builtin {
			continue
		}
		for _, need := range info.Dependencies {
			if why := need.Unmet(loaded); why != "" {
				m.Problem = cmp.Or(m.Problem, sentence(strings.TrimSuffix(why, ".")))
				l.problem("%s %s: %s", m.Name, m.Version, strings.TrimSuffix(why, "."))
			}
		}
	}
}
