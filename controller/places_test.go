package controller

import (
	"slices"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/transport/wire"
)

// sees has the agent report that it has heard what is wanted, and how its instances are.
func (a *agent) sees(list ...*wire.ObservedInstance) {
	a.change(func() { a.observed = &wire.Observed{Generation: a.desired.GetGeneration(), Instances: list} })
}

func state(id string, s wire.State) *wire.ObservedInstance {
	return &wire.ObservedInstance{Id: id, State: s}
}

// A host that can't give an instance away, like one of an older version, keeps it and runs it again.
func TestAMoveThatFailsLeavesTheInstanceAsItWas(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	id := c.create("Überfahrt ⚙", alpha)
	alpha.sees(state(id, wire.State_STATE_RUNNING))
	asked := alpha.wishes().Instances[0].Asked
	for _, r := range []api.MoveInstance{{Instance: id, Host: "alpha"}, {Instance: id, Host: "gamma"}, {Instance: "nobody", Host: "beta"}} {
		if _, err := c.MoveInstance(t.Context(), me, r); err == nil {
			t.Errorf("%+v is under way", r)
		}
	}
	task, err := c.MoveInstance(t.Context(), me, api.MoveInstance{Instance: id, Host: "beta"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MoveInstance(t.Context(), me, api.MoveInstance{Instance: id, Host: "beta"}); err == nil {
		t.Error("it is moved twice at once")
	}
	alpha.instance("Überfahrt ⚙", false)
	alpha.wait("another attempt", func() bool { return alpha.desired.Instances[0].Asked > asked })
	alpha.sees(state(id, wire.State_STATE_STOPPED))
	eventually(t, "the task to fail", api.TaskFailed, func() string {
		all, err := c.Tasks(t.Context(), me)
		if err != nil || len(all) != 1 || all[0].ID != task.ID {
			t.Fatalf("tasks %+v, %v", all, err)
		}
		task = all[0]
		return task.State
	})
	if !strings.Contains(task.Error.Message, "stays on alpha") {
		t.Errorf("it says %+v", task.Error)
	}
	alpha.instance("Überfahrt ⚙", true)
	if i := c.instance("Überfahrt ⚙"); i.HostName != "alpha" || i.Desired != "running" {
		t.Errorf("it is %+v", i)
	}
}

func TestACanceledMoveLeavesTheInstanceAsItWas(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	id := c.create("nauvis", alpha)
	alpha.sees(state(id, wire.State_STATE_RUNNING))
	task, err := c.MoveInstance(t.Context(), me, api.MoveInstance{Instance: id, Host: "beta"})
	if err != nil {
		t.Fatal(err)
	}
	alpha.instance("nauvis", false)
	if _, err := c.CancelTask(t.Context(), me, api.TaskRef{Task: task.ID}); err != nil {
		t.Fatal(err)
	}
	alpha.instance("nauvis", true)
}

func TestAnInstanceThatRunsWhereItDoesNotBelongIsAStray(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	id := c.create("nauvis", alpha)
	shows := func(what, want string) {
		t.Helper()
		eventually(t, what, want, func() string { return c.instance("nauvis").State })
	}
	alpha.sees(state(id, wire.State_STATE_STOPPED))
	shows("it to be stopped", "stopped")
	beta.wait("wishes", func() bool { return beta.desired != nil })
	beta.sees(state(id, wire.State_STATE_RUNNING))
	shows("it to be a stray", "stray")
	if cause := c.instance("nauvis").Cause; !strings.Contains(cause, "beta") {
		t.Errorf("it says %q", cause)
	}
	alpha.sees(state(id, wire.State_STATE_RUNNING))
	shows("it to run", "running")
}

func TestDeletingAnInstance(t *testing.T) {
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	alpha.sees(state(id, wire.State_STATE_RUNNING))
	ref := api.InstanceRef{Instance: "nauvis"}
	if _, err := c.DeleteInstance(t.Context(), me, ref); api.AsError(err).Code != api.Refused {
		t.Errorf("a running one: %v", err)
	}
	if _, err := c.StopInstance(t.Context(), me, ref); err != nil {
		t.Fatal(err)
	}
	alpha.instance("nauvis", false)
	if _, err := c.DeleteInstance(t.Context(), me, ref); api.AsError(err).Code != api.Refused {
		t.Errorf("one that has not stopped yet: %v", err)
	}
	alpha.sees(state(id, wire.State_STATE_STOPPED))
	eventually(t, "it to be stopped", "stopped", func() string { return c.instance("nauvis").State })
	if _, err := c.DeleteInstance(t.Context(), me, ref); err != nil {
		t.Fatal(err)
	}
	alpha.wait("the folder to go into the bin", func() bool { return slices.Contains(alpha.discarded, id) })
	alpha.wait("nothing to be wanted", func() bool { return len(alpha.desired.Instances) == 0 })
	eventually(t, "nothing to be left over", 0, func() int {
		left, err := c.controller.store.Leftovers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	})
}

func TestRenamingAnInstance(t *testing.T) {
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	c.create("other", alpha)
	for _, name := range []string{"", "Other", "a\tb", strings.Repeat("x", 81)} {
		if _, err := c.RenameInstance(t.Context(), me, api.RenameInstance{Instance: "nauvis", Name: name}); err == nil {
			t.Errorf("it is called %q", name)
		}
	}
	long := strings.Repeat("ü", 80)
	for _, name := range []string{"Nauvis", "a/b: 二", long} {
		if i, err := c.RenameInstance(t.Context(), me, api.RenameInstance{Instance: id, Name: name}); err != nil || i.Name != name || i.ID != id {
			t.Errorf("%q: %+v, %v", name, i, err)
		}
	}
	alpha.instance(long, true)
}
