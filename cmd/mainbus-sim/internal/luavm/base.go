package luavm

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/hostagent/factorio/lua52"
)

// openLibraries opens what the game has of the standard libraries. There is no io, os, package or coroutine, and
// nothing that Lua 5.2 dropped.
func (vm *VM) openLibraries() {
	l := vm.L
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		l.Push(l.NewFunction(open))
		l.Call(0, 0)
	}
	for _, name := range []string{
		"dofile", "loadfile", "loadstring", "module", "newproxy", "setfenv", "getfenv", "unpack", "collectgarbage",
		"_printregs", "_GOPHER_LUA_VERSION",
	} {
		l.SetGlobal(name, lua.LNil)
	}
	l.SetGlobal("_VERSION", lua.LString("Lua 5.2"))
	base := map[string]lua.LGFunction{
		"assert": assert, "ipairs": ipairs, "load": vm.loadText, "pairs": pairs, "pcall": vm.pcall, "print": vm.print,
		"rawlen": rawlen, "rawset": rawset, "require": vm.require, "setmetatable": setmetatable, "table_size": tableSize,
		"tonumber": tonumber, "tostring": vm.tostring, "xpcall": vm.xpcall,
	}
	for name, fn := range base {
		l.SetGlobal(name, l.NewFunction(fn))
	}
	vm.openStrings()
	vm.openTables()
	vm.openMath()
	vm.L.SetGlobal("bit32", vm.L.SetFuncs(vm.L.NewTable(), lua52.Bits))
	vm.openSerpent()
	debug := l.NewTable()
	debug.RawSetString("traceback", l.NewFunction(debugTraceback))
	l.SetGlobal("debug", debug)
}

// Text is tostring: metamethods count, numbers have 14 digits.
func (vm *VM) Text(v lua.LValue) string { return text(vm.L, v) }

func text(l *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LNumber:
		return NumberText(float64(v))
	case lua.LString:
		return string(v)
	}
	if fn, ok := l.GetMetaField(v, "__tostring").(*lua.LFunction); ok {
		l.Push(fn)
		l.Push(v)
		l.Call(1, 1)
		result := l.Get(-1)
		l.Pop(1)
		if _, ok := result.(lua.LString); !ok {
			l.RaiseError("'__tostring' must return a string")
		}
		return result.String()
	}
	return v.String()
}

func assert(l *lua.LState) int {
	if l.ToBool(1) {
		return l.GetTop()
	}
	l.CheckAny(1)
	if l.GetTop() >= 2 {
		l.Error(l.Get(2), 0)
	}
	l.Error(lua.LString("assertion failed!"), 0)
	return 0
}

func rawlen(l *lua.LState) int {
	switch v := l.Get(1).(type) {
	case *lua.LTable:
		l.Push(lua.LNumber(Len(v)))
	case lua.LString:
		l.Push(lua.LNumber(len(v)))
	default:
		l.ArgError(1, "table or string expected")
	}
	return 1
}

// setmetatable of the interpreter would take any type.
func setmetatable(l *lua.LState) int {
	table := l.CheckTable(1)
	l.CheckTypes(2, lua.LTNil, lua.LTTable)
	if old, ok := table.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		l.RaiseError("cannot change a protected metatable")
	}
	table.Metatable = l.Get(2)
	l.SetTop(1)
	return 1
}

func tableSize(l *lua.LState) int {
	table, size := l.CheckTable(1), 0
	table.ForEach(func(lua.LValue, lua.LValue) { size++ })
	l.Push(lua.LNumber(size))
	return 1
}

func next(l *lua.LState) int {
	key, value := l.CheckTable(1).Next(l.Get(2))
	if key == lua.LNil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(key)
	l.Push(value)
	return 2
}

func pairs(l *lua.LState) int {
	v := l.CheckAny(1)
	if meta := l.GetMetaField(v, "__pairs"); meta != lua.LNil {
		l.Push(meta)
		l.Push(v)
		l.Call(1, 3)
		return 3
	}
	l.CheckTable(1)
	l.Push(l.GetGlobal("next"))
	if _, ok := l.Get(-1).(*lua.LFunction); !ok { // a script took it away
		l.Pop(1)
		l.Push(l.NewFunction(next))
	}
	l.Push(v)
	l.Push(lua.LNil)
	return 3
}

func ipairs(l *lua.LState) int {
	v := l.CheckAny(1)
	if meta := l.GetMetaField(v, "__ipairs"); meta != lua.LNil {
		l.Push(meta)
		l.Push(v)
		l.Call(1, 3)
		return 3
	}
	l.CheckTable(1)
	l.Push(l.NewFunction(nextIndex))
	l.Push(v)
	l.Push(lua.LNumber(0))
	return 3
}

func nextIndex(l *lua.LState) int {
	n := l.CheckInt(2) + 1
	v := Index(l.CheckTable(1), n)
	if v == lua.LNil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LNumber(n))
	l.Push(v)
	return 2
}

func rawset(l *lua.LState) int {
	t, key := l.CheckTable(1), l.CheckAny(2)
	if n, ok := key.(lua.LNumber); key == lua.LNil || ok && n != n {
		l.RaiseError("table index is %s", map[bool]string{true: "nil", false: "NaN"}[key == lua.LNil])
	}
	Set(t, key, l.CheckAny(3))
	l.SetTop(1)
	return 1
}

