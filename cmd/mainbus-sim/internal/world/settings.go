package world

import "maps"

// ModSettings are the settings of mods that belong to a map: bool, float64, string, or map[string]any for a colour.
type ModSettings struct {
	Global  map[string]any         `json:"global,omitempty"`
	Default map[string]any         `json:"default,omitempty"` // of players who changed nothing
	Players map[int]map[string]any `json:"players,omitempty"` // what they changed, by index
}

// DefineSettings tells which settings there are and their values. Those that the map has already keep theirs, those
// that are defined no more go.
func (w *World) DefineSettings(global, perUser map[string]any) {
	define := func(have *map[string]any, defined map[string]any) {
		values := map[string]any{}
		for name, value := range defined {
			values[name] = value
			if old, ok := (*have)[name]; ok {
				values[name] = old
			}
		}
		*have = values
	}
	define(&w.ModSettings.Global, global)
	define(&w.ModSettings.Default, perUser)
	for _, own := range w.ModSettings.Players {
		maps.DeleteFunc(own, func(name string, _ any) bool { _, ok := perUser[name]; return !ok })
	}
}

// PlayerSettings are a player's values.
func (w *World) PlayerSettings(p *Player) map[string]any {
	values := maps.Clone(w.ModSettings.Default)
	maps.Copy(values, w.ModSettings.Players[p.Index])
	return values
}

// SetGlobal changes a setting of the map.
func (w *World) SetGlobal(name string, value any) {
	w.ModSettings.Global[name] = value
	w.emit("on_runtime_mod_setting_changed", Fields{"setting": name, "setting_type": "runtime-global"})
}

// SetDefault changes what players have who changed nothing.
func (w *World) SetDefault(name string, value any) {
	w.ModSettings.Default[name] = value
	w.emit("on_runtime_mod_setting_changed", Fields{"setting": name, "setting_type": "runtime-per-user"})
}

// SetForPlayer changes a player's own value.
func (w *World) SetForPlayer(p *Player, name string, value any) {
	if w.ModSettings.Players == nil {
		w.ModSettings.Players = map[int]map[string]any{}
	}
	if w.ModSettings.Players[p.Index] == nil {
		w.ModSettings.Players[p.Index] = map[string]any{}
	}
	w.ModSettings.Players[p.Index][name] = value
	w.emit("on_runtime_mod_setting_changed", Fields{"player_index": p.Index, "setting": name, "setting_type": "runtime-per-user"})
}
