// Package scriptdat reads and writes script.dat of a save: the serialized Lua `storage` of the scenario and of each mod.
// It starts no goroutines.
//
// The layout was worked out from real saves, since nobody documents it: the map version and a byte, a u32 number of blocks,
// then per block its name, its length, a body of that length and a byte. A body is the map version again, a byte and a
// tree of tagged values. Saves of 0.18 and before hold Lua source instead of a tree.
package scriptdat

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/bin"
)

const (
	maxBlocks = 10_000
	maxName   = 1 << 10
	maxBlock  = 64 << 20  // bytes of one block; the largest real one seen has 13 MB
	maxMemory = 512 << 20 // of the values that Read decodes
	maxDepth  = 200       // of tables within tables
	bodyHead  = 9         // version and a byte
	luaSource = "do local "
	tagNil    = 0
	tagFalse  = 1
	tagTrue   = 2
	tagNumber = 3
	tagString = 4
	tagTable  = 5
	tagRef    = 6
	tagObject = 7
)

// Value is one of nil, bool, float64, string (any bytes), *Table, Object or Ref.
type Value = any

// Object stands for a game object (an entity, a surface ...), whose eight bytes only the game understands.
type Object uint64

// Ref stands for a table that occurred before in the same block.
type Ref uint16

// Pair is one entry of a Table.
type Pair struct{ Key, Value Value }

// Table is a Lua table; Pairs are in the order of the file.
type Table struct{ Pairs []Pair }

// Get returns the value of a string key, nil if it is absent or t is nil.
func (t *Table) Get(key string) Value {
	if t == nil {
		return nil
	}
	for _, p := range t.Pairs {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// Block is the storage of one mod; the scenario's is named "level". Lua is set instead of Value in saves of the versions
// that stored source text. Flag is 1 in all saves seen.
type Block struct {
	Name  string
	Value Value
	Lua   string
	Flag  byte
}

// File is a whole script.dat.
type File struct {
	Version factorio.Version
	Blocks  []Block
}

// Read decodes a whole file, which must end after its last block. A file that holds something unknown, more than 64 MiB in
// a block or tables nested deeper than 200 is an error.
func Read(r io.Reader) (File, error) {
	in := bin.NewReader(r)
	f, count := readHead(in)
	memory := maxMemory
	for i := 0; i < count && in.Err() == nil; i++ {
		b := Block{Name: in.String(maxName)}
		body := in.Bytes(in.Size(), maxBlock)
		b.Flag = in.U8()
		if in.Err() != nil {
			break
		}
		if err := b.decode(body, &memory); err != nil {
			return File{}, fmt.Errorf("read script.dat: storage of %q: %w", b.Name, err)
		}
		f.Blocks = append(f.Blocks, b)
	}
	if in.Err() == nil && !in.AtEnd() {
		in.Fail(fmt.Errorf("bytes after the last of %d blocks", count))
	}
	if err := in.Err(); err != nil {
		return File{}, fmt.Errorf("read script.dat: %w", err)
	}
	return f, nil
}

func readHead(in *bin.Reader) (f File, blocks int) {
	f.Version = in.Version()
	in.U8()
	count := in.U32()
	if count > maxBlocks {
		in.Fail(fmt.Errorf("%d blocks are more than %d", count, maxBlocks))
	}
	return f, int(count)
}

func (b *Block) decode(body []byte, memory *int) error {
	if isLua(body) {
		b.Lua = string(body)
		return nil
	}
	c := cursor{b: body, memory: memory}
	c.take(bodyHead)
	b.Value = c.value(0)
	if c.err == nil && c.at != len(body) {
		c.err = fmt.Errorf("the tree ends at byte %d of %d", c.at, len(body))
	}
	return c.err
}

func isLua(body []byte) bool {
	return len(body) >= len(luaSource) && string(body[:len(luaSource)]) == luaSource
}

// Write encodes f so that Read and the game read it.
func Write(w io.Writer, f File) error {
	if len(f.Blocks) > maxBlocks {
		return fmt.Errorf("write script.dat: %d blocks are more than %d", len(f.Blocks), maxBlocks)
	}
	head := append(bin.AppendVersion(nil, f.Version), 0)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(f.Blocks)))
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write script.dat: %w", err)
	}
	for _, b := range f.Blocks {
		body, err := b.encode(f.Version)
		if err != nil {
			return fmt.Errorf("write script.dat: storage of %q: %w", b.Name, err)
		}
		out := bin.AppendSize(bin.AppendString(nil, b.Name), uint32(len(body)))
		out = append(append(out, body...), b.Flag)
		if _, err := w.Write(out); err != nil {
			return fmt.Errorf("write script.dat: %w", err)
		}
	}
	return nil
}

func (b *Block) encode(v factorio.Version) ([]byte, error) {
	body := []byte(b.Lua)
	if b.Lua == "" {
		var err error
		body, err = appendValue(append(bin.AppendVersion(nil, v), 0), b.Value, 0)
		if err != nil {
			return nil, err
		}
	}
	if len(b.Name) > maxName || len(body) > maxBlock {
		return nil, fmt.Errorf("%d bytes under a name of %d are too long", len(body), len(b.Name))
	}
	return body, nil
}

func appendValue(b []byte, v Value, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, tagNil), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, tagNumber), math.Float64bits(v)), nil
	case string:
		if len(v) > maxBlock {
			return nil, fmt.Errorf("a string of %d bytes is too long", len(v))
		}
		return bin.AppendString(append(b, tagString), v), nil
	case *Table:
		return appendTable(b, v, depth)
	case Ref:
		return binary.LittleEndian.AppendUint16(append(b, tagRef), uint16(v)), nil
	case Object:
		return binary.LittleEndian.AppendUint64(append(b, tagObject), uint64(v)), nil
	default:
		return nil, fmt.Errorf("a Go %T is none of the types that storage has", v)
	}
}

func appendTable(b []byte, t *Table, depth int) ([]byte, error) {
	if depth >= maxDepth {
		return nil, errDepth
	}
	if len(t.Pairs) > maxBlock/2 {
		return nil, fmt.Errorf("a table of %d entries is too long", len(t.Pairs))
	}
	b = bin.AppendSize(append(b, tagTable), uint32(len(t.Pairs)))
	for _, p := range t.Pairs {
		if p.Key == nil {
			return nil, errNilKey
		}
		for _, v := range [...]Value{p.Key, p.Value} {
			var err error
			if b, err = appendValue(b, v, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}
