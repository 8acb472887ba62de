// Package series keeps figures over time: the newest in memory, and on disk means, lowest and highest values of a minute, then of ten
// minutes, then of an hour, for three months. It has a file of its own, which is not synced at each commit and not backed up, so that
// figures never make the ledger wait; a crash costs the last minute.
package series

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"mainbus/controller/store"
)

// A Resolution is how fine values are, and how long they are kept so.
type Resolution struct{ Step, Keep time.Duration }

// Resolutions are all of them, the finest first. Each step is a multiple of the one before.
var Resolutions = []Resolution{
	{time.Minute, 12 * time.Hour},
	{10 * time.Minute, 14 * 24 * time.Hour},
	{time.Hour, 90 * 24 * time.Hour},
}

const (
	maxSeries = 20_000 // figures of all subjects in memory; what comes beyond is not kept
	maxPoints = 2_000
)

// A Point is what a figure was from At on, for one step.
type Point struct {
	At              time.Time
	Mean, Low, High float64
}

type key struct{ subject, figure string }

// sum adds up the values of a step.
type sum struct {
	count            int64
	total, low, high float64
}

func (s *sum) add(v float64) {
	if s.count == 0 {
		s.low, s.high = v, v
	}
	s.count, s.total, s.low, s.high = s.count+1, s.total+v, min(s.low, v), max(s.high, v)
}

// Keeper keeps series. It may be used by any goroutine.
type Keeper struct {
	db  *sql.DB
	log *slog.Logger

	mu     sync.Mutex
	newest map[string]newest // by subject
	sums   map[key]*sum
	full   bool // said that it is
}

type newest struct {
	at     time.Time
	values map[string]float64
}

const schema = `
CREATE TABLE IF NOT EXISTS series(
  id      INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  figure  TEXT NOT NULL,
  UNIQUE (subject, figure)
) STRICT;
-- Times and steps are in seconds.
CREATE TABLE IF NOT EXISTS sample(
  step   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  series INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  mean   REAL NOT NULL,
  low    REAL NOT NULL,
  high   REAL NOT NULL,
  PRIMARY KEY (series, step, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sample_time ON sample(step, at);`

// Open opens the file, or makes it. A damaged one is set aside.
func Open(path string, log *slog.Logger) (*Keeper, error) {
	db, err := open(path)
	if err != nil {
		aside := path + ".damaged"
		if failed := os.Rename(path, aside); failed != nil {
			return nil, fmt.Errorf("open the figures: %w", err)
		}
		for _, suffix := range []string{"-wal", "-shm"} {
			_ = os.Remove(path + suffix) // they belong to the damaged one
		}
		log.Warn("the figures could not be read, and are kept anew", "aside", aside, "err", err)
		if db, err = open(path); err != nil {
			return nil, fmt.Errorf("open the figures: %w", err)
		}
	}
	return &Keeper{db: db, log: log, newest: map[string]newest{}, sums: map[key]*sum{}}, nil
}

