// Package signal wakes goroutines that wait for something to happen.
package signal

import "sync"

// A Signal wakes everybody who waits for the next event. The zero value is ready; it may be used by any goroutine.
type Signal struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

// Wait returns a channel that is closed at the next event.
func (s *Signal) Wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

// Fire is an event.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
