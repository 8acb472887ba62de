package luavm

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

func (vm *VM) openMath() {
	l := vm.L
	lib := l.GetGlobal("math").(*lua.LTable)
	lib.RawSetString("huge", lua.LNumber(math.Inf(1)))
	lib.RawSetString("mod", lua.LNil)
	lib.RawSetString("log10", lua.LNil)
	random := rand.New(vm.cfg.Random)
	l.SetFuncs(lib, map[string]lua.LGFunction{
		"log": func(l *lua.LState) int {
			x := math.Log(float64(l.CheckNumber(1)))
			if l.GetTop() >= 2 {
				x /= math.Log(float64(l.CheckNumber(2)))
			}
			l.Push(lua.LNumber(x))
			return 1
		},
		"random": func(l *lua.LState) int {
			l.Push(lua.LNumber(randomNumber(l, random)))
			return 1
		},
		"randomseed": func(*lua.LState) int { return 0 }, // the generator belongs to the map
	})
}

func randomNumber(l *lua.LState, random *rand.Rand) float64 {
	low, high := 1.0, 0.0
	switch l.GetTop() {
	case 0:
		return random.Float64()
	case 1:
		high = math.Floor(float64(l.CheckNumber(1)))
	case 2:
		low, high = math.Floor(float64(l.CheckNumber(1))), math.Floor(float64(l.CheckNumber(2)))
	default:
		l.RaiseError("wrong number of arguments")
	}
	if low > high {
		l.ArgError(l.GetTop(), "interval is empty")
	}
	return low + math.Floor(random.Float64()*(high-low+1))
}