func open(path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite gives its other files the mode of this one
	if err != nil {
		return nil, err
	}
	f.Close()
	db, err := sql.Open("sqlite", store.DSN(path, url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(wal)", "synchronous(off)"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	if _, err := db.Exec(schema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Add takes in what was measured of a subject at a time. Times grow.
func (k *Keeper) Add(at time.Time, subject string, values map[string]float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.newest[subject] = newest{at, values}
	for figure, v := range values {
		id := key{subject, figure}
		s := k.sums[id]
		if s == nil {
			if len(k.sums) >= maxSeries {
				if !k.full {
					k.log.Warn("too many figures: some are not kept", "most", maxSeries)
				}
				k.full = true
				continue
			}
			s = new(sum)
			k.sums[id] = s
		}
		s.add(v)
	}
}

// Newest returns what was measured of a subject last; it must not be changed.
func (k *Keeper) Newest(subject string) (at time.Time, values map[string]float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.newest[subject]
	return n.at, n.values
}

// Gone forgets what was measured last, because nothing is known of the subjects at the moment.
func (k *Keeper) Gone(subjects ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range subjects {
		delete(k.newest, s)
	}
}

// Run writes what was added, each minute until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	for {
		wait := time.NewTimer(time.Until(time.Now().Truncate(Resolutions[0].Step).Add(Resolutions[0].Step)))
		select {
		case <-wait.C:
			k.flush(time.Now())
		case <-ctx.Done():
			wait.Stop()
			return
		}
	}
}

// Close writes what was added and closes the file. Run has ended before.
func (k *Keeper) Close() error {
	k.flush(time.Now())
	return k.db.Close()
}

func (k *Keeper) flush(now time.Time) {
	k.mu.Lock()
	sums := k.sums
	k.sums, k.full = make(map[key]*sum, len(sums)), false
	k.mu.Unlock()
	if err := k.write(now, sums); err != nil {
		k.log.Warn("the figures of a minute were not kept", "err", err)
	}
}

// write stores the sums of the step that has ended at now, and what follows from it for the coarser steps.
func (k *Keeper) write(now time.Time, sums map[key]*sum) error {
	tx, err := k.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	finest := Resolutions[0]
	at := now.Add(-time.Second).Truncate(finest.Step).Unix() // the timer may be early or late by less than that
	for id, s := range sums {
		if _, err := tx.Exec(`INSERT INTO series(subject, figure) VALUES (?, ?) ON CONFLICT DO NOTHING`, id.subject, id.figure); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO sample(step, at, series, count, mean, low, high)
			SELECT ?, ?, id, ?, ?, ?, ? FROM series WHERE subject = ? AND figure = ?
			ON CONFLICT DO UPDATE SET mean = (mean * count + excluded.mean * excluded.count) / (count + excluded.count),
				low = min(low, excluded.low), high = max(high, excluded.high), count = count + excluded.count`,
			int64(finest.Step.Seconds()), at, s.count, s.total/float64(s.count), s.low, s.high, id.subject, id.figure); err != nil {
			return err
		}
	}
	for n, coarse := range Resolutions[1:] {
		if err := coarsen(tx, Resolutions[n], coarse, now); err != nil {
			return err
		}
	}
	for _, r := range Resolutions {
		if _, err := tx.Exec(`DELETE FROM sample WHERE step = ? AND at < ?`, int64(r.Step.Seconds()), now.Add(-r.Keep).Unix()); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM sample WHERE series = series.id)`); err != nil {
		return err
	}
	return tx.Commit()
}

// coarsen adds up the steps of one resolution that have ended and are not added up yet to those of the next.
func coarsen(tx *sql.Tx, fine, coarse Resolution, now time.Time) error {
	step := int64(coarse.Step.Seconds())
	var done int64
	if err := tx.QueryRow(`SELECT coalesce(max(at) + ?, 0) FROM sample WHERE step = ?`, step, step).Scan(&done); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO sample(step, at, series, count, mean, low, high)
		SELECT ?, at / ? * ?, series, sum(count), sum(mean * count) / sum(count), min(low), max(high)
		FROM sample WHERE step = ? AND at >= ? AND at < ? GROUP BY series, at / ?`,
		step, step, step, int64(fine.Step.Seconds()), done, now.Unix()/step*step, step)
	return err
}

// History returns what a figure of a subject was, oldest first and at most 2,000 points, as fine as it is kept for so long.
func (k *Keeper) History(ctx context.Context, subject, figure string, from, to time.Time) (points []Point, step time.Duration, err error) {
	chosen := Resolutions[len(Resolutions)-1]
	for _, r := range Resolutions {
		if time.Since(from) <= r.Keep && to.Sub(from) <= maxPoints*r.Step {
			chosen = r
			break
		}
	}
	rows, err := k.db.QueryContext(ctx, `SELECT at, mean, low, high FROM sample WHERE series = (SELECT id FROM series WHERE subject = ? AND figure = ?)
		AND step = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT ?`,
		subject, figure, int64(chosen.Step.Seconds()), from.Unix(), to.Unix(), maxPoints)
	if err != nil {
		return nil, 0, fmt.Errorf("read figures: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Point
		var at int64
		if err := rows.Scan(&at, &p.Mean, &p.Low, &p.High); err != nil {
			return nil, 0, fmt.Errorf("read figures: %w", err)
		}
		p.At = time.Unix(at, 0).UTC()
		points = append(points, p)
	}
	slices.Reverse(points)
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("read figures: %w", err)
	}
	return points, chosen.Step, nil
}

// Subjects returns what there are newest values of.
func (k *Keeper) Subjects() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.newest))
}
