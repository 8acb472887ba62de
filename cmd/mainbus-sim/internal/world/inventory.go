package world

import (
	"cmp"
	"encoding/json"
	"slices"
)

// InventoryKind is an inventory's name in defines.inventory.
type InventoryKind string

// The inventories that entities here have.
const (
	Chest          InventoryKind = "chest"
	ChestTrash     InventoryKind = "logistic_container_trash"
	LinkedChest    InventoryKind = "linked_container_main"
	CharacterMain  InventoryKind = "character_main"
	CharacterGuns  InventoryKind = "character_guns"
	CharacterAmmo  InventoryKind = "character_ammo"
	CharacterArmor InventoryKind = "character_armor"
	CharacterTrash InventoryKind = "character_trash"
)

// InventoryKinds are all of them, the main one of each entity first.
var InventoryKinds = []InventoryKind{
	Chest, ChestTrash, LinkedChest, CharacterMain, CharacterGuns, CharacterAmmo, CharacterArmor, CharacterTrash,
}

// MaxSlots bounds an inventory; it is the game's bound too (a u16).
const MaxSlots = 65535

// Inventory is a number of slots, each of which holds one stack. Its pointer stays; Gone is set when it is destroyed.
type Inventory struct {
	ID      uint64         // from 1; never used again
	Kind    InventoryKind  // "" when it belongs to no entity
	Mod     string         // who made it, if a script did
	Slots   []Stack        //
	Bar     int            // the first slot from 0 that is blocked; -1 is none
	Filters map[int]Filter // by slot from 0
	Gone    bool

	HasBar, HasFilters bool    // whether they may be set
	Entity             *Entity // whose it is; nil if nobody's, or a player's hand
	Hand               *Player // whose hand it is

	world *World
}

// newInventory makes one that counts in the sums until it is dropped.
func (w *World) newInventory(kind InventoryKind, slots int) *Inventory {
	w.LastInventory++
	inv := &Inventory{ID: w.LastInventory, Kind: kind, Slots: make([]Stack, slots), Bar: -1, world: w}
	w.inventories[inv.ID] = inv
	return inv
}

// drop ends an inventory whose contents are gone or have been moved.
func (w *World) drop(inv *Inventory) {
	inv.Gone = true
	delete(w.inventories, inv.ID)
}

// InventoryAt is the inventory of an ID, nil if there is none.
func (w *World) InventoryAt(id uint64) *Inventory { return w.inventories[id] }

// usable is how many slots the bar leaves.
func (inv *Inventory) usable() int {
	if inv.Bar < 0 {
		return len(inv.Slots)
	}
	return min(inv.Bar, len(inv.Slots))
}

// onlyType is the type of items that inventories of a kind are for.
var onlyType = map[InventoryKind]string{CharacterGuns: "gun", CharacterAmmo: "ammo", CharacterArmor: "armor"}

// Accepts says whether an item may be in a slot, whatever is in there.
func (inv *Inventory) Accepts(slot int, k Key) bool {
	item := inv.world.Catalog.Item(k.Name)
	if item == nil {
		return false
	}
	if typ := onlyType[inv.Kind]; typ != "" && item.Type != typ {
		return false
	}
	f, filtered := inv.Filters[slot]
	return !filtered || inv.world.Catalog.Allows(f, k)
}

// Insertable is how many more of k fit.
func (inv *Inventory) Insertable(k Key) int {
	size, room := inv.world.stackSize(k), 0
	for i := range inv.usable() {
		slot := &inv.Slots[i]
		if (slot.Count == 0 && inv.Accepts(i, k)) || (slot.Count > 0 && slot.Key == k) {
			room += max(0, size-slot.Count)
		}
	}
	return room
}

// put moves what fits out of a stack, into stacks that were begun first, and returns how many items that were.
func (inv *Inventory) put(s *Stack) int {
	moved := 0
	for _, begun := range []bool{true, false} {
		for i := 0; i < inv.usable() && s.Count > 0; i++ {
			slot := &inv.Slots[i]
			if (slot.Count > 0) == begun && (begun || inv.Accepts(i, s.Key)) {
				moved += inv.world.pour(slot, s, s.Count)
			}
		}
	}
	return moved
}

// Insert makes what fits of a stack, for a script, and returns how many items that were.
func (inv *Inventory) Insert(s Stack) int {
	k := s.Key
	n := inv.put(&s)
	inv.world.Books.Inserted.item(k, n)
	return n
}

// take calls fn for stacks of an item, from the last slot on, until it has taken n items.
func (inv *Inventory) take(k Key, n int, fn func(slot *Stack, n int)) int {
	left := n
	for i := len(inv.Slots) - 1; i >= 0 && left > 0; i-- {
		if slot := &inv.Slots[i]; slot.Count > 0 && slot.Key == k {
			taken := min(left, slot.Count)
			left -= taken
			fn(slot, taken)
		}
	}
	return max(0, n) - max(0, left)
}

