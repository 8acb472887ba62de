package main

import (
	"testing"
	"time"

	"mainbus/controller/api"
)

func TestDescribeTellsWhatHoldsForAnInstance(t *testing.T) {
	at := time.Date(2026, 8, 2, 10, 20, 30, 0, time.Local)
	for _, test := range []struct {
		name string
		i    api.Instance
		want string
	}{
		{"nothing else", api.Instance{State: "running"}, "running"},
		{"decided on the host", api.Instance{State: "stopped", DecidedHere: "stopped"}, "stopped; stopped as was decided on its host"},
		{"tried again", api.Instance{State: "failed", Cause: "No map.", RetryAt: &at}, "failed: No map.; it is tried again at 10:20:30"},
		{"warning", api.Instance{State: "running", Warning: "It prints too much."}, "running; It prints too much."},
	} {
		if got := describe(test.i); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
