package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"mainbus/cmd/internal/testbed"
)

// A summary is what the demo states at the end; every statement in it has been checked.
type summary struct {
	Hosts     []hostSummary     `json:"hosts"`
	Instances []instanceSummary `json:"instances"`
	Bus       busSummary        `json:"bus"`
	Kills     []killSummary     `json:"kills"`

	sums   []testbed.ItemSum
	checks []check
}

type hostSummary struct {
	Name         string `json:"name"`
	DiscoveredBy string `json:"discovered_by"`
	Paired       bool   `json:"paired"`
}

type instanceSummary struct {
	Name  string `json:"name"`
	Host  string `json:"host"`
	State string `json:"state"`
}

type busSummary struct {
	Sent      int64          `json:"sent"`
	Received  int64          `json:"received"`
	InFlight  int64          `json:"in_flight"`
	Conserved bool           `json:"conserved"`
	Latency   latencySummary `json:"latency_ms"`
	transfers int
}

type latencySummary struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

type killSummary struct {
	What        string `json:"what"`
	BackAfterMS int64  `json:"back_after_ms"`
}

type check struct {
	text string
	ok   bool
}

func (s *summary) check(ok bool, format string, args ...any) {
	s.checks = append(s.checks, check{text: fmt.Sprintf(format, args...), ok: ok})
}

func (s *summary) print(out io.Writer) {
	fmt.Fprintln(out, "\nSummary")
	fmt.Fprintf(out, "  %-22s %10s %10s %10s %10s %10s %10s\n", "item", "made", "consumed", "in worlds", "on bus", "owed", "difference")
	for _, i := range s.sums {
		fmt.Fprintf(out, "  %-22s %10d %10d %10d %10d %10d %10d\n", i.Goods, i.Made, i.Consumed, i.InWorlds, i.OnBus, i.Owed, i.Difference())
	}
	fmt.Fprintln(out)
	for _, c := range s.checks {
		mark := "ok    "
		if !c.ok {
			mark = "FAILED"
		}
		fmt.Fprintf(out, "  %s %s\n", mark, c.text)
	}
}

func (s *summary) write(file string) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the summary: %w", err)
	}
	if err := os.WriteFile(file, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

var errNotHeld = errors.New("not everything that the summary states holds")

func (s *summary) verdict() error {
	for _, c := range s.checks {
		if !c.ok {
			return errNotHeld
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
