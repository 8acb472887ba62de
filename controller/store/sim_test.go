package store

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"mainbus/controller/ledger"
	"mainbus/controller/ledger/sim"
)

var simSchedules = flag.Uint64("schedules", 200, "how many schedules of the ledger's simulation to run over a database")

// every says that of the ledger's schedules each hundredth runs over a database too.
const every = 100

// twin is the controller of a schedule over a database in a file. It is closed and opened again at each of the
// controller's crashes.
type twin struct {
	dir     string
	store   *SQLite
	backup  Backup
	replies []ledger.Reply // that the store sends by itself
}

func newTwin(dir string) (*twin, error) {
	t := &twin{dir: dir}
	if err := t.open(); err != nil {
		return nil, err
	}
	return t, t.Backup()
}

func (t *twin) path() string    { return filepath.Join(t.dir, "controller.db") }
func (t *twin) backups() string { return filepath.Join(t.dir, "backups") }

func (t *twin) open() (err error) {
	t.store, err = Open(Config{
		Path: t.path(), Backups: t.backups(), Log: slog.New(slog.DiscardHandler),
		Push: func(r ledger.ForSlot) { t.replies = append(t.replies, r) },
	})
	return err
}

func (t *twin) Ledger() string { return t.store.Ledger() }

func (t *twin) Open() (int64, error) {
	if err := t.store.Close(); err != nil {
		return 0, err
	}
	err := t.open()
	if err != nil {
		return 0, err
	}
	return t.store.Incarnation(), nil
}

func (t *twin) Apply(m ledger.Message) ([]ledger.Reply, error) {
	t.replies = nil
	replies, err := t.store.Apply(context.Background(), m)
	return append(replies, t.replies...), err
}

func (t *twin) Books() (ledger.Books, error) {
	conn, err := t.store.readers.Conn(context.Background())
	if err != nil {
		return ledger.Books{}, err
	}
	defer conn.Close()
	return readBooks(conn)
}

func (t *twin) Backup() (err error) {
	if t.backup.Path != "" { // two of the same second would have the same name
		if err := os.Remove(t.backup.Path); err != nil {
			return err
		}
	}
	t.backup, err = t.store.Backup(context.Background(), Regular)
	return err
}

func (t *twin) Restore() error {
	if err := t.store.Close(); err != nil {
		return err
	}
	_, err := Restore(t.backup.Path, t.path(), t.backups())
	return err
}

func runOverDatabase(seed uint64) error {
	dir, err := os.MkdirTemp("", "twin")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t, err := newTwin(dir)
	if err != nil {
		return err
	}
	defer func() { t.store.Close() }() // the one that is open at the end
	return sim.Run(seed, sim.Config{Twin: t})
}

// The books on disk are after each crash of the controller what the same messages make of books in memory.
func TestSchedulesOverADatabase(t *testing.T) {
	count := *simSchedules
	if testing.Short() {
		count = min(count, 10)
	}
	var next atomic.Uint64
	var group sync.WaitGroup
	found := make(chan error, runtime.GOMAXPROCS(0))
	for range cap(found) {
		group.Go(func() {
			for n := next.Add(1) - 1; n < count; n = next.Add(1) - 1 {
				if err := runOverDatabase(n * every); err != nil {
					found <- fmt.Errorf("seed %d: %w", n*every, err)
					next.Store(count)
				}
			}
		})
	}
	group.Wait()
	close(found)
	for err := range found {
		t.Error(err)
	}
}
