package view

import (
	"slices"
	"time"
)

// A Task is something that the user has set going.
type Task struct {
	Words    string
	Began    time.Time
	Ended    time.Time // zero while it goes on
	Failure  string    // why it did not end well
	Phase    string    // what it is at
	Progress float64   // 0 to 1; below 0 if it is not known
	Cancel   func()    // asks for its end; nil: it can't be asked for

	instance string
	goal     Goal
	then     func() // what follows when the goal is reached; nil: nothing
	called   time.Time
	before   Instance
}

// Goal is the state of an instance that a task is done with.
type Goal int

const (
	NoGoal Goal = iota
	ToRun
	ToStop
)

const (
	maxTasks    = 50               // kept
	oldFailure  = 6 * time.Second  // until an agent has tried again that failed before
	taskTimeout = 15 * time.Minute // after which a goal is given up; saves can take minutes
)

// Going tells whether the task has not ended.
func (t *Task) Going() bool { return t.Ended.IsZero() }

// Tasks knows what the user has set going, and how it ended. It belongs to the user interface's goroutine.
type Tasks struct {
	list    []*Task // newest first
	changed func()
}

// NewTasks returns an empty list; changed is called after every change.
func NewTasks(changed func()) *Tasks { return &Tasks{changed: changed} }

// List returns the tasks, the newest first. It must not be changed.
func (ts *Tasks) List() []*Task { return ts.list }

// Going counts those that have not ended.
func (ts *Tasks) Going() (n int) {
	for _, t := range ts.list {
		if t.Going() {
			n++
		}
	}
	return n
}

// Newest returns the newest task that has not ended; nil if there is none.
func (ts *Tasks) Newest() *Task {
	for _, t := range ts.list {
		if t.Going() {
			return t
		}
	}
	return nil
}

// Begin adds a task. The oldest that have ended make room.
func (ts *Tasks) Begin(words string) *Task {
	t := &Task{Words: words, Began: time.Now(), Progress: -1}
	ts.list = slices.Insert(ts.list, 0, t)
	for i := len(ts.list) - 1; i >= 0 && len(ts.list) > maxTasks; i-- {
		if !ts.list[i].Going() {
			ts.list = slices.Delete(ts.list, i, i+1)
		}
	}
	ts.changed()
	return t
}

// End ends a task; failure is empty if it ended well.
func (ts *Tasks) End(t *Task, failure string) {
	if !t.Going() {
		return
	}
	t.Ended, t.Failure, t.Phase, t.Progress = time.Now(), failure, "", -1
	ts.changed()
}

// Await lets a task go on until an instance is in a state; then, unless it is nil, is called instead of ending it.
func (ts *Tasks) Await(t *Task, before Instance, goal Goal, then func()) {
	t.instance, t.goal, t.then, t.called, t.before = before.ID, goal, then, time.Now(), before
}

// Observe looks at what has become of the tasks. It is to be called with every snapshot, and from time to time.
func (ts *Tasks) Observe(now Snapshot) {
	changed := false
	for _, t := range slices.Clone(ts.list) {
		if !t.Going() || t.goal == NoGoal || !now.Loaded {
			continue
		}
		row, there := now.Instance(t.instance)
		phase, progress := t.Phase, t.Progress
		ts.look(t, row, there)
		changed = changed || t.Going() && (phase != t.Phase || progress != t.Progress)
	}
	if changed {
		ts.changed()
	}
}

func (ts *Tasks) look(t *Task, row Instance, there bool) {
	failure, reached := t.outcome(row, there)
	switch {
	case failure != "":
		ts.End(t, failure)
	case reached && t.then != nil:
		then := t.then
		t.goal, t.then = NoGoal, nil
		then()
	case reached:
		ts.End(t, "")
	default:
		t.Phase, t.Progress = StateWord(row.State), row.Progress
		if row.Words != "" {
			t.Phase += " · " + row.Words
		}
	}
}

// outcome tells whether a task has come to its end, and how.
func (t *Task) outcome(row Instance, there bool) (failure string, reached bool) {
	age := time.Since(t.called)
	switch {
	case !there:
		return say("The instance is gone."), false
	case t.goal == ToRun && row.State == "running", t.goal == ToStop && row.State == "stopped":
		return "", true
	case t.goal == ToRun && row.State == "failed":
		if t.before.State == "failed" && row.Starts == t.before.Starts && age < oldFailure {
			return "", false
		}
		return row.Cause, false
	case t.goal == ToRun && row.Wanted != "running" && age > oldFailure:
		return say("It was stopped meanwhile."), false
	case t.goal == ToStop && row.Wanted == "running" && age > oldFailure:
		return say("It was started again meanwhile."), false
	case age > taskTimeout:
		return say("It takes too long; look at the instance."), false
	}
	return "", false
}
