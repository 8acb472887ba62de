package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"mainbus/controller/ledger"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir)
	}
	goleak.VerifyTestMain(m)
}

var iron = ledger.Item{Name: "iron-plate", Quality: "normal"}

// grantLog collects what a store grants.
type grantLog struct {
	mu   sync.Mutex
	list []ledger.ForSlot
}

func (l *grantLog) add(r ledger.ForSlot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, r)
}

func openStore(t testing.TB, path string, push func(ledger.ForSlot)) *SQLite {
	t.Helper()
	if push == nil {
		push = func(ledger.ForSlot) {}
	}
	s, err := Open(Config{Path: path, Push: push, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func dbPath(t testing.TB) string { return filepath.Join(t.TempDir(), "controller.db") }

func apply(t testing.TB, s *SQLite, m ledger.Message) []ledger.Reply {
	t.Helper()
	replies, err := s.Apply(context.Background(), m)
	if err != nil {
		t.Fatalf("%T: %v", m, err)
	}
	return replies
}

// join binds a new world to a slot and lets it trade.
func join(t testing.TB, s *SQLite, slot ledger.Slot) ledger.Epoch {
	t.Helper()
	epoch := apply(t, s, ledger.Open{Slot: slot})[0].(ledger.Run).Epoch
	apply(t, s, ledger.Bound{Slot: slot, Epoch: epoch, World: "save" + ledger.World(slot), NewWorld: ledger.World(randomID())})
	apply(t, s, ledger.Assigned{Slot: slot, Epoch: epoch})
	return epoch
}

func totals(slot ledger.Slot, epoch ledger.Epoch, e, i, w int64) ledger.Totals {
	return ledger.Totals{Slot: slot, Epoch: epoch, Records: []ledger.Record{{Item: iron, E: e, I: i, W: w}}}
}

func TestBooksSurviveReopening(t *testing.T) {
	ctx, path := context.Background(), dbPath(t)
	var grants grantLog
	s := openStore(t, path, grants.add)
	a, b := join(t, s, "a"), join(t, s, "b")
	apply(t, s, totals("b", b, 0, 0, 30))
	apply(t, s, totals("a", a, 100, 0, 0))
	apply(t, s, totals("b", b, 0, 20, 30))
	want := []BusItem{{Item: iron, Level: 70, Sent: 100, Received: 20, Granted: 30}}
	if got, err := s.Bus(ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("bus %+v, %v; want %+v", got, err, want)
	}
	if want := []ledger.ForSlot{ledger.Grant{Slot: "b", Epoch: b, Item: iron, G: 30}}; !reflect.DeepEqual(grants.list, want) {
		t.Errorf("granted %v, want %v", grants.list, want)
	}
	id, incarnation := s.Ledger(), s.Incarnation()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
		t.Errorf("after closing there are %v", files)
	}

	s = openStore(t, path, nil)
	if got, err := s.Bus(ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after reopening: bus %+v, %v; want %+v", got, err, want)
	}
	if s.Ledger() != id || s.Incarnation() <= incarnation {
		t.Errorf("ledger %s %d, then %s %d", id, incarnation, s.Ledger(), s.Incarnation())
	}
	if _, err := s.Apply(ctx, totals("a", a, 200, 0, 0)); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("an epoch from before was taken: %v", err)
	}
	if n := countRows(t, s, "posting"); n != 2 {
		t.Errorf("%d postings, want one export and one grant", n)
	}
	if wrong := s.writer.state.Audit(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func countRows(t *testing.T, s *SQLite, table string) (n int) {
	t.Helper()
	if err := s.readers.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWorldsMayChangePlaces(t *testing.T) {
	s := openStore(t, dbPath(t), nil)
	put := func(worlds ...ledger.WorldRow) error {
		return s.write(context.Background(), func(context.Context, *sql.Conn) error { return s.writer.rows.putWorlds(worlds) })
	}
	if err := put(ledger.WorldRow{ID: "w1", Slot: "a"}, ledger.WorldRow{ID: "w2", Slot: "b"}); err != nil {
		t.Fatal(err)
	}
	if err := put(ledger.WorldRow{ID: "w1", Slot: "b"}, ledger.WorldRow{ID: "w2", Slot: "a"}); err != nil {
		t.Error(err)
	}
}

func TestFailedWriteChangesNothing(t *testing.T) {
	ctx := context.Background()
	s := openStore(t, dbPath(t), func(r ledger.ForSlot) { t.Errorf("granted %v", r) })
	a, b := join(t, s, "a"), join(t, s, "b")
	apply(t, s, totals("b", b, 0, 0, 30))
	err := s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "CREATE TRIGGER full BEFORE INSERT ON bus BEGIN SELECT RAISE(ABORT, 'no room'); END")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	before := s.Incarnation()
	if _, err := s.Apply(ctx, totals("a", a, 100, 0, 0)); !errors.Is(err, ErrWrite) {
		t.Fatalf("not stored and answered with %v", err)
	}
	err = s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DROP TRIGGER full")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Bus(ctx); err != nil || len(got) != 0 {
		t.Errorf("bus %v, %v", got, err)
	}
	// What the ledger knew of its runs was lost with the transaction, so everybody has to bind again.
	if _, err := s.Apply(ctx, totals("a", a, 100, 0, 0)); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("the old epoch: %v", err)
	}
	if s.Incarnation() <= before {
		t.Errorf("incarnation %d, then %d", before, s.Incarnation())
	}
	a = join(t, s, "a")
	apply(t, s, totals("a", a, 100, 0, 0))
	if got, err := s.Bus(ctx); err != nil || len(got) != 1 || got[0].Level != 100 {
		t.Errorf("bus %v, %v", got, err)
	}
}

func TestOneBadWriteDoesNotFailItsNeighbours(t *testing.T) {
	ctx := context.Background()
	s := openStore(t, dbPath(t), nil)
	a := join(t, s, "a")
	boom := errors.New("boom")
	// Held up by the first, the others gather into one transaction.
	began, hold := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { s.write(ctx, func(context.Context, *sql.Conn) error { close(began); <-hold; return nil }) })
	<-began
	errs := make([]error, 3)
	for n, f := range []func() error{
		func() error { return s.SetSetting(ctx, "good", "1") },
		func() error {
			return s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
				_, err := conn.ExecContext(ctx, "INSERT INTO meta VALUES ('bad', '1')")
				return errors.Join(err, boom)
			})
		},
		func() error { _, err := s.Apply(ctx, totals("a", a, 5, 0, 0)); return err },
	} {
		group.Go(func() { errs[n] = f() })
	}
	for len(s.writer.jobs) < 3 {
		runtime.Gosched()
	}
	close(hold)
	group.Wait()
	if errs[0] != nil || !errors.Is(errs[1], boom) || errs[2] != nil {
		t.Errorf("errors %v", errs)
	}
	good, _ := s.Setting(ctx, "good")
	bad, _ := s.Setting(ctx, "bad")
	items, _ := s.Bus(ctx)
	if good != "1" || bad != "" || len(items) != 1 || items[0].Level != 5 {
		t.Errorf("good %q, bad %q, bus %v", good, bad, items)
	}
}

