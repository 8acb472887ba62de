package testbed

import (
	"fmt"
	"math"
	"strings"
)

// Goods are an item of a quality, a fluid, which has none, or Energy.
type Goods struct{ Name, Quality string }

// Energy has the name that the controller gives it.
var Energy = Goods{Name: "energy"}

// Steps are what goods are counted in, so that sums are exact: items one by one; fluids in 1/2^24 of a unit, which is the step
// of the game's own amounts; energy in joules, of which the worlds of our scenarios have whole numbers only.
func (g Goods) Steps() int64 {
	switch {
	case g == Energy:
		return 1_000_000
	case g.Quality == "":
		return 1 << 24
	}
	return 1
}

// Units turns steps into items, units of a fluid or MJ, which is what the bus counts in.
func (g Goods) Units(steps int64) float64 { return float64(steps) / float64(g.Steps()) }

// String names them for people.
func (g Goods) String() string {
	switch {
	case g == Energy:
		return "energy (MJ)"
	case g.Quality == "normal" || g.Quality == "":
		return g.Name
	}
	return g.Name + " (" + g.Quality + ")"
}

// Key is their name in the accounts of the save module (docs/gamelink.md §5), where every character of the names that are used
// here stands for itself.
func (g Goods) Key() string {
	if g == Energy {
		return "/"
	}
	return g.Name + "/" + g.Quality
}

// GoodsOf is what a key names.
func GoodsOf(key string) Goods {
	if key == "/" {
		return Energy
	}
	name, quality, _ := strings.Cut(key, "/")
	return Goods{name, quality}
}

// SimSum is the simulator's answer to /sim-sum, and to `mainbus-sim sum` of a save.
type SimSum struct {
	Items []struct {
		Name    string `json:"name"`
		Quality string `json:"quality"`
		simCount
	} `json:"items"`
	Fluids []struct {
		Name string `json:"name"`
		simCount
	} `json:"fluids"`
	Energy simCount `json:"energy"` // joules
}

type simCount struct {
	Contents float64 `json:"contents"`
	Made     float64 `json:"made"`
	Consumed float64 `json:"consumed"`
}

// each calls f for all there is, in units.
func (s SimSum) each(f func(Goods, simCount) error) error {
	for _, i := range s.Items {
		if err := f(Goods{i.Name, i.Quality}, i.simCount); err != nil {
			return err
		}
	}
	for _, i := range s.Fluids {
		if err := f(Goods{Name: i.Name}, i.simCount); err != nil {
			return err
		}
	}
	if s.Energy == (simCount{}) {
		return nil
	}
	const joules = 1_000_000
	return f(Energy, simCount{s.Energy.Contents / joules, s.Energy.Made / joules, s.Energy.Consumed / joules})
}

// Module is what the save module holds of goods that left the bus and are in no chest, tank or accumulator yet, or left those and
// are not on the bus: Buffer are whole units, Fraction is less than one unit of a fluid or of energy (lua/bus/totals.lua).
type Module struct {
	Buffer   map[string]float64 // mainbus_ledger_v1.buffer
	Fraction map[string]float64 // mainbus_bus.fraction
}

// Contents is what there is in a world, in steps: what its simulator counts and what the module holds.
func Contents(sum SimSum, m Module) (map[Goods]int64, error) {
	all := map[Goods]int64{}
	err := sum.each(func(g Goods, c simCount) error {
		n, err := steps(g, c.Contents)
		all[g] += n
		return err
	})
	for _, column := range []map[string]float64{m.Buffer, m.Fraction} {
		for key, units := range column {
			g := GoodsOf(key)
			n, wrong := steps(g, units)
			all[g] += n
			if err == nil {
				err = wrong
			}
		}
	}
	return all, err
}

// steps is exact up to 2^53 steps: fluids are sums of steps, which are sums of powers of two, in the simulator and in Lua. A
// joule is no binary part of an MJ, so that is rounded to the nearest one; the error is far below half a joule.
func steps(g Goods, units float64) (int64, error) {
	n := math.Round(units * float64(g.Steps()))
	if math.Abs(units*float64(g.Steps())-n) > 1e-3 || math.Abs(n) >= 1<<53 {
		return 0, fmt.Errorf("%v of %s can't be counted exactly", units, g)
	}
	return int64(n), nil
}
