package bus

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"mainbus/controller/ledger"
	"mainbus/hostagent/factorio/scriptdat"
)

func table(pairs ...scriptdat.Value) *scriptdat.Table {
	t := &scriptdat.Table{}
	for n := 0; n < len(pairs); n += 2 {
		t.Pairs = append(t.Pairs, scriptdat.Pair{Key: pairs[n], Value: pairs[n+1]})
	}
	return t
}

func accountsText(t testing.TB, tree *scriptdat.Table) []byte {
	t.Helper()
	text, err := scriptdat.AppendTree(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseAccounts(t *testing.T) {
	got, err := ParseAccounts(accountsText(t, table(
		"ledger", "beef", "tick", 7.0, "e", table("iron-plate/normal", 120.0, "my_5Fmod-item/rare", float64(ledger.MaxCount)),
		"i", table("water/", 7.0, "/", 3.0), "es", table("iron-plate/normal", 1e300), "is", table("water/", -15.5),
	)))
	want := []ledger.Record{
		{Item: item("iron-plate", "normal"), E: 120, ES: ledger.MaxCount}, {Item: item("my_mod-item", "rare"), E: ledger.MaxCount},
		{Item: item("water", ""), I: 7, IS: -15}, {I: 3},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := ParseAccounts(accountsText(t, table("e", table(), "i", table()))); len(got) > 0 || err != nil {
		t.Errorf("an earlier module's: %v, %v", got, err)
	}
}

// Anybody who may type commands can write to storage.
func TestAccountsThatAreNone(t *testing.T) {
	for _, e := range []scriptdat.Value{
		nil, "text", table("x/y", "1"), table("x/y", -1.0), table("x/y", 0.5), table("x/y", math.NaN()), table("x/y", math.Inf(1)),
		table("x/y", float64(ledger.MaxCount)*2), table(1.0, 1.0), table("x", 1.0), table("/y", 1.0), table("x_/y", 1.0),
	} {
		if got, err := ParseAccounts(accountsText(t, table("e", e, "i", table()))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%v: %v, %v", e, got, err)
		}
	}
	if got, err := ParseAccounts(accountsText(t, table("e", table(), "i", table(), "es", table("x/y", math.NaN())))); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParseAccounts(nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAccountsOfManyKinds(t *testing.T) {
	e, i := table(), table()
	for n := range 50_000 {
		e.Pairs = append(e.Pairs, scriptdat.Pair{Key: fmt.Sprintf("some-item-of-a-mod-%d/legendary", n), Value: float64(n)})
		i.Pairs = append(i.Pairs, scriptdat.Pair{Key: fmt.Sprintf("some-item-of-a-mod-%d/legendary", n), Value: float64(2 * n)})
	}
	got, err := ParseAccounts(accountsText(t, table("e", e, "i", i)))
	if err != nil || len(got) != 50_000 || got[49_999].I != 99_998 {
		t.Errorf("got %d, %v", len(got), err)
	}
}

func FuzzParseAccounts(f *testing.F) {
	f.Add(accountsText(f, table("e", table("iron-plate/normal", 120.0), "i", table("water/", 7.0), "es", table("iron-plate/normal", 3.5))))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, err := ParseAccounts(text)
		if err != nil {
			return
		}
		for _, r := range records {
			for _, n := range []int64{r.E, r.I, r.ES, r.IS} {
				if n > ledger.MaxCount || n < -ledger.MaxCount || min(r.E, r.I) < 0 {
					t.Fatalf("read %+v", r)
				}
			}
		}
	})
}
