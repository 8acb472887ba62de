package thishost

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/app/view"
	"mainbus/hostagent"
)

func TestAChosenFolderMakesThisComputerAHost(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	if _, err := os.Stat("/opt/factorio"); err == nil {
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
	if g, err := hostagent.AskGames(t.Context(), b.cfg.DataDir, ""); err != nil || !slices.Equal(g.Folders, []string{b.cfg.Factorio}) {
		t.Errorf("remembered is %q, %v", g.Folders, err)
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(longEnough):
		t.Fatal("goes on")
	}
}
