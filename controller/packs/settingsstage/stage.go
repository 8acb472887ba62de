// Package settingsstage finds out which settings mods have, by what the game does too: it runs their settings.lua, settings-updates.lua and
// settings-final-fixes.lua, in load order and in one Lua state.
//
// That is foreign code, so it runs in a sandbox that has no way to files but those of the mods, to the network or to a clock, and bounds
// for its instructions, its memory and what it makes. The sandbox is not the game: what of the game is not at hand is told by problems.
// A Run starts no goroutine and ends soon after its context.
package settingsstage

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"mainbus/controller/packs"
	"mainbus/hostagent/factorio"
)

const (
	maxSource     = 1 << 20 // bytes of one file
	maxSources    = 32 << 20
	maxString     = 1 << 20
	maxPrototypes = 50_000
	maxProblems   = 200
)

// limits are those of a run.
type limits struct {
	time         time.Duration
	instructions int
	memory       uint64 // bytes by which the program may grow meanwhile
}

// usual is a hundred times what large packs take.
var usual = limits{time: 10 * time.Second, instructions: 10_000_000, memory: 64 << 20}

var stages = []string{"settings.lua", "settings-updates.lua", "settings-final-fixes.lua"}

// Files are those of a mod, by name from its folder on; save.Archive reads a zip so.
type Files interface {
	Names() []string
	Open(name string) (io.ReadCloser, error)
}

// Mod is an enabled mod.
type Mod struct {
	Name    string
	Version string
	Files   Files // nil: not at hand, as those of the game
}

// Config is what Run needs.
type Config struct {
	Game  factorio.Version
	Mods  []Mod    // in load order, the game's own too
	Flags []string // features that the mods ask for, like "space_travel"

	limits limits // zero: usual
}

// Run runs the stage. What a mod's error leaves out is told by the problems of the definitions; the error is that of ctx.
func Run(ctx context.Context, c Config) (*packs.Definitions, error) {
	if c.limits == (limits{}) {
		c.limits = usual
	}
	limited, cancel := context.WithTimeout(ctx, c.limits.time)
	defer cancel()
	s := newState(limited, c)
	defer s.lua.Close()
	for _, stage := range stages {
		for i := range c.Mods {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if s.budget.spent() {
				continue
			}
			s.runMod(&c.Mods[i], stage)
		}
	}
	if err := s.budget.why; err != nil {
		s.problem("The mods' settings were not read to the end: %v.", err)
	}
	list := s.definitions()
	return packs.NewDefinitions(list, s.problems), ctx.Err()
}

// state is one run.
type state struct {
	config   Config
	lua      *lua.LState
	budget   *budget
	problems []string
	sources  int // bytes read
	raw      *lua.LTable
	made     int               // prototypes
	owner    map[string]string // of "type name", the mod that made it

	mod    *Mod    // that runs
	files  []where // of the files that run, the innermost last
	loaded map[string]lua.LValue
}

// where is a folder of a mod.
type where struct {
	mod *Mod
	dir string
}

func (s *state) problem(format string, args ...any) {
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, short(fmt.Sprintf(format, args...)))
	}
}

func short(text string) string {
	const most = 400
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func (s *state) runMod(m *Mod, stage string) {
	if m.Files == nil || !slices.Contains(m.Files.Names(), stage) {
		return
	}
	s.mod, s.files, s.loaded = m, nil, make(map[string]lua.LValue)
	if _, err := s.runFile(m, stage); err != nil && !s.budget.spent() {
		s.problem("%s %s: %s can't be run: %s", m.Name, m.Version, stage, message(err))
	}
	s.claim(m)
}

// message is the first line of an error of Lua, which has a trace of calls behind it.
func message(err error) string {
	text := err.Error()
	if api, ok := err.(*lua.ApiError); ok {
		text = lua.LVAsString(api.Object)
		if text == "" && api.Cause != nil {
			text = api.Cause.Error()
		}
	}
	line, _, _ := strings.Cut(text, "\n")
	return cmp.Or(line, "it ends with an error that has no words")
}

// runFile runs a file of a mod and returns what it returns.
func (s *state) runFile(m *Mod, name string) (lua.LValue, error) {
	source, err := s.read(m, name)
	if err != nil {
		return nil, err
	}
	f, err := s.compile(source, "__"+m.Name+"__/"+name)
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, where{m, path.Dir(name)})
	defer func() { s.files = s.files[:len(s.files)-1] }()
	if err := s.lua.CallByParam(lua.P{Fn: f, NRet: 1, Protect: true}); err != nil {
		return nil, err
	}
	result := s.lua.Get(-1)
	s.lua.Pop(1)
	return result, nil
}

func (s *state) read(m *Mod, name string) (string, error) {
	r, err := m.Files.Open(name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return "", err
	}
	if s.sources += len(data); len(data) > maxSource || s.sources > maxSources {
		return "", fmt.Errorf("%s: more than %d MiB of Lua", name, maxSource>>20)
	}
	return strings.TrimPrefix(string(data), "\ufeff"), nil
}

// claim notes that prototypes which are there since a file ran are of its mod.
func (s *state) claim(m *Mod) {
	s.raw.ForEach(func(kind, list lua.LValue) {
		if table, ok := list.(*lua.LTable); ok {
			table.ForEach(func(name, _ lua.LValue) {
				key := lua.LVAsString(kind) + " " + lua.LVAsString(name)
				if _, there := s.owner[key]; !there && len(s.owner) < maxPrototypes {
					s.owner[key] = m.Name
				}
			})
		}
	})
}
