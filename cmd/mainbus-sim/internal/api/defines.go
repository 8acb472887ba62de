package api

import (
	_ "embed"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

//go:embed defines.txt
var definesText string

// constants are the groups of defines: "inventory" and "chest" give 1. A number that is no group has the key "".
var constants = parseDefines(definesText)

type constantGroup struct {
	path    string // "control_behavior.type"
	names   []string
	numbers []int   // of the names
	value   float64 // of a group without names
}

func parseDefines(text string) []constantGroup {
	var groups []constantGroup
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if name, number, ok := strings.Cut(line, " = "); ok {
			value, _ := strconv.ParseFloat(number, 64) // the file is ours; a test reads it
			groups = append(groups, constantGroup{path: name, value: value})
			continue
		}
		path, names, _ := strings.Cut(line, ":")
		groups = append(groups, parseGroup(path, strings.Fields(names)))
	}
	return groups
}

func parseGroup(path string, words []string) constantGroup {
	g := constantGroup{path: path}
	for i, word := range words {
		name, number, given := strings.Cut(word, "=")
		if given {
			i, _ = strconv.Atoi(number)
		}
		g.names, g.numbers = append(g.names, name), append(g.numbers, i)
	}
	return g
}

// constant is the number of a name in defines; -1 if there is none.
func constant(path, name string) int {
	for _, g := range constants {
		if g.path != path {
			continue
		}
		for i, n := range g.names {
			if n == name {
				return g.numbers[i]
			}
		}
	}
	return -1
}

// builtinEvents are the game's events by number.
func builtinEvents() []string {
	for _, g := range constants {
		if g.path == "events" {
			return g.names
		}
	}
	return nil
}

// definesTable makes defines. Events that mods add are not in it.
func definesTable(l *lua.LState) *lua.LTable {
	defines := l.NewTable()
	for _, g := range constants {
		parts := strings.Split(g.path, ".")
		into := defines
		for _, part := range parts[:len(parts)-1] {
			into = subtable(l, into, part)
		}
		last := parts[len(parts)-1]
		if g.names == nil {
			into.RawSetString(last, lua.LNumber(g.value))
			continue
		}
		values := subtable(l, into, last)
		for i, name := range g.names {
			values.RawSetString(name, lua.LNumber(g.numbers[i]))
		}
	}
	return defines
}

func subtable(l *lua.LState, t *lua.LTable, key string) *lua.LTable {
	if sub, ok := t.RawGetString(key).(*lua.LTable); ok {
		return sub
	}
	sub := l.NewTable()
	t.RawSetString(key, sub)
	return sub
}
