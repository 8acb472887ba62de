// Package life is the schedule of what people do in a simulated world: who joins, says, types and carries what, and
// when. It only says what is due; the same seed and ticks give the same life. It has no goroutines.
package life

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Event is one entry of a world's life: when, and what.
type Event struct {
	Tick    uint64  `json:"tick,omitempty"`
	Seconds float64 `json:"seconds,omitempty"` // since hosting, instead of ticks; once in each run
	Every   uint64  `json:"every_ticks,omitempty"`
	Times   uint64  `json:"times,omitempty"`  // in all; 0 is once, or without end if Every is set
	Random  bool    `json:"random,omitempty"` // at a random tick within each Every
	Action
	Done uint64 `json:"done,omitempty"`
}

// Action is what is done: one field is set.
type Action struct {
	Join    *Join  `json:"join,omitempty"`
	Leave   *Leave `json:"leave,omitempty"`
	Chat    *Say   `json:"chat,omitempty"`
	Shout   *Say   `json:"shout,omitempty"`
	Command *Say   `json:"command,omitempty"` // Text begins with a slash
	Carry   *Carry `json:"carry,omitempty"`
	Build   *Build `json:"build,omitempty"`
	Mine    *Spot  `json:"mine,omitempty"`
	Desync  *Who   `json:"desync,omitempty"`
	Console string `json:"console,omitempty"` // typed at the server's own console
}

// Who names a player.
type Who struct {
	Player string `json:"player"`
}

// Join is somebody who wants to join. The game lets them in or not.
type Join struct {
	Player   string            `json:"player"`
	Password string            `json:"password,omitempty"`
	Guest    bool              `json:"guest,omitempty"`       // can't prove who they are
	Mods     map[string]string `json:"mods,omitempty"`        // versions; nil is what the server has
	Frames   int               `json:"join_frames,omitempty"` // 1/60 s for the map to get across; 0 is a few
}

// Leave is somebody who goes.
type Leave struct {
	Player string `json:"player"`
	Reason string `json:"reason,omitempty"` // as in defines.disconnect_reason; "quit" when empty
}

// Say is what a player types.
type Say struct {
	Player string `json:"player"`
	Text   string `json:"text"`
}

// Carry is a walk with items or a fluid from one entity of the scenario to another. Empty From or To is the player's
// own inventory.
type Carry struct {
	Player  string  `json:"player"`
	Item    string  `json:"item,omitempty"`
	Quality string  `json:"quality,omitempty"`
	Count   int     `json:"count,omitempty"`
	Fluid   string  `json:"fluid,omitempty"`
	Amount  float64 `json:"amount,omitempty"`
	From    string  `json:"from,omitempty"`
	To      string  `json:"to,omitempty"`
}

// Spot is a place where a player does something: that of the entity ID, or Position on Surface ("nauvis" when empty).
type Spot struct {
	Player   string     `json:"player"`
	ID       string     `json:"id,omitempty"`
	Surface  string     `json:"surface,omitempty"`
	Position [2]float64 `json:"position"`
}

// Build is something that a player builds from what they carry.
type Build struct {
	Spot
	Item    string `json:"item"`
	Quality string `json:"quality,omitempty"`
}

// players are who does the things of an action.
func (a *Action) players() []string {
	var players []string
	for _, say := range []*Say{a.Chat, a.Shout, a.Command} {
		if say != nil {
			players = append(players, say.Player)
		}
	}
	if a.Join != nil {
		players = append(players, a.Join.Player)
	}
	if a.Leave != nil {
		players = append(players, a.Leave.Player)
	}
	if a.Carry != nil {
		players = append(players, a.Carry.Player)
	}
	if a.Build != nil {
		players = append(players, a.Build.Player)
	}
	if a.Mine != nil {
		players = append(players, a.Mine.Player)
	}
	if a.Desync != nil {
		players = append(players, a.Desync.Player)
	}
	return players
}

// check says what is wrong with an action.
func (a *Action) check() error {
	players := a.players()
	switch {
	case len(players) == 0 && a.Console != "":
		return nil
	case len(players) != 1 || a.Console != "":
		return errors.New("needs one of join, leave, chat, shout, command, carry, build, mine, desync and console")
	case players[0] == "":
		return errors.New("names no player")
	case a.Carry != nil && (a.Carry.Item == "") == (a.Carry.Fluid == ""):
		return errors.New("carries neither or both of item and fluid")
	}
	return nil
}

// Check says what is wrong with an event.
func (e *Event) Check() error {
	switch {
	case e.Random && e.Every == 0:
		return errors.New("random needs every_ticks")
	case e.Seconds < 0 || e.Seconds > 0 && (e.Tick > 0 || e.Every > 0):
		return errors.New("has both ticks and seconds, or less than none")
	}
	return e.check()
}

// Life is the events of one world.
type Life struct {
	Events []Event `json:"events"`
	Seed   uint64  `json:"seed"`

	ran []bool // those with Seconds, in this run
}

// New checks the events.
func New(events []Event, seed uint64) (*Life, error) {
	l := &Life{Events: events, Seed: seed, ran: make([]bool, len(events))}
	for i := range events {
		if err := events[i].Check(); err != nil {
			return nil, fmt.Errorf("life, event %d: %w", i+1, err)
		}
	}
	return l, nil
}

// Load reads what Save gave.
func Load(data []byte) (*Life, error) {
	var saved Life
	if len(data) > 0 {
		if err := json.Unmarshal(data, &saved); err != nil {
			return nil, fmt.Errorf("read life: %w", err)
		}
	}
	return New(saved.Events, saved.Seed)
}

// Save gives the state as JSON.
func (l *Life) Save() ([]byte, error) { return json.Marshal(l) }

// Due returns what is to be done in a tick, and marks it as done.
func (l *Life) Due(tick uint64) []Action {
	var due []Action
	for i := range l.Events {
		e := &l.Events[i]
		if e.Seconds > 0 || e.over() || l.next(i) > tick {
			continue
		}
		e.Done++
		due = append(due, e.Action)
	}
	return due
}

// over says whether an event has happened as often as it shall.
func (e *Event) over() bool {
	if e.Every == 0 {
		return e.Done > 0
	}
	return e.Times > 0 && e.Done >= e.Times
}

// next is the tick of an event's next time.
func (l *Life) next(i int) uint64 {
	e := &l.Events[i]
	tick := e.Tick + e.Done*e.Every
	if e.Random {
		tick += rand.New(rand.NewPCG(l.Seed+uint64(i), e.Done)).Uint64N(e.Every)
	}
	return tick
}

// DueAfter returns what is to be done when a run has hosted for so long, and marks it as done for this run.
func (l *Life) DueAfter(hosted time.Duration) []Action {
	var due []Action
	for i := range l.Events {
		if e := &l.Events[i]; e.Seconds > 0 && !l.ran[i] && hosted >= after(e) {
			l.ran[i] = true
			due = append(due, e.Action)
		}
	}
	return due
}

// NextAfter is when DueAfter has something next; false means never.
func (l *Life) NextAfter() (time.Duration, bool) {
	best, found := time.Duration(0), false
	for i := range l.Events {
		if e := &l.Events[i]; e.Seconds > 0 && !l.ran[i] && (!found || after(e) < best) {
			best, found = after(e), true
		}
	}
	return best, found
}

func after(e *Event) time.Duration { return time.Duration(e.Seconds * float64(time.Second)) }
