package world

import (
	"encoding/json"
	"strings"
	"testing"
)

// A map in which there is something of everything has nothing left of the old names.
func TestMigrateRenamesAll(t *testing.T) {
	raw, err := BaseRaw(map[string]bool{"base": true, "quality": true, "space-age": true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadCatalog(raw)
	if err != nil {
		t.Fatal(err)
	}
	w, err := New("w", 1, c, plan(t, rich))
	if err != nil {
		t.Fatal(err)
	}
	w.ForceNamed("player").Recipes = map[string]bool{"iron-chest": true}
	coal := Key{"coal", "normal"}
	w.Spill(w.Surfaces[0], 50, 50, w.Fresh(coal, 2), false)
	bag := w.NewScriptInventory("mod", 2)
	bag.Insert(w.Fresh(coal, 2))
	bag.Filters = map[int]Filter{1: {Name: "coal"}}
	p, err := w.Join("Bob")
	if err != nil {
		t.Fatal(err)
	}
	p.Hand.Slots[0] = w.Fresh(coal, 3)
	w.Books.Made.item(coal, 3)
	w.Named("r").Storage = &coal
	w.SetGroup(w.Named("r"), w.Named("r").Requests.Sections[0], "group")
	before, steam := sum(w, "coal"), w.FluidSums()

	// The prototypes are those of a version in which all of this is called otherwise.
	renames := Renames{
		itemKind: {"coal": "new-coal"}, fluidKind: {"steam": "new-steam"}, entityKind: {"steel-chest": "new-chest", "linked-chest": "new-linked"},
		recipeKind: {"iron-chest": "new-recipe"}, signalKind: {"signal-A": "new-signal"},
	}
	data, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, of := range renames {
		for old, now := range of {
			names = append(names, `"`+old+`"`, `"`+now+`"`)
		}
	}
	if err := json.Unmarshal([]byte(strings.NewReplacer(names...).Replace(string(text))), &raw); err != nil {
		t.Fatal(err)
	}
	if c, err = ReadCatalog(raw); err != nil {
		t.Fatal(err)
	}
	if w, err = Load(data, c, renames); err != nil {
		t.Fatal(err)
	}
	if data, err = w.Save(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(names); n += 2 {
		if strings.Contains(string(data), names[n]) || !strings.Contains(string(data), names[n+1]) {
			t.Errorf("%s is left, or %s is not there:\n%s", names[n], names[n+1], data)
		}
	}
	before.Name = "new-coal"
	if after := sum(w, "new-coal"); after != before || !after.Balanced() {
		t.Errorf("coal was %+v and is %+v", before, after)
	}
	if got := w.FluidSums(); len(got) != 1 || got[0].Contents != steam[0].Contents || !got[0].Balanced() {
		t.Errorf("steam was %+v and is %+v", steam, got)
	}
}
