package world

import "math"

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

// Stack is what one slot holds: items and their wear. Count 0 is an empty slot. Items without the fields below Count
// are as if just made.
type Stack struct {
	Amount
	Damage      float64 `json:"damage,omitempty"`     // 0 to 1: what is missing of its health
	Worn        float64 `json:"worn,omitempty"`       // durability that the first item has lost
	Spent       float64 `json:"spent,omitempty"`      // rounds that the first magazine has lost
	SpoilTick   uint64  `json:"spoil_tick,omitempty"` // 0 does not spoil
	Tags        string  `json:"tags,omitempty"`       // JSON of an item-with-tags
	Description string  `json:"description,omitempty"`
	Label       string  `json:"label,omitempty"`
}

// MaxCount bounds the count of a stack and the other whole numbers of prototypes; it is the game's bound (a u32).
const MaxCount = math.MaxUint32

// Fresh is a stack that was just made, as big as asked for.
func (w *World) Fresh(k Key, count int) Stack {
	k.Quality = orNormal(k.Quality)
	s := Stack{Amount: Amount{Key: k, Count: count}}
	if total := w.spoilTicks(k); total > 0 {
		s.SpoilTick = w.Tick + total
	}
	return s
}

// spoilTicks is how long an item keeps; each level of quality makes it 30 % longer.
func (w *World) spoilTicks(k Key) uint64 {
	item, quality := w.Catalog.Item(k.Name), w.Catalog.Quality(k.Quality)
	if item == nil || quality == nil {
		return 0
	}
	return uint64(item.SpoilTicks * (10 + 3*quality.Level) / 10)
}

// Spoiled is how far a stack is spoiled, from 0 to 1.
func (w *World) Spoiled(s *Stack) float64 {
	total := w.spoilTicks(s.Key)
	switch {
	case s.SpoilTick == 0 || total == 0:
		return 0
	case s.SpoilTick <= w.Tick:
		return 1
	}
	return max(0, 1-float64(s.SpoilTick-w.Tick)/float64(total))
}

// SetSpoiled sets how far a stack is spoiled; one that does not spoil stays as it is.
func (w *World) SetSpoiled(s *Stack, part float64) {
	if total := w.spoilTicks(s.Key); total > 0 {
		s.SpoilTick = w.Tick + uint64(math.Round((1-min(max(part, 0), 1))*float64(total)))
	}
}

func (w *World) stackSize(k Key) int {
	item := w.Catalog.Item(k.Name)
	if item == nil || w.Catalog.Quality(k.Quality) == nil {
		return 0
	}
	return item.Stack
}

// joins says whether two stacks can become one.
func (s *Stack) joins(other *Stack) bool {
	return s.Key == other.Key && s.Tags == other.Tags && s.Description == other.Description && s.Label == other.Label
}

// pour moves up to n items from one stack to another that is empty or alike, and returns how many it moved. Health and
// freshness become the mean; the wear of used magazines and tools adds up, and one that is used up by that is gone.
// The worn item moves last.
func (w *World) pour(to, from *Stack, n int) int {
	if from.Count == 0 || (to.Count > 0 && !to.joins(from)) {
		return 0
	}
	n = min(n, from.Count, w.stackSize(from.Key)-to.Count)
	if n <= 0 {
		return 0
	}
	part := *from
	part.Count = n
	if n < from.Count {
		part.Worn, part.Spent = 0, 0
		from.Count -= n
	} else {
		*from = Stack{}
	}
	if to.Count == 0 {
		*to = part
		return n
	}
	a, b := float64(to.Count), float64(n)
	to.Damage = (to.Damage*a + part.Damage*b) / (a + b)
	if to.SpoilTick != 0 && part.SpoilTick != 0 {
		to.SpoilTick = uint64(math.Round((float64(to.SpoilTick)*a + float64(part.SpoilTick)*b) / (a + b)))
	}
	to.Count += n
	to.Worn += part.Worn
	to.Spent += part.Spent
	w.discardWorn(to)
	return n
}

// discardWorn takes away items that are used up.
func (w *World) discardWorn(s *Stack) {
	item := w.Catalog.Item(s.Name)
	for _, use := range []struct {
		used *float64
		full float64
	}{{&s.Worn, item.Durability * w.Catalog.Quality(s.Quality).Multiplier()}, {&s.Spent, item.Magazine}} {
		for use.full > 0 && *use.used >= use.full && s.Count > 0 {
			*use.used -= use.full
			s.Count--
			w.Books.Consumed.item(s.Key, 1)
		}
	}
	if s.Count == 0 {
		*s = Stack{}
	}
}

// Durability is what is left of the first item's, 0 for what has none.
func (w *World) Durability(s *Stack) float64 {
	return max(0, w.FullDurability(s.Key)-s.Worn)
}

// FullDurability is an unused item's.
func (w *World) FullDurability(k Key) float64 {
	return w.Catalog.Item(k.Name).Durability * w.Catalog.Quality(k.Quality).Multiplier()
}

// Wear sets what is missing of the first item's durability and rounds. Items that are used up by that are consumed.
func (w *World) Wear(s *Stack, worn, spent float64) {
	s.Worn, s.Spent = max(0, worn), max(0, spent)
	w.discardWorn(s)
}

// Filter says which items may be in a slot.
type Filter struct {
	Name       string `json:"name,omitempty"`       // "" is any
	Quality    string `json:"quality,omitempty"`    // "" is any
	Comparator string `json:"comparator,omitempty"` // of the quality: = > < ≥ ≤ ≠
}

// Allows says whether a filter lets an item through.
func (c *Catalog) Allows(f Filter, k Key) bool {
	if f.Name != "" && f.Name != k.Name {
		return false
	}
	want, have := c.Quality(f.Quality), c.Quality(k.Quality)
	if want == nil || have == nil {
		return f.Quality == ""
	}
	switch f.Comparator {
	case ">":
		return have.Level > want.Level
	case "<":
		return have.Level < want.Level
	case "≥":
		return have.Level >= want.Level
	case "≤":
		return have.Level <= want.Level
	case "≠":
		return have.Level != want.Level
	}
	return have.Level == want.Level
}

// Comparator gives the game's spelling of a comparator; false means that there is none such.
func Comparator(text string) (string, bool) {
	switch text {
	case "", "=":
		return "=", true
	case ">=", "≥":
		return "≥", true
	case "<=", "≤":
		return "≤", true
	case "!=", "≠":
		return "≠", true
	case ">", "<":
		return text, true
	}
	return "", false
}
