package store

import (
	"context"
	"database/sql"
	"fmt"

	"mainbus/controller/ledger"
)

// load reads complete books.
func (r *rowWriter) load(id string) (ledger.Books, error) {
	b := ledger.Books{Ledger: id}
	l := loader{r, &b, map[int64]ledger.Item{}, map[int64]ledger.World{}}
	r.items, r.worlds = map[ledger.Item]int64{}, map[ledger.World]int64{}
	for _, part := range []func() error{l.incarnation, l.restored, l.itemsOf, l.worldsOf, l.origins, l.accounts, l.bus, l.spoils, l.policy} {
		if err := part(); err != nil {
			return b, err
		}
	}
	return b, r.loadPlayers(&b, l.items, l.worlds)
}

// loader reads the tables of the ledger into b.
type loader struct {
	*rowWriter
	b      *ledger.Books
	items  map[int64]ledger.Item // by their numbers in the tables
	worlds map[int64]ledger.World
}

func (l loader) incarnation() error {
	return l.each("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE key = 'incarnation'", func(scan scanFunc) error {
		return scan(&l.b.Incarnation)
	})
}

func (l loader) restored() error {
	return l.each("SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'restored')", func(scan scanFunc) error {
		return scan(&l.b.Restored)
	})
}

func (l loader) itemsOf() error {
	return l.each("SELECT id, name, quality FROM item", func(scan scanFunc) error {
		var n int64
		var item ledger.Item
		err := scan(&n, &item.Name, &item.Quality)
		l.rowWriter.items[item], l.items[n] = n, item
		return err
	})
}

func (l loader) worldsOf() error {
	return l.each("SELECT id, world, coalesce(slot, ''), from_ledger, from_world, question, origin, tick, behind FROM world", func(scan scanFunc) error {
		var n int64
		var w ledger.WorldRow
		err := scan(&n, &w.ID, &w.Slot, &w.FromLedger, &w.FromWorld, &w.Question, &w.Origin, &w.Tick, &w.Behind)
		l.rowWriter.worlds[w.ID], l.worlds[n] = n, w.ID
		l.b.Worlds = append(l.b.Worlds, w)
		return err
	})
}

func (l loader) origins() error {
	return l.each("SELECT world, item, e, i, ep, ip, e_sum, i_sum FROM origin", func(scan scanFunc) error {
		var world, item int64
		var row ledger.OriginRow
		err := scan(&world, &item, &row.E, &row.I, &row.EP, &row.IP, &row.ES, &row.IS)
		row.World, row.Item = l.worlds[world], l.items[item]
		l.b.Origins = append(l.b.Origins, row)
		return err
	})
}

func (l loader) accounts() error {
	return l.each("SELECT world, item, e, g, i, ep, ip, owed, held, top, given, covered, e_sum, g_sum, i_sum FROM account", func(scan scanFunc) error {
		var world, item int64
		var a ledger.AccountRow
		err := scan(&world, &item, &a.E, &a.G, &a.I, &a.EP, &a.IP, &a.Owed, &a.Held, &a.Top, &a.Given, &a.Covered, &a.ES, &a.GS, &a.IS)
		a.World, a.Item = l.worlds[world], l.items[item]
		l.b.Accounts = append(l.b.Accounts, a)
		return err
	})
}

func (l loader) bus() error {
	return l.each("SELECT item, qty, posted, sum FROM bus", func(scan scanFunc) error {
		var item int64
		var row ledger.BusRow
		err := scan(&item, &row.Qty, &row.Posted, &row.Sum)
		row.Item = l.items[item]
		l.b.Bus = append(l.b.Bus, row)
		return err
	})
}

func (l loader) spoils() error {
	return l.each("SELECT item, ticks, coalesce(result, 0) FROM spoil", func(scan scanFunc) error {
		var item, result int64
		var row ledger.Spoil
		err := scan(&item, &row.Ticks, &result)
		row.Item, row.Result = l.items[item], l.items[result]
		l.b.Spoils = append(l.b.Spoils, row)
		return err
	})
}

type scanFunc func(...any) error

func (r *rowWriter) each(query string, row func(scanFunc) error) error {
	rows, err := r.conn.QueryContext(context.Background(), query)
	if err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	return eachRow(rows, row)
}

func eachRow(rows *sql.Rows, row func(scanFunc) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
