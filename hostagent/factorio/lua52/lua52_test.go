package lua52

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// The statements of the chunk itself are replaced; those inside others are their owner's to find.
func TestStatement(t *testing.T) {
	for name, source := range map[string]string{
		"a swap":              `local a, b = 1, 2 a, b = b, a assert(a == 2 and b == 1)`,
		"a swap by calls":     `local a, b, c = 1, 2, 3 a, b, c = tostring(b), c + 1, a + 1 assert(a == "2" and b == 4 and c == 2)`,
		"a place by variable": `local i, t = 1, {} t[i], i = 20, 7 assert(t[1] == 20 and i == 7) i, t[i] = 1, 30 assert(t[7] == 30 and i == 1)`,
		"a place by a call":   `local t, n = {}, 0 local function f() n = n + 1 return t, n end f().x, f().y = 1, 2 assert(t.x == 1 and t.y == 2 and n == 2)`,
		"too few values":      `local a, b, c = 9, 9, 9 a, b, c = (function() return 1, 2 end)() assert(a == 1 and b == 2 and c == nil)`,
		"too many":            `local a, b a, b = 5, 6, 7 assert(a == 5 and b == 6)`,
		"globals and fields":  `x, y = 1, 2 x, y = y, x local t = {m = 1, n = 2} t.m, t.n = t.n, t.m assert(x == 2 and y == 1 and t.m == 2 and t.n == 1)`,
	} {
		if err := run(source); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEscapes(t *testing.T) {
	for _, source := range []string{
		`assert("\x41\x2e" == "A." and 'it\'s \x41' == "it's A")`,
		"assert(\"a\\z\n   b\" == \"ab\") assert('\\\\x41' == [[\\x41]])",
		"-- \"\\x41\n--[==[ \\z ]] \" ]==] assert([=[\\x]=] == '\\\\x')",
	} {
		if err := run(source); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func run(source string) error {
	chunk, err := parse.Parse(strings.NewReader(Escapes(source)), "test")
	if err != nil {
		return err
	}
	for i, s := range chunk {
		chunk[i] = Statement(s)
	}
	proto, err := lua.Compile(chunk, "test")
	if err != nil {
		return err
	}
	state := lua.NewState()
	defer state.Close()
	state.Push(state.NewFunctionFromProto(proto))
	return state.PCall(0, 0, nil)
}

func FuzzEscapes(f *testing.F) {
	for _, s := range []string{`"\x41"`, `'\z  x'`, "--[[ \\x ]] x", `[==[ "\x41" ]==]`, `"\x4`, `"\`, "[=", "--[", "\"\\z\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if out := Escapes(source); strings.Count(out, "\n") < strings.Count(source, "\n") {
			t.Errorf("lines lost: %q became %q", source, out)
		}
	})
}
