package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

// A fault breaks something, waits until what can come back by itself has come back, and tells what it did.
type fault func(*test, context.Context) (string, error)

// errNotNow says that a fault makes no sense yet.
var errNotNow = errors.New("not now")

// shuffled is one round of faults: each kind, those that hit traffic in flight more often.
func (t *test) shuffled() []fault {
	deck := []fault{
		(*test).killGame, (*test).killGame, (*test).killAgent, (*test).killAgent, (*test).killController, (*test).killController,
		(*test).killSeveral, (*test).cutLink, (*test).storm, (*test).loadSave, (*test).backAndForth, (*test).killController,
		(*test).killAgent, (*test).restoreController,
	}
	if t.copies == 0 {
		deck = append(deck, (*test).copyWorld)
	}
	if t.result.zombies == 0 {
		deck = append(deck, (*test).twoMachines)
	}
	t.random.Shuffle(len(deck), func(a, b int) { deck[a], deck[b] = deck[b], deck[a] })
	return deck
}

func pick[T any](t *test, all []T) T { return all[t.random.IntN(len(all))] }

func (t *test) anyWorld() string { return pick(t, t.cluster.Worlds()) }

func (t *test) away(ctx context.Context) {
	sleep(ctx, time.Duration(t.random.IntN(1500))*time.Millisecond)
}

// struck counts a kill that hit traffic.
func (t *test) struck(traffic bool) string {
	if !traffic {
		return ""
	}
	t.result.kills++
	return ", with traffic that nobody had acknowledged"
}

// behind tells whether a world has traded since its newest save: a crash takes that back.
func (t *test) behind(ctx context.Context, world string) bool {
	dir, err := t.saves(ctx, world)
	if err != nil {
		return false
	}
	file, err := newestSave(dir)
	if err != nil {
		return false
	}
	a, err := accountsOf(file)
	if err != nil {
		return false
	}
	books, _, err := t.booked(ctx, world)
	older, _ := compare(a, books)
	return err == nil && older
}

// kill ends a world's game. It may be starting again already, or not yet.
func (t *test) kill(ctx context.Context, world string) error {
	pid, err := t.cluster.GamePID(ctx, world)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := testbed.KillProcess(pid); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func (t *test) killGame(ctx context.Context) (string, error) {
	world := t.anyWorld()
	before, err := t.cluster.Instance(ctx, world)
	if err != nil {
		return "", err
	}
	traffic := t.behind(ctx, world)
	if err := t.kill(ctx, world); err != nil {
		return "", errNotNow
	}
	err = testbed.Poll(ctx, patience, world+" to start again", func() (bool, error) {
		i, err := t.cluster.Instance(ctx, world)
		return err == nil && i.Starts > before.Starts, nil
	})
	if err != nil {
		return "", err
	}
	return "kill -9 the game of " + world + t.struck(traffic), t.trading(ctx, world)
}

func (t *test) killAgent(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	traffic := t.unacknowledged(ctx, pick(t, h.Worlds))
	if err := h.Agent.Kill(); err != nil {
		return "", err
	}
	t.away(ctx)
	if err := h.StartAgent(); err != nil {
		return "", err
	}
	return "kill -9 the agent of " + h.Name + t.struck(traffic), t.agentBack(ctx, h)
}

// agentBack waits until a restarted agent has its link. The controller takes the old one for alive for a while.
func (t *test) agentBack(ctx context.Context, h *testbed.Host) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := h.Agent.WaitLine(ctx, func(line string) (string, bool) { return line, strings.Contains(line, "linked") })
	if err != nil {
		return err
	}
	return t.trading(ctx, h.Worlds...)
}

func (t *test) killController(ctx context.Context) (string, error) {
	traffic := t.unacknowledged(ctx, t.anyWorld())
	if err := t.cluster.Controller.Kill(); err != nil {
		return "", err
	}
	t.away(ctx)
	if err := t.cluster.StartController(ctx); err != nil {
		return "", err
	}
	return "kill -9 the controller" + t.struck(traffic), t.trading(ctx, t.cluster.Worlds()...)
}

// killSeveral kills one of each at the same moment, while a link is cut.
func (t *test) killSeveral(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	world := pick(t, h.Worlds)
	traffic := t.unacknowledged(ctx, world) || t.behind(ctx, world)
	t.relays[h].weather.Store(&weather{cut: true})
	killed := t.kill(ctx, world)
	err := errors.Join(h.Agent.Kill(), t.cluster.Controller.Kill())
	t.away(ctx)
	t.relays[h].weather.Store(&drizzle)
	err = errors.Join(err, h.StartAgent(), t.cluster.StartController(ctx))
	if err == nil {
		err = t.agentBack(ctx, h)
	}
	if err != nil {
		return "", err
	}
	if killed != nil {
		world = "none"
	}
	return fmt.Sprintf("cut the link of %s and kill -9 its agent, the game of %s and the controller at once%s", h.Name, world, t.struck(traffic)),
		t.trading(ctx, t.cluster.Worlds()...)
}

