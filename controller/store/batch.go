package store

import (
	"context"
	"database/sql"
)

// batch keeps statements prepared that are executed for many rows: to read them anew takes longer than to execute them, and the
// ledger waits meanwhile. It has to be closed.
type batch struct {
	ctx      context.Context
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func newBatch(ctx context.Context, conn *sql.Conn) *batch {
	return &batch{ctx, conn, map[string]*sql.Stmt{}}
}

func (b *batch) close() {
	for _, s := range b.prepared {
		s.Close()
	}
}

func (b *batch) statement(query string) (*sql.Stmt, error) {
	if s := b.prepared[query]; s != nil {
		return s, nil
	}
	s, err := b.conn.PrepareContext(b.ctx, query)
	if err == nil {
		b.prepared[query] = s
	}
	return s, err
}

func (b *batch) exec(query string, args ...any) (sql.Result, error) {
	s, err := b.statement(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(b.ctx, args...)
}

// scan reads one row into to.
func (b *batch) scan(query string, args []any, to ...any) error {
	s, err := b.statement(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(b.ctx, args...).Scan(to...)
}
