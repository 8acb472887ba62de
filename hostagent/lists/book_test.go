package lists

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"mainbus/hostagent/factorio/playername"
)

func entries(names ...string) Entries {
	e := Entries{}
	for _, name := range names {
		e[playername.Key(name)] = Entry{Name: name, Reason: "r"}
	}
	return e
}

// began is a book that has agreed with the cluster on these names, which are in the game.
func began(t *testing.T, list string, mode Mode, names ...string) *Book {
	t.Helper()
	b := New(list)
	b.Mode = mode
	b.Read(entries(names...), 0, 0)
	b.Stopped()
	var told []Change
	for n, name := range names {
		told = append(told, Change{Entry: Entry{name, "r"}, Listed: true, Revision: uint64(n + 1)})
	}
	tell(t, b, told...)
	for _, c := range told { // a ban of its own is heard of by the cluster
		c.Own, c.Revision = true, c.Revision+uint64(len(told))
		tell(t, b, c)
	}
	if changed, _ := b.Changed(9); len(changed) > 0 || len(b.Wanted(false)) > 0 {
		t.Fatalf("to begin with: changed %v, wanted %v", changed, b.Wanted(false))
	}
	return b
}

func tell(t *testing.T, b *Book, changes ...Change) {
	t.Helper()
	upto := b.Revision("c")
	for _, c := range changes {
		upto = max(upto, c.Revision)
	}
	if err := b.Told("c", b.Revision("c"), upto, true, changes); err != nil {
		t.Fatal(err)
	}
}

func names(changes []Change) (out []string) {
	for _, c := range changes {
		sign := "-"
		if c.Listed {
			sign = "+"
		}
		out = append(out, sign+c.Name)
	}
	return out
}

// Who wins when both sides have changed a name.
func TestWhoWins(t *testing.T) {
	unban, ban := Change{Entry: Entry{Name: "ann"}, Revision: 50}, Change{Entry: Entry{"ann", "new"}, Listed: true, Revision: 50}
	none := entries()
	reworded := Entries{"ann": {"ann", "other words"}}
	for _, test := range []struct {
		name           string
		list           string
		mode           Mode
		agreed         []string
		read           []Entries // in the game, one after the other
		told           Change
		wanted, report []string
	}{
		{"an unban of one who was agreed to be banned", Bans, Both, []string{"ann"}, nil, unban, []string{"-ann"}, nil},
		{"a ban that was made here, and an unban that did not know", Bans, Both, nil, []Entries{entries("ann")}, unban, nil, []string{"+ann"}},
		{"unbanned and banned anew here, unbanned there", Bans, Both, []string{"ann"}, []Entries{none, entries("ann")}, unban, nil, []string{"+ann"}},
		{"unbanned here, banned anew there", Bans, Both, []string{"ann"}, []Entries{none}, ban, []string{"+ann"}, nil},
		{"other words here, unbanned there", Bans, Both, []string{"ann"}, []Entries{reworded}, unban, []string{"-ann"}, nil},
		{"banned on both sides", Bans, Both, nil, []Entries{entries("ann")}, ban, nil, []string{"+ann"}},
		{"made an admin twice here, none there", Admins, Both, []string{"ann"}, []Entries{none, entries("ann")}, unban, []string{"-ann"}, nil},
		{"an admin here, and there", Admins, Both, nil, []Entries{entries("ann")}, ban, nil, nil},
		{"one way: more here", Admins, ToGame, nil, []Entries{entries("ann", "bob")}, ban, nil, nil},
		{"one way: taken off here", Admins, ToGame, []string{"ann"}, []Entries{none}, Change{Entry: Entry{Name: "x"}, Revision: 50}, []string{"+ann"}, nil},
		{"off", Bans, Off, []string{}, []Entries{entries("bob")}, ban, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := began(t, test.list, test.mode, test.agreed...)
			for n, file := range test.read {
				b.Read(file, int64(n+1)*100_000, int64(n+1)*100_000)
			}
			tell(t, b, test.told)
			changed, _ := b.Changed(9)
			if got := names(b.Wanted(true)); !slices.Equal(got, test.wanted) {
				t.Errorf("wanted %v, want %v", got, test.wanted)
			}
			if got := names(changed); !slices.Equal(got, test.report) {
				t.Errorf("reported %v, want %v", got, test.report)
			}
			for _, c := range b.Wanted(true) {
				if !b.Wants(c) {
					t.Errorf("%v is wanted and is not", c)
				}
				if b.Did(c, 1_000_000); b.Wants(c) {
					t.Errorf("%v was done and is wanted still", c)
				}
			}
		})
	}
}

