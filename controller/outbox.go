package controller

import (
	"sync"

	"mainbus/controller/bus"
	"mainbus/controller/ledger"
	"mainbus/transport/wire"
)

// outbox holds the grants that wait to be sent to one run. They are totals, so of one item only the newest is kept: an
// agent that does not read costs one number per item and blocks nobody.
type outbox struct {
	mu     sync.Mutex
	totals map[ledger.Item]int64
	order  []ledger.Item
	ready  chan struct{} // gets a value after put; one may stand for several
}

func newOutbox() *outbox {
	return &outbox{totals: map[ledger.Item]int64{}, ready: make(chan struct{}, 1)}
}

// put never blocks.
func (o *outbox) put(item ledger.Item, g int64) {
	o.mu.Lock()
	before, waits := o.totals[item]
	if !waits {
		o.order = append(o.order, item)
	}
	o.totals[item] = max(before, g)
	o.mu.Unlock()
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// take returns the grant that has waited longest, nil if none does. Each item is an envelope of its own: a newer one can
// then take its place wherever it still waits on its way.
func (o *outbox) take() *wire.Envelope {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) == 0 {
		o.order = nil // let go of what was taken
		return nil
	}
	item := o.order[0]
	o.order = o.order[1:]
	g := o.totals[item]
	delete(o.totals, item)
	return &wire.Envelope{
		Channel: busChannel, Op: "grant", Class: wire.Class_CLASS_BUS,
		Key: string(bus.AppendKey(nil, item)), Body: bus.AppendGrant(nil, item, g),
	}
}
