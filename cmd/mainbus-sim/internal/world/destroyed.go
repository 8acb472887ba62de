package world

import "slices"

// Target is a kind of object in defines.target_type.
type Target string

// The kinds whose end scripts can ask to be told of.
const (
	TargetEntity  Target = "entity"
	TargetSurface Target = "surface"
	TargetPlayer  Target = "player"
)

// Registration is a script's wish to hear of the end of an object. Number is the same for all who ask.
type Registration struct {
	Number uint64 `json:"number"`
	Type   Target `json:"type"`
	ID     uint64 `json:"id"` // unit number or index
}

// Register notes such a wish, for all scripts and across saves.
func (w *World) Register(typ Target, id uint64) Registration {
	for _, r := range w.Registrations {
		if r.Type == typ && r.ID == id {
			return r
		}
	}
	w.LastRegistration++
	r := Registration{Number: w.LastRegistration, Type: typ, ID: id}
	w.Registrations = append(w.Registrations, r)
	return r
}

// died tells at the end of the tick those who asked.
func (w *World) died(typ Target, id uint64) {
	i := slices.IndexFunc(w.Registrations, func(r Registration) bool { return r.Type == typ && r.ID == id })
	if i >= 0 {
		w.Dead = append(w.Dead, w.Registrations[i])
		w.Registrations = slices.Delete(w.Registrations, i, i+1)
	}
}

// EndTick does what scripts asked for in this tick and the game does at its end.
func (w *World) EndTick() {
	merging, deleting := w.Merging, w.Deleting
	w.Merging, w.Deleting = nil, nil
	for _, m := range merging {
		if source, into := w.Force(m[0]), w.Force(m[1]); source != nil && into != nil {
			w.mergeForces(source, into)
		}
	}
	for _, index := range deleting {
		if s := w.Surface(index); s != nil {
			w.deleteSurface(s)
		}
	}
	dead := w.Dead
	w.Dead = nil
	for _, r := range dead {
		w.emit("on_object_destroyed", Fields{"registration_number": r.Number, "useful_id": r.ID, "type": r.Type})
	}
}
