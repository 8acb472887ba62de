package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"mainbus/cmd/internal/testbed"
)

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
	traffic := t.behind(ctx, world)
	if err := h.Agent.Kill(); err != nil {
		return "", err
	}
	killed := t.kill(ctx, world)
	books, _, err := t.booked(ctx, world) // which nobody changes any more
	if err != nil {
		return "", err
	}
	older, newer := compare(a, books)
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
	err = t.trading(ctx, h.Worlds...)
	t.lookForDebts(ctx)
	return fmt.Sprintf("kill -9 the game of %s and its agent%s, and load %s", world, t.struck(traffic), which), err
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	part := to + ".part"
	if err := os.WriteFile(part, content, info.Mode().Perm()); err != nil {
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
	if err := t.flows(ctx, "go"); err != nil { // the save may be from when they stood still
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
	return fmt.Sprintf("copy a save of %s to a new instance on %s, with %s in it", world, h.Name, countText(born)), nil
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
	traffic := t.traffic(ctx, t.cluster.Worlds()...)
	if err := t.cluster.Controller.Kill(); err != nil {
		return "", err
	}
	told := "kill -9 the controller" + t.struck(traffic) + ", and restore an older backup"
	if _, err := t.cluster.Ctl(ctx, "controller", "restore", t.backup); err != nil {
		return "", err
	}
	if err := t.cluster.StartController(ctx); err != nil {
		return "", err
	}
	t.backup = ""
	return told, t.trading(ctx, t.cluster.Worlds()...)
}
