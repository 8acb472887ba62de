// Package api is the game's Lua interface on the simulated world: the scripts of a save and of mods, their events,
// commands and remote interfaces. What it offers behaves as the game's documentation says; what it doesn't offer
// raises.
package api

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/hostagent/factorio/scriptdat"
)

// Script is one Lua state: the script of a mod, or of the save.
type Script struct {
	p       *Params
	g       *Game
	mod     Mod
	vm      *luavm.VM
	classes map[string]*class
	byMeta  map[*lua.LTable]*class
	byType  map[reflect.Type]*class
	running bool // game may be used

	metatables map[string]*lua.LTable // that are kept with tables in storage

	onInit, onLoad, onConfiguration *lua.LFunction
	events                          map[int]handler
	nthTick                         map[int]*lua.LFunction
	periods                         []int // keys of nthTick, sorted
}

// handler is what a script registered for an event.
type handler struct {
	fn      *lua.LFunction
	filters []filter
	given   *lua.LTable // the filters as the script gave them, nil without
}

// modifiedOnLoad is what the game says when on_load writes to storage.
const modifiedOnLoad = "Detected modifications to the 'storage' table during on_load; this is not allowed."

// HandlerError is an error in a script, which stops the game.
type HandlerError struct {
	Mod   Mod    // without a version for the level
	Where string // "level::on_tick (ID 0)"; empty while control.lua is read
	Err   error
}

func (e *HandlerError) Error() string { return strings.TrimPrefix(e.Where+": "+e.Err.Error(), ": ") }
func (e *HandlerError) Unwrap() error { return e.Err }

// Level says whether the script is the save's, not a mod's.
func (e *HandlerError) Level() bool { return e.Mod.Name == levelName }

func (g *Game) addScript(mod Mod) *Script {
	s := &Script{p: &g.p, g: g, mod: mod, events: map[int]handler{}, nthTick: map[int]*lua.LFunction{}, metatables: map[string]*lua.LTable{}}
	s.vm = luavm.New(luavm.Config{Find: s.find, Random: g.p.World.Source, Print: g.p.Host.Print, Files: g.p.Compiled})
	g.scripts = append(g.scripts, s)
	if mod.Name == levelName {
		g.level = s
	}
	s.addGlobals()
	return s
}

// run reads control.lua; after it there is no more require.
func (s *Script) run(source []byte) error {
	if err := s.vm.Run(string(source), "__"+s.mod.Name+"__/control.lua"); err != nil {
		return &HandlerError{Mod: s.mod, Err: err}
	}
	s.vm.Seal()
	return nil
}

// find resolves require: __mod__/path, else a file of the mod, else one of the game's library. Dots may stand for
// slashes and .lua may be missing.
func (s *Script) find(name string) (string, []byte, error) {
	path := strings.TrimSuffix(name, ".lua")
	if !strings.Contains(path, "/") {
		path = strings.ReplaceAll(path, ".", "/")
	}
	path += ".lua"
	if strings.Contains(path, "..") {
		return "", nil, fmt.Errorf("module %s not found; paths may not go up", name)
	}
	candidates := []string{"__" + s.mod.Name + "__/" + path, "__core__/lualib/" + path}
	if strings.HasPrefix(path, "__") {
		candidates = []string{path}
	}
	for _, candidate := range candidates {
		if source, ok := s.p.Files(candidate); ok {
			return candidate, source, nil
		}
	}
	return "", nil, fmt.Errorf("module %s not found;  no such file %s", name, strings.Join(candidates, " or "))
}

// where names a handler in an error.
func (s *Script) where(what string) string { return s.mod.Name + "::" + what }

func (s *Script) init() error {
	s.vm.L.SetGlobal("storage", s.vm.L.NewTable())
	s.start()
	return s.handle("on_init()", s.onInit)
}

// restore sets storage.
func (s *Script) restore(saved *scriptdat.Table) error {
	table, err := luavm.Unpack(saved, objects{s})
	if err != nil {
		return fmt.Errorf("load storage of %s: %w", s.mod.Name, err)
	}
	s.vm.L.SetGlobal("storage", table)
	return nil
}

// load runs on_load, which may neither use game nor change storage.
func (s *Script) load() error {
	if s.onLoad != nil {
		before, err := s.packed()
		if err != nil {
			return err
		}
		if err := s.handle("on_load()", s.onLoad); err != nil {
			return err
		}
		after, err := s.packed()
		if err != nil {
			return err
		}
		if !bytes.Equal(before, after) {
			return &HandlerError{Mod: s.mod, Where: s.where("on_load()"), Err: &luavm.Error{Message: modifiedOnLoad}}
		}
	}
	s.start()
	return nil
}

