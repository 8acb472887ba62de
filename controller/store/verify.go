package store

import (
	"context"
	"fmt"
	"time"

	"mainbus/controller/ledger"
)

// Check is what came of looking whether the books add up.
type Check struct {
	At time.Time
	ledger.Verified
}

// sums has both sides of the ledger's equation for each item. It is what ledger.State.Audit computes, computed from the
// tables by somebody else.
const sums = `WITH
	accounts AS (SELECT item, sum(owed) AS owed, sum(e - g + ep - ip) AS net FROM account GROUP BY item),
	carried AS (SELECT item, sum(n) AS n FROM player_item JOIN player ON player.id = player WHERE holder IS NULL GROUP BY item)
	SELECT name, quality, coalesce(bus.qty, 0) AS qty, coalesce(owed, 0) AS owed, coalesce(carried.n, 0) AS n,
		coalesce(net, 0) AS net, coalesce(bus.posted, 0) AS posted
	FROM item LEFT JOIN bus ON bus.item = item.id LEFT JOIN accounts ON accounts.item = item.id LEFT JOIN carried ON carried.item = item.id`

// Verify implements Store.
func (s *SQLite) Verify(ctx context.Context) (Check, error) {
	stored, err := s.mismatches(ctx)
	if err != nil {
		return Check{}, fmt.Errorf("verify the books: %w", err)
	}
	replies, err := s.Apply(ctx, ledger.Verify{Stored: stored})
	if err != nil {
		return Check{}, fmt.Errorf("verify the books: %w", err)
	}
	return s.check(replies), nil
}

// Checked implements Store.
func (s *SQLite) Checked() Check { return *s.checked.Load() }

// check keeps what the ledger answered to Verify.
func (s *SQLite) check(replies []ledger.Reply) Check {
	c := Check{At: time.Now()}
	for _, r := range replies {
		if v, ok := r.(ledger.Verified); ok {
			c.Verified = v
		}
	}
	s.checked.Store(&c)
	return c
}

// mismatches are the items that do not add up in the tables, as they are between two transactions. The writer goes on
// meanwhile.
func (s *SQLite) mismatches(ctx context.Context) (wrong []ledger.Mismatch, err error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT * FROM ("+sums+") WHERE qty - owed + n <> net + posted ORDER BY name, quality")
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func(scan scanFunc) error {
		var m ledger.Mismatch
		err := scan(&m.Name, &m.Quality, &m.Bus, &m.Owed, &m.Carried, &m.Net, &m.Posted)
		wrong = append(wrong, m)
		return err
	})
	return wrong, err
}
