package proptree

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/bin"
)

func read(b []byte) (Node, int64, error) {
	in := bin.NewReader(bytes.NewReader(b))
	n := Read(in)
	return n, in.Pos(), in.Err()
}

func entry(key string, value any) Entry { return Entry{key, Node{Value: value}} }

// The bytes are written out, so that reader and writer can't be wrong alike.
func TestBytesOfEveryType(t *testing.T) {
	for _, test := range []struct {
		node  Node
		bytes string
		json  string
	}{
		{Node{}, "\x00\x00", `null`},
		{Node{AnyType: true}, "\x00\x01", `null`},
		{Node{Value: true}, "\x01\x00\x01", `true`},
		{Node{Value: false}, "\x01\x00\x00", `false`},
		{Node{Value: 1.5}, "\x02\x00\x00\x00\x00\x00\x00\x00\xf8\x3f", `1.5`},
		{Node{Value: math.Inf(-1)}, "\x02\x00\x00\x00\x00\x00\x00\x00\xf0\xff", `"-inf"`},
		{Node{Value: ""}, "\x03\x00\x01", `""`},
		{Node{Value: "", counted: true}, "\x03\x00\x00\x00", `""`},
		{Node{Value: "ab"}, "\x03\x00\x00\x02ab", `"ab"`},
		{Node{Value: List(nil)}, "\x04\x00\x00\x00\x00\x00", `[]`},
		{Node{Value: List{entry("", 2.0), entry("k", nil)}},
			"\x04\x00\x02\x00\x00\x00" + "\x01\x02\x00\x00\x00\x00\x00\x00\x00\x00\x40" + "\x00\x01k\x00\x00", `[2.0,null]`},
		{Node{Value: Dictionary(nil)}, "\x05\x00\x00\x00\x00\x00", `{}`},
		{Node{Value: Dictionary{entry("b", true), entry("a", "<")}}, "\x05\x00\x02\x00\x00\x00" + "\x00\x01b\x01\x00\x01" + "\x00\x01a\x03\x00\x00\x01<",
			`{"b":true,"a":"\u003c"}`},
		{Node{Value: int64(-2)}, "\x06\x00\xfe\xff\xff\xff\xff\xff\xff\xff", `-2`},
		{Node{Value: uint64(math.MaxUint64)}, "\x07\x00\xff\xff\xff\xff\xff\xff\xff\xff", `18446744073709551615`},
	} {
		if b, err := Append([]byte("x"), test.node); err != nil || string(b) != "x"+test.bytes {
			t.Errorf("%v: appended %q, %v", test.node, b, err)
		}
		got, n, err := read([]byte(test.bytes + "rest"))
		if err != nil || !reflect.DeepEqual(got, test.node) || int(n) != len(test.bytes) {
			t.Errorf("%q: read %v from %d bytes, %v", test.bytes, got, n, err)
		}
		if j, err := json.Marshal(test.node); err != nil || string(j) != test.json {
			t.Errorf("%v: JSON %s, %v", test.node, j, err)
		}
		for cut := range test.bytes {
			if _, _, err := read([]byte(test.bytes[:cut])); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: first %d bytes: %v", test.bytes, cut, err)
			}
		}
	}
}

// random makes any node; its depth is at most depth.
func random(r *rand.Rand, depth int) Node {
	n := Node{AnyType: r.IntN(8) == 0}
	kinds := 8
	text := func() string { return strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(3)*r.IntN(200)) }
	if depth == 0 {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
	case 1:
		n.Value = r.IntN(2) == 0
	case 2:
		n.Value = r.NormFloat64()
	case 3:
		n.Value = text()
	case 4:
		n.Value = int64(r.Uint64())
	case 5:
		n.Value = r.Uint64()
	case 6:
		var l List
		for range r.IntN(4) {
			l = append(l, Entry{text(), random(r, depth-1)})
		}
		n.Value = l
	case 7:
		var d Dictionary
		for i := range r.IntN(4) {
			d = append(d, Entry{text() + string(rune('A'+i)), random(r, depth-1)})
		}
		n.Value = d
	}
	return n
}

func TestGeneratedTreesReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := random(r, 5)
		b, err := Append(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		if got, n, err := read(b); err != nil || !reflect.DeepEqual(got, want) || int(n) != len(b) {
			t.Fatalf("wrote %v, read %v, %v", want, got, err)
		}
	}
}

func TestGet(t *testing.T) {
	tree := Node{Value: Dictionary{entry("startup", Dictionary{entry("x", Dictionary{entry("value", 1.0)})})}}
	if n, ok := tree.Get("startup", "x", "value"); !ok || n.Value != 1.0 {
		t.Errorf("got %v, %v", n, ok)
	}
	if n, ok := tree.Get(); !ok || !reflect.DeepEqual(n, tree) {
		t.Errorf("no keys: %v, %v", n, ok)
	}
	for _, keys := range [][]string{{"none"}, {"startup", "y"}, {"startup", "x", "value", "deeper"}} {
		if n, ok := tree.Get(keys...); ok {
			t.Errorf("%q: %v", keys, n)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	wide := "\x05\x00\xff\xff\xff\xff"
	for _, test := range []struct{ name, bytes, want string }{
		{"nothing", "", "unexpected EOF"},
		{"a type alone", "\x01", "unexpected EOF"},
		{"a cut number", "\x02\x001234567", "unexpected EOF"},
		{"a cut integer", "\x06\x00\xff", "unexpected EOF"},
		{"a text without a length", "\x03\x00\x00", "unexpected EOF"},
		{"a cut length", "\x03\x00\x00\xff\x01\x00\x00", "unexpected EOF"},
		{"a cut text", "\x03\x00\x00\x05four", "unexpected EOF"},
		{"a cut count", "\x04\x00\x01\x00\x00", "unexpected EOF"},
		{"a list without its last value", "\x04\x00\x02\x00\x00\x00" + "\x01\x00\x00", "unexpected EOF"},
		{"a cut key", "\x05\x00\x01\x00\x00\x00" + "\x00\x04ke", "unexpected EOF"},
		{"a key without a value", "\x05\x00\x01\x00\x00\x00" + "\x00\x01k", `unexpected EOF (in "k")`},
		{"unknown type", "\x08\x00", "a property of unknown type 8, where 0 to 7 may be"},
		{"the last of all types", "\xff\x01", "a property of unknown type 255, where 0 to 7 may be"},
		{"text instead of a tree", "{\"startup\": {}}", "byte 34 where 0 or 1 belongs"},
		{"flag", "\x00\x02", "byte 2 where 0 or 1 belongs"},
		{"bool", "\x01\x00\x07", "byte 7 where 0 or 1 belongs"},
		{"empty flag", "\x03\x00\x03", "byte 3 where 0 or 1 belongs"},
		{"empty flag of a key", "\x05\x00\x01\x00\x00\x00" + "\x6b", "byte 107 where 0 or 1 belongs"},
		{"flag below a key", "\x05\x00\x01\x00\x00\x00" + "\x00\x01k\x01\x09\x01", `byte 9 where 0 or 1 belongs (in "k")`},
		{"long text", "\x03\x00\x00\xff\xff\xff\xff\xff", "4294967295 bytes where at most 33554429 may be"},
		{"text that is longer than the file", "\x03\x00\x00\xff\x00\x00\x00\x01text", "unexpected EOF"},
		{"long key", "\x05\x00\x01\x00\x00\x00" + "\x00\xff\x00\x00\x00\x03", "50331648 bytes where at most 33554425 may be"},
		{"false count", wide, "unexpected EOF"},
		{"false count of a list", "\x04\x00\xff\xff\xff\x7f" + "\x01\x00\x00", "unexpected EOF"},
		{"deep", strings.Repeat("\x04\x00\x01\x00\x00\x00\x01", 200),
			`a property tree is nested deeper than 100 (in "", "", "", "", "", "", "", "", …)`},
		{"deep dictionaries", strings.Repeat("\x05\x00\x01\x00\x00\x00\x00\x01k", 1<<20),
			`a property tree is nested deeper than 100 (in "k", "k", "k", "k", "k", "k", "k", "k", …)`},
		{"wide", "\x04\x00\xff\xff\xff\xff" + strings.Repeat("\x01\x00\x00", 300_000), `a property tree has more than 262144 values (in "")`},
		{"type below keys", "\x05\x00\x01\x00\x00\x00" + "\x00\x01k" + "\x05\x00\x01\x00\x00\x00" + "\x00\x02\nl" + "\x09\x00",
			`a property of unknown type 9, where 0 to 7 may be (in "k", "\nl")`},
		{"type below a key that is not UTF-8", "\x05\x00\x01\x00\x00\x00" + "\x00\x01\xff" + "\x09\x00",
			`a property of unknown type 9, where 0 to 7 may be (in "\xff")`},
		{"number below a key", "\x05\x00\x02\x00\x00\x00" + "\x00\x01a\x00\x00" + "\x00\x01k\x02\x001234", `unexpected EOF (in "k")`},
		{"key twice", "\x05\x00\x02\x00\x00\x00" + strings.Repeat("\x00\x01k\x00\x00", 2), `a property tree has the key "k" twice`},
		{"key twice below a key", "\x05\x00\x01\x00\x00\x00" + "\x00\x01a" + "\x05\x00\x02\x00\x00\x00" + strings.Repeat("\x00\x01k\x00\x00", 2),
			`a property tree has the key "k" twice (in "a")`},
		{"empty key twice, written in both ways", "\x05\x00\x02\x00\x00\x00" + "\x01\x00\x00" + "\x00\x00\x00\x00", `a property tree has the key "" twice`},
	} {
		if n, _, err := read([]byte(test.bytes)); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, %v; want %q", test.name, n, err, test.want)
		}
	}
	// Texts that are each short enough but too long together.
	text := append([]byte{typeString, 0, 0, 255, 0, 0, 0, 1}, make([]byte, 16<<20)...)
	long := append([]byte{typeList, 0, 3, 0, 0, 0}, bytes.Repeat(append([]byte{1}, text...), 3)...)
	if _, _, err := read(long); err == nil || !strings.Contains(err.Error(), "bytes where at most") {
		t.Errorf("three texts of 16 MiB: %v", err)
	}
}

func TestJSONReadsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		want := random(r, 4)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Node
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if want = plain(want); !reflect.DeepEqual(got, want) {
			t.Fatalf("JSON %s\ngave %v\nwant %v", text, got, want)
		}
	}
}

