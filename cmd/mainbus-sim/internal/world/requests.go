package world

import (
	"maps"
	"slices"
)

// Requests are the logistic sections of a chest, or the signals of a constant combinator.
type Requests struct {
	Sections    []*Section `json:"sections"`
	FromBuffers bool       `json:"from_buffers,omitempty"`
	TrashOthers bool       `json:"trash_others,omitempty"` // trash_not_requested
	Off         bool       `json:"off,omitempty"`          // enabled is false
}

// Section is a list of requests. Those of one group, force-wide, share their slots.
type Section struct {
	Off        bool    `json:"off,omitempty"`
	Multiplier float64 `json:"multiplier"`
	Group      string  `json:"group,omitempty"`
	Slots      *Slots  `json:"slots,omitempty"` // nil in the save when it is in a group
	Gone       bool    `json:"-"`
}

// Slots are requests by their number, from 1.
type Slots map[int]Request

// Request is what one slot asks for or, in a combinator, sends.
type Request struct {
	Type       string `json:"type"` // item, fluid, virtual, ...
	Name       string `json:"name"`
	Quality    string `json:"quality,omitempty"` // "" is any
	Comparator string `json:"comparator,omitempty"`
	Min        int    `json:"min,omitempty"`
	Max        *int   `json:"max,omitempty"` // nil is no limit
	Delivery   int    `json:"delivery,omitempty"`
	ImportFrom string `json:"import_from,omitempty"`
}

// Bounds of the game: sections of a point, requests of a section.
const (
	maxSections = 100
	maxRequests = 1000
)

// requests says whether chests of a logistic mode have requests.
func requests(mode string) bool { return mode == "requester" || mode == "buffer" }

func newSection() *Section { return &Section{Multiplier: 1, Slots: &Slots{}} }

// same says whether two requests ask for the same, whatever the numbers.
func (r Request) same(other Request) bool {
	return r.Type == other.Type && r.Name == other.Name && r.Quality == other.Quality && r.Comparator == other.Comparator
}

// AddSection adds a section, in a group unless that is ""; nil when there are too many.
func (w *World) AddSection(e *Entity, group string) *Section {
	if len(e.Requests.Sections) >= maxSections {
		return nil
	}
	s := newSection()
	e.Requests.Sections = append(e.Requests.Sections, s)
	w.SetGroup(e, s, group)
	return s
}

// RemoveSection removes the section of an index from 1. False means that there is none.
func (w *World) RemoveSection(e *Entity, index int) bool {
	if index < 1 || index > len(e.Requests.Sections) {
		return false
	}
	e.Requests.Sections[index-1].Gone = true
	e.Requests.Sections = slices.Delete(e.Requests.Sections, index-1, index)
	return true
}

// SetGroup puts a section into a group: it gets the group's requests, or the group gets its own if it is the first. A
// section that leaves a group keeps a copy.
func (w *World) SetGroup(e *Entity, s *Section, group string) {
	if group == s.Group {
		return
	}
	s.Group = group
	if group == "" {
		slots := maps.Clone(*s.Slots)
		s.Slots = &slots
		return
	}
	force := w.Force(e.Force)
	if slots := force.Groups[group]; slots != nil {
		s.Slots = slots
		return
	}
	slots := maps.Clone(*s.Slots)
	s.Slots = force.group(group, &slots)
}

func (f *Force) group(name string, slots *Slots) *Slots {
	if f.Groups == nil {
		f.Groups = map[string]*Slots{}
	}
	f.Groups[name] = slots
	return slots
}

// AddGroup makes an empty group of requests; one that exists stays as it is.
func (f *Force) AddGroup(name string) {
	if f.Groups[name] == nil {
		f.group(name, &Slots{})
	}
}

// DeleteGroup removes a group; sections in it keep their requests, each its own.
func (w *World) DeleteGroup(f *Force, name string) {
	if f.Groups[name] == nil {
		return
	}
	for _, e := range w.Entities {
		if e.Requests == nil || e.Force != f.Index {
			continue
		}
		for _, s := range e.Requests.Sections {
			if s.Group == name {
				w.SetGroup(e, s, "")
			}
		}
	}
	delete(f.Groups, name)
}

// Set puts a request into a slot. If another slot asks for the same, nothing changes and that slot's number is
// returned; otherwise 0.
func (s *Section) Set(slot int, r Request) int {
	for other, have := range *s.Slots {
		if other != slot && have.same(r) {
			return other
		}
	}
	(*s.Slots)[slot] = r
	return 0
}

// Replace sets all requests at once.
func (s *Section) Replace(requests map[int]Request) {
	clear(*s.Slots)
	maps.Copy(*s.Slots, requests)
}

// Clear empties a slot.
func (s *Section) Clear(slot int) { delete(*s.Slots, slot) }

// Numbers are the slots that are not empty, in their order.
func (s *Section) Numbers() []int { return slices.Sorted(maps.Keys(*s.Slots)) }

// ValidSlot says whether a slot of that number can be.
func ValidSlot(slot int) bool { return slot >= 1 && slot <= maxRequests }

// Compiled is what all active sections ask for together: one entry for each kind, numbered from 1.
func (r *Requests) Compiled() []Request {
	var out []Request
	for _, s := range r.Sections {
		if s.Off {
			continue
		}
		for _, number := range s.Numbers() {
			q := (*s.Slots)[number]
			q.Min = int(float64(q.Min) * s.Multiplier)
			at := slices.IndexFunc(out, q.same)
			if at < 0 {
				out = append(out, q)
				continue
			}
			out[at].Min += q.Min
			switch {
			case q.Max == nil:
			case out[at].Max == nil:
				out[at].Max = q.Max
			default:
				highest := max(*q.Max, *out[at].Max)
				out[at].Max = &highest
			}
		}
	}
	return out
}
