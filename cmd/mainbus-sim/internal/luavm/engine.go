package luavm

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// The interpreter is Lua 5.1 with ideas of its own about tables, numbers as text and the words of errors. Mending that
// from outside is possible for libraries but not for operators, so this file reaches into the interpreter: it replaces
// single instructions in its table. Its unexported types are mirrored here; checkLayout stops the program at its start
// when a version of the interpreter has others.

// instruction carries out one instruction; the last argument is a frame that only the interpreter needs.
type instruction func(l *lua.LState, code uint32, base unsafe.Pointer) int

//go:linkname instructions github.com/yuin/gopher-lua.jumpTable
var instructions [lua.OP_NOP + 1]instruction

type (
	stateLayout struct {
		G            *lua.Global
		Parent       *lua.LState
		Env          *lua.LTable
		Panic        func(*lua.LState)
		Dead         bool
		Options      lua.Options
		stop         int32
		reg          *registry
		stack        any
		alloc        unsafe.Pointer
		currentFrame *frame
		wrapped      bool
		uvcache      *lua.Upvalue
		hasErrorFunc bool
		mainLoop     unsafe.Pointer
		ctx          context.Context
		ctxCancelFn  context.CancelFunc
	}
	registry struct {
		array []lua.LValue
		top   int
		_     int // growBy
		_     int // maxSize
		_     unsafe.Pointer
		_     any // handler
	}
	frame struct {
		Idx        int
		Fn         *lua.LFunction
		Parent     *frame
		Pc         int
		Base       int
		LocalBase  int
		ReturnBase int
		NArgs      int
		NRet       int
		TailCall   int
	}
	tableLayout struct {
		Metatable lua.LValue
		array     []lua.LValue
		dict      map[lua.LValue]lua.LValue
		strdict   map[string]lua.LValue
		keys      []lua.LValue
		k2i       map[lua.LValue]int
	}
)

func init() {
	checkLayout()
	// The game's pairs goes over 1 to 1024 in order and over other keys as they were added; the interpreter does the
	// former for all numbers below this.
	lua.MaxArrayIndex = maxArray + 1
	wrap := func(op int, build func(original instruction) instruction) { instructions[op] = build(instructions[op]) }
	wrap(lua.OP_SETTABLE, setTable)
	wrap(lua.OP_SETTABLEKS, setTable)
	wrap(lua.OP_SETGLOBAL, setGlobal)
	wrap(lua.OP_GETTABLE, getTable)
	wrap(lua.OP_GETTABLEKS, getTable)
	wrap(lua.OP_SELF, getTable)
	for op := lua.OP_ADD; op <= lua.OP_POW; op++ {
		wrap(op, arithmetic)
	}
	wrap(lua.OP_UNM, negation)
	wrap(lua.OP_LEN, length)
	wrap(lua.OP_CONCAT, func(instruction) instruction { return concatenation })
	wrap(lua.OP_LT, comparison)
	wrap(lua.OP_LE, comparison)
	wrap(lua.OP_CALL, calling)
	wrap(lua.OP_TAILCALL, calling)
	wrap(lua.OP_FORPREP, forLoop)
}

func checkLayout() {
	state := reflect.TypeFor[lua.LState]()
	reg, _ := state.FieldByName("reg")
	current, _ := state.FieldByName("currentFrame")
	for _, pair := range [][2]reflect.Type{
		{state, reflect.TypeFor[stateLayout]()},
		{reg.Type.Elem(), reflect.TypeFor[registry]()},
		{current.Type.Elem(), reflect.TypeFor[frame]()},
		{reflect.TypeFor[lua.LTable](), reflect.TypeFor[tableLayout]()},
	} {
		theirs, ours := pair[0], pair[1]
		if theirs.NumField() != ours.NumField() {
			panic(fmt.Sprintf("luavm: the interpreter's %s has %d fields", theirs, theirs.NumField()))
		}
		for i := range theirs.NumField() {
			if a, b := theirs.Field(i), ours.Field(i); b.Name != "_" && a.Name != b.Name || a.Offset != b.Offset || a.Type.Size() != b.Type.Size() {
				panic(fmt.Sprintf("luavm: the interpreter's %s has another field %s", theirs, a.Name))
			}
		}
	}
}

// The parts of an instruction.
func partA(code uint32) int { return int(code>>18) & 0xff }
func partB(code uint32) int { return int(code) & 0x1ff }
func partC(code uint32) int { return int(code>>9) & 0x1ff }

const constantBit = 1 << 8 // in B and C: a constant, not a register

