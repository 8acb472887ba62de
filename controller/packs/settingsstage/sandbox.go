package settingsstage

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// The game's own library, as far as settings use it.
//
//go:embed library.lua
var library string

func init() {
	// A table with one far index takes the room of all before it, which no count of instructions bounds.
	lua.MaxArrayIndex = 4096
}

// unsafe are functions of the basic library that reach out of the sandbox, or that the game has not.
var unsafe = []string{"dofile", "loadfile", "loadstring", "load", "module", "newproxy", "collectgarbage", "setfenv", "getfenv", "_printregs"}

func newState(ctx context.Context, c Config) *state {
	s := &state{
		config: c, budget: newBudget(ctx, c.limits), owner: make(map[string]string), loaded: make(map[string]lua.LValue),
		lua: lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: 200, RegistrySize: 8 << 10, RegistryMaxSize: 128 << 10, RegistryGrowStep: 8 << 10}),
	}
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		s.lua.Push(s.lua.NewFunction(open))
		s.lua.Call(0, 0)
	}
	for _, name := range unsafe {
		s.lua.SetGlobal(name, lua.LNil)
	}
	s.boundLibraries()
	s.world()
	s.lua.SetContext(s.budget)
	f, err := s.compile(library, "library.lua")
	if err == nil {
		err = s.lua.CallByParam(lua.P{Fn: f, Protect: true})
	}
	if err != nil && ctx.Err() == nil {
		s.problem("The library of the sandbox can't be run: %v.", err) // a fault of this program
	}
	return s
}

func (s *state) function(name string, f lua.LGFunction) { s.lua.SetGlobal(name, s.lua.NewFunction(f)) }

// world makes what the game gives to settings.lua.
func (s *state) world() {
	l := s.lua
	s.raw = l.NewTable()
	for kind := range kinds {
		s.raw.RawSetString(kind, l.NewTable())
	}
	data := l.NewTable()
	data.RawSetString("raw", s.raw)
	data.RawSetString("extend", l.NewFunction(s.extend))
	l.SetGlobal("data", data)
	mods := l.NewTable()
	for _, m := range s.config.Mods {
		mods.RawSetString(m.Name, lua.LString(m.Version))
	}
	l.SetGlobal("mods", mods)
	flags := l.NewTable()
	for _, flag := range modinfo.Flags {
		flags.RawSetString(flag, lua.LBool(slices.Contains(s.config.Flags, flag)))
	}
	l.SetGlobal("feature_flags", flags)
	helpers := l.NewTable()
	helpers.RawSetString("game_version", lua.LString(s.config.Game.String()))
	helpers.RawSetString("compare_versions", l.NewFunction(compareVersions))
	l.SetGlobal("helpers", helpers)
	for _, name := range []string{"log", "print", "localised_print"} {
		s.function(name, func(*lua.LState) int { return 0 })
	}
	s.function("require", s.require)
	s.function("load", s.load)
	s.function("table_size", func(l *lua.LState) int {
		n := 0
		l.CheckTable(1).ForEach(func(lua.LValue, lua.LValue) { n++ })
		l.Push(lua.LNumber(n))
		return 1
	})
}

func compareVersions(l *lua.LState) int {
	a, err := factorio.ParseLenient(l.CheckString(1))
	b, err2 := factorio.ParseLenient(l.CheckString(2))
	if err := errors.Join(err, err2); err != nil {
		l.RaiseError("%s", err.Error())
	}
	l.Push(lua.LNumber(a.Compare(b)))
	return 1
}

// extend is data:extend{…}, and data.extend{…} as some write it.
func (s *state) extend(l *lua.LState) int {
	list := l.CheckTable(1)
	if l.GetTop() > 1 {
		list = l.CheckTable(2)
	}
	list.ForEach(func(_, v lua.LValue) {
		prototype, ok := v.(*lua.LTable)
		if !ok {
			l.RaiseError("data:extend takes a list of tables")
		}
		kind, name := prototype.RawGetString("type"), prototype.RawGetString("name")
		if kind.Type() != lua.LTString || name.Type() != lua.LTString {
			l.RaiseError("data:extend: a table has no \"type\" or no \"name\"")
		}
		if s.made++; s.made > maxPrototypes {
			l.RaiseError("more than %d settings", maxPrototypes)
		}
		of, ok := s.raw.RawGet(kind).(*lua.LTable)
		if !ok {
			of = l.NewTable()
			s.raw.RawSet(kind, of)
		}
		of.RawSet(name, prototype)
	})
	return 0
}

