package game

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/save"
)

// builtin are the mods that come with the game, in load order, with their checksums in 2.0.77.
var builtin = []save.Mod{
	{Name: "base", CRC: 1879415942}, {Name: "elevated-rails", CRC: 70351106}, {Name: "quality", CRC: 1142589254},
	{Name: "space-age", CRC: 1510664043},
}

// modEntry is one mod of mod-list.json; Version pins it.
type modEntry struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	Version string `json:"version,omitempty"`
}

type modList struct {
	Mods []modEntry `json:"mods"`
}

// readModList reads mod-list.json. A built-in mod that it doesn't name is enabled.
func readModList(dir string) (modList, error) {
	var list modList
	data, err := os.ReadFile(filepath.Join(dir, "mod-list.json"))
	if err != nil && !os.IsNotExist(err) {
		return list, fmt.Errorf("read mod list: %w", err)
	}
	if err == nil {
		if err := json.Unmarshal(data, &list); err != nil {
			return list, fmt.Errorf("read mod list in %s: %w", dir, err)
		}
	}
	return list, nil
}

func (l *modList) enabled(name string) bool {
	for _, m := range l.Mods {
		if m.Name == name {
			return m.Enabled
		}
	}
	l.Mods = append(l.Mods, modEntry{Name: name, Enabled: true})
	return true
}

func (l *modList) write(dir string) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(l); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write mod list: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mod-list.json"), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write mod list: %w", err)
	}
	return nil
}

// loadMods finds the enabled built-in mods and writes the lines of loading them.
func loadMods(p paths, list *modList, out *gamelog.Log) ([]save.Mod, error) {
	var mods []save.Mod
	for _, mod := range builtin {
		data, err := os.ReadFile(filepath.Join(p.read, mod.Name, "info.json"))
		if os.IsNotExist(err) && mod.Name != "base" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read mod %s: %w", mod.Name, err)
		}
		var info struct {
			Version string `json:"version"`
		}
		if err := json.Unmarshal(data, &info); err != nil {
			return nil, fmt.Errorf("read mod %s: %w", mod.Name, err)
		}
		if mod.Version, err = factorio.ParseVersion(info.Version); err != nil {
			return nil, fmt.Errorf("read mod %s: %w", mod.Name, err)
		}
		if list.enabled(mod.Name) || mod.Name == "base" {
			mods = append(mods, mod)
		}
	}
	out.Engine("Loading mod core 0.0.0 (data.lua)")
	for _, mod := range mods {
		out.Engine("Loading mod %s %s (data.lua)", mod.Name, mod.Version)
	}
	for _, mod := range mods {
		if mod.Name != "elevated-rails" { // which has no such file
			out.Engine("Loading mod %s %s (data-updates.lua)", mod.Name, mod.Version)
		}
	}
	out.Engine("Checksum for core: 4187927925")
	var sum []byte
	for _, mod := range mods {
		out.Engine("Checksum of %s: %d", mod.Name, mod.CRC)
		sum = fmt.Append(sum, mod.CRC)
	}
	out.Engine("Prototype list checksum: %d", crc32.ChecksumIEEE(sum))
	return mods, nil
}

func apiMods(mods []save.Mod) []api.Mod {
	out := make([]api.Mod, len(mods))
	for i, mod := range mods {
		out[i] = api.Mod{Name: mod.Name, Version: mod.Version.String()}
	}
	return out
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