func (s *Stack) reduce(n int) {
	if s.Count -= n; s.Count <= 0 {
		*s = Stack{}
	}
}

// remove takes out up to a.Count without a word in the books.
func (inv *Inventory) remove(a Amount) int {
	return inv.take(a.Key, a.Count, func(slot *Stack, n int) { slot.reduce(n) })
}

// Remove destroys up to a.Count items for a script, from the last slots first, and returns how many that were.
func (inv *Inventory) Remove(a Amount) int {
	n := inv.remove(a)
	inv.world.Books.Removed.item(a.Key, n)
	return n
}

// Move moves up to a from one inventory to another and returns how many it moved.
func (w *World) Move(from, to *Inventory, a Amount) int {
	a.Quality = orNormal(a.Quality)
	a.Count = min(a.Count, to.Insertable(a.Key))
	return from.take(a.Key, a.Count, func(slot *Stack, n int) {
		part := Stack{}
		w.pour(&part, slot, n)
		to.put(&part)
		w.pour(slot, &part, part.Count) // what joins no stack for other reasons than room
	})
}

// moveAll moves what fits of everything.
func (w *World) moveAll(from, to *Inventory) {
	for i := range from.Slots {
		to.put(&from.Slots[i])
	}
}

// Set replaces what is in a slot for a script; an empty stack empties it. False means that the slot may not hold it.
func (inv *Inventory) Set(slot int, s Stack) bool {
	if s.Count > 0 {
		if !inv.CanSet(slot, s.Key) {
			return false
		}
		s.Count = min(s.Count, inv.world.stackSize(s.Key))
	}
	old := inv.Slots[slot]
	inv.world.Books.Removed.item(old.Key, old.Count)
	inv.world.Books.Inserted.item(s.Key, s.Count)
	inv.Slots[slot] = s
	if s.Count == 0 {
		inv.Slots[slot] = Stack{}
	}
	return true
}

// CanSet says whether Set would.
func (inv *Inventory) CanSet(slot int, k Key) bool {
	return inv.world.stackSize(k) > 0 && inv.Accepts(slot, k)
}

// SetCount changes the number of items in a slot that isn't empty, up to a full stack.
func (inv *Inventory) SetCount(slot, count int) {
	s := &inv.Slots[slot]
	count = min(max(count, 0), inv.world.stackSize(s.Key))
	if change := count - s.Count; change > 0 {
		inv.world.Books.Inserted.item(s.Key, change)
	} else {
		inv.world.Books.Removed.item(s.Key, -change)
	}
	s.reduce(s.Count - count)
}

// Transfer moves up to n items from a slot to a slot and returns how many it moved.
func (w *World) Transfer(to *Inventory, slot int, from *Stack, n int) int {
	if from.Count == 0 || !to.Accepts(slot, from.Key) {
		return 0
	}
	return w.pour(&to.Slots[slot], from, n)
}

// Swap exchanges two slots. False means that one of them may not hold what is in the other.
func (w *World) Swap(a *Inventory, i int, b *Inventory, j int) bool {
	x, y := &a.Slots[i], &b.Slots[j]
	if (x.Count > 0 && !b.Accepts(j, x.Key)) || (y.Count > 0 && !a.Accepts(i, y.Key)) {
		return false
	}
	*x, *y = *y, *x
	return true
}

// Tidy ends an item on the ground of which nothing is left.
func (w *World) Tidy(inv *Inventory) {
	if e := inv.Entity; e != nil && e.Type == "item-entity" && !e.Gone && e.Stack().Count == 0 {
		w.remove(e, &w.Books.Removed)
	}
}

// Count is how many of k there are.
func (inv *Inventory) Count(k Key) int {
	n := 0
	for i := range inv.Slots {
		if slot := &inv.Slots[i]; slot.Key == k {
			n += slot.Count
		}
	}
	return n
}

// Contents is everything, one entry per name and quality, in order of their first slots.
func (inv *Inventory) Contents() []Amount { return contents(inv) }

func contents(list ...*Inventory) []Amount {
	var out []Amount
	at := map[Key]int{}
	for _, inv := range list {
		for s := range inv.Slots {
			slot := &inv.Slots[s]
			if slot.Count == 0 {
				continue
			}
			i, ok := at[slot.Key]
			if !ok {
				i = len(out)
				at[slot.Key] = i
				out = append(out, Amount{Key: slot.Key})
			}
			out[i].Count += slot.Count
		}
	}
	return out
}

// Empty says whether nothing is in it.
func (inv *Inventory) Empty() bool {
	return !slices.ContainsFunc(inv.Slots, func(s Stack) bool { return s.Count > 0 })
}

// Clear destroys everything in it, for a script.
func (inv *Inventory) Clear() { inv.empty(&inv.world.Books.Removed) }

func (inv *Inventory) empty(book *Tally) {
	for i := range inv.Slots {
		if s := &inv.Slots[i]; s.Count > 0 {
			book.item(s.Key, s.Count)
			*s = Stack{}
		}
	}
}

