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
	if err := t.route(h, port); err != nil {
		return "", err
	}
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
	if err := t.route(h, h.Port); err != nil {
		return "", err
	}
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

// startClone starts the agent of a copied machine at a port of its own, where the first one is.
func (t *test) startClone(ctx context.Context, h *testbed.Host, data string) (*testbed.Process, string, error) {
	free, err := newRelay() // finds a free port
	if err != nil {
		return nil, "", err
	}
	port := strconv.Itoa(int(free.addr().Port()))
	free.close()
	agent, err := h.Start(h.Name+"-restored", "mainbus-host", "--data", data, "--factorio", h.Factorio(), "--name", h.Name,
		"--announce=false", "--port", port)
	if err != nil {
		return nil, "", err
	}
	_, err = agent.WaitLine(ctx, func(line string) (string, bool) { return line, strings.Contains(line, "is ready at UDP port") })
	return agent, port, err
}
