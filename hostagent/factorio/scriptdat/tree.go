package scriptdat

import (
	"errors"
	"fmt"
)

// AppendTree adds a table to b as it stands in a block, for ParseTree.
func AppendTree(b []byte, t *Table) ([]byte, error) {
	b, err := appendTable(b, t, 0)
	if err != nil {
		return nil, fmt.Errorf("write a table: %w", err)
	}
	return b, nil
}

// ParseTree reads a table of plain values, without Ref or Object, from all of b: at most 8 MiB, and values of 32 MiB.
func ParseTree(b []byte) (*Table, error) {
	memory := findMemory
	c := cursor{b: b, plain: true, memory: &memory}
	if len(b) > maxSubtree {
		c.fail(errTooLong)
	}
	value := c.value(0)
	table, ok := value.(*Table)
	switch {
	case c.err != nil:
	case !ok:
		c.fail(errors.New("no table"))
	case c.at != len(b):
		c.fail(fmt.Errorf("the tree ends at byte %d of %d", c.at, len(b)))
	}
	if c.err != nil {
		return nil, fmt.Errorf("read a table: %w", c.err)
	}
	return table, nil
}
