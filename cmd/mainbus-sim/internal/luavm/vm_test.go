package luavm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func newVM(t testing.TB, files map[string]string) *VM {
	t.Helper()
	vm := New(Config{
		Find: func(name string) (string, []byte, error) {
			if text, ok := files[name]; ok {
				return "__level__/" + name + ".lua", []byte(text), nil
			}
			return "", nil, fmt.Errorf("module %s not found", name)
		},
		Random: rand.NewPCG(1, 2),
		Print:  func(string) {},
	})
	t.Cleanup(vm.Close)
	return vm
}

func eval(t testing.TB, vm *VM, source string) string {
	t.Helper()
	fn, err := vm.Load(source, "test")
	if err != nil {
		return "error: " + err.Error()
	}
	results, err := vm.Call(fn)
	if err != nil {
		return "error: " + err.Error()
	}
	var words []string
	for _, v := range results {
		words = append(words, vm.Text(v))
	}
	return strings.Join(words, " ")
}

func TestLanguage(t *testing.T) {
	tests := []struct{ source, want string }{
		// Numbers become text with 14 digits, wherever they do.
		{`return tostring(0.1)`, "0.1"},
		{`return 2^53 .. ""`, "9.007199254741e+15"},
		{`return 123456789012345 .. "|" .. 12345678901234`, "1.2345678901234e+14|12345678901234"},
		{`return "" .. 100000000000000`, "1e+14"},
		{`return table.concat({1, 1e15, 0.5}, ",")`, "1,1e+15,0.5"},
		{`return string.format("%s %d %.0f %x", 2^53, 2^53, 2^53, 255)`, "9.007199254741e+15 9007199254740992 9007199254740992 ff"},
		{`return string.format("%5.1f|%-5s|%05d|%g|%g|%i", 3.14159, "ab", 42, 0.1, 1e20, 3.9)`, "  3.1|ab   |00042|0.1|1e+20|3"},
		{`return string.format("%q", 'a"b\n')`, "\"a\\\"b\\\n\""},
		{`return (1e15):x()`, "error: test:1: attempt to index a number value"},
		{`return string.len(1e15), string.rep(1e15, 2, "/")`, "5 1e+15/1e+15"},
		{`return ("x"):gsub("x", 1e15)`, "1e+15 1"},
		{`return ("x-y"):gsub("%w", {x = 1e14, y = false})`, "1e+14-y 2"},
		{`return ("abc"):gsub("(b)(c)", "%2%1%0%%")`, "acbbc% 1"},
		{`return 1/0, -1/0, math.huge`, "inf -inf inf"},
		{`return tonumber("1e5"), tonumber("0x10"), tonumber(" 7 "), tonumber("1_0"), tonumber("inf"), tonumber("ff", 16)`, "100000 16 7 nil nil 255"},
		{`return tonumber("18446744073709551616"), 010, 0xA`, "1.844674407371e+19 10 10"},
		// Concatenation: order, precedence, adjustment, metamethods, errors.
		{`local function two() return 1, 2 end return "a" .. two() .. two()`, "a11"},
		{`local function f(...) return "a" .. ... end return f(1, 2)`, "a1"},
		{`local m = setmetatable({}, {__concat = function(a, b) return "[" .. (type(a) == "table" and "t" or a) .. (type(b) == "table" and "t" or b) .. "]" end}) return 1 .. m .. 2`, "1[t2]"},
		{`return "a" .. nil`, "error: test:1: attempt to concatenate a nil value"},
		{`local t = {a = {b = "x"}} t.a.b = t.a.b .. "y" return t.a.b .. #t.a.b`, "xy2"},
		// Order of insertion, also after changes.
		{`local t = {} for _, k in ipairs{"z","a","m","b"} do t[k] = 1 end t.a = nil local s = "" for k in pairs(t) do s = s .. k end return s`, "zmb"},
		{`local p = setmetatable({}, {__pairs = function() return function(_, k) if not k then return 1, 2 end end, nil, nil end}) for k, v in pairs(p) do return k, v end`, "1 2"},
		// An error that is caught leaves the variables of callers alone.
		{`local n = 0 local function inc() n = n + 1 end pcall(error, "x") inc() return n`, "1"},
		{`local n = 0 local function inc() n = n + 1 end xpcall(function() pcall(error) error("x") end, tostring) inc() return n`, "1"},
		{`return pcall(error, {1})`, "false"},
		{`return xpcall(function(a, b) return a + b end, tostring, 1, 2)`, "true 3"},
		{`return xpcall(error, function(e) return "<" .. e .. ">" end, "boom", 0)`, "false <boom>"},
		{`return select(2, pcall(function() error("boom") end))`, "test:1: boom"},
		{`return pcall(assert, false, "no")`, "false no"},
		{`return assert(1, 2), assert("a")`, "1 a"},
		// Libraries of 5.2.
		{`return table.unpack(table.pack(1, nil, 3), 1, 3)`, "1 nil 3"},
		{`return select("#", table.unpack({n = 3}, 1, 3))`, "3"},
		{`local t = {1, 2, 3} t[3] = nil return table.remove(t), #t`, "2 1"},
		{`local t = {1, 2, 3} return table.remove(t, 1), table.remove(t, 1), table.remove(t), table.remove(t), #t`, "1 2 3 nil 0"},
		{`local t = {3, 1, 2, 9} t[4] = nil table.sort(t) return table.concat(t, ",")`, "1,2,3"},
		{`local t = {"a"} table.insert(t, "c") table.insert(t, 2, "b") return table.concat(t)`, "abc"},
		{`return bit32.band(0xFF, 0x0F), bit32.bxor(5, 1), bit32.bnot(0), bit32.lshift(1, 31), bit32.rshift(-1, 28)`, "15 4 4294967295 2147483648 15"},
		{`return bit32.arshift(0x80000000, 31), bit32.lrotate(0x80000001, 1), bit32.extract(0xABCD, 4, 8), bit32.replace(0, 15, 4, 4), bit32.btest(1, 2)`, "4294967295 3 188 240 false"},
		{`for i = 1, 3 do if i == 2 then goto continue end if i == 3 then return i end ::continue:: end`, "3"},
		{`return "\x41\x42", "a\z
		      b", #"\\x41"`, "AB ab 4"},
		{`return load("return 1 + ...")(2), load("x =")`, `3 nil [string "x ="]:1: syntax error near <eof>`},
		{`return load("\27Lua")`, `nil attempt to load a binary chunk (mode is 't')`},
		{`return load("return y", "c", "t", {y = 5 .. ""})()`, "5"},
		{`return table_size({1, 2, a = 3}), rawlen({1}), math.log(8, 2)`, "3 1 3"},
		{`return io, os, package, coroutine, loadfile, dofile, setfenv, unpack, string.dump`, strings.Repeat("nil ", 8) + "nil"},
		{`return serpent.line({1, "a", b = {c = true}})`, `{1, "a", b = {c = true}}`},
		{`return ("abc"):find("b", 10), ("abc"):find("b", 1, true), ("a.b"):find(".", 1, true)`, "nil 2 2 2"},
		{`return math.floor(-3.5), math.max(1, 5), 7 % -3, -7 % 3, 2^10`, "-4 5 -2 2 1024"},
		{`local a = {} a[1000000] = 1 return a[1000000]`, "1"},
		{`local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end return deep(5000)`, "5000"},
		{`local function f() return f() + 1 end return (pcall(f))`, "false"},
	}
	for _, test := range tests {
		if got := eval(t, newVM(t, nil), test.source); !strings.HasPrefix(got, test.want) || (got != test.want && !strings.Contains(test.want, "false")) {
			t.Errorf("%s\n got %q\nwant %q", test.source, got, test.want)
		}
	}
}

