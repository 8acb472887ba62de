package view

import (
	"context"
	"time"
)

// A Search asks while the user types: once typing pauses, off the user interface's goroutine, and only the newest question's answer is
// shown. Ask and Stop belong to the user interface's goroutine.
type Search[Q, R any] struct {
	Pause time.Duration                                        // of typing; the first question is not kept waiting
	Go    func(work func(ctx context.Context)) (cancel func()) // runs work in a goroutine of its own
	Do    func(f func())                                       // runs a function on the user interface's goroutine
	Find  func(ctx context.Context, q Q) (R, error)            // may block
	Show  func(q Q, r R, err error)

	newest int // counts questions
	cancel func()
	asked  bool
	asking bool // the newest question has no answer yet
}

// Asking tells whether the newest question has no answer yet.
func (s *Search[Q, R]) Asking() bool { return s.asking }

// Ask asks, in place of what was asked before.
func (s *Search[Q, R]) Ask(q Q) {
	pause := s.Pause
	if !s.asked {
		pause = 0
	}
	s.ask(q, pause)
}

// Now asks at once: nobody types.
func (s *Search[Q, R]) Now(q Q) { s.ask(q, 0) }

// Again asks once more a while later, unless something else is asked before.
func (s *Search[Q, R]) Again(q Q, later time.Duration) { s.ask(q, later) }

func (s *Search[Q, R]) ask(q Q, pause time.Duration) {
	s.Stop()
	s.asked, s.asking = true, true
	mine := s.newest
	s.cancel = s.Go(func(ctx context.Context) {
		if pause > 0 {
			if sleep(ctx, pause); ctx.Err() != nil {
				return
			}
		}
		r, err := s.Find(ctx, q)
		if ctx.Err() != nil {
			return
		}
		s.Do(func() {
			if s.newest == mine {
				s.asking = false
				s.Show(q, r, err)
			}
		})
	})
}

// Stop ends what is asked; its answer is not shown.
func (s *Search[Q, R]) Stop() {
	s.newest++
	s.asking = false
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
}
