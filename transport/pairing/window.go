package pairing

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Forty bits against twenty guesses: one in 5e10 that a stranger gets in before a person has to look.
const (
	codeLife    = 10 * time.Minute
	perCode     = 5  // failures that a code survives
	perWindow   = 20 // failures after which only a person opens the window again
	backOffBase = 2 * time.Second
	backOffMost = 8              // doublings
	remembered  = 24 * time.Hour // how long failures make the waits longer, also of windows opened later
)

// Why a try is refused; the text is for the person at the controller.
var (
	ErrClosed  = errors.New("this host is not in pairing mode: open pairing on it")
	ErrBusy    = errors.New("another pairing is under way: try again in a moment")
	ErrBackOff = errors.New("too many wrong codes: wait, then type the new code that the host shows")
)

// Window is an agent's willingness to pair. While it is open there is a code, which is replaced when it has lived
// ten minutes or seen five failures. The zero Window is closed. It is safe for concurrent use.
type Window struct {
	mu        sync.Mutex
	open      bool
	busy      bool
	code      Code
	expires   time.Time
	notBefore time.Time
	failures  int       // in this window
	total     int       // in all of them of late
	latest    time.Time // failure
}

// Open starts pairing mode with a new code, and with all its tries. A wait that wrong codes have caused goes on: whoever
// guesses gains nothing when a person opens the window again.
func (w *Window) Open(now time.Time) Code {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open, w.failures = true, 0
	w.renew(now)
	return w.code
}

// Close ends pairing mode. A try that is under way may still succeed.
func (w *Window) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = false
}

// Code returns the code to show and when it will be replaced. ok is false while the window is closed.
func (w *Window) Code(now time.Time) (code Code, expires time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.open {
		return "", time.Time{}, false
	}
	w.refresh(now)
	return w.code, w.expires, true
}

// Try admits one pairing attempt and returns the code that it must know. The caller calls release exactly when
// the attempt has ended: success closes the window, everything else counts as a wrong guess.
func (w *Window) Try(now time.Time) (code Code, release func(success bool), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !w.open:
		return "", nil, ErrClosed
	case w.busy:
		return "", nil, ErrBusy
	case now.Before(w.notBefore):
		wait := w.notBefore.Sub(now).Round(time.Second)
		return "", nil, fmt.Errorf("%w (%v left)", ErrBackOff, max(wait, time.Second))
	}
	w.refresh(now)
	w.busy = true
	start := time.Now()
	var once sync.Once
	return w.code, func(success bool) {
		once.Do(func() { w.release(now.Add(time.Since(start)), success) })
	}, nil
}

func (w *Window) release(now time.Time, success bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	if success {
		w.open = false
		return
	}
	if !w.open {
		return
	}
	if now.Sub(w.latest) > remembered {
		w.total = 0
	}
	w.failures, w.total, w.latest = w.failures+1, w.total+1, now
	if w.failures%perCode == 0 {
		w.notBefore = now.Add(backOffBase << min(w.total/perCode-1, backOffMost))
		w.renew(now)
	}
	if w.failures >= perWindow {
		w.open = false
	}
}

// Standing is how pairing stands, for people on both sides; empty when nothing is wrong.
func (w *Window) Standing(now time.Time) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := perCode - w.failures%perCode
	switch {
	case !w.open && w.failures >= perWindow:
		return fmt.Sprintf("pairing was closed after %d wrong codes: open it again on the host", w.failures)
	case !w.open || w.failures == 0:
		return ""
	case now.Before(w.notBefore):
		return fmt.Sprintf("%d wrong codes: the host shows another code, which is taken in %v", w.failures, max(w.notBefore.Sub(now).Round(time.Second), time.Second))
	}
	return fmt.Sprintf("%d wrong codes: after %d more the host shows another code", w.failures, left)
}

func (w *Window) refresh(now time.Time) {
	if !now.Before(w.expires) {
		w.renew(now)
	}
}

func (w *Window) renew(now time.Time) {
	w.code, w.expires = NewCode(), now.Add(codeLife)
}
