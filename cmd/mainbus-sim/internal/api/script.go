// Package api is the game's Lua interface on the simulated world: the script of a save, its events, commands and
// remote interfaces. What it offers behaves as the game's documentation says; what it doesn't offer raises. A Script
// belongs to one goroutine and has none of its own.
package api

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/scriptdat"
)

// Host is what scripts reach outside the map.
type Host interface {
	// Print writes a bare line to the standard output.
	Print(text string)
	// Log writes a line to the log; source is as in "@__level__/control.lua:7".
	Log(source, text string)
	// Reply prints to the caller of the command that runs; without one it does nothing.
	Reply(text string)
	// Save asks for a save after this tick; an empty name means the running one. auto asks for an autosave.
	Save(name string, auto bool)
	// WriteFile writes below script-output.
	WriteFile(name string, data []byte, appending bool) error
}

// Params is what a Script needs.
type Params struct {
	World   *world.World
	Host    Host
	Files   func(path string) ([]byte, bool) // scripts by full name: "__level__/control.lua", "__core__/lualib/x.lua"
	Mods    map[string]string                // loaded mods and their versions
	Version factorio.Version
}

// Script is the script of one save.
type Script struct {
	p       Params
	vm      *luavm.VM
	classes map[string]*class
	running bool // game may be used

	onInit, onLoad, onConfiguration *lua.LFunction
	events                          map[int]*lua.LFunction
	eventIDs                        map[string]int
	nthTick                         map[int]*lua.LFunction
	commands                        map[string]command
	interfaces                      map[string]*lua.LTable
}

type command struct {
	help string
	fn   *lua.LFunction
}

// modifiedOnLoad is what the game says when on_load writes to storage.
const modifiedOnLoad = "Detected modifications to the 'storage' table during on_load; this is not allowed."

// HandlerError is an error in a handler, which stops the game.
type HandlerError struct {
	Where string // "level::on_tick (ID 0)"; empty while control.lua is read
	Err   error
}

func (e *HandlerError) Error() string { return strings.TrimPrefix(e.Where+": "+e.Err.Error(), ": ") }
func (e *HandlerError) Unwrap() error { return e.Err }

// New runs control.lua, if the save has one. New maps then need Init, loaded ones Load.
func New(p Params) (*Script, error) {
	s := &Script{
		p: p, events: map[int]*lua.LFunction{}, eventIDs: map[string]int{}, nthTick: map[int]*lua.LFunction{},
		commands: map[string]command{}, interfaces: map[string]*lua.LTable{},
	}
	s.vm = luavm.New(luavm.Config{Find: s.find, Random: p.World.Source, Print: p.Host.Print})
	for id, name := range eventNames {
		s.eventIDs[name] = id
	}
	s.addGlobals()
	if source, ok := p.Files("__level__/control.lua"); ok {
		if err := s.vm.Run(string(source), "__level__/control.lua"); err != nil {
			s.Close()
			return nil, &HandlerError{Err: err}
		}
	}
	s.vm.Seal()
	return s, nil
}

// Close frees the Lua state.
func (s *Script) Close() { s.vm.Close() }

// find resolves require: __mod__/path, else a file of the save, else one of the game's library. Dots may stand for
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
	candidates := []string{"__level__/" + path, "__core__/lualib/" + path}
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

// Init runs on_init of a new map.
func (s *Script) Init() error {
	s.vm.L.SetGlobal("storage", s.vm.L.NewTable())
	s.start()
	return s.handle("level::on_init()", s.onInit)
}

// Load sets storage and runs on_load, which may neither use game nor change storage.
func (s *Script) Load(storage *scriptdat.Table) error {
	table, err := luavm.Unpack(storage, objects{s})
	if err != nil {
		return fmt.Errorf("load storage: %w", err)
	}
	s.vm.L.SetGlobal("storage", table)
	if s.onLoad != nil {
		before, err := s.storageBytes()
		if err != nil {
			return err
		}
		if err := s.handle("level::on_load()", s.onLoad); err != nil {
			return err
		}
		after, err := s.storageBytes()
		if err != nil {
			return err
		}
		if !bytes.Equal(before, after) {
			return &HandlerError{Where: "level::on_load()", Err: &luavm.Error{Message: modifiedOnLoad}}
		}
	}
	s.start()
	return nil
}

// start makes game usable.
func (s *Script) start() {
	s.running = true
	s.vm.L.SetGlobal("game", s.object("LuaGameScript", singleton("game")))
}

func (s *Script) storageBytes() ([]byte, error) {
	storage, err := s.Storage()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = scriptdat.Write(&out, scriptdat.File{Blocks: []scriptdat.Block{{Name: "level", Value: storage}}})
	return out.Bytes(), err
}

// Storage is the table that is saved with the map.
func (s *Script) Storage() (*scriptdat.Table, error) {
	table, ok := s.vm.L.GetGlobal("storage").(*lua.LTable)
	if !ok {
		return &scriptdat.Table{}, nil
	}
	return luavm.Pack(table, objects{s})
}

