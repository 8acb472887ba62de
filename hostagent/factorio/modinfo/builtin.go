package modinfo

import (
	"slices"

	"mainbus/hostagent/factorio"
)

// OwnNames are the names of all mods that come with some version of the game, in the order in which they are loaded. core is in no list of
// mods: it can't be switched.
var OwnNames = []string{"core", "base", "elevated-rails", "recycler", "quality", "space-age"}

// IsOwn reports whether a name is among OwnNames.
func IsOwn(name string) bool { return slices.Contains(OwnNames, name) }

// BuiltIn returns the mods that come with a version of the game, base first, all in that version. They lie in its data folder and
// are not on the mod portal. All but base are parts of the expansion. What they need is that of their info.json files of 2.0.66
// to 2.1.17.
func BuiltIn(game factorio.Version) []Info {
	first := game
	first.Patch, first.Developer = 0, 0
	need := func(kind Kind, name string) Dependency { return Dependency{kind, name, ">=", first} }
	base := need(Required, "base")
	mod := func(name, title string, flags []string, needs ...Dependency) Info {
		return Info{Name: name, Version: game, Title: title, Author: "Wube Software", FactorioVersion: first, Dependencies: needs, Flags: flags}
	}
	all := []Info{mod("base", "Base game", nil)}
	before := func(major, minor uint16) bool { return game.Compare(factorio.Version{Major: major, Minor: minor}) < 0 }
	switch {
	case before(2, 0):
		return all
	case before(2, 1):
		return append(all,
			mod("elevated-rails", "Elevated Rails", []string{"rail_bridges"}, base),
			mod("quality", "Quality", []string{"quality"}, base),
			mod("space-age", "Space Age", []string{"quality", "spoiling", "freezing", "segmented_units", "expansion_shaders", "space_travel"},
				base, need(Required, "elevated-rails"), need(Required, "quality")))
	}
	return append(all,
		mod("elevated-rails", "Elevated Rails", []string{"rail_bridges", "expansion"}, base),
		mod("recycler", "Recycler", []string{"expansion"}, base),
		mod("quality", "Quality", []string{"quality", "expansion"}, base, need(Required, "recycler")),
		mod("space-age", "Space Age", []string{"spoiling", "freezing", "segmented_units", "expansion_shaders", "expansion", "space_travel"},
			base, need(Required, "elevated-rails"), need(Recommended, "quality"), need(Required, "recycler")))
}
