// Package proptree reads and writes the game's property trees, in which mod-settings.dat and the header of a save hold mod
// settings. It starts no goroutines.
//
// A node is a u8 type, a u8 flag and what the type says; lists and dictionaries are a u32 count and then a key and a node per
// entry. A tree that the game wrote is written back byte for byte.
package proptree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"mainbus/hostagent/factorio/internal/bin"
)

const (
	maxDepth = 100      // of lists and dictionaries within each other
	maxNodes = 1 << 18  // of a tree; a mod pack with 1,437 settings has some 3,000
	maxBytes = 32 << 20 // of a tree; that mod pack has 90 kB
)

// The types of nodes, as they are stored.
const (
	typeNone = iota
	typeBool
	typeNumber
	typeString
	typeList
	typeDictionary
	typeSigned   // since 2.0
	typeUnsigned // since 2.0
)

// Node is one node of a tree. Value is one of nil, bool, float64, string (any bytes), List, Dictionary, int64 or uint64; the game
// stores whole numbers as float64 before 2.0. AnyType is a flag without known meaning, false in all files seen.
type Node struct {
	Value   any
	AnyType bool

	counted bool // an empty string is stored as one of length 0, as the game does, instead of as empty; for writing it back
}

// Entry is one entry of a List, where Key is empty in all files seen, or of a Dictionary.
type Entry struct {
	Key string
	Node
}

// List is a node's ordered values.
type List []Entry

// Dictionary is a node's values by key, in the order of the file. No key occurs twice.
type Dictionary []Entry

// Get returns the node of a key, false if there is none.
func (d Dictionary) Get(key string) (Node, bool) {
	for _, e := range d {
		if e.Key == key {
			return e.Node, true
		}
	}
	return Node{}, false
}

// Set replaces the value of a key, or appends it.
func (d *Dictionary) Set(key string, value any) {
	for i := range *d {
		if (*d)[i].Key == key {
			(*d)[i].Value = value
			return
		}
	}
	*d = append(*d, Entry{key, Node{Value: value}})
}

// Get follows keys through dictionaries; false if one is missing. Without keys it returns n.
func (n Node) Get(keys ...string) (Node, bool) {
	for _, key := range keys {
		d, _ := n.Value.(Dictionary)
		next, ok := d.Get(key)
		if !ok {
			return Node{}, false
		}
		n = next
	}
	return n, true
}

var (
	errDepth = fmt.Errorf("a property tree is nested deeper than %d", maxDepth)
	errNodes = fmt.Errorf("a property tree has more than %d values", maxNodes)
	errBytes = fmt.Errorf("a property tree is longer than %d MiB", maxBytes>>20)
)

func errTwice(key string) error { return fmt.Errorf("a property tree has the key %.100q twice", key) }

// Read reads one tree. A type that is not known, a key twice in a dictionary, more than 100 levels, 262,144 nodes or 32 MiB
// are errors of in, as is an end within the tree. They name the keys that lead to the fault, each quoted.
func Read(in *bin.Reader) Node {
	if in.Err() != nil {
		return Node{}
	}
	r := reader{in: in, end: in.Pos() + maxBytes}
	n := r.node(0)
	if in.Err() == nil {
		return n
	}
	if len(r.path) > 0 {
		in.Within("in " + joined(r.path))
	}
	return Node{}
}

type reader struct {
	in    *bin.Reader
	end   int64 // position
	nodes int
	path  []string // keys on the way to the node that is read, and to a fault
}

// joined writes a path for people.
func joined(path []string) string {
	const most = 8
	var quoted []string
	for _, key := range path[:min(len(path), most)] {
		quoted = append(quoted, fmt.Sprintf("%.100q", key))
	}
	if len(path) > most {
		quoted = append(quoted, "…")
	}
	return strings.Join(quoted, ", ")
}

