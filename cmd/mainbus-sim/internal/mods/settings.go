package mods

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// Settings are those that the mods define, with their values.
type Settings struct {
	file    modsettings.File
	defined map[string]map[string]any // scope, name, value: bool, float64, string or map[string]any for a colour
	whole   map[string]bool           // of those, which are int-settings
	told    []*api.SettingPrototype
}

// settingScopes are the scopes in the file by setting_type.
var settingScopes = map[string]string{
	"startup": modsettings.Startup, "runtime-global": modsettings.RuntimeGlobal, "runtime-per-user": modsettings.RuntimePerUser,
}

// settingKinds are the types of prototypes that are settings, with what their value may be.
var settingKinds = map[string]func(any) bool{
	"bool-setting":   is[bool],
	"int-setting":    is[float64],
	"double-setting": is[float64],
	"string-setting": is[string],
	"color-setting":  func(v any) bool { return is[map[string]any](v) || is[[]any](v) },
}

func is[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

// readSettings reads mod-settings.dat; without one all settings have their defaults.
func readSettings(dir string, game factorio.Version) (*Settings, error) {
	s := &Settings{file: modsettings.New(game), defined: map[string]map[string]any{}, whole: map[string]bool{}}
	for _, scope := range settingScopes {
		s.defined[scope] = map[string]any{}
	}
	data, err := os.ReadFile(filepath.Join(dir, "mod-settings.dat"))
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read mod settings: %w", err)
	}
	if s.file, err = modsettings.Parse(data); err != nil {
		return nil, fmt.Errorf("read mod settings in %s: %w", dir, err)
	}
	return s, nil
}

// define takes the settings that the settings stage left in data.raw. A value in the file that the definition does
// not allow gives way to the default. author names the mod that defined a setting of a type.
func (s *Settings) define(raw map[string]map[string]map[string]any, author func(kind, name string) string) error {
	for kind, allowed := range settingKinds {
		for name, p := range raw[kind] {
			typ, _ := p["setting_type"].(string)
			scope := settingScopes[typ]
			value := p["default_value"]
			switch {
			case scope == "":
				return failed("setting %s has the setting_type %q", name, typ)
			case !allowed(value):
				return failed("setting %s has no default_value of its type", name)
			}
			if forced, ok := p["forced_value"]; ok && p["hidden"] == true && kind == "bool-setting" {
				value = forced
			} else if stored, ok := s.file.Get(scope, name); ok {
				if stored := plainSetting(stored); allowed(stored) && within(p, stored) {
					value = stored
				}
			}
			s.defined[scope][name] = value
			s.whole[name] = kind == "int-setting"
			order, _ := p["order"].(string)
			s.told = append(s.told, &api.SettingPrototype{Name: name, Type: kind, Order: order, Mod: author(kind, name), Data: p})
		}
	}
	slices.SortFunc(s.told, func(a, b *api.SettingPrototype) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// within checks minimum_value, maximum_value and allowed_values.
func within(p map[string]any, v any) bool {
	if n, ok := v.(float64); ok {
		if low, ok := p["minimum_value"].(float64); ok && n < low {
			return false
		}
		if high, ok := p["maximum_value"].(float64); ok && n > high {
			return false
		}
	}
	list, ok := p["allowed_values"].([]any)
	return !ok || slices.Contains(list, v)
}

// plainSetting turns a value of the file into one of a prototype.
func plainSetting(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case proptree.Dictionary:
		out := map[string]any{}
		for _, e := range v {
			out[e.Key] = plainSetting(e.Value)
		}
		return out
	}
	return v
}

// Startup are the values of startup settings.
func (s *Settings) Startup() map[string]any { return s.defined[modsettings.Startup] }

// API are the values for scripts of a map.
func (s *Settings) API() api.Settings {
	return api.Settings{
		Startup: s.Startup(), Global: s.defined[modsettings.RuntimeGlobal], PerUser: s.defined[modsettings.RuntimePerUser],
		Prototypes: s.told,
	}
}

// Saved are the startup settings as the header of a save has them.
func (s *Settings) Saved() proptree.Dictionary {
	file := s.complete(modsettings.New(s.file.Version), modsettings.Startup)
	node, _ := file.Scopes.Get(modsettings.Startup)
	saved, _ := node.Value.(proptree.Dictionary)
	return saved
}

// Checksum goes with Saved in the header: 0 without settings. The game's own formula is not known.
func (s *Settings) Checksum() uint32 {
	data, err := proptree.Append(nil, proptree.Node{Value: s.Saved()})
	if err != nil || len(s.Startup()) == 0 {
		return 0 // an error comes back when the header is written
	}
	return crc32.ChecksumIEEE(data)
}

// complete sets the values of some scopes in a file.
func (s *Settings) complete(file modsettings.File, scopes ...string) modsettings.File {
	for _, scope := range scopes {
		for _, name := range sortedNames(s.defined[scope]) {
			value := s.defined[scope][name]
			switch v := value.(type) {
			case float64:
				if s.whole[name] {
					value = int64(v)
				}
			case []any:
				value = dictionary(colour(v))
			case map[string]any:
				value = dictionary(v)
			}
			file.Set(scope, name, value)
		}
	}
	return file
}

// colour is a colour written as a list.
func colour(list []any) map[string]any {
	out := map[string]any{"a": 1.0}
	for i, key := range []string{"r", "g", "b", "a"} {
		if i < len(list) {
			out[key] = list[i]
		}
	}
	return out
}

func dictionary(table map[string]any) proptree.Dictionary {
	var out proptree.Dictionary
	for _, key := range sortedNames(table) {
		out.Set(key, table[key])
	}
	return out
}

// Write writes mod-settings.dat with all settings that there are; those of mods that are not loaded stay.
func (s *Settings) Write(dir string) error {
	file := s.complete(s.file, modsettings.Startup, modsettings.RuntimeGlobal, modsettings.RuntimePerUser)
	data, err := file.Bytes()
	if err != nil {
		return fmt.Errorf("write mod settings: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mod-settings.dat"), data, 0o644); err != nil {
		return fmt.Errorf("write mod settings: %w", err)
	}
	return nil
}
