package world

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Key is what items in one stack have in common.
type Key struct {
	Name    string `json:"name"`
	Quality string `json:"quality"`
}

// Amount is a number of alike items.
type Amount struct {
	Key
	Count int `json:"count"`
}

// Inventory is a number of slots, each of which holds one stack. A slot with Count 0 is empty.
type Inventory struct {
	Slots   []Amount
	catalog *Catalog
}

// NewInventory has empty slots.
func NewInventory(catalog *Catalog, slots int) *Inventory {
	return &Inventory{Slots: make([]Amount, slots), catalog: catalog}
}

func (inv *Inventory) stackSize(k Key) int {
	item := inv.catalog.Item(k.Name)
	if item == nil || inv.catalog.Quality(k.Quality) == nil {
		return 0
	}
	return item.Stack
}

// Insertable is how many more of k fit.
func (inv *Inventory) Insertable(k Key) int {
	size, room := inv.stackSize(k), 0
	for _, slot := range inv.Slots {
		if slot.Count == 0 || slot.Key == k {
			room += size - slot.Count
		}
	}
	return room
}

// Insert puts in what fits, into stacks that were begun first, and returns how many that were.
func (inv *Inventory) Insert(a Amount) int {
	size, left := inv.stackSize(a.Key), a.Count
	for _, begun := range []bool{true, false} {
		for i := range inv.Slots {
			slot := &inv.Slots[i]
			if left <= 0 || (slot.Count > 0) != begun || (begun && slot.Key != a.Key) {
				continue
			}
			put := min(left, size-slot.Count)
			if put > 0 {
				*slot = Amount{Key: a.Key, Count: slot.Count + put}
				left -= put
			}
		}
	}
	return max(0, a.Count) - max(0, left)
}

// Remove takes out up to a.Count, from the last slots first, and returns how many that were.
func (inv *Inventory) Remove(a Amount) int {
	left := a.Count
	for i := len(inv.Slots) - 1; i >= 0 && left > 0; i-- {
		slot := &inv.Slots[i]
		if slot.Key == a.Key {
			taken := min(left, slot.Count)
			slot.Count -= taken
			left -= taken
			if slot.Count == 0 {
				*slot = Amount{}
			}
		}
	}
	return max(0, a.Count) - max(0, left)
}

// Count is how many of k there are.
func (inv *Inventory) Count(k Key) int {
	n := 0
	for _, slot := range inv.Slots {
		if slot.Key == k {
			n += slot.Count
		}
	}
	return n
}

// Contents is everything, one entry per name and quality, in order of their first slots.
func (inv *Inventory) Contents() []Amount {
	var out []Amount
	at := map[Key]int{}
	for _, slot := range inv.Slots {
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
	return out
}

// Clear empties all slots.
func (inv *Inventory) Clear() { clear(inv.Slots) }

// SortAndMerge joins stacks and sorts them in the order of the prototypes.
func (inv *Inventory) SortAndMerge() {
	order := map[Key]int{}
	for i, item := range inv.catalog.Items {
		for j, q := range inv.catalog.Qualities {
			order[Key{item.Name, q.Name}] = i*len(inv.catalog.Qualities) + j
		}
	}
	contents := inv.Contents()
	slices.SortStableFunc(contents, func(a, b Amount) int { return cmp.Compare(order[a.Key], order[b.Key]) })
	inv.Clear()
	for _, a := range contents {
		inv.Insert(a)
	}
}

// savedSlot is a slot that isn't empty.
type savedSlot struct {
	Slot int `json:"slot"`
	Amount
}

type savedInventory struct {
	Size  int         `json:"size"`
	Slots []savedSlot `json:"slots,omitempty"`
}

// MarshalJSON leaves empty slots out.
func (inv *Inventory) MarshalJSON() ([]byte, error) {
	saved := savedInventory{Size: len(inv.Slots)}
	for i, slot := range inv.Slots {
		if slot.Count > 0 {
			saved.Slots = append(saved.Slots, savedSlot{Slot: i, Amount: slot})
		}
	}
	return json.Marshal(saved)
}

// UnmarshalJSON reads what MarshalJSON wrote; the catalog must be set afterwards.
func (inv *Inventory) UnmarshalJSON(data []byte) error {
	var saved savedInventory
	if err := json.Unmarshal(data, &saved); err != nil {
		return err
	}
	inv.Slots = make([]Amount, min(max(saved.Size, 0), MaxSlots))
	for _, slot := range saved.Slots {
		if slot.Slot >= 0 && slot.Slot < len(inv.Slots) {
			inv.Slots[slot.Slot] = slot.Amount
		}
	}
	return nil
}

// adopt gives a loaded inventory its prototypes; items that no mod has any more vanish, as in the game.
func (inv *Inventory) adopt(catalog *Catalog) {
	inv.catalog = catalog
	for i, slot := range inv.Slots {
		if slot.Count > 0 && inv.stackSize(slot.Key) == 0 {
			inv.Slots[i] = Amount{}
		}
	}
}