func TestFirstContactMergesAndWipesNothing(t *testing.T) {
	b := New(Whitelist)
	b.Mode = Both
	b.Read(entries("here", "both", "gone"), 0, 0)
	b.Stopped()
	tell(t, b, Change{Entry: Entry{Name: "there"}, Listed: true, Revision: 5}, Change{Entry: Entry{Name: "BOTH"}, Listed: true, Revision: 6},
		Change{Entry: Entry{Name: "gone"}, Revision: 7})
	changed, _ := b.Changed(9)
	if got := names(changed); !slices.Equal(got, []string{"+gone", "+here"}) {
		t.Errorf("reported %v", got)
	}
	if got := names(b.Wanted(true)); !slices.Equal(got, []string{"+there"}) {
		t.Errorf("wanted %v", got)
	}
	if err := b.Told("another", 0, 3, true, nil); err != nil || len(b.Wanted(false)) != 0 {
		t.Errorf("with another cluster %v, wanted %v", err, b.Wanted(false))
	}
	if err := b.Told("another", 2, 3, true, nil); err == nil {
		t.Error("what does not follow was taken")
	}
}

// A file may be older than what is known, and a command may not have been done.
func TestFilesThatAreBehind(t *testing.T) {
	b := began(t, Bans, Both)
	tell(t, b, Change{Entry: Entry{"ann", "r"}, Listed: true, Revision: 50})
	b.Did(b.Wanted(true)[0], 1000)
	b.Read(entries(), 1005, 2000)
	if changed, _ := b.Changed(9); len(changed) != 0 || len(b.Wanted(true)) != 0 {
		t.Errorf("an older file: reported %v, wanted %v", changed, b.Wanted(true))
	}
	b.Read(entries(), 1005, 20_000)
	if changed, _ := b.Changed(9); len(changed) != 0 || len(b.Wanted(true)) != 1 {
		t.Errorf("it was not done: reported %v, wanted %v", changed, b.Wanted(true))
	}
	b.Saw(Change{Entry: Entry{Name: "eve"}, Listed: true, By: "Bob"}, 30_000)
	b.Read(entries(), 29_000, 31_000)
	b.Read(entries("eve"), 32_000, 32_000)
	if changed, _ := b.Changed(9); len(changed) != 1 || changed[0].By != "Bob" || changed[0].Reason != "r" {
		t.Errorf("reported %v", changed)
	}
}

func FuzzBook(f *testing.F) {
	b := New(Bans)
	b.Read(entries("Ann", "bob"), 0, 0)
	b.Saw(Change{Entry: Entry{Name: "eve"}, Listed: true}, 5)
	text, err := json.Marshal(b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"agreed":[{"name":"a"}],"game":{"without":["a"]},"file":{"with":[{"name":"A"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := New(Bans)
		b.Mode = Both
		if json.Unmarshal(data, b) != nil {
			return
		}
		b.Sum()
		b.Wanted(true)
		b.Changed(9)
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		again := New(Bans)
		again.Mode = Both
		if err := json.Unmarshal(text, again); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !reflect.DeepEqual(names(again.Wanted(false)), names(b.Wanted(false))) {
			t.Errorf("%s became %s", data, text)
		}
	})
}
