package api

import (
	"context"
	"sync"
	"time"
)

const (
	denialInterval = 100 * time.Millisecond
	denialBurst    = 500 // denials that a caller may get in a row without waiting
	maxPaced       = 1000
)

// A pace makes callers wait who are denied again and again, so that what is recorded of them does not push out everything else.
type pace struct {
	mu   sync.Mutex
	next map[string]time.Time // by key: when it would have had all its denials if it had got them one after the other
}

func (p *pace) wait(ctx context.Context, key string) {
	now := time.Now()
	earliest := now.Add(-denialBurst * denialInterval)
	p.mu.Lock()
	if len(p.next) > maxPaced {
		for key, at := range p.next {
			if at.Before(earliest) {
				delete(p.next, key)
			}
		}
	}
	at := p.next[key]
	if at.Before(earliest) {
		at = earliest
	}
	at = at.Add(denialInterval)
	p.next[key] = at
	p.mu.Unlock()
	select {
	case <-time.After(at.Sub(now)):
	case <-ctx.Done():
	}
}
