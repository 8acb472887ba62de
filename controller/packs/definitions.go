package packs

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// A Definition is what a mod says of a setting.
type Definition struct {
	Scope, Name string
	Mod         string
	Kind        string // of api's kinds of settings
	Default     any    // as a property tree holds it: bool, int64, float64, string, or a dictionary of r, g, b and a
	Min, Max    any    // int64 or float64; nil: none
	Allowed     []any  // empty: any value
	AllowBlank  bool
	AutoTrim    bool
	Hidden      bool
	Forced      bool // the value is the default, whatever is set
	Order       string
	Title       Text
	Description Text
}

// Definitions are the settings of the mods of a pack. A nil one knows none, and lets every value be.
type Definitions struct {
	List     []Definition
	Problems []string // what could not be read: a sentence each

	byKey map[string]int
}

// NewDefinitions sorts definitions as the game shows them: by scope, then as mods order them.
func NewDefinitions(list []Definition, problems []string) *Definitions {
	scope := func(d Definition) int { return slices.Index(Scopes, d.Scope) }
	slices.SortStableFunc(list, func(a, b Definition) int {
		if c := scope(a) - scope(b); c != 0 {
			return c
		}
		if c := strings.Compare(a.Mod, b.Mod); c != 0 {
			return c
		}
		if c := strings.Compare(a.Order, b.Order); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	d := &Definitions{List: list, Problems: problems, byKey: make(map[string]int, len(list))}
	for i, def := range list {
		d.byKey[def.Scope+" "+def.Name] = i
	}
	return d
}

// Get returns the definition of a setting.
func (d *Definitions) Get(scope, name string) (Definition, bool) {
	if d == nil {
		return Definition{}, false
	}
	i, ok := d.byKey[scope+" "+name]
	if !ok {
		return Definition{}, false
	}
	return d.List[i], true
}

// ScopeOf returns the scope of a setting, empty if none is known.
func (d *Definitions) ScopeOf(name string) string {
	for _, scope := range Scopes {
		if _, ok := d.Get(scope, name); ok {
			return scope
		}
	}
	return ""
}

// Check returns a value in the kind that the setting has. An error says why it can't have it. Settings that no mod is known to have may
// have any value: their mod may not be here.
func (d *Definitions) Check(scope, name string, value any) (any, error) {
	def, ok := d.Get(scope, name)
	if !ok {
		return value, nil
	}
	return def.Check(value)
}

// CheckAll is Check for all settings.
func (d *Definitions) CheckAll(scopes proptree.Dictionary) (proptree.Dictionary, error) {
	settled, problems := d.Settle(scopes)
	if len(problems) > 0 {
		return nil, fmt.Errorf("setting %s", problems[0])
	}
	return settled, nil
}

// Settle gives values the kinds of their settings where that loses nothing, and returns what is wrong with others, a sentence each.
func (d *Definitions) Settle(scopes proptree.Dictionary) (_ proptree.Dictionary, problems []string) {
	file := modsettings.File{Version: factorio.Version{Major: 2}, Scopes: scopes}
	for _, scope := range scopes {
		settings, _ := scope.Value.(proptree.Dictionary)
		for _, setting := range settings {
			value, there := file.Get(scope.Key, setting.Key)
			if _, known := d.Get(scope.Key, setting.Key); !known || !there {
				continue
			}
			checked, err := d.Check(scope.Key, setting.Key, value)
			if err != nil {
				problems = append(problems, fmt.Sprintf("%.100s: %v", setting.Key, err))
				continue
			}
			file.Set(scope.Key, setting.Key, checked)
		}
	}
	return file.Scopes, problems
}

// Check returns a value in the kind of the setting, or says why it can't have it.
func (d Definition) Check(value any) (any, error) {
	switch d.Kind {
	case api.SettingBool:
		if _, ok := value.(bool); !ok {
			return nil, fmt.Errorf("%s is neither true nor false", shortValue(value))
		}
		return value, nil
	case api.SettingInt:
		n, ok := whole(value)
		if !ok {
			return nil, fmt.Errorf("%s is no whole number", shortValue(value))
		}
		return n, d.inRange(n, float64(n))
	case api.SettingDouble:
		f, ok := number(value)
		if !ok {
			return nil, fmt.Errorf("%s is no number", shortValue(value))
		}
		return f, d.inRange(f, f)
	case api.SettingString:
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("%s is no text", shortValue(value))
		}
		if d.AutoTrim {
			text = strings.TrimSpace(text)
		}
		if text == "" && !d.AllowBlank && !slices.Contains(d.Allowed, any("")) {
			return nil, fmt.Errorf("it can't be empty")
		}
		return text, d.isAllowed(text)
	case api.SettingColor:
		return color(value)
	}
	return value, nil
}

func (d Definition) inRange(value any, f float64) error {
	if lowest, ok := number(d.Min); ok && f < lowest {
		return fmt.Errorf("%s is less than %s, the least that it may be", shortValue(value), shortValue(d.Min))
	}
	if highest, ok := number(d.Max); ok && f > highest {
		return fmt.Errorf("%s is more than %s, the most that it may be", shortValue(value), shortValue(d.Max))
	}
	return d.isAllowed(value)
}

func (d Definition) isAllowed(value any) error {
	if len(d.Allowed) == 0 || slices.Contains(d.Allowed, value) {
		return nil
	}
	var texts []string
	for _, v := range d.Allowed[:min(len(d.Allowed), 12)] {
		texts = append(texts, shortValue(v))
	}
	if len(d.Allowed) > len(texts) {
		texts = append(texts, "…")
	}
	return fmt.Errorf("%s is none of %s", shortValue(value), strings.Join(texts, ", "))
}

func number(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, !math.IsNaN(v)
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return 0, false
}

func whole(value any) (int64, bool) {
	switch v := value.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

// color returns a colour as the game stores it: four numbers from 0 to 1. As the game, it takes numbers up to 255 too.
func color(value any) (any, error) {
	given, ok := value.(proptree.Dictionary)
	if !ok {
		return nil, fmt.Errorf(`%s is no colour like {"r": 1, "g": 0.5, "b": 0, "a": 1}`, shortValue(value))
	}
	channels, scale, alpha := map[string]float64{}, 1.0, false
	for _, e := range given {
		f, isNumber := number(e.Value)
		if !slices.Contains([]string{"r", "g", "b", "a"}, e.Key) || !isNumber || f < 0 || f > 255 {
			return nil, fmt.Errorf("a colour has r, g, b and a from 0 to 1, not %.40s %s", e.Key, shortValue(e.Value))
		}
		if f > 1 {
			scale = 255
		}
		channels[e.Key], alpha = f, alpha || e.Key == "a"
	}
	if !alpha {
		channels["a"] = scale
	}
	out := proptree.Dictionary{}
	for _, key := range []string{"r", "g", "b", "a"} {
		out.Set(key, channels[key]/scale)
	}
	return out, nil
}
