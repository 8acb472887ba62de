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

// tellFeatures writes the line of each flag that is on.
func (g *run) tellFeatures() {
	for _, f := range features {
		if _, err := os.Stat(filepath.Join(g.paths.read, f.mod)); err == nil && g.list.enabled(f.mod) {
			g.out.Info("ModManager.cpp:449", "FeatureFlag %s = true", f.flag)
		}
	}
}
