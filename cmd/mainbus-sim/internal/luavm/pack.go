package luavm

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The game has string.pack, string.packsize and string.unpack of Lua 5.4 (manual §6.4.2). Sizes are those of a 64-bit
// Linux. All numbers are floats here, so whole numbers keep 53 bits.

const (
	maxIntSize  = 16
	nativeInt   = 4
	nativeAlign = 8
)

type packKind int

const (
	packNone packKind = iota
	packInt
	packUint
	packFloat
	packDouble
	packChars   // cn
	packCounted // sn
	packZero    // z
	packPadding // x
	packAlign   // X
)

// packOption is one item of a format: a value's kind, how many bytes it takes and how many of padding come before it.
type packOption struct {
	kind          packKind
	size, padding int
}

// packFormat reads a format item by item.
type packFormat struct {
	l        *lua.LState
	text     string
	order    binary.ByteOrder
	maxAlign int
}

func newPackFormat(l *lua.LState) *packFormat {
	return &packFormat{l: l, text: checkText(l, 1), order: binary.LittleEndian, maxAlign: 1}
}

// number reads the digits at the start of the rest of the format.
func (f *packFormat) number(missing int) int {
	n, digits := 0, 0
	for digits < len(f.text) && f.text[digits] >= '0' && f.text[digits] <= '9' && n <= (math.MaxInt32-9)/10 {
		n = 10*n + int(f.text[digits]-'0')
		digits++
	}
	if digits == 0 {
		return missing
	}
	f.text = f.text[digits:]
	return n
}

func (f *packFormat) intSize(missing int) int {
	n := f.number(missing)
	if n < 1 || n > maxIntSize {
		f.l.RaiseError("integral size (%d) out of limits [1,%d]", n, maxIntSize)
	}
	return n
}

// item reads the next option as it stands, without alignment.
func (f *packFormat) item() packOption {
	c := f.text[0]
	f.text = f.text[1:]
	if size, ok := fixedInts[c]; ok {
		return packOption{kind: packInt, size: size}
	}
	if size, ok := fixedUints[c]; ok {
		return packOption{kind: packUint, size: size}
	}
	switch c {
	case 'i':
		return packOption{kind: packInt, size: f.intSize(nativeInt)}
	case 'I':
		return packOption{kind: packUint, size: f.intSize(nativeInt)}
	case 'f':
		return packOption{kind: packFloat, size: 4}
	case 'd', 'n':
		return packOption{kind: packDouble, size: 8}
	case 's':
		return packOption{kind: packCounted, size: f.intSize(8)}
	case 'c':
		size := f.number(-1)
		if size < 0 {
			f.l.RaiseError("missing size for format option 'c'")
		}
		return packOption{kind: packChars, size: size}
	case 'z':
		return packOption{kind: packZero}
	case 'x':
		return packOption{kind: packPadding, size: 1}
	case 'X':
		return packOption{kind: packAlign}
	case '<', '=':
		f.order = binary.LittleEndian
	case '>':
		f.order = binary.BigEndian
	case '!':
		f.maxAlign = f.intSize(nativeAlign)
	case ' ':
	default:
		f.l.RaiseError("invalid format option '%c'", c)
	}
	return packOption{}
}

var (
	fixedInts  = map[byte]int{'b': 1, 'h': 2, 'l': 8, 'j': 8}
	fixedUints = map[byte]int{'B': 1, 'H': 2, 'L': 8, 'J': 8, 'T': 8}
)

// next reads an option that begins at an offset; false at the end of the format.
func (f *packFormat) next(offset int) (packOption, bool) {
	if f.text == "" {
		return packOption{}, false
	}
	option := f.item()
	align := option.size
	switch option.kind {
	case packAlign:
		if f.text == "" {
			f.l.ArgError(1, "invalid next option for option 'X'")
		}
		like := f.item()
		if align = like.size; like.kind == packChars || align == 0 {
			f.l.ArgError(1, "invalid next option for option 'X'")
		}
	case packInt, packUint, packFloat, packDouble, packCounted:
	default:
		align = 1
	}
	if align = min(align, f.maxAlign); align > 1 {
		if align&(align-1) != 0 {
			f.l.ArgError(1, "format asks for alignment not power of 2")
		}
		option.padding = (align - offset&(align-1)) & (align - 1)
	}
	return option, true
}

// maxPacked bounds what one call makes or skips.
const maxPacked = 1 << 28

func stringPack(l *lua.LState) int {
	f, out, arg := newPackFormat(l), []byte(nil), 1
	for {
		option, ok := f.next(len(out))
		if !ok {
			break
		}
		if option.size > maxPacked || len(out) > maxPacked {
			l.RaiseError("resulting string too large")
		}
		out = append(out, make([]byte, option.padding)...)
		switch option.kind {
		case packNone, packAlign:
			continue
		case packPadding:
			out = append(out, 0)
			continue
		}
		arg++
		out = f.pack(out, option, arg)
	}
	l.Push(lua.LString(out))
	return 1
}

