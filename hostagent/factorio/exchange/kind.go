package exchange

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/internal/bin"
)

// A kind is a way to store values: read gives, and write takes, values of one Go type.
type kind interface {
	read(*reader) any
	write(*writer, any)
}

type reader struct {
	in   *bin.Reader
	last Position // the one before, which the next is relative to
	path []string // keys on the way to what is read, and to a fault
}

type writer struct {
	b    []byte
	last Position
	path []string // likewise
	err  error
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// at reads the value of a key.
func (r *reader) at(key string, k kind) any {
	if r.in.Err() != nil {
		return nil
	}
	r.path = append(r.path, key)
	value := k.read(r)
	if r.in.Err() == nil {
		r.path = r.path[:len(r.path)-1]
	}
	return value
}

func (w *writer) at(key string, k kind, value any) {
	if w.err != nil {
		return
	}
	w.path = append(w.path, key)
	k.write(w, value)
	if w.err == nil {
		w.path = w.path[:len(w.path)-1]
	}
}

// joined writes a path for people.
func joined(path []string) string {
	quoted := make([]string, len(path))
	for i, key := range path {
		quoted[i] = fmt.Sprintf("%.100q", key)
	}
	return strings.Join(quoted, ", ")
}

// scalar is a single value.
type scalar[T any] struct {
	get func(*reader) T
	put func(*writer, T)
}

func (s scalar[T]) read(r *reader) any { return s.get(r) }

func (s scalar[T]) write(w *writer, value any) {
	v, ok := value.(T)
	if !ok {
		w.fail("a value of Go's type %T, but it must be a %T", value, v)
		return
	}
	s.put(w, v)
}

var (
	truth = scalar[bool]{
		func(r *reader) bool { return r.in.Bool() },
		func(w *writer, v bool) { w.b = bin.AppendBool(w.b, v) },
	}
	small = scalar[uint8]{
		func(r *reader) uint8 { return r.in.U8() },
		func(w *writer, v uint8) { w.b = append(w.b, v) },
	}
	short = scalar[int16]{
		func(r *reader) int16 { return int16(r.in.U16()) },
		func(w *writer, v int16) { w.b = binary.LittleEndian.AppendUint16(w.b, uint16(v)) },
	}
	unsigned = scalar[uint32]{
		func(r *reader) uint32 { return r.in.U32() },
		func(w *writer, v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) },
	}
	float = scalar[float32]{
		func(r *reader) float32 { return math.Float32frombits(r.in.U32()) },
		func(w *writer, v float32) { w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(v)) },
	}
	double = scalar[float64]{
		func(r *reader) float64 { return r.in.F64() },
		func(w *writer, v float64) { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v)) },
	}
	text = scalar[string]{
		func(r *reader) string { return r.in.String(maxData) },
		func(w *writer, v string) { w.b = bin.AppendString(w.b, v) },
	}
	position = scalar[Position]{readPosition, writePosition}
)

// far stands where a position is not relative.
const far = math.MaxInt16

// readPosition reads two differences to the position before, or far and two coordinates.
func readPosition(r *reader) Position {
	if dx := int16(r.in.U16()); dx == far {
		r.last = Position{int32(r.in.U32()), int32(r.in.U32())}
	} else {
		x, y := int64(r.last.X)+int64(dx), int64(r.last.Y)+int64(int16(r.in.U16()))
		r.last = Position{int32(x), int32(y)}
		if int64(r.last.X) != x || int64(r.last.Y) != y {
			r.in.Fail(errors.New("a position outside of any map"))
		}
	}
	return r.last
}

func writePosition(w *writer, p Position) {
	dx, dy := int64(p.X)-int64(w.last.X), int64(p.Y)-int64(w.last.Y)
	w.last = p
	if int64(int16(dx)) != dx || int64(int16(dy)) != dy || dx == far {
		w.b = binary.LittleEndian.AppendUint16(w.b, far)
		w.b = binary.LittleEndian.AppendUint32(w.b, uint32(p.X))
		w.b = binary.LittleEndian.AppendUint32(w.b, uint32(p.Y))
		return
	}
	w.b = binary.LittleEndian.AppendUint16(w.b, uint16(dx))
	w.b = binary.LittleEndian.AppendUint16(w.b, uint16(dy))
}

