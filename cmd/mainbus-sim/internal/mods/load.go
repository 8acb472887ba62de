package mods

import (
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio/locale"
)

// Loaded is the mods of a game, with what they told before a map.
type Loaded struct {
	Mods     []*Mod // in load order
	Settings *Settings
	Raw      world.Raw

	data   string
	byName map[string]*Mod
}

// Load finds the mods and runs their stages.
func Load(c Config, flags map[string]bool) (*Loaded, error) {
	found, err := Find(c)
	if err != nil {
		return nil, err
	}
	l := &Loaded{Mods: found, data: c.Data, byName: map[string]*Mod{}}
	for _, m := range found {
		l.byName[m.Info.Name] = m
	}
	if l.Settings, err = readSettings(c.Dir, c.Game); err != nil {
		return nil, err
	}
	stages := stages{l, c, flags}
	if err := stages.settings(); err != nil {
		return nil, err
	}
	if err := stages.prototypes(); err != nil {
		return nil, err
	}
	c.Log.Engine("Checksum for core: 4187927925")
	var sum []byte
	for _, m := range found {
		c.Log.Engine("Checksum of %s: %d", m.Info.Name, m.CRC)
		sum = fmt.Append(sum, m.CRC, " ")
	}
	c.Log.Engine("Prototype list checksum: %d", crc32.ChecksumIEEE(sum))
	return l, nil
}

// Locale are the English texts of all mods. What a mod says goes before what those say that it is loaded after.
func (l *Loaded) Locale() locale.Table {
	all := locale.Table{}
	for _, m := range l.Mods {
		maps.Copy(all, m.locale)
	}
	return all
}

// API are the mods as scripts know them.
func (l *Loaded) API() []api.Mod {
	out := make([]api.Mod, len(l.Mods))
	for i, m := range l.Mods {
		out[i] = m.api()
	}
	return out
}

func (m *Mod) api() api.Mod { return api.Mod{Name: m.Info.Name, Version: m.Info.Version.String()} }

// Script finds a script by its full name, "__mod__/control.lua"; core is not in Mods but has scripts too.
func (l *Loaded) Script(name string) ([]byte, bool) {
	mod, path, ok := strings.Cut(strings.TrimPrefix(name, "__"), "__/")
	if !ok {
		return nil, false
	}
	if m := l.byName[mod]; m != nil {
		return m.Script(path)
	}
	if mod != "core" {
		return nil, false
	}
	core, err := os.OpenRoot(filepath.Join(l.data, "core"))
	if err != nil {
		return nil, false
	}
	defer core.Close()
	source, err := core.ReadFile(filepath.FromSlash(path))
	return source, err == nil
}

// stages runs what mods do before a map.
type stages struct {
	*Loaded
	c     Config
	flags map[string]bool
}

// host is what scripts reach before there is a map.
type host struct{ stages }

func (h host) Print(text string)       { h.c.Log.Bare(text) }
func (h host) Log(source, text string) { h.c.Log.Engine("Script %s: %s", source, text) }
func (host) Reply(string)              {}
func (host) Save(string, bool)         {}
func (host) WriteFile(string, []byte, bool) error {
	return errors.New("files can be written while a map runs only")
}

func (s stages) start() (*api.Stage, error) {
	return api.NewStage(api.Params{Host: host{s}, Files: s.Script, Mods: s.API(), Version: s.c.Game}, s.flags)
}

func (s stages) settings() error {
	stage, err := s.start()
	if err != nil {
		return err
	}
	defer stage.Close()
	for _, file := range []string{"settings.lua", "settings-updates.lua", "settings-final-fixes.lua"} {
		if err := s.each(stage, "Loading mod settings %s %s (%s)", file, nil); err != nil {
			return err
		}
	}
	raw, err := stage.Raw()
	if err != nil {
		return failed("%s", err)
	}
	return s.Settings.define(raw, func(kind, name string) string {
		if by := stage.Modifications(kind, name); len(by) > 0 {
			return by[0]
		}
		return ""
	})
}

// each runs a file of each mod that has it. Begin, if there is one, is called for each mod before.
func (s stages) each(stage *api.Stage, line, file string, begin func(*Mod) error) error {
	for _, m := range s.Mods {
		_, has := m.Script(file)
		if has || m.Builtin && builtinHas(m.Info.Name, file) {
			s.c.Log.Engine(line, m.Info.Name, m.Info.Version, file)
		}
		if begin != nil {
			if err := begin(m); err != nil {
				return err
			}
		}
		if err := stage.Run(m.api(), file); err != nil {
			return stageError(err)
		}
	}
	return nil
}

// builtinHas says whether the game's own mods, whose scripts are not here, have a file.
func builtinHas(mod, file string) bool {
	return file == "data.lua" || file == "data-updates.lua" && mod != "elevated-rails"
}

func stageError(err error) error {
	text := err.Error()
	var failure *luavm.Error
	if errors.As(err, &failure) && failure.Traceback != "" {
		text += "\n" + failure.Traceback
	}
	return failed("%s", text)
}

func (s stages) prototypes() error {
	stage, err := s.start()
	if err != nil {
		return err
	}
	defer stage.Close()
	stage.SetSettings(s.Settings.Startup())
	s.c.Log.Engine("Loading mod core 0.0.0 (data.lua)")
	builtin := func(m *Mod) error {
		if !m.Builtin {
			return nil
		}
		raw, err := world.BaseRaw(map[string]bool{m.Info.Name: true})
		if err != nil {
			return err
		}
		stage.Add(raw.Plain())
		return stage.AddUnseen()
	}
	for _, file := range []string{"data.lua", "data-updates.lua", "data-final-fixes.lua"} {
		if err := s.each(stage, "Loading mod %s %s (%s)", file, builtin); err != nil {
			return err
		}
		builtin = nil
	}
	raw, err := stage.Raw()
	if err != nil {
		return failed("%s", err)
	}
	s.Raw = world.RawOf(raw)
	_, err = world.ReadCatalog(s.Raw)
	var wrong *world.PrototypeError
	if errors.As(err, &wrong) {
		s.c.Log.Failure("ModManager.cpp:1751", "Error while loading %s prototype %q (%s): %s\nModifications: %s", wrong.Type, wrong.Name,
			wrong.Type, wrong.Err, strings.Join(stage.Modifications(wrong.Type, wrong.Name), " › "))
		return failed("%s", err)
	}
	return err
}
