package grid

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitsEndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now() // a whole second
		for _, test := range []struct{ at, wait, want time.Duration }{
			{0, time.Second, time.Second},
			{30 * time.Millisecond, time.Second, 970 * time.Millisecond},
			{99 * time.Millisecond, time.Second, 901 * time.Millisecond},
			{100 * time.Millisecond, time.Second, time.Second},
			{130 * time.Millisecond, 0, -30 * time.Millisecond},
		} {
			time.Sleep(time.Until(begun.Add(test.at)))
			if got := Wait(test.wait, 100*time.Millisecond); got != test.want {
				t.Errorf("%v after %v: waits %v, want %v", test.wait, test.at, got, test.want)
			}
		}
	})
}
