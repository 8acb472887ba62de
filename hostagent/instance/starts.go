package instance

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// startTime is how long a start holds its place at most: a map that takes longer to load does not keep others waiting for ever.
const startTime = 2 * time.Minute

// Starts lets the games of one agent start one after the other, at most so many at a time, those of lower order first. A start holds
// its place until its game answers or has failed.
type Starts struct {
	mu      sync.Mutex
	most    int
	taken   map[string]*time.Timer
	waiting []start
}

// start is an instance that wants to start, or is expected to (place is nil).
type start struct {
	id    string
	order uint32
	place chan struct{}
}

// SetMost says how many may be starting at a time; 0: as many as there are processors, but two at least.
func (s *Starts) SetMost(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = cmp.Or(n, max(2, runtime.NumCPU()))
	s.next()
}

// Expect says that an instance is about to decide whether it starts, by enter or Leave: others of higher order wait for that.
func (s *Starts) Expect(id string, order uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[id] == nil {
		s.put(start{id: id, order: order})
	}
}

func (s *Starts) put(w start) {
	s.waiting = slices.DeleteFunc(s.waiting, func(x start) bool { return x.id == w.id })
	at, _ := slices.BinarySearchFunc(s.waiting, w, func(a, b start) int { return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.id, b.id)) })
	s.waiting = slices.Insert(s.waiting, at, w)
}

// enter waits for a place. The error is that of ctx.
func (s *Starts) enter(ctx context.Context, id string, order uint32) error {
	place := make(chan struct{})
	s.mu.Lock()
	s.put(start{id, order, place})
	s.next()
	s.mu.Unlock()
	select {
	case <-place:
		return nil
	case <-ctx.Done():
		s.Leave(id)
		return context.Cause(ctx)
	}
}

// Leave gives a place back, or says that the instance does not want one.
func (s *Starts) Leave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if timer := s.taken[id]; timer != nil {
		timer.Stop()
		delete(s.taken, id)
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(x start) bool { return x.id == id })
	s.next()
}

// next lets in who may. It is called with the lock held.
func (s *Starts) next() {
	if s.taken == nil {
		s.taken = map[string]*time.Timer{}
	}
	most := cmp.Or(s.most, max(2, runtime.NumCPU()))
	for len(s.waiting) > 0 && s.waiting[0].place != nil && len(s.taken) < most {
		first := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.taken[first.id] = time.AfterFunc(startTime, func() { s.Leave(first.id) })
		close(first.place)
	}
}
