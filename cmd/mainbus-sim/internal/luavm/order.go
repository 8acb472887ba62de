package luavm

import (
	"math"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// maxArray is the last number that pairs visits in the order of numbers.
const maxArray = 1024

// buried stands in a table's list of keys where a removed one was. No key equals it.
var buried = lua.LNumber(math.NaN())

func insideTable(t *lua.LTable) *tableLayout { return (*tableLayout)(unsafe.Pointer(t)) }

// makeRoom prepares a table for setting a key to something. The interpreter keeps the places of removed keys for ever:
// one that comes back would be visited where it was before, but has to come last, as in the game and as after loading
// a save. Traversals in progress may miss keys only if keys are added to the table, which Lua forbids too.
func makeRoom(t *lua.LTable, key lua.LValue) {
	in := insideTable(t)
	if len(in.keys) == 0 {
		return
	}
	switch k := key.(type) {
	case lua.LString:
		if in.strdict[string(k)] != nil {
			return
		}
	case lua.LNumber:
		if k >= 1 && k <= maxArray && k == lua.LNumber(int(k)) {
			return
		}
		if in.dict[key] != nil {
			return
		}
	default:
		if in.dict[key] != nil {
			return
		}
	}
	if at, ok := in.k2i[key]; ok {
		in.keys[at] = buried
		delete(in.k2i, key)
	}
	if live := len(in.strdict) + len(in.dict); len(in.keys) >= 32 && len(in.keys) > 2*live {
		in.compact()
	}
}

// compact drops the places of removed keys.
func (in *tableLayout) compact() {
	kept := in.keys[:0]
	clear(in.k2i)
	for _, key := range in.keys {
		if s, ok := key.(lua.LString); ok && in.strdict[string(s)] == nil || !ok && in.dict[key] == nil {
			continue
		}
		in.k2i[key] = len(kept)
		kept = append(kept, key)
	}
	clear(in.keys[len(kept):])
	in.keys = kept
}

// Set is t[key] = value without metatables. Go code that changes tables of scripts uses it instead of the
// interpreter's RawSet, which forgets the order of keys that were removed before.
func Set(t *lua.LTable, key, value lua.LValue) {
	if value != lua.LNil {
		makeRoom(t, key)
	}
	t.RawSet(key, value)
}

// Len is #t without metatables: a number after which there is nil.
func Len(t *lua.LTable) int {
	n := t.Len()
	in := insideTable(t)
	if n < maxArray || len(in.dict) == 0 {
		return n
	}
	low, high := n, n+1
	for Index(t, high) != lua.LNil {
		low = high
		high *= 2
	}
	for high-low > 1 {
		if middle := (low + high) / 2; Index(t, middle) == lua.LNil {
			high = middle
		} else {
			low = middle
		}
	}
	return low
}

// Index is t[n] without metatables.
func Index(t *lua.LTable, n int) lua.LValue { return t.RawGet(lua.LNumber(n)) }