// load compiles a text, as the function of that name.
func (s *state) load(l *lua.LState) int {
	f, err := s.compile(l.CheckString(1), l.OptString(2, "=(load)"))
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	if env, ok := l.Get(4).(*lua.LTable); ok {
		f.Env = env
	}
	l.Push(f)
	return 1
}

// require runs a file of a mod once.
func (s *state) require(l *lua.LState) int {
	asked := l.CheckString(1)
	if len(asked) > 200 {
		l.RaiseError("require: the name is too long")
	}
	m, name, err := s.find(asked)
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
	key := name
	if m != nil {
		key = "__" + m.Name + "__/" + name
	}
	if v, there := s.loaded[key]; there {
		l.Push(v)
		return 1
	}
	s.loaded[key] = lua.LTrue // one that asks for itself gets this
	var result lua.LValue
	if m == nil {
		result = l.GetGlobal(name)
	} else if result, err = s.runFile(m, name); err != nil {
		l.RaiseError("%s", message(err))
	}
	if result == lua.LNil {
		result = lua.LTrue
	}
	s.loaded[key] = result
	l.Push(result)
	return 1
}

// find returns the file that a name means: of the mod that runs, beside the file that runs, of another mod, or, without a mod, the part of
// the game's library that this package has.
func (s *state) find(asked string) (*Mod, string, error) {
	m, rest := s.mod, strings.ReplaceAll(asked, `\`, "/")
	own := true
	if after, ok := strings.CutPrefix(rest, "__"); ok {
		if name, file, ok := strings.Cut(after, "__"); ok {
			rest, own, m = strings.TrimLeft(file, "/."), false, nil
			for i := range s.config.Mods {
				if s.config.Mods[i].Name == name {
					m = &s.config.Mods[i]
				}
			}
			if m == nil && name != "core" {
				return nil, "", fmt.Errorf("require: there is no mod %q for %q", name, asked)
			}
		}
	}
	if base := path.Base(strings.ReplaceAll(rest, ".", "/")); m == nil || m.Files == nil {
		if base == "util" {
			return nil, base, nil
		}
		return nil, "", fmt.Errorf("the game's own file %q is not at hand", asked)
	}
	tries := []where{{m, ""}}
	if at := len(s.files) - 1; own && at >= 0 {
		// A file that another mod asks for finds those beside it.
		tries = []where{{m, ""}, {s.files[at].mod, ""}, s.files[at]}
	}
	for _, try := range tries {
		for _, name := range candidates(try.dir, rest) {
			if slices.Contains(try.mod.Files.Names(), name) {
				return try.mod, name, nil
			}
		}
	}
	if own && path.Base(strings.ReplaceAll(rest, ".", "/")) == "util" {
		return nil, "util", nil
	}
	return nil, "", fmt.Errorf("require: %s has no file for %q", m.Name, asked)
}

// candidates are the files that a name in a folder of a mod may mean. Names that lead out of the mod are those of no file in it.
func candidates(dir, rest string) []string {
	plain := strings.TrimSuffix(rest, ".lua")
	var names []string
	for _, name := range []string{strings.ReplaceAll(plain, ".", "/") + ".lua", plain + ".lua", strings.ReplaceAll(rest, ".", "/") + ".lua"} {
		names = append(names, strings.TrimPrefix(path.Join(dir, name), "/"))
	}
	return names
}

// random is that of the mathematical library, the same in each run.
func random(source *rand.Rand) lua.LGFunction {
	return func(l *lua.LState) int {
		switch l.GetTop() {
		case 0:
			l.Push(lua.LNumber(source.Float64()))
			return 1
		case 1:
			l.Push(lua.LNumber(1 + source.Int64N(max(l.CheckInt64(1), 1))))
			return 1
		}
		low, high := l.CheckInt64(1), l.CheckInt64(2)
		if high < low || high-low < 0 {
			l.RaiseError("the interval of a random number is empty")
		}
		l.Push(lua.LNumber(low + source.Int64N(max(high-low+1, 1))))
		return 1
	}
}
