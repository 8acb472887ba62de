package api

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// The methods of call read arguments and raise when one has the wrong type or names what isn't there.

// arg is an argument by its place, nil beyond the last.
func (c call) arg(n int) lua.LValue { return c.l.Get(n) }

// named is an argument of a method that takes one table.
func (c call) named(name string) lua.LValue { return c.l.CheckTable(1).RawGetString(name) }

func (c call) fail(format string, args ...any) { c.l.RaiseError(format, args...) }

func (c call) expected(what string, v lua.LValue) {
	got := v.Type().String()
	if u, ok := v.(*lua.LUserData); ok {
		if meta, ok := u.Metatable.(*lua.LTable); ok && c.byMeta[meta] != nil {
			got = c.byMeta[meta].name
		}
	}
	c.fail("Invalid argument: expected %s, got %s.", what, got)
}

func (c call) text(v lua.LValue) string {
	text, ok := v.(lua.LString)
	if !ok {
		c.expected("a string", v)
	}
	return string(text)
}

// optional text; nil is "".
func (c call) optional(v lua.LValue) string {
	if v == lua.LNil {
		return ""
	}
	return c.text(v)
}

func (c call) boolean(v lua.LValue) bool {
	b, ok := v.(lua.LBool)
	if !ok {
		c.expected("a boolean", v)
	}
	return bool(b)
}

// flag is a boolean that may be missing.
func (c call) flag(v lua.LValue, missing bool) bool {
	if v == lua.LNil {
		return missing
	}
	return c.boolean(v)
}

// number is one that is not NaN.
func (c call) number(v lua.LValue) float64 {
	n, ok := v.(lua.LNumber)
	if !ok || n != n {
		c.expected("a number", v)
	}
	return float64(n)
}

// whole reads a number between two and drops its fraction, as the game does with what it keeps as an integer.
func (c call) whole(v lua.LValue, low, high float64) int {
	n := math.Trunc(c.number(v))
	if n < low || n > high {
		c.fail("Invalid argument: expected a number from %.14g to %.14g, got %.14g.", low, high, n)
	}
	return int(n)
}

func (c call) count(v lua.LValue) int { return c.whole(v, 0, world.MaxCount) }

func (c call) table(v lua.LValue) *lua.LTable {
	t, ok := v.(*lua.LTable)
	if !ok {
		c.expected("a table", v)
	}
	return t
}

// name reads the name of a prototype of a kind, or the prototype.
func (c call) name(v lua.LValue, what string) string {
	if u, ok := v.(*lua.LUserData); ok {
		switch p := u.Value.(type) {
		case *world.Item:
			return p.Name
		case *world.EntityPrototype:
			return p.Name
		case *world.Entity:
			return p.Name
		case *world.Quality:
			return p.Name
		case *world.FluidPrototype:
			return p.Name
		case *world.Location:
			return p.Name
		case *world.Recipe:
			return p.Name
		case recipe:
			return p.Name
		}
	}
	text, ok := v.(lua.LString)
	if !ok {
		c.expected(what, v)
	}
	return string(text)
}

func (c call) item(v lua.LValue) *world.Item {
	name := c.name(v, "an item")
	item := c.w.Catalog.Item(name)
	if item == nil {
		c.fail("Unknown item name: %s", name)
	}
	return item
}

// quality is normal when v is nil.
func (c call) quality(v lua.LValue) *world.Quality {
	if v == lua.LNil {
		return c.w.Catalog.Quality("normal")
	}
	name := c.name(v, "a quality")
	quality := c.w.Catalog.Quality(name)
	if quality == nil {
		c.fail("Unknown quality name: %s", name)
	}
	return quality
}

func (c call) fluid(v lua.LValue) *world.FluidPrototype {
	name := c.name(v, "a fluid")
	fluid := c.w.Catalog.Fluid(name)
	if fluid == nil {
		c.fail("Unknown fluid name: %s", name)
	}
	return fluid
}

func (c call) entityPrototype(v lua.LValue) *world.EntityPrototype {
	name := c.name(v, "an entity")
	p := c.w.Catalog.Entity(name)
	if p == nil {
		c.fail("Unknown entity name: %s", name)
	}
	return p
}

// key reads an ItemWithQualityID.
func (c call) key(v lua.LValue) world.Key {
	if ref, ok := checkUserData[stackRef](v); ok {
		return c.filled(ref).Key
	}
	if t, ok := v.(*lua.LTable); ok {
		return world.Key{Name: c.item(t.RawGetString("name")).Name, Quality: c.quality(t.RawGetString("quality")).Name}
	}
	return world.Key{Name: c.item(v).Name, Quality: "normal"}
}

