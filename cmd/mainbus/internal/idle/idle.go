// Package idle lets the toolkit's loop sleep while nothing happens. Fyne's own loop looks for events and changes sixty
// times a second for as long as the program runs; each look wakes several threads, which together cost some percent of a
// core for a window that nobody touches.
package idle

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	nap   = 500 * time.Millisecond // how late something may be noticed that neither the desktop nor Do tells of
	awake = 400 * time.Millisecond // how long the loop runs at its own pace after something happened
)

// A Loop is the toolkit's loop, as far as putting it to sleep goes.
type Loop struct {
	Queue func(func())        // does something on the loop's goroutine, later
	Call  func(func())        // the same, and waits until it is done
	Sleep func(time.Duration) // on the loop's goroutine: returns at the desktop's next event
	Wake  func()              // ends a Sleep, or the next one; from any goroutine

	busy atomic.Bool // something happened since the loop last went to sleep
}

// Do has f done on the loop's goroutine as soon as it can be.
func (l *Loop) Do(f func()) {
	l.busy.Store(true)
	l.Queue(f)
	l.Wake()
}

// Run puts the loop to sleep whenever nothing has happened for a while, until ctx ends. The loop must not end before.
func (l *Loop) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, l.Wake)()
	for ctx.Err() == nil {
		l.busy.Store(false)
		slept := false
		l.Call(func() {
			if ctx.Err() != nil || l.busy.Load() {
				return
			}
			began := time.Now()
			l.Sleep(nap)
			slept = time.Since(began) >= nap
		})
		if slept && !l.busy.Load() {
			continue
		}
		select {
		case <-time.After(awake):
		case <-ctx.Done():
		}
	}
}