func tonumber(l *lua.LState) int {
	v := l.CheckAny(1)
	f, ok := 0.0, false
	if l.GetTop() >= 2 && l.Get(2) != lua.LNil {
		base := l.CheckInt(2)
		if base < 2 || base > 36 {
			l.ArgError(2, "base out of range")
		}
		f, ok = parseBased(text(l, v), base)
	} else {
		switch v := v.(type) {
		case lua.LNumber:
			f, ok = float64(v), true
		case lua.LString:
			f, ok = ParseNumber(string(v))
		}
	}
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LNumber(f))
	return 1
}

func (vm *VM) tostring(l *lua.LState) int {
	l.Push(lua.LString(text(l, l.CheckAny(1))))
	return 1
}

func (vm *VM) print(l *lua.LState) int {
	words := make([]string, l.GetTop())
	for i := range words {
		words[i] = text(l, l.Get(i+1))
	}
	vm.cfg.Print(strings.Join(words, "\t"))
	return 0
}

func arguments(l *lua.LState, from int) []lua.LValue {
	var args []lua.LValue
	for i := from; i <= l.GetTop(); i++ {
		args = append(args, l.Get(i))
	}
	return args
}

func push(l *lua.LState, values []lua.LValue) int {
	for _, v := range values {
		l.Push(v)
	}
	return len(values)
}

func (vm *VM) pcall(l *lua.LState) int {
	fn := l.CheckAny(1)
	results, err := vm.protected(fn, arguments(l, 2))
	if err != nil {
		l.Push(lua.LFalse)
		l.Push(errorValue(err))
		return 2
	}
	l.Push(lua.LTrue)
	return 1 + push(l, results)
}

// xpcall calls the handler after the stack is unwound, so a handler that asks for a traceback gets a short one.
func (vm *VM) xpcall(l *lua.LState) int {
	fn, handler := l.CheckAny(1), l.CheckAny(2)
	results, err := vm.protected(fn, arguments(l, 3))
	if err == nil {
		l.Push(lua.LTrue)
		return 1 + push(l, results)
	}
	results, err = vm.protected(handler, []lua.LValue{errorValue(err)})
	l.Push(lua.LFalse)
	if err != nil {
		l.Push(errorValue(err))
		return 2
	}
	return 1 + push(l, results)
}

func (vm *VM) loadText(l *lua.LState) int {
	source, ok := vm.chunkSource(l)
	if !ok {
		return 2
	}
	name := "=(load)"
	if len(source) > 0 {
		name = ChunkName(source)
	}
	if l.GetTop() >= 2 && l.Get(2) != lua.LNil {
		name = strings.TrimLeft(l.CheckString(2), "=@")
	}
	env := vm.L.G.Global
	if l.GetTop() >= 4 {
		env = l.CheckTable(4)
	}
	if strings.HasPrefix(source, "\x1b") || l.OptString(3, "bt") == "b" {
		l.Push(lua.LNil)
		l.Push(lua.LString("attempt to load a binary chunk (mode is 't')"))
		return 2
	}
	fn, err := vm.load(source, name, env)
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	l.Push(fn)
	return 1
}

// chunkSource reads load's first argument: a string or a function that gives pieces.
func (vm *VM) chunkSource(l *lua.LState) (string, bool) {
	if source, ok := l.Get(1).(lua.LString); ok {
		return string(source), true
	}
	reader := l.CheckFunction(1)
	var out strings.Builder
	for {
		l.Push(reader)
		l.Call(0, 1)
		piece := l.Get(-1)
		l.Pop(1)
		switch piece := piece.(type) {
		case lua.LString:
			if piece == "" {
				return out.String(), true
			}
			out.WriteString(string(piece))
		case *lua.LNilType:
			return out.String(), true
		default:
			l.Push(lua.LNil)
			l.Push(lua.LString("reader function must return a string"))
			return "", false
		}
	}
}

// ChunkName is how Lua names a chunk that was given as text: its first line, cut to what fits 60 bytes.
func ChunkName(source string) string {
	const room = 60 - len(`[string "..."]`) - 1
	line, _, more := strings.Cut(source, "\n")
	if more || len(line) > room {
		return fmt.Sprintf(`[string "%s..."]`, line[:min(len(line), room)])
	}
	return fmt.Sprintf(`[string "%s"]`, line)
}

func (vm *VM) require(l *lua.LState) int {
	name := l.CheckString(1)
	if vm.sealed {
		l.RaiseError("Require can't be used outside of control.lua parsing.")
	}
	path, source, err := vm.cfg.Find(name)
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
	if value, ok := vm.loaded[path]; ok {
		if value == nil {
			l.RaiseError("loop in require of %s", name)
		}
		l.Push(value)
		return 1
	}
	fn, err := vm.loadFile(string(source), path)
	if err != nil {
		l.Error(lua.LString(err.Error()), 0)
	}
	vm.loaded[path] = nil
	l.Push(fn)
	l.Push(lua.LString(name))
	l.Call(1, 1)
	value := l.Get(-1)
	if value == lua.LNil {
		value = lua.LTrue
	}
	vm.loaded[path] = value
	l.Push(value)
	return 1
}

func debugTraceback(l *lua.LState) int {
	message := ""
	if l.GetTop() >= 1 && l.Get(1) != lua.LNil {
		message = text(l, l.Get(1)) + "\n"
	}
	var frames []string
	for level := 1; ; level++ {
		where := l.Where(level)
		if _, ok := l.GetStack(level); !ok {
			break
		}
		frames = append(frames, "\t"+strings.TrimSpace(where)+" in function")
	}
	l.Push(lua.LString(message + "stack traceback:\n" + strings.Join(frames, "\n")))
	return 1
}