func (r *reader) node(depth int) Node {
	in := r.in
	r.nodes++
	switch {
	case depth > maxDepth:
		in.Fail(errDepth)
	case r.nodes > maxNodes:
		in.Fail(errNodes)
	case in.Pos() > r.end:
		in.Fail(errBytes)
	}
	kind := in.U8()
	n := Node{AnyType: in.Bool()}
	if in.Err() != nil {
		return Node{}
	}
	switch kind {
	case typeNone:
	case typeBool:
		n.Value = in.Bool()
	case typeNumber:
		n.Value = in.F64()
	case typeString:
		n.Value, n.counted = r.text()
	case typeList:
		n.Value = List(r.entries(depth + 1))
	case typeDictionary:
		n.Value = r.dictionary(depth + 1)
	case typeSigned:
		n.Value = int64(in.U64())
	case typeUnsigned:
		n.Value = in.U64()
	default:
		in.Fail(fmt.Errorf("a property of unknown type %d, where 0 to 7 may be", kind))
	}
	return n
}

func (r *reader) entries(depth int) []Entry {
	var entries []Entry
	for n := r.in.U32(); uint32(len(entries)) < n; {
		key, _ := r.text()
		if r.in.Err() != nil {
			return nil
		}
		r.path = append(r.path, key)
		entries = append(entries, Entry{Key: key, Node: r.node(depth)})
		if r.in.Err() != nil {
			return nil // with the path to the fault
		}
		r.path = r.path[:len(r.path)-1]
	}
	return entries
}

func (r *reader) dictionary(depth int) Dictionary {
	d := Dictionary(r.entries(depth))
	seen := make(map[string]bool, len(d))
	for _, e := range d {
		if seen[e.Key] {
			r.in.Fail(errTwice(e.Key))
		}
		seen[e.Key] = true
	}
	return d
}

// text reads a string; counted says that an empty one has a length.
func (r *reader) text() (s string, counted bool) {
	if empty := r.in.Bool(); empty || r.in.Err() != nil {
		return "", false
	}
	left := min(max(r.end-r.in.Pos(), 0), math.MaxUint32)
	s = r.in.String(uint32(left))
	return s, s == "" && r.in.Err() == nil
}

// Append appends the tree n. It is an error if n has a value of another type than Node allows, or more than Read takes.
func Append(b []byte, n Node) ([]byte, error) {
	w := writer{b: b}
	w.node(n, 0)
	if len(w.b)-len(b) > maxBytes {
		w.fail(errBytes)
	}
	if w.err != nil {
		return nil, w.err
	}
	return w.b, nil
}

type writer struct {
	b     []byte
	nodes int
	err   error
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) node(n Node, depth int) {
	w.nodes++
	switch {
	case depth > maxDepth:
		w.fail(errDepth)
	case w.nodes > maxNodes:
		w.fail(errNodes)
	}
	if w.err != nil {
		return
	}
	switch v := n.Value.(type) {
	case nil:
		w.head(typeNone, n)
	case bool:
		w.head(typeBool, n)
		w.b = bin.AppendBool(w.b, v)
	case float64:
		w.head(typeNumber, n)
		w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v))
	case string:
		w.head(typeString, n)
		w.text(v, n.counted)
	case List:
		w.head(typeList, n)
		w.entries(v, depth+1)
	case Dictionary:
		w.head(typeDictionary, n)
		w.dictionary(v, depth+1)
	case int64:
		w.head(typeSigned, n)
		w.b = binary.LittleEndian.AppendUint64(w.b, uint64(v))
	case uint64:
		w.head(typeUnsigned, n)
		w.b = binary.LittleEndian.AppendUint64(w.b, v)
	default:
		w.fail(fmt.Errorf("a Go %T is none of the types that a property tree has", v))
	}
}

func (w *writer) head(kind byte, n Node) {
	w.b = bin.AppendBool(append(w.b, kind), n.AnyType)
}

func (w *writer) entries(entries []Entry, depth int) {
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(len(entries)))
	for _, e := range entries {
		w.text(e.Key, false)
		w.node(e.Node, depth)
	}
}

func (w *writer) dictionary(d Dictionary, depth int) {
	seen := make(map[string]bool, len(d))
	for _, e := range d {
		if seen[e.Key] {
			w.fail(errTwice(e.Key))
		}
		seen[e.Key] = true
	}
	w.entries(d, depth)
}

func (w *writer) text(s string, counted bool) {
	if len(s) > maxBytes {
		w.fail(errors.New("a text in a property tree is too long"))
		return
	}
	empty := s == "" && !counted
	w.b = bin.AppendBool(w.b, empty)
	if !empty {
		w.b = bin.AppendString(w.b, s)
	}
}
