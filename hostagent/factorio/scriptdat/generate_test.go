package scriptdat

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
)

// treeVersions has the first and the last of each line of versions that store trees.
var treeVersions = []factorio.Version{
	{Major: 1}, {Major: 1, Minor: 1, Patch: 6}, {Major: 1, Minor: 1, Patch: 110}, {Major: 2}, {Major: 2, Patch: 77, Developer: 1},
	{Major: 2, Minor: 1}, {Major: 2, Minor: 1, Patch: 17, Developer: 65535},
}

// luaVersions store source text.
var luaVersions = []factorio.Version{{Minor: 17}, {Minor: 17, Patch: 79}, {Minor: 18}, {Minor: 18, Patch: 47, Developer: 2}}

// randomValue makes any value that storage can have; a plain one has no references and game objects.
func randomValue(r *rand.Rand, depth int, plain bool) Value {
	switch kind := r.IntN(9); {
	case kind == 0:
		return nil
	case kind == 1:
		return r.IntN(2) == 0
	case kind == 2:
		numbers := []float64{0, math.Copysign(0, -1), -1, 1 << 53, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), r.NormFloat64()}
		return numbers[r.IntN(len(numbers))]
	case kind == 3:
		return randomText(r)
	case kind == 4 && !plain:
		return Ref(r.Uint32())
	case kind == 5 && !plain:
		return Object(r.Uint64())
	case depth > 4:
		return "deep"
	}
	return randomTable(r, depth, plain)
}

// randomText has any bytes, and seldom a length on either side of where a size gets longer.
func randomText(r *rand.Rand) string {
	n := r.IntN(9)
	if r.IntN(20) == 0 {
		n = 253 + r.IntN(4)
	}
	return strings.Repeat(string([]byte{byte(r.IntN(256))}), n) + string([]byte{byte(r.IntN(256))})
}

func randomTable(r *rand.Rand, depth int, plain bool) *Table {
	t := &Table{}
	size := r.IntN(5)
	if r.IntN(50) == 0 {
		size, depth = 253+r.IntN(4), 5
	}
	for range size {
		p := Pair{Key: randomValue(r, depth+1, plain), Value: randomValue(r, depth+1, plain)}
		if p.Key == nil {
			p.Key = false
		}
		t.Pairs = append(t.Pairs, p)
	}
	return t
}

func TestGeneratedTreesReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for _, version := range treeVersions {
		for range 100 {
			want := File{Version: version}
			for range r.IntN(4) {
				want.Blocks = append(want.Blocks, Block{Name: randomText(r)[:1], Value: randomValue(r, 0, false), Flag: byte(r.IntN(256))})
			}
			data := encode(t, want)
			if got, err := Read(bytes.NewReader(data)); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: got %+v, %v\nwant %+v", version, got, err, want)
			}
		}
	}
}

func TestGeneratedSourcesReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for _, version := range luaVersions {
		for range 50 {
			want := File{Version: version}
			for range r.IntN(4) {
				want.Blocks = append(want.Blocks, Block{Name: randomText(r)[:1], Lua: luaSource + randomText(r), Flag: byte(r.IntN(256))})
			}
			data := encode(t, want)
			if got, err := Read(bytes.NewReader(data)); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: got %+v, %v\nwant %+v", version, got, err, want)
			}
			if v, ok, err := Find(opened(data), "level", "ledger"); ok || err != nil {
				t.Fatalf("%v: found %v, %v", version, v, err)
			}
		}
	}
}

// Find gives what was put in, wherever it is and whatever is around it.
func TestGeneratedTablesAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 3))
	for _, version := range treeVersions {
		for range 100 {
			want := randomTable(r, 3, true)
			level := table(randomText(r), randomTable(r, 0, false), "ledger", want, 1.0, randomValue(r, 0, false))
			for range r.IntN(5) {
				level = table(1.0, randomValue(r, 0, false), "x", level, true, randomValue(r, 0, false))
			}
			f := file(level)
			f.Version = version
			got, ok, err := Find(opened(encode(t, f)), "level", "ledger")
			if err != nil || !ok || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: got %+v, %v, %v\nwant %+v", version, got, ok, err, want)
			}
		}
	}
}
