// Package scriptdat reads and writes script.dat of a save: the serialized Lua `storage` of the scenario and of each mod.
// It starts no goroutines.
package scriptdat

import (
	"errors"
	"io"

	"mainbus/hostagent/factorio"
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

// Block is the storage of one mod; the scenario's is named "level".
type Block struct {
	Name  string
	Value Value
	Flag  byte
}

// File is a whole script.dat.
type File struct {
	Version factorio.Version
	Blocks  []Block
}

func Write(w io.Writer, f File) error { return errors.ErrUnsupported }

func Read(r io.Reader) (File, error) { return File{}, errors.ErrUnsupported }

func Find(r io.Reader, block, key string) (Value, bool, error) {
	return nil, false, errors.ErrUnsupported
}
