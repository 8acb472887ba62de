package luavm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/pm"
)

// openStrings corrects the interpreter's string library where numbers become text and where it is not Lua 5.2.
func (vm *VM) openStrings() {
	l := vm.L
	lib := l.GetGlobal("string").(*lua.LTable)
	for name, texts := range map[string]int{
		"byte": 1, "find": 2, "gmatch": 2, "len": 1, "lower": 1, "match": 2, "reverse": 1, "sub": 1, "upper": 1,
	} {
		lib.RawSetString(name, l.NewFunction(textArguments(lib.RawGetString(name).(*lua.LFunction), texts)))
	}
	l.SetFuncs(lib, map[string]lua.LGFunction{
		"format": format, "gsub": gsub, "pack": stringPack, "packsize": stringPackSize, "rep": rep, "unpack": stringUnpack,
	})
	lib.RawSetString("gfind", lua.LNil)
	lib.RawSetString("dump", lua.LNil)
	lib.RawSetString("__index", lua.LNil)
	meta := l.NewTable()
	meta.RawSetString("__index", lib)
	l.SetMetatable(lua.LString(""), meta)
}

// textArguments gives a library function its first arguments as text when they are numbers.
func textArguments(fn *lua.LFunction, texts int) lua.LGFunction {
	return func(l *lua.LState) int {
		top := l.GetTop()
		l.Push(fn)
		for i := 1; i <= top; i++ {
			v := l.Get(i)
			if n, ok := v.(lua.LNumber); ok && i <= texts {
				v = lua.LString(NumberText(float64(n)))
			}
			l.Push(v)
		}
		l.Call(top, lua.MultRet)
		return l.GetTop() - top
	}
}

// checkText is CheckString with the game's text of numbers.
func checkText(l *lua.LState, n int) string {
	if number, ok := l.Get(n).(lua.LNumber); ok {
		return NumberText(float64(number))
	}
	return l.CheckString(n)
}

func isText(v lua.LValue) bool { return v.Type() == lua.LTString || v.Type() == lua.LTNumber }

func rep(l *lua.LState) int {
	text, count := checkText(l, 1), l.CheckInt(2)
	separator := l.OptString(3, "")
	if count <= 0 {
		l.Push(lua.LString(""))
		return 1
	}
	if (len(text)+len(separator))*count > 1<<30 {
		l.RaiseError("resulting string too large")
	}
	l.Push(lua.LString(strings.Repeat(text+separator, count-1) + text))
	return 1
}

// gsub replaces in one pass; the interpreter's copies the whole text for each match.
func gsub(l *lua.LState) int {
	text, pattern := checkText(l, 1), checkText(l, 2)
	limit := l.OptInt(4, -1)
	replacement := l.Get(3)
	switch replacement.Type() {
	case lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction:
	default:
		l.ArgError(3, "string/function/table expected")
	}
	matches, err := pm.Find(pattern, []byte(text), 0, limit)
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
	var out strings.Builder
	done := 0
	for _, match := range matches {
		start, end := match.Capture(0), match.Capture(1)
		out.WriteString(text[done:start])
		out.WriteString(replace(l, text, match, replacement))
		done = end
	}
	out.WriteString(text[done:])
	l.Push(lua.LString(out.String()))
	l.Push(lua.LNumber(len(matches)))
	return 2
}

func replace(l *lua.LState, subject string, match *pm.MatchData, replacement lua.LValue) string {
	whole := subject[match.Capture(0):match.Capture(1)]
	var value lua.LValue
	switch r := replacement.(type) {
	case *lua.LFunction:
		l.Push(r)
		captures := max(1, match.CaptureLength()/2-1)
		for i := range captures {
			l.Push(capture(l, subject, match, i+1))
		}
		l.Call(captures, 1)
		value = l.Get(-1)
		l.Pop(1)
	case *lua.LTable:
		value = l.GetTable(r, capture(l, subject, match, 1))
	default:
		return expandTemplate(l, subject, match, text(l, r))
	}
	switch {
	case lua.LVIsFalse(value):
		return whole
	case !isText(value):
		l.RaiseError("invalid replacement value (a %s)", value.Type())
	}
	return text(l, value)
}

// capture is the n-th capture, from 1; a pattern without captures has the whole match as its first.
func capture(l *lua.LState, subject string, match *pm.MatchData, n int) lua.LValue {
	at := 2 * n
	if at >= match.CaptureLength() {
		if n != 1 {
			l.RaiseError("invalid capture index %%%d in replacement string", n)
		}
		at = 0
	}
	if match.IsPosCapture(at) {
		return lua.LNumber(match.Capture(at))
	}
	return lua.LString(subject[match.Capture(at):match.Capture(at+1)])
}

func expandTemplate(l *lua.LState, subject string, match *pm.MatchData, template string) string {
	if !strings.Contains(template, "%") {
		return template
	}
	var out strings.Builder
	for i := 0; i < len(template); i++ {
		c := template[i]
		if c != '%' {
			out.WriteByte(c)
			continue
		}
		i++
		switch {
		case i >= len(template):
			l.RaiseError("invalid use of '%%' in replacement string")
		case template[i] == '0':
			out.WriteString(subject[match.Capture(0):match.Capture(1)])
		case template[i] >= '1' && template[i] <= '9':
			out.WriteString(text(l, capture(l, subject, match, int(template[i]-'0'))))
		case template[i] == '%':
			out.WriteByte('%')
		default:
			l.RaiseError("invalid use of '%%' in replacement string")
		}
	}
	return out.String()
}