func inside(l *lua.LState) (*registry, *frame) {
	s := (*stateLayout)(unsafe.Pointer(l))
	return s.reg, s.currentFrame
}

// operand is a register or a constant.
func operand(reg *registry, f *frame, part int) lua.LValue {
	if part&constantBit != 0 {
		return f.Fn.Proto.Constants[part&^constantBit]
	}
	return reg.array[f.LocalBase+part]
}

func (r *registry) set(at int, v lua.LValue) {
	r.array[at] = v
	if at >= r.top {
		r.top = at + 1
	}
}

func setTable(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		object := reg.array[f.LocalBase+partA(code)]
		if t, ok := object.(*lua.LTable); ok {
			key, value := operand(reg, f, partB(code)), operand(reg, f, partC(code))
			if value != lua.LNil {
				makeRoom(written(l, t, key), key)
			}
			checkKey(l, t, key)
		} else if l.GetMetaField(object, "__newindex") == lua.LNil {
			indexError(l, f, partA(code), object)
		}
		return original(l, code, base)
	}
}

// written is the table that t[key] = value changes: the one that __newindex names, or its, if t lacks the key.
func written(l *lua.LState, t *lua.LTable, key lua.LValue) *lua.LTable {
	for range 100 { // Lua gives up there too
		if t.Metatable == lua.LNil || t.RawGet(key) != lua.LNil {
			break
		}
		next, ok := l.GetMetaField(t, "__newindex").(*lua.LTable)
		if !ok {
			break
		}
		t = next
	}
	return t
}

// checkKey refuses keys that Lua refuses, unless a metatable takes them.
func checkKey(l *lua.LState, t *lua.LTable, key lua.LValue) {
	switch k := key.(type) {
	case *lua.LNilType:
		if l.GetMetaField(t, "__newindex") == lua.LNil {
			l.RaiseError("table index is nil")
		}
	case lua.LNumber:
		if k != k && l.GetMetaField(t, "__newindex") == lua.LNil {
			l.RaiseError("table index is NaN")
		}
	}
}

func setGlobal(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		if reg.array[f.LocalBase+partA(code)] != lua.LNil {
			makeRoom(f.Fn.Env, f.Fn.Proto.Constants[code&0x3ffff])
		}
		return original(l, code, base)
	}
}

func getTable(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		object := reg.array[f.LocalBase+partB(code)]
		if _, ok := object.(*lua.LTable); !ok && l.GetMetaField(object, "__index") == lua.LNil {
			indexError(l, f, partB(code), object)
		}
		return original(l, code, base)
	}
}

func indexError(l *lua.LState, f *frame, register int, object lua.LValue) {
	l.RaiseError("attempt to index %s", describeValue(f, register, object))
}

// arithmetic reads text as Lua does; the interpreter takes "010" for octal.
func arithmetic(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		left, right := operand(reg, f, partB(code)), operand(reg, f, partC(code))
		_, leftIsNumber := left.(lua.LNumber)
		_, rightIsNumber := right.(lua.LNumber)
		if leftIsNumber && rightIsNumber {
			return original(l, code, base)
		}
		a, okA := toNumber(left)
		b, okB := toNumber(right)
		op := int(code >> 26)
		if okA && okB {
			reg.set(f.LocalBase+partA(code), lua.LNumber(compute(op, a, b)))
			return 0
		}
		if !hasMeta(l, left, arithmeticEvents[op]) && !hasMeta(l, right, arithmeticEvents[op]) {
			culprit, part := left, partB(code)
			if okA {
				culprit, part = right, partC(code)
			}
			l.RaiseError("attempt to perform arithmetic on %s", describeValue(f, part, culprit))
		}
		return original(l, code, base)
	}
}

var arithmeticEvents = map[int]string{
	lua.OP_ADD: "__add", lua.OP_SUB: "__sub", lua.OP_MUL: "__mul", lua.OP_DIV: "__div", lua.OP_MOD: "__mod", lua.OP_POW: "__pow",
}

func compute(op int, a, b float64) float64 {
	switch op {
	case lua.OP_ADD:
		return a + b
	case lua.OP_SUB:
		return a - b
	case lua.OP_MUL:
		return a * b
	case lua.OP_DIV:
		return a / b
	case lua.OP_MOD:
		return a - math.Floor(a/b)*b
	}
	return math.Pow(a, b)
}

func hasMeta(l *lua.LState, v lua.LValue, event string) bool {
	return l.GetMetaField(v, event) != lua.LNil
}

// toNumber reads numbers and text.
func toNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return ParseNumber(string(v))
	}
	return 0, false
}