// start makes game usable.
func (s *Script) start() {
	s.running = true
	s.vm.L.SetGlobal("game", s.value(theGame{}))
}

func (s *Script) packed() ([]byte, error) {
	table, err := s.storage()
	if err != nil {
		return nil, err
	}
	return storageBytes([]scriptdat.Block{{Name: s.mod.Name, Value: table}})
}

// storage is the table that is saved with the map.
func (s *Script) storage() (*scriptdat.Table, error) {
	table, ok := s.vm.L.GetGlobal("storage").(*lua.LTable)
	if !ok {
		return &scriptdat.Table{}, nil
	}
	packed, err := luavm.Pack(table, objects{s})
	if err != nil {
		return nil, &HandlerError{Mod: s.mod, Err: err}
	}
	return packed, nil
}

func (s *Script) storageJSON(keys string) (string, error) {
	value := s.vm.L.GetGlobal("storage")
	for key := range strings.FieldsSeq(keys) {
		table, ok := value.(*lua.LTable)
		if !ok {
			return "null", nil
		}
		value = table.RawGetString(key)
	}
	return toJSON(value)
}

func (s *Script) configurationChanged(change Change) error {
	if s.onConfiguration == nil {
		return nil
	}
	l := s.vm.L
	changes := l.NewTable()
	versions := s.p.versions()
	names := map[string]bool{}
	for name := range change.Mods {
		names[name] = true
	}
	for name := range versions {
		names[name] = true
	}
	for _, name := range sorted(names) {
		before, now := change.Mods[name], versions[name]
		if before == now {
			continue
		}
		mod := l.NewTable()
		if before != "" {
			mod.RawSetString("old_version", lua.LString(before))
		}
		if now != "" {
			mod.RawSetString("new_version", lua.LString(now))
		}
		changes.RawSetString(name, mod)
	}
	data := l.NewTable()
	data.RawSetString("mod_changes", changes)
	data.RawSetString("mod_startup_settings_changed", lua.LBool(change.Settings))
	data.RawSetString("migration_applied", lua.LBool(change.Migrated))
	migrations := l.NewTable()
	for _, kind := range sorted(change.Names) {
		names := l.NewTable()
		for _, old := range sorted(change.Names[kind]) {
			names.RawSetString(old, lua.LString(change.Names[kind][old]))
		}
		migrations.RawSetString(kind, names)
	}
	data.RawSetString("migrations", migrations)
	return s.handle("on_configuration_changed()", s.onConfiguration, data)
}

func (s *Script) tick() error {
	tick := lua.LNumber(s.p.World.Tick)
	if h, ok := s.events[onTick]; ok {
		event := s.vm.L.CreateTable(0, 2)
		event.RawSetString("name", lua.LNumber(onTick))
		event.RawSetString("tick", tick)
		if err := s.handle(s.g.eventLabel(onTick), h.fn, event); err != nil {
			return err
		}
	}
	for _, n := range s.periods {
		if s.p.World.Tick%uint64(n) != 0 || s.nthTick[n] == nil {
			continue
		}
		event := s.vm.L.CreateTable(0, 2)
		event.RawSetString("tick", tick)
		event.RawSetString("nth_tick", lua.LNumber(n))
		if err := s.handle(fmt.Sprintf("on_nth_tick(%d)", n), s.nthTick[n], event); err != nil {
			return err
		}
	}
	return nil
}

// handle calls a handler, if there is one.
func (s *Script) handle(what string, fn *lua.LFunction, args ...lua.LValue) error {
	if fn == nil {
		return nil
	}
	if _, err := s.vm.Call(fn, args...); err != nil {
		return &HandlerError{Mod: s.mod, Where: s.where(what), Err: err}
	}
	return nil
}

// fingerprint tells which handlers are registered, without the functions themselves.
func (s *Script) fingerprint() string {
	var out strings.Builder
	for _, id := range sorted(s.events) {
		fmt.Fprintf(&out, "event %d %v\n", id, s.events[id].filters)
	}
	fmt.Fprintf(&out, "periods %v\n", s.periods)
	for _, name := range s.g.Commands() {
		if s.g.commands[name].owner == s {
			fmt.Fprintf(&out, "command %s\n", name)
		}
	}
	return out.String()
}
