package world

import (
	"encoding/json"
	"math"
)

// FluidAmount is an amount of a fluid in steps of 1/2^24, as the game keeps it (concept FluidAmount of its API).
type FluidAmount int64

const fluidUnit = 1 << 24

// NewFluidAmount rounds to the nearest step; what isn't a number up to 2^38 is 0.
func NewFluidAmount(units float64) FluidAmount {
	if !(math.Abs(units) < 1<<38) {
		return 0
	}
	return FluidAmount(math.Round(units * fluidUnit))
}

// Units is the amount as scripts see it.
func (a FluidAmount) Units() float64 { return float64(a) / fluidUnit }

// MarshalJSON writes units.
func (a FluidAmount) MarshalJSON() ([]byte, error) { return json.Marshal(a.Units()) }

// UnmarshalJSON reads units.
func (a *FluidAmount) UnmarshalJSON(data []byte) error {
	var units float64
	if err := json.Unmarshal(data, &units); err != nil {
		return err
	}
	*a = NewFluidAmount(units)
	return nil
}

// Fluid is what a tank holds.
type Fluid struct {
	Name        string      `json:"name"`
	Amount      FluidAmount `json:"amount"`
	Temperature float64     `json:"temperature"`
}

// Volume is how much an entity's fluid box holds; 0 when it has none.
func (w *World) Volume(e *Entity) FluidAmount { return NewFluidAmount(w.Prototype(e).Volume) }

// InsertFluid makes what fits of a fluid, for a script, and returns how much that was. A tank holds one fluid, at the
// mean temperature of what was put in.
func (w *World) InsertFluid(e *Entity, f Fluid) FluidAmount {
	n := w.pourFluid(e, f)
	w.Books.Inserted.fluid(f.Name, n)
	return n
}

func (w *World) pourFluid(e *Entity, f Fluid) FluidAmount {
	p := w.Catalog.Fluid(f.Name)
	if p == nil || f.Amount <= 0 || !w.holds(e, f.Name) || (e.Fluid != nil && e.Fluid.Name != f.Name) {
		return 0
	}
	f.Temperature = min(max(f.Temperature, p.DefaultTemperature), p.MaxTemperature)
	room := w.Volume(e)
	if e.Fluid != nil {
		room -= e.Fluid.Amount
	}
	f.Amount = min(f.Amount, room)
	if f.Amount <= 0 {
		return 0
	}
	if e.Fluid == nil {
		e.Fluid = &f
		return f.Amount
	}
	have, more := float64(e.Fluid.Amount), float64(f.Amount)
	e.Fluid.Temperature = (e.Fluid.Temperature*have + f.Temperature*more) / (have + more)
	e.Fluid.Amount += f.Amount
	return f.Amount
}

// MoveFluid moves up to an amount of a fluid from one tank to another and returns how much it moved.
func (w *World) MoveFluid(from, to *Entity, name string, amount FluidAmount) FluidAmount {
	if from == to || from.Fluid == nil || from.Fluid.Name != name {
		return 0
	}
	moving := *from.Fluid
	moving.Amount = min(amount, moving.Amount)
	moved := w.pourFluid(to, moving)
	if from.Fluid.Amount -= moved; from.Fluid.Amount == 0 {
		from.Fluid = nil
	}
	return moved
}

// RemoveFluid destroys up to an amount of a fluid between two temperatures, for a script, and returns how much.
func (w *World) RemoveFluid(e *Entity, name string, amount FluidAmount, coldest, hottest float64) FluidAmount {
	f := e.Fluid
	if f == nil || f.Name != name || amount <= 0 || f.Temperature < coldest || f.Temperature > hottest {
		return 0
	}
	amount = min(amount, f.Amount)
	f.Amount -= amount
	w.Books.Removed.fluid(name, amount)
	if f.Amount == 0 {
		e.Fluid = nil
	}
	return amount
}

// SetFluid replaces what is in a tank, for a script; nil empties it.
func (w *World) SetFluid(e *Entity, f *Fluid) {
	if e.Fluid != nil {
		w.RemoveFluid(e, e.Fluid.Name, e.Fluid.Amount, math.Inf(-1), math.Inf(1))
	}
	if f != nil {
		w.InsertFluid(e, *f)
	}
}
