package testbed_test

import (
	"testing"

	"mainbus/cmd/internal/testbed"
)

// One world has a chest of iron to send, the other wants it; nobody saves unless asked.
const strictScenario = `{"autosave_seconds": 3600, "worlds": {
  "from": {"chests": [{"id": "out", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "count": 120}, {"name": "coal", "count": 7}]}],
           "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]}]},
  "to": {"chests": [{"id": "in", "position": [0.5, 0.5]}],
         "calls": [{"tick": 30, "interface": "mainbus", "function": "request",
                    "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}, [{"name": "iron-plate", "count": 200}, {"name": "coal", "count": 7}]]}]}}}`

// TestStrictItemsOfRealProcesses: what no finished save covers stays on the bus; once a save covers it, it is spent; and a
// game that is killed comes back from that save without a debt.
func TestStrictItemsOfRealProcesses(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, strict items were NOT tested with real processes here: %v", err)
	}
	ctx := t.Context()
	c := newCluster(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctl := func(args ...string) {
		t.Helper()
		_, err := c.Ctl(ctx, args...)
		must(err)
	}
	must(c.StartController(ctx))
	h, err := c.AddHost("strict", []byte(strictScenario), "from", "to")
	must(err)
	must(h.StartAgent())
	must(h.ReadConsole(ctx))
	must(testbed.Poll(ctx, patience, "the host to be found", func() (bool, error) {
		found, ok, err := h.Find(ctx)
		h.ID = found.ID
		return ok, err
	}))
	ctl("hosts", "pair", c.NameOrID(ctx, h), h.Code)
	must(c.WaitLinked(ctx, patience))
	ctl("bus", "policy", "set", "--item", "iron-plate", "--strict")
	for _, world := range h.Worlds {
		ctl("instances", "create", world, "--host", c.NameOrID(ctx, h))
		ctl("instances", "start", world)
	}
	must(c.WaitTrading(ctx, patience, h.Worlds...))

	wait := func(what, item string, level, granted, received int64) {
		t.Helper()
		must(testbed.Poll(ctx, patience, what, func() (bool, error) {
			i, err := c.BusItem(ctx, item)
			return err == nil && i.Level == level && i.Granted == granted && i.Received == received && i.Owed == 0, err
		}))
	}
	wait("coal, which is not strict, to arrive", "coal", 0, 7, 7)
	wait("iron to wait on the bus", "iron-plate", 120, 0, 0)
	must(c.Console(ctx, "from", "/server-save kept", nil))
	wait("iron to arrive after the save", "iron-plate", 0, 120, 120)

	pid, err := c.GamePID(ctx, "from")
	must(err)
	must(testbed.KillProcess(pid))
	must(testbed.Poll(ctx, patience, "another process", func() (bool, error) {
		again, err := c.GamePID(ctx, "from")
		return err == nil && again != pid, nil
	}))
	must(c.WaitTrading(ctx, patience, h.Worlds...))
	wait("nobody to owe anything", "iron-plate", 0, 120, 120)
}
