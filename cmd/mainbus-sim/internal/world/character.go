package world

// characterInventories are where a character puts what it gets, in this order.
var characterInventories = []InventoryKind{CharacterArmor, CharacterGuns, CharacterAmmo, CharacterMain}

// AddCharacter gives a player who has none a character. False means that there is one, or no such prototype.
func (w *World) AddCharacter(p *Player, name string) bool {
	proto := w.Catalog.Entity(name)
	if p.Character != 0 || proto == nil || proto.Type != "character" {
		return false
	}
	p.Character = w.Build(name, "", w.Surface(p.Surface), p.X, p.Y, w.Force(p.Force)).Unit
	return true
}

// CharacterOf is a player's character, also of one who is offline; nil if there is none.
func (w *World) CharacterOf(p *Player) *Entity { return w.byUnit[p.Character] }

// PlayerOf is whose character an entity is, nil if nobody's.
func (w *World) PlayerOf(e *Entity) *Player {
	for _, p := range w.Players {
		if p.Character == e.Unit {
			return p
		}
	}
	return nil
}

// Place is where a player is.
func (w *World) Place(p *Player) (*Surface, Point) {
	if e := w.CharacterOf(p); e != nil {
		return w.Surface(e.Surface), Point{e.X, e.Y}
	}
	return w.Surface(p.Surface), Point{p.X, p.Y}
}

// MovePlayer puts a player somewhere else.
func (w *World) MovePlayer(p *Player, to *Surface, x, y float64) {
	from, _ := w.Place(p)
	p.Surface, p.X, p.Y = to.Index, x, y
	if e := w.CharacterOf(p); e != nil {
		w.Teleport(e, to, x, y)
	}
	if from != to {
		w.emit("on_player_changed_surface", Fields{"player_index": p.Index, "surface_index": from.Index})
	}
}

// SetForce lets a player change sides.
func (w *World) SetForce(p *Player, f *Force) {
	old := w.Force(p.Force)
	if old == f {
		return
	}
	p.Force = f.Index
	if e := w.CharacterOf(p); e != nil {
		e.Force = f.Index
	}
	w.emit("on_player_changed_force", Fields{"player_index": p.Index, "force": old})
}

// Carry gives a player items from nothing, which count as made, and returns how many fit.
func (w *World) Carry(p *Player, kind InventoryKind, a Amount) int {
	inv := w.InventoryOf(p, kind)
	if inv == nil {
		return 0
	}
	s := w.Fresh(a.Key, a.Count)
	k := s.Key
	n := inv.put(&s)
	w.Books.Made.item(k, n)
	return n
}

// InventoryOf is one of a player's, nil when they have none of the kind or no character.
func (w *World) InventoryOf(p *Player, kind InventoryKind) *Inventory {
	if e := w.CharacterOf(p); e != nil {
		return w.Inventory(e, kind)
	}
	return nil
}

// Bags are the inventories that an entity puts an item into, the best first.
func (w *World) Bags(e *Entity, k Key) []*Inventory {
	if e.Type != "character" {
		if inv := w.MainInventory(e); inv != nil {
			return []*Inventory{inv}
		}
		return nil
	}
	var out []*Inventory
	for _, kind := range characterInventories {
		if inv := w.Inventory(e, kind); kind == CharacterMain || inv.Accepts(0, k) {
			out = append(out, inv)
		}
	}
	return out
}

// MineBy lets a player take an entity apart by hand, with all that is in it. The item that it becomes counts as made,
// as building counted it as consumed. False means that it can't be mined or didn't fit.
func (w *World) MineBy(p *Player, e *Entity, force bool) bool {
	main := w.InventoryOf(p, CharacterMain)
	if main == nil || e.NotMinable || !w.Prototype(e).Minable {
		return false
	}
	w.Input(p)
	w.emit("on_pre_player_mined_item", Fields{"player_index": p.Index, "entity": e})
	if e.Gone {
		return false
	}
	buffer := w.newInventory("", 0)
	defer w.drop(buffer)
	w.emit("on_player_mined_entity", Fields{"player_index": p.Index, "entity": e, "buffer": buffer})
	return !e.Gone && w.Mine(e, main, force, &w.Books.Made)
}

// PickUp lets a player take an item from the ground, and returns how many items that were. What doesn't fit stays.
func (w *World) PickUp(p *Player, e *Entity) int {
	main := w.InventoryOf(p, CharacterMain)
	if main == nil || e.Type != "item-entity" {
		return 0
	}
	w.Input(p)
	n := main.put(e.Stack())
	w.Tidy(e.Inventories[0])
	return n
}

// Drop lets a player put one item of what is in their hand on the ground.
func (w *World) Drop(p *Player) {
	surface, at := w.Place(p)
	var s Stack
	w.pour(&s, &p.Hand.Slots[0], 1)
	w.Input(p)
	for _, e := range w.lay(surface, at.X, at.Y, s, 1) {
		w.emit("on_player_dropped_item", Fields{"player_index": p.Index, "entity": e})
	}
}

// BuildBy lets a player build from what they carry: the item is consumed. nil means that they have none, or that there
// is no room.
func (w *World) BuildBy(p *Player, item, quality string, surface *Surface, x, y float64) *Entity {
	i, main := w.Catalog.Item(item), w.InventoryOf(p, CharacterMain)
	if i == nil || i.Place == "" || main == nil || !w.Fits(i.Place, surface, x, y) {
		return nil
	}
	k := Key{item, orNormal(quality)}
	if main.remove(Amount{k, 1}) == 0 {
		return nil
	}
	w.Books.Consumed.item(k, 1)
	w.Input(p)
	e := w.Build(i.Place, k.Quality, surface, x, y, w.Force(p.Force))
	e.LastUser = p.Index
	used := w.newInventory("", 0)
	defer w.drop(used)
	w.emit("on_built_entity", Fields{"player_index": p.Index, "entity": e, "consumed_items": used})
	return e
}

// Detach leaves a player without their character, which stays where it is.
func (w *World) Detach(p *Player) {
	if e := w.CharacterOf(p); e != nil {
		p.Surface, p.X, p.Y = e.Surface, e.X, e.Y
		p.Character = 0
	}
}

// ClearHand puts what is in a player's hand back into the main inventory. False means that it doesn't fit.
func (w *World) ClearHand(p *Player) bool {
	if main := w.InventoryOf(p, CharacterMain); main != nil {
		main.put(&p.Hand.Slots[0])
	}
	return p.Hand.Empty()
}
