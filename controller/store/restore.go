package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mainbus/controller/ledger"
)

// ErrBackup says that a file is no backup that could be put back. What is in use was not touched.
var ErrBackup = errors.New("this file can't be restored")

// Restored tells what a restored backup holds.
type Restored struct {
	Ledger      string
	Hosts       int
	Instances   int
	Worlds      int
	Items       int    // kinds of goods
	Replaced    string // backup of what was in use; empty if nothing was
	Incarnation int64  // of the newest start that the backup knows
}

// Restore puts a backup in the place of the database at path, which nobody may have open. The backup is copied, brought
// to the form of this program and checked before anything is replaced, and what it replaces is kept in the folder of
// backups. Worlds that have traded since the backup was made tell so themselves when they are bound again.
func Restore(backup, path, backups string) (Restored, error) {
	coming := path + ".restoring"
	if err := removeDatabase(coming); err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	defer removeDatabase(coming)
	if err := copyFile(backup, coming); err != nil {
		return Restored{}, fmt.Errorf("restore: copy %s: %w", backup, err)
	}
	r, err := prepare(coming, incarnationOf(path))
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w: %s: %w", ErrBackup, backup, err)
	}
	if r.Replaced, err = putAside(path, backups); err != nil {
		return Restored{}, fmt.Errorf("restore: keep what is in use: %w", err)
	}
	if err := errors.Join(os.Rename(coming, path), syncFolder(filepath.Dir(path))); err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	return r, nil
}

// incarnationOf is the newest incarnation that a database knows, 0 if it can't be read: then only the clock keeps the
// next one above it.
func incarnationOf(path string) (incarnation int64) {
	db, err := sql.Open("sqlite", dsn(path, "ro"))
	if err != nil {
		return 0
	}
	defer db.Close()
	_ = db.QueryRow("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'incarnation'").Scan(&incarnation)
	return incarnation
}

// prepare brings a copied database to this program's form and checks that it is whole and adds up. Its incarnation is
// raised to the one given: worlds refuse to be bound by a lower one than they have seen.
func prepare(path string, incarnation int64) (r Restored, err error) {
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // closing writes the log into the file
	conn, err := db.Conn(context.Background())
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := intact(conn); err != nil {
		return r, err
	}
	if err := migrate(conn, migrations, func() error { return nil }); err != nil {
		return r, err
	}
	books, err := readBooks(conn)
	if err != nil {
		return r, err
	}
	state, err := ledger.New(books)
	if err != nil {
		return r, err
	}
	if wrong := state.Audit(); len(wrong) > 0 {
		return r, fmt.Errorf("its books do not add up: %s", wrong[0])
	}
	if err := markRestored(conn, state, max(incarnation, books.Incarnation)); err != nil {
		return r, err
	}
	r = Restored{Ledger: books.Ledger, Worlds: len(books.Worlds), Incarnation: books.Incarnation}
	for query, n := range map[string]*int{
		"SELECT count(*) FROM host": &r.Hosts, "SELECT count(*) FROM instance": &r.Instances, "SELECT count(*) FROM item": &r.Items,
	} {
		if err := conn.QueryRowContext(context.Background(), query).Scan(n); err != nil {
			return r, err
		}
	}
	return r, nil
}

// markRestored lets the books know that worlds may have traded more than they say.
func markRestored(conn *sql.Conn, state *ledger.State, incarnation int64) (err error) {
	if _, err := state.Apply(ledger.Restored{}); err != nil {
		return err
	}
	rows, err := newRowWriter(conn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	if _, err := rows.load(state.Ledger()); err != nil { // the numbers of worlds
		return err
	}
	changed := state.Take()
	changed.Incarnation = incarnation
	return rows.books(changed)
}

// intact lets SQLite check the file. A file that is none of ours has no ledger.
func intact(conn *sql.Conn) error {
	var found string
	if err := conn.QueryRowContext(context.Background(), "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("it is damaged: %s", strings.TrimSpace(found))
	}
	var ledgers int
	err := conn.QueryRowContext(context.Background(), "SELECT count(*) FROM meta WHERE key = 'ledger'").Scan(&ledgers)
	if err != nil || ledgers != 1 {
		return errors.New("it is no database of a controller")
	}
	return nil
}

func readBooks(conn *sql.Conn) (ledger.Books, error) {
	rows, err := newRowWriter(conn)
	if err != nil {
		return ledger.Books{}, err
	}
	defer rows.close()
	id, err := ledgerID(conn)
	if err != nil {
		return ledger.Books{}, err
	}
	return rows.load(id)
}

// putAside keeps the database at path among the backups: as a backup if it can be read, else the files as they are.
func putAside(path, backups string) (string, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err := os.MkdirAll(backups, 0o700); err != nil {
		return "", err
	}
	kept := backupPath(backups, time.Now(), BeforeRestore)
	if err := snapshotFile(path, kept); err != nil {
		for _, end := range databaseFiles {
			if err := copyFile(path+end, kept+end); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
	}
	// The logs belong to the old file; beside another one they would be taken for its own.
	return kept, errors.Join(removeIfThere(path+"-wal"), removeIfThere(path+"-shm"))
}

func snapshotFile(path, to string) error {
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	return snapshot(conn, to)
}

// databaseFiles are the ends of the names that SQLite gives the files of one database.
var databaseFiles = []string{"", "-wal", "-shm"}

func removeDatabase(path string) error {
	var errs []error
	for _, end := range databaseFiles {
		errs = append(errs, removeIfThere(path+end))
	}
	return errors.Join(errs...)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
