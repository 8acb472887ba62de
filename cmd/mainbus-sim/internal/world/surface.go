package world

import (
	"math"
	"slices"
)

// Surface is a place that entities stand on. Its pointer stays; Gone is set when it is deleted.
type Surface struct {
	Name   string `json:"name"`
	Index  int    `json:"index"`            // from 1; never used again
	Planet string `json:"planet,omitempty"` // whose surface it is
	Gone   bool   `json:"-"`

	chunks map[chunk][]*Entity // in the order of their units, as all lists here
	byName map[string][]*Entity
}

// chunk is a square of 32 by 32 tiles.
type chunk struct{ x, y int32 }

func chunkAt(x, y float64) chunk {
	const edge = 1_000_000 // of the map, in tiles, as in the game
	at := func(v float64) int32 { return int32(math.Floor(min(max(v, -edge), edge) / 32)) }
	return chunk{at(x), at(y)}
}

// Surface of an index, nil if there is none.
func (w *World) Surface(index int) *Surface {
	for _, s := range w.Surfaces {
		if s.Index == index {
			return s
		}
	}
	return nil
}

// SurfaceNamed is nil if there is none.
func (w *World) SurfaceNamed(name string) *Surface {
	for _, s := range w.Surfaces {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// AddSurface makes a surface. The name must be free; a planet's name makes it the planet's.
func (w *World) AddSurface(name string) *Surface {
	w.LastSurface++
	s := &Surface{Name: name, Index: w.LastSurface}
	if planet := w.Catalog.Location(name); planet != nil && planet.Planet {
		s.Planet = name
	}
	s.reset()
	w.Surfaces = append(w.Surfaces, s)
	w.emit("on_surface_created", Fields{"surface_index": s.Index})
	return s
}

// RenameSurface gives a surface a name that must be free.
func (w *World) RenameSurface(s *Surface, name string) {
	old := s.Name
	s.Name = name
	w.emit("on_surface_renamed", Fields{"surface_index": s.Index, "old_name": old, "new_name": name})
}

// DeleteSurface lets a surface vanish at the end of the tick. False means that it can't: the first surface stays.
func (w *World) DeleteSurface(s *Surface) bool {
	if s.Index == 1 {
		return false
	}
	if !slices.Contains(w.Deleting, s.Index) {
		w.Deleting = append(w.Deleting, s.Index)
	}
	return true
}

func (w *World) deleteSurface(s *Surface) {
	w.emit("on_pre_surface_deleted", Fields{"surface_index": s.Index})
	for _, f := range w.Forces {
		delete(f.Spawns, s.Index)
	}
	for _, p := range w.Players {
		if p.Surface == s.Index {
			w.MovePlayer(p, w.Surfaces[0], 0, 0)
		}
	}
	w.clear(s, true)
	s.Gone = true
	w.Surfaces = slices.DeleteFunc(w.Surfaces, func(other *Surface) bool { return other == s })
	w.died(TargetSurface, uint64(s.Index))
	w.emit("on_surface_deleted", Fields{"surface_index": s.Index})
}

// ClearSurface destroys everything on a surface, for a script; characters only if it says so.
func (w *World) ClearSurface(s *Surface, characters bool) {
	w.emit("on_pre_surface_cleared", Fields{"surface_index": s.Index})
	w.clear(s, characters)
	w.emit("on_surface_cleared", Fields{"surface_index": s.Index})
}

func (w *World) clear(s *Surface, characters bool) {
	for _, e := range slices.Clone(w.Entities) {
		if e.Surface == s.Index && !e.Away && (characters || e.Type != "character") {
			w.remove(e, &w.Books.Removed)
		}
	}
}

func (s *Surface) reset() { s.chunks, s.byName = map[chunk][]*Entity{}, map[string][]*Entity{} }

// enter puts an entity where it can be found.
func (w *World) enter(e *Entity) {
	s := w.Surface(e.Surface)
	at := chunkAt(e.X, e.Y)
	s.chunks[at] = sortedInsert(s.chunks[at], e)
	s.byName[e.Name] = sortedInsert(s.byName[e.Name], e)
	w.byUnit[e.Unit] = e
}

// leave takes it away from there.
func (w *World) leave(e *Entity) {
	s := w.Surface(e.Surface)
	at := chunkAt(e.X, e.Y)
	s.chunks[at] = sortedDelete(s.chunks[at], e)
	if len(s.chunks[at]) == 0 {
		delete(s.chunks, at)
	}
	s.byName[e.Name] = sortedDelete(s.byName[e.Name], e)
	if len(s.byName[e.Name]) == 0 {
		delete(s.byName, e.Name)
	}
}

func byUnit(a, b *Entity) int {
	switch {
	case a.Unit < b.Unit:
		return -1
	case a.Unit > b.Unit:
		return 1
	}
	return 0
}

func sortedInsert(list []*Entity, e *Entity) []*Entity {
	i, _ := slices.BinarySearchFunc(list, e, byUnit)
	return slices.Insert(list, i, e)
}

func sortedDelete(list []*Entity, e *Entity) []*Entity {
	if i, found := slices.BinarySearchFunc(list, e, byUnit); found {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// Area is a rectangle, in tiles.
type Area struct{ From, To Point }

// maxReach is how far an entity's box may reach from its position, in tiles, to be found by an area.
const maxReach = 8

// Where says which entities a search looks at. The zero value is all of a surface.
type Where struct {
	Area  *Area           // entities whose box touches it
	Names map[string]bool // nil is any
}

// Find gives the entities of a surface at a place, in the order in which they were built.
func (w *World) Find(s *Surface, where Where) []*Entity {
	var out []*Entity
	switch {
	case where.Area != nil:
		from := chunkAt(where.Area.From.X-maxReach, where.Area.From.Y-maxReach)
		to := chunkAt(where.Area.To.X+maxReach, where.Area.To.Y+maxReach)
		s.eachChunk(from, to, func(list []*Entity) {
			for _, e := range list {
				if (where.Names == nil || where.Names[e.Name]) && w.touches(e, *where.Area) {
					out = append(out, e)
				}
			}
		})
	case where.Names != nil:
		for name := range where.Names {
			out = append(out, s.byName[name]...)
		}
	default:
		for _, list := range s.byName {
			out = append(out, list...)
		}
	}
	slices.SortFunc(out, byUnit)
	return out
}

// eachChunk goes over the chunks in a rectangle, or over those that hold anything if these are fewer.
func (s *Surface) eachChunk(from, to chunk, fn func([]*Entity)) {
	if (int64(to.x)-int64(from.x)+1)*(int64(to.y)-int64(from.y)+1) > int64(len(s.chunks)) {
		for at, list := range s.chunks {
			if at.x >= from.x && at.x <= to.x && at.y >= from.y && at.y <= to.y {
				fn(list)
			}
		}
		return
	}
	for x := from.x; x <= to.x; x++ {
		for y := from.y; y <= to.y; y++ {
			fn(s.chunks[chunk{x, y}])
		}
	}
}

// Box is where an entity stands.
func (w *World) Box(e *Entity) Area {
	box := w.Prototype(e).Box
	return Area{Point{e.X + box[0].X, e.Y + box[0].Y}, Point{e.X + box[1].X, e.Y + box[1].Y}}
}

func (w *World) touches(e *Entity, a Area) bool {
	box := w.Box(e)
	return box.To.X > a.From.X && box.From.X < a.To.X && box.To.Y > a.From.Y && box.From.Y < a.To.Y
}

// Covers says whether an entity stands at a position.
func (w *World) Covers(e *Entity, x, y float64) bool {
	box := w.Box(e)
	return (e.X == x && e.Y == y) || (x >= box.From.X && x <= box.To.X && y >= box.From.Y && y <= box.To.Y)
}

// Fits says whether an entity could be built without touching another. Items on the ground are in nobody's way.
func (w *World) Fits(name string, s *Surface, x, y float64) bool {
	p := w.Catalog.Entity(name)
	if p == nil {
		return false
	}
	x, y = p.snap(x), p.snapY(y)
	area := Area{Point{x + p.Box[0].X, y + p.Box[0].Y}, Point{x + p.Box[1].X, y + p.Box[1].Y}}
	return !slices.ContainsFunc(w.Find(s, Where{Area: &area}), func(e *Entity) bool { return e.Type != "item-entity" })
}

// PlanetSurface is the surface of a planet, nil while it has none.
func (w *World) PlanetSurface(planet string) *Surface {
	for _, s := range w.Surfaces {
		if s.Planet == planet {
			return s
		}
	}
	return nil
}
