package ledger_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

func TestTruth(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	b := c.join("b")
	c.totals("b", rec(iron, 0, 0, 40))
	c.totals("a", rec(iron, 1_000, 0, 0)) // a forged line
	replies := c.do(ledger.Truth{Slot: "a", Epoch: c.epoch["a"], Totals: []ledger.Record{rec(iron, 100, 0, 0)}})
	if bus, _ := c.book(); bus != 60 || len(replies) != 0 {
		t.Errorf("bus %d, replies %v", bus, replies)
	}
	replies = c.do(ledger.Truth{Slot: "b", Epoch: c.epoch["b"], Totals: []ledger.Record{rec(iron, 0, 0, 40)}})
	if got := grants(replies); got != "b=40" {
		t.Errorf("a grant on its way was told again as %q", got)
	}
	c.totals("b", rec(iron, 0, 40, 40)) // it arrived after all
	if bus, accounts := c.book(); bus != 0 || accounts[b] != "E0 G40 I40 owed0" {
		t.Errorf("bus changed to %d, account %s", bus, accounts[b])
	}
}

func TestRecordsThatCannotBeAreNotBooked(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.totals("a", rec(iron, 100, 0, 0))
	c.state.Take()
	copper := ledger.Item{Name: "copper-plate", Quality: "normal"}
	for name, r := range map[string]ledger.Record{
		"E falls":                      rec(iron, 99, 0, 0),
		"received what nobody granted": rec(iron, 100, 1, 0),
	} {
		replies := c.totals("a", r, rec(copper, 1, 0, 0))
		if len(replies) != 1 || reflect.TypeOf(replies[0]) != reflect.TypeFor[ledger.Refused]() {
			t.Errorf("%s: replies %v", name, replies)
		}
	}
	if b := c.state.Take(); len(b.Accounts) != 1 || b.Accounts[0].Item != copper {
		t.Errorf("booked %v, want only copper", b.Accounts)
	}
}

func TestRefusedMessagesChangeNothing(t *testing.T) {
	c := newCluster(t)
	w := c.join("a")
	old := c.epoch["a"]
	now := c.open("a")
	many := make([]ledger.Record, ledger.MaxItems+1)
	for n := range many {
		many[n] = rec(ledger.Item{Name: fmt.Sprint(n), Quality: "normal"}, 1, 0, 0)
	}
	bound := func(of string, w ledger.World, totals ...ledger.Record) ledger.Bound {
		return ledger.Bound{Slot: "a", Epoch: now, Ledger: of, World: w, Totals: totals, NewWorld: "n"}
	}
	tests := []struct {
		name string
		m    ledger.Message
		want error
	}{
		{"an older epoch binds", ledger.Bound{Slot: "a", Epoch: old, World: "x", NewWorld: "n"}, ledger.ErrStale},
		{"an older epoch tells", ledger.Totals{Slot: "a", Epoch: old}, ledger.ErrStale},
		{"an older epoch reports", ledger.Truth{Slot: "a", Epoch: old}, ledger.ErrStale},
		{"an older epoch closes", ledger.Closed{Slot: "a", Epoch: old}, ledger.ErrStale},
		{"an unknown slot tells", ledger.Totals{Slot: "q", Epoch: now}, ledger.ErrStale},
		{"totals before bind", ledger.Totals{Slot: "a", Epoch: now}, ledger.ErrOrder},
		{"assigned before bind", ledger.Assigned{Slot: "a", Epoch: now}, ledger.ErrOrder},
		{"still before bind", ledger.Still{Slot: "a", Epoch: now}, ledger.ErrOrder},
		{"a clock that goes backwards from zero", ledger.Bound{Slot: "a", Epoch: now, Ledger: "L1", World: w, NewWorld: "n", Tick: -1}, ledger.ErrInvalid},
		{"an absurd clock", ledger.Bound{Slot: "a", Epoch: now, Ledger: "L1", World: w, NewWorld: "n", Tick: ledger.MaxTick + 1}, ledger.ErrInvalid},
		{"negative count", bound("L1", w, rec(iron, -1, 0, 0)), ledger.ErrInvalid},
		{"count above 2^53", bound("L1", w, rec(iron, ledger.MaxCount+1, 0, 0)), ledger.ErrInvalid},
		{"item told twice", bound("L1", w, rec(iron, 1, 0, 0), rec(iron, 1, 0, 0)), ledger.ErrInvalid},
		{"nameless item", bound("L1", w, rec(ledger.Item{Quality: "normal"}, 1, 0, 0)), ledger.ErrInvalid},
		{"long name", bound("L1", w, rec(ledger.Item{Name: strings.Repeat("x", 201), Quality: "normal"}, 1, 0, 0)), ledger.ErrInvalid},
		{"name that is no text", bound("L1", w, rec(ledger.Item{Name: "\xff", Quality: "normal"}, 1, 0, 0)), ledger.ErrInvalid},
		{"name with a line end", bound("L1", w, rec(ledger.Item{Name: "a\nb", Quality: "normal"}, 1, 0, 0)), ledger.ErrInvalid},
		{"too many items", bound("L1", w, many...), ledger.ErrInvalid},
		{"no world id", bound("L1", ""), ledger.ErrInvalid},
		{"world id that could break a command", bound("L1", "a/b"), ledger.ErrInvalid},
		{"ledger id that could break a command", bound("a b", "x"), ledger.ErrInvalid},
		{"id for a new identity is taken", ledger.Bound{Slot: "a", Epoch: now, Ledger: "L2", World: "x", NewWorld: w}, ledger.ErrInvalid},
		{"no slot", ledger.Open{}, ledger.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.state.Take()
			replies, err := c.state.Apply(test.m)
			if !errors.Is(err, test.want) || len(replies) != 0 {
				t.Errorf("%v, replies %v", err, replies)
			}
			if b := c.state.Take(); !b.Empty() {
				t.Errorf("changed %+v", b)
			}
		})
	}
	t.Run("truth before assign", func(t *testing.T) {
		c.do(bound("L1", w))
		if _, err := c.state.Apply(ledger.Truth{Slot: "a", Epoch: now}); !errors.Is(err, ledger.ErrOrder) {
			t.Error(err)
		}
	})
}
