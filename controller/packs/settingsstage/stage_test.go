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

func FuzzRun(f *testing.F) {
	f.Add(`data:extend{{type = "int-setting", name = "x" .. 1, setting_type = "startup", default_value = 5, minimum_value = 1}}`)
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
