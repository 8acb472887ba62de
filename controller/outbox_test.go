package controller

import (
	"fmt"
	"slices"
	"testing"

	"mainbus/controller/ledger"
)

func TestOutboxKeepsTheNewestOfEachItem(t *testing.T) {
	grant := func(n int) outKey {
		return outKey{opGrant, ledger.Item{Name: fmt.Sprint("item-", n), Quality: "normal"}}
	}
	o := newOutbox()
	for g := range int64(10_000) { // nobody reads
		o.put(grant(int(g%3)), g, 0)
	}
	o.put(grant(1), 5, 0) // older news do not replace newer ones
	if len(o.order) != 3 || len(o.numbers) != 3 {
		t.Errorf("%d grants wait, want one per item", len(o.order))
	}
	<-o.ready
	var got []string
	for _, e := range o.take() {
		got = append(got, string(e.Body))
	}
	if want := []string{"item-0/normal=9999", "item-1/normal=9997", "item-2/normal=9998"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	o.put(grant(1), 20_000, 0)
	<-o.ready
	if list := o.take(); len(list) != 1 || string(list[0].Body) != "item-1/normal=20000" {
		t.Errorf("after it was emptied: %v", list)
	}
	full := outKey{opFull, grant(1).item}
	o.put(full, 1, 0)
	o.put(grant(1), 30_000, 0)
	o.put(full, 0, 0)
	list := o.take()
	if len(list) != 2 || o.take() != nil {
		t.Fatalf("a limit and a grant are %v", list)
	}
	if e := list[0]; e.Op != "full" || string(e.Body) != "item-1/normal=0" {
		t.Errorf("of a limit that was reached and no longer is: %v", e)
	}
	if e := list[1]; e.Op != "grant" || string(e.Body) != "item-1/normal=30000" {
		t.Errorf("beside it: %v", e)
	}
	for n := range maxTaken + 1 {
		o.put(grant(n), 1, 0)
	}
	if first, second := o.take(), o.take(); len(first) != maxTaken || len(second) != 1 {
		t.Errorf("many are taken as %d and %d", len(first), len(second))
	}
}