func TestErrorsTellPlaceAndCallers(t *testing.T) {
	vm := newVM(t, nil)
	fn, err := vm.Load("local function inner()\n  error('boom')\nend\nfunction outer()\n  inner()\n  return 1\nend", "__level__/control.lua")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vm.Call(fn); err != nil {
		t.Fatal(err)
	}
	_, err = vm.Call(vm.L.GetGlobal("outer").(*lua.LFunction))
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	if failure.Message != "__level__/control.lua:2: boom" {
		t.Errorf("message %q", failure.Message)
	}
	if !strings.HasPrefix(failure.Traceback, "stack traceback:\n\t") || !strings.Contains(failure.Traceback, "__level__/control.lua:5:") {
		t.Errorf("traceback %q", failure.Traceback)
	}
	if got := eval(t, vm, "return 1 .. 1"); got != "11" {
		t.Errorf("state unusable after an error: %q", got)
	}
}

func TestRequire(t *testing.T) {
	files := map[string]string{
		"a": `loads = (loads or 0) + 1 return {value = require("b")}`,
		"b": `return "b" .. 1`,
		"l": `return require("l")`,
	}
	vm := newVM(t, files)
	if got := eval(t, vm, `return require("a").value .. require("a").value .. loads`); got != "b1b11" {
		t.Errorf("got %q", got)
	}
	if got := eval(t, vm, `return require("missing")`); got != "error: test:1: module missing not found" {
		t.Errorf("got %q", got)
	}
	if got := eval(t, vm, `return require("l")`); !strings.Contains(got, "loop") {
		t.Errorf("got %q", got)
	}
	vm.Seal()
	if got := eval(t, vm, `return require("a")`); !strings.Contains(got, "Require can't be used outside of control.lua parsing") {
		t.Errorf("got %q", got)
	}
}

func TestRandomFollowsTheMap(t *testing.T) {
	const source = `local t = {} for i = 1, 20 do t[i] = math.random(1, 100) end return table.concat(t, ",")`
	first, second := eval(t, newVM(t, nil), source), eval(t, newVM(t, nil), source)
	if first != second {
		t.Errorf("two states of one map differ: %s, %s", first, second)
	}
	if got := eval(t, newVM(t, nil), `return math.random(5, 5), pcall(math.random, 2, 1)`); !strings.HasPrefix(got, "5 false") {
		t.Errorf("got %q", got)
	}
}
