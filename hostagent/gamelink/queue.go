package gamelink

import (
	"errors"
	"sync"

	"google.golang.org/protobuf/proto"

	"mainbus/transport/wire"
)

const (
	maxQueued      = 4096
	maxQueuedBytes = 16 << 20 // a report, and what comes behind it
)

// ErrFull says that more waits than a queue may hold. Whoever gets it ends the attachment: the next bind repairs
// what is lost with it.
var ErrFull = errors.New("too many messages wait")

// Queue holds envelopes on their way, most urgent class first, in order within a class. One with a key takes the
// place of the one with the same class, channel and key that still waits. It may be used by any goroutine.
type Queue struct {
	mu    sync.Mutex
	lists [wire.Class_CLASS_LEVELS + 1][]*waiting
	keys  map[place]*waiting
	count int
	bytes int
	ready chan struct{}
}

// waiting is an envelope in the queue.
type waiting struct {
	*wire.Envelope
	size int
}

// place is what only one envelope may wait under.
type place struct {
	class        wire.Class
	channel, key string
}

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{keys: map[place]*waiting{}, ready: make(chan struct{}, 1)} }

// Ready gets a value after Push; one value may stand for several.
func (q *Queue) Ready() <-chan struct{} { return q.ready }

// Len returns how many envelopes wait.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// Push adds envelopes, which then belong to the queue, or says ErrFull. They are there all at once.
func (q *Queue) Push(list ...*wire.Envelope) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range list {
		if err := q.push(e); err != nil {
			return err
		}
	}
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return nil
}

func (q *Queue) push(e *wire.Envelope) error {
	w := &waiting{e, proto.Size(e)}
	if old := q.keys[placeOf(e)]; old != nil {
		if q.bytes+w.size-old.size > maxQueuedBytes {
			return ErrFull
		}
		q.bytes += w.size - old.size
		*old = *w
		return nil
	}
	if q.count >= maxQueued || q.bytes+w.size > maxQueuedBytes {
		return ErrFull
	}
	list := &q.lists[classOf(e)]
	*list = append(*list, w)
	if e.Key != "" {
		q.keys[placeOf(e)] = w
	}
	q.count++
	q.bytes += w.size
	return nil
}

// Pop takes the first envelope for which may is true; nil if there is none.
func (q *Queue) Pop(may func(*wire.Envelope) bool) *wire.Envelope {
	q.mu.Lock()
	defer q.mu.Unlock()
	for class, list := range q.lists {
		for i, w := range list {
			if may(w.Envelope) {
				copy(list[i:], list[i+1:])
				list[len(list)-1] = nil
				q.lists[class] = list[:len(list)-1]
				q.forget(w)
				return w.Envelope
			}
		}
	}
	return nil
}

// Take takes every envelope for which may is true, which is asked in their order.
func (q *Queue) Take(may func(*wire.Envelope) bool) (taken []*wire.Envelope) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for class, list := range q.lists {
		kept := list[:0]
		for _, w := range list {
			if may(w.Envelope) {
				taken = append(taken, w.Envelope)
				q.forget(w)
			} else {
				kept = append(kept, w)
			}
		}
		clear(list[len(kept):])
		q.lists[class] = kept
	}
	return taken
}

func (q *Queue) forget(w *waiting) {
	q.count--
	q.bytes -= w.size
	if w.Key != "" {
		delete(q.keys, placeOf(w.Envelope))
	}
}

func placeOf(e *wire.Envelope) place { return place{classOf(e), e.Channel, e.Key} }

// classOf gives what names no class the last place.
func classOf(e *wire.Envelope) wire.Class {
	if e.Class <= wire.Class_CLASS_UNSPECIFIED || e.Class > wire.Class_CLASS_LEVELS {
		return wire.Class_CLASS_LEVELS
	}
	return e.Class
}
