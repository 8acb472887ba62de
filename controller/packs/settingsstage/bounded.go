package settingsstage

import (
	"math"
	"math/rand/v2"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/hostagent/factorio/lua52"
)

const (
	maxSubject = 16 << 10 // bytes of a text that is searched for a pattern
	maxSteps   = 100_000_000
	maxPattern = 500
)

// boundLibraries replaces functions of which one call can take more memory or time than the count of instructions bounds.
func (s *state) boundLibraries() {
	l := s.lua
	s.function(concatName, concat)
	text := l.GetGlobal("string").(*lua.LTable)
	text.RawSetString("dump", lua.LNil)
	text.RawSetString("rep", l.NewFunction(repeat))
	text.RawSetString("format", bounded(l, text, "format", checkFormat))
	for _, name := range []string{"find", "match", "gmatch", "gsub"} {
		text.RawSetString(name, bounded(l, text, name, checkPattern))
	}
	s.function("rawlen", func(l *lua.LState) int {
		n := 0
		switch v := l.Get(1).(type) {
		case *lua.LTable:
			n = v.Len()
		case lua.LString:
			n = len(v)
		default:
			l.ArgError(1, "table or string expected")
		}
		l.Push(lua.LNumber(n))
		return 1
	})
	table := l.GetGlobal("table").(*lua.LTable)
	table.RawSetString("concat", bounded(l, table, "concat", checkJoin))
	table.RawSetString("unpack", l.GetGlobal("unpack"))
	table.RawSetString("pack", l.NewFunction(func(l *lua.LState) int {
		t := l.NewTable()
		for i := 1; i <= l.GetTop(); i++ {
			t.RawSetInt(i, l.Get(i))
		}
		t.RawSetString("n", lua.LNumber(l.GetTop()))
		l.Push(t)
		return 1
	}))
	mathematics := l.GetGlobal("math").(*lua.LTable)
	mathematics.RawSetString("log", l.NewFunction(logarithm))
	l.SetGlobal("bit32", l.SetFuncs(l.NewTable(), lua52.Bits))
	mathematics.RawSetString("random", l.NewFunction(random(rand.New(rand.NewPCG(1, 2)))))
	mathematics.RawSetString("randomseed", l.NewFunction(func(*lua.LState) int { return 0 }))
}

// bounded is a function of a library that is called only if check lets it.
func bounded(l *lua.LState, library *lua.LTable, name string, check func(*lua.LState, string)) *lua.LFunction {
	f := library.RawGetString(name).(*lua.LFunction)
	return l.NewFunction(func(l *lua.LState) int {
		check(l, name)
		if len(f.Upvalues) == 0 {
			return f.GFunction(l)
		}
		n := l.GetTop() // gmatch keeps something beside its arguments, which a call brings along
		l.Insert(f, 1)
		l.Call(n, lua.MultRet)
		return l.GetTop()
	})
}

// concat is "a .. b .. c", from the right, as the language has it.
func concat(l *lua.LState) int {
	top := l.GetTop()
	result := l.Get(top)
	for i := top - 1; i >= 1; i-- {
		left := l.Get(i)
		if !lua.LVCanConvToString(left) || !lua.LVCanConvToString(result) {
			result = concatOf(l, left, result)
			continue
		}
		a, b := lua.LVAsString(left), lua.LVAsString(result)
		tooLong(l, len(a)+len(b))
		result = lua.LString(a + b)
	}
	l.Push(result)
	return 1
}

func concatOf(l *lua.LState, left, right lua.LValue) lua.LValue {
	f := l.GetMetaField(left, "__concat")
	if f == lua.LNil {
		f = l.GetMetaField(right, "__concat")
	}
	if f.Type() != lua.LTFunction {
		wrong := left
		if lua.LVCanConvToString(left) {
			wrong = right
		}
		l.RaiseError("attempt to concatenate a %s value", wrong.Type().String())
	}
	l.Push(f)
	l.Push(left)
	l.Push(right)
	l.Call(2, 1)
	result := l.Get(-1)
	l.Pop(1)
	return result
}

func tooLong(l *lua.LState, n int) {
	if n > maxString {
		l.RaiseError("a text of more than %d MiB", maxString>>20)
	}
}

