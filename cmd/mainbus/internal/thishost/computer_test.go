package thishost

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/app/view"
)

func TestAChosenFolderMakesThisComputerAHost(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	if FindFactorio() != "" {
		t.Skip("SKIPPED: there is a Factorio on this computer")
	}
	b := newBench(t)
	c := New(Config{Program: b.cfg.Program, DataDir: b.cfg.DataDir, Service: b, Caller: b.cfg.Caller, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	b.wait("it to be told that there is none", func() bool { return c.State().State == view.LocalMissing })

	if err := c.Use(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no Factorio in") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := c.Use(b.cfg.Factorio); err != nil {
		t.Fatal(err)
	}
	b.wait("it to be a host", func() bool { return c.State().State == view.LocalRunning && b.linked() })
	if kept, err := os.ReadFile(filepath.Join(b.cfg.DataDir, "factorio-folder")); err != nil || strings.TrimSpace(string(kept)) != b.cfg.Factorio {
		t.Errorf("remembered is %q, %v", kept, err)
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("goes on")
	}
}
