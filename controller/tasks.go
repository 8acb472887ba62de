package controller

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/bulk"
)

const (
	maxTasks     = 64 // under way
	maxTasksKept = 50 // that have ended
)

// tasks are the long works of the controller, oldest first. It may be used by any goroutine.
type tasks struct {
	mu  sync.Mutex
	all []*task
}

// task is one of them. Its view is guarded by the tasks that it belongs to.
type task struct {
	tasks  *tasks
	view   api.Task
	cancel context.CancelCauseFunc
	moved  time.Time // since when bytes have been coming, and from where
	from   int64
}

var errCanceled = bulk.ErrCanceled

// startTask runs work until it returns, the controller stops, or somebody cancels it. What it returns is the task's result.
func (c *Controller) startTask(title, instance string, work func(ctx context.Context, t *task) (result string, err error)) (api.Task, error) {
	ctx, cancel := context.WithCancelCause(c.ctx)
	t := &task{tasks: &c.tasks, cancel: cancel, view: api.Task{
		ID: randomInstanceID(), Title: title, Instance: instance, State: api.TaskRunning, Phase: "waiting", BeganAt: time.Now().UTC(),
	}}
	if !c.tasks.add(t) {
		cancel(nil)
		return api.Task{}, api.Errorf(api.Refused, "Wait until some have ended, or cancel them.", "%d transfers are under way", maxTasks)
	}
	c.changes.cluster()
	c.group.Go(func() {
		result, err := work(ctx, t)
		if ctx.Err() != nil && err != nil {
			err = context.Cause(ctx)
		}
		cancel(nil)
		t.end(result, err)
		c.sent.ended(t.get().ID)
		c.log.Info("task ended", "task", title, "result", result, "err", err)
		c.changes.cluster()
	})
	return t.get(), nil
}

func (ts *tasks) add(t *task) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	running := 0
	for _, other := range ts.all {
		if other.view.State == api.TaskRunning {
			running++
		}
	}
	if running >= maxTasks {
		return false
	}
	ts.all = append(ts.all, t)
	for ended := len(ts.all) - 1 - running; ended > maxTasksKept; ended-- {
		at := slices.IndexFunc(ts.all, func(t *task) bool { return t.view.State != api.TaskRunning })
		ts.all = slices.Delete(ts.all, at, at+1)
	}
	return true
}

// view returns the task of an id.
func (ts *tasks) view(id string) (api.Task, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.all {
		if t.view.ID == id {
			return t.view, nil
		}
	}
	return api.Task{}, api.Errorf(api.NotFound, "", "there is no such task")
}

func (t *task) get() api.Task {
	t.tasks.mu.Lock()
	defer t.tasks.mu.Unlock()
	return t.view
}

// progress shows how far the task is.
func (t *task) progress(phase string, done, size int64) {
	t.tasks.mu.Lock()
	defer t.tasks.mu.Unlock()
	now := time.Now()
	if phase != t.view.Phase || done < t.view.DoneBytes {
		t.moved, t.from = now, done
	}
	t.view.Phase, t.view.DoneBytes, t.view.SizeBytes = phase, done, size
	if span := now.Sub(t.moved).Seconds(); span > 0.2 {
		t.view.BytesPerSecond = int64(float64(done-t.from) / span)
	}
}

func (t *task) end(result string, err error) {
	t.tasks.mu.Lock()
	defer t.tasks.mu.Unlock()
	now := time.Now().UTC()
	t.view.Phase, t.view.Result, t.view.EndedAt = "", result, &now
	switch {
	case err == nil:
		t.view.State = api.TaskDone
	case errors.Is(err, errCanceled):
		t.view.State = api.TaskCanceled
	default:
		t.view.State, t.view.Error = api.TaskFailed, api.AsError(err)
	}
}

// views returns what is under way and what has ended lately, newest first.
func (ts *tasks) views() []api.Task {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	list := []api.Task{}
	for _, t := range slices.Backward(ts.all) {
		list = append(list, t.view)
	}
	return list
}

func (s *service) Tasks(context.Context, api.Caller) ([]api.Task, error) { return s.tasks.views(), nil }

func (s *service) CancelTask(ctx context.Context, _ api.Caller, r api.TaskRef) (api.Task, error) {
	s.tasks.mu.Lock()
	at := slices.IndexFunc(s.tasks.all, func(t *task) bool { return t.view.ID == r.Task })
	var t *task
	if at >= 0 {
		t = s.tasks.all[at]
	}
	s.tasks.mu.Unlock()
	if t == nil {
		return api.Task{}, api.Errorf(api.NotFound, "", "there is no such task")
	}
	t.cancel(errCanceled)
	return t.get(), nil
}
