package pairing

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// fail makes one wrong guess.
func fail(t *testing.T, w *Window) {
	t.Helper()
	_, release, err := w.Try(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	release(false)
}

func show(t *testing.T, w *Window) Code {
	t.Helper()
	c, expires, ok := w.Code(time.Now())
	if !ok || !expires.After(time.Now()) {
		t.Fatalf("code %q, expires %v, open %v", c, expires, ok)
	}
	return c
}

func TestWindowIsClosedUntilOpened(t *testing.T) {
	var w Window
	if _, _, ok := w.Code(time.Now()); ok {
		t.Error("a new window shows a code")
	}
	if _, _, err := w.Try(time.Now()); !errors.Is(err, ErrClosed) {
		t.Errorf("a new window admits a try: %v", err)
	}
	code := w.Open(time.Now())
	if show(t, &w) != code {
		t.Error("the code shown is not the code opened with")
	}
	tried, release, err := w.Try(time.Now())
	if err != nil || tried != code {
		t.Fatalf("try of %q: %v", tried, err)
	}
	release(true)
	if _, _, err := w.Try(time.Now()); !errors.Is(err, ErrClosed) {
		t.Errorf("after a success: %v", err)
	}
	w.Open(time.Now())
	w.Close()
	if _, _, ok := w.Code(time.Now()); ok {
		t.Error("a closed window shows a code")
	}
}

func TestOneTryAtATime(t *testing.T) {
	var w Window
	w.Open(time.Now())
	_, release, err := w.Try(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Try(time.Now()); !errors.Is(err, ErrBusy) {
		t.Errorf("second try: %v", err)
	}
	release(false)
	release(true) // only the first counts
	fail(t, &w)
}

func TestCodeRenewsItselfAfterTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Window
		first := w.Open(time.Now())
		time.Sleep(10*time.Minute - time.Second)
		if show(t, &w) != first {
			t.Error("the code did not live ten minutes")
		}
		time.Sleep(time.Second)
		second := show(t, &w)
		if second == first {
			t.Error("the code outlived its ten minutes")
		}
		time.Sleep(time.Hour)
		if tried, _, err := w.Try(time.Now()); err != nil || tried == second {
			t.Errorf("an hour later the code tried is %q, %v", tried, err)
		}
	})
}

func TestFailuresCostTimeAndThenTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Window
		w.Open(time.Now())
		for burst, backOff := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second} {
			code := show(t, &w)
			for range 4 {
				fail(t, &w)
			}
			if show(t, &w) != code {
				t.Fatalf("burst %d: code changed before the fifth failure", burst)
			}
			fail(t, &w)
			if show(t, &w) == code {
				t.Fatalf("burst %d: code survived five failures", burst)
			}
			time.Sleep(backOff - time.Millisecond)
			if _, _, err := w.Try(time.Now()); !errors.Is(err, ErrBackOff) {
				t.Fatalf("burst %d: a try within %v: %v", burst, backOff, err)
			}
			time.Sleep(time.Millisecond)
		}
		for range 5 {
			fail(t, &w)
		}
		time.Sleep(24 * time.Hour)
		if _, _, err := w.Try(time.Now()); !errors.Is(err, ErrClosed) {
			t.Errorf("after twenty failures: %v", err)
		}
		w.Open(time.Now())
		fail(t, &w)
	})
}

// Back-off counts from the end of a try, or a slow guesser would not feel it.
func TestBackOffCountsFromTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Window
		w.Open(time.Now())
		for range 4 {
			fail(t, &w)
		}
		_, release, err := w.Try(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		release(false)
		if _, _, err := w.Try(time.Now()); !errors.Is(err, ErrBackOff) {
			t.Errorf("right after the fifth failure: %v", err)
		}
	})
}
