package view

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Slow answers to older questions come late, whatever their order, and are not shown.
func TestOnlyTheNewestAnswerIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var found, shown []string
		work := sync.WaitGroup{}
		s := &Search[string, string]{
			Pause: 30 * time.Millisecond,
			Go: func(f func(context.Context)) func() {
				ctx, cancel := context.WithCancel(t.Context())
				work.Go(func() { f(ctx) })
				return cancel
			},
			Do: func(f func()) { mu.Lock(); defer mu.Unlock(); f() },
			Find: func(_ context.Context, q string) (string, error) { // deaf to its end
				mu.Lock()
				found = append(found, q)
				mu.Unlock()
				time.Sleep(time.Duration(10-len(q)) * 20 * time.Millisecond)
				return q, nil
			},
			Show: func(_, r string, _ error) { shown = append(shown, r) },
		}
		ask := func(q string) { mu.Lock(); defer mu.Unlock(); s.Ask(q) }
		ask("") // at once
		time.Sleep(time.Millisecond)
		for _, q := range []string{"a", "an", "ann"} {
			ask(q)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
		ask("anna")
		work.Wait()
		if want := []string{"", "ann", "anna"}; !slices.Equal(found, want) {
			t.Errorf("asked for %q, want %q", found, want)
		}
		if want := []string{"anna"}; !slices.Equal(shown, want) {
			t.Errorf("shown %q, want %q", shown, want)
		}
	})
}
