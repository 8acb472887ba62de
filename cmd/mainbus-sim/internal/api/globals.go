package api

import (
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (s *Script) addGlobals() {
	l := s.vm.L
	s.clearClasses()
	for _, add := range []func(){
		s.addGameClass, s.addPlanetClass, s.addCustomTableClass, s.addSurfaceClass, s.addForceClass, s.addPlayerClass,
		s.addEntityClass, s.addFluidBoxClass, s.addLogisticClasses, s.addInventoryClass, s.addStackClass, s.addRecipeClass,
		s.addPrototypeClasses,
	} {
		add()
	}
	s.addSettingsClass()
	s.addScriptClass()
	s.addHelpersClass()
	for global, object := range map[string]any{
		"commands": commandsObject{}, "prototypes": prototypes{}, "rcon": rconObject{},
		"remote": remoteObject{}, "script": bootstrap{}, "settings": settingsObject{},
	} {
		l.SetGlobal(global, s.value(object))
	}
	l.SetGlobal("storage", l.NewTable())
	s.addCommonGlobals()
	events := l.GetGlobal("defines").(*lua.LTable).RawGetString("events").(*lua.LTable)
	for _, e := range s.p.World.Catalog.Events {
		events.RawSetString(e.Name, lua.LNumber(s.g.eventIDs[e.Name]))
	}
}

func (s *Script) clearClasses() {
	s.classes, s.byMeta, s.byType = map[string]*class{}, map[*lua.LTable]*class{}, map[reflect.Type]*class{}
}

// addCommonGlobals adds what all stages have.
func (s *Script) addCommonGlobals() {
	l := s.vm.L
	l.SetGlobal("helpers", s.value(helpersObject{}))
	l.SetGlobal("defines", definesTable(l))
	l.SetGlobal("log", l.NewFunction(s.log))
	l.SetGlobal("localised_print", l.NewFunction(func(l *lua.LState) int {
		s.p.Host.Print(s.localised(l.CheckAny(1)))
		return 0
	}))
}

// log names the place of its caller. Chunks of the console are "=(command)", files begin with @.
func (s *Script) log(l *lua.LState) int {
	where := strings.TrimSuffix(strings.TrimSpace(l.Where(1)), ":")
	if at := strings.LastIndex(where, "]:"); strings.HasPrefix(where, "[string") && at >= 0 {
		where = "=(command)" + where[at+1:]
	} else {
		where = "@" + where
	}
	s.p.Host.Log(where, s.localised(l.CheckAny(1)))
	return 0
}
