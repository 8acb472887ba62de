package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// Settings are the values of the mods' settings: bool, float64, string, or map[string]any for a colour. Global and
// PerUser are what a map gets that doesn't have them yet.
type Settings struct {
	Startup, Global, PerUser map[string]any
	Prototypes               []*SettingPrototype // in the game's order
}

// SettingPrototype is the definition of a setting. Data is its table as encoding/json would give it.
type SettingPrototype struct {
	Name, Type, Order string
	Mod               string // that defined it
	Data              map[string]any
}

// settingsObject is the value of the global settings.
type settingsObject struct{}

// modSetting is an entry of a table of settings.
type modSetting struct {
	name  string
	value any
}

const (
	startupSettings customTable = "settings.startup"
	globalSettings  customTable = "settings.global"
	defaultSettings customTable = "settings.player_default"
	playerSettings              = "settings.player." // and the player's name
)

func (s *Script) addSettingsClass() {
	declare(s, members[settingsObject]{
		name: "LuaSettings",
		attrs: attributes[settingsObject]{
			"startup":        tableNamed[settingsObject](startupSettings),
			"global":         tableNamed[settingsObject](globalSettings),
			"player_default": tableNamed[settingsObject](defaultSettings),
		},
		methods: methods[settingsObject]{
			"get_player_settings": func(c call, _ settingsObject) any {
				return customTable(playerSettings + c.playerOf(c.arg(1)).Name)
			},
		},
	})
}

func (s *Script) addSettingPrototype() {
	of := func(key string) attribute[*SettingPrototype] {
		return read(func(c call, p *SettingPrototype) any { return c.plain(p.Data[key]) })
	}
	flag := func(key string) attribute[*SettingPrototype] {
		return read(func(_ call, p *SettingPrototype) any { return p.Data[key] == true })
	}
	ofText := func(key string) attribute[*SettingPrototype] { // only texts have it
		return read(func(_ call, p *SettingPrototype) any {
			if p.Type != "string-setting" {
				return nil
			}
			return p.Data[key] == true
		})
	}
	declare(s, members[*SettingPrototype]{
		name: "LuaModSettingPrototype", valid: always[*SettingPrototype],
		attrs: attributes[*SettingPrototype]{
			"name":          read(func(_ call, p *SettingPrototype) any { return p.Name }),
			"type":          read(func(_ call, p *SettingPrototype) any { return p.Type }),
			"order":         read(func(_ call, p *SettingPrototype) any { return p.Order }),
			"mod":           read(func(_ call, p *SettingPrototype) any { return p.Mod }),
			"hidden":        flag("hidden"),
			"setting_type":  of("setting_type"),
			"default_value": of("default_value"), "minimum_value": of("minimum_value"), "maximum_value": of("maximum_value"),
			"allowed_values": of("allowed_values"), "allow_blank": ofText("allow_blank"), "auto_trim": ofText("auto_trim"),
		},
	})
}

// settingPrototypes is the custom table prototypes.mod_setting.
func (s *Script) settingPrototypes() content {
	all := func(*world.World) []*SettingPrototype { return s.p.Settings.Prototypes }
	return named(all, func(p *SettingPrototype) string { return p.Name }, func(_ *world.World, name string) *SettingPrototype {
		for _, p := range s.p.Settings.Prototypes {
			if p.Name == name {
				return p
			}
		}
		return nil
	})
}

// settingTable is a custom table of settings, false if t is none.
func (s *Script) settingTable(t customTable) (content, bool) {
	name, ofPlayer := strings.CutPrefix(string(t), playerSettings)
	var values func(w *world.World) map[string]any
	var set func(w *world.World, name string, v any)
	switch {
	case t == startupSettings:
		values = func(*world.World) map[string]any { return s.p.Settings.Startup }
	case t == globalSettings:
		values = func(w *world.World) map[string]any { return w.ModSettings.Global }
		set = (*world.World).SetGlobal
	case t == defaultSettings:
		values = func(w *world.World) map[string]any { return w.ModSettings.Default }
		set = (*world.World).SetDefault
	case ofPlayer:
		values = func(w *world.World) map[string]any {
			if p := w.Player(name); p != nil {
				return w.PlayerSettings(p)
			}
			return nil
		}
		set = func(w *world.World, setting string, v any) { w.SetForPlayer(w.Player(name), setting, v) }
	default:
		return content{}, false
	}
	return content{
		all: func(w *world.World) []any {
			var out []any
			for _, name := range sorted(values(w)) {
				out = append(out, modSetting{name, values(w)[name]})
			}
			return out
		},
		key: func(thing any) lua.LValue { return lua.LString(thing.(modSetting).name) },
		byName: func(w *world.World, name string) any {
			if v, ok := values(w)[name]; ok {
				return modSetting{name, v}
			}
			return nil
		},
		set: set,
	}, true
}

// writeSetting is settings.global["name"] = {value = 3}.
func (s *Script) writeSetting(c call, t customTable, key, v lua.LValue) {
	table, ok := s.settingTable(t)
	if !ok || table.set == nil {
		c.fail("LuaCustomTable is read only.")
	}
	name := c.text(key)
	old, ok := table.byName(c.w, name).(modSetting)
	if !ok {
		c.fail("There is no setting %q.", name)
	}
	room := maxRawValues
	value, err := plain(c.table(v).RawGetString("value"), 0, &room)
	if err != nil {
		c.fail("Setting %q: %s", name, err.Error())
	}
	if s.plain(value).Type() != s.plain(old.value).Type() {
		c.fail("Setting %q doesn't take a %s.", name, s.plain(value).Type())
	}
	table.set(c.w, name, value)
}

// plain makes a Lua value of one that encoding/json could give.
func (s *Script) plain(v any) lua.LValue {
	switch v := v.(type) {
	case map[string]any:
		t := s.vm.L.NewTable()
		for _, key := range sorted(v) {
			t.RawSetString(key, s.plain(v[key]))
		}
		return t
	case []any:
		t := s.vm.L.NewTable()
		for i, element := range v {
			t.RawSetInt(i+1, s.plain(element))
		}
		return t
	}
	return s.value(v)
}
