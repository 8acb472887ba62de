package luavm

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openSerpent adds the part of serpent that scripts use to look at tables: line and block, with sorted keys and
// without its options.
func (vm *VM) openSerpent() {
	lib := vm.L.NewTable()
	vm.L.SetFuncs(lib, map[string]lua.LGFunction{
		"line":  func(l *lua.LState) int { return pushDump(l, "") },
		"block": func(l *lua.LState) int { return pushDump(l, "  ") },
	})
	vm.L.SetGlobal("serpent", lib)
}

func pushDump(l *lua.LState, indent string) int {
	d := dumper{l: l, indent: indent, open: map[*lua.LTable]bool{}}
	d.value(l.CheckAny(1), "\n")
	l.Push(lua.LString(d.out.String()))
	return 1
}

type dumper struct {
	l      *lua.LState
	out    strings.Builder
	indent string
	open   map[*lua.LTable]bool
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (d *dumper) value(v lua.LValue, newline string) {
	switch v := v.(type) {
	case lua.LString:
		d.out.WriteString(quote(string(v)))
	case *lua.LTable:
		d.table(v, newline)
	case lua.LNumber, lua.LBool, *lua.LNilType:
		d.out.WriteString(text(d.l, v))
	default:
		d.out.WriteString(quote(text(d.l, v)))
	}
}

func (d *dumper) table(t *lua.LTable, newline string) {
	if d.open[t] {
		d.out.WriteString("nil --[[ref]]")
		return
	}
	d.open[t] = true
	defer delete(d.open, t)
	inner, between := newline+d.indent, ", "
	if d.indent != "" {
		between = "," + inner
	}
	d.out.WriteByte('{')
	keys := sortedKeys(t)
	for i, key := range keys {
		if i > 0 {
			d.out.WriteString(between)
		} else if d.indent != "" {
			d.out.WriteString(inner)
		}
		if n, ok := key.(lua.LNumber); !ok || int(n) != i+1 {
			d.key(key)
		}
		d.value(t.RawGet(key), inner)
	}
	if d.indent != "" && len(keys) > 0 {
		d.out.WriteString(newline)
	}
	d.out.WriteByte('}')
}

func (d *dumper) key(key lua.LValue) {
	if s, ok := key.(lua.LString); ok && plainKey.MatchString(string(s)) {
		d.out.WriteString(string(s) + " = ")
		return
	}
	d.out.WriteByte('[')
	d.value(key, "")
	d.out.WriteString("] = ")
}

// sortedKeys are the numbers in order, then everything else by its text.
func sortedKeys(t *lua.LTable) []lua.LValue {
	var keys []lua.LValue
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		keys = append(keys, key)
	}
	slices.SortStableFunc(keys, func(a, b lua.LValue) int {
		x, numberX := a.(lua.LNumber)
		y, numberY := b.(lua.LNumber)
		switch {
		case numberX && numberY:
			return cmp.Compare(x, y)
		case numberX:
			return -1
		case numberY:
			return 1
		}
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}
