package api

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// logisticPoint is the LuaLogisticPoint of a chest.
type logisticPoint struct{ e *world.Entity }

// combinator is the control behavior of a constant combinator.
type combinator struct{ e *world.Entity }

// sections are an entity's LuaLogisticSections.
type sections struct{ e *world.Entity }

// sectionRef is a LuaLogisticSection.
type sectionRef struct {
	e *world.Entity
	s *world.Section
}

func (r sectionRef) valid() bool { return !r.e.Gone && !r.s.Gone }

// addRequests adds what an entity has of logistics and circuits.
func addRequests(m members[*world.Entity]) {
	m.attrs["request_from_buffers"] = attribute[*world.Entity]{
		get: func(c call, e *world.Entity) any { return c.requesting(e).FromBuffers },
		set: func(c call, e *world.Entity, v lua.LValue) { c.requesting(e).FromBuffers = c.boolean(v) },
	}
	m.attrs["storage_filter"] = attribute[*world.Entity]{
		get: func(c call, e *world.Entity) any {
			c.storing(e)
			if e.Storage == nil {
				return nil
			}
			return []Field{{"name", c.w.Catalog.Item(e.Storage.Name)}, {"quality", c.w.Catalog.Quality(e.Storage.Quality)}}
		},
		set: func(c call, e *world.Entity, v lua.LValue) {
			c.storing(e)
			e.Storage = nil
			if v != lua.LNil {
				k := c.key(v)
				e.Storage = &k
			}
		},
	}
	m.methods["get_logistic_point"] = func(c call, e *world.Entity) any {
		if c.w.Prototype(e).Mode == "" {
			return nil
		}
		if c.arg(1) == lua.LNil {
			return []any{logisticPoint{e}}
		}
		if c.whole(c.arg(1), 0, math.MaxInt32) != constant("logistic_member_index", "logistic_container") {
			return nil
		}
		return logisticPoint{e}
	}
	m.methods["get_logistic_sections"] = func(_ call, e *world.Entity) any {
		if e.Requests == nil {
			return nil
		}
		return sections{e}
	}
	behavior := func(_ call, e *world.Entity) any {
		if e.Type != "constant-combinator" {
			return nil
		}
		return combinator{e}
	}
	m.methods["get_control_behavior"], m.methods["get_or_create_control_behavior"] = behavior, behavior
}

func (c call) requesting(e *world.Entity) *world.Requests {
	if e.Requests == nil || e.Type != "logistic-container" {
		c.fail("The entity doesn't have requester slots.")
	}
	return e.Requests
}

func (c call) storing(e *world.Entity) {
	if c.w.Prototype(e).Mode != "storage" {
		c.fail("The entity is not a storage chest.")
	}
}

// sectioned makes the members that all have who have sections.
func sectioned[T any](of func(T) *world.Entity) (attributes[T], methods[T]) {
	all := func(self T) []*world.Section {
		if of(self).Requests == nil {
			return nil
		}
		return of(self).Requests.Sections
	}
	return attributes[T]{
			"sections_count": read(func(_ call, self T) any { return len(all(self)) }),
			"sections": read(func(_ call, self T) any {
				out := []any{}
				for _, s := range all(self) {
					out = append(out, sectionRef{of(self), s})
				}
				return out
			}),
		}, methods[T]{
			"get_section": func(c call, self T) any {
				n := c.count(c.arg(1))
				if n < 1 || n > len(all(self)) {
					return nil
				}
				return sectionRef{of(self), all(self)[n-1]}
			},
			"add_section": func(c call, self T) any {
				if of(self).Requests == nil {
					return nil
				}
				if s := c.w.AddSection(of(self), c.optional(c.arg(1))); s != nil {
					return sectionRef{of(self), s}
				}
				return nil
			},
			"remove_section": func(c call, self T) any {
				return of(self).Requests != nil && c.w.RemoveSection(of(self), c.count(c.arg(1)))
			},
		}
}

