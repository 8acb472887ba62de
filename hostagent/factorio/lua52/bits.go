package lua52

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// Bits is the library bit32, which gopher-lua has not.
var Bits = map[string]lua.LGFunction{
	"band":   folded(math.MaxUint32, func(a, b uint32) uint32 { return a & b }),
	"bor":    folded(0, func(a, b uint32) uint32 { return a | b }),
	"bxor":   folded(0, func(a, b uint32) uint32 { return a ^ b }),
	"bnot":   func(l *lua.LState) int { return pushBits(l, ^word(l, 1)) },
	"lshift": func(l *lua.LState) int { return pushBits(l, shifted(word(l, 1), l.CheckInt(2))) },
	"rshift": func(l *lua.LState) int { return pushBits(l, shifted(word(l, 1), -l.CheckInt(2))) },
	"arshift": func(l *lua.LState) int {
		n := l.CheckInt(2)
		if n < 0 {
			return pushBits(l, shifted(word(l, 1), -n))
		}
		return pushBits(l, uint32(int32(word(l, 1))>>min(n, 31)))
	},
	"lrotate": func(l *lua.LState) int { return pushBits(l, bits.RotateLeft32(word(l, 1), l.CheckInt(2)%32)) },
	"rrotate": func(l *lua.LState) int { return pushBits(l, bits.RotateLeft32(word(l, 1), -(l.CheckInt(2)%32))) },
	"extract": func(l *lua.LState) int {
		from, mask := field(l, 2)
		return pushBits(l, word(l, 1)>>from&mask)
	},
	"replace": func(l *lua.LState) int {
		from, mask := field(l, 3)
		return pushBits(l, word(l, 1)&^(mask<<from)|(word(l, 2)&mask)<<from)
	},
	"btest": func(l *lua.LState) int {
		v := uint32(math.MaxUint32)
		for n := 1; n <= l.GetTop(); n++ {
			v &= word(l, n)
		}
		l.Push(lua.LBool(v != 0))
		return 1
	},
}

// word is an argument as 32 bits: numbers are rounded and wrap around.
func word(l *lua.LState, n int) uint32 {
	f := math.RoundToEven(float64(l.CheckNumber(n)))
	if f = math.Mod(f, 1<<32); math.IsNaN(f) {
		return 0
	}
	return uint32(int64(f))
}

func pushBits(l *lua.LState, v uint32) int {
	l.Push(lua.LNumber(v))
	return 1
}

func folded(start uint32, f func(a, b uint32) uint32) lua.LGFunction {
	return func(l *lua.LState) int {
		v := start
		for n := 1; n <= l.GetTop(); n++ {
			v = f(v, word(l, n))
		}
		return pushBits(l, v)
	}
}

// shifted shifts to the left, or by a negative number to the right.
func shifted(v uint32, n int) uint32 {
	switch {
	case n <= -32 || n >= 32:
		return 0
	case n < 0:
		return v >> -n
	}
	return v << n
}

// field reads the place and the width of a field of bits.
func field(l *lua.LState, at int) (from int, mask uint32) {
	from, width := l.CheckInt(at), l.OptInt(at+1, 1)
	if from < 0 || width < 1 || from > 31 || width > 32-from {
		l.RaiseError("trying to access non-existent bits")
	}
	return from, uint32(1<<width - 1)
}
