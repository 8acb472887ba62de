package pages

import (
	"context"
	"time"

	"mainbus/controller/api"
)

const readEach = 5 * time.Second // while it is in sight

// A reader reads something again and again while a screen is in sight.
type reader[T any] struct {
	Params
	read  func(ctx context.Context) (T, error)
	show  func(T)
	fail  func(*api.Error)
	leave func() // ends it; nil: it is not in sight
	wake  chan struct{}
}

// newReader makes one that does not read yet. show and fail are called on the user interface's goroutine.
func newReader[T any](p Params, read func(context.Context) (T, error), show func(T), fail func(*api.Error)) *reader[T] {
	return &reader[T]{Params: p, read: read, show: show, fail: fail}
}

// start reads until stop is called.
func (r *reader[T]) start() {
	if r.leave != nil {
		return
	}
	wake := make(chan struct{}, 1)
	r.wake = wake
	r.leave = r.Frame.Go(func(ctx context.Context) {
		for {
			result, err := r.read(ctx)
			if ctx.Err() != nil {
				return
			}
			r.Frame.Do(func() {
				switch {
				case r.wake != wake: // it was stopped meanwhile
				case err != nil:
					r.fail(api.AsError(err))
				default:
					r.show(result)
				}
			})
			select {
			case <-time.After(readEach):
			case <-wake:
			case <-ctx.Done():
				return
			}
		}
	})
}

// again reads soon, if it is in sight: something has changed.
func (r *reader[T]) again() {
	if r.leave == nil {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reader[T]) stop() {
	if r.leave != nil {
		r.leave()
		r.leave, r.wake = nil, nil
	}
}