func (s *Script) addLogisticClasses() {
	attrs, methods := sectioned(func(p logisticPoint) *world.Entity { return p.e })
	declare(s, members[logisticPoint]{
		name:  "LuaLogisticPoint",
		valid: func(p logisticPoint) bool { return !p.e.Gone },
		attrs: pointAttributes(),
	}.with(attrs, methods))
	combinatorAttrs, combinatorMethods := sectioned(func(b combinator) *world.Entity { return b.e })
	declare(s, members[combinator]{
		name:  "LuaConstantCombinatorControlBehavior",
		valid: func(b combinator) bool { return !b.e.Gone },
		attrs: attributes[combinator]{
			"enabled": {
				get: func(_ call, b combinator) any { return !b.e.Requests.Off },
				set: func(c call, b combinator, v lua.LValue) { b.e.Requests.Off = !c.boolean(v) },
			},
			"entity": read(func(_ call, b combinator) any { return b.e }),
			"type": read(func(_ call, b combinator) any {
				return constant("control_behavior.type", "constant_combinator")
			}),
		},
	}.with(combinatorAttrs, combinatorMethods))
	listAttrs, listMethods := sectioned(func(l sections) *world.Entity { return l.e })
	declare(s, members[sections]{
		name: "LuaLogisticSections", valid: func(l sections) bool { return !l.e.Gone },
	}.with(listAttrs, listMethods))
	s.addSectionClass()
}

func pointAttributes() attributes[logisticPoint] {
	return attributes[logisticPoint]{
		"owner":                 read(func(_ call, p logisticPoint) any { return p.e }),
		"force":                 read(func(c call, p logisticPoint) any { return c.w.Force(p.e.Force) }),
		"mode":                  read(func(c call, p logisticPoint) any { return constant("logistic_mode", c.w.Prototype(p.e).Mode) }),
		"logistic_member_index": read(func(call, logisticPoint) any { return constant("logistic_member_index", "logistic_container") }),
		"enabled": {
			get: func(_ call, p logisticPoint) any { return p.e.Requests == nil || !p.e.Requests.Off },
			set: func(c call, p logisticPoint, v lua.LValue) { c.requesting(p.e).Off = !c.boolean(v) },
		},
		"trash_not_requested": {
			get: func(_ call, p logisticPoint) any { return p.e.Requests != nil && p.e.Requests.TrashOthers },
			set: func(c call, p logisticPoint, v lua.LValue) { c.requesting(p.e).TrashOthers = c.boolean(v) },
		},
		"filters": read(func(c call, p logisticPoint) any {
			if p.e.Requests == nil {
				return nil
			}
			out := []any{}
			for i, r := range p.e.Requests.Compiled() {
				f := []Field{
					{"index", i + 1}, {"type", r.Type}, {"name", r.Name}, {"quality", orNil(r.Quality)},
					{"comparator", orNil(r.Comparator)}, {"count", r.Min},
				}
				if r.Max != nil {
					f = append(f, Field{"max_count", *r.Max})
				}
				out = append(out, f)
			}
			return out
		}),
	}
}

func (s *Script) addSectionClass() {
	declare(s, members[sectionRef]{
		name:  "LuaLogisticSection",
		valid: sectionRef.valid,
		attrs: attributes[sectionRef]{
			"owner": read(func(_ call, r sectionRef) any { return r.e }),
			"index": read(func(_ call, r sectionRef) any {
				for i, other := range r.e.Requests.Sections {
					if other == r.s {
						return i + 1
					}
				}
				return nil
			}),
			"type":      read(func(call, sectionRef) any { return constant("logistic_section_type", "manual") }),
			"is_manual": read(func(call, sectionRef) any { return true }),
			"active": {
				get: func(_ call, r sectionRef) any { return !r.s.Off },
				set: func(c call, r sectionRef, v lua.LValue) { r.s.Off = !c.boolean(v) },
			},
			"multiplier": {
				get: func(_ call, r sectionRef) any { return r.s.Multiplier },
				set: func(c call, r sectionRef, v lua.LValue) { r.s.Multiplier = max(0, c.number(v)) },
			},
			"group": {
				get: func(_ call, r sectionRef) any { return r.s.Group },
				set: func(c call, r sectionRef, v lua.LValue) { c.w.SetGroup(r.e, r.s, c.text(v)) },
			},
			"filters_count": read(func(_ call, r sectionRef) any { return len(r.s.Numbers()) }),
			"filters":       {get: sectionFilters, set: setSectionFilters},
		},
		methods: methods[sectionRef]{
			"get_slot": func(c call, r sectionRef) any { return r.slot(c.slot(c.arg(1))) },
			"clear_slot": func(c call, r sectionRef) any {
				r.s.Clear(c.slot(c.arg(1)))
				return nothing{}
			},
			"set_slot": func(c call, r sectionRef) any {
				slot := c.slot(c.arg(1))
				request, empty := c.request(c.table(c.arg(2)))
				if empty {
					r.s.Clear(slot)
					return nil
				}
				if other := r.s.Set(slot, request); other != 0 {
					return other
				}
				return nil
			},
		},
	})
}

