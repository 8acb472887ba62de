package single

import (
	"context"
	"testing"
	"time"
)

func TestASecondStartShowsTheFirstWindow(t *testing.T) {
	dir := t.TempDir()
	if ShowOther(dir) {
		t.Fatal("somebody answers in an empty folder")
	}
	listener, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { defer close(served); Serve(ctx, listener, func() { shown <- struct{}{} }) }()
	if !ShowOther(dir) {
		t.Error("the first window was not found")
	}
	select {
	case <-shown:
	case <-time.After(10 * time.Second):
		t.Error("the first window was not shown")
	}
	cancel()
	<-served
	if ShowOther(dir) {
		t.Error("somebody answers after the end")
	}
}
