package gamelink

import (
	"errors"
	"sync"

	"google.golang.org/protobuf/proto"

	"mainbus/transport/wire"
)

const (
	maxQueued      = 4096
	maxQueuedBytes = 8 << 20
)

// ErrFull says that more waits than a queue may hold. Whoever gets it ends the attachment: the next bind repairs
// what is lost with it.
var ErrFull = errors.New("too many messages wait")

// Queue holds envelopes on their way, most urgent class first, in order within a class. One with a key takes the
// place of the one with the same channel and key that still waits. It may be used by any goroutine.
type Queue struct {
	mu    sync.Mutex
	lists [wire.Class_CLASS_LEVELS + 1][]*wire.Envelope
	count int
	bytes int
	ready chan struct{}
}

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{ready: make(chan struct{}, 1)} }

// Ready gets a value after Push; one value may stand for several.
func (q *Queue) Ready() <-chan struct{} { return q.ready }

// Push adds e, which then belongs to the queue, or says ErrFull.
func (q *Queue) Push(e *wire.Envelope) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := &q.lists[classOf(e)]
	size := proto.Size(e)
	if waiting := findKey(*list, e); waiting >= 0 {
		q.bytes += size - proto.Size((*list)[waiting])
		(*list)[waiting] = e
		return nil
	}
	if q.count >= maxQueued || q.bytes+size > maxQueuedBytes {
		return ErrFull
	}
	*list = append(*list, e)
	q.count++
	q.bytes += size
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return nil
}

// Pop takes the first envelope for which may is true; nil if there is none.
func (q *Queue) Pop(may func(*wire.Envelope) bool) *wire.Envelope {
	q.mu.Lock()
	defer q.mu.Unlock()
	for class := range q.lists {
		list := q.lists[class]
		for i, e := range list {
			if may(e) {
				copy(list[i:], list[i+1:])
				list[len(list)-1] = nil
				q.lists[class] = list[:len(list)-1]
				q.count--
				q.bytes -= proto.Size(e)
				return e
			}
		}
	}
	return nil
}

// classOf gives what names no class the last place.
func classOf(e *wire.Envelope) wire.Class {
	if e.Class <= wire.Class_CLASS_UNSPECIFIED || e.Class > wire.Class_CLASS_LEVELS {
		return wire.Class_CLASS_LEVELS
	}
	return e.Class
}

func findKey(list []*wire.Envelope, e *wire.Envelope) int {
	if e.Key == "" {
		return -1
	}
	for i, waiting := range list {
		if waiting.Key == e.Key && waiting.Channel == e.Channel {
			return i
		}
	}
	return -1
}
