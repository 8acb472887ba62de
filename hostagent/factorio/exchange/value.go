package exchange

import (
	"encoding/json"
	"fmt"
	"slices"

	"mainbus/hostagent/factorio/internal/jsonval"
)

// Object is a group of settings in the order of the string.
type Object []Member

// Member is one setting. Value is one of bool, uint8, int16, uint32, float32, float64, string, Position, List, Object, or nil for one
// without a value in the string, where the map has the game's own.
type Member struct {
	Key   string
	Value any
}

// List is some values of one type.
type List []any

// Position is a place on the map, in 1/256 of a tile.
type Position struct{ X, Y int32 }

// Get follows keys through objects; false if one is missing.
func (o Object) Get(keys ...string) (value any, ok bool) {
	value = o
	for _, key := range keys {
		within, _ := value.(Object)
		i := slices.IndexFunc(within, func(m Member) bool { return m.Key == key })
		if i < 0 {
			return nil, false
		}
		value = within[i].Value
	}
	return value, true
}

// Set replaces the value of a key, or appends it.
func (o *Object) Set(key string, value any) {
	if i := slices.IndexFunc(*o, func(m Member) bool { return m.Key == key }); i >= 0 {
		(*o)[i].Value = value
		return
	}
	*o = append(*o, Member{key, value})
}

// MarshalJSON gives both groups, as the game's helpers.parse_map_exchange_string does, in the form of the game's own files, which
// --map-gen-settings and --map-settings read.
func (s Settings) MarshalJSON() ([]byte, error) {
	return Object{{"map_gen_settings", s.MapGen.withLast(lastInJSON)}, {"map_settings", s.Map}}.MarshalJSON()
}

// lastInJSON are the keys of map generation settings that come last in JSON, in the order of the string.
var lastInJSON = []string{"terrain_segmentation", "water", "no_enemies_mode", "territory_settings"}

func (o Object) withLast(keys []string) Object {
	isLast := func(m Member) bool { return slices.Contains(keys, m.Key) }
	isFirst := func(m Member) bool { return !isLast(m) }
	return slices.Concat(slices.DeleteFunc(slices.Clone(o), isLast), slices.DeleteFunc(slices.Clone(o), isFirst))
}

// MarshalJSON gives an object in its order. A setting that is not in the string is null, or the game's own value where that is
// known.
func (o Object) MarshalJSON() ([]byte, error) { return appendJSON(nil, o) }

// ownValues are what the game has where a string has nothing.
var ownValues = map[string]any{"spawning_rate": 1.0, "max_ray_portals_expanded_per_tick": uint32(100)}

func appendJSON(b []byte, value any) (_ []byte, err error) {
	switch v := value.(type) {
	case float32:
		return jsonval.AppendNumber(b, float64(v)), nil
	case float64:
		return jsonval.AppendNumber(b, v), nil
	case string:
		return jsonval.AppendString(b, v), nil
	case Position:
		const tile = 256
		return appendJSON(b, Object{{"x", float64(v.X) / tile}, {"y", float64(v.Y) / tile}})
	case List:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case Object:
		return appendObject(b, v)
	case nil, bool, uint8, int16, uint32:
		text, err := json.Marshal(v)
		return append(b, text...), err
	}
	return nil, fmt.Errorf("a value of Go's type %T, which no map exchange string has", value)
}

func appendObject(b []byte, o Object) (_ []byte, err error) {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		if m.Value == nil {
			m.Value = ownValues[m.Key]
		}
		if b, err = appendJSON(append(jsonval.AppendString(b, m.Key), ':'), m.Value); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
