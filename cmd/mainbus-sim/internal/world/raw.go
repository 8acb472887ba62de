package world

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Raw is prototypes as data.raw has them when the data stage ends: type, name, property.
type Raw map[string]map[string]Properties

// Properties are those of one prototype, in the shapes that encoding/json gives: map[string]any, []any, float64,
// string, bool.
type Properties map[string]any

//go:embed prototypes.json
var prototypes []byte

// BaseRaw has the prototypes of the mods that come with the game, of those that are enabled.
func BaseRaw(mods map[string]bool) (Raw, error) {
	var all map[string]Raw
	if err := json.Unmarshal(prototypes, &all); err != nil {
		return nil, fmt.Errorf("read prototypes: %w", err)
	}
	raw := Raw{}
	for _, mod := range slices.Sorted(maps.Keys(all)) {
		if mods[mod] {
			raw.add(all[mod])
		}
	}
	return raw, nil
}

// add puts other's prototypes in; of those that are there already it sets properties.
func (r Raw) add(other Raw) {
	for typ, byName := range other {
		if r[typ] == nil {
			r[typ] = map[string]Properties{}
		}
		for name, p := range byName {
			if r[typ][name] == nil {
				r[typ][name] = Properties{}
			}
			maps.Copy(r[typ][name], p)
		}
	}
}

// RawOf takes prototypes by type and name.
func RawOf(plain map[string]map[string]map[string]any) Raw {
	raw := Raw{}
	for typ, byName := range plain {
		raw[typ] = map[string]Properties{}
		for name, p := range byName {
			raw[typ][name] = p
		}
	}
	return raw
}

// Plain is the reverse of RawOf.
func (r Raw) Plain() map[string]map[string]map[string]any {
	out := map[string]map[string]map[string]any{}
	for typ, byName := range r {
		out[typ] = map[string]map[string]any{}
		for name, p := range byName {
			out[typ][name] = p
		}
	}
	return out
}

// PrototypeError is a prototype that can't be used.
type PrototypeError struct {
	Type, Name string
	Err        error
}

func (e *PrototypeError) Error() string {
	return fmt.Sprintf("prototype %s.%s: %v", e.Type, e.Name, e.Err)
}
func (e *PrototypeError) Unwrap() error { return e.Err }

// each goes over the prototypes of some types in the game's order, by "order" and then by name.
func (r Raw) each(types []string, fn func(typ, name string, p Properties) error) error {
	type entry struct{ typ, name string }
	var all []entry
	for _, typ := range types {
		for name := range r[typ] {
			all = append(all, entry{typ, name})
		}
	}
	slices.SortFunc(all, func(a, b entry) int {
		if c := strings.Compare(r[a.typ][a.name].text("order"), r[b.typ][b.name].text("order")); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	for _, e := range all {
		if err := fn(e.typ, e.name, r[e.typ][e.name]); err != nil {
			return &PrototypeError{e.typ, e.name, err}
		}
	}
	return nil
}

func (p Properties) text(key string) string {
	text, _ := p[key].(string)
	return text
}

func (p Properties) number(key string, missing float64) float64 {
	switch n := p[key].(type) {
	case float64:
		return n
	case int:
		return float64(n)
	}
	return missing
}

// whole is a number that counts something, at most limit.
func (p Properties) whole(key string, missing, limit int) (int, error) {
	n := p.number(key, float64(missing))
	if !(n >= 0 && n <= float64(limit)) || n != math.Trunc(n) {
		return 0, fmt.Errorf("%s is %v, not a whole number up to %d", key, n, limit)
	}
	return int(n), nil
}

func (p Properties) table(key string) Properties {
	switch t := p[key].(type) {
	case map[string]any:
		return t
	case Properties:
		return t
	}
	return nil
}

func (p Properties) list(key string) []any {
	list, _ := p[key].([]any)
	return list
}

// energy reads an amount such as "5MJ" in joules; missing is 0.
func (p Properties) energy(key string) (float64, error) {
	text := strings.TrimSuffix(p.text(key), "J")
	if text == "" {
		return 0, nil
	}
	factor := 1.0
	if at := strings.IndexByte("kMGTPEZY", text[len(text)-1]); at >= 0 {
		factor = math.Pow(1000, float64(at+1))
		text = text[:len(text)-1]
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0) {
		return 0, fmt.Errorf("%s is %q, not an energy such as 5MJ", key, p.text(key))
	}
	return n * factor, nil
}
