package scriptdat

import (
	"errors"
	"fmt"
	"io"
	"math"
)

var (
	errDepth  = fmt.Errorf("tables are nested deeper than %d", maxDepth)
	errNilKey = errors.New("a table has a nil key")
	errMemory = errors.New("its values need too much memory")
	errShared = errors.New("the tree shares tables or holds game objects")
)

// cursor takes values from the bytes of one block. The first error sticks; later reads give zero values.
type cursor struct {
	b      []byte
	at     int
	err    error
	plain  bool // Ref and Object are errors
	memory *int // what decoded values may still take, in bytes
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// take returns the next n bytes, nil after an error.
func (c *cursor) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.b)-c.at {
		c.fail(io.ErrUnexpectedEOF)
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at]
}

func (c *cursor) tag() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return tagNil
}

// size is the space-optimised u32 before strings and tables.
func (c *cursor) size() int {
	b := c.take(1)
	if b == nil || b[0] != math.MaxUint8 {
		return int(sum(b))
	}
	return int(min(sum(c.take(4)), math.MaxInt32)) // beyond any block, also where int has 32 bits
}

// sum reads a little-endian number of any length.
func sum(b []byte) (n uint64) {
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}

// entries is the number of entries of a table; each takes two bytes or more.
func (c *cursor) entries(depth int) int {
	n := c.size()
	switch {
	case depth >= maxDepth:
		c.fail(errDepth)
	case n > (len(c.b)-c.at)/2:
		c.fail(io.ErrUnexpectedEOF)
	}
	if c.err != nil {
		return 0
	}
	return n
}

// value decodes the value at the cursor.
func (c *cursor) value(depth int) Value {
	start := c.at
	tag := c.tag()
	c.charge(valueMemory)
	switch tag {
	case tagNil:
		return nil
	case tagFalse, tagTrue:
		return tag == tagTrue
	case tagNumber:
		return math.Float64frombits(sum(c.take(8)))
	case tagString:
		b := c.take(c.size())
		c.charge(len(b))
		return string(b)
	case tagTable:
		return c.table(depth)
	case tagRef, tagObject:
		if c.plain {
			c.fail(errShared)
		}
		if tag == tagObject {
			return Object(sum(c.take(8)))
		}
		return Ref(sum(c.take(2)))
	default:
		c.fail(fmt.Errorf("unknown tag %d at byte %d", tag, start))
		return nil
	}
}

func (c *cursor) table(depth int) *Table {
	t := &Table{}
	for range c.entries(depth) {
		p := Pair{Key: c.value(depth + 1)}
		if p.Key == nil {
			c.fail(errNilKey)
		}
		p.Value = c.value(depth + 1)
		if c.err != nil {
			return nil
		}
		t.Pairs = append(t.Pairs, p)
	}
	return t
}

func (c *cursor) charge(n int) {
	if *c.memory -= n; *c.memory < 0 {
		c.fail(errMemory)
	}
}

// skip passes over the value at the cursor and calls visit with the cursor at the value of each string key within it, until
// visit returns true.
func (c *cursor) skip(depth int, visit func(key []byte) (stop bool)) (stopped bool) {
	start := c.at
	switch tag := c.tag(); tag {
	case tagNil, tagFalse, tagTrue:
	case tagNumber, tagObject:
		c.take(8)
	case tagRef:
		c.take(2)
	case tagString:
		c.take(c.size())
	case tagTable:
		for range c.entries(depth) {
			if c.skipPair(depth+1, visit) {
				return true
			}
			if c.err != nil {
				break
			}
		}
	default:
		c.fail(fmt.Errorf("unknown tag %d at byte %d", tag, start))
	}
	return false
}

func (c *cursor) skipPair(depth int, visit func(key []byte) (stop bool)) (stopped bool) {
	if c.at < len(c.b) && c.b[c.at] == tagString {
		c.at++
		key := c.take(c.size())
		if c.err == nil && visit(key) {
			return true
		}
	} else if c.skip(depth, visit) {
		return true
	}
	return c.skip(depth, visit)
}