func TestWhatWasNotBookedIsTold(t *testing.T) {
	s := openStore(t, dbPath(t), nil)
	old := join(t, s, "a")
	now := join(t, s, "a")
	apply(t, s, totals("a", now, 5, 0, 0))
	apply(t, s, totals("a", now, 4, 0, 0))
	if _, err := s.Apply(context.Background(), totals("a", old, 9, 0, 0)); !errors.Is(err, ledger.ErrStale) {
		t.Error(err)
	}
	got, err := s.Notices(context.Background())
	if err != nil || len(got) != 1 || got[0].Slot != "a" || got[0].Strays != 1 || got[0].StrayEpoch != old || got[0].Refused != 1 {
		t.Errorf("noticed %+v, %v", got, err)
	}
}

func TestHostsAndInstances(t *testing.T) {
	ctx := context.Background()
	path := dbPath(t)
	s := openStore(t, path, nil)
	when := time.UnixMilli(1_795_000_000_123)
	host := Host{ID: "h1", Name: "alpha", Addresses: []string{"10.0.0.1:34180"}, DiscoveredBy: "mdns", Version: "1", GameVersion: "2.0.77", OS: "linux", PairedAt: when, LastSeen: when}
	instance := Instance{ID: "i1", Name: "Nauvis", Host: "h1", Seed: 7, CreatedAt: when}
	if err := s.AddInstance(ctx, instance); err == nil {
		t.Error("added to a host that is not there")
	}
	if err := s.PutHost(ctx, host); err != nil {
		t.Fatal(err)
	}
	host.Name, host.LastSeen = "Alpha", when.Add(time.Hour)
	if err := s.PutHost(ctx, host); err != nil {
		t.Fatal(err)
	}
	if err := s.AddInstance(ctx, instance); err != nil {
		t.Fatal(err)
	}
	if err := s.AddInstance(ctx, Instance{ID: "i2", Name: "nauvis", Host: "h1", CreatedAt: when}); !errors.Is(err, ErrExists) {
		t.Errorf("a name that differs by case alone: %v", err)
	}
	if err := s.SetRunning(ctx, "i1", true); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRunning(ctx, "i9", true); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown instance: %v", err)
	}
	if err := errors.Join(s.SetSupervision(ctx, "i1", `{"order":1}`), s.SetStartsAtOnce(ctx, "h1", 3), s.SetVersion(ctx, "i1", "2.0", true), s.PutHost(ctx, host)); err != nil {
		t.Fatal(err)
	}
	if err := s.SetStartsAtOnce(ctx, "h9", 3); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown host: %v", err)
	}
	instance.Running, instance.Asked, instance.Supervision, host.StartsAtOnce = true, 1, `{"order":1}`, 3
	instance.Version, instance.Download = "2.0", true
	s.Close()
	s = openStore(t, path, nil)
	if got, err := s.Hosts(ctx); err != nil || !reflect.DeepEqual(got, []Host{host}) {
		t.Errorf("hosts %+v, %v", got, err)
	}
	if got, err := s.Instances(ctx); err != nil || !reflect.DeepEqual(got, []Instance{instance}) {
		t.Errorf("instances %+v, %v", got, err)
	}
}

