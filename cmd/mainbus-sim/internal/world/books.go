package world

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// Books say where all that is in the map came from, so that one can add up: made + inserted - consumed - removed is
// what there is. Scenarios make and consume, as machines and players would; scripts insert and remove.
type Books struct {
	Made     Tally `json:"made"`
	Consumed Tally `json:"consumed"`
	Inserted Tally `json:"inserted"`
	Removed  Tally `json:"removed"`
}

// Tally counts things.
type Tally struct {
	Items  Counts      `json:"items,omitempty"`
	Fluids FluidCounts `json:"fluids,omitempty"`
	Energy float64     `json:"energy,omitempty"` // joules
}

// Counts are items by name and quality.
type Counts map[Key]int

// FluidCounts are fluids by name.
type FluidCounts map[string]FluidAmount

func (t *Tally) item(k Key, count int) {
	if count == 0 {
		return // of an empty slot, which has no name
	}
	if t.Items == nil {
		t.Items = Counts{}
	}
	t.Items[k] += count
}

func (t *Tally) fluid(name string, amount FluidAmount) {
	if t.Fluids == nil {
		t.Fluids = FluidCounts{}
	}
	t.Fluids[name] += amount
}

// MarshalJSON writes a list, sorted.
func (c Counts) MarshalJSON() ([]byte, error) {
	list := []Amount{}
	for _, k := range sortedKeys(c) {
		list = append(list, Amount{Key: k, Count: c[k]})
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Counts) UnmarshalJSON(data []byte) error {
	var list []Amount
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*c = Counts{}
	for _, a := range list {
		(*c)[a.Key] += a.Count
	}
	return nil
}

// Sum is what exists of one kind of item and where it came from. Only what flows and players made, consumed or brought
// is in Made and Consumed; Inserted and Removed is what scripts made and destroyed.
type Sum struct {
	Key
	Contents int `json:"contents"`
	Made     int `json:"made"`
	Consumed int `json:"consumed"`
	Inserted int `json:"inserted"`
	Removed  int `json:"removed"`
}

// Balanced says whether contents and books agree.
func (s Sum) Balanced() bool { return s.Contents == s.Made+s.Inserted-s.Consumed-s.Removed }

// Sums adds up everything in all inventories, hands and on the ground, sorted by name and quality.
func (w *World) Sums() []Sum {
	sums := map[Key]*Sum{}
	add := func(counts Counts, to func(*Sum) *int) {
		for k, n := range counts {
			if sums[k] == nil {
				sums[k] = &Sum{Key: k}
			}
			*to(sums[k]) += n
		}
	}
	contents := Counts{}
	for _, inv := range w.inventories {
		for i := range inv.Slots {
			if slot := &inv.Slots[i]; slot.Count > 0 {
				contents[slot.Key] += slot.Count
			}
		}
	}
	add(contents, func(s *Sum) *int { return &s.Contents })
	add(w.Books.Made.Items, func(s *Sum) *int { return &s.Made })
	add(w.Books.Consumed.Items, func(s *Sum) *int { return &s.Consumed })
	add(w.Books.Inserted.Items, func(s *Sum) *int { return &s.Inserted })
	add(w.Books.Removed.Items, func(s *Sum) *int { return &s.Removed })
	out := []Sum{}
	for _, k := range sortedKeys(sums) {
		out = append(out, *sums[k])
	}
	return out
}

// FluidSum is the same of one fluid.
type FluidSum struct {
	Name     string      `json:"name"`
	Contents FluidAmount `json:"contents"`
	Made     FluidAmount `json:"made"`
	Consumed FluidAmount `json:"consumed"`
	Inserted FluidAmount `json:"inserted"`
	Removed  FluidAmount `json:"removed"`
}

// Balanced says whether contents and books agree.
func (s FluidSum) Balanced() bool { return s.Contents == s.Made+s.Inserted-s.Consumed-s.Removed }

// FluidSums adds up all fluids, sorted by name.
func (w *World) FluidSums() []FluidSum {
	contents := FluidCounts{}
	for _, e := range w.Entities {
		if e.Fluid != nil && e.Fluid.Amount > 0 {
			contents[e.Fluid.Name] += e.Fluid.Amount
		}
	}
	b := &w.Books
	all := []FluidCounts{contents, b.Made.Fluids, b.Consumed.Fluids, b.Inserted.Fluids, b.Removed.Fluids}
	names := map[string]bool{}
	for _, counts := range all {
		for name := range counts {
			names[name] = true
		}
	}
	out := []FluidSum{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, FluidSum{name, all[0][name], all[1][name], all[2][name], all[3][name], all[4][name]})
	}
	return out
}

// EnergySum is the same of the joules in all buffers. They are floating point: compare with a tolerance.
type EnergySum struct {
	Contents float64 `json:"contents"`
	Made     float64 `json:"made"`
	Consumed float64 `json:"consumed"`
	Inserted float64 `json:"inserted"`
	Removed  float64 `json:"removed"`
}

// EnergySum adds up all energy.
func (w *World) EnergySum() EnergySum {
	b := &w.Books
	sum := EnergySum{Made: b.Made.Energy, Consumed: b.Consumed.Energy, Inserted: b.Inserted.Energy, Removed: b.Removed.Energy}
	for _, e := range w.Entities {
		sum.Contents += e.Energy
	}
	return sum
}

func sortedKeys[V any](m map[Key]V) []Key {
	return slices.SortedFunc(maps.Keys(m), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Quality, b.Quality))
	})
}