// Resize gives a script's inventory another number of slots; what is in lost ones is destroyed.
func (inv *Inventory) Resize(slots int) {
	for i := slots; i < len(inv.Slots); i++ {
		inv.Set(i, Stack{})
	}
	resized := make([]Stack, slots)
	copy(resized, inv.Slots)
	inv.Slots = resized
}

// SortAndMerge joins stacks and sorts them in the order of the prototypes.
func (inv *Inventory) SortAndMerge() {
	order := map[Key]int{}
	for i, item := range inv.world.Catalog.Items {
		for j, q := range inv.world.Catalog.Qualities {
			order[Key{item.Name, q.Name}] = i*len(inv.world.Catalog.Qualities) + j
		}
	}
	stacks := slices.DeleteFunc(slices.Clone(inv.Slots), func(s Stack) bool { return s.Count == 0 })
	slices.SortStableFunc(stacks, func(a, b Stack) int { return cmp.Compare(order[a.Key], order[b.Key]) })
	clear(inv.Slots)
	for _, filtered := range []bool{true, false} { // filters may leave no room in this order
		for i := range stacks {
			for slot := range inv.Slots {
				if s := &inv.Slots[slot]; s.Count > 0 || !filtered || inv.Accepts(slot, stacks[i].Key) {
					inv.world.pour(s, &stacks[i], stacks[i].Count)
				}
			}
		}
	}
}

// NewScriptInventory makes one that belongs to a mod.
func (w *World) NewScriptInventory(mod string, slots int) *Inventory {
	inv := w.newInventory("", slots)
	inv.Mod = mod
	w.ScriptInventories = append(w.ScriptInventories, inv)
	return inv
}

// DestroyScriptInventory ends one, and what is in it.
func (w *World) DestroyScriptInventory(inv *Inventory) {
	inv.Clear()
	w.drop(inv)
	w.ScriptInventories = slices.DeleteFunc(w.ScriptInventories, func(other *Inventory) bool { return other == inv })
}

// savedSlot is a slot that isn't empty.
type savedSlot struct {
	Slot int `json:"slot"`
	Stack
}

type savedInventory struct {
	ID      uint64         `json:"id"`
	Kind    InventoryKind  `json:"kind,omitempty"`
	Mod     string         `json:"mod,omitempty"`
	Size    int            `json:"size"`
	Bar     *int           `json:"bar,omitempty"`
	Filters map[int]Filter `json:"filters,omitempty"`
	Slots   []savedSlot    `json:"slots,omitempty"`
}

// MarshalJSON leaves empty slots out.
func (inv *Inventory) MarshalJSON() ([]byte, error) {
	saved := savedInventory{ID: inv.ID, Kind: inv.Kind, Mod: inv.Mod, Size: len(inv.Slots), Filters: inv.Filters}
	if inv.Bar >= 0 {
		saved.Bar = &inv.Bar
	}
	for i, slot := range inv.Slots {
		if slot.Count > 0 {
			saved.Slots = append(saved.Slots, savedSlot{Slot: i, Stack: slot})
		}
	}
	return json.Marshal(saved)
}

// UnmarshalJSON reads what MarshalJSON wrote; adopt makes it a part of a world.
func (inv *Inventory) UnmarshalJSON(data []byte) error {
	var saved savedInventory
	if err := json.Unmarshal(data, &saved); err != nil {
		return err
	}
	*inv = Inventory{ID: saved.ID, Kind: saved.Kind, Mod: saved.Mod, Filters: saved.Filters, Bar: -1}
	if saved.Bar != nil {
		inv.Bar = *saved.Bar
	}
	inv.Slots = make([]Stack, min(max(saved.Size, 0), MaxSlots))
	for _, slot := range saved.Slots {
		if slot.Slot >= 0 && slot.Slot < len(inv.Slots) {
			inv.Slots[slot.Slot] = slot.Stack
		}
	}
	return nil
}

// adopt makes a loaded inventory a part of the world; items that no mod has any more vanish, as in the game.
func (w *World) adopt(inv *Inventory) {
	inv.world = w
	w.inventories[inv.ID] = inv
	for i, slot := range inv.Slots {
		if slot.Count > 0 && w.stackSize(slot.Key) == 0 {
			w.Books.Consumed.item(slot.Key, slot.Count)
			inv.Slots[i] = Stack{}
		}
	}
}

// Full says whether each stack that the bar leaves is full.
func (inv *Inventory) Full() bool {
	for i := range inv.usable() {
		if s := &inv.Slots[i]; s.Count == 0 || s.Count < inv.world.stackSize(s.Key) {
			return false
		}
	}
	return true
}

// InsertInto makes items in one slot for a script, as many as fit, and returns how many that were.
func (w *World) InsertInto(inv *Inventory, slot int, s Stack) int {
	k := s.Key
	n := w.Transfer(inv, slot, &s, s.Count)
	w.Books.Inserted.item(k, n)
	return n
}
