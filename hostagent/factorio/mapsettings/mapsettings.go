// Package mapsettings reads, checks and changes the two files that a new map is made with: map-gen-settings.json says what the land
// is like, map-settings.json how pollution, enemies and difficulty go. Comments, keys that it does not know and the order of all
// stay as they are.
package mapsettings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/internal/jsonshape"
)

const maxFile = 1 << 20 // bytes; the game's examples have 4 kB

// Kind is which of the two a file is.
type Kind int

const (
	Generation Kind = iota // map-gen-settings.json
	Map                    // map-settings.json
)

func (k Kind) String() string {
	if k == Generation {
		return "map generation settings"
	}
	return "map settings"
}

func (k Kind) shape() jsonshape.Shape {
	if k == Generation {
		return generationShape()
	}
	return mapShape()
}

// File is one of the two files.
type File struct {
	kind Kind
	doc  *jsondoc.Doc
}

// Parse reads a file. Values that the game does not take are no error: Problems names them.
func Parse(kind Kind, data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%v: %d bytes, more than %d MiB", kind, len(data), maxFile>>20)
	}
	doc, err := jsondoc.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", kind, err)
	}
	return &File{kind, doc}, nil
}

// Bytes returns the file's text.
func (f *File) Bytes() []byte { return f.doc.Bytes() }

// Shown returns what the file says as a JSON object in its order, without comments.
func (f *File) Shown() json.RawMessage { return jsondoc.Plain(f.doc.Bytes()) }

// Get returns the value under a path of keys, as encoding/json decodes it: nil for null, float64 for every number. It is false if
// the file has none.
func (f *File) Get(path ...string) (value any, ok bool) {
	raw, ok := f.doc.Get(path...)
	if !ok || json.Unmarshal(raw, &value) != nil {
		return nil, false
	}
	return value, true
}

// Set gives what is under a path of keys ("autoplace_controls", "coal", "size") a value, and makes the objects on the way. It is an
// error if no game known has such a key or takes the value.
func (f *File) Set(value any, path ...string) error {
	name := strings.Join(path, ".")
	shape, ok := f.kind.shape().At(path...)
	if !ok || len(path) == 0 {
		return fmt.Errorf("%v: the game has no setting %.100q", f.kind, name)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%v: set %.100s: %w", f.kind, name, err)
	}
	if problems := shape.Problems(name, raw); len(problems) > 0 {
		return fmt.Errorf("%v: %s", f.kind, problems[0])
	}
	return f.doc.Set(value, path...)
}

// games are the minor versions whose keys are known.
var games = []string{"1.1", "2.0", "2.1"}

// only are the keys that not all games have, with those that have them.
var only = map[string][]string{
	"terrain_segmentation":                              {"1.1"},
	"water":                                             {"1.1"},
	"no_enemies_mode":                                   {"2.0", "2.1"},
	"territory_settings":                                {"2.0", "2.1"},
	"cliff_settings.control":                            {"2.0", "2.1"},
	"cliff_settings.cliff_smoothing":                    {"2.0", "2.1"},
	"difficulty_settings.recipe_difficulty":             {"1.1"},
	"difficulty_settings.technology_difficulty":         {"1.1"},
	"difficulty_settings.research_queue_setting":        {"1.1"},
	"difficulty_settings.spoil_time_modifier":           {"2.0", "2.1"},
	"asteroids":                                         {"2.0", "2.1"},
	"steering":                                          {"1.1", "2.0"},
	"enemy_expansion.min_base_spacing":                  {"1.1"},
	"enemy_expansion.min_expansion_distance":            {"2.1"},
	"enemy_expansion.evolution_group_size_factor":       {"2.1"},
	"enemy_expansion.build_base_unit_dispatch_cooldown": {"2.1"}, // since 2.1.13
}

// Games returns the minor versions, of 1.1, 2.0 and 2.1, that have every key of the file that any of them has.
func (f *File) Games() []string {
	out := slices.Clone(games)
	for _, key := range f.special() {
		out = slices.DeleteFunc(out, func(game string) bool { return !slices.Contains(only[key], game) })
	}
	return out
}

// special returns the keys of the file that not all games have, sorted.
func (f *File) special() (keys []string) {
	for key := range only {
		if _, ok := f.doc.Get(strings.Split(key, ".")...); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Problems says what is wrong in the file, a sentence each.
func (f *File) Problems() []string {
	var out []string
	for _, key := range f.doc.Doubled() {
		out = append(out, fmt.Sprintf("%.100q is there more than once", key))
	}
	out = append(out, f.kind.shape().Problems("", f.doc.Bytes())...)
	if len(f.Games()) == 0 {
		var mixed []string
		for _, key := range f.special() {
			mixed = append(mixed, fmt.Sprintf("%s (%s)", key, strings.Join(only[key], ", ")))
		}
		out = append(out, "no version of the game has all of these settings: "+strings.Join(mixed, ", "))
	}
	return append(out, f.crossed()...)
}

// ordered are pairs of settings the first of which may not be more than the second.
var ordered = [][3]string{
	{"enemy_expansion", "min_expansion_distance", "max_expansion_distance"},
	{"enemy_expansion", "settler_group_min_size", "settler_group_max_size"},
	{"enemy_expansion", "min_expansion_cooldown", "max_expansion_cooldown"},
	{"unit_group", "min_group_gathering_time", "max_group_gathering_time"},
	{"unit_group", "min_group_radius", "max_group_radius"},
}

// crossed finds settings that contradict each other.
func (f *File) crossed() (out []string) {
	for _, pair := range ordered {
		least, _ := f.Get(pair[0], pair[1])
		most, _ := f.Get(pair[0], pair[2])
		low, ok := least.(float64)
		high, both := most.(float64)
		if ok && both && low > high {
			out = append(out, fmt.Sprintf("%s.%s is %v, more than %s, which is %v", pair[0], pair[1], low, pair[2], high))
		}
	}
	levels, _ := f.Get("path_finder", "overload_levels")
	multipliers, _ := f.Get("path_finder", "overload_multipliers")
	a, ok := levels.([]any)
	b, both := multipliers.([]any)
	if ok && both && len(a) != len(b) {
		out = append(out, fmt.Sprintf("path_finder.overload_levels has %d numbers, but overload_multipliers %d", len(a), len(b)))
	}
	return out
}
