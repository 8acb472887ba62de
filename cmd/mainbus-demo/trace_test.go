package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mainbus/cmd/internal/testbed"
)

func TestLatenciesFromTraces(t *testing.T) {
	sender := []traceEntry{
		{Nanos: 1000, Dir: "out", Text: "   0.123 Info Something.cpp:1: a log line"},
		{Nanos: 2000, Dir: "out", Text: "mainbus:1 50 0 1.1 1 1/1 9 bus - rprocessing-unit/normal=1/0/0"},
		{Nanos: 2500, Dir: "out", Text: "mainbus:1 50 0 1.1 2 1/1 9 bus - riron-plate/normal=7/0/0"},
		{Nanos: 3000, Dir: "out", Text: "mainbus:1 50 0 1.1 3 1/1 9 bus - riron-plate/normal=8/0/0+processing-unit/normal=2/0/0"},
		{Nanos: 9000, Dir: "out", Text: "mainbus:1 50 0 1.2 1 1/1 9 bus - rprocessing-unit/normal=2/0/0"},
	}
	receiver := []traceEntry{
		{Nanos: 2400, Dir: "in", Text: "/mainbus 50 0 7 1/1 1.1 bus grant rprocessing-unit/normal=1"},
		{Nanos: 2450, Dir: "in", Text: "/mainbus 50 0 8 1/1 1.1 core beat r"},
		{Nanos: 3300, Dir: "in", Text: "/mainbus 50 0 9 1/1 1.1 bus grant rprocessing-unit/normal=2"},
		{Nanos: 3900, Dir: "in", Text: "/mainbus 50 0 10 1/1 1.1 bus grant rprocessing-unit/normal=2"},
	}
	got := latencies(firstTold(sender, "processing-unit/normal"), firstGranted(receiver, "processing-unit/normal"))
	if want := []time.Duration{300, 400}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReadTraceBearsAHalfWrittenLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(file, []byte("{\"t\":1,\"dir\":\"in\",\"text\":\"x\"}\n{\"t\":2,\"di"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readTrace(file)
	if err != nil || len(got) != 1 || got[0].Text != "x" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDifferenceCountsEveryPlace(t *testing.T) {
	tests := []struct {
		name string
		sum  testbed.ItemSum
		want int64
	}{
		{"all there", testbed.ItemSum{Made: 100, Consumed: 20, InWorlds: 50, OnBus: 25, InFlight: 5}, 0},
		{"a debt is negative stock", testbed.ItemSum{Made: 100, InWorlds: 110, Owed: 10}, 0},
		{"one doubled", testbed.ItemSum{Made: 100, InWorlds: 100, OnBus: 1}, 1},
		{"one lost", testbed.ItemSum{Made: 100, InWorlds: 99}, -1},
	}
	for _, test := range tests {
		if got := test.sum.Difference(); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
