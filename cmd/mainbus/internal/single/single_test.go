package single

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"mainbus/transport/local"
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
	case <-time.After(time.Minute):
		t.Error("the first window was not shown")
	}
	cancel()
	<-served
	if ShowOther(dir) {
		t.Error("somebody answers after the end")
	}
}

func TestOnlyAWholeKnockShowsTheWindow(t *testing.T) {
	dir := t.TempDir()
	listener, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { defer close(served); Serve(ctx, listener, func() { shown <- struct{}{} }) }()
	for _, text := range []string{"", "sho", "hide\n", "GET / HTTP/1.1\r\n\r\n"} {
		conn, err := local.Dial(t.Context(), filepath.Join(dir, door))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	if !ShowOther(dir) {
		t.Error("the window was not found")
	}
	<-shown // calls are taken in order, so all have been
	cancel()
	<-served
	if len(shown) > 0 {
		t.Errorf("%d of them showed the window", len(shown))
	}
	if _, err := Listen(dir); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

func TestASecondWindowCanNotTakeTheDoor(t *testing.T) {
	dir := t.TempDir()
	listener, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if second, err := Listen(dir); err == nil {
		second.Close()
		t.Error("two windows listen at one door")
	}
}
