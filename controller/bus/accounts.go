package bus

import (
	"fmt"
	"math"

	"mainbus/controller/ledger"
	"mainbus/hostagent/factorio/scriptdat"
)

// ParseAccounts reads what the accounts in a save (docs/gamelink.md) say of the bus: a table as scriptdat writes it. One count
// that nobody can have counted makes all of them worthless: somebody has written into the world's storage.
func ParseAccounts(text []byte) ([]ledger.Record, error) {
	tree, err := scriptdat.ParseTree(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	a := accounts{at: map[ledger.Item]int{}}
	for _, column := range []struct {
		name   string
		money  bool
		number func(*ledger.Record) *int64
	}{
		{"e", true, func(r *ledger.Record) *int64 { return &r.E }},
		{"i", true, func(r *ledger.Record) *int64 { return &r.I }},
		{"es", false, func(r *ledger.Record) *int64 { return &r.ES }},
		{"is", false, func(r *ledger.Record) *int64 { return &r.IS }},
	} {
		table, ok := tree.Get(column.name).(*scriptdat.Table)
		if !ok && !column.money {
			continue // a world that was saved by an earlier module has none
		}
		if !ok {
			return nil, fmt.Errorf("%w: accounts without %s", ErrMalformed, column.name)
		}
		for _, p := range table.Pairs {
			r, ok := a.record(p.Key)
			if !ok {
				return nil, fmt.Errorf("%w: %s has a key that is no item", ErrMalformed, column.name)
			}
			n, ok := p.Value.(float64)
			if column.money && !(n >= 0 && n <= ledger.MaxCount && n == math.Trunc(n)) || !ok || math.IsNaN(n) {
				return nil, fmt.Errorf("%w: %s of %s is no whole number from 0 to 2^53", ErrMalformed, column.name, r.Item)
			}
			*column.number(r) = int64(max(-ledger.MaxCount, min(n, ledger.MaxCount)))
		}
	}
	return a.records, nil
}

// accounts gathers the columns of accounts by item.
type accounts struct {
	records []ledger.Record
	at      map[ledger.Item]int
}

// record finds or makes an item's record, which is good until the next call.
func (a *accounts) record(key scriptdat.Value) (*ledger.Record, bool) {
	text, _ := key.(string)
	item, ok := parseKey([]byte(text))
	if !ok {
		return nil, false
	}
	at, known := a.at[item]
	if !known {
		at = len(a.records)
		a.at[item] = at
		a.records = append(a.records, ledger.Record{Item: item})
	}
	return &a.records[at], true
}
