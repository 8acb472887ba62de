package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"mainbus/controller/ledger"
)

const (
	maxReaders = 4
	maxQueue   = 1024 // writes that wait; further callers wait for room
)

// Config is what Open needs.
type Config struct {
	Path    string // of the database file; its folder exists
	Backups string // the folder of backups, made when it is needed; empty: backups beside the file
	// Push is called by the writer for each reply that is for a slot, whoever sent the message, after it is stored. It must
	// not block and must not call the store.
	Push func(ledger.ForSlot)
	// Minutes tells the time about once a minute, for the age of what lies on the bus; nil: the machine's clock does.
	Minutes <-chan time.Time
	Log     *slog.Logger
}

// SQLite is a Store in one file.
type SQLite struct {
	writers *sql.DB
	readers *sql.DB
	copier  *sql.DB // reads for backups
	backups string
	writer  *writer

	ledger      string
	incarnation atomic.Int64
	times       times
	checked     atomic.Pointer[Check]

	bulk    chan struct{}  // has room for the one change of many users that may be under way
	between func(done int) // for tests: called between two portions of it

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
	stopped   chan struct{} // closed when the writer has ended
}

var _ Store = (*SQLite)(nil)

// Open opens or makes the database and begins a new incarnation of the ledger.
func Open(cfg Config) (*SQLite, error) {
	if cfg.Backups == "" {
		cfg.Backups = filepath.Join(filepath.Dir(cfg.Path), "backups")
	}
	s, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Path, err)
	}
	return s, nil
}

func open(cfg Config) (*SQLite, error) {
	// SQLite gives its other files the mode of this one.
	f, err := os.OpenFile(cfg.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	s := &SQLite{backups: cfg.Backups, bulk: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{})}
	if s.writers, err = sql.Open("sqlite", dsn(cfg.Path, "")); err != nil {
		return nil, err
	}
	s.writers.SetMaxOpenConns(1)
	if s.readers, err = sql.Open("sqlite", dsn(cfg.Path, "ro")); err != nil {
		return nil, errors.Join(err, s.writers.Close())
	}
	s.readers.SetMaxOpenConns(maxReaders)
	if s.copier, err = sql.Open("sqlite", dsn(cfg.Path, "")); err != nil {
		return nil, errors.Join(err, s.readers.Close(), s.writers.Close())
	}
	s.copier.SetMaxOpenConns(1)
	s.copier.SetMaxIdleConns(0)
	if err := s.start(cfg); err != nil {
		return nil, errors.Join(err, s.copier.Close(), s.readers.Close(), s.writers.Close())
	}
	return s, nil
}

// dsn names the file and how each connection treats it. synchronous=FULL with a write-ahead log: a commit has reached
// the disk when it returns. On macOS that takes fullfsync; elsewhere these two pragmas do nothing.
func dsn(path, mode string) string {
	if mode != "" {
		return DSN(path, url.Values{"mode": {mode}, "_pragma": {"busy_timeout(5000)", "query_only(1)"}})
	}
	return DSN(path, url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "fullfsync(1)", "checkpoint_fullfsync(1)",
	}})
}

// DSN names a database file to the driver, on every system and whatever characters are in its path.
func DSN(path string, options url.Values) string {
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}
	if !strings.HasPrefix(path, "/") { // a relative path: an authority would swallow its first part
		u.Path, u.Opaque = "", (&url.URL{Path: path}).EscapedPath()
	}
	return u.String()
}

func (s *SQLite) start(cfg Config) error {
	conn, err := s.writers.Conn(context.Background())
	if err != nil {
		return err
	}
	if err := migrate(conn, migrations, func() error {
		return snapshot(conn, backupPath(cfg.Backups, time.Now(), BeforeMigration))
	}); err != nil {
		return err
	}
	if s.ledger, err = ledgerID(conn); err != nil {
		return err
	}
	s.writer, err = newWriter(conn, s.ledger, cfg)
	if err != nil {
		return err
	}
	s.writer.begun = func(incarnation int64, check []ledger.Reply) {
		s.incarnation.Store(incarnation)
		s.check(check)
	}
	s.writer.took = s.times.add
	if err := s.writer.ready(); err != nil {
		return err
	}
	go func() {
		defer close(s.stopped)
		s.writer.run(s.closing)
	}()
	return nil
}

// ledgerID reads the ledger's id, or makes it in a new database.
func ledgerID(conn *sql.Conn) (string, error) {
	ctx := context.Background()
	var id string
	err := conn.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'ledger'").Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	id = randomID()
	_, err = conn.ExecContext(ctx, "INSERT INTO meta(key, value) VALUES ('ledger', ?)", id)
	return id, err
}

// randomID returns 128 random bits as 32 hexadecimal digits.
func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // ends the program rather than fail
	return hex.EncodeToString(b[:])
}

// Ledger implements Store.
func (s *SQLite) Ledger() string { return s.ledger }

// Incarnation implements Store.
func (s *SQLite) Incarnation() int64 { return s.incarnation.Load() }

// CommitTimes implements Store.
func (s *SQLite) CommitTimes() (p50, p99 time.Duration) { return s.times.quantiles() }

// Close stores what waits and closes the files.
func (s *SQLite) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.stopped
		s.closeErr = errors.Join(s.writer.rows.close(), s.writer.conn.Close(), s.copier.Close(), s.readers.Close(), s.writers.Close())
	})
	return s.closeErr
}

// Apply implements Store.
func (s *SQLite) Apply(ctx context.Context, m ledger.Message) ([]ledger.Reply, error) {
	j := &job{message: m}
	if err := s.do(ctx, j); err != nil {
		return nil, err // the writer may still have the job
	}
	return j.replies, nil
}

// write runs f on the writer in a part of a transaction of its own.
func (s *SQLite) write(ctx context.Context, f func(ctx context.Context, conn *sql.Conn) error) error {
	return s.do(ctx, &job{write: f})
}

func (s *SQLite) do(ctx context.Context, j *job) error {
	j.done = make(chan struct{})
	select {
	case s.writer.jobs <- j:
	case <-s.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done:
		return j.err
	case <-s.stopped:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done: // it was the last one
		return j.err
	default:
		return ErrClosed
	}
}