func TestAuditIsNewestFirst(t *testing.T) {
	ctx := context.Background()
	s := openStore(t, dbPath(t), nil)
	for n := range 5 {
		if err := s.AddAudit(ctx, AuditEntry{At: time.UnixMilli(int64(n)), Who: "me", What: fmt.Sprint("do", n), Result: "done"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Audit(ctx, 2)
	if err != nil || len(got) != 2 || got[0].What != "do4" || got[1].What != "do3" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	s := openStore(t, dbPath(t), nil)
	s.Close()
	if err := s.SetSetting(context.Background(), "a", "b"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAWaitThatEndsDoesNotInterruptTheWrite(t *testing.T) {
	s := openStore(t, dbPath(t), nil)
	ctx, cancel := context.WithCancel(context.Background())
	hold, began := make(chan struct{}), make(chan struct{})
	failed := make(chan error)
	go func() {
		failed <- s.write(ctx, func(ctx context.Context, conn *sql.Conn) error {
			close(began)
			<-hold
			_, err := conn.ExecContext(ctx, "INSERT INTO meta VALUES ('k', 'v')")
			return err
		})
	}()
	<-began
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(hold)
	if err := s.SetSetting(context.Background(), "after", "1"); err != nil {
		t.Error(err)
	}
	if v, err := s.Setting(context.Background(), "k"); v != "v" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not how Windows keeps files private")
	}
	path := dbPath(t)
	s := openStore(t, path, nil)
	join(t, s, "a")
	files, _ := filepath.Glob(path + "*")
	if len(files) < 3 {
		t.Errorf("files %v, want database, log and index", files)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

func TestPathsWithOddCharacters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "50% of? a #folder é")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	openStore(t, filepath.Join(dir, "controller.db"), nil)
	if _, err := os.Stat(filepath.Join(dir, "controller.db-wal")); err != nil {
		t.Error(err)
	}
	t.Chdir(dir)
	openStore(t, "relative.db", nil)
	if _, err := os.Stat(filepath.Join(dir, "relative.db-wal")); err != nil {
		t.Error(err)
	}
}

func TestMigrations(t *testing.T) {
	ctx := context.Background()
	path := dbPath(t)
	s := openStore(t, path, nil)
	s.Close()
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	version := func() (n int) {
		if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	done := version()
	files := fstest.MapFS{
		"migrations/9001_b.sql": {Data: []byte("CREATE TABLE first(x); INSERT INTO first VALUES (1)")},
		"migrations/9002_c.sql": {Data: []byte("CREATE TABLE second(x); INSERT INTO nowhere VALUES (1)")},
	}
	for n := range done {
		files[fmt.Sprintf("migrations/%04d_a.sql", n+1)] = &fstest.MapFile{Data: []byte("CREATE TABLE never(x)")}
	}
	if err := migrate(conn, files, func() error { return nil }); err == nil {
		t.Error("a broken step passed")
	}
	if version() != done+1 {
		t.Errorf("version %d after a broken second step of two on %d", version(), done)
	}
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM first").Scan(&n); err != nil || n != 1 {
		t.Errorf("first step: %d, %v", n, err)
	}
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM second").Scan(&n); err == nil {
		t.Error("half of the broken step stayed")
	}
	if _, err := Open(Config{Path: path, Push: func(ledger.ForSlot) {}, Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer database: %v", err)
	}
}
