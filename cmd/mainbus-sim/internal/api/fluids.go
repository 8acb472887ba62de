package api

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// fluidBox is the LuaFluidBox of an entity, which 2.1 has no more.
type fluidBox struct{ e *world.Entity }

// addFluids adds what an entity does with the fluid in it.
func addFluids(m members[*world.Entity]) {
	m.attrs["fluids_count"] = read(func(c call, e *world.Entity) any { return c.boxes(e) })
	m.attrs["fluidbox"] = read(func(_ call, e *world.Entity) any { return fluidBox{e} })
	m.methods["get_fluid_count"] = func(c call, e *world.Entity) any {
		if e.Fluid == nil || (c.arg(1) != lua.LNil && c.fluid(c.arg(1)).Name != e.Fluid.Name) {
			return 0
		}
		return e.Fluid.Amount
	}
	m.methods["get_fluid_contents"] = func(_ call, e *world.Entity) any {
		if e.Fluid == nil {
			return []Field{}
		}
		return []Field{{e.Fluid.Name, e.Fluid.Amount}}
	}
	m.methods["insert_fluid"] = func(c call, e *world.Entity) any { return c.w.InsertFluid(e, c.readFluid(c.arg(1))) }
	m.methods["remove_fluid"] = func(c call, e *world.Entity) any {
		name, amount := c.fluid(c.named("name")).Name, c.amount(c.named("amount"))
		coldest, hottest := c.temperatures()
		return c.w.RemoveFluid(e, name, amount, coldest, hottest)
	}
	m.methods["clear_fluid_inside"] = func(c call, e *world.Entity) any {
		c.w.SetFluid(e, nil)
		return nothing{}
	}
	m.methods["get_fluid"] = func(c call, e *world.Entity) any {
		c.box(e, c.arg(1))
		return fluidTable(e.Fluid)
	}
	m.methods["set_fluid"] = func(c call, e *world.Entity) any {
		c.box(e, c.arg(1))
		c.setFluid(e, c.arg(2))
		return fluidTable(e.Fluid)
	}
}

// boxes is how many fluids an entity can hold.
func (c call) boxes(e *world.Entity) int {
	if c.w.Volume(e) > 0 {
		return 1
	}
	return 0
}

// box checks the number of a fluid box, from 1.
func (c call) box(e *world.Entity, index lua.LValue) {
	if n := c.whole(index, 0, math.MaxUint32); n < 1 || n > c.boxes(e) {
		c.fail("Fluidbox index out of range.")
	}
}

func (c call) setFluid(e *world.Entity, v lua.LValue) {
	if v == lua.LNil {
		c.w.SetFluid(e, nil)
		return
	}
	f := c.readFluid(v)
	c.w.SetFluid(e, &f)
}

// readFluid reads a Fluid; without a temperature it has the fluid's own.
func (c call) readFluid(v lua.LValue) world.Fluid {
	t := c.table(v)
	p := c.fluid(t.RawGetString("name"))
	f := world.Fluid{Name: p.Name, Amount: c.amount(t.RawGetString("amount")), Temperature: p.DefaultTemperature}
	if n := t.RawGetString("temperature"); n != lua.LNil {
		f.Temperature = c.number(n)
	}
	return f
}

func (c call) amount(v lua.LValue) world.FluidAmount {
	n := c.number(v)
	if n < 0 {
		c.fail("Fluid amount has to be positive.")
	}
	return world.NewFluidAmount(n)
}

func (c call) temperatures() (coldest, hottest float64) {
	coldest, hottest = math.Inf(-1), math.Inf(1)
	if v := c.named("minimum_temperature"); v != lua.LNil {
		coldest = c.number(v)
	}
	if v := c.named("maximum_temperature"); v != lua.LNil {
		hottest = c.number(v)
	}
	if v := c.named("temperature"); v != lua.LNil {
		coldest, hottest = c.number(v), c.number(v)
	}
	return coldest, hottest
}

func fluidTable(f *world.Fluid) any {
	if f == nil {
		return nil
	}
	return []Field{{"name", f.Name}, {"amount", f.Amount}, {"temperature", f.Temperature}}
}

func (s *Script) addFluidBoxClass() {
	declare(s, members[fluidBox]{
		name:   "LuaFluidBox",
		valid:  func(b fluidBox) bool { return !b.e.Gone },
		length: func(c call, b fluidBox) int { return c.boxes(b.e) },
		index: func(c call, b fluidBox, key lua.LValue) any {
			if _, ok := key.(lua.LNumber); !ok {
				c.fail("LuaFluidBox doesn't contain key %s.", key.String())
			}
			c.box(b.e, key)
			return fluidTable(b.e.Fluid)
		},
		write: func(c call, b fluidBox, key, v lua.LValue) {
			c.box(b.e, key)
			c.setFluid(b.e, v)
		},
		attrs: attributes[fluidBox]{"owner": read(func(_ call, b fluidBox) any { return b.e })},
		methods: methods[fluidBox]{
			"get_capacity": func(c call, b fluidBox) any {
				c.box(b.e, c.arg(1))
				return c.w.Volume(b.e)
			},
		},
	})
}
