package instance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
)

const steadyFlow = `{"autosave_seconds": 3600, "trace": true, "worlds": {"*": {
  "chests": [{"id": "out", "position": [0.5, 0.5]}],
  "flows": [{"make": {"item": "coal", "count": 1, "chest": "out", "every_ticks": 8, "start_tick": 60}}],
  "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]}]}}}`

// The agent's own share of an item's way, both directions: from the line that the game printed to the message that goes to
// the controller, and from the controller's message to the command that arrives in the game.
func TestLatencyThroughTheAgent(t *testing.T) {
	dir := t.TempDir()
	c := &controller{ledger: "beef", times: map[string]time.Time{}}
	a := newAgent(t, dir, simgame.Install(t, steadyFlow), c)
	a.wantRunning(true)
	a.waitLinked()
	sent := map[string]time.Time{}
	const rounds = 40
	last := ""
	for i := range rounds {
		body := fmt.Sprintf("coal/normal=%02d", i)
		last = body
		eventually(t, "the next line", func() bool { n := 0; c.with(func() { n = len(c.times) }); return n > i })
		sent[body] = time.Now()
		c.grant(body)
	}
	trace := filepath.Join(dir, "sim-trace.jsonl")
	eventually(t, "the last command arrives", func() bool {
		text, err := os.ReadFile(trace)
		return err == nil && bytes.Contains(text, []byte(last))
	})
	a.stopGame()

	var up, down []time.Duration
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry struct {
			Nanos int64  `json:"t"`
			Dir   string `json:"dir"`
			Text  string `json:"text"`
		}
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatal(err)
		}
		data := entry.Text[strings.LastIndexByte(entry.Text, ' ')+1:]
		at := time.Unix(0, entry.Nanos)
		if came, ok := c.times[strings.TrimPrefix(data, "r")]; ok && entry.Dir == "out" {
			up = append(up, came.Sub(at))
		}
		if began, ok := sent[strings.TrimPrefix(data, "r")]; ok && entry.Dir == "in" {
			down = append(down, at.Sub(began))
		}
	}
	for name, took := range map[string][]time.Duration{"up": up, "down": down} {
		slices.Sort(took)
		if len(took) < 30 {
			t.Fatalf("%s: only %d measurements", name, len(took))
		}
		t.Logf("%s: p50 %v, p99 %v of %d", name, took[len(took)/2], took[len(took)*99/100], len(took))
		if took[len(took)/2] > 50*time.Millisecond { // a poll would show; a busy machine must not
			t.Errorf("%s: median %v", name, took[len(took)/2])
		}
	}
}
