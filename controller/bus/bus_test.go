package bus

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

func item(name, quality string) ledger.Item { return ledger.Item{Name: name, Quality: quality} }

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want []ledger.Record
	}{
		{"", nil},
		{"iron-plate/normal=120/0/0", []ledger.Record{{Item: item("iron-plate", "normal"), E: 120}}},
		{"my_5Fmod-item/legendary=1/2/3+a/b=0/0/9007199254740992", []ledger.Record{
			{Item: item("my_mod-item", "legendary"), E: 1, I: 2, W: 3},
			{Item: item("a", "b"), W: 1 << 53},
		}},
		{"water/=1/2/3/-4/5+/=7/8/9", []ledger.Record{
			{Item: item("water", ""), E: 1, I: 2, W: 3, ES: -4, IS: 5},
			{E: 7, I: 8, W: 9},
		}},
		{"egg/rare=1/2/3/400/500", []ledger.Record{{Item: item("egg", "rare"), E: 1, I: 2, W: 3, ES: 400, IS: 500}}},
		{"_C3_A9_2F_2B/normal=1/1/1", []ledger.Record{{Item: item("é/+", "normal"), E: 1, I: 1, W: 1}}},
	}
	var kept Parser
	for _, test := range tests {
		for range 2 {
			got, err := kept.Parse([]byte(test.text))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%q: got %v, %v; want %v", test.text, got, err, test.want)
			}
		}
	}
}

func TestParserIsBounded(t *testing.T) {
	var p Parser
	for n := range 2*maxKept + 1 {
		if _, err := p.Parse(fmt.Appendf(nil, "item-%d/normal=1/0/0", n)); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.items) != 1 {
		t.Errorf("%d items are kept", len(p.items))
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"a", "a/b", "a=1/2/3", "a/b=1/2", "a/b=1/2/3/4", "a/b=1//3", "a/b=1/2/", "/b=1/2/3", "a/b=1/2/3/4/", "a/b=1/2/3/4/5/6", "a/b=1/2/3/--4/5", "a/b=1/2/3/-/5",
		"a/b=-1/2/3", "a/b=+1/2/3", "a/b=1.5/2/3", "a/b=1e3/2/3", "a/b= 1/2/3", "a/b=0x1/2/3",
		"a/b=9007199254740993/0/0", "a/b=99999999999999999999/0/0",
		"a_/b=1/2/3", "a_4/b=1/2/3", "a_zz/b=1/2/3", "a_5f/b=1/2/3", "a_41/b=1/2/3", "a.b/c=1/2/3", "a b/c=1/2/3",
		"a/b=1/2/3+", "+a/b=1/2/3", "a/b=1/2/3++a/c=1/2/3", "a/b=1/2/3\n",
		strings.Repeat("x", ledger.MaxName+1) + "/b=1/2/3", "a/" + strings.Repeat("x", ledger.MaxQuality+1) + "=1/2/3",
		strings.Repeat("a", MaxBody+1),
	} {
		if got, err := Parse([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60q: got %v, %v", text, got, err)
		}
	}
}

func TestAppendGrant(t *testing.T) {
	b := AppendGrant(nil, item("iron-plate", "normal"), 200, 0)
	b = AppendGrant(b, item("egg", "rare"), 3, 2700)
	b = AppendGrant(b, item("water", ""), 10, 0)
	b = AppendGrant(b, item("", ""), 5, 0)
	if want := "iron-plate/normal=200+egg/rare=3/2700+water/=10/0+/=5"; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

func TestParseRenames(t *testing.T) {
	got, err := ParseRenames([]byte("iron-plate/normal=my_5Firon/normal+water/=brine/"))
	want := []ledger.Rename{{Old: item("iron-plate", "normal"), New: item("my_iron", "normal")}, {Old: item("water", ""), New: item("brine", "")}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := ParseRenames(nil); got != nil || err != nil {
		t.Errorf("of no text: %v, %v", got, err)
	}
	for _, text := range []string{"a/b", "a/b=", "a/b=c", "=a/b", "a/b=c/d=e/f", "a/b=c/d+", "a/b=_/d", "a b/c=d/e", "/b=a/b", strings.Repeat("a", MaxBody+1)} {
		if got, err := ParseRenames([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60q: got %v, %v", text, got, err)
		}
	}
}

func FuzzParseRenames(f *testing.F) {
	f.Add([]byte("iron-plate/normal=my_5Firon/normal+water/=brine/"))
	f.Fuzz(func(t *testing.T, body []byte) {
		renames, err := ParseRenames(body)
		if err != nil {
			return
		}
		var back []byte
		for _, r := range renames {
			if len(back) > 0 {
				back = append(back, '+')
			}
			back = AppendKey(append(AppendKey(back, r.Old), '='), r.New)
		}
		if string(back) != string(body) {
			t.Errorf("%q was read as %v", body, renames)
		}
	})
}

func TestParseSpoils(t *testing.T) {
	got, err := ParseSpoils([]byte("my_5Ffruit/rare=36000/spoilage/rare+ice/normal=60+egg/normal=0"))
	want := []ledger.Spoil{
		{Item: item("my_fruit", "rare"), Ticks: 36000, Result: item("spoilage", "rare")}, {Item: item("ice", "normal"), Ticks: 60}, {Item: item("egg", "normal")},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := ParseSpoils(nil); got != nil || err != nil {
		t.Errorf("of no text: %v, %v", got, err)
	}
	for _, text := range []string{
		"a/b", "a/b=", "a=5", "a/b=5/", "a/b=5/c", "a/b=5/c/", "a/b=5/c/d/e", "a/b=-5", "a/b=5.5/c/d", "a/b=/c/d", "a/b=5+", "a/b=5/_/d", strings.Repeat("a", MaxBody+1),
	} {
		if got, err := ParseSpoils([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60q: got %v, %v", text, got, err)
		}
	}
}

func FuzzParseSpoils(f *testing.F) {
	f.Add([]byte("my_5Ffruit/rare=36000/spoilage/rare+ice/normal=60+egg/normal=0"))
	f.Fuzz(func(t *testing.T, body []byte) {
		spoils, err := ParseSpoils(body)
		if err != nil {
			return
		}
		var back []byte
		for _, p := range spoils {
			if back = AppendNumber(back, p.Item, p.Ticks); p.Result != (ledger.Item{}) {
				back = AppendKey(append(back, '/'), p.Result)
			}
		}
		if again, err := ParseSpoils(back); err != nil || !reflect.DeepEqual(spoils, again) {
			t.Errorf("%q was read as %v, which is written %q", body, spoils, back)
		}
	})
}

func TestAppendNumber(t *testing.T) {
	b := AppendNumber(nil, item("iron-plate", "normal"), 200)
	b = AppendNumber(b, item("my_mod item", "rare"), 1<<53)
	if want := "iron-plate/normal=200+my_5Fmod_20item/rare=9007199254740992"; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("iron-plate/normal=120/0/0"))
	f.Add([]byte("water/=1/2/3/-4/5+/=7/8/9"))
	f.Add([]byte("my_5Fmod-item/legendary=1/2/3+a/b=0/0/9007199254740992"))
	f.Fuzz(func(t *testing.T, body []byte) {
		records, err := Parse(body)
		if err != nil {
			return
		}
		// What is understood is written the same way.
		for n, text := range strings.Split(string(body), "+") {
			if len(records) == 0 {
				break
			}
			r := records[n]
			key, _, _ := strings.Cut(text, "=")
			if got := string(AppendNumber(nil, r.Item, 7)); got != key+"=7" {
				t.Errorf("%q was read as %v and written as %q", text, r.Item, got)
			}
		}
	})
}
