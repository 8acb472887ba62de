package hostagent

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

// The agent has never seen a controller and does what the person at its machine wants, also after it was started again.
func TestWhatIsDecidedOnTheMachine(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, scenario).Dir()}
	files, err := simgame.Modules()
	if err != nil {
		t.Fatal(err)
	}
	bundle := bundleOf(t, files)
	if err := (bundles{dir: filepath.Join(h.dir, "bundles")}).add(bundle.GetHash(), bundle.GetContent(), ""); err != nil {
		t.Fatal(err)
	}
	desired := `{"generation": "3", "bundle": "` + bundle.GetHash() + `", "instances": [{"id": "` + instanceName + `", "name": "Nauvis", "running": false}]}`
	if err := os.WriteFile(filepath.Join(h.dir, "desired.json"), []byte(desired), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	ask := func(what string, call LocalCall) LocalAnswer {
		t.Helper()
		call.Instance = "nauvis"
		answer, err := AskInstance(t.Context(), h.dir, what, call)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return answer
	}
	waitFor := func(state, decided string) {
		t.Helper()
		eventually(t, state, func() bool {
			s, err := AskStatus(t.Context(), h.dir)
			return err == nil && len(s.Instances) == 1 && s.Instances[0].State == state && s.Instances[0].DecidedHere == decided && s.Instances[0].Name == "Nauvis"
		})
	}
	if _, err := AskInstance(t.Context(), h.dir, InstanceStart, LocalCall{Instance: "gleba"}); err == nil || !strings.Contains(err.Error(), "no instance") {
		t.Errorf("an unknown instance: %v", err)
	}
	if _, err := AskInstance(t.Context(), h.dir, InstanceWhy, LocalCall{Instance: "nauvis"}); err == nil || !strings.Contains(err.Error(), "has not failed") {
		t.Errorf("why without a failure: %v", err)
	}
	ask(InstanceStart, LocalCall{})
	waitFor("running", "running")
	if text := ask(InstanceSend, LocalCall{Line: "/version"}).Text; !strings.Contains(text, "2.0.77") {
		t.Errorf("the game answers %q", text)
	}
	if page := ask(InstanceConsole, LocalCall{}); page.Next == 0 || !strings.Contains(page.Lines[0], "Factorio 2.0.77") {
		t.Errorf("console %+v", page)
	}
	pid := h.pid(t)
	h.stop()
	h.start(t)
	waitFor("running", "running")
	if h.pid(t) != pid {
		t.Error("the game was started again with its agent")
	}
	ask(InstanceRestart, LocalCall{})
	eventually(t, "another process", func() bool {
		game, err := supervisor.Attach(filepath.Join(h.dir, "instances", instanceName, ".mainbus"))
		return err == nil && game.Run().PID != pid
	})
	waitFor("running", "running")
	ask(InstanceKill, LocalCall{})
	waitFor("stopped", "") // as the controller wants it, too
	if f := ask(InstanceWhy, LocalCall{}).Failure; !f.GetKilled() {
		t.Errorf("killed: %v", f)
	}
}

func testFleet(t *testing.T, dir string) *fleet {
	t.Helper()
	f, err := loadFleet(fleetConfig{dir: dir, changed: func() {}, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestALocalWishHoldsUntilTheControllerWantsSomethingElse(t *testing.T) {
	f := testFleet(t, t.TempDir())
	d := &wire.DesiredInstance{Id: instanceName, Running: true, Asked: 4}
	f.wishes[instanceName] = localWish{Running: false, Against: true, Asked: 4, Tries: 1}
	mine, here := f.effective(d)
	if mine.GetRunning() || here != "stopped" || mine.GetAsked() == d.GetAsked() || !d.GetRunning() {
		t.Errorf("%v, %q", mine, here)
	}
	if mine, here := f.effective(&wire.DesiredInstance{Id: instanceName, Running: true, Asked: 5}); !mine.GetRunning() || here != "" {
		t.Errorf("somebody has pressed start: %v, %q", mine, here)
	}
	if mine, here := f.effective(d); !mine.GetRunning() || here != "" {
		t.Errorf("it came back: %v, %q", mine, here)
	}
}

// A game can be stopped although nothing can be written.
func TestWhatIsWantedHoldsOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	f := testFleet(t, dir)
	inTheWay := filepath.Join(f.desiredFile(), "x")
	if err := os.MkdirAll(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := f.want(&wire.Desired{Generation: 7}); err != nil {
		t.Errorf("refused: %v", err)
	}
	if f.desired.GetGeneration() != 7 || f.unsavedTrouble() == "" {
		t.Errorf("generation %d, %q", f.desired.GetGeneration(), f.unsavedTrouble())
	}
	if err := os.RemoveAll(f.desiredFile()); err != nil {
		t.Fatal(err)
	}
	f.saveAgain()
	if trouble := f.unsavedTrouble(); trouble != "" {
		t.Error(trouble)
	}
	if again := testFleet(t, dir); again.desired.GetGeneration() != 7 {
		t.Errorf("remembered %v", again.desired)
	}
}

func TestSpaceIsShownBeforeItIsGone(t *testing.T) {
	var free int64
	s := newSpace("", func(string) (int64, error) { return free, nil })
	for _, test := range []struct {
		free    int64
		changed bool
		warning string
		room    bool // for 100 MiB
	}{
		{100 << 30, false, "", true},
		{1 << 30, true, "Only 1.0 GiB are free", true},
		{300 << 20, false, "Only 300 MiB are free", false},
		{10 << 20, false, "full but for 10 MiB", false},
		{100 << 30, true, "", true},
	} {
		free = test.free
		changed := s.look("")
		w := s.current().GetWarning()
		if changed != test.changed || (w == "") != (test.warning == "") || !strings.Contains(w, test.warning) || (s.room(100<<20) == nil) != test.room {
			t.Errorf("%d free: changed %t, %q, %v", free, changed, w, s.room(100<<20))
		}
	}
}
