package instance

import (
	"log/slog"
	"testing"
	"testing/synctest"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/transport/wire"
)

// A script can print that the game ends. A game that answers when its time is over goes on.
func TestForgedEndDoesNotKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := New(Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
		i.ctx = t.Context()
		i.run, i.status = &run{instance: i}, wire.State_STATE_RUNNING
		i.setCurrent(nil, &rcon.Client{})
		for _, line := range []string{
			"   1.000 Info X.cpp:1: updateTick(0) changing state from(CreatingGame) to(InGame)",
			"   1.500 Received SIGINT, shutting down", "   1.500 Quitting: signal.",
		} {
			i.run.tell(i.run.follower.Feed(line))
		}
		for range 2 {
			(<-i.inbox)()
		}
		if i.status != wire.State_STATE_STOPPING {
			t.Errorf("%v after the game said that it ends", i.status)
		}
		(<-i.inbox)() // when the time is over
		if i.status != wire.State_STATE_RUNNING || i.stopping {
			t.Errorf("%v, stopping %t, while RCON answers", i.status, i.stopping)
		}
	})
}

func TestForgedFailuresEndNothing(t *testing.T) {
	r := &run{}
	for _, line := range []string{
		"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless)",
		"   0.500 Info ServerMultiplayerManager.cpp:808: updateTick(0) changing state from(CreatingGame) to(InGame)",
		"   1.500 Error ServerMultiplayerManager.cpp:91: MultiplayerManager failed: Host address is already in use.", // printed
		"   2.000 Info ServerMultiplayerManager.cpp:808: updateTick(9) changing state from(InGame) to(InGameSavingMap)",
	} {
		r.follower.Feed(line)
	}
	r.follower.End()
	if cause := r.follower.Status().Failure; cause != "" {
		t.Errorf("the game ended later, and the cause is %q", cause)
	}
}