// stack reads an ItemStackIdentification: a name means a full stack, a definition counts 1 if it says nothing.
func (c call) stack(v lua.LValue) world.Stack {
	if ref, ok := checkUserData[stackRef](v); ok {
		c.classes["LuaItemStack"].check(c.l, ref)
		return *ref.stack()
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		key := c.key(v)
		return c.w.Fresh(key, c.w.Catalog.Item(key.Name).Stack)
	}
	count := 1
	if n := t.RawGetString("count"); n != lua.LNil {
		count = c.count(n)
	}
	s := c.w.Fresh(c.key(t), count)
	if n := t.RawGetString("health"); n != lua.LNil {
		s.Damage = 1 - min(max(c.number(n), 0), 1)
	}
	if n := t.RawGetString("durability"); n != lua.LNil {
		s.Worn = min(max(0, c.w.FullDurability(s.Key)-c.number(n)), c.w.FullDurability(s.Key))
	}
	if n := t.RawGetString("ammo"); n != lua.LNil {
		s.Spent = max(0, c.w.Catalog.Item(s.Name).Magazine-c.number(n))
	}
	if n := t.RawGetString("spoil_percent"); n != lua.LNil {
		c.w.SetSpoiled(&s, c.number(n))
	}
	if tags := t.RawGetString("tags"); tags != lua.LNil {
		s.Tags = c.json(tags)
	}
	if text := t.RawGetString("custom_description"); text != lua.LNil {
		s.Description = c.json(text)
	}
	return s
}

// json writes a value that items keep.
func (c call) json(v lua.LValue) string {
	text, err := toJSON(v)
	if err != nil {
		c.fail("%s", err.Error())
	}
	return text
}

// stored reads what json wrote; "" is missing.
func (c call) stored(text string, missing lua.LValue) lua.LValue {
	if text == "" {
		return missing
	}
	v, err := fromJSON([]byte(text))
	if err != nil {
		c.fail("%s", err.Error())
	}
	return v
}

// itemFilter reads an ItemFilter.
func (c call) itemFilter(v lua.LValue) world.Filter {
	t, ok := v.(*lua.LTable)
	if !ok {
		return world.Filter{Name: c.item(v).Name, Quality: "normal", Comparator: "="}
	}
	var f world.Filter
	if name := t.RawGetString("name"); name != lua.LNil {
		f.Name = c.item(name).Name
	}
	if quality := t.RawGetString("quality"); quality != lua.LNil {
		f.Quality = c.quality(quality).Name
		f.Comparator = c.comparator(t.RawGetString("comparator"))
	}
	return f
}

