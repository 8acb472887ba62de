package locale

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	table := Table{}
	if err := table.Parse([]byte("[item-name]\niron-plate=Iron plate\nlines=one\\ntwo\nrich=[color=red]Hot[/color] [item=iron-plate]thing\n" +
		"parts=Parts of __ENTITY__stone-furnace__ and __ITEM__stone-furnace__\nring=__ITEM__ring__\nunknown=__ITEM__nothing__ x\n[entity-name]\nstone-furnace=Stone furnace\n")); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"iron-plate": "Iron plate", "lines": "one two", "rich": "Hot thing", "parts": "Parts of Stone furnace and Stone furnace",
		"ring": "__ITEM__ring__", "unknown": "__ITEM__nothing__ x", "missing": "",
	} {
		if got := table.Name("item-name", key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// Texts that name each other many times over take no time and no room without end.
func TestTextsThatGrow(t *testing.T) {
	table := Table{}
	for n := range 20 {
		table[fmt.Sprint("item-name.a", n)] = strings.Repeat(fmt.Sprintf("__ITEM__a%d__", n+1), 60)
	}
	if got := table.Name("item-name", "a0"); len(got) > maxName {
		t.Errorf("%d bytes", len(got))
	}
}

func TestParseDump(t *testing.T) {
	got, err := ParseDump([]byte(`{"descriptions": {"a": "x"}, "names": {"iron-plate": "Iron plate", "rich": "[img=item/x] Rich\u001b[2J", "odd": 5, "none": "Unknown key: \"item-name.none\""}}`))
	if err != nil || !maps.Equal(got, map[string]string{"iron-plate": "Iron plate", "rich": "Rich [2J"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"", "[]", "{}", `{"names": []}`} {
		if _, err := ParseDump([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add([]byte("[item-name]\niron-plate=Iron plate\na=__ITEM__iron-plate__ [color=1,2,3]x[/color]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table := Table{}
		if table.Parse(data) != nil {
			return
		}
		for key := range table {
			section, key, _ := strings.Cut(key, ".")
			if name := table.Name(section, key); len(name) > maxName || strings.ContainsAny(name, "\n\x1b") {
				t.Errorf("%q is %q", key, name)
			}
		}
	})
}

func FuzzParseDump(f *testing.F) {
	f.Add([]byte(`{"names": {"a": "b"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := ParseDump(data)
		if err != nil {
			return
		}
		for _, name := range names {
			if len(name) > maxName || strings.ContainsAny(name, "\n\x1b") {
				t.Errorf("%q", name)
			}
		}
	})
}