// oneOf is a byte that stands for one of some words.
func oneOf(words ...string) kind {
	return scalar[string]{
		func(r *reader) string {
			i := int(r.in.U8())
			if i >= len(words) {
				r.in.Fail(fmt.Errorf("byte %d where 0 to %d may be", i, len(words)-1))
				return ""
			}
			return words[i]
		},
		func(w *writer, v string) {
			i := slices.Index(words, v)
			if i < 0 {
				w.fail("%.100q is none of %s", v, joined(words))
			}
			w.b = append(w.b, byte(i))
		},
	}
}

// optional is a value that may be absent, which is nil.
type optional struct{ of kind }

func (o optional) read(r *reader) any {
	if !r.in.Bool() {
		return nil
	}
	return o.of.read(r)
}

func (o optional) write(w *writer, value any) {
	w.b = bin.AppendBool(w.b, value != nil)
	if value != nil {
		o.of.write(w, value)
	}
}

// list is a List.
type list struct{ of kind }

func (l list) read(r *reader) any {
	var values List
	for n := r.in.Size(); uint32(len(values)) < n && r.in.Err() == nil; {
		values = append(values, l.of.read(r))
	}
	return values
}

func (l list) write(w *writer, value any) {
	values, ok := value.(List)
	if !ok {
		w.fail("a value of Go's type %T, but it must be a %T", value, values)
		return
	}
	w.b = bin.AppendSize(w.b, uint32(len(values)))
	for _, v := range values {
		l.of.write(w, v)
	}
}

// object is an Object with these keys in this order.
type object []field

type field struct {
	key  string
	kind kind
}

func (o object) read(r *reader) any {
	values := make(Object, 0, len(o))
	for _, f := range o {
		values = append(values, Member{f.key, r.at(f.key, f.kind)})
	}
	return values
}

func (o object) write(w *writer, value any) {
	values, ok := value.(Object)
	if !ok {
		w.fail("a value of Go's type %T, but it must be a %T", value, values)
		return
	}
	for _, f := range o {
		v, ok := values.Get(f.key)
		if !ok {
			w.fail("%.100q is missing", f.key)
		}
		w.at(f.key, f.kind, v)
	}
	if len(values) == len(o) {
		return
	}
	for _, m := range values {
		if !slices.ContainsFunc(o, func(f field) bool { return f.key == m.Key }) {
			w.fail("%.100q is there, which strings of this version don't have", m.Key)
		}
	}
	w.fail("a key is there more than once")
}

// dictionary is an Object with any keys.
type dictionary struct{ of kind }

func (d dictionary) read(r *reader) any {
	var values Object
	seen := make(map[string]bool)
	for n := r.in.Size(); uint32(len(values)) < n && r.in.Err() == nil; {
		key := r.in.String(maxData)
		if seen[key] {
			r.in.Fail(fmt.Errorf("the key %.100q is there twice", key))
		}
		seen[key] = true
		values = append(values, Member{key, r.at(key, d.of)})
	}
	return values
}

func (d dictionary) write(w *writer, value any) {
	values, ok := value.(Object)
	if !ok {
		w.fail("a value of Go's type %T, but it must be a %T", value, values)
		return
	}
	w.b = bin.AppendSize(w.b, uint32(len(values)))
	seen := make(map[string]bool, len(values))
	for _, m := range values {
		if seen[m.Key] {
			w.fail("the key %.100q is there twice", m.Key)
		}
		seen[m.Key] = true
		w.b = bin.AppendString(w.b, m.Key)
		w.at(m.Key, d.of, m.Value)
	}
}
