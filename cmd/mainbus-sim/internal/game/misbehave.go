package game

import (
	"os"
	"time"

	"mainbus/cmd/mainbus-sim/internal/scenario"
)

// envBehaviour holds a JSON object with fields of the scenario's behaviour, for a single run.
const envBehaviour = "MAINBUS_SIM"

// readBehaviour reads how the program behaves: from the scenario file, then from the environment.
func readBehaviour(f scenario.File) (scenario.Behaviour, error) {
	b := f.Behaviour
	if text := os.Getenv(envBehaviour); text != "" {
		if err := b.Change(text); err != nil {
			return b, err
		}
	}
	return b, nil
}

// behave applies what does not wait for a tick.
func (g *run) behave() {
	g.out.Disturb(time.Duration(g.knobs.ClockSkew*float64(time.Second)), g.knobs.Die)
}

func (s *server) slowSave() time.Duration {
	return time.Duration(s.knobs.SlowSaveMS) * time.Millisecond
}

// misbehave does what the scenario wants in this tick.
func (s *server) misbehave() {
	tick, k := s.world.Tick, &s.knobs
	if k.CrashAtTick > 0 && tick >= k.CrashAtTick {
		s.crash()
	}
	if k.Die.AtTick > 0 && tick >= k.Die.AtTick {
		die()
	}
	if k.Hang.AtTick > 0 && tick >= k.Hang.AtTick {
		if k.Hang.MS == 0 {
			select {} // only kill -9 ends it, or a second signal
		}
		time.Sleep(time.Duration(k.Hang.MS) * time.Millisecond)
		k.Hang = scenario.Hang{}
	}
	for _, noise := range k.Garbage {
		if s.moves && noise.Due(tick) {
			s.out.Raw(noise.Text, !noise.Torn)
		}
	}
}

// crash ends the process as a fault of the engine does.
func (s *server) crash() {
	s.out.Failure("CrashHandler.cpp:641", "Received SIGSEGV")
	s.out.Bare("Factorio crashed. Generating symbolized stacktrace, please wait ...")
	s.out.Bare("Unexpected error occurred. If you're running the latest version of the game you can help us solve the problem by posting the contents of the log file on the Factorio forums.")
	os.Exit(139)
}

// die ends the process at once, as kill -9 does.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // what follows is for systems where it fails
	}
	time.Sleep(time.Second)
	os.Exit(137)
}
