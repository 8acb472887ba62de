package world

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSearchFindsWhatIsThere compares the index with a look at all entities, while they come, go and move.
func TestSearchFindsWhatIsThere(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), Plan{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	at := func() float64 { return float64(r.IntN(400)-200) / 2 }
	names := []string{"iron-chest", "storage-tank", "accumulator", "pipe"}
	surface := w.Surfaces[0]
	for range 2000 {
		switch n := r.IntN(10); {
		case n < 6 || len(w.Entities) == 0:
			w.Build(names[r.IntN(len(names))], "", surface, at(), at(), w.Forces[0])
		case n < 8:
			w.Destroy(w.Entities[r.IntN(len(w.Entities))], false)
		default:
			w.Teleport(w.Entities[r.IntN(len(w.Entities))], surface, at(), at())
		}
		x, y := at(), at()
		where := Where{Area: &Area{Point{x, y}, Point{x + float64(r.IntN(70)), y + float64(r.IntN(70))}}}
		if r.IntN(2) == 0 {
			where.Names = map[string]bool{names[r.IntN(len(names))]: true}
		}
		var want []*Entity
		for _, e := range w.Entities {
			if w.touches(e, *where.Area) && (where.Names == nil || where.Names[e.Name]) {
				want = append(want, e)
			}
		}
		if got := w.Find(surface, where); !slices.Equal(got, want) {
			t.Fatalf("found %d entities of %d in %+v", len(got), len(want), *where.Area)
		}
	}
	if got := w.Find(surface, Where{}); !slices.Equal(got, w.Entities) {
		t.Errorf("found %d of all %d", len(got), len(w.Entities))
	}
	for _, s := range []int{0, 1, -3} {
		if ok := w.Fits("iron-chest", surface, 1000, float64(1000+s)); !ok {
			t.Error("no room where nothing is")
		}
	}
}
