package luavm

import (
	"math"
	"math/bits"
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

// openBits adds bit32: 32-bit unsigned words, arguments taken modulo 2^32.
func (vm *VM) openBits() {
	lib := vm.L.NewTable()
	vm.L.SetFuncs(lib, map[string]lua.LGFunction{
		"band":    fold(math.MaxUint32, func(a, b uint32) uint32 { return a & b }),
		"bor":     fold(0, func(a, b uint32) uint32 { return a | b }),
		"bxor":    fold(0, func(a, b uint32) uint32 { return a ^ b }),
		"btest":   bitTest,
		"bnot":    func(l *lua.LState) int { return pushWord(l, ^word(l, 1)) },
		"lshift":  func(l *lua.LState) int { return pushWord(l, shift(word(l, 1), l.CheckInt(2))) },
		"rshift":  func(l *lua.LState) int { return pushWord(l, shift(word(l, 1), -l.CheckInt(2))) },
		"arshift": arithmeticShift,
		"lrotate": func(l *lua.LState) int { return pushWord(l, bits.RotateLeft32(word(l, 1), l.CheckInt(2)%32)) },
		"rrotate": func(l *lua.LState) int { return pushWord(l, bits.RotateLeft32(word(l, 1), -(l.CheckInt(2)%32))) },
		"extract": func(l *lua.LState) int {
			at, mask := field(l, 2)
			return pushWord(l, word(l, 1)>>at&mask)
		},
		"replace": func(l *lua.LState) int {
			at, mask := field(l, 3)
			return pushWord(l, word(l, 1)&^(mask<<at)|word(l, 2)&mask<<at)
		},
	})
	vm.L.SetGlobal("bit32", lib)
}

func word(l *lua.LState, n int) uint32 {
	f := math.Mod(math.Floor(float64(l.CheckNumber(n))), 1<<32)
	if f < 0 {
		f += 1 << 32
	}
	return uint32(f)
}

func pushWord(l *lua.LState, w uint32) int {
	l.Push(lua.LNumber(w))
	return 1
}

func fold(start uint32, op func(a, b uint32) uint32) lua.LGFunction {
	return func(l *lua.LState) int {
		result := start
		for i := 1; i <= l.GetTop(); i++ {
			result = op(result, word(l, i))
		}
		return pushWord(l, result)
	}
}

func bitTest(l *lua.LState) int {
	result := uint32(math.MaxUint32)
	for i := 1; i <= l.GetTop(); i++ {
		result &= word(l, i)
	}
	l.Push(lua.LBool(result != 0))
	return 1
}

// shift goes to the left by n, or to the right when n is negative; 32 and more leave nothing.
func shift(w uint32, n int) uint32 {
	switch {
	case n <= -32 || n >= 32:
		return 0
	case n < 0:
		return w >> -n
	}
	return w << n
}

func arithmeticShift(l *lua.LState) int {
	w, n := word(l, 1), l.CheckInt(2)
	if n < 0 {
		return pushWord(l, shift(w, -n))
	}
	return pushWord(l, uint32(int32(w)>>min(n, 31)))
}

// field reads position and width of extract and replace.
func field(l *lua.LState, n int) (at int, mask uint32) {
	at, width := l.CheckInt(n), l.OptInt(n+1, 1)
	if at < 0 || width < 1 || at+width > 32 {
		l.RaiseError("trying to access non-existent bits")
	}
	return at, uint32(1<<width - 1)
}
