package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mainbus/controller/ledger"
)

func openWithBackups(t *testing.T, dir string) *SQLite {
	t.Helper()
	s, err := Open(Config{
		Path: filepath.Join(dir, "controller.db"), Backups: filepath.Join(dir, "backups"),
		Push: func(ledger.ForSlot) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func level(t *testing.T, s *SQLite) int64 {
	t.Helper()
	items, err := s.Bus(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if i.Item == iron {
			return i.Level
		}
	}
	return 0
}

// TestRestoredLedgerHeals trades, backs up, trades on, restores, and binds again: the world's save says what the backup
// does not know.
func TestRestoredLedgerHeals(t *testing.T) {
	dir := t.TempDir()
	s := openWithBackups(t, dir)
	epoch := join(t, s, "slot")
	apply(t, s, totals("slot", epoch, 100, 0, 0))
	made, err := s.Backup(t.Context(), Asked)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, totals("slot", epoch, 250, 0, 0))
	before := s.Incarnation()
	s.Close()

	got, err := Restore(made.Path, filepath.Join(dir, "controller.db"), filepath.Join(dir, "backups"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Worlds != 1 || got.Items != 1 || got.Replaced == "" {
		t.Errorf("restored %+v", got)
	}
	s = openWithBackups(t, dir)
	if n := level(t, s); n != 100 {
		t.Errorf("the restored bus has %d", n)
	}
	if s.Incarnation() <= before {
		t.Errorf("incarnation %d after %d", s.Incarnation(), before)
	}
	if _, err := s.Apply(t.Context(), totals("slot", epoch, 300, 0, 0)); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("totals of a run from before: %v", err)
	}
	books, err := readBooksOf(t, s)
	if err != nil {
		t.Fatal(err)
	}
	epoch = apply(t, s, ledger.Open{Slot: "slot"})[0].(ledger.Run).Epoch
	apply(t, s, ledger.Bound{
		Slot: "slot", Epoch: epoch, Ledger: s.Ledger(), World: books.Worlds[0].ID, NewWorld: ledger.World(randomID()),
		Totals: []ledger.Record{{Item: iron, E: 250}},
	})
	if n := level(t, s); n != 250 {
		t.Errorf("the bus has %d after bind", n)
	}
	// What was replaced is a backup itself.
	if _, err := Restore(got.Replaced, filepath.Join(t.TempDir(), "controller.db"), t.TempDir()); err != nil {
		t.Error(err)
	}
}

func readBooksOf(t *testing.T, s *SQLite) (b ledger.Books, err error) {
	t.Helper()
	conn, err := s.copier.Conn(t.Context())
	if err != nil {
		return b, err
	}
	defer conn.Close()
	return readBooks(conn)
}

func TestBackupWhileWriting(t *testing.T) {
	dir := t.TempDir()
	s := openWithBackups(t, dir)
	epoch := join(t, s, "slot")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(1); ctx.Err() == nil; n++ {
			if _, err := s.Apply(context.Background(), totals("slot", epoch, n, 0, n)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for n := range 5 {
		made, err := s.Backup(t.Context(), Asked)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(made.Path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != made.Bytes {
			t.Errorf("%v, %v", info, err)
		}
		if _, err := Restore(made.Path, filepath.Join(dir, fmt.Sprint("copy", n)), dir); err != nil { // checks that it adds up
			t.Error(err)
		}
	}
	stop()
	<-done
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "controller.db")
	s := openWithBackups(t, dir)
	epoch := join(t, s, "slot")
	apply(t, s, totals("slot", epoch, 100, 0, 0))
	made, err := s.Backup(t.Context(), Asked)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string) func(string) {
		return func(file string) {
			copyTo(t, made.Path, file)
			other, err := Open(Config{Path: file, Push: func(ledger.ForSlot) {}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := other.writer.conn.ExecContext(context.Background(), query); err != nil {
				t.Fatal(err)
			}
			other.Close()
		}
	}
	write := func(text string) func(string) {
		return func(file string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(file string)
		want string
	}{
		{"nothing", func(string) {}, "no such file"},
		{"rubbish", write(strings.Repeat("no database ", 100)), "file is not a database"},
		{"empty", write(""), "it is no database of a controller"},
		{"another database", exec("DELETE FROM meta"), "it is no database of a controller"},
		{"newer", exec("PRAGMA user_version = 999"), "newer version"},
		{"changed books", exec("UPDATE bus SET qty = qty + 1"), "do not add up"},
		{"cut", func(file string) {
			copyTo(t, made.Path, file)
			info, _ := os.Stat(file)
			if err := os.Truncate(file, info.Size()/2); err != nil {
				t.Fatal(err)
			}
		}, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "backup.db")
			c.make(file)
			_, err := Restore(file, path, filepath.Join(dir, "backups"))
			if err == nil || !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "malformed") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if n := level(t, s); n != 100 {
		t.Errorf("the database in use has %d", n)
	}
	if left, _ := filepath.Glob(path + ".restoring*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	if err := copyFile(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestRestoreOverADamagedDatabase is what a restore is mostly for.
func TestRestoreOverADamagedDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "controller.db")
	s := openWithBackups(t, dir)
	made, err := s.Backup(t.Context(), Asked)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := os.WriteFile(path, []byte("this was a database once, and is none any more"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Restore(made.Path, path, filepath.Join(dir, "backups"))
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(got.Replaced); err != nil || !strings.HasPrefix(string(kept), "this was") {
		t.Errorf("kept %q, %v", kept, err)
	}
	openWithBackups(t, dir)
}

func TestBackupBeforeMigration(t *testing.T) {
	dir := t.TempDir()
	s := openWithBackups(t, dir)
	s.Close()
	if all, err := Backups(filepath.Join(dir, "backups")); err != nil || len(all) != 0 {
		t.Fatalf("a new database was backed up: %v, %v", all, err)
	}
	conn := rawConn(t, filepath.Join(dir, "controller.db"))
	before := 0
	next := migrationsPlusOne(t)
	if err := migrate(conn, next, func() error { before++; return nil }); err != nil || before != 1 {
		t.Errorf("%v, %d backups before a migration", err, before)
	}
	if err := migrate(conn, next, func() error { before++; return nil }); err != nil || before != 1 {
		t.Errorf("%v, %d backups though there was nothing to do", err, before)
	}
	conn2 := rawConn(t, filepath.Join(t.TempDir(), "controller.db"))
	if err := migrate(conn2, migrations, nil); err != nil {
		t.Fatal(err)
	}
	if err := migrate(conn2, next, func() error { return errors.New("disk full") }); err == nil {
		t.Error("migrated without a backup")
	}
}

func rawConn(t *testing.T, path string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// migrationsPlusOne are the migrations of a program that is newer by one.
func migrationsPlusOne(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{"migrations/9999_next.sql": {Data: []byte("CREATE TABLE next(x)")}}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

func TestBackupsAreThinned(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC)
	var all []Backup
	for hour := range 24 * 40 {
		all = append(all, Backup{At: now.Add(-time.Duration(hour) * time.Hour), Reason: Regular})
	}
	for n := range 15 {
		all = append(all, Backup{At: now.Add(-time.Duration(n) * time.Minute), Reason: BeforeRestore}, Backup{At: now, Reason: Asked})
	}
	gone := map[Reason]int{}
	for _, b := range tooMany(all, now) {
		gone[b.Reason]++
	}
	// The newest of 24 hours, and of the 14 days those that are not among them: today's and yesterday's newest are.
	if kept := 24*40 - gone[Regular]; kept != 24+13 {
		t.Errorf("%d regular ones kept", kept)
	}
	if gone[BeforeRestore] != 5 || gone[Asked] != 0 {
		t.Errorf("%v", gone)
	}
}

func TestKeepBackups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		var failures int
		broken := false
		go KeepBackups(ctx, dir, func(_ context.Context, why Reason) (Backup, error) {
			if broken {
				return Backup{}, errors.New("disk full")
			}
			return Backup{}, os.WriteFile(backupPath(dir, time.Now(), why), nil, 0o600)
		}, func(error) { failures++ })
		count := func() int {
			synctest.Wait()
			all, err := Backups(dir)
			if err != nil {
				t.Error(err)
			}
			return len(all)
		}
		if n := count(); n != 1 {
			t.Errorf("%d at the start", n)
		}
		time.Sleep(59 * time.Minute)
		if n := count(); n != 1 {
			t.Errorf("%d before an hour has passed", n)
		}
		time.Sleep(2 * time.Minute)
		if n := count(); n != 2 {
			t.Errorf("%d after an hour", n)
		}
		time.Sleep(30 * 24 * time.Hour)
		if n := count(); n < 24+13 || n > 24+15 {
			t.Errorf("%d after a month", n)
		}
		broken = true
		time.Sleep(2*time.Hour + time.Minute)
		synctest.Wait()
		if failures < 55 {
			t.Errorf("told of %d failures", failures)
		}
		cancel()
		synctest.Wait()
	})
}

func TestForeignFilesAreNoBackups(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", ".db", "20261126-123000-regular.db.part", "20261199-123000-regular.db", "20261126-123000-asked.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := Backups(dir)
	want := []Backup{{
		Path: filepath.Join(dir, "20261126-123000-asked.db"), At: time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC), Reason: Asked, Bytes: 1,
	}}
	if err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := Backups(filepath.Join(dir, "missing")); err != nil || all != nil {
		t.Errorf("%v, %v", all, err)
	}
}
