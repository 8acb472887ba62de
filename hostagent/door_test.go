package hostagent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/local"
)

func TestAskStopEndsTheAgentForGood(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, scenario).Dir()}
	h.start(t)
	silent, err := local.Dial(t.Context(), filepath.Join(h.dir, doorFile))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), doorTime-time.Second) // a silent caller holds nothing up
	defer cancel()
	if err := AskStop(ctx, h.dir); err != nil {
		t.Fatal(err)
	}
	// Another agent may start at once.
	unlock, err := local.Lock(filepath.Join(h.dir, lockFile))
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-h.ended; err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	if err := AskStop(ctx, h.dir); !errors.Is(err, local.ErrNobody) {
		t.Errorf("with no agent there: %v", err)
	}
}

// Whoever can open the door can stop the agent, so only its own user can.
func TestDoorIsForTheOwnUser(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the folder's access list guards the door on Windows")
	}
	dir, err := os.MkdirTemp("", "door") // short enough for the socket to be in it
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	h := &host{dir: dir, factorio: simgame.Install(t, scenario).Dir()}
	h.start(t)
	info, err := os.Stat(filepath.Join(dir, doorFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the door is %v", info.Mode())
	}
	if err := ask(t.Context(), dir, "halt", &Status{}); err == nil || !strings.Contains(err.Error(), "no such method") {
		t.Errorf("an unknown method: %v", err)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	door, err := local.Listen(filepath.Join(dir, doorFile))
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended, began := make(chan error, 1), time.Now()
	go func() {
		_, err := AskStatus(ctx, dir)
		ended <- err
	}()
	conn, err := door.Accept() // and never a word
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if err := <-ended; err == nil {
		t.Error("an answer out of nothing")
	}
	if time.Since(began) > doorTime {
		t.Error("the call went on until its own time was over")
	}
}
