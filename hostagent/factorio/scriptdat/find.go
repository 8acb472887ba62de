package scriptdat

import (
	"bytes"
	"fmt"
	"io"

	"mainbus/hostagent/factorio/internal/bin"
)

// Find looks in one block for a table under a string key, at any depth, and decodes only that: a *Table of plain values,
// without Ref or Object. Tables that are not plain are passed over; the first that is wins. It reads no further than the
// block, and holds the block in memory.
//
// The tree is walked first, so that a string which looks like an encoded key is not taken for one. If the walk meets something
// that this package does not know, the key's bytes are searched for in the whole block.
func Find(r io.Reader, block, key string) (Value, bool, error) {
	in := bin.NewReader(r)
	_, count := readHead(in)
	for i := 0; i < count && in.Err() == nil; i++ {
		name, length := in.String(maxName), in.Size()
		if name != block {
			in.Skip(int64(length) + 1)
			continue
		}
		body := in.Bytes(length, maxBlock)
		if in.Err() != nil {
			break
		}
		t, err := findTable(body, key)
		if err != nil {
			return nil, false, fmt.Errorf("look for %q in script.dat: %w", key, err)
		}
		if t == nil {
			return nil, false, nil
		}
		return t, true, nil
	}
	if err := in.Err(); err != nil {
		return nil, false, fmt.Errorf("look for %q in script.dat: %w", key, err)
	}
	return nil, false, nil
}

func findTable(body []byte, key string) (*Table, error) {
	if isLua(body) {
		return nil, nil
	}
	var found *Table
	memory := findMemory
	try := func(at int) (stop bool) {
		found = plainTable(body, at, &memory)
		return found != nil || memory < 0
	}
	walk := cursor{b: body, memory: &memory}
	walk.take(bodyHead)
	stopped := walk.skip(0, func(k []byte) bool { return string(k) == key && try(walk.at) })
	if !stopped && (walk.err != nil || walk.at != len(body)) {
		encoded := bin.AppendString([]byte{tagString}, key)
		for at := 0; ; at++ {
			i := bytes.Index(body[at:], encoded)
			if i < 0 {
				break
			}
			if at += i; try(at + len(encoded)) {
				break
			}
		}
	}
	if found == nil && memory < 0 {
		return nil, errMemory
	}
	return found, nil
}

// plainTable returns nil if there is no table without shared tables and game objects.
func plainTable(body []byte, at int, memory *int) *Table {
	if at >= len(body) || body[at] != tagTable {
		return nil
	}
	c := cursor{b: body, at: at, memory: memory, plain: true}
	t, _ := c.value(0).(*Table)
	if c.err != nil {
		return nil
	}
	return t
}
