// Package packs knows what a mod pack is: the game's own mods in it, its settings, the texts and files that it is made of or becomes.
// It reads files that it is told to read and starts no goroutines; what is stored, and where, is its caller's.
package packs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

const (
	maxMods        = 5000
	maxDescription = 10_000  // bytes
	maxSettings    = 4 << 20 // bytes, as the game stores them; a pack of 150 mods with 1,437 settings has 90 kB
	maxOther       = 1 << 20 // bytes of fields that are not known
)

// What a pack has of the parts of the game that are sold apart.
const (
	Base     = "base"      // none
	SpaceAge = "space-age" // all
	Own      = "own"       // some
)

// Scopes are those that the game knows, in the order of its window of settings.
var Scopes = []string{modsettings.Startup, modsettings.RuntimeGlobal, modsettings.RuntimePerUser}

// Game is the version of the game that a pack is for; the third number is 0 where the pack leaves it open.
func Game(p store.Pack) factorio.Version {
	v, _ := factorio.ParseLenient(p.Game)
	return v
}

// parts are the game's own mods beside base.
func parts(game factorio.Version) []string {
	var names []string
	for _, m := range modinfo.BuiltIn(game)[1:] {
		names = append(names, m.Name)
	}
	return names
}

// IsBuiltIn reports whether a mod comes with the pack's version of the game.
func IsBuiltIn(p store.Pack, name string) bool {
	return slices.ContainsFunc(modinfo.BuiltIn(Game(p)), func(m modinfo.Info) bool { return m.Name == name })
}

// Find returns the mod of a name, nil if it is not in the pack.
func Find(p *store.Pack, name string) *store.PackMod {
	if at := slices.IndexFunc(p.Mods, func(m store.PackMod) bool { return m.Name == name }); at >= 0 {
		return &p.Mods[at]
	}
	return nil
}

// Content tells which parts of the game that are sold apart a pack has enabled: none, all or some.
func Content(p store.Pack) string {
	all := parts(Game(p))
	on := 0
	for _, name := range all {
		if m := Find(&p, name); m != nil && m.Enabled {
			on++
		}
	}
	switch on {
	case 0:
		return Base
	case len(all):
		return SpaceAge
	}
	return Own
}

// WhoJoins says who can play with the content of a pack.
func WhoJoins(content string) string {
	if content == Base {
		return "Everybody can join, also without Space Age."
	}
	return "Only players who own Space Age can join."
}

// Fit makes the game's own mods of a pack those of its version of the game, and sorts the mods. content is Base, SpaceAge, or empty for
// what the pack has: base is always there, what a newer game adds is off. Only the recycler follows quality, of which it was a part
// before 2.1.
func Fit(p *store.Pack, content string) {
	own := modinfo.BuiltIn(Game(*p))
	was := make(map[string]bool)
	for _, m := range p.Mods {
		was[m.Name] = m.Enabled
	}
	if _, there := was["recycler"]; !there {
		was["recycler"] = was["quality"]
	}
	var mods []store.PackMod
	for _, m := range own {
		enabled := was[m.Name]
		switch {
		case m.Name == "base":
			enabled = true
		case content != "":
			enabled = content == SpaceAge
		}
		mods = append(mods, store.PackMod{Name: m.Name, Enabled: enabled})
	}
	newest := modinfo.BuiltIn(factorio.Version{Major: 2, Minor: 1})
	others := slices.DeleteFunc(slices.Clone(p.Mods), func(m store.PackMod) bool {
		// A mod of the portal may be called as a part of a later game; that of the game has no version of its own.
		known := func(list []modinfo.Info) bool {
			return slices.ContainsFunc(list, func(i modinfo.Info) bool { return i.Name == m.Name })
		}
		return known(own) || m.Version == "" && known(newest) || m.Name == "core"
	})
	slices.SortFunc(others, func(a, b store.PackMod) int { return modinfo.CompareNames(a.Name, b.Name) })
	p.Mods = append(mods, others...)
}

// Problems says what keeps the game's own mods of a pack from working together, a sentence each. What other mods need is the solver's.
func Problems(p store.Pack) []string {
	var out []string
	enabled := make(map[string]factorio.Version)
	for _, m := range modinfo.BuiltIn(Game(p)) {
		if in := Find(&p, m.Name); in != nil && in.Enabled {
			enabled[m.Name] = m.Version
		}
	}
	for _, m := range modinfo.BuiltIn(Game(p)) {
		if _, on := enabled[m.Name]; !on {
			continue
		}
		for _, d := range m.Dependencies {
			if why := d.Unmet(enabled); why != "" {
				out = append(out, fmt.Sprintf("%s: %s", m.Name, why))
			}
		}
	}
	for _, m := range p.Mods {
		if m.Version == "" && !IsBuiltIn(p, m.Name) {
			out = append(out, fmt.Sprintf("%s: its version is not known; choose one", m.Name))
		}
	}
	return out
}

