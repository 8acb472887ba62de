package instance

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestStartsComeInOrderAndAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Starts
		s.SetMost(2)
		orders := map[string]uint32{"a": 9, "b": 1, "c": 5, "d": 5, "idle": 0}
		for id, order := range orders {
			s.Expect(id, order)
		}
		var mu sync.Mutex
		var entered []string
		running := map[string]bool{}
		for id, order := range orders {
			if id == "idle" { // it runs already, but says so late
				continue
			}
			go func() {
				if err := s.enter(t.Context(), id, order); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				entered = append(entered, id)
				running[id] = true
			}()
		}
		synctest.Wait()
		if len(entered) != 0 {
			t.Fatalf("%v started before one that comes first has decided", entered)
		}
		s.Leave("idle")
		synctest.Wait()
		slices.Sort(entered)
		if !slices.Equal(entered, []string{"b", "c"}) {
			t.Errorf("first started %v", entered)
		}
		s.Leave("c")
		synctest.Wait()
		s.Leave("c") // twice is harmless
		synctest.Wait()
		if got := entered[len(entered)-1]; got != "d" || len(entered) != 3 {
			t.Errorf("then %v", entered)
		}
		time.Sleep(startTime) // b never answers
		synctest.Wait()
		if got := entered[len(entered)-1]; got != "a" {
			t.Errorf("at last %v", entered)
		}
		for id := range orders {
			s.Leave(id)
		}
	})
}

func TestStartThatIsGivenUpHoldsNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Starts
		s.SetMost(1)
		if err := s.enter(t.Context(), "a", 0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.enter(ctx, "b", 0) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err == nil {
			t.Error("it has a place")
		}
		s.Leave("a")
		if err := s.enter(t.Context(), "c", 0); err != nil {
			t.Error(err)
		}
		s.Leave("c")
	})
}