func (t *test) cutLink(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	length := time.Duration(1000+t.random.IntN(5000)) * time.Millisecond
	t.relays[h].during(ctx, weather{cut: true}, length)
	return fmt.Sprintf("cut the link of %s for %.1f s", h.Name, length.Seconds()), t.trading(ctx, h.Worlds...)
}

func (t *test) storm(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	r := t.relays[h]
	lost, doubled := r.lost.Load(), r.doubled.Load()
	r.during(ctx, weather{drop: 0.15, double: 0.15, delay: 200 * time.Millisecond}, 4*time.Second)
	return fmt.Sprintf("a storm on the link of %s: %d packets lost, %d doubled, all delayed by up to 0.2 s", h.Name, r.lost.Load()-lost, r.doubled.Load()-doubled),
		t.trading(ctx, h.Worlds...)
}

// loadSave starts a world from one of its saves.
func (t *test) loadSave(ctx context.Context) (string, error) {
	world := t.anyWorld()
	if len(t.pool[world]) == 0 {
		return "", errNotNow
	}
	return t.load(ctx, world, pick(t, t.pool[world]))
}

// backAndForth starts a world from its oldest save and then from its newest one, which is newer than the books are by then.
func (t *test) backAndForth(ctx context.Context) (string, error) {
	world := t.anyWorld()
	pool := t.pool[world]
	if len(pool) < 2 {
		return "", errNotNow
	}
	back, err := t.load(ctx, world, pool[0])
	if err != nil {
		return "", err
	}
	forth, err := t.load(ctx, world, pool[len(pool)-1])
	return back + "; " + forth, err
}

func (t *test) load(ctx context.Context, world, file string) (string, error) {
	a, err := accountsOf(file)
	if err != nil {
		return "", errNotNow
	}
	h := t.cluster.HostOf(world)
	before, err := t.cluster.Instance(ctx, world)
	if err != nil {
		return "", err
	}
	dir, err := t.saves(ctx, world)
	if err != nil {
		return "", err
	}
	books, _, err := t.booked(ctx, world)
	if err != nil {
		return "", err
	}
	older, newer := compare(a, books)
	if err := h.Agent.Kill(); err != nil {
		return "", err
	}
	killed := t.kill(ctx, world)
	if err := copyFile(file, filepath.Join(dir, "chosen.zip")); err != nil { // the newest of all
		return "", err
	}
	if err := errors.Join(killed, h.StartAgent()); err != nil {
		return "", err
	}
	if err := t.agentBack(ctx, h); err != nil {
		return "", err
	}
	err = testbed.Poll(ctx, patience, world+" to start again", func() (bool, error) {
		i, err := t.cluster.Instance(ctx, world)
		return err == nil && i.Starts > before.Starts, nil
	})
	if err != nil {
		return "", err
	}
	which := "a save as new as its books"
	switch {
	case newer: // of some items at least
		t.result.forward++
		which = "a save that is newer than its books"
	case older:
		t.result.back++
		which = "an older save"
	}
	return fmt.Sprintf("kill -9 the game of %s and its agent, and load %s", world, which), t.trading(ctx, h.Worlds...)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	part := to + ".part"
	if err := os.WriteFile(part, content, 0o600); err != nil {
		return err
	}
	return os.Rename(part, to)
}

// copyWorld loads a save of a world as another instance while the world goes on. What is in the copy there is more of.
func (t *test) copyWorld(ctx context.Context) (string, error) {
	world := t.anyWorld()
	if len(t.pool[world]) == 0 {
		return "", errNotNow
	}
	file := pick(t, t.pool[world])
	born, err := t.held(file)
	if err != nil {
		return "", err
	}
	h := pick(t, t.cluster.Hosts)
	t.copies++
	name := "copy" + strconv.Itoa(t.copies)
	if _, err := t.cluster.Ctl(ctx, "instances", "create", name, "--host", h.ID); err != nil {
		return "", err
	}
	i, err := t.cluster.Instance(ctx, name)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(h.Data(), "instances", i.ID, "saves")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := copyFile(file, filepath.Join(dir, "copied.zip")); err != nil {
		return "", err
	}
	if _, err := t.cluster.Ctl(ctx, "instances", "start", name); err != nil {
		return "", err
	}
	h.Worlds = append(h.Worlds, name)
	for i, n := range born {
		t.before[i] += n
	}
	if err := t.trading(ctx, name); err != nil {
		return "", err
	}
	_, original, err := t.booked(ctx, world)
	if err != nil {
		return "", err
	}
	err = testbed.Poll(ctx, patience, name+" to be booked", func() (bool, error) {
		_, id, err := t.booked(ctx, name)
		if err == nil && id != "" && id != original {
			t.result.forks++
			return true, nil
		}
		return false, nil
	})
	if err != nil {
		return "", err
	}
	t.backup = "" // it would know nothing of the copy
	return fmt.Sprintf("copy a save of %s to a new instance on %s, with %s in it", world, h.Name, countText(born)), t.goOn(ctx)
}