// Check tells why a pack can't be kept, for people.
func Check(p store.Pack) error {
	if len(p.Mods) > maxMods {
		return fmt.Errorf("a pack has at most %d mods", maxMods)
	}
	if len(p.Description) > maxDescription || !utf8.ValidString(p.Description) {
		return fmt.Errorf("a description is text of at most %d bytes", maxDescription)
	}
	if _, err := ParseGame(p.Game); err != nil {
		return err
	}
	other := len(p.Other)
	seen := make(map[string]bool)
	for _, m := range p.Mods {
		if err := modinfo.CheckName(m.Name); err != nil {
			return err
		}
		if seen[m.Name] {
			return fmt.Errorf("%s is there more than once", m.Name)
		}
		seen[m.Name] = true
		other += len(m.Other)
	}
	if len(p.Ignored) > maxMods {
		return fmt.Errorf("at most %d dependencies can be ignored", maxMods)
	}
	for _, i := range p.Ignored {
		if err := errors.Join(modinfo.CheckName(i.Mod), modinfo.CheckName(i.Needs)); err != nil {
			return err
		}
	}
	if other > maxOther {
		return fmt.Errorf("%d bytes of what only other programs know are more than %d MiB", other, maxOther>>20)
	}
	return checkSettings(p.Settings)
}

func checkSettings(scopes proptree.Dictionary) error {
	file := modsettings.File{Version: factorio.Version{Major: 2}, Scopes: scopes}
	for _, scope := range scopes {
		if !slices.Contains(Scopes, scope.Key) {
			return fmt.Errorf("the game knows no scope %.100q of settings: there are %s", scope.Key, strings.Join(Scopes, ", "))
		}
		if _, ok := scope.Value.(proptree.Dictionary); !ok {
			return fmt.Errorf("the settings %q are no object", scope.Key)
		}
	}
	for _, problem := range file.Problems() {
		if !strings.HasSuffix(problem, "is missing") { // a scope, which is filled in
			return errors.New(problem)
		}
	}
	data, err := file.Bytes()
	if err == nil && len(data) > maxSettings {
		err = fmt.Errorf("%d bytes of settings are more than %d MiB", len(data), maxSettings>>20)
	}
	return err
}

// ParseGame reads a pack's version of the game, "2.0" or "2.0.60", and returns it as it is kept.
func ParseGame(text string) (string, error) {
	if major, minor, ok := strings.Cut(text, "."); ok && !strings.Contains(minor, ".") {
		text = major + "." + minor + ".0"
		v, err := factorio.ParseVersion(text)
		if err == nil {
			return modinfo.MajorMinor(v), checkGame(v)
		}
	}
	v, err := factorio.ParseVersion(text)
	if err != nil || v.Developer != 0 {
		return "", fmt.Errorf("%.40q is no version of the game, like 2.0 or 2.0.60", text)
	}
	return v.String(), checkGame(v)
}

// checkGame refuses games without mod-settings.dat as it is known.
func checkGame(v factorio.Version) error {
	if v.Compare(factorio.Version{Minor: 17}) < 0 {
		return fmt.Errorf("packs are for games since 0.17, not for %v", v)
	}
	return nil
}

// modVersion reads a version as the game does and returns it as it is kept.
func modVersion(text string) (string, error) {
	v, err := factorio.ParseLenient(text)
	return v.String(), err
}

// sha1Text returns a SHA-1 in lower case, and false if it is none.
func sha1Text(text string) (string, bool) {
	const digits = 40
	lower := strings.ToLower(text)
	return lower, len(lower) == digits && strings.Trim(lower, "0123456789abcdef") == ""
}

// Settings returns the settings of a scope, in the order in which they are kept.
func Settings(p store.Pack, scope string) proptree.Dictionary {
	node, _ := p.Settings.Get(scope)
	settings, _ := node.Value.(proptree.Dictionary)
	return settings
}

// Value returns the value of a setting.
func Value(p store.Pack, scope, name string) (any, bool) {
	return modsettings.File{Scopes: p.Settings}.Get(scope, name)
}

// scopeOf returns the scope in which the pack has a setting.
func scopeOf(p store.Pack, name string) string {
	for _, scope := range Scopes {
		if _, there := Value(p, scope, name); there {
			return scope
		}
	}
	return ""
}

// Uses are the mods that a game with the pack loads and that are not its own, sorted by name.
func Uses(p store.Pack) []store.PackMod {
	mods := slices.DeleteFunc(slices.Clone(p.Mods), func(m store.PackMod) bool { return !m.Enabled || IsBuiltIn(p, m.Name) })
	slices.SortFunc(mods, func(a, b store.PackMod) int { return cmp.Compare(a.Name, b.Name) })
	return mods
}
