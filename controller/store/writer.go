package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"mainbus/controller/ledger"
)

const (
	maxBatch = 256
	// Postings gather this long, so that a steady flow of goods is a line every now and then and not one per message.
	postingInterval = 10 * time.Second
	maxPostings     = 1_000_000 // rows kept
)

// job is one change: a message to the ledger, or statements; or a look at the ledger.
type job struct {
	message ledger.Message
	write   func(context.Context, *sql.Conn) error
	look    func(*ledger.State) // changes nothing

	replies []ledger.Reply // without those that are for a slot
	err     error
	done    chan struct{}
}

// writer turns jobs into transactions. It takes what waits, up to maxBatch, and never waits for more: while one
// transaction is being written to disk the next one gathers, so groups grow with the disk's slowness and the load.
//
// Nothing here has a context that can be cancelled: the driver would interrupt the statement and leave the connection
// in a transaction.
type writer struct {
	conn  *sql.Conn
	log   *slog.Logger
	tick  <-chan time.Time // nil: a ticker's
	jobs  chan *job
	push  func(ledger.ForSlot)
	begun func(incarnation int64, check []ledger.Reply)
	took  func(time.Duration)

	ledger string
	state  *ledger.State // nil: has to be read from the tables, because a transaction failed after messages were applied
	rows   *rowWriter
	open   bool // a transaction is
	posted time.Time
}

func newWriter(conn *sql.Conn, id string, cfg Config) (*writer, error) {
	rows, err := newRowWriter(conn)
	if err != nil {
		return nil, err
	}
	return &writer{
		conn: conn, log: cfg.Log, tick: cfg.Minutes, jobs: make(chan *job, maxQueue), push: cfg.Push,
		ledger: id, rows: rows, posted: time.Now(),
	}, nil
}

func (w *writer) run(closing <-chan struct{}) {
	batch := make([]*job, 0, maxBatch)
	minutes := w.tick
	if minutes == nil {
		ticker := time.NewTicker(time.Minute)
		defer ticker.Stop()
		minutes = ticker.C
	}
	aged := time.Now()
	for {
		select {
		case now := <-minutes:
			w.age(now.Sub(aged))
			aged = now
		case j := <-w.jobs:
			batch = w.gather(append(batch[:0], j))
			w.process(batch)
		case <-closing:
			for batch = w.gather(batch[:0]); len(batch) > 0; batch = w.gather(batch[:0]) {
				w.process(batch)
			}
			w.flushPostings()
			return
		}
	}
}

// age tells the ledger that time has passed. What it misses because the disk could not be written does not matter.
func (w *writer) age(passed time.Duration) {
	seconds := min(max(1, int64(passed.Seconds())), ledger.MaxSeconds)
	j := &job{message: ledger.Age{Seconds: seconds}, done: make(chan struct{})}
	if w.process([]*job{j}); j.err != nil {
		w.log.Warn("what lies on the bus did not age", "err", j.err)
	}
}

func (w *writer) gather(batch []*job) []*job {
	for len(batch) < maxBatch {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// process does a batch in one transaction and answers when that is on disk.
func (w *writer) process(batch []*job) {
	began := time.Now()
	wrote, err := w.transact(batch)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrWrite, err)
	} else if wrote {
		w.took(time.Since(began))
	}
	for _, j := range batch {
		if err != nil {
			j.replies, j.err = nil, err
		}
		kept := j.replies[:0]
		for _, r := range j.replies {
			if p, ok := r.(ledger.ForSlot); ok {
				w.push(p)
			} else {
				kept = append(kept, r)
			}
		}
		j.replies = kept
		close(j.done)
	}
}

// transact returns whether there was anything to write. After an error nothing of the batch has happened.
func (w *writer) transact(batch []*job) (wrote bool, err error) {
	if err := w.ready(); err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			w.rollback()
			w.state = nil
		}
	}()
	for _, j := range batch {
		switch {
		case j.message != nil:
			j.replies, j.err = w.state.Apply(j.message)
		case j.look != nil:
			j.look(w.state)
		default:
			if err := w.statements(j); err != nil {
				return false, err
			}
		}
	}
	if changes := w.state.Take(); !changes.Empty() {
		if err := w.begin(); err != nil {
			return false, err
		}
		if err := w.rows.books(changes); err != nil {
			return false, err
		}
	}
	if !w.open {
		return false, nil
	}
	if time.Since(w.posted) >= postingInterval {
		if err := w.postings(); err != nil {
			return false, err
		}
	}
	return true, w.commit()
}

// statements runs a job that is no message. If it fails the rest of the batch goes on without it.
func (w *writer) statements(j *job) error {
	ctx := context.Background()
	if err := w.begin(); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	if j.err = j.write(ctx, w.conn); j.err != nil {
		if _, err := w.conn.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return err
		}
	}
	_, err := w.conn.ExecContext(ctx, "RELEASE job")
	return err
}

func (w *writer) begin() error {
	if w.open {
		return nil
	}
	_, err := w.rows.begin.Exec()
	w.open = err == nil
	return err
}

func (w *writer) commit() error {
	_, err := w.rows.commit.Exec()
	if err == nil {
		w.open = false
	}
	return err
}

func (w *writer) rollback() {
	if w.open {
		w.open = false
		// SQLite has ended the transaction by itself after some errors; then this fails.
		_, _ = w.conn.ExecContext(context.Background(), "ROLLBACK")
	}
}

// ready reads the books if they have to be, and begins a new incarnation: all runs have to bind again, as after a
// restart, because what the ledger knew of them was lost.
func (w *writer) ready() (err error) {
	if w.state != nil {
		return nil
	}
	books, err := w.rows.load(w.ledger)
	if err != nil {
		return err
	}
	state, err := ledger.New(books)
	if err != nil {
		return err
	}
	if _, err := state.Apply(ledger.Begin{UnixSeconds: time.Now().Unix()}); err != nil {
		return err
	}
	check, err := state.Apply(ledger.Verify{})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			w.rollback()
		}
	}()
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.rows.books(state.Take()); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	w.state = state
	w.begun(state.Incarnation(), check)
	return nil
}

func (w *writer) postings() error {
	w.posted = time.Now()
	return w.rows.postings(w.state.TakePostings(), w.posted)
}

// flushPostings stores at the end what gathered. Postings are for people; losing the last ones is no harm.
func (w *writer) flushPostings() {
	if w.state == nil {
		return
	}
	err := w.begin()
	if err == nil {
		err = w.postings()
	}
	if err == nil {
		err = w.commit()
	}
	if err != nil {
		w.rollback()
		w.log.Warn("the last postings were not stored", "err", err)
	}
}
