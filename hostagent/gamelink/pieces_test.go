package gamelink

import (
	"fmt"
	"strings"
	"testing"
)

// A report of 50,000 kinds of goods comes in pieces and is one text again.
func TestReportsComeInPieces(t *testing.T) {
	var text strings.Builder
	for n := range 50_000 {
		fmt.Fprintf(&text, "+item-%d/normal=%d/0/0", n, n)
	}
	var e encoder
	answer := "7 - world core r"
	for rest := text.String(); rest != ""; {
		n := min(len(rest), 200_000)
		data, err := e.encode([]byte(rest[:n]))
		if err != nil {
			t.Fatal(err)
		}
		answer, rest = answer+" bus "+data, rest[n:]
	}
	bound, err := parseBound(answer)
	if err != nil || len(bound.GetReports()) != 2 || string(bound.GetReports()[1].GetBody()) != text.String() {
		t.Errorf("%d reports, %v", len(bound.GetReports()), err)
	}
	data, err := e.encode(make([]byte, MaxBody))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseBound("7 - world" + strings.Repeat(" bus "+data, MaxReports/MaxBody)); err != nil {
		t.Error(err)
	}
	if _, err := parseBound("7 - world" + strings.Repeat(" bus "+data, MaxReports/MaxBody+1)); err == nil {
		t.Error("more than a report may have was taken")
	}
}