func (c call) slot(v lua.LValue) int {
	n := c.whole(v, 0, math.MaxUint16)
	if !world.ValidSlot(n) {
		c.fail("Slot index out of range.")
	}
	return n
}

// slot is a LogisticFilter; an empty slot is an empty table.
func (r sectionRef) slot(n int) any {
	q, ok := (*r.s.Slots)[n]
	if !ok {
		return []Field{}
	}
	f := []Field{
		{"value", []Field{{"type", q.Type}, {"name", q.Name}, {"quality", orNil(q.Quality)}, {"comparator", orNil(q.Comparator)}}},
		{"min", q.Min},
	}
	if q.Max != nil {
		f = append(f, Field{"max", *q.Max})
	}
	if q.Delivery > 0 {
		f = append(f, Field{"minimum_delivery_count", q.Delivery})
	}
	return append(f, Field{"import_from", orNil(q.ImportFrom)})
}

// sectionFilters are all slots up to the last that isn't empty.
func sectionFilters(_ call, r sectionRef) any {
	out := []any{}
	numbers := r.s.Numbers()
	if len(numbers) == 0 {
		return out
	}
	for n := 1; n <= numbers[len(numbers)-1]; n++ {
		out = append(out, r.slot(n))
	}
	return out
}

func setSectionFilters(c call, r sectionRef, v lua.LValue) {
	requests := map[int]world.Request{}
	t := c.table(v)
	for key, value := t.Next(lua.LNil); key != lua.LNil; key, value = t.Next(key) {
		slot := c.slot(key)
		if request, empty := c.request(c.table(value)); !empty {
			requests[slot] = request
		}
	}
	r.s.Replace(requests)
}

// request reads a LogisticFilter; empty is one without a value.
func (c call) request(t *lua.LTable) (r world.Request, empty bool) {
	v := t.RawGetString("value")
	if v == lua.LNil {
		return r, true
	}
	c.signal(v, &r)
	if n := t.RawGetString("min"); n != lua.LNil {
		r.Min = c.whole(n, math.MinInt32, math.MaxInt32)
	}
	if n := t.RawGetString("max"); n != lua.LNil {
		high := c.count(n)
		r.Max = &high
	}
	if n := t.RawGetString("minimum_delivery_count"); n != lua.LNil {
		r.Delivery = c.count(n)
	}
	if from := t.RawGetString("import_from"); from != lua.LNil {
		r.ImportFrom = c.name(from, "a space location")
		if c.w.Catalog.Location(r.ImportFrom) == nil {
			c.fail("Unknown space location: %s", r.ImportFrom)
		}
	}
	if r.Min != 0 && (r.Quality == "" || r.Comparator != "=") {
		c.fail("A logistic filter with a minimum needs one quality.")
	}
	return r, false
}

// signal reads a SignalFilter: a name, or a table in which a missing quality means any.
func (c call) signal(v lua.LValue, r *world.Request) {
	t, ok := v.(*lua.LTable)
	if !ok {
		r.Name = c.name(v, "a signal")
		r.Type, r.Quality, r.Comparator = c.w.Catalog.SignalType(r.Name), "normal", "="
	} else {
		r.Name = c.name(t.RawGetString("name"), "a signal")
		if r.Type = c.optional(t.RawGetString("type")); r.Type == "" {
			r.Type = "item"
		}
		if q := t.RawGetString("quality"); q != lua.LNil {
			r.Quality, r.Comparator = c.quality(q).Name, c.comparator(t.RawGetString("comparator"))
		}
	}
	if !c.w.Catalog.HasSignal(r.Type, r.Name) {
		c.fail("Unknown signal: %s %s", r.Type, r.Name)
	}
}
