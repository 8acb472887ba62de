package life

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, text string) *Life {
	t.Helper()
	var events []Event
	if err := json.Unmarshal([]byte(text), &events); err != nil {
		t.Fatal(err)
	}
	l, err := New(events, 7)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run returns "tick:player" for each join due in the ticks from first to last.
func run(l *Life, first, last uint64) []string {
	var out []string
	for tick := first; tick <= last; tick++ {
		for _, a := range l.Due(tick) {
			out = append(out, fmt.Sprintf("%d:%s", tick, a.Join.Player))
		}
	}
	return out
}

func TestDue(t *testing.T) {
	l := read(t, `[
		{"tick": 3, "join": {"player": "a"}},
		{"tick": 2, "every_ticks": 4, "times": 2, "join": {"player": "b"}},
		{"every_ticks": 5, "join": {"player": "c"}}]`)
	if got := fmt.Sprint(run(l, 1, 11)); got != "[1:c 2:b 3:a 5:c 6:b 10:c]" {
		t.Errorf("got %s", got)
	}
}

func TestRandomLifeIsTheSameEachTimeAndSurvivesASave(t *testing.T) {
	const text = `[{"every_ticks": 100, "random": true, "times": 20, "join": {"player": "a"}}]`
	want := run(read(t, text), 1, 2000)
	l := read(t, text)
	got := run(l, 1, 700)
	data, err := l.Save()
	if err != nil {
		t.Fatal(err)
	}
	if l, err = Load(data); err != nil {
		t.Fatal(err)
	}
	got = append(got, run(l, 701, 2000)...)
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) != 20 {
		t.Errorf("got %v, want %v", got, want)
	}
	if regular := strings.Count(fmt.Sprint(want), "00:"); regular > 5 {
		t.Errorf("%d of 20 at the beginning of their time", regular)
	}
}

func TestSecondsPassWithoutTicks(t *testing.T) {
	l := read(t, `[{"seconds": 2, "chat": {"player": "a", "text": "x"}}, {"seconds": 1, "console": "/time"}]`)
	if next, ok := l.NextAfter(); next != time.Second || !ok {
		t.Errorf("next after %v, %v", next, ok)
	}
	if due := l.DueAfter(1500 * time.Millisecond); len(due) != 1 || due[0].Console != "/time" {
		t.Errorf("got %+v", due)
	}
	if due := l.DueAfter(time.Hour); len(due) != 1 || due[0].Chat.Text != "x" {
		t.Errorf("got %+v", due)
	}
	if _, ok := l.NextAfter(); ok || len(l.Due(1000)) > 0 || len(l.DueAfter(time.Hour)) > 0 {
		t.Error("more than once")
	}
}

func TestEventsThatMakeNoSense(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"join": {}}`, `{"join": {"player": "a"}, "console": "x"}`, `{"chat": {"player": "a"}, "leave": {"player": "a"}}`,
		`{"random": true, "console": "x"}`, `{"seconds": 1, "tick": 2, "console": "x"}`, `{"carry": {"player": "a"}}`,
	} {
		var e Event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if e.Check() == nil {
			t.Errorf("took %s", text)
		}
	}
}
