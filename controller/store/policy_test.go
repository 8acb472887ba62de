package store

import (
	"reflect"
	"testing"

	"mainbus/controller/ledger"
)

func TestPolicySurvivesReopening(t *testing.T) {
	path := dbPath(t)
	want := ledger.Policy{
		Default: ledger.Rule{Fair: true, Limit: 1_000_000},
		Items: []ledger.ItemRule{
			{Item: ledger.Item{Name: "copper-plate", Quality: "rare"}, Rule: ledger.Rule{Strict: true, Limit: 7}},
			{Item: iron, Rule: ledger.Rule{Fair: true}},
		},
		Slots:    []ledger.SlotRule{{Slot: "a", Priority: -3, Weight: 2}, {Slot: "b", Priority: 3, Weight: 1}},
		Reserves: []ledger.Reserve{{Slot: "a", Item: iron, Qty: 50}, {Slot: "b", Item: iron, Qty: 60}},
		Growth:   ledger.Growth{Burst: 10, Rate: 2},
		Aging:    true,
	}
	for _, p := range []ledger.Policy{{}, want, {}, want} { // replaced each time
		s := openStore(t, path, nil)
		apply(t, s, ledger.SetPolicy{Policy: p})
		s.Close()
		s = openStore(t, path, nil)
		b, err := s.writer.rows.load(s.ledger)
		if err != nil || b.Policy == nil || !reflect.DeepEqual(*b.Policy, p) {
			t.Errorf("read %+v, %v; want %+v", b.Policy, err, p)
		}
		s.Close()
	}
}

// Everything that a ledger hands out comes back from the tables.
func TestEveryNumberOfTheBooksIsStored(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path, nil)
	books := ledger.Books{
		Worlds:   []ledger.WorldRow{{ID: "w", Slot: "a", FromLedger: "f", FromWorld: "v", Question: ledger.Copied, Origin: ledger.Traced, Tick: 8, Behind: true}},
		Restored: true,
		Accounts: []ledger.AccountRow{
			{World: "w", Item: iron, E: 1, G: 2, I: 3, EP: 4, IP: 5, Owed: 6, Held: 7, Top: 9, Given: 19, Covered: -10, ES: 13, GS: 14, IS: -15},
		},
		Origins: []ledger.OriginRow{{World: "w", Record: ledger.Record{Item: iron, E: 20, I: 21, ES: 22, IS: -23}, EP: 24, IP: 25}},
		Bus:     []ledger.BusRow{{Item: iron, Qty: 11, Posted: -12, Sum: -16}},
		Spoils:  []ledger.Spoil{{Item: iron, Ticks: 17, Result: ledger.Item{Name: "rust"}}, {Item: ledger.Item{Name: "copper-plate", Quality: "normal"}, Ticks: 18}},
	}
	everyFieldIsSet(t, reflect.ValueOf(books.Worlds[0]), reflect.ValueOf(books.Accounts[0]), reflect.ValueOf(books.Bus[0]), reflect.ValueOf(books.Origins[0]))
	if err := s.writer.rows.books(books); err != nil {
		t.Fatal(err)
	}
	got, err := s.writer.rows.load(s.ledger)
	if err != nil {
		t.Fatal(err)
	}
	books.Ledger, books.Incarnation = got.Ledger, got.Incarnation
	if !reflect.DeepEqual(got, books) {
		t.Errorf("read %+v, want %+v", got, books)
	}
}

// everyFieldIsSet fails when a row has got a field that the test does not know.
func everyFieldIsSet(t *testing.T, rows ...reflect.Value) {
	t.Helper()
	for _, row := range rows {
		for n := range row.NumField() {
			if row.Field(n).IsZero() {
				t.Errorf("%s.%s is not tried", row.Type(), row.Type().Field(n).Name)
			}
		}
	}
}
