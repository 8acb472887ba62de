package testbed_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

// One world sends, the other wants more than there is; nobody saves unless asked.
const moveScenario = `{"autosave_seconds": 3600, "worlds": {
  "mover": {"chests": [{"id": "out", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "count": 700}, {"name": "coal", "count": 50}]}],
            "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]}]},
  "stay": {"chests": [{"id": "in", "position": [0.5, 0.5]}],
           "calls": [{"tick": 30, "interface": "mainbus", "function": "request",
                      "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}, [{"name": "iron-plate", "count": 400}]]}]}}}`

// moving is a cluster of two hosts between which an instance moves.
type moving struct {
	*testbed.Cluster
	t    *testing.T
	ctx  context.Context
	a, b *testbed.Host
	id   string // of the instance
}

func (m *moving) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *moving) host(name string) *testbed.Host {
	m.t.Helper()
	h, err := m.AddHost(name, []byte(moveScenario))
	m.must(err)
	m.must(h.StartAgent())
	m.must(h.ReadConsole(m.ctx))
	m.must(testbed.Poll(m.ctx, patience, "the host to be found", func() (bool, error) {
		found, ok, err := h.Find(m.ctx)
		h.ID = found.ID
		return ok, err
	}))
	_, err = m.Ctl(m.ctx, "hosts", "pair", m.NameOrID(m.ctx, h), h.Code)
	m.must(err)
	return h
}

// folder is where a host keeps the instance that moves, if it does.
func (m *moving) folder(h *testbed.Host) string { return filepath.Join(h.Data(), "instances", m.id) }

