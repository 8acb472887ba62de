package api

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// item checks that item and quality exist.
func (s *Script) item(l *lua.LState, name, quality string) world.Key {
	if quality == "" {
		quality = "normal"
	}
	if s.p.World.Catalog.Item(name) == nil {
		l.RaiseError("Unknown item name: %s", name)
	}
	if s.p.World.Catalog.Quality(quality) == nil {
		l.RaiseError("Unknown quality name: %s", quality)
	}
	return world.Key{Name: name, Quality: quality}
}

// nameOf reads what may be the name of a prototype or the prototype.
func nameOf(v lua.LValue) string {
	if text, ok := v.(lua.LString); ok {
		return string(text)
	}
	if item, ok := checkUserData[*world.Item](v); ok {
		return item.Name
	}
	if quality, ok := checkUserData[*world.Quality](v); ok {
		return quality.Name
	}
	if entity, ok := checkUserData[entityPrototype](v); ok {
		return entity.item.Name
	}
	return ""
}

// itemKey reads an ItemWithQualityID.
func (s *Script) itemKey(l *lua.LState, n int) world.Key {
	v := l.CheckAny(n)
	if stack, ok := checkUserData[stackRef](v); ok {
		return s.stackAt(stack).Key
	}
	if t, ok := v.(*lua.LTable); ok {
		return s.item(l, nameOf(t.RawGetString("name")), nameOf(t.RawGetString("quality")))
	}
	return s.item(l, nameOf(v), "")
}

// itemStack reads an ItemStackIdentification: a name means a full stack, a definition counts 1 if it says nothing.
func (s *Script) itemStack(l *lua.LState, n int) world.Amount {
	v := l.CheckAny(n)
	if stack, ok := checkUserData[stackRef](v); ok {
		return *s.stackAt(stack)
	}
	if t, ok := v.(*lua.LTable); ok {
		key := s.item(l, nameOf(t.RawGetString("name")), nameOf(t.RawGetString("quality")))
		count := 1
		if c := t.RawGetString("count"); c != lua.LNil {
			count = wholeCount(l, c)
		}
		return world.Amount{Key: key, Count: count}
	}
	key := s.item(l, nameOf(v), "")
	return world.Amount{Key: key, Count: s.p.World.Catalog.Item(key.Name).Stack}
}

func wholeCount(l *lua.LState, v lua.LValue) int {
	f, ok := v.(lua.LNumber)
	if !ok || f < 0 || f > math.MaxUint32 || f != f {
		l.RaiseError("Expected count as a number from 0 to 4294967295.")
	}
	return int(f)
}

// position reads a MapPosition.
func position(l *lua.LState, v lua.LValue) (x, y float64) {
	t, ok := v.(*lua.LTable)
	if !ok {
		l.RaiseError("Expected a position.")
	}
	px, py := t.RawGetString("x"), t.RawGetString("y")
	if px == lua.LNil && py == lua.LNil {
		px, py = t.RawGetInt(1), t.RawGetInt(2)
	}
	nx, okX := px.(lua.LNumber)
	ny, okY := py.(lua.LNumber)
	if !okX || !okY {
		l.RaiseError("Expected a position.")
	}
	return float64(nx), float64(ny)
}

// area reads a BoundingBox.
func area(l *lua.LState, v lua.LValue) (x1, y1, x2, y2 float64) {
	t, ok := v.(*lua.LTable)
	if !ok {
		l.RaiseError("Expected a bounding box.")
	}
	first, second := t.RawGetString("left_top"), t.RawGetString("right_bottom")
	if first == lua.LNil {
		first, second = t.RawGetInt(1), t.RawGetInt(2)
	}
	x1, y1 = position(l, first)
	x2, y2 = position(l, second)
	return x1, y1, x2, y2
}

// texts reads a name or an array of names; nil when v is nil.
func texts(l *lua.LState, v lua.LValue) map[string]bool {
	set := map[string]bool{}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil
	case lua.LString:
		set[string(v)] = true
	case *lua.LTable:
		v.ForEach(func(_, name lua.LValue) { set[nameOf(name)] = true })
	default:
		set[nameOf(v)] = true
	}
	return set
}

// localised renders a LocalisedString: {"", a, b} joins, other keys are unknown to a server without locale files.
func (s *Script) localised(v lua.LValue) string {
	t, ok := v.(*lua.LTable)
	if !ok {
		return s.vm.Text(v)
	}
	key := s.vm.Text(t.RawGetInt(1))
	if key != "" {
		return `Unknown key: "` + key + `"`
	}
	var out strings.Builder
	for i := 2; i <= t.Len(); i++ {
		out.WriteString(s.localised(t.RawGetInt(i)))
	}
	return out.String()
}

func texttable(l *lua.LState, m map[string]string) *lua.LTable {
	t := l.NewTable()
	for _, key := range sorted(m) {
		t.RawSetString(key, lua.LString(m[key]))
	}
	return t
}