// pack appends an argument.
func (f *packFormat) pack(out []byte, option packOption, arg int) []byte {
	l := f.l
	switch option.kind {
	case packInt, packUint:
		return f.appendInt(out, f.wholeArgument(option, arg), option.size)
	case packFloat:
		return f.appendInt(out, int64(math.Float32bits(float32(number(l, arg)))), 4)
	case packDouble:
		return f.appendInt(out, int64(math.Float64bits(number(l, arg))), 8)
	}
	text := checkText(l, arg)
	switch option.kind {
	case packChars:
		if len(text) > option.size {
			l.ArgError(arg, "string longer than given size")
		}
		return append(append(out, text...), make([]byte, option.size-len(text))...)
	case packCounted:
		if option.size < 8 && len(text) >= 1<<(8*option.size) {
			l.ArgError(arg, "string length does not fit in given size")
		}
		return append(f.appendInt(out, int64(len(text)), option.size), text...)
	}
	if strings.IndexByte(text, 0) >= 0 {
		l.ArgError(arg, "string contains zeros")
	}
	return append(append(out, text...), 0)
}

// wholeArgument is an argument as the bits of a whole number that fits.
func (f *packFormat) wholeArgument(option packOption, arg int) int64 {
	n := number(f.l, arg)
	if n != math.Trunc(n) || n < math.MinInt64 || n >= 1<<63 {
		f.l.ArgError(arg, "number has no integer representation")
	}
	if option.size < 8 {
		limit := math.Ldexp(1, 8*option.size)
		if option.kind == packInt && (n < -limit/2 || n >= limit/2) {
			f.l.ArgError(arg, "integer overflow")
		}
		if option.kind == packUint && (n < 0 || n >= limit) {
			f.l.ArgError(arg, "unsigned overflow")
		}
	}
	return int64(n)
}

// appendInt appends the low bytes of n; more than eight continue its sign.
func (f *packFormat) appendInt(out []byte, n int64, size int) []byte {
	start := len(out)
	for i := range size {
		out = append(out, byte(n>>min(8*i, 63)))
	}
	if f.order == binary.BigEndian {
		slices.Reverse(out[start:])
	}
	return out
}

func stringPackSize(l *lua.LState) int {
	f, size := newPackFormat(l), 0
	for {
		option, ok := f.next(size)
		if !ok {
			break
		}
		if option.kind == packCounted || option.kind == packZero {
			l.ArgError(1, "variable-length format")
		}
		size += option.padding + option.size
		if size > math.MaxInt32 {
			l.ArgError(1, "format result too large")
		}
	}
	l.Push(lua.LNumber(size))
	return 1
}

func stringUnpack(l *lua.LState) int {
	f, data := newPackFormat(l), checkText(l, 2)
	at := l.OptInt(3, 1)
	if at < 0 {
		at = max(0, len(data)+at+1)
	}
	at--
	if at < 0 || at > len(data) {
		l.ArgError(3, "initial position out of string")
	}
	values := 0
	for {
		option, ok := f.next(at)
		if !ok {
			break
		}
		if option.padding+option.size > len(data)-at {
			l.ArgError(2, "data string too short")
		}
		at += option.padding
		v, used := f.unpack(option, data[at:])
		at += used
		if v != nil {
			l.Push(v)
			values++
		}
	}
	l.Push(lua.LNumber(at + 1))
	return values + 1
}

// unpack reads one value, nil for padding, and says how many bytes it took.
func (f *packFormat) unpack(option packOption, data string) (lua.LValue, int) {
	l := f.l
	switch option.kind {
	case packInt, packUint:
		return lua.LNumber(f.readInt(data[:option.size], option.kind == packInt)), option.size
	case packFloat:
		return lua.LNumber(math.Float32frombits(uint32(f.readBits(data[:4])))), 4
	case packDouble:
		return lua.LNumber(math.Float64frombits(f.readBits(data[:8]))), 8
	case packChars:
		return lua.LString(data[:option.size]), option.size
	case packCounted:
		size := f.readInt(data[:option.size], false)
		if size > float64(len(data)-option.size) {
			l.ArgError(2, "data string too short")
		}
		end := option.size + int(size)
		return lua.LString(data[option.size:end]), end
	case packZero:
		end := strings.IndexByte(data, 0)
		if end < 0 {
			l.ArgError(2, "unfinished string for format 'z'")
		}
		return lua.LString(data[:end]), end + 1
	}
	return nil, option.size
}

// readBits are up to eight bytes as a number.
func (f *packFormat) readBits(data string) uint64 {
	b := []byte(data)
	if f.order == binary.BigEndian {
		slices.Reverse(b)
	}
	var bits uint64
	for i, c := range b[:min(len(b), 8)] {
		bits |= uint64(c) << (8 * i)
	}
	return bits
}

func (f *packFormat) readInt(data string, signed bool) float64 {
	bits := f.readBits(data)
	if len(data) > 8 {
		f.checkWide(data, signed && int64(bits) < 0)
	}
	if !signed {
		return float64(bits)
	}
	unused := 64 - 8*min(len(data), 8)
	return float64(int64(bits<<unused) >> unused)
}

// checkWide refuses numbers that need more than eight bytes.
func (f *packFormat) checkWide(data string, negative bool) {
	rest := data[min(8, len(data)):]
	if f.order == binary.BigEndian {
		rest = data[:len(data)-8]
	}
	fill := byte(0)
	if negative {
		fill = 0xff
	}
	for i := range len(rest) {
		if rest[i] != fill {
			f.l.RaiseError("%d-byte integer does not fit into Lua Integer", len(data))
		}
	}
}
