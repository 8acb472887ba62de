package game

import (
	"os"
	"path/filepath"
)

// features are the feature flags in the order in which the game tells them, and the built-in mods that switch them on.
var features = []struct{ flag, mod string }{
	{"expansion-shaders", "space-age"}, {"freezing", "space-age"}, {"quality", "quality"}, {"rail-bridges", "elevated-rails"},
	{"segmented-units", "space-age"}, {"space-travel", "space-age"}, {"spoiling", "space-age"},
}

// flags are the feature flags by name.
func (g *run) flags() map[string]bool {
	out := map[string]bool{}
	for _, f := range features {
		_, err := os.Stat(filepath.Join(g.paths.read, f.mod))
		entry := g.list.Get(f.mod)
		out[f.flag] = err == nil && (entry == nil || entry.Enabled)
	}
	return out
}

// tellFeatures writes the line of each flag that is on.
func (g *run) tellFeatures() {
	flags := g.flags()
	for _, f := range features {
		if flags[f.flag] {
			g.out.Info("ModManager.cpp:449", "FeatureFlag %s = true", f.flag)
		}
	}
}