// ConfigurationChanged runs on_configuration_changed. Versions are of the mods before and now; absent is "".
func (s *Script) ConfigurationChanged(oldMods map[string]string) error {
	if s.onConfiguration == nil {
		return nil
	}
	l := s.vm.L
	changes := l.NewTable()
	names := map[string]bool{}
	for name := range oldMods {
		names[name] = true
	}
	for name := range s.p.Mods {
		names[name] = true
	}
	for _, name := range sorted(names) {
		before, now := oldMods[name], s.p.Mods[name]
		if before == now {
			continue
		}
		change := l.NewTable()
		if before != "" {
			change.RawSetString("old_version", lua.LString(before))
		}
		if now != "" {
			change.RawSetString("new_version", lua.LString(now))
		}
		changes.RawSetString(name, change)
	}
	data := l.NewTable()
	data.RawSetString("mod_changes", changes)
	data.RawSetString("mod_startup_settings_changed", lua.LFalse)
	data.RawSetString("migration_applied", lua.LFalse)
	data.RawSetString("migrations", l.NewTable())
	return s.handle("level::on_configuration_changed()", s.onConfiguration, data)
}

// Tick runs on_tick and the handlers of each n-th tick.
func (s *Script) Tick() error {
	tick := lua.LNumber(s.p.World.Tick)
	if fn := s.events[onTick]; fn != nil {
		event := s.vm.L.CreateTable(0, 2)
		event.RawSetString("name", lua.LNumber(onTick))
		event.RawSetString("tick", tick)
		if err := s.handle(eventWhere(onTick), fn, event); err != nil {
			return err
		}
	}
	if len(s.nthTick) == 0 {
		return nil
	}
	for _, n := range sorted(s.nthTick) {
		fn := s.nthTick[n]
		if fn == nil || s.p.World.Tick%uint64(n) != 0 {
			continue
		}
		event := s.vm.L.NewTable()
		event.RawSetString("tick", tick)
		event.RawSetString("nth_tick", lua.LNumber(n))
		if err := s.handle(fmt.Sprintf("level::on_nth_tick(%d)", n), fn, event); err != nil {
			return err
		}
	}
	return nil
}

// Raise raises an event with fields of text.
func (s *Script) Raise(event string, fields map[string]string) error {
	id, ok := s.eventIDs[event]
	fn := s.events[id]
	if !ok || fn == nil {
		return nil
	}
	data := s.vm.L.NewTable()
	data.RawSetString("name", lua.LNumber(id))
	data.RawSetString("tick", lua.LNumber(s.p.World.Tick))
	for _, name := range sorted(fields) {
		data.RawSetString(name, lua.LString(fields[name]))
	}
	return s.handle(eventWhere(id), fn, data)
}

// Command runs a custom command as the server's console; false means that there is none of that name.
func (s *Script) Command(name, parameter string) (bool, error) {
	c, ok := s.commands[name]
	if !ok {
		return false, nil
	}
	data := s.vm.L.NewTable()
	data.RawSetString("name", lua.LString(name))
	data.RawSetString("tick", lua.LNumber(s.p.World.Tick))
	if parameter != "" {
		data.RawSetString("parameter", lua.LString(parameter))
	}
	return true, s.handle(fmt.Sprintf("level::command %q", name), c.fn, data)
}

// Console runs the text of a Lua console command. Its errors do not stop the game.
func (s *Script) Console(source string) error {
	fn, err := s.vm.Load(source, luavm.ChunkName(source))
	if err != nil {
		return err
	}
	_, err = s.vm.Call(fn)
	return err
}

// handle calls a handler, if there is one.
func (s *Script) handle(where string, fn *lua.LFunction, args ...lua.LValue) error {
	if fn == nil {
		return nil
	}
	if _, err := s.vm.Call(fn, args...); err != nil {
		return &HandlerError{Where: where, Err: err}
	}
	return nil
}

// HasInterface says whether a remote interface has a function.
func (s *Script) HasInterface(name, function string) bool {
	functions := s.interfaces[name]
	return functions != nil && functions.RawGetString(function) != lua.LNil
}

// RemoteCall calls a function of a remote interface with arguments in JSON, as another mod would, and returns its
// results as text.
func (s *Script) RemoteCall(name, function string, args [][]byte) (string, error) {
	fn, ok := s.interfaces[name].RawGetString(function).(*lua.LFunction)
	if !ok {
		return "", fmt.Errorf("no function %s.%s", name, function)
	}
	values := make([]lua.LValue, len(args))
	for i, arg := range args {
		v, err := fromJSON(arg)
		if err != nil {
			return "", fmt.Errorf("argument %d of %s.%s: %w", i+1, name, function, err)
		}
		values[i] = v
	}
	results, err := s.vm.Call(fn, values...)
	if err != nil {
		return "", &HandlerError{Where: "remote." + name + "." + function, Err: err}
	}
	words := make([]string, len(results))
	for i, v := range results {
		words[i] = s.vm.Text(v)
	}
	return strings.Join(words, ", "), nil
}

// StorageJSON is storage[key] as JSON, null if there is none.
func (s *Script) StorageJSON(key string) (string, error) {
	table, ok := s.vm.L.GetGlobal("storage").(*lua.LTable)
	if !ok {
		return "null", nil
	}
	return toJSON(table.RawGetString(key))
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
