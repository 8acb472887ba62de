package controller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/controller/api"
)

func TestWhoWaitsIsToldOfWhatTheyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanges()
		told := make(chan api.Versions, 1)
		wait := func(since api.Versions, bus bool) {
			go func() { told <- c.wait(t.Context(), since, bus) }()
			synctest.Wait()
		}
		wait(api.Versions{}, false)
		c.bus() // of no interest
		synctest.Wait()
		select {
		case v := <-told:
			t.Fatalf("told of %+v", v)
		default:
		}
		c.cluster()
		if v := <-told; v != (api.Versions{Cluster: 1, Bus: 1}) {
			t.Errorf("told of %+v", v)
		}
		wait(api.Versions{Cluster: 1}, true) // has missed one
		if v := <-told; v.Bus != 1 {
			t.Errorf("told of %+v", v)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if v := c.wait(ctx, api.Versions{Cluster: 1, Bus: 1}, true); v != (api.Versions{Cluster: 1, Bus: 1}) {
			t.Errorf("after a quiet second told of %+v", v)
		}
	})
}
