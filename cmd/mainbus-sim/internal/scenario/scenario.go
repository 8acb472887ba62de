// Package scenario reads the scenario file of an installation: what its worlds begin with, what happens in them, and how
// the program behaves. README.md of the program describes each field. It has no goroutines.
package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// File is the content of a scenario file.
type File struct {
	Worlds map[string]World `json:"worlds"`
	Mods   map[string]bool  `json:"mods"` // mod-list.json of a new installation
	Behaviour
}

// World is one world of the file.
type World struct {
	world.Plan
	Life []life.Event `json:"life"`
}

// World with that name, or the one named "*".
func (f File) World(name string) World {
	if w, ok := f.Worlds[name]; ok {
		return w
	}
	return f.Worlds["*"]
}

// Behaviour is what the program does unlike a healthy game on an idle machine.
type Behaviour struct {
	Trace           bool    `json:"trace"`
	AutosaveSeconds float64 `json:"autosave_seconds"` // instead of autosave_interval
	SlowStartMS     int     `json:"slow_start_ms"`
	SlowSaveMS      int     `json:"slow_save_ms"`
	TornSave        int     `json:"torn_save"` // dies in the middle of this save of the run, counted from 1
	DiskFull        bool    `json:"disk_full"` // nothing more can be saved
	RefuseStart     string  `json:"refuse_start"`
	ExitCode        *int    `json:"exit_code"`
	CrashAtTick     uint64  `json:"crash_at_tick"`
	Die             Die     `json:"die"`
	Hang            Hang    `json:"hang"`
	RCON            RCON    `json:"rcon"`
	ClockSkew       float64 `json:"clock_skew_seconds"`
	Garbage         []Noise `json:"garbage"`
	Clients         Clients `json:"clients"`
}

// Clients are games that load the map while it runs and have to stay in step.
type Clients struct {
	JoinEvery  uint64 `json:"join_every_ticks"`  // one joins at a random moment in each time of so many ticks; 0 is never
	CheckEvery uint64 `json:"check_every_ticks"` // between comparisons of all state; 0 is each tick
}

// Die ends the process as kill -9 does.
type Die struct {
	AtTick uint64 `json:"at_tick"`
	AtLine string `json:"at_line"` // once a line with this text has been printed
	Nth    int    `json:"nth"`     // of such lines; 0 is the first
}

// Hang keeps the main thread busy.
type Hang struct {
	AtTick uint64 `json:"at_tick"`
	MS     int    `json:"ms"` // 0 is for ever
}

// RCON disturbs connections.
type RCON struct {
	DelayMS   int `json:"delay_ms"`   // of each reply
	DropAfter int `json:"drop_after"` // commands of a connection, which ends unanswered at the last

	LoseEvery  int    `json:"lose_every"`  // reply of a connection, which is never sent
	WrongEvery int    `json:"wrong_every"` // reply of a connection, which is WrongReply instead
	WrongReply string `json:"wrong_reply"`
}

// Noise is text on the standard output that is no line of the game.
type Noise struct {
	Text       string `json:"text"`
	Tick       uint64 `json:"tick"`
	EveryTicks uint64 `json:"every_ticks"`
	Torn       bool   `json:"torn"` // without the end of the line
}

// Due says whether the noise is made in a tick.
func (n Noise) Due(tick uint64) bool {
	return tick == n.Tick || n.EveryTicks > 0 && tick > n.Tick && (tick-n.Tick)%n.EveryTicks == 0
}

// Read reads a scenario file; a file that isn't there is an empty scenario.
func Read(path string) (File, error) {
	var f File
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("read scenario: %w", err)
	}
	if err := decode(data, &f); err != nil {
		return f, fmt.Errorf("read scenario %s: %w", path, err)
	}
	for name, w := range f.Worlds {
		for i := range w.Life {
			if err := w.Life[i].Check(); err != nil {
				return f, fmt.Errorf("read scenario %s: world %q: life, event %d: %w", path, name, i+1, err)
			}
		}
	}
	return f, nil
}

// Change replaces the fields that the JSON object has.
func (b *Behaviour) Change(object string) error {
	changed := *b
	if err := decode([]byte(object), &changed); err != nil {
		return fmt.Errorf("read behaviour: %w", err)
	}
	*b = changed
	return nil
}

func decode(data []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(to)
}
