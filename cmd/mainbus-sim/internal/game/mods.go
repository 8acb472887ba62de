package game

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/mods"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
)

// builtin are the mods that come with the game, in load order, with their checksums in 2.0.77.
var builtin = []save.Mod{
	{Name: "base", CRC: 1879415942}, {Name: "elevated-rails", CRC: 70351106}, {Name: "quality", CRC: 1142589254},
	{Name: "space-age", CRC: 1510664043},
}

// readModList reads mod-list.json. Without one all mods that are there are enabled.
func readModList(dir string) (modlist.List, error) {
	data, err := os.ReadFile(filepath.Join(dir, "mod-list.json"))
	if os.IsNotExist(err) {
		return modlist.List{}, nil
	}
	if err != nil {
		return modlist.List{}, fmt.Errorf("read mod list: %w", err)
	}
	list, err := modlist.Parse(data)
	if err != nil {
		return list, fmt.Errorf("read mod list in %s: %w", dir, err)
	}
	return list, nil
}

func writeModList(list *modlist.List, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write mod list: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mod-list.json"), list.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write mod list: %w", err)
	}
	return nil
}

// loadMods finds the mods and runs what they do before a map.
func (g *run) loadMods() error {
	told, err := mods.Load(mods.Config{
		Data: g.paths.read, Dir: g.paths.mods, Builtin: builtin, Game: gameVersion, List: &g.list, Log: g.out,
		NewOff: g.paths.newOff,
	}, g.flags())
	if err != nil {
		return err
	}
	g.told = told
	for _, m := range told.Mods {
		g.mods = append(g.mods, m.Saved())
	}
	return nil
}

func modVersions(mods []save.Mod) map[string]string {
	versions := map[string]string{}
	for _, mod := range mods {
		versions[mod.Name] = mod.Version.String()
	}
	return versions
}

func sameMods(a, b []save.Mod) bool {
	return slices.EqualFunc(a, b, func(x, y save.Mod) bool { return x.Name == y.Name && x.Version.Compare(y.Version) == 0 })
}
