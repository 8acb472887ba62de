package api

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
)

// Stage is the Lua state in which the mods tell their settings or their prototypes, one after the other: it has data
// and what all stages have, and no game.
type Stage struct {
	s       *Script
	raw     *lua.LTable
	touched map[string][]string // mods that added a prototype, by type and name
}

// Limits of what the mods may leave in data.raw.
const (
	maxRawDepth  = 60
	maxRawValues = 8 << 20
)

// NewStage makes a state. p has no World; flags are the feature flags.
func NewStage(p Params, flags map[string]bool) (*Stage, error) {
	s := &Script{p: &p}
	s.vm = luavm.New(luavm.Config{Find: s.find, Random: rand.NewPCG(0, 0), Print: p.Host.Print})
	st := &Stage{s: s, raw: s.vm.L.NewTable(), touched: map[string][]string{}}
	s.clearClasses()
	s.addHelpersClass()
	s.addCommonGlobals()
	l := s.vm.L
	for _, g := range constants {
		if base, ok := strings.CutPrefix(g.path, "prototypes."); ok && base != "" {
			for _, name := range g.names {
				subtable(l, st.raw, name)
			}
		}
	}
	data := l.NewTable()
	data.RawSetString("raw", st.raw)
	data.RawSetString("extend", l.NewFunction(st.extend))
	l.SetGlobal("data", data)
	l.SetGlobal("mods", texttable(l, p.versions()))
	l.SetGlobal("feature_flags", s.value(flagFields(flags)))
	if err := s.vm.Run(`util = require("util")`, "__core__/data.lua"); err != nil {
		st.Close()
		return nil, err
	}
	return st, nil
}

func flagFields(flags map[string]bool) []Field {
	out := []Field{}
	for _, name := range sorted(flags) {
		out = append(out, Field{strings.ReplaceAll(name, "-", "_"), flags[name]})
	}
	return out
}

// Close frees the state.
func (st *Stage) Close() { st.s.vm.Close() }

// SetSettings sets the global settings.
func (st *Stage) SetSettings(startup map[string]any) {
	l := st.s.vm.L
	table, values := l.NewTable(), l.NewTable()
	for _, name := range sorted(startup) {
		value := l.NewTable()
		value.RawSetString("value", st.s.plain(startup[name]))
		values.RawSetString(name, value)
	}
	table.RawSetString("startup", values)
	l.SetGlobal("settings", table)
}

// Run runs a file of a mod, if it has it.
func (st *Stage) Run(mod Mod, file string) error {
	path := "__" + mod.Name + "__/" + file
	source, ok := st.s.p.Files(path)
	if !ok {
		return nil
	}
	st.s.mod = mod
	if err := st.s.vm.Run(string(source), path); err != nil {
		return &HandlerError{Mod: mod, Err: err}
	}
	return nil
}

// extend is data.extend: each prototype goes to data.raw by its type and name.
func (st *Stage) extend(l *lua.LState) int {
	list, ok := l.Get(2).(*lua.LTable)
	if !ok {
		list = l.CheckTable(1) // called with a dot
	}
	for key, v := list.Next(lua.LNil); key != lua.LNil; key, v = list.Next(key) {
		p, ok := v.(*lua.LTable)
		if !ok {
			l.RaiseError("Expected a list of prototypes, got a %s in it.", v.Type())
		}
		typ, hasType := p.RawGetString("type").(lua.LString)
		name, hasName := p.RawGetString("name").(lua.LString)
		if !hasType || !hasName {
			l.RaiseError("Missing name or type in the following prototype definition: %s", st.s.vm.Text(p.RawGetString("name")))
		}
		luavm.Set(subtable(l, st.raw, string(typ)), name, p)
		id := string(typ) + "." + string(name)
		if mod := st.s.mod.Name; !slices.Contains(st.touched[id], mod) {
			st.touched[id] = append(st.touched[id], mod)
		}
	}
	return 0
}

// AddUnseen gives all entities graphics and sounds that mods can copy and change, and that are nothing.
func (st *Stage) AddUnseen() error { return st.s.vm.Run(`require("unseen")()`, "__core__/data.lua") }

// Modifications names the mods that gave a prototype to data.extend, in their order.
func (st *Stage) Modifications(typ, name string) []string { return st.touched[typ+"."+name] }

// Add puts prototypes into data.raw; of those that are there already it sets properties. Values are as Raw gives them.
func (st *Stage) Add(raw map[string]map[string]map[string]any) {
	l := st.s.vm.L
	for _, typ := range sorted(raw) {
		for _, name := range sorted(raw[typ]) {
			p := subtable(l, subtable(l, st.raw, typ), name)
			p.RawSetString("type", lua.LString(typ))
			p.RawSetString("name", lua.LString(name))
			for _, key := range sorted(raw[typ][name]) {
				p.RawSetString(key, st.s.plain(raw[typ][name][key]))
			}
		}
	}
}

// Raw is data.raw by type and name, in the shapes that encoding/json gives: tables with the keys 1 to n are lists.
func (st *Stage) Raw() (map[string]map[string]map[string]any, error) {
	out := map[string]map[string]map[string]any{}
	room := maxRawValues
	for typ, v := st.raw.Next(lua.LNil); typ != lua.LNil; typ, v = st.raw.Next(typ) {
		table, ok := v.(*lua.LTable)
		if !ok {
			return nil, fmt.Errorf("data.raw.%s is a %s, not a table", typ, v.Type())
		}
		byName := map[string]map[string]any{}
		for name, p := table.Next(lua.LNil); name != lua.LNil; name, p = table.Next(name) {
			value, err := plain(p, 0, &room)
			if err != nil {
				return nil, fmt.Errorf("data.raw.%s.%s: %w", typ, name, err)
			}
			properties, ok := value.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("data.raw.%s.%s is no prototype", typ, name)
			}
			byName[name.String()] = properties
		}
		if len(byName) > 0 {
			out[typ.String()] = byName
		}
	}
	return out, nil
}

// plain makes a Go value of what a mod wrote. Room is how many values there may still be.
func plain(v lua.LValue, depth int, room *int) (any, error) {
	*room--
	if depth > maxRawDepth || *room < 0 {
		return nil, errors.New("nested too deeply, or too much")
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		return string(v), nil
	case *lua.LTable:
		return plainTable(v, depth, room)
	}
	return nil, fmt.Errorf("a %s is no value of a prototype", v.Type())
}

func plainTable(t *lua.LTable, depth int, room *int) (any, error) {
	size, array := 0, true
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		size++
		array = array && key == lua.LNumber(size)
	}
	list, table := []any{}, map[string]any{}
	for key, v := t.Next(lua.LNil); key != lua.LNil; key, v = t.Next(key) {
		value, err := plain(v, depth+1, room)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		list, table[key.String()] = append(list, value), value
	}
	if array && size > 0 {
		return list, nil
	}
	return table, nil
}
