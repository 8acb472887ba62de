package controller

import (
	"testing"

	"mainbus/controller/ledger"
)

// closedStream only notes that it was closed.
type closedStream struct {
	stream
	closed bool
}

func (s *closedStream) Close() { s.closed = true }

func TestTheLedgerEndsTheRunThatItNames(t *testing.T) {
	r := newRuns()
	epoch := ledger.Epoch{Incarnation: 1, Number: 2}
	var s closedStream
	if !r.add(&session{slot: "a", epoch: epoch, stream: &s}) {
		t.Fatal("the first run was not taken")
	}
	r.push(ledger.Fenced{Slot: "b", Epoch: epoch})
	r.push(ledger.Fenced{Slot: "a", Epoch: ledger.Epoch{Incarnation: 1, Number: 1}})
	if s.closed {
		t.Error("a run was ended that was not named")
	}
	r.push(ledger.Fenced{Slot: "a", Epoch: epoch})
	if !s.closed {
		t.Error("the run goes on")
	}
}