func (m *moving) bin(h *testbed.Host) int {
	entries, err := os.ReadDir(filepath.Join(h.Data(), "bin"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	return len(entries)
}

// move begins a move and calls disturb once it is in a phase and bytes have come. It returns the task as it ended.
func (m *moving) move(to *testbed.Host, phase string, disturb func()) api.Task {
	m.t.Helper()
	task, err := m.Client.MoveInstance(m.ctx, testbed.Me, api.MoveInstance{Instance: "mover", Host: to.ID})
	m.must(err)
	m.must(testbed.Poll(m.ctx, 3*patience, "the move to end", func() (bool, error) {
		all, err := m.Client.Tasks(m.ctx, testbed.Me)
		at := slices.IndexFunc(all, func(t api.Task) bool { return t.ID == task.ID })
		if err != nil || at < 0 {
			return false, err
		}
		task = all[at]
		if disturb != nil && task.Phase == phase && (phase != "receiving" || task.DoneBytes > 0) {
			disturb()
			disturb = nil
		}
		return task.State != api.TaskRunning, nil
	}))
	if disturb != nil {
		m.t.Errorf("the move was over before it could be disturbed while it was %s", phase)
	}
	return task
}

// crash kills an agent and starts it again.
func (m *moving) crash(h *testbed.Host) {
	m.t.Helper()
	m.must(h.Agent.Kill())
	m.must(h.StartAgent())
	m.must(h.ReadPort(m.ctx))
}

// settled checks that the instance runs on a host and nothing is lost.
func (m *moving) settled(when string, at *testbed.Host) {
	m.t.Helper()
	m.a.Worlds, m.b.Worlds = nil, []string{"stay"}
	at.Worlds = append(at.Worlds, "mover")
	m.must(m.WaitLinked(m.ctx, patience))
	m.must(m.WaitTrading(m.ctx, patience, "mover", "stay"))
	i, err := m.Instance(m.ctx, "mover")
	m.must(err)
	if i.Host != at.ID || i.ID != m.id {
		m.t.Errorf("%s: it is %+v", when, i)
	}
	m.must(testbed.Poll(m.ctx, patience, when+": iron to arrive", func() (bool, error) {
		item, err := m.BusItem(m.ctx, "iron-plate")
		return err == nil && item.Level == 300 && item.Received == 400 && item.Owed == 0, err
	}))
	sums, err := m.SettledSum(m.ctx)
	m.must(err)
	for _, s := range sums {
		if s.Name == "iron-plate" && s.There() != 700 || s.Name == "coal" && s.There() != 50 {
			m.t.Errorf("%s: of %s there are %d: %+v", when, s.Name, s.There(), s)
		}
	}
	_, err = m.Ctl(m.ctx, "bus", "verify")
	m.must(err)
}

// TestAnInstanceMovesBetweenRealHosts: also while either agent is killed in the middle, and back when the new host can't start it.
func TestAnInstanceMovesBetweenRealHosts(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, moves were NOT tested with real processes here: %v", err)
	}
	ctx := t.Context()
	m := &moving{t: t, ctx: ctx}
	m.Cluster = newCluster(t)
	m.must(m.StartController(ctx))
	m.a, m.b = m.host("move-a"), m.host("move-b")
	m.must(m.WaitLinked(ctx, patience))
	for world, h := range map[string]*testbed.Host{"mover": m.a, "stay": m.b} {
		for _, args := range [][]string{{"instances", "create", world, "--host", h.ID}, {"instances", "start", world}} {
			_, err := m.Ctl(ctx, args...)
			m.must(err)
		}
	}
	i, err := m.Instance(ctx, "mover")
	m.must(err)
	m.id = i.ID
	m.settled("before", m.a)
	// So much that there is a middle.
	big := make([]byte, 150<<20)
	rand.Read(big)
	file := filepath.Join("scenarios", "big", "image.bin")
	m.must(os.MkdirAll(filepath.Join(m.folder(m.a), "scenarios", "big"), 0o700))
	m.must(os.WriteFile(filepath.Join(m.folder(m.a), file), big, 0o600))

	task := m.move(m.b, "receiving", func() { m.crash(m.b) })
	if task.State != api.TaskDone || task.Result != "move-b" {
		t.Fatalf("the move ended as %+v", task)
	}
	m.settled("after the taker was killed", m.b)
	got, err := os.ReadFile(filepath.Join(m.folder(m.b), file))
	m.must(err)
	if string(got) != string(big) {
		t.Error("a file arrived otherwise")
	}
	m.must(testbed.Poll(ctx, patience, "the old folder to be in the bin", func() (bool, error) {
		_, err := os.Stat(m.folder(m.a))
		return errors.Is(err, os.ErrNotExist) && m.bin(m.a) == 1, nil
	}))

	task = m.move(m.a, "receiving", func() { m.crash(m.b) })
	if task.State != api.TaskDone {
		t.Fatalf("the move back ended as %+v", task)
	}
	m.settled("after the giver was killed", m.a)

	// A host without the game can't start it.
	m.must(os.Rename(m.b.Factorio(), m.b.Factorio()+"-away"))
	m.crash(m.b)
	m.must(m.WaitLinked(ctx, patience))
	task = m.move(m.b, "", nil)
	if task.State != api.TaskFailed || !strings.Contains(task.Error.Message, "stays on move-a") {
		t.Errorf("the move to a host without the game ended as %+v, %+v", task, task.Error)
	}
	m.settled("after the new host could not start it", m.a)
	m.must(testbed.Poll(ctx, patience, "the copy there to be in the bin", func() (bool, error) {
		_, err := os.Stat(m.folder(m.b))
		return errors.Is(err, os.ErrNotExist), nil
	}))

	if _, err := m.Ctl(ctx, "instances", "delete", "mover", "--yes"); err == nil {
		t.Error("deleted while it runs")
	}
	for _, args := range [][]string{{"instances", "stop", "mover"}, {"instances", "rename", "mover", "Überfahrt ⚙"}, {"instances", "delete", "Überfahrt ⚙", "--yes"}} {
		_, err := m.Ctl(ctx, args...)
		m.must(err)
	}
	m.must(testbed.Poll(ctx, patience, "the deleted one to be in the bin", func() (bool, error) {
		_, err := os.Stat(m.folder(m.a))
		return errors.Is(err, os.ErrNotExist) && m.bin(m.a) >= 2, nil
	}))
}
