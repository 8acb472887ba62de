package view

import (
	"fmt"
	"strings"
	"time"

	"mainbus/controller/api"
)

// Save is a row of an instance's saves, its bin or its backups.
type Save struct {
	ID       string
	Name     string
	Saved    time.Time
	Put      time.Time // into the bin or the backups
	Size     int64
	Game     string
	Scenario string
	Played   string
	Mods     int
	Note     string
	Bad      bool // it can't be read
	Next     bool // a start loads it
	Autosave bool
	Running  bool
}

// Saves makes rows of saves; next is the name of the one that a start loads, if it is among them.
func Saves(list []api.Save, next string) []Save {
	rows := make([]Save, 0, len(list))
	for _, s := range list {
		rows = append(rows, Save{
			ID: s.ID, Name: s.Name, Saved: s.SavedAt, Put: s.PutAt, Size: s.SizeBytes, Game: s.Version, Scenario: s.Scenario, Played: api.PlayedText(s.Tick), Mods: len(s.Mods),
			Note: saveNote(s, s.Name == next), Bad: s.Problem != "", Next: s.Name == next, Autosave: s.Autosave, Running: s.Running,
		})
	}
	return rows
}

func saveNote(s api.Save, next bool) string {
	var notes []string
	if next {
		notes = append(notes, say("loaded by the next start"))
	}
	if s.Running {
		notes = append(notes, say("in use"))
	}
	if s.Autosave {
		notes = append(notes, say("autosave"))
	}
	switch s.Reason {
	case "":
	case "asked":
		notes = append(notes, say("asked for"))
	case "start":
		notes = append(notes, say("before a start"))
	case "update":
		notes = append(notes, say("before an update"))
	default:
		notes = append(notes, s.Reason)
	}
	if s.Problem != "" {
		notes = append(notes, say("can't be read: ")+s.Problem)
	}
	return strings.Join(notes, ", ")
}

// Show takes over how far the controller is with a task.
func (ts *Tasks) Show(t *Task, now api.Task) {
	if !t.Going() {
		return
	}
	t.Phase, t.Progress = now.Phase, -1
	if now.SizeBytes > 0 {
		t.Progress = float64(now.DoneBytes) / float64(now.SizeBytes)
		t.Phase += " · " + api.BytesText(now.SizeBytes)
	}
	if now.BytesPerSecond > 0 {
		left := time.Duration(float64(now.SizeBytes-now.DoneBytes) / float64(now.BytesPerSecond) * float64(time.Second)).Round(time.Second)
		t.Phase += fmt.Sprintf(" · %s/s · %s", api.BytesText(now.BytesPerSecond), left)
	}
	ts.changed()
}