// restoreController puts the ledger back to a backup that knows less than the worlds.
func (t *test) restoreController(ctx context.Context) (string, error) {
	if t.backup == "" {
		b, err := t.cluster.Client.BackUp(ctx, testbed.Me)
		if err != nil {
			return "", err
		}
		t.backup = b.Path
		return "make a backup of the controller", nil
	}
	if err := t.cluster.Controller.Kill(); err != nil {
		return "", err
	}
	if _, err := t.cluster.Ctl(ctx, "controller", "restore", t.backup); err != nil {
		return "", err
	}
	if err := t.cluster.StartController(ctx); err != nil {
		return "", err
	}
	t.backup = ""
	return "kill -9 the controller and restore an older backup", t.trading(ctx, t.cluster.Worlds()...)
}

// twoMachines restores a copy of a host, as somebody does with a virtual machine, while the first goes on behind a link that
// now leads to the copy. Its games run twice; what the cut off ones do is booked nowhere. Then the copy dies.
func (t *test) twoMachines(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	before := map[string]api.Instance{}
	for _, world := range h.Worlds {
		i, err := t.cluster.Instance(ctx, world)
		if err != nil {
			return "", err
		}
		before[world] = i
	}
	clone := filepath.Join(t.cluster.Dir, h.Name+"-restored")
	if err := copyFolder(h.Data(), clone); err != nil {
		return "", fmt.Errorf("copy the machine %s: %w", h.Name, err)
	}
	t.forgetRuns(clone)
	agent, port, err := t.startClone(ctx, h, clone)
	if err != nil {
		return "", err
	}
	original, err := strconv.ParseUint(h.Port, 10, 16)
	if err != nil {
		return "", err
	}
	t.relays[h].to(port)
	alive := true
	for _, world := range h.Worlds {
		err := testbed.Poll(ctx, patience, world+" on the copied machine to trade", func() (bool, error) {
			i, err := t.cluster.Instance(ctx, world)
			return err == nil && i.Linked && i.State == "running" && i.GamePort != before[world].GamePort, nil
		})
		if err != nil {
			return "", err
		}
		pid, err := t.cluster.GamePID(ctx, world)
		alive = alive && err == nil && testbed.Alive(pid)
	}
	sleep(ctx, 3*time.Second) // both go on
	if alive {
		t.result.zombies += len(h.Worlds)
	}
	if err := agent.Kill(); err != nil {
		return "", err
	}
	err = testbed.Poll(ctx, patience, "the copied machine to be gone", func() (bool, error) {
		testbed.KillGames(clone)
		return os.RemoveAll(clone) == nil, nil // its games may write for another moment
	})
	if err != nil {
		return "", err
	}
	t.relays[h].to(uint16(original))
	if err := t.trading(ctx, h.Worlds...); err != nil {
		return "", err
	}
	err = testbed.Poll(ctx, patience, "the games of the first machine to trade again", func() (bool, error) {
		for _, world := range h.Worlds {
			i, err := t.cluster.Instance(ctx, world)
			if err != nil || !i.Linked || i.GamePort != before[world].GamePort {
				return false, nil
			}
		}
		return true, nil
	})
	return fmt.Sprintf("run a restored copy of the machine %s in its place for a while: %s ran twice, and the copy dies", h.Name, strings.Join(h.Worlds, ", ")), err
}

// copyFolder copies files and leaves out what can't be copied, such as sockets. What is gone before it is read is left out too.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case e.IsDir():
			return os.MkdirAll(target, 0o700)
		case !e.Type().IsRegular():
			return nil
		}
		if err := copyFile(path, target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// forgetRuns makes a copied machine one whose processes are gone.
func (t *test) forgetRuns(data string) {
	runs, _ := filepath.Glob(filepath.Join(data, "instances", "*", ".mainbus", "run.json")) // the pattern is valid
	locks, _ := filepath.Glob(filepath.Join(data, "instances", "*", ".lock"))
	for _, file := range append(runs, locks...) {
		os.Remove(file)
	}
}

func (t *test) startClone(ctx context.Context, h *testbed.Host, data string) (*testbed.Process, uint16, error) {
	free, err := newRelay() // finds a free port
	if err != nil {
		return nil, 0, err
	}
	port := free.addr().Port()
	free.close()
	agent, err := t.cluster.Start(h.Name+"-restored", "mainbus-host", "--data", data, "--factorio", h.Factorio(), "--name", h.Name,
		"--announce=false", "--port", strconv.Itoa(int(port)))
	if err != nil {
		return nil, 0, err
	}
	_, err = agent.WaitLine(ctx, func(line string) (string, bool) { return line, strings.Contains(line, "is ready at UDP port") })
	return agent, port, err
}