func negation(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		v := operand(reg, f, partB(code))
		if _, ok := v.(lua.LNumber); ok {
			return original(l, code, base)
		}
		if n, ok := toNumber(v); ok {
			reg.set(f.LocalBase+partA(code), lua.LNumber(-n))
			return 0
		}
		if !hasMeta(l, v, "__unm") {
			l.RaiseError("attempt to perform arithmetic on %s", describeValue(f, partB(code), v))
		}
		return original(l, code, base)
	}
}

func length(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		v := operand(reg, f, partB(code))
		switch v := v.(type) {
		case lua.LString:
			return original(l, code, base)
		case *lua.LTable:
			if v.Metatable == lua.LNil || !hasMeta(l, v, "__len") {
				reg.set(f.LocalBase+partA(code), lua.LNumber(Len(v)))
				return 0
			}
		default:
			if !hasMeta(l, v, "__len") {
				l.RaiseError("attempt to get length of %s", describeValue(f, partB(code), v))
			}
		}
		return original(l, code, base)
	}
}

// concatenation writes numbers with 14 digits. It folds from the right, as the operator binds.
func concatenation(l *lua.LState, code uint32, _ unsafe.Pointer) int {
	reg, f := inside(l)
	first, last := f.LocalBase+partB(code), f.LocalBase+partC(code)
	to := f.LocalBase + partA(code)
	if text, ok := joinTexts(reg.array[first : last+1]); ok {
		reg.set(to, lua.LString(text))
		return 0
	}
	result := reg.array[last]
	for i := last - 1; i >= first; i-- {
		left := reg.array[i]
		if isText(left) && isText(result) {
			result = lua.LString(text(l, left) + text(l, result))
			continue
		}
		meta := l.GetMetaField(left, "__concat")
		if meta == lua.LNil {
			meta = l.GetMetaField(result, "__concat")
		}
		if meta == lua.LNil {
			culprit, part := left, i-f.LocalBase
			if isText(left) {
				culprit, part = result, i+1-f.LocalBase
			}
			l.RaiseError("attempt to concatenate %s", describeValue(f, part, culprit))
		}
		l.Push(meta)
		l.Push(left)
		l.Push(result)
		l.Call(2, 1)
		result = l.Get(-1)
		l.Pop(1)
	}
	reg, _ = inside(l)
	reg.set(to, result)
	return 0
}

// joinTexts joins values that are text or numbers; false if one is neither.
func joinTexts(values []lua.LValue) (string, bool) {
	if len(values) == 2 {
		a, okA := values[0].(lua.LString)
		b, okB := values[1].(lua.LString)
		if okA && okB {
			return string(a + b), true
		}
	}
	var out strings.Builder
	for _, v := range values {
		switch v := v.(type) {
		case lua.LString:
			out.WriteString(string(v))
		case lua.LNumber:
			out.WriteString(NumberText(float64(v)))
		default:
			return "", false
		}
	}
	return out.String(), true
}

func comparison(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		left, right := operand(reg, f, partB(code)), operand(reg, f, partC(code))
		if a, b := left.Type(), right.Type(); a != b || a != lua.LTNumber && a != lua.LTString {
			checkComparable(l, left, right, int(code>>26) == lua.OP_LE)
		}
		return original(l, code, base)
	}
}

func checkComparable(l *lua.LState, left, right lua.LValue, orEqual bool) {
	a, b := left.Type().String(), right.Type().String()
	meta := hasMeta(l, left, "__lt") || hasMeta(l, right, "__lt") || orEqual && (hasMeta(l, left, "__le") || hasMeta(l, right, "__le"))
	switch {
	case meta && a == b:
	case a == b:
		l.RaiseError("attempt to compare two %s values", a)
	default:
		l.RaiseError("attempt to compare %s with %s", a, b)
	}
}

func calling(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		v := reg.array[f.LocalBase+partA(code)]
		if _, ok := v.(*lua.LFunction); !ok && !hasMeta(l, v, "__call") {
			l.RaiseError("attempt to call %s", describeValue(f, partA(code), v))
		}
		return original(l, code, base)
	}
}

func forLoop(original instruction) instruction {
	return func(l *lua.LState, code uint32, base unsafe.Pointer) int {
		reg, f := inside(l)
		at := f.LocalBase + partA(code)
		for i, what := range []string{"initial value", "limit", "step"} {
			if _, ok := reg.array[at+i].(lua.LNumber); ok {
				continue
			}
			n, ok := toNumber(reg.array[at+i])
			if !ok {
				l.RaiseError("'for' %s must be a number", what)
			}
			reg.array[at+i] = lua.LNumber(n)
		}
		return original(l, code, base)
	}
}
