package controller

import (
	"fmt"
	"slices"
	"testing"

	"mainbus/controller/ledger"
)

func TestOutboxKeepsTheNewestOfEachItem(t *testing.T) {
	item := func(n int) ledger.Item { return ledger.Item{Name: fmt.Sprint("item-", n), Quality: "normal"} }
	o := newOutbox()
	for g := range int64(10_000) { // nobody reads
		o.put(item(int(g%3)), g)
	}
	o.put(item(1), 5) // older news do not replace newer ones
	if len(o.order) != 3 || len(o.totals) != 3 {
		t.Errorf("%d grants wait, want one per item", len(o.order))
	}
	<-o.ready
	var got []string
	for e := o.take(); e != nil; e = o.take() {
		got = append(got, string(e.Body))
	}
	if want := []string{"item-0/normal=9999", "item-1/normal=9997", "item-2/normal=9998"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	o.put(item(1), 20_000)
	<-o.ready
	if e := o.take(); e == nil || string(e.Body) != "item-1/normal=20000" {
		t.Errorf("after it was emptied: %v", e)
	}
}
