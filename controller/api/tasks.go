package api

import (
	"context"
	"time"
)

// Tasks is what is asked of work that takes long.
type Tasks interface {
	Tasks(ctx context.Context, c Caller) ([]Task, error)
	CancelTask(ctx context.Context, c Caller, r TaskRef) (Task, error)
}

var taskMethods = map[string]method{
	"Tasks":      lists[Task](ClusterRead, plain(Service.Tasks)),
	"CancelTask": changes(SaveManage, with(Service.CancelTask)),
}

func (s stub) Tasks(ctx context.Context, c Caller) ([]Task, error) {
	return ask[[]Task](ctx, s, c, "Tasks", nil)
}

func (s stub) CancelTask(ctx context.Context, c Caller, r TaskRef) (Task, error) {
	return ask[Task](ctx, s, c, "CancelTask", &r)
}

// States of a task.
const (
	TaskRunning  = "running"
	TaskDone     = "done"
	TaskFailed   = "failed"
	TaskCanceled = "canceled"
)

// A Task is work that goes on when the call that began it has been answered. Those that have ended are kept for a while.
type Task struct {
	ID             string     `json:"id"`
	Title          string     `json:"title"`
	Instance       string     `json:"instance,omitempty"` // id
	State          string     `json:"state"`              // running done failed canceled
	Phase          string     `json:"phase,omitempty"`    // of a running one: waiting, receiving, verifying
	DoneBytes      int64      `json:"done_bytes"`
	SizeBytes      int64      `json:"size_bytes"` // 0: not known
	BytesPerSecond int64      `json:"bytes_per_second"`
	Error          *Error     `json:"error,omitempty"`
	Result         string     `json:"result,omitempty"` // file name or path of what was made
	BeganAt        time.Time  `json:"began_at"`
	EndedAt        *time.Time `json:"ended_at,omitempty"`
}

func (t *Task) scope() []place { return []place{ofTask(&t.ID)} }

// TaskRef names a task.
type TaskRef struct {
	Task string `json:"task"` // id
}

func (r *TaskRef) scope() []place { return []place{ofTask(&r.Task)} }

func (r TaskRef) target() string { return r.Task }
