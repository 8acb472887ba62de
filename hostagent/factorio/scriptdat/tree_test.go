package scriptdat

import (
	"bytes"
	"reflect"
	"testing"
)

func TestTree(t *testing.T) {
	table := &Table{Pairs: []Pair{{"a", 1.5}, {2.0, "b\xff"}, {true, &Table{Pairs: []Pair{{"c", false}}}}}}
	text, err := AppendTree([]byte("x"), table)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseTree(text[1:])
	if err != nil || !reflect.DeepEqual(got, table) {
		t.Errorf("got %v, %v", got, err)
	}
	shared, err := AppendTree(nil, &Table{Pairs: []Pair{{"a", Ref(1)}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "cut": text[1 : len(text)-1], "more": append(text[1:], 0), "a number": {tagNumber, 0, 0, 0, 0, 0, 0, 0, 0},
		"shared": shared, "too long": make([]byte, maxSubtree+1),
	} {
		if got, err := ParseTree(text); err == nil {
			t.Errorf("%s: read %v", name, got)
		}
	}
	if _, err := AppendTree(nil, &Table{Pairs: []Pair{{"a", 1}}}); err == nil {
		t.Error("wrote what storage can't have")
	}
}

func FuzzParseTree(f *testing.F) {
	text, err := AppendTree(nil, &Table{Pairs: []Pair{{"e", &Table{Pairs: []Pair{{"iron-plate/normal", 120.0}}}}, {"tick", 7.0}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := ParseTree(text)
		if err != nil {
			return
		}
		once, err := AppendTree(nil, table)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseTree(once)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := AppendTree(nil, again); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%x is not %x, %v", once, twice, err)
		}
	})
}
