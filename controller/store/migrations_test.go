package store

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"

	"mainbus/controller/ledger"
)

// oldDatabase makes a database as the program had it that knew the first n migrations.
func oldDatabase(t *testing.T, n int, fill string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "controller.db")
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names[:n] {
		data, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	if err := migrate(conn, files, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(context.Background(), fill); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBooksOfTheFirstVersionAreRead(t *testing.T) {
	path := oldDatabase(t, 1, `
		INSERT INTO meta VALUES ('ledger', '00ff'), ('incarnation', '7');
		INSERT INTO item VALUES (1, 'iron-plate', 'normal');
		INSERT INTO world VALUES (1, 'w1', 'a', '', 'save', 5), (2, 'w2', NULL, '00ff', 'w1', 6);
		INSERT INTO account VALUES (1, 1, 100, 20, 15, 0), (2, 1, 0, 30, 30, 4);
		INSERT INTO bus VALUES (1, 54);
		INSERT INTO posting VALUES (1, 9, 1, '7.1', 1, 1, 100);`)
	s := openStore(t, path, nil)
	b, err := s.writer.rows.load(s.ledger)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.Books{
		Ledger: "00ff", Incarnation: s.Incarnation(),
		Restored: true,
		Worlds:   []ledger.WorldRow{{ID: "w1", Slot: "a", FromWorld: "save", Behind: true}, {ID: "w2", FromLedger: "00ff", FromWorld: "w1", Behind: true}},
		Accounts: []ledger.AccountRow{
			{World: "w1", Item: iron, E: 100, G: 20, I: 15, Top: 100, Given: 20},
			{World: "w2", Item: iron, G: 30, I: 30, Owed: 4, Given: 30},
		},
		Bus: []ledger.BusRow{{Item: iron, Qty: 54}},
	}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("read %+v, want %+v", b, want)
	}
	if wrong := s.writer.state.Audit(); len(wrong) > 0 {
		t.Error(wrong)
	}
}
