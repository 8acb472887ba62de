package hostagent

import (
	"path/filepath"
	"testing"

	"mainbus/hostagent/supervisor"
)

// Games whose scope systemd stops are not here: there is no systemd in tests.
func TestGamesSaveBeforeTheMachineGoesDown(t *testing.T) {
	h := newLonelyHost(t)
	h.goingDown = func() bool { return true }
	h.start(t)
	running := func() bool {
		s, err := AskStatus(t.Context(), h.dir)
		return err == nil && len(s.Instances) == 1 && s.Instances[0].State == "running"
	}
	eventually(t, "the game runs", running)
	dir := filepath.Join(h.dir, "instances", instanceName, ".mainbus")
	h.stop()
	if exit, err := supervisor.LastExit(dir); err != nil || exit.Code != 0 || exit.Killed {
		t.Errorf("%+v, %v: it has not saved and ended", exit, err)
	}

	h.goingDown = func() bool { return false }
	h.start(t)
	eventually(t, "it runs again, as the machine does", running)
	h.stop()
	endGame(t, h)
}

// endGame ends the game of a host whose agent has ended.
func endGame(t *testing.T, h *host) {
	t.Helper()
	game, err := supervisor.Attach(filepath.Join(h.dir, "instances", instanceName, ".mainbus"))
	if err != nil {
		t.Fatalf("the end of the agent alone has ended the game: %v", err)
	}
	if err := saveAndEnd(t.Context(), game); err != nil {
		t.Error(err)
	}
}