func repeat(l *lua.LState) int {
	text, n, between := l.CheckString(1), l.CheckInt(2), l.OptString(3, "")
	if n <= 0 {
		l.Push(lua.LString(""))
		return 1
	}
	if n > maxString || (len(text)+len(between))*n > maxString {
		tooLong(l, maxString+1)
	}
	l.Push(lua.LString(strings.Repeat(text+between, n-1) + text))
	return 1
}

// checkFormat bounds what string.format makes: each argument is used once, and no number is wider than 99.
func checkFormat(l *lua.LState, _ string) {
	format := l.CheckString(1)
	n := len(format)
	for i := 2; i <= l.GetTop(); i++ {
		n += 500
		if v, ok := l.Get(i).(lua.LString); ok {
			n += len(v)
		}
	}
	tooLong(l, n)
	for rest := format; ; {
		_, after, ok := strings.Cut(rest, "%")
		if !ok {
			return
		}
		digits := 0
		rest = strings.TrimLeft(after, "-+ #0")
		for rest != "" && (rest[0] >= '0' && rest[0] <= '9' || rest[0] == '.' || rest[0] == '*' || rest[0] == '[') {
			if digits++; digits > 5 || rest[0] == '*' || rest[0] == '[' {
				l.RaiseError("string.format: width or precision is too large")
			}
			rest = rest[1:]
		}
		rest = strings.TrimPrefix(rest, "%")
	}
}

// checkPattern bounds the steps of a search, which grow with the text's length to the power of the pattern's repetitions, and what gsub
// makes of it.
func checkPattern(l *lua.LState, name string) {
	text, pattern := l.CheckString(1), l.CheckString(2)
	plain := name == "find" && lua.LVAsBool(l.Get(4))
	if plain {
		return
	}
	if len(text) > maxSubject || len(pattern) > maxPattern {
		l.RaiseError("string.%s: the text or the pattern is too long", name)
	}
	repetitions := 1
	for _, c := range pattern {
		if strings.ContainsRune("*+-?", c) {
			repetitions++
		}
	}
	if strings.HasPrefix(pattern, "^") {
		repetitions = max(repetitions-1, 1)
	}
	if math.Pow(float64(len(text)+1), float64(repetitions)) > maxSteps {
		l.RaiseError("string.%s: the pattern %q takes too many steps for a text of %d bytes", name, pattern, len(text))
	}
	if name == "gsub" {
		boundReplacement(l, text)
	}
}

func boundReplacement(l *lua.LState, text string) {
	total := len(text)
	count := func(v lua.LValue) lua.LValue {
		total += len(lua.LVAsString(v))
		tooLong(l, total)
		return v
	}
	switch by := l.Get(3).(type) {
	case lua.LString:
		// Matches do not overlap, so that each %1 gives no more than the text in all.
		tooLong(l, (len(text)+1)*len(by)+len(text)*(1+strings.Count(string(by), "%")))
	case *lua.LTable:
		l.Replace(3, l.NewFunction(func(l *lua.LState) int {
			l.Push(count(l.GetField(by, l.CheckString(1))))
			return 1
		}))
	case *lua.LFunction:
		l.Replace(3, l.NewFunction(func(l *lua.LState) int {
			n := l.GetTop()
			l.Insert(by, 1)
			l.Call(n, 1)
			count(l.Get(-1))
			return 1
		}))
	}
}

func checkJoin(l *lua.LState, _ string) {
	t, between := l.CheckTable(1), l.OptString(2, "")
	n, last := 0, l.OptInt(4, t.Len())
	for i := l.OptInt(3, 1); i <= last; i++ {
		n += len(between) + len(lua.LVAsString(t.RawGetInt(i)))
		tooLong(l, n)
		if t.RawGetInt(i) == lua.LNil {
			return // an error, which the function itself tells
		}
	}
}

// logarithm is math.log of Lua 5.2, which may have a base.
func logarithm(l *lua.LState) int {
	v := math.Log(float64(l.CheckNumber(1)))
	if l.GetTop() > 1 {
		v /= math.Log(float64(l.CheckNumber(2)))
	}
	l.Push(lua.LNumber(v))
	return 1
}
