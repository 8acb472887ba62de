package controller

import (
	"context"
	"errors"

	"mainbus/controller/ledger"
	"mainbus/transport/wire"
)

const (
	maxAhead   = 256    // messages of one run that are read ahead of the ledger; further ones wait in the agent
	maxBundled = 16_384 // records that are booked together
)

// inbox reads what an agent says ahead of the ledger: what comes while a transaction is written goes into the next one.
type inbox struct {
	stream   stream
	messages chan *wire.RunUp
	err      error            // why messages was closed
	rest     []*wire.Envelope // of the message that was taken last
	waiting  *wire.RunUp      // was looked at and is next
}

func newInbox(s stream) *inbox { return &inbox{stream: s, messages: make(chan *wire.RunUp, maxAhead)} }

// read ends with the stream, which is closed when its handler returns, or ctx.
func (in *inbox) read(ctx context.Context) {
	defer close(in.messages)
	for {
		up := &wire.RunUp{}
		if in.err = in.stream.Recv(up); in.err != nil {
			return
		}
		select {
		case in.messages <- up:
		case <-ctx.Done():
			in.err = context.Cause(ctx)
			return
		}
	}
}

// next waits for the next message.
func (in *inbox) next() (*wire.RunUp, error) {
	if up := in.waiting; up != nil {
		in.waiting = nil
		return up, nil
	}
	up, ok := <-in.messages
	if !ok {
		return nil, in.err
	}
	return up, nil
}

// envelope returns the next of the message that was taken last, nil at its end.
func (in *inbox) envelope() *wire.Envelope {
	if len(in.rest) == 0 {
		return nil
	}
	e := in.rest[0]
	in.rest = in.rest[1:]
	return e
}

// line returns the next envelope if it is here already and is a line of the bus.
func (in *inbox) line() *wire.Envelope {
	for len(in.rest) == 0 && in.waiting == nil {
		select {
		case up, ok := <-in.messages:
			if !ok {
				return nil
			}
			if in.rest = up.GetEnvelopes().GetList(); len(in.rest) == 0 {
				in.waiting = up
			}
		default:
			return nil
		}
	}
	if len(in.rest) > 0 && isLine(in.rest[0]) {
		return in.envelope()
	}
	return nil
}

func isLine(e *wire.Envelope) bool { return e.GetChannel() == busChannel && !e.GetTruth() }

// bundle is what several lines say together: of each item the newest totals.
type bundle struct {
	lines   []ledger.Totals
	records []ledger.Record
	at      map[ledger.Item]int // place in records; made for the second line
}

// add takes a line in, unless the bundle is full or would hide that a total falls, which the ledger has to see. An empty
// bundle takes any line.
func (b *bundle) add(m ledger.Totals) bool {
	if len(b.lines) == 0 {
		b.lines, b.records = append(b.lines, m), m.Records
		return true
	}
	if len(b.lines) >= maxAhead || len(b.records)+len(m.Records) > maxBundled || !b.index() {
		return false
	}
	for _, r := range m.Records {
		if at, ok := b.at[r.Item]; ok && (r.E < b.records[at].E || r.I < b.records[at].I) {
			return false
		}
	}
	for _, r := range m.Records {
		if at, ok := b.at[r.Item]; ok {
			b.records[at] = r
		} else {
			b.at[r.Item] = len(b.records)
			b.records = append(b.records, r)
		}
	}
	b.lines = append(b.lines, m)
	return true
}

// index finds the items of the first line. It returns false if that tells one twice, which the ledger refuses.
func (b *bundle) index() bool {
	if b.at == nil {
		b.at = make(map[ledger.Item]int, 2*len(b.records))
		for at, r := range b.records {
			b.at[r.Item] = at
		}
		b.records = append(make([]ledger.Record, 0, 2*len(b.records)), b.records...) // the line keeps its own
	}
	return len(b.at) == len(b.records)
}

// totals is the bundle as one message, at the clock of its last line.
func (b *bundle) totals() ledger.Totals {
	m := b.lines[len(b.lines)-1]
	m.Records = b.records
	return m
}

// busLines books a line and those that have come behind it. A line that makes no sense is refused, and the world goes on.
func (s *session) busLines(ctx context.Context, first *wire.Envelope, in *inbox) error {
	var b bundle
	for e := first; e != nil; e = in.line() {
		records, err := s.lines.Parse(e.GetBody())
		if err != nil {
			s.refuse("a line that makes no sense", "err", err)
			if _, err := s.store.Apply(ctx, ledger.Garbled{Slot: s.slot, Epoch: s.epoch}); err != nil {
				return err
			}
			continue
		}
		m := ledger.Totals{Slot: s.slot, Epoch: s.epoch, Records: records, Tick: clock(e.GetTick())}
		if !b.add(m) {
			if err := s.book(ctx, b); err != nil {
				return err
			}
			b = bundle{}
			b.add(m)
		}
	}
	return s.book(ctx, b)
}

func (s *session) book(ctx context.Context, b bundle) error {
	if len(b.lines) == 0 {
		return nil
	}
	err := s.bookOne(ctx, b.totals())
	if len(b.lines) == 1 && errors.Is(err, ledger.ErrInvalid) {
		s.refuse("a line that makes no sense", "err", err) // the ledger has counted it
		return nil
	}
	if errors.Is(err, ledger.ErrInvalid) { // one line is to blame, and the others are as good as without it
		for _, m := range b.lines {
			if err := s.book(ctx, bundle{lines: []ledger.Totals{m}, records: m.Records}); err != nil {
				return err
			}
		}
		return nil
	}
	return err
}

func (s *session) bookOne(ctx context.Context, m ledger.Totals) error {
	replies, err := s.store.Apply(ctx, m)
	for _, r := range replies {
		if refused, ok := r.(ledger.Refused); ok {
			s.refuse("a total that can't be", "item", refused.Item.String())
		}
	}
	return err
}
