package world

import "fmt"

// Event is something that scripts hear of.
type Event struct {
	Name   string // as in defines.events
	Fields Fields
}

// Fields are an event's data without its name and tick: text, bools, numbers, and objects of this package such as
// *Entity or Reason, which package api turns into the game's.
type Fields map[string]any

// Events are those that the world raises, with their fields; a ? marks those that may be missing.
var Events = map[string][]string{
	"on_built_entity":                {"player_index", "entity", "consumed_items"},
	"on_console_chat":                {"player_index?", "message"},
	"on_entity_died":                 {"entity", "loot", "force?", "cause?"},
	"on_force_created":               {"force"},
	"on_forces_merged":               {"source_name", "source_index", "destination"},
	"on_forces_merging":              {"source", "destination"},
	"on_object_destroyed":            {"registration_number", "useful_id", "type"},
	"on_player_banned":               {"player_name", "player_index?", "by_player?", "reason?"},
	"on_player_changed_force":        {"player_index", "force"},
	"on_player_changed_surface":      {"player_index", "surface_index"},
	"on_player_created":              {"player_index"},
	"on_player_demoted":              {"player_index"},
	"on_player_dropped_item":         {"player_index", "entity"},
	"on_player_joined_game":          {"player_index"},
	"on_player_kicked":               {"player_index", "by_player?", "reason?"},
	"on_player_left_game":            {"player_index", "reason"},
	"on_player_mined_entity":         {"player_index", "entity", "buffer"},
	"on_player_muted":                {"player_index"},
	"on_player_promoted":             {"player_index"},
	"on_player_removed":              {"player_index"},
	"on_player_unbanned":             {"player_name", "player_index?", "by_player?", "reason?"},
	"on_player_unmuted":              {"player_index"},
	"on_pre_player_left_game":        {"player_index", "reason"},
	"on_pre_player_mined_item":       {"player_index", "entity"},
	"on_pre_player_removed":          {"player_index"},
	"on_pre_surface_cleared":         {"surface_index"},
	"on_pre_surface_deleted":         {"surface_index"},
	"on_runtime_mod_setting_changed": {"player_index?", "setting", "setting_type"},
	"on_surface_cleared":             {"surface_index"},
	"on_surface_created":             {"surface_index"},
	"on_surface_deleted":             {"surface_index"},
	"on_surface_renamed":             {"surface_index", "old_name", "new_name"},
	"script_raised_built":            {"entity"},
	"script_raised_destroy":          {"entity"},
	"script_raised_teleported":       {"entity", "old_position", "old_surface_index"},
}

// Listen adds a listener. All listeners hear of an event at once, in the order in which they were added, while what
// caused it is still under way: as in the game, a handler sees an entity that is about to be destroyed.
func (w *World) Listen(fn func(Event)) { w.listeners = append(w.listeners, fn) }

func (w *World) emit(name string, fields Fields) {
	if err := checkEvent(name, fields); err != nil {
		panic(err) // a mistake in this package
	}
	for _, fn := range w.listeners {
		fn(Event{Name: name, Fields: fields})
	}
}

// checkEvent compares an event with the table.
func checkEvent(name string, fields Fields) error {
	known, ok := Events[name]
	if !ok {
		return fmt.Errorf("event %s is not in the table", name)
	}
	found := 0
	for _, field := range known {
		optional := field[len(field)-1] == '?'
		if optional {
			field = field[:len(field)-1]
		}
		if _, has := fields[field]; has {
			found++
		} else if !optional {
			return fmt.Errorf("event %s has no %s", name, field)
		}
	}
	if found != len(fields) {
		return fmt.Errorf("event %s has fields that are not in the table: %v", name, fields)
	}
	return nil
}
