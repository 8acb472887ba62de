package luavm

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// The expected values are those of the manual of Lua 5.4 and of its reference implementation's rules.
func TestStringPack(t *testing.T) {
	hex := func(expression string) string {
		return `return (` + expression + `):gsub(".", function(c) return string.format("%02x", c:byte()) end)`
	}
	for _, test := range []struct{ source, want string }{
		{hex(`string.pack("<i4", 100)`), "64000000 4"},
		{hex(`string.pack(">i4", -2)`), "fffffffe 4"},
		{hex(`string.pack("<i3 >I2 b", -1, 258, -128)`), "ffffff010280 6"},
		{hex(`string.pack("<i16", -2)`), "fe" + strings.Repeat("ff", 15) + " 16"},
		{hex(`string.pack("<d", 1)`), "000000000000f03f 8"},
		{hex(`string.pack(">f", 0.5)`), "3f000000 4"},
		{hex(`string.pack("z s1 c4", "ab", "cd", "e")`), "61620002636465000000 10"},
		{hex(`string.pack("<!4 b i4", 1, 2)`), "0100000002000000 8"},
		{hex(`string.pack("<!4 b Xi4 x", 1)`), "0100000000 5"},
		{`return string.packsize("<!8 b d"), string.packsize("<i4i8"), string.packsize("c10x"), string.packsize("j n T")`, "16 12 11 24"},
		{`return string.unpack("<i2 >i2", "\1\0\0\1")`, "1 1 5"},
		{`return string.unpack("<I1 b", "\255\255")`, "255 -1 3"},
		{`return string.unpack("z s1", "ab\0\2cd")`, "ab cd 7"},
		{`return string.unpack("<i4", "xx\1\0\0\0", 3)`, "1 7"},
		{`return string.unpack("b", "\1\2\3", -1)`, "3 4"},
		{`return string.unpack("<d f", string.pack("<d f", 0.1, 0.25))`, "0.1 0.25 13"},
		{`return string.unpack("<i16", string.pack("<i16", -5))`, "-5 17"},
		{`return string.unpack(">i16", string.pack(">i16", -5))`, "-5 17"},
		{`return pcall(string.pack, "i17", 1)`, "integral size (17) out of limits [1,16]"},
		{`return pcall(string.pack, "b", 200)`, "integer overflow"},
		{`return pcall(string.pack, "B", -1)`, "unsigned overflow"},
		{`return pcall(string.pack, "i4", 1.5)`, "number has no integer representation"},
		{`return pcall(string.pack, "c", "x")`, "missing size for format option 'c'"},
		{`return pcall(string.pack, "c1", "xy")`, "string longer than given size"},
		{`return pcall(string.pack, "y", 1)`, "invalid format option 'y'"},
		{`return pcall(string.pack, "!4 i3", 1)`, "format asks for alignment not power of 2"},
		{`return pcall(string.packsize, "z")`, "variable-length format"},
		{`return pcall(string.unpack, "i4", "abc")`, "data string too short"},
		{`return pcall(string.unpack, "s4", "\255\255\255\255")`, "data string too short"},
		{`return pcall(string.unpack, "z", "abc")`, "unfinished string for format 'z'"},
		{`return pcall(string.unpack, "b", "a", 9)`, "initial position out of string"},
		{`return pcall(string.unpack, "<i9", ("\1"):rep(9))`, "9-byte integer does not fit into Lua Integer"},
	} {
		got := eval(t, newVM(t, nil), test.source)
		if reason, failed := strings.CutPrefix(got, "false "); failed { // the interpreter words the place its own way
			if _, after, ok := strings.Cut(reason, " ("); ok && strings.HasPrefix(strings.TrimSpace(reason), "bad argument") {
				reason = strings.TrimSuffix(after, ")")
			}
			got = strings.TrimSpace(reason)
		}
		if got != test.want {
			t.Errorf("%s\n got %q\nwant %q", test.source, got, test.want)
		}
	}
}

func FuzzStringUnpack(f *testing.F) {
	f.Add("<i4 z s2", "\x01\x00\x00\x00ab\x00\x01\x00x", 1)
	f.Add("!8 b Xd > i16 c3", strings.Repeat("\x01", 40), -40)
	f.Add("s8", strings.Repeat("\xff", 8), 1)
	f.Fuzz(func(t *testing.T, format, data string, at int) {
		vm := newVM(t, nil)
		if fn, err := vm.Load(`local ok, e = pcall(string.unpack, ...) pcall(string.packsize, (...)) return ok`, "fuzz"); err != nil {
			t.Fatal(err)
		} else if _, err := vm.Call(fn, lua.LString(format), lua.LString(data), lua.LNumber(at)); err != nil {
			t.Fatal(err)
		}
	})
}