// plain removes what JSON does not hold: flags, keys in lists, and the type of an unsigned number that is not too large for
// a signed one.
func plain(n Node) Node {
	n.AnyType = false
	switch v := n.Value.(type) {
	case uint64:
		if v <= math.MaxInt64 {
			n.Value = int64(v)
		}
	case List:
		for i, e := range v {
			v[i] = Entry{Node: plain(e.Node)}
		}
	case Dictionary:
		for i, e := range v {
			v[i].Node = plain(e.Node)
		}
	}
	return n
}

func TestJSONKeepsWhatNumbersAre(t *testing.T) {
	const text = `[1.0,1,-0.0,9223372036854775807,18446744073709551615,4e-06,1e+300,0.1]`
	var n Node
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	want := List{entry("", 1.0), entry("", int64(1)), entry("", math.Copysign(0, -1)), entry("", int64(math.MaxInt64)), entry("", uint64(math.MaxUint64)),
		entry("", 4e-6), entry("", 1e300), entry("", 0.1)}
	if !reflect.DeepEqual(n.Value, want) {
		t.Errorf("read %v", n.Value)
	}
	if back, err := json.Marshal(n); err != nil || string(back) != text {
		t.Errorf("wrote %s, %v", back, err)
	}
}

func TestJSONRefuses(t *testing.T) {
	const prefix = "property tree from JSON: "
	for text, want := range map[string]string{
		`[1e999]`:                prefix + "the number 1e999 is out of range",
		`{"a":[0,{"b":-1e400}]}`: prefix + "the number -1e400 is out of range",
		`{"k":1,"k":2}`:          prefix + `a property tree has the key "k" twice`,
		`{"k":1,"\u006b":2}`:     prefix + `a property tree has the key "k" twice`,
		`[{"":1,"":{}}]`:         prefix + `a property tree has the key "" twice`,
		strings.Repeat("[", 102) + strings.Repeat("]", 102):           prefix + "a property tree is nested deeper than 100",
		strings.Repeat(`{"a":`, 102) + "1" + strings.Repeat("}", 102): prefix + "a property tree is nested deeper than 100",
		"[" + strings.Repeat("0,", maxNodes) + "0]":                   prefix + "a property tree has more than 262144 values",
	} {
		var n Node
		if err := json.Unmarshal([]byte(text), &n); err == nil || err.Error() != want || n.Value != nil {
			t.Errorf("%.40s: got %v, want %s", text, err, want)
		}
	}
	// Called without encoding/json, which checks the syntax before.
	for text, want := range map[string]string{
		"":             "it ends too early",
		"[1":           "it ends too early",
		`{"a"`:         "it ends too early",
		`{"a":`:        "it ends too early",
		`"abc`:         "it ends too early",
		`[1,]`:         "invalid character ']' looking for beginning of value",
		`{"a":1,}`:     "invalid character '}' looking for beginning of object key string",
		`{1:2}`:        "invalid character '1'",
		"{\"a\": nil}": "invalid character 'i' in literal null (expecting 'u')",
		"1 2":          "more than one value",
		"{} x":         "more than one value",
	} {
		var n Node
		if err := n.UnmarshalJSON([]byte(text)); err == nil || err.Error() != prefix+want || n.Value != nil {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestSet(t *testing.T) {
	d := Dictionary{{"a", Node{Value: 1.0, AnyType: true}}}
	d.Set("a", 2.0)
	d.Set("b", true)
	if want := (Dictionary{{"a", Node{Value: 2.0, AnyType: true}}, entry("b", true)}); !reflect.DeepEqual(d, want) {
		t.Errorf("got %v", d)
	}
}

func TestAppendRefuses(t *testing.T) {
	deep := Node{}
	for range maxDepth + 1 {
		deep = Node{Value: List{{Node: deep}}}
	}
	for _, test := range []struct {
		name string
		node Node
		want string
	}{
		{"int", Node{Value: 1}, "a Go int is none of the types that a property tree has"},
		{"nested int", Node{Value: Dictionary{entry("k", 7)}}, "a Go int is none of the types that a property tree has"},
		{"a single", Node{Value: float32(1)}, "a Go float32 is none of the types that a property tree has"},
		{"a map", Node{Value: map[string]any{}}, "a Go map[string]interface {} is none of the types that a property tree has"},
		{"a node in a node", Node{Value: Node{}}, "a Go proptree.Node is none of the types that a property tree has"},
		{"deep", deep, "a property tree is nested deeper than 100"},
		{"key twice", Node{Value: Dictionary{entry("k", nil), entry("k", nil)}}, `a property tree has the key "k" twice`},
		{"key twice in a list", Node{Value: List{entry("", Dictionary{entry("", 1.0), entry("", 2.0)})}}, `a property tree has the key "" twice`},
		{"wide", Node{Value: make(List, maxNodes)}, "a property tree has more than 262144 values"},
		{"long", Node{Value: strings.Repeat("x", maxBytes+1)}, "a text in a property tree is too long"},
		{"long key", Node{Value: Dictionary{entry(strings.Repeat("x", maxBytes+1), nil)}}, "a text in a property tree is too long"},
		{"long together", Node{Value: List{entry("", strings.Repeat("x", maxBytes/2)), entry("", strings.Repeat("x", maxBytes/2))}},
			"a property tree is longer than 32 MiB"},
	} {
		if b, err := Append(nil, test.node); err == nil || err.Error() != test.want || b != nil {
			t.Errorf("%s: %d bytes, %v; want %s", test.name, len(b), err, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		b, err := Append(nil, random(r, 4))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, _, err := read(data)
		if err != nil {
			return
		}
		b, err := Append(nil, n)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		again, _, err := read(b)
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if c, err := Append(nil, again); err != nil || !bytes.Equal(b, c) {
			t.Errorf("written again it differs: %v", err)
		}
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		var back Node // which fails where keys that are not UTF-8 become equal
		if err := json.Unmarshal(text, &back); err != nil && !strings.Contains(err.Error(), "twice") {
			t.Error(err)
		}
	})
}
