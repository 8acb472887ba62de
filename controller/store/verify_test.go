package store

import (
	"context"
	"database/sql"
	"testing"

	"mainbus/controller/ledger"
)

func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// What somebody changes in the file is found while the store is open, where the ledger knows better, and at the next
// opening, where it knows nothing else.
func TestChangedTablesAreFound(t *testing.T) {
	const more, less = "UPDATE bus SET qty = qty + 1 WHERE item = (SELECT id FROM item WHERE name = 'iron-plate')", "UPDATE bus SET qty = qty - 1"
	ctx, path := context.Background(), dbPath(t)
	s := openStore(t, path, nil)
	a := join(t, s, "a")
	apply(t, s, totals("a", a, 100, 0, 0))
	verify := func(want ...ledger.Mismatch) {
		t.Helper()
		check, err := s.Verify(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(check.Wrong) != len(want) || len(want) == 1 && check.Wrong[0] != want[0] || check.Items != 1 || check.Worlds != 1 {
			t.Errorf("%+v, want %v", check, want)
		}
		if got := s.Checked(); len(got.Wrong) != len(want) || !got.At.Equal(check.At) {
			t.Errorf("remembered %+v", got)
		}
	}
	verify()
	tamper(t, path, more)
	verify(ledger.Mismatch{Item: iron, Bus: 101, Net: 100})
	tamper(t, path, less)
	verify()
	tamper(t, path, "UPDATE account SET owed = 3")
	verify(ledger.Mismatch{Item: iron, Bus: 100, Owed: 3, Net: 100})
	s.Close()
	s = openStore(t, path, nil)
	if got := s.Checked(); len(got.Wrong) != 1 || got.Wrong[0].Surplus() != -3 {
		t.Errorf("at the opening: %+v", got)
	}
	verify(ledger.Mismatch{Item: iron, Bus: 100, Owed: 3, Net: 100})
}

// The tables add up with all that is in the equation: grants, debts, players, what was decided.
func TestSumsOfTheTablesAreThoseOfTheLedger(t *testing.T) {
	ctx := context.Background()
	s := openStore(t, dbPath(t), nil)
	a, b := join(t, s, "a"), join(t, s, "b")
	apply(t, s, totals("b", b, 0, 0, 70))
	apply(t, s, totals("a", a, 100, 0, 0))
	world := apply(t, s, ledger.Open{Slot: "a"})[0].(ledger.Run)
	var id ledger.World
	accounts, err := s.Accounts(ctx, &iron)
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range accounts {
		if account.Slot == "a" {
			id = account.World
		}
	}
	apply(t, s, ledger.Bound{Slot: "a", Epoch: world.Epoch, Ledger: s.Ledger(), World: id, NewWorld: "n"}) // back to nothing
	apply(t, s, ledger.Forgive{World: id, Item: iron, Amount: 20})
	check, err := s.Verify(ctx)
	if err != nil || len(check.Wrong) > 0 {
		t.Fatalf("%+v, %v", check, err)
	}
	all, err := s.Bus(ctx)
	if err != nil || len(all) != 1 || all[0].Owed != 50 {
		t.Errorf("%+v, %v", all, err)
	}
}
