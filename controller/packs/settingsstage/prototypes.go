package settingsstage

import (
	"errors"
	"fmt"
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/hostagent/factorio/proptree"
)

// kinds are the types of prototypes that the game knows for settings.
var kinds = map[string]string{
	"bool-setting": api.SettingBool, "int-setting": api.SettingInt, "double-setting": api.SettingDouble, "string-setting": api.SettingString,
	"color-setting": api.SettingColor,
}

const (
	maxAllowed   = 2000
	maxTextDepth = 20
	maxTextParts = 200
	maxOrder     = 200
	maxTextBytes = 20_000
)

// definitions reads what the mods made.
func (s *state) definitions() []packs.Definition {
	var list []packs.Definition
	for kind, name := range kinds {
		table, ok := s.raw.RawGetString(kind).(*lua.LTable)
		if !ok {
			continue
		}
		table.ForEach(func(key, value lua.LValue) {
			owner := s.owner[kind+" "+lua.LVAsString(key)]
			prototype, ok := value.(*lua.LTable)
			if len(list) >= maxPrototypes {
				return
			}
			if !ok { // of no mod, since nothing tells who wrote it
				s.problem("The setting %.100s is not right: it is %s, not a table.", lua.LVAsString(key), value.Type())
				return
			}
			d, err := definition(prototype, name, lua.LVAsString(key))
			if err != nil {
				s.problem("%s: the setting %.100s is not right: %v.", owner, lua.LVAsString(key), err)
				return
			}
			d.Mod = owner
			list = append(list, d)
		})
	}
	return list
}

// definition reads a prototype.
func definition(p *lua.LTable, kind, name string) (packs.Definition, error) {
	d := packs.Definition{
		Name: name, Kind: kind, Scope: lua.LVAsString(p.RawGetString("setting_type")), Order: cut(lua.LVAsString(p.RawGetString("order")), maxOrder),
		AllowBlank: lua.LVAsBool(p.RawGetString("allow_blank")), AutoTrim: lua.LVAsBool(p.RawGetString("auto_trim")), Hidden: lua.LVAsBool(p.RawGetString("hidden")),
	}
	if !slices.Contains(packs.Scopes, d.Scope) {
		return d, fmt.Errorf("its setting_type is %.40q", d.Scope)
	}
	if name == "" || len(name) > 500 {
		return d, errors.New("its name is empty or too long")
	}
	// The bounds are for numbers, and the default has to keep to them.
	d.Min, d.Max = bound(p.RawGetString("minimum_value"), kind), bound(p.RawGetString("maximum_value"), kind)
	if allowed, ok := p.RawGetString("allowed_values").(*lua.LTable); ok && kind != api.SettingBool {
		allowed.ForEach(func(_, v lua.LValue) {
			if got, err := (packs.Definition{Kind: kind, AllowBlank: true}).Check(plain(v)); err == nil && len(d.Allowed) < maxAllowed {
				d.Allowed = append(d.Allowed, got)
			}
		})
	}
	given := p.RawGetString("default_value")
	if forced := p.RawGetString("forced_value"); kind == api.SettingBool && d.Hidden && forced.Type() == lua.LTBool {
		given, d.Forced = forced, true
	}
	if given == lua.LNil {
		return d, errors.New("it has no default_value")
	}
	value := plain(given)
	if kind == api.SettingColor {
		value = channels(given)
	}
	loose := d
	loose.AllowBlank = true // a default may be what nobody may choose
	var err error
	if d.Default, err = loose.Check(value); err != nil {
		return d, fmt.Errorf("its default: %w", err)
	}
	d.Title, d.Description = textOf(p, "localised_name"), textOf(p, "localised_description")
	return d, nil
}

func textOf(p *lua.LTable, field string) packs.Text {
	parts := maxTextParts
	return localised(p.RawGetString(field), maxTextDepth, &parts)
}

func cut(text string, most int) string { return text[:min(len(text), most)] }

func bound(v lua.LValue, kind string) any {
	n, ok := v.(lua.LNumber)
	switch {
	case !ok || math.IsNaN(float64(n)) || kind != api.SettingInt && kind != api.SettingDouble:
		return nil
	case kind == api.SettingInt && math.Abs(float64(n)) < 1<<53:
		return int64(n)
	}
	return float64(n)
}

// plain is a value of Lua as a property tree holds it; nil for what it does not.
func plain(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return cut(string(v), maxTextBytes)
	}
	return nil
}

// channels reads a colour, {r=1, g=0.5, b=0} or {1, 0.5, 0}.
func channels(v lua.LValue) any {
	t, ok := v.(*lua.LTable)
	if !ok {
		return nil
	}
	out := proptree.Dictionary{}
	for i, key := range []string{"r", "g", "b", "a"} {
		n, ok := t.RawGetString(key).(lua.LNumber)
		if !ok {
			n, ok = t.RawGetInt(i + 1).(lua.LNumber)
		}
		if ok {
			out.Set(key, float64(n))
		} else if key != "a" {
			out.Set(key, 0.0)
		}
	}
	return out
}

// localised reads what the game calls a localised string: a text, {"section.key", parameter…}, {"", part…} or {"?", first, second…}.
func localised(v lua.LValue, depth int, parts *int) packs.Text {
	if *parts--; depth == 0 || *parts < 0 {
		return packs.Text{}
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return packs.Text{Plain: cut(lua.LVAsString(v), maxTextBytes)}
	}
	var text packs.Text
	switch key := lua.LVAsString(t.RawGetInt(1)); key {
	case "":
	case "?":
		text.First = true
	default:
		text.Key = cut(key, 500)
	}
	for i := 2; i <= min(t.Len(), maxTextParts); i++ {
		text.Parts = append(text.Parts, localised(t.RawGetInt(i), depth-1, parts))
	}
	return text
}
