package api

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

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

// Mod is a loaded mod.
type Mod struct {
	Name    string
	Version string // "1.2.3"
}

// Params is what a Game needs.
type Params struct {
	World   *world.World
	Host    Host
	Files   func(path string) ([]byte, bool) // scripts by full name: "__level__/control.lua", "__core__/lualib/x.lua"
	Mods    []Mod                            // in load order; core is not one
	Version factorio.Version

	Compiled *luavm.Files // shared with other games that have the same scripts, or nil

	Scenario    string // that the map was made of
	ScenarioMod string // whose it is; "" is nobody's

	Settings Settings        // of mods
	Flags    map[string]bool // feature flags
}

// versions are the mods and their versions by name.
func (p *Params) versions() map[string]string {
	versions := map[string]string{}
	for _, m := range p.Mods {
		versions[m.Name] = m.Version
	}
	return versions
}

// Game is the scripts of one map: a Script for each mod that has a control.lua, and the level's. It belongs to one
// goroutine and has none of its own.
type Game struct {
	p       Params
	scripts []*Script // mods in load order, the level last
	level   *Script

	events     []string // by number; "" are those that generate_event_name made
	eventIDs   map[string]int
	interfaces map[string]*remoteInterface
	commands   map[string]command
	failed     error // of a handler that the map called, see Err
}

// levelName is what the game calls the script that is in the save.
const levelName = "level"

// New runs control.lua of each mod and of the save, as far as they have one. New maps then need Init, loaded ones
// Load.
func New(p Params) (*Game, error) {
	g := &Game{
		p: p, events: slices.Clone(builtinEvents()), eventIDs: map[string]int{},
		interfaces: map[string]*remoteInterface{}, commands: map[string]command{},
	}
	for id, name := range g.events {
		g.eventIDs[name] = id
	}
	for _, e := range p.World.Catalog.Events {
		g.addEvent(e.Name)
	}
	for _, i := range p.World.Catalog.Inputs {
		g.addEvent(i.Name)
	}
	p.World.DefineSettings(p.Settings.Global, p.Settings.PerUser)
	p.World.Listen(g.hear)
	for _, mod := range append(slices.Clone(p.Mods), Mod{Name: levelName}) {
		source, ok := p.Files("__" + mod.Name + "__/control.lua")
		if !ok && mod.Name != levelName {
			continue
		}
		s := g.addScript(mod)
		if err := s.run(source); err != nil {
			g.Close()
			return nil, err
		}
	}
	return g, nil
}

// Close frees the Lua states.
func (g *Game) Close() {
	for _, s := range g.scripts {
		s.vm.Close()
	}
}

// script is nil if no loaded mod of that name has a control.lua.
func (g *Game) script(mod string) *Script {
	for _, s := range g.scripts {
		if s.mod.Name == mod {
			return s
		}
	}
	return nil
}

// Init runs on_init of a new map.
func (g *Game) Init() error {
	for _, s := range g.scripts {
		if err := s.init(); err != nil {
			return err
		}
	}
	return nil
}

// Load gives each script its storage from the save and runs on_load, or on_init for mods that the save did not have.
func (g *Game) Load(storage []scriptdat.Block, mods map[string]string) error {
	blocks := map[string]*scriptdat.Table{}
	for _, b := range storage {
		blocks[b.Name], _ = b.Value.(*scriptdat.Table)
	}
	for _, s := range g.scripts {
		if err := s.restore(blocks[s.mod.Name]); err != nil {
			return err
		}
	}
	for _, s := range g.scripts {
		start := s.load
		if _, known := mods[s.mod.Name]; !known && s != g.level {
			start = s.init
		}
		if err := start(); err != nil {
			return err
		}
	}
	return nil
}

// Change is how a save differs from the game that loads it.
type Change struct {
	Mods     map[string]string // names and versions in the save
	Settings bool              // it had other startup settings
	Migrated bool              // migrations have renamed prototypes
	Names    world.Renames     // of prototypes since; "" for those that are gone
}

// Migrate runs a migration in the script of its mod, if that has one.
func (g *Game) Migrate(mod, name string, source []byte) error {
	s := g.script(mod)
	if s == nil {
		return nil
	}
	if err := s.vm.Run(string(source), name); err != nil {
		return &HandlerError{Mod: s.mod, Err: err}
	}
	return nil
}

// ConfigurationChanged runs on_configuration_changed.
func (g *Game) ConfigurationChanged(change Change) error {
	for _, s := range g.scripts {
		if err := s.configurationChanged(change); err != nil {
			return err
		}
	}
	return nil
}

// Tick runs on_tick and the handlers of each n-th tick.
func (g *Game) Tick() error {
	for _, s := range g.scripts {
		if err := s.tick(); err != nil {
			return err
		}
	}
	return nil
}

// Storage is what is saved of each script, the level's first.
func (g *Game) Storage() ([]scriptdat.Block, error) {
	var blocks []scriptdat.Block
	for _, s := range append([]*Script{g.level}, g.scripts[:len(g.scripts)-1]...) {
		table, err := s.storage()
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, scriptdat.Block{Name: s.mod.Name, Value: table, Flag: 1})
	}
	return blocks, nil
}

// StorageJSON is storage[key] of a mod, or of the level, as JSON; null if there is none. Further keys, after blanks, lead into
// the table.
func (g *Game) StorageJSON(mod, keys string) (string, error) {
	s := g.script(mod)
	if s == nil {
		return "", fmt.Errorf("no script of a mod %q", mod)
	}
	return s.storageJSON(keys)
}

// HasInterface says whether a remote interface has a function.
func (g *Game) HasInterface(name, function string) bool {
	i := g.interfaces[name]
	return i != nil && i.function(function) != nil
}

// Mismatch names the scripts whose registered handlers differ from those of another game. Peers for which it is not
// empty refuse to play together, since an event would run on one of them only.
func (g *Game) Mismatch(other *Game) []string {
	prints := map[string]string{}
	for _, s := range other.scripts {
		prints[s.mod.Name] = s.fingerprint()
	}
	var names []string
	for _, s := range g.scripts {
		if prints[s.mod.Name] != s.fingerprint() {
			names = append(names, s.mod.Name)
		}
	}
	return names
}

// storageBytes is Storage as the file has it.
func storageBytes(blocks []scriptdat.Block) ([]byte, error) {
	var out bytes.Buffer
	err := scriptdat.Write(&out, scriptdat.File{Blocks: blocks})
	return out.Bytes(), err
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
