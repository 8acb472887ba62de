package store

import (
	"slices"
	"sync"
	"time"
)

// times remembers how long the last transactions took.
type times struct {
	mu   sync.Mutex
	ring [512]time.Duration
	n    int // ever added
}

func (t *times) add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring[t.n%len(t.ring)] = d
	t.n++
}

func (t *times) quantiles() (p50, p99 time.Duration) {
	t.mu.Lock()
	sorted := slices.Clone(t.ring[:min(t.n, len(t.ring))])
	t.mu.Unlock()
	if len(sorted) == 0 {
		return 0, 0
	}
	slices.Sort(sorted)
	last := len(sorted) - 1
	return sorted[last/2], sorted[last*99/100]
}
