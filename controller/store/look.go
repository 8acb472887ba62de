package store

import (
	"context"
	"fmt"
	"time"

	"mainbus/controller/ledger"
)

// look lets f read the ledger's state, which belongs to the writer. A slow f holds up all bookings.
func (s *SQLite) look(ctx context.Context, f func(*ledger.State)) error {
	return s.do(ctx, &job{look: f})
}

// Policy implements Store.
func (s *SQLite) Policy(ctx context.Context) (ledger.Policy, error) {
	found := make(chan ledger.Policy, 1) // the writer may be at it still after ctx has ended
	if err := s.look(ctx, func(state *ledger.State) { found <- state.Policy() }); err != nil {
		return ledger.Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	return <-found, nil
}

// Notices implements Store.
func (s *SQLite) Notices(ctx context.Context) ([]ledger.Notice, error) {
	found := make(chan []ledger.Notice, 1)
	if err := s.look(ctx, func(state *ledger.State) { found <- state.Notices() }); err != nil {
		return nil, fmt.Errorf("read what was not booked: %w", err)
	}
	return <-found, nil
}

// Worlds implements Store.
func (s *SQLite) Worlds(ctx context.Context) ([]World, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT world, coalesce(slot, ''), from_ledger, from_world, question, tick, created_at FROM world ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read worlds: %w", err)
	}
	var all []World
	err = eachRow(rows, func(scan scanFunc) error {
		var w World
		var created int64
		err := scan(&w.ID, &w.Slot, &w.FromLedger, &w.FromWorld, &w.Question, &w.Tick, &created)
		w.CreatedAt = time.UnixMilli(created)
		all = append(all, w)
		return err
	})
	return all, err
}
