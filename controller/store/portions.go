package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// About so long a portion keeps the writer, and the ledger waits.
	portionTime = 15 * time.Millisecond
	maxPortion  = 500 // steps
)

// portions does a long work of total steps, some of them in a transaction of their own each, so that what the ledger books meanwhile
// comes between them. do makes the steps from up to upto and returns what notes, outside the transaction, that they were made. When
// ctx ends, or something fails, the portions that were done stand; done is how many steps that were.
func (s *SQLite) portions(ctx context.Context, total int, do func(ctx context.Context, conn *sql.Conn, from, upto int) (note func(), err error)) (done int, err error) {
	for size := 16; done < total; {
		if err := ctx.Err(); err != nil {
			return done, fmt.Errorf("interrupted after %d of %d: %w", done, total, err)
		}
		from, upto := done, min(done+size, total)
		var note func()
		var took time.Duration
		// The wait for a portion is not given up: it is short, and whether it was done has to be known.
		err := s.write(context.WithoutCancel(ctx), func(ctx context.Context, conn *sql.Conn) (err error) {
			began := time.Now()
			note, err = do(ctx, conn, from, upto)
			took = time.Since(began)
			return err
		})
		if err != nil {
			return done, fmt.Errorf("interrupted after %d of %d: %w", done, total, err)
		}
		note()
		if done = upto; s.between != nil {
			s.between(done)
		}
		fit := int(float64(upto-from) * float64(portionTime) / float64(max(took, time.Microsecond)))
		size = max(1, min(fit, 2*size, maxPortion))
	}
	return done, nil
}

// enterBulk waits until no other change of many users is under way.
func (s *SQLite) enterBulk(ctx context.Context) (leave func(), err error) {
	select {
	case s.bulk <- struct{}{}:
		return func() { <-s.bulk }, nil
	case <-s.closing:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// UnfinishedUsers implements Store.
func (s *SQLite) UnfinishedUsers(ctx context.Context) (result UserBulkResult, underWay bool, err error) {
	underWay = len(s.bulk) > 0
	var at int64
	err = s.readers.QueryRowContext(ctx, "SELECT at, by, what, unfinished FROM user_bulk WHERE undone = 0 ORDER BY id DESC LIMIT 1").
		Scan(&at, &result.By, &result.What, &result.Left)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return UserBulkResult{}, false, fmt.Errorf("look for an unfinished change of users: %w", err)
	}
	if result.Left == 0 {
		return UserBulkResult{}, false, nil
	}
	result.At = fromMilli(at)
	return result, underWay, nil
}
