// Package mapgen makes the settings of a new map from a preset, the two files of the command line and a seed. It has no
// goroutines.
package mapgen

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Request is what the command line asks for.
type Request struct {
	Preset   string            // empty is "default"
	Gen, Map json.RawMessage   // files, nil without
	Seed     *uint32           // --map-gen-seed, before that of a file
	Drawn    uint32            // seed of a map that nobody gave one
	Mods     map[string]string // loaded; their autoplace controls may be named
}

// Settings are those of one map.
type Settings struct {
	Gen  json.RawMessage // as in map-gen-settings.json, with the seed
	Map  json.RawMessage // as in map-settings.json
	Seed uint32
}

type object = map[string]any

// complaint is an error in the game's words, which begin with a capital and may end with a full stop.
func complaint(format string, args ...any) error { return fmt.Errorf(format, args...) }

// Make makes settings. Errors are in the game's words where those are known.
func Make(r Request) (Settings, error) {
	gen, settings := defaultGen(r.Mods), defaultMap()
	preset, ok := presets[orDefault(r.Preset)]
	if !ok {
		return Settings{}, complaint("Unknown map gen preset: %s (known are %s)", r.Preset, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	preset.apply(gen, settings)
	if err := merge(gen, r.Gen); err != nil {
		return Settings{}, fmt.Errorf("read map generation settings: %w", err)
	}
	if err := merge(settings, r.Map); err != nil {
		return Settings{}, fmt.Errorf("read map settings: %w", err)
	}
	if err := checkControls(gen, r.Mods); err != nil {
		return Settings{}, err
	}
	out := Settings{Seed: r.Drawn}
	if err := out.chooseSeed(gen, r.Seed); err != nil {
		return Settings{}, err
	}
	var err error
	if out.Gen, err = json.Marshal(gen); err == nil {
		out.Map, err = json.Marshal(settings)
	}
	return out, err
}

func orDefault(preset string) string {
	if preset == "" {
		return "default"
	}
	return preset
}

// chooseSeed prefers that of the command line to that of the file, null in which is as good as none.
func (s *Settings) chooseSeed(gen object, given *uint32) error {
	switch seed := gen["seed"].(type) {
	case nil:
	case float64:
		if seed < 0 || seed > 1<<32-1 || seed != float64(uint32(seed)) {
			return fmt.Errorf("read map generation settings: seed %v is not a whole number from 0 to 4294967295", seed)
		}
		s.Seed = uint32(seed)
	default:
		return errors.New("read map generation settings: seed is no number")
	}
	if given != nil {
		s.Seed = *given
	}
	gen["seed"] = s.Seed
	return nil
}

// merge puts the members of a file over those of base, object by object. Members that begin with _ are comments.
func merge(base object, file json.RawMessage) error {
	if file == nil {
		return nil
	}
	var over object
	if err := json.Unmarshal(file, &over); err != nil {
		return err
	}
	mergeObject(base, over)
	return nil
}

func mergeObject(base, over object) {
	for name, value := range over {
		if strings.HasPrefix(name, "_") {
			continue
		}
		inner, isObject := value.(object)
		if mine, ok := base[name].(object); ok && isObject {
			mergeObject(mine, inner)
			continue
		}
		base[name] = value
	}
}

func checkControls(gen object, mods map[string]string) error {
	controls, ok := gen["autoplace_controls"].(object)
	if !ok {
		return errors.New("read map generation settings: autoplace_controls is no object")
	}
	valid := controlNames(mods)
	for _, name := range slices.Sorted(maps.Keys(controls)) {
		if !slices.Contains(valid, name) {
			return complaint(`"%s" is not a valid autoplace control name.`, name)
		}
	}
	return nil
}
