package luavm

import (
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openTables replaces the interpreter's table library: its remove and sort are wrong after t[#t] = nil.
func (vm *VM) openTables() {
	lib := vm.L.NewTable()
	vm.L.SetFuncs(lib, map[string]lua.LGFunction{
		"concat": tableConcat, "insert": tableInsert, "pack": tablePack, "remove": tableRemove, "sort": tableSort,
		"unpack": tableUnpack,
	})
	vm.L.SetGlobal("table", lib)
}

func tableConcat(l *lua.LState) int {
	t := l.CheckTable(1)
	separator := ""
	if l.GetTop() >= 2 && l.Get(2) != lua.LNil {
		separator = checkText(l, 2)
	}
	first, last := l.OptInt(3, 1), 0
	if l.GetTop() >= 4 {
		last = l.CheckInt(4)
	} else {
		last = Len(t)
	}
	var parts []string
	for i := first; i <= last; i++ {
		v := Index(t, i)
		if !isText(v) {
			l.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		parts = append(parts, text(l, v))
	}
	l.Push(lua.LString(strings.Join(parts, separator)))
	return 1
}

func tableInsert(l *lua.LState) int {
	t := l.CheckTable(1)
	size := Len(t)
	switch l.GetTop() {
	case 2:
		Set(t, lua.LNumber(size+1), l.Get(2))
	case 3:
		at := l.CheckInt(2)
		for i := size; i >= at; i-- {
			Set(t, lua.LNumber(i+1), Index(t, i))
		}
		Set(t, lua.LNumber(at), l.Get(3))
	default:
		l.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

func tableRemove(l *lua.LState) int {
	t := l.CheckTable(1)
	size := Len(t)
	at := l.OptInt(2, size)
	if l.GetTop() >= 2 && (at < 1 || at > size) && !(size == 0 && at == 0) && at != size+1 {
		l.ArgError(2, "position out of bounds")
	}
	if at < 1 || at > size {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(Index(t, at))
	for i := at; i < size; i++ {
		Set(t, lua.LNumber(i), Index(t, i+1))
	}
	if size <= maxArray {
		t.Remove(size) // shortens the array, where setting nil would leave a hole to walk over
	}
	t.RawSetInt(size, lua.LNil)
	return 1
}

func tablePack(l *lua.LState) int {
	t := l.NewTable()
	for i := 1; i <= l.GetTop(); i++ {
		t.RawSetInt(i, l.Get(i))
	}
	t.RawSetString("n", lua.LNumber(l.GetTop()))
	l.Push(t)
	return 1
}

func tableUnpack(l *lua.LState) int {
	t := l.CheckTable(1)
	first, last := l.OptInt(2, 1), 0
	if l.GetTop() >= 3 && l.Get(3) != lua.LNil {
		last = l.CheckInt(3)
	} else {
		last = Len(t)
	}
	if last-first >= 1e6 {
		l.RaiseError("too many results to unpack")
	}
	for i := first; i <= last; i++ {
		l.Push(Index(t, i))
	}
	return max(0, last-first+1)
}

func tableSort(l *lua.LState) int {
	t := l.CheckTable(1)
	less := l.LessThan
	if l.GetTop() >= 2 && l.Get(2) != lua.LNil {
		fn := l.CheckFunction(2)
		less = func(a, b lua.LValue) bool {
			l.Push(fn)
			l.Push(a)
			l.Push(b)
			l.Call(2, 1)
			result := lua.LVAsBool(l.Get(-1))
			l.Pop(1)
			return result
		}
	}
	values := make([]lua.LValue, Len(t))
	for i := range values {
		values[i] = Index(t, i+1)
	}
	sort.Slice(values, func(i, j int) bool { return less(values[i], values[j]) })
	for i, v := range values {
		t.RawSetInt(i+1, v)
	}
	return 0
}
