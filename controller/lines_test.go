package controller

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/ledger"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

// spokenStream says what was written down and then that this was all.
type spokenStream struct {
	stream
	said []*wire.RunUp
}

func (s *spokenStream) Recv(m proto.Message) error {
	if len(s.said) == 0 {
		return io.EOF
	}
	proto.Merge(m, s.said[0])
	s.said = s.said[1:]
	return nil
}

// notedStore notes what is to be booked; a message with a count of 13 makes no sense.
type notedStore struct {
	store.Store
	booked []ledger.Message
}

func (s *notedStore) Apply(_ context.Context, m ledger.Message) ([]ledger.Reply, error) {
	s.booked = append(s.booked, m)
	if m, ok := m.(ledger.Totals); ok {
		for _, r := range m.Records {
			if r.E == 13 {
				return nil, ledger.ErrInvalid
			}
		}
	}
	return nil, nil
}

// say books lines that have all come before the first is taken, in one message or each in one of its own.
func say(t *testing.T, gathered bool, lines ...string) (booked []ledger.Message, s *session) {
	t.Helper()
	var stream spokenStream
	var all []*wire.Envelope
	for n, line := range lines {
		body, truth := strings.CutPrefix(line, "truth ")
		e := &wire.Envelope{Channel: busChannel, Body: []byte(body), Truth: truth, Tick: uint64(n + 1)}
		if all = append(all, e); !gathered {
			stream.said = append(stream.said, wire.Up(e))
		}
	}
	if gathered {
		stream.said = append(stream.said, wire.Up(all...))
	}
	noted := &notedStore{}
	s = &session{slot: "a", stream: &stream, store: noted, log: slog.New(slog.DiscardHandler), changed: func() {}}
	in := newInbox(s.stream)
	in.read(t.Context())
	for {
		up, err := in.next()
		if errors.Is(err, io.EOF) {
			return noted.booked, s
		}
		if err := s.take(t.Context(), up, in); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLinesThatWaitAreBookedTogether(t *testing.T) {
	record := func(name string, e, i, w int64) ledger.Record {
		return ledger.Record{Item: ledger.Item{Name: name, Quality: "q"}, E: e, I: i, W: w}
	}
	totals := func(tick int64, records ...ledger.Record) ledger.Message {
		return ledger.Totals{Slot: "a", Tick: tick, Records: records}
	}
	for _, c := range []struct {
		name  string
		lines []string
		want  []ledger.Message
		bad   int // refused
	}{
		{"one", []string{"a/q=1/0/5"}, []ledger.Message{totals(1, record("a", 1, 0, 5))}, 0},
		{"the newest totals count", []string{"a/q=1/0/5+b/q=7/0/0", "a/q=2/0/9", "c/q=1/1/1", "a/q=3/0/2"},
			[]ledger.Message{totals(4, record("a", 3, 0, 2), record("b", 7, 0, 0), record("c", 1, 1, 1))}, 0},
		{"a total that falls is seen", []string{"a/q=1/0/0", "a/q=5/0/0", "a/q=4/0/0", "a/q=6/0/0"},
			[]ledger.Message{totals(2, record("a", 5, 0, 0)), totals(4, record("a", 6, 0, 0))}, 0},
		{"what is not a line is in its place", []string{"a/q=1/0/0", "truth a/q=2/0/0", "a/q=3/0/0"},
			[]ledger.Message{totals(1, record("a", 1, 0, 0)), ledger.Truth{Slot: "a", Tick: 2, Totals: []ledger.Record{record("a", 2, 0, 0)}}, totals(3, record("a", 3, 0, 0))}, 0},
		{"rubbish harms no neighbour", []string{"a/q=1/0/0", "rubbish", "a/q=2/0/0"},
			[]ledger.Message{ledger.Garbled{Slot: "a"}, totals(3, record("a", 2, 0, 0))}, 1},
		{"nor does what the ledger refuses", []string{"a/q=1/0/0", "b/q=13/0/0", "a/q=2/0/0"},
			[]ledger.Message{totals(3, record("a", 2, 0, 0), record("b", 13, 0, 0)),
				totals(1, record("a", 1, 0, 0)), totals(2, record("b", 13, 0, 0)), totals(3, record("a", 2, 0, 0))}, 1},
		{"an item told twice in a line is the ledger's to refuse", []string{"a/q=1/0/0+a/q=2/0/0", "b/q=1/0/0"},
			[]ledger.Message{totals(1, record("a", 1, 0, 0), record("a", 2, 0, 0)), totals(2, record("b", 1, 0, 0))}, 0},
	} {
		for _, gathered := range []bool{false, true} {
			booked, s := say(t, gathered, c.lines...)
			if !reflect.DeepEqual(booked, c.want) || s.refused != c.bad {
				t.Errorf("%s (gathered: %t): booked %+v, want %+v; refused %d, want %d", c.name, gathered, booked, c.want, s.refused, c.bad)
			}
		}
	}
}
