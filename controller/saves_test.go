package controller

import (
	"testing"

	"mainbus/controller/api"
)

func TestTasksAreBounded(t *testing.T) {
	var ts tasks
	for n := range maxTasks {
		if !ts.add(&task{tasks: &ts, view: api.Task{ID: string(rune('a' + n)), State: api.TaskRunning}}) {
			t.Fatalf("task %d was refused", n)
		}
	}
	if ts.add(&task{tasks: &ts}) {
		t.Error("one more than may be was begun")
	}
	for range 3 {
		for _, one := range ts.all {
			one.view.State = api.TaskDone
		}
		for range maxTasks {
			ts.add(&task{tasks: &ts, view: api.Task{State: api.TaskRunning}})
		}
	}
	if len(ts.all) > maxTasks+maxTasksKept+1 {
		t.Errorf("%d tasks are kept", len(ts.all))
	}
}
