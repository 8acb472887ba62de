package world

import (
	"errors"
	"fmt"
	"slices"
)

// Force owns entities. Its pointer stays; Gone is set when it is merged into another.
type Force struct {
	Name    string             `json:"name"`
	Index   int                `json:"index"` // from 1
	Groups  map[string]*Slots  `json:"groups,omitempty"`
	Linked  []*LinkedInventory `json:"linked,omitempty"`
	Spawns  map[int]Point      `json:"spawns,omitempty"`  // by index of the surface, where it isn't the middle
	Recipes map[string]bool    `json:"recipes,omitempty"` // that a script enabled or disabled
	Gone    bool               `json:"-"`
}

// LinkedInventory is the inventory that all linked containers of a force, name and link share.
type LinkedInventory struct {
	Container string     `json:"container"`
	Link      uint32     `json:"link"`
	Inventory *Inventory `json:"inventory"`
}

// maxForces is the game's bound.
const maxForces = 64

// The forces that are always there.
const (
	playerForce  = 1
	enemyForce   = 2
	neutralForce = 3
)

// Force of an index, nil if there is none.
func (w *World) Force(index int) *Force {
	for _, f := range w.Forces {
		if f.Index == index {
			return f
		}
	}
	return nil
}

// ForceNamed is nil if there is none.
func (w *World) ForceNamed(name string) *Force {
	for _, f := range w.Forces {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// AddForce makes a force.
func (w *World) AddForce(name string) (*Force, error) {
	if name == "" || w.ForceNamed(name) != nil {
		return nil, fmt.Errorf("Force %q already exists", name) //nolint:staticcheck // the game's words
	}
	index := 1
	for w.Force(index) != nil {
		index++
	}
	if index > maxForces {
		return nil, errors.New("too many forces")
	}
	f := &Force{Name: name, Index: index}
	w.Forces = append(w.Forces, f)
	slices.SortFunc(w.Forces, func(a, b *Force) int { return a.Index - b.Index })
	w.emit("on_force_created", Fields{"force": f})
	return f, nil
}

// MergeForces gives all that is source's to another force at the end of the tick; then source is gone. False means
// that source is one of those that are always there, or the same.
func (w *World) MergeForces(source, into *Force) bool {
	if source.Index <= neutralForce || source == into {
		return false
	}
	w.Merging = append(w.Merging, [2]int{source.Index, into.Index})
	return true
}

func (w *World) mergeForces(source, into *Force) {
	w.emit("on_forces_merging", Fields{"source": source, "destination": into})
	for _, e := range w.Entities {
		if e.Force == source.Index {
			e.Force = into.Index
		}
	}
	for _, p := range w.Players {
		if p.Force == source.Index {
			w.SetForce(p, into)
		}
	}
	for _, l := range source.Linked {
		to := w.linked(into.Index, l.Container, l.Link)
		w.moveAll(l.Inventory, to)
		l.Inventory.empty(&w.Books.Removed)
		w.drop(l.Inventory)
	}
	source.Gone = true
	w.Forces = slices.DeleteFunc(w.Forces, func(f *Force) bool { return f == source })
	w.emit("on_forces_merged", Fields{"source_name": source.Name, "source_index": source.Index, "destination": into})
}

// linked is a linked inventory; it is made when it isn't there yet.
func (w *World) linked(force int, container string, link uint32) *Inventory {
	f := w.Force(force)
	if inv := f.LinkedInventory(container, link); inv != nil {
		return inv
	}
	inv := w.newInventory(LinkedChest, w.Catalog.Entity(container).Slots)
	inv.HasBar = w.Catalog.Entity(container).Bar
	f.Linked = append(f.Linked, &LinkedInventory{Container: container, Link: link, Inventory: inv})
	return inv
}

// LinkedInventory is nil when no container uses that link.
func (f *Force) LinkedInventory(container string, link uint32) *Inventory {
	for _, l := range f.Linked {
		if l.Container == container && l.Link == link {
			return l.Inventory
		}
	}
	return nil
}

// CountEntities counts a force's entities of a name.
func (w *World) CountEntities(f *Force, name string) int {
	n := 0
	for _, s := range w.Surfaces {
		for _, e := range s.byName[name] {
			if e.Force == f.Index {
				n++
			}
		}
	}
	return n
}
