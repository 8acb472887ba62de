package gamelog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxTrace bounds what waits to be written; entries beyond it are dropped.
const maxTrace = 64 << 20

// trace writes down when each line was printed and each command arrived. A goroutine does the writing, so that a slow
// disk does not slow the game; close ends it.
type trace struct {
	file *os.File
	wake chan struct{}
	stop chan struct{}
	done chan struct{}

	mu      sync.Mutex
	waiting bytes.Buffer
}

// Entry is a line of the trace: when, whether it went out or came in, and what it was.
type Entry struct {
	Nanos int64  `json:"t"`
	Dir   string `json:"dir"`
	Text  string `json:"text"`
}

func openTrace(dir string) (*trace, error) {
	f, err := os.OpenFile(filepath.Join(dir, "sim-trace.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	t := &trace{file: f, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go t.run()
	return t, nil
}

func (t *trace) add(dir, text string) {
	line, err := json.Marshal(Entry{time.Now().UnixNano(), dir, text})
	if err != nil {
		return
	}
	t.mu.Lock()
	if t.waiting.Len() < maxTrace {
		t.waiting.Write(line)
		t.waiting.WriteByte('\n')
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default: // it is awake or about to be
	}
}

func (t *trace) run() {
	defer close(t.done)
	for {
		select {
		case <-t.wake:
			t.flush()
		case <-t.stop:
			t.flush()
			return
		}
	}
}

func (t *trace) flush() {
	t.mu.Lock()
	lines := bytes.Clone(t.waiting.Bytes())
	t.waiting.Reset()
	t.mu.Unlock()
	_, _ = t.file.Write(lines) // a full disk must not stop the game
}

// close writes what waits. What is added later is lost.
func (t *trace) close() {
	close(t.stop)
	<-t.done
	t.file.Close()
}
