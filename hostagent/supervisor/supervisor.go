// Package supervisor keeps a game's pipes. A game that prints into a pipe which nobody reads stands still, and one
// whose pipe breaks dies, so neither end may belong to an agent that can be restarted. Each game has a small process
// of its own instead (Supervise, run as the hidden command `mainbus-host supervise DIR`): it starts the game, copies
// the output to a ring on disk without ever waiting for a reader, and serves those who attach to it through a local
// socket. It ends with the game, and knows nothing of what the game says.
//
// Its folder, also called DIR, holds:
//
//	spec.json        what to start (mode 0600: the command line holds the RCON password)
//	run.json         process numbers of game and supervisor, while they run
//	output.ring      the newest 16 MiB of output, under offsets that grow over all runs
//	exit.json        how the game ended, written when it has
//	supervisor.sock  the door
//	supervisor.log   what the supervisor had to complain about
//
// The other half of the package, Start, Attach and Game, is the agent's side. A supervisor that is killed takes the
// pipes with it: its game loses its output and has to be ended too (EndOrphan).
package supervisor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mainbus/hostagent/internal/disk"
)

const (
	specFile   = "spec.json"
	runFile    = "run.json"
	exitFile   = "exit.json"
	logFile    = "supervisor.log"
	socketFile = "supervisor.sock"
)

// ErrGone says that no game runs under a supervisor in this folder.
var ErrGone = errors.New("no running game")

// ErrLost says that the supervisor ended without leaving word of its game.
var ErrLost = errors.New("the game's supervisor was killed")

// Spec says what to start.
type Spec struct {
	Argv []string `json:"argv"` // program and arguments
	Env  []string `json:"env"`  // "NAME=value", added to the environment
	Dir  string   `json:"dir"`  // working directory

	// Note is for whoever starts the game: it finds it again in Game.Spec after a restart of its own.
	Note json.RawMessage `json:"note,omitempty"`

	RingBytes uint64 `json:"ring_bytes,omitempty"` // 0: RingBytes

	Limits      Limits `json:"limits"`
	Scope       string `json:"scope,omitempty"`        // name of the systemd scope that game and supervisor get where there is systemd; empty: none
	StopSeconds int    `json:"stop_seconds,omitempty"` // that the scope has at its end
	Unscoped    string `json:"unscoped,omitempty"`     // why it did not come to a scope; set by Start

	// A game without a scope may get a control group of its own. These are set by Start.
	Group        string `json:"group,omitempty"`       // its folder; empty: none
	MemoryHeld   bool   `json:"memory_held,omitempty"` // the memory limit holds there
	GroupTrouble string `json:"group_trouble,omitempty"`
}

// Run names the processes of a run. A process number alone may have been given to another process since, so the
// moment when each was started is kept with it.
type Run struct {
	PID             int    `json:"pid"` // of the game
	Started         string `json:"started"`
	Supervisor      int    `json:"supervisor"`
	SupervisorStart string `json:"supervisor_started"`
	Offset          uint64 `json:"offset"` // of the run's first output

	Began   time.Time `json:"began"`
	Trouble string    `json:"trouble,omitempty"` // limits that do not hold
}

// Exit says how a game ended.
type Exit struct {
	Code   int       `json:"code"`             // -1 if a signal ended it
	Signal string    `json:"signal,omitempty"` // "killed"
	Began  time.Time `json:"began"`
	Time   time.Time `json:"time"`
	Start  uint64    `json:"start"`  // of its output
	Offset uint64    `json:"offset"` // end of its output

	Killed      bool `json:"killed,omitempty"`        // its supervisor was asked to kill it, and did
	OutOfMemory bool `json:"out_of_memory,omitempty"` // while it ran, the system ended processes for want of memory (Linux)
}

func (e Exit) String() string {
	if e.Signal != "" {
		return "ended by signal: " + e.Signal
	}
	return "exit code " + strconv.Itoa(e.Code)
}

// LastExit returns how the last game in dir ended, fs.ErrNotExist if it has not.
func LastExit(dir string) (Exit, error) {
	var exit Exit
	err := disk.ReadJSON(filepath.Join(dir, exitFile), &exit)
	return exit, err
}

func removeIfAny(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
