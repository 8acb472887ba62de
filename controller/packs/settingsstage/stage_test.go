package settingsstage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/proptree"
)

// files are those of a mod in memory.
type files map[string]string

func (f files) Names() []string { return slices.Sorted(maps.Keys(f)) }

func (f files) Open(name string) (io.ReadCloser, error) {
	text, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func run(t *testing.T, mods ...Mod) *packs.Definitions {
	t.Helper()
	d, err := Run(t.Context(), Config{Game: factorio.Version{Major: 2, Patch: 60}, Flags: []string{"space_travel"},
		Mods: append([]Mod{{Name: "base", Version: "2.0.60"}}, mods...)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mod(name, settings string) Mod {
	return Mod{Name: name, Version: "1.2.3", Files: files{"settings.lua": settings}}
}

func TestKindsOfSettings(t *testing.T) {
	d := run(t, mod("a", `
		data:extend({
			{type = "bool-setting", name = "on", setting_type = "startup", default_value = true, order = "b"},
			{type = "int-setting", name = "count", setting_type = "runtime-global", default_value = 5, minimum_value = 1, maximum_value = 10, order = "a"},
			{type = "double-setting", name = "speed", setting_type = "runtime-per-user", default_value = 0.5, allowed_values = {0.5, 1, 2}},
			{type = "string-setting", name = "mode", setting_type = "startup", default_value = "fast", allowed_values = {"fast", "slow"}, order = "a",
				localised_name = {"", "Mode ", {"a.key", 5}}, localised_description = {"?", {"a.none"}, "plain"}},
			{type = "string-setting", name = "free", setting_type = "startup", default_value = "", allow_blank = true, auto_trim = true, order = "c"},
			{type = "color-setting", name = "tint", setting_type = "startup", default_value = {255, 127.5, 0}, order = "d"},
			{type = "bool-setting", name = "forced", setting_type = "startup", default_value = true, hidden = true, forced_value = false, order = "e"},
		})`))
	if len(d.Problems) > 0 {
		t.Fatal(d.Problems)
	}
	colour := proptree.Dictionary{}
	for key, v := range map[string]float64{"r": 1} {
		colour.Set(key, v)
	}
	colour.Set("g", 0.5)
	colour.Set("b", 0.0)
	colour.Set("a", 1.0)
	want := []packs.Definition{
		{Scope: "startup", Name: "mode", Kind: api.SettingString, Default: "fast", Allowed: []any{"fast", "slow"}, Order: "a",
			Title:       packs.Text{Parts: []packs.Text{{Plain: "Mode "}, {Key: "a.key", Parts: []packs.Text{{Plain: "5"}}}}},
			Description: packs.Text{First: true, Parts: []packs.Text{{Key: "a.none"}, {Plain: "plain"}}}},
		{Scope: "startup", Name: "on", Kind: api.SettingBool, Default: true, Order: "b"},
		{Scope: "startup", Name: "free", Kind: api.SettingString, Default: "", AllowBlank: true, AutoTrim: true, Order: "c"},
		{Scope: "startup", Name: "tint", Kind: api.SettingColor, Default: colour, Order: "d"},
		{Scope: "startup", Name: "forced", Kind: api.SettingBool, Default: false, Hidden: true, Forced: true, Order: "e"},
		{Scope: "runtime-global", Name: "count", Kind: api.SettingInt, Default: int64(5), Min: int64(1), Max: int64(10), Order: "a"},
		{Scope: "runtime-per-user", Name: "speed", Kind: api.SettingDouble, Default: 0.5, Allowed: []any{0.5, 1.0, 2.0}},
	}
	for i := range want {
		want[i].Mod = "a"
	}
	if !reflect.DeepEqual(d.List, want) {
		t.Errorf("\n got %+v\nwant %+v", d.List, want)
	}
}

// Stages run for all mods one after the other, and what a mod makes is its own also if another one changes it.
func TestStagesAndMods(t *testing.T) {
	d := run(t,
		Mod{Name: "first", Version: "1.0.0", Files: files{
			"settings.lua": `local make = require("prototypes.make") make("one", mods["second"] and 2 or 1)
				assert(mods.base == "2.0.60" and not mods.third and feature_flags.space_travel and not feature_flags.quality)
				assert(helpers.compare_versions(helpers.game_version, "2.0.9") > 0 and table_size{a=1, 2} == 2)`,
			"prototypes/make.lua":      `local kind = require("kind") return function(name, value) data:extend{{type = kind.of(), name = name, setting_type = "startup", default_value = value}} end`,
			"prototypes/kind.lua":      `return {of = function() return "int-setting" end}`,
			"settings-final-fixes.lua": `data.raw["int-setting"]["one"].default_value = data.raw["int-setting"].one.default_value + 100`,
		}},
		Mod{Name: "second", Version: "1.0.0", Files: files{
			"settings-updates.lua": `data.raw["int-setting"]["one"].hidden = true require("__first__/prototypes/make")("two", 7)
				local again = util.table.deepcopy(data.raw["int-setting"].two) again.name = "three" data.extend({again})`,
		}})
	got := ""
	for _, def := range d.List {
		got += fmt.Sprint(def.Mod, " ", def.Name, " ", def.Default, " ", def.Hidden, "; ")
	}
	if want := "first one 102 true; second three 7 false; second two 7 false; "; got != want || len(d.Problems) > 0 {
		t.Errorf("%s, problems %q", got, d.Problems)
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	for _, test := range []struct{ name, lua, want string }{
		{"no Lua", "data:extend{", "a 1.2.3: settings.lua can't be run: __a__/settings.lua at EOF"},
		{"an error", "local x = nil\nx.y = 1", "__a__/settings.lua:2: attempt to index a non-table object(nil)"},
		{"no type", `data:extend{{name = "x"}}`, `a table has no "type" or no "name"`},
		{"no scope", `data:extend{{type = "int-setting", name = "x", default_value = 1}}`, `a: the setting x is not right: its setting_type is ""`},
		{"no default", `data:extend{{type = "int-setting", name = "x", setting_type = "startup"}}`, "it has no default_value"},
		{"a default of another kind", `data:extend{{type = "int-setting", name = "x", setting_type = "startup", default_value = "5"}}`, `its default: "5" is no whole number`},
		{"a default out of range", `data:extend{{type = "int-setting", name = "x", setting_type = "startup", default_value = 5, maximum_value = 4}}`, "is more than 4"},
		{"a file that is not there", `require("nothing")`, `a has no file for "nothing"`},
		{"the game's own file", `require("__base__/prototypes/x")`, `the game's own file "__base__/prototypes/x" is not at hand`},
		{"a mod that is not there", `require("__b__/x")`, `there is no mod "b"`},
		{"out of the mod", `require("../../etc/passwd")`, "has no file for"},
		{"no way out", `io.open("x")`, "attempt to index a non-table object(nil)"},
		{"nor there", `os.exit()`, "attempt to index a non-table object(nil)"},
		{"nor by loading files", `loadfile("/etc/passwd")`, "attempt to call a non-function object"},
		{"joining nothing", `local x = "a" .. nil`, "attempt to concatenate a nil value"},
	} {
		d := run(t, mod("a", test.lua), mod("b2", `data:extend{{type = "bool-setting", name = "fine", setting_type = "startup", default_value = true}}`))
		if got := strings.Join(d.Problems, "\n"); !strings.Contains(got, test.want) || strings.Contains(got, "stack traceback") {
			t.Errorf("%s: %q, not %q", test.name, got, test.want)
		}
		if _, ok := d.Get("startup", "fine"); !ok {
			t.Errorf("%s: the settings of another mod are lost", test.name)
		}
	}
}

// Whatever a mod does, a run ends, takes bounded memory, and says why it ended.
func TestBounds(t *testing.T) {
	for name, lua := range map[string]string{
		"an endless loop":             `while true do end`,
		"one that catches errors":     `while true do pcall(function() while true do end end) end`,
		"endless calls":               `local function f() return f() + 1 end f()`,
		"a text that doubles":         `local s = "x" for i = 1, 100 do s = s .. s end`,
		"one that does by itself":     `local t = setmetatable({}, {__concat = function(a, b) return a .. b end}) local x = t .. t`,
		"a long repetition":           `local s = string.rep("x", 1e9)`,
		"a repetition of much":        `local s = string.rep(string.rep("x", 1e6), 1e6)`,
		"many tables":                 `local t = {} for i = 1, 1e9 do t[i] = {i} end`,
		"far indexes":                 `local t = {} for i = 1, 1e9 do t[i] = {} t[i][67108863] = 1 t[i][4000] = 1 end`,
		"a wide number":               `string.format("%99999999d", 1)`,
		"many wide texts":             `local s = string.rep("x", 1e6) string.format(string.rep("%s", 1000), s, s, s)`,
		"a costly pattern":            `string.find(string.rep("a", 10000), ".-.-.-.-.-b")`,
		"a replacement that grows":    `string.gsub(string.rep("a", 16000), "a", string.rep("b", 1e6))`,
		"one by a table":              `local s = string.rep("b", 1e6) string.gsub(string.rep("a", 16000), "a", {a = s})`,
		"one by a function":           `local s = string.rep("b", 1e6) string.gsub(string.rep("a", 16000), "a", function() return s end)`,
		"a join of much":              `local s, t = string.rep("b", 1e6), {} for i = 1, 1000 do t[i] = s end table.concat(t)`,
		"unpacking much":              `unpack({}, 1, 1e9)`,
		"deep nesting":                `local x = ` + strings.Repeat("{", 5000) + strings.Repeat("}", 5000),
		"deep signs":                  `local x = ` + strings.Repeat("- ", 100000) + `1`,
		"a long chain":                `local x = "a"` + strings.Repeat(` .. "a"`, 20000) + ` error(#x)`,
		"many settings":               `for i = 1, 1e9 do data:extend{{type = "int-setting", name = "n" .. i, setting_type = "startup", default_value = 1}} end`,
		"a file that asks for itself": `require("settings")`,
	} {
		t.Run(name, func(t *testing.T) {
			// Less than usual, for the time of tests.
			d, err := Run(t.Context(), Config{Mods: []Mod{mod("a", lua)}, limits: limits{time: time.Minute, instructions: 1_000_000, memory: 16 << 20}})
			if err != nil {
				t.Fatal(err)
			}
			if name != "a file that asks for itself" && len(d.Problems) == 0 {
				t.Error("no problem was told")
			}
			for _, problem := range d.Problems {
				if len(problem) > 500 {
					t.Errorf("a problem of %d bytes", len(problem))
				}
			}
		})
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, Config{Mods: []Mod{mod("a", `while true do end`)}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// What the guard makes of ".." is what the language says.
func TestJoinedTexts(t *testing.T) {
	d := run(t, mod("a", `
		local function two() return "x", "y" end
		local function three(...) return ... .. "!" end
		local order = {}
		local t = setmetatable({}, {__concat = function(a, b) return (a == "a" and "A" or "T") .. tostring(b ~= nil) end})
		assert(two() .. 1 .. 2.5 == "x12.5" and ("a" .. two()) == "ax" and three("p", "q") == "p!")
		assert("a" .. t == "Atrue" and t .. "b" == "Ttrue")
		local n = select("#", "a" .. two()) assert(n == 1)
		assert(#("a" .. "b" .. "c" .. 1 .. ("d" .. "e")) == 6)
		assert(string.format("%-5s|%03d|%.2f|%%", "ab", 7, 1.5) == "ab   |007|1.50|%")
		assert(("a-b-c"):gsub("%-", "+") == "a+b+c" and ("k=v"):match("^(.-)=(.*)$") == "k")
		assert(("abc"):gsub("%w", {a = "1", b = true and "2"}) == "12c" and ("abc"):gsub("(b)", function(m) return m .. m end) == "abbc")
		assert(table.concat({1, 2, 3}, ", ") == "1, 2, 3" and string.rep("ab", 3, "-") == "ab-ab-ab")
		assert(load("return 1 + 1")() == 2 and table.pack(1, nil).n == 2 and math.random(3) <= 3)
		data:extend{{type = "string-setting", name = "fine", setting_type = "startup", default_value = util.color("ff0000").r .. ""}}`))
	if def, ok := d.Get("startup", "fine"); len(d.Problems) > 0 || !ok || def.Default != "1" {
		t.Errorf("%q, %+v", d.Problems, def)
	}
}

// The game's Lua is 5.2 and gopher-lua's is 5.1: what settings use of that, and of the game's helpers, is the game's.
func TestTheGamesLanguage(t *testing.T) {
	for name, lua := range map[string]string{
		"a swap":                    `local a, b = 1, 2 a, b = b, a assert(a == 2 and b == 1)`,
		"a swap by calls":           `local a, b, c = 1, 2, 3 a, b, c = tostring(b), c + 1, a + 1 assert(a == "2" and b == 4 and c == 2)`,
		"arguments too":             `local function f(a, b) a, b = math.floor(a / 2), math.floor(b / 2) return a, b end local x, y = f(4, 6) assert(x == 2 and y == 3)`,
		"a place by a variable":     `local i, t = 1, {} t[i], i = 20, 7 assert(t[1] == 20 and i == 7) i, t[i] = 1, 30 assert(t[7] == 30 and i == 1)`,
		"too few and too many":      `local a, b, c = 9, 9, 9 a, b, c = (function() return 1, 2 end)() assert(a == 1 and b == 2 and c == nil) a, b = 5, 6, 7 assert(b == 6)`,
		"globals and fields":        `x, y = 1, 2 x, y = y, x local t = {m = 1, n = 2} t.m, t.n = t.n, t.m assert(x == 2 and y == 1 and t.m == 2 and t.n == 1)`,
		"upvalues":                  `local a, b = 1, 2 local function swap() a, b = b, a end swap() assert(a == 2 and b == 1)`,
		"searching one by one":      `local n, all = 0, "" for word in string.gmatch("a bc d", "%S+") do n, all = n + 1, all .. word end assert(n == 3 and all == "abcd")`,
		"… with captures":           `for k, v in ("k=v"):gmatch("(%w)=(%w)") do assert(k == "k" and v == "v") end`,
		"escaped bytes":             `assert("\x41\x2e" == "A." and 'it\'s \x41' == "it's A" and [[\x41]] == "\\x41") -- "\x41`,
		"escaped white space":       "assert(\"a\\z\n   b\" == \"ab\") --[==[ \\z ]] \" ]==] assert('\\\\x41' == [[\\x41]])",
		"raw lengths":               `assert(rawlen({1, 2}) == 2 and rawlen("abc") == 3)`,
		"logarithms":                `assert(math.log(8, 2) == 3 and math.log(1) == 0)`,
		"bits":                      `assert(bit32.band(7, 3) == 3 and bit32.bor(1, 2) == 3 and bit32.bxor(5, 1) == 4 and bit32.bnot(0) == 4294967295 and bit32.btest(6, 2) and not bit32.btest(4, 2))`,
		"shifts":                    `assert(bit32.lshift(1, 4) == 16 and bit32.rshift(16, 4) == 1 and bit32.lshift(1, 40) == 0 and bit32.lshift(4, -1) == 2 and bit32.arshift(-8, 1) == 4294967292)`,
		"turns and fields of bits":  `assert(bit32.lrotate(0x80000001, 1) == 3 and bit32.rrotate(3, 1) == 0x80000001 and bit32.extract(0xf0, 4, 4) == 15 and bit32.replace(0, 5, 4, 3) == 0x50)`,
		"no such bits":              `assert(not pcall(bit32.extract, 1, 31, 2))`,
		"short colours":             `assert(util.color("f00").r == 1 and util.color("#80").g == 128 / 255 and util.color("ff000080").a == 128 / 255 and util.color("fff").a == nil)`,
		"colours":                   `assert(util.multiply_color({1, 0.5, 0}, 2)[2] == 1 and util.premul_color({r = 1, a = 0.5}).r == 0.5)`,
		"parts of texts":            `assert(util.split("a,b;c", ",;")[3] == "c" and #util.split_whitespace(" a  b ") == 2 and util.string_starts_with("abc", "ab") and util.string_replace("a.b.c", ".", "%1") == "a%1b%1c")`,
		"numbers":                   `local t = {n = 1} util.increment(t, "n") assert(t.n == 2 and util.clamp(9, 1, 5) == 5 and util.conditional_return(true, 3) == 3)`,
		"a text with an order":      `for i, s in pairs({{type = "bool-setting", setting_type = "startup", name = "n", default_value = true}}) do s.order = i data:extend{s} end`,
		"byte order mark and lines": "\ufeffassert(true)\r\nassert(true)\r\n",
	} {
		if d := run(t, mod("a", lua)); len(d.Problems) > 0 {
			t.Errorf("%s: %q", name, d.Problems)
		}
	}
	d := run(t, mod("a", `data.raw["int-setting"]["far-away"] = 120`), mod("b", `error({"x"})`))
	if got := strings.Join(d.Problems, "\n"); !strings.Contains(got, "far-away is not right: it is number, not a table") || !strings.Contains(got, "an error that has no words") {
		t.Errorf("%s", got)
	}
}

func FuzzRun(f *testing.F) {
	f.Add(`data:extend{{type = "int-setting", name = "x" .. 1, setting_type = "startup", default_value = 5, minimum_value = 1}}`)
	f.Add(`local a, t = 1, {} t[a], a, t.x = a, bit32.lshift(1, 3), "\x41" for w in ("a b"):gmatch("%S+") do util.split(w, ",") end`)
	f.Add(`local s = ("a"):rep(3) .. #{} .. tostring(nil) for k, v in pairs(data.raw) do s = s:gsub("%a", k) end`)
	f.Fuzz(func(t *testing.T, source string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		d, err := Run(ctx, Config{Game: factorio.Version{Major: 2}, Mods: []Mod{mod("a", source)}})
		if err != nil {
			return
		}
		for _, def := range d.List {
			if _, err := def.Check(def.Default); err != nil && def.Kind != api.SettingString {
				t.Errorf("%+v: %v", def, err)
			}
		}
	})
}
