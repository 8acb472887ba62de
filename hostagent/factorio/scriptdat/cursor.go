package scriptdat

import (
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	windowSize  = 64 << 10
	pairMemory  = 32 // of a Pair
	valueMemory = 24 // of what a Value points to, without the bytes of a string
)

var (
	errDepth   = fmt.Errorf("tables are nested deeper than %d", maxDepth)
	errNilKey  = errors.New("a table has a nil key")
	errMemory  = errors.New("its values need too much memory")
	errShared  = errors.New("the tree shares tables or holds game objects")
	errTooLong = fmt.Errorf("the table is longer than %d MiB", maxSubtree>>20)
)

// cursor takes values from the bytes of one block. They are all in b, or come into it from more as they are needed; what was
// passed leaves it again. The first error sticks; later reads give zero values.
type cursor struct {
	b      []byte
	at     int
	passed int64     // bytes of the block before b
	more   io.Reader // what follows b
	left   int64     // bytes of the block that are not in b yet
	err    error
	cut    bool // err came from more
	plain  bool // Ref and Object are errors
	memory *int // what decoded values may still take, in bytes
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// failRead is for errors of more, which has to have as many bytes as the block claims.
func (c *cursor) failRead(err error) {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	c.cut = c.cut || c.err == nil
	c.fail(err)
}

// pos is the place of the cursor in the block.
func (c *cursor) pos() int64 { return c.passed + int64(c.at) }

// rest is the number of bytes from the cursor to the end of the block.
func (c *cursor) rest() int64 { return int64(len(c.b)-c.at) + c.left }

// fill has n bytes of the block in b after the cursor, or all that there are. b grows to twice of what is asked for, so that
// bytes are moved to its beginning only once in n.
func (c *cursor) fill(n int) {
	if n <= len(c.b)-c.at || c.left == 0 || c.err != nil {
		return
	}
	if c.more == nil {
		c.fail(errTooLong)
		return
	}
	if c.at+n > cap(c.b) {
		b := c.b[:0]
		if want := int(min(int64(max(2*n, windowSize)), c.rest())); want > cap(b) {
			b = make([]byte, 0, want)
		}
		c.passed += int64(c.at)
		c.b, c.at = append(b, c.b[c.at:]...), 0
	}
	end := len(c.b)
	m, err := io.ReadFull(c.more, c.b[end:min(int64(cap(c.b)), int64(end)+c.left)])
	c.b, c.left = c.b[:end+m], c.left-int64(m)
	if err != nil {
		c.failRead(err)
	}
}

// take returns the next n bytes, nil after an error. They are good until the next call.
func (c *cursor) take(n int) []byte {
	if n > len(c.b)-c.at {
		if int64(n) > c.rest() {
			c.fail(io.ErrUnexpectedEOF)
		}
		c.fill(n)
	}
	if c.err != nil {
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at]
}

// pass is take for bytes that nobody looks at, however many.
func (c *cursor) pass(n int) {
	if n <= len(c.b)-c.at {
		c.at += n
		return
	}
	if int64(n) > c.rest() {
		c.fail(io.ErrUnexpectedEOF)
	}
	if c.err != nil {
		return
	}
	beyond := int64(n - (len(c.b) - c.at))
	c.passed += int64(len(c.b)) + beyond
	c.b, c.at, c.left = c.b[:0], 0, c.left-beyond
	if _, err := io.CopyN(io.Discard, c.more, beyond); err != nil {
		c.failRead(err)
	}
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
	return int(min(sum(c.take(4)), math.MaxInt32)) // beyond any string or table, also where int has 32 bits
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
	case int64(n) > c.rest()/2:
		c.fail(io.ErrUnexpectedEOF)
	}
	if c.err != nil {
		return 0
	}
	return n
}

// value decodes the value at the cursor.
func (c *cursor) value(depth int) Value {
	start := c.pos()
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
		c.fail(unknownTag(tag, start))
		return nil
	}
}

func unknownTag(tag byte, at int64) error { return fmt.Errorf("unknown tag %d at byte %d", tag, at) }

func (c *cursor) table(depth int) *Table {
	t := &Table{}
	n := c.entries(depth)
	if c.charge(n * pairMemory); n == 0 || c.err != nil {
		return t
	}
	t.Pairs = make([]Pair, 0, n)
	for range n {
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