// filterTable is what scripts read of a filter; nil when it lets everything through.
func (c call) filterTable(f *world.Filter) any {
	if f == nil || *f == (world.Filter{}) {
		return nil
	}
	return []Field{{"name", orNil(f.Name)}, {"quality", orNil(f.Quality)}, {"comparator", orNil(f.Comparator)}}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (c call) comparator(v lua.LValue) string {
	text, ok := world.Comparator(c.optional(v))
	if !ok {
		c.fail("Unknown comparator: %s", v.String())
	}
	return text
}

// position reads a MapPosition.
func (c call) position(v lua.LValue) (x, y float64) {
	t, ok := v.(*lua.LTable)
	if !ok {
		c.expected("a position", v)
	}
	px, py := t.RawGetString("x"), t.RawGetString("y")
	if px == lua.LNil && py == lua.LNil {
		px, py = luavm.Index(t, 1), luavm.Index(t, 2)
	}
	return c.coordinate(px), c.coordinate(py)
}

// mapEdge is how far a map reaches from its middle, in tiles.
const mapEdge = 1_000_000

func (c call) coordinate(v lua.LValue) float64 {
	if _, ok := v.(lua.LNumber); !ok {
		c.expected("a position", v)
	}
	return min(max(c.number(v), -mapEdge), mapEdge)
}

// area reads a BoundingBox.
func (c call) area(v lua.LValue) world.Area {
	t, ok := v.(*lua.LTable)
	if !ok {
		c.expected("a bounding box", v)
	}
	first, second := t.RawGetString("left_top"), t.RawGetString("right_bottom")
	if first == lua.LNil {
		first, second = luavm.Index(t, 1), luavm.Index(t, 2)
	}
	var a world.Area
	a.From.X, a.From.Y = c.position(first)
	a.To.X, a.To.Y = c.position(second)
	return a
}

// surfaceOf reads a SurfaceIdentification.
func (c call) surfaceOf(v lua.LValue) *world.Surface {
	var s *world.Surface
	switch v := v.(type) {
	case lua.LString:
		s = c.w.SurfaceNamed(string(v))
	case lua.LNumber:
		s = c.w.Surface(int(v))
	default:
		s, _ = checkUserData[*world.Surface](v)
	}
	if s == nil || s.Gone {
		c.fail("Unknown surface: %s", c.vm.Text(v))
	}
	return s
}

// forceOf reads a ForceID.
func (c call) forceOf(v lua.LValue) *world.Force {
	var f *world.Force
	switch v := v.(type) {
	case lua.LString:
		f = c.w.ForceNamed(string(v))
	case lua.LNumber:
		f = c.w.Force(int(v))
	default:
		f, _ = checkUserData[*world.Force](v)
	}
	if f == nil || f.Gone {
		c.fail("Unknown force: %s", c.vm.Text(v))
	}
	return f
}

// findPlayer reads a PlayerIdentification; nil if there is none.
func (c call) findPlayer(v lua.LValue) *world.Player {
	switch v := v.(type) {
	case lua.LString:
		return c.w.Player(string(v))
	case lua.LNumber:
		return c.w.PlayerAt(int(v))
	}
	p, ok := checkUserData[*world.Player](v)
	if !ok {
		c.expected("a player", v)
	}
	if p.Gone {
		c.fail("LuaPlayer API call when LuaPlayer was invalid.")
	}
	return p
}

func (c call) playerOf(v lua.LValue) *world.Player {
	p := c.findPlayer(v)
	if p == nil {
		c.fail("Player %s doesn't exist.", c.vm.Text(v))
	}
	return p
}

// entityOf reads an entity that is still there.
func (c call) entityOf(v lua.LValue) *world.Entity {
	e, ok := checkUserData[*world.Entity](v)
	if !ok {
		c.expected("LuaEntity", v)
	}
	c.classes["LuaEntity"].check(c.l, e)
	return e
}

// inventoryOf reads an inventory that is still there.
func (c call) inventoryOf(v lua.LValue) *world.Inventory {
	inv, ok := checkUserData[*world.Inventory](v)
	if !ok {
		c.expected("LuaInventory", v)
	}
	c.classes["LuaInventory"].check(c.l, inv)
	return inv
}

// inventoryKind reads a number of defines.inventory. Names share numbers; it means the one of which there is an
// inventory, "" if there is none.
func (c call) inventoryKind(v lua.LValue, has func(world.InventoryKind) bool) world.InventoryKind {
	n := c.whole(v, 0, math.MaxInt32)
	for _, kind := range world.InventoryKinds {
		if constant("inventory", string(kind)) == n && has(kind) {
			return kind
		}
	}
	return ""
}

// inventoryIn is an entity's inventory of a number; nil if there is none.
func (c call) inventoryIn(e *world.Entity, v lua.LValue) *world.Inventory {
	return c.w.Inventory(e, c.inventoryKind(v, func(kind world.InventoryKind) bool { return c.w.Inventory(e, kind) != nil }))
}

// color reads a Color in either form; parts above 1 make all parts be out of 255, as in the game.
func (c call) color(v lua.LValue) world.Color {
	t := c.table(v)
	part := func(name string, n int, missing float64) float64 {
		p := t.RawGetString(name)
		if p == lua.LNil {
			p = luavm.Index(t, n)
		}
		if p == lua.LNil {
			return missing
		}
		return max(0, c.number(p))
	}
	color := world.Color{R: part("r", 1, 0), G: part("g", 2, 0), B: part("b", 3, 0), A: part("a", 4, -1)}
	scale := 1.0
	if max(color.R, color.G, color.B, color.A) > 1 {
		scale = 255
	}
	if color.A < 0 {
		color.A = scale
	}
	return world.Color{R: color.R / scale, G: color.G / scale, B: color.B / scale, A: color.A / scale}
}

func colorTable(color world.Color) any {
	return []Field{{"r", color.R}, {"g", color.G}, {"b", color.B}, {"a", color.A}}
}

func point(x, y float64) any { return []Field{{"x", x}, {"y", y}} }

// texts reads a name or an array of names, or of what has one; nil when v is nil.
func (c call) texts(v lua.LValue) map[string]bool {
	if v == lua.LNil {
		return nil
	}
	set := map[string]bool{}
	if t, ok := v.(*lua.LTable); ok {
		for i := 1; i <= luavm.Len(t); i++ {
			set[c.name(luavm.Index(t, i), "a name")] = true
		}
		return set
	}
	set[c.name(v, "a name")] = true
	return set
}

// localised renders a LocalisedString: {"", a, b} joins, other keys are unknown to a server without locale files.
func (s *Script) localised(v lua.LValue) string {
	t, ok := v.(*lua.LTable)
	if !ok {
		return s.vm.Text(v)
	}
	key := s.vm.Text(luavm.Index(t, 1))
	if key != "" {
		return `Unknown key: "` + key + `"`
	}
	var out strings.Builder
	for i := 2; i <= luavm.Len(t); i++ {
		out.WriteString(s.localised(luavm.Index(t, i)))
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
