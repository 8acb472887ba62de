package packs

import (
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// ModList is the mod-list.json of a pack. It names versions, so that the game loads those and no newer ones.
func ModList(p store.Pack) []byte {
	var l modlist.List
	for _, m := range p.Mods {
		version := m.Version
		if IsBuiltIn(p, m.Name) {
			version = "" // the game's
		}
		l.Mods = append(l.Mods, modlist.Mod{Name: m.Name, Enabled: m.Enabled, Version: version})
	}
	return l.Bytes()
}

// ModSettings is the mod-settings.dat of a pack for a game. A game that is older than the file ignores it without a word, so game is the
// exact version that reads it, or the oldest that may: that of Game. Before 2.0 all numbers are of one kind.
func ModSettings(p store.Pack, game factorio.Version) ([]byte, error) {
	game.Developer = 0
	file := modsettings.New(game)
	for _, scope := range Scopes {
		settings := Settings(p, scope)
		if game.Major < 2 {
			settings = loosenedScope(settings)
		}
		file.Scopes.Set(scope, settings)
	}
	return file.Bytes()
}

func loosenedScope(settings proptree.Dictionary) proptree.Dictionary {
	scopes := loosened(proptree.Dictionary{{Key: modsettings.Startup, Node: proptree.Node{Value: settings}}})
	return Settings(store.Pack{Settings: scopes}, modsettings.Startup)
}
