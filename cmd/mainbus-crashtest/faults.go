package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"mainbus/cmd/internal/testbed"
)

// A fault breaks something, waits until what can come back by itself has come back, and tells what it did.
type fault func(*test, context.Context) (string, error)

// errNotNow says that a fault makes no sense yet.
var errNotNow = errors.New("not now")

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

// traffic waits for a moment at which one of the worlds has something on its way, and tells whether there was one.
func (t *test) traffic(ctx context.Context, worlds ...string) bool {
	for end := time.Now().Add(maxLookout); time.Now().Before(end) && ctx.Err() == nil; {
		if t.unacknowledged(ctx, pick(t, worlds)) {
			return true
		}
	}
	return false
}

func (t *test) killAgent(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	traffic := t.traffic(ctx, h.Worlds...)
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
	last := h.Port
	err := h.ReadPort(ctx)
	if err == nil && h.Port != last {
		err = t.route(h, h.Port)
	}
	if err != nil {
		return err
	}
	_, err = h.Agent.WaitLine(ctx, func(line string) (string, bool) { return line, strings.Contains(line, "linked") })
	if err != nil {
		return err
	}
	return t.trading(ctx, h.Worlds...)
}

func (t *test) killController(ctx context.Context) (string, error) {
	traffic := t.traffic(ctx, t.cluster.Worlds()...)
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
	traffic := t.behind(ctx, world) || t.traffic(ctx, h.Worlds...)
	mend, err := t.cut(h)
	if err != nil {
		return "", err
	}
	killed := t.kill(ctx, world)
	err = errors.Join(h.Agent.Kill(), t.cluster.Controller.Kill())
	t.away(ctx)
	err = errors.Join(err, mend(), h.StartAgent(), t.cluster.StartController(ctx))
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
	mend, err := t.cut(h)
	if err != nil {
		return "", err
	}
	sleep(ctx, length)
	if err := mend(); err != nil {
		return "", err
	}
	return fmt.Sprintf("cut the link of %s for %.1f s", h.Name, length.Seconds()), t.trading(ctx, h.Worlds...)
}

func (t *test) storm(ctx context.Context) (string, error) {
	h := pick(t, t.cluster.Hosts)
	r := t.relays[h]
	lost, doubled := r.lost.Load(), r.doubled.Load()
	r.weather.Store(&weather{drop: 0.15, double: 0.15, delay: 200 * time.Millisecond})
	sleep(ctx, 4*time.Second)
	r.weather.Store(&drizzle)
	return fmt.Sprintf("a storm on the link of %s: %d packets lost, %d doubled, all delayed by up to 0.2 s", h.Name, r.lost.Load()-lost, r.doubled.Load()-doubled),
		t.trading(ctx, h.Worlds...)
}
