package idle

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// loop is a toolkit's loop: it does what is queued, and counts its looks at 60 a second.
type loop struct {
	Loop
	queue chan func()
	event chan struct{} // from the desktop
	looks atomic.Int64
	naps  atomic.Int64
}

func newLoop() *loop {
	l := &loop{queue: make(chan func(), 100), event: make(chan struct{}, 1)}
	l.Queue = func(f func()) { l.queue <- f }
	l.Call = func(f func()) {
		done := make(chan struct{})
		l.queue <- func() { defer close(done); f() }
		<-done
	}
	l.Sleep = func(d time.Duration) {
		l.naps.Add(1)
		select {
		case <-l.event:
		case <-time.After(d):
		}
	}
	l.Wake = func() {
		select {
		case l.event <- struct{}{}:
		default:
		}
	}
	return l
}

// run runs the loop until ctx ends, and what puts it to sleep.
func (l *loop) run(ctx context.Context, t *testing.T) {
	tick := time.NewTicker(time.Second / 60)
	go func() {
		defer tick.Stop()
		for {
			select {
			case f := <-l.queue:
				f()
			case <-tick.C:
				l.looks.Add(1)
			case <-t.Context().Done():
				return
			}
		}
	}()
	go l.Run(ctx)
}

func TestALoopWithNothingToDoSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop()
		l.run(t.Context(), t)
		time.Sleep(10 * time.Second)
		if naps, looks := l.naps.Load(), l.looks.Load(); naps < 17 || looks > 60 {
			t.Errorf("in ten quiet seconds it slept %d times and looked %d times", naps, looks)
		}
	})
}

func TestWhatIsToBeDoneWakesTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop()
		l.run(t.Context(), t)
		time.Sleep(5*time.Second + nap/3) // in the middle of a nap
		began := time.Now()
		done := make(chan struct{})
		l.Do(func() { close(done) })
		<-done
		if waited := time.Since(began); waited > time.Millisecond {
			t.Errorf("it was done after %v", waited)
		}
		synctest.Wait()
		before := l.looks.Load()
		time.Sleep(awake)
		if looks := l.looks.Load() - before; looks < 20 {
			t.Errorf("after something was done the loop looked only %d times in %v", looks, awake)
		}
	})
}

func TestAnEventOfTheDesktopKeepsTheLoopAwake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop()
		l.run(t.Context(), t)
		time.Sleep(5*time.Second + nap/3)
		before := l.looks.Load()
		l.event <- struct{}{}
		time.Sleep(awake)
		if looks := l.looks.Load() - before; looks < 20 {
			t.Errorf("after an event the loop looked only %d times in %v", looks, awake)
		}
	})
}

func TestRunEndsWithItsContextInTheMiddleOfASleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop()
		ctx, cancel := context.WithCancel(t.Context())
		l.run(ctx, t)
		time.Sleep(5*time.Second + nap/3)
		cancel()
		synctest.Wait()
		naps := l.naps.Load()
		time.Sleep(5 * time.Second)
		if l.naps.Load() != naps {
			t.Error("it goes on")
		}
	})
}
