package world

// Event is something that scripts hear of.
type Event struct {
	Name   string // as in defines.events
	Fields Fields
}

// Fields are an event's data without its name and tick: text, bools, numbers, and objects of this package such as
// *Entity or Reason, which package api turns into the game's.
type Fields map[string]any

// Listen adds a listener. All listeners hear of an event at once, in the order in which they were added, while what
// caused it is still under way: as in the game, a handler sees an entity that is about to be destroyed.
func (w *World) Listen(fn func(Event)) { w.listeners = append(w.listeners, fn) }

func (w *World) emit(name string, fields Fields) {
	for _, fn := range w.listeners {
		fn(Event{Name: name, Fields: fields})
	}
}
