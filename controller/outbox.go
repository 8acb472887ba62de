package controller

import (
	"sync"

	"mainbus/controller/bus"
	"mainbus/controller/ledger"
	"mainbus/transport/wire"
)

// Operations of the bus channel (docs/gamelink.md).
const (
	opGrant = "grant"
	opFull  = "full"
)

// outKey is what a record is about. Of several only the newest counts.
type outKey struct {
	op   string
	item ledger.Item
}

// told is a number to be told, and the sum beside a grant.
type told struct{ n, sum int64 }

// outbox holds what waits to be told to one run: grants, which are totals, and limits that are reached or no longer. Of
// each item only the newest is kept: an agent that does not read costs two numbers per item and blocks nobody.
type outbox struct {
	mu      sync.Mutex
	numbers map[outKey]told
	order   []outKey
	ready   chan struct{} // gets a value after put; one may stand for several
}

func newOutbox() *outbox {
	return &outbox{numbers: map[outKey]told{}, ready: make(chan struct{}, 1)}
}

// put never blocks.
func (o *outbox) put(key outKey, n, sum int64) {
	o.mu.Lock()
	before, waits := o.numbers[key]
	if !waits {
		o.order = append(o.order, key)
	}
	if !waits || key.op != opGrant || n > before.n {
		o.numbers[key] = told{n, sum}
	}
	o.mu.Unlock()
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// maxTaken is how many records are sent as one message.
const maxTaken = 256

// take returns what has waited longest, nothing if nothing does. Each record is an envelope of its own: a newer one can then
// take its place wherever it still waits on its way, and the agent joins those that wait for the game.
func (o *outbox) take() (list []*wire.Envelope) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(o.order), maxTaken)
	for _, key := range o.order[:n] {
		list = append(list, envelope(key, o.numbers[key]))
		delete(o.numbers, key)
	}
	if o.order = o.order[n:]; len(o.order) == 0 {
		o.order = nil // let go of what was taken
	}
	return list
}

func envelope(key outKey, n told) *wire.Envelope {
	name, body := string(bus.AppendKey(nil, key.item)), []byte(nil)
	if key.op == opGrant {
		body = bus.AppendGrant(nil, key.item, n.n, n.sum)
	} else {
		name, body = key.op+" "+name, bus.AppendNumber(nil, key.item, n.n)
	}
	return &wire.Envelope{Channel: busChannel, Op: key.op, Class: wire.Class_CLASS_BUS, Key: name, Body: body, Joins: true}
}
