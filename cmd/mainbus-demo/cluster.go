package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/discovery"
)

// A cluster is everything that runs: one controller and the hosts with their agents.
type cluster struct {
	dir        string
	programs   string
	window     bool // the controller is in the window
	controller *process
	client     *api.Client
	hosts      []*host
}

// A host stands for one machine: an agent with its data and an installation of the game.
type host struct {
	name    string
	id      string // once it was found
	agent   *process
	port    string   // that its agent printed: other demos' hosts may be on the same network
	code    string   // pairing code that its agent printed
	worlds  []string // names of the instances that live here
	cluster *cluster
}

var me = api.Caller{}

func checkMulticast() error {
	if _, err := discovery.Usable(discovery.Config{}); err != nil {
		return fmt.Errorf("the hosts of this demo find each other by multicast: %w", err)
	}
	return nil
}

func (c *cluster) program(name string) string { return filepath.Join(c.programs, name) }

func (c *cluster) controllerData() string { return filepath.Join(c.dir, "controller") }

func (c *cluster) startController(ctx context.Context) error {
	program, args := "mainbus-controller", []string{"--data", c.controllerData(), "--name", "demo"}
	if c.window {
		program, args = "mainbus", []string{"--data", c.dir, "--name", "demo", "--this-host=false"}
	}
	var err error
	if c.controller, err = startProcess(c.dir, "controller", c.program(program), args...); err != nil {
		return err
	}
	if c.client != nil {
		c.client.Close()
	}
	c.client = api.Dial(c.controllerData())
	return poll(ctx, 15*time.Second, "the controller to answer", func() (bool, error) {
		_, err := c.client.Status(ctx, me)
		return err == nil, nil
	})
}

// install puts the simulated game where the host will look for it; the scenario says what its worlds do.
func (c *cluster) addHost(name string, scenario []byte, worlds ...string) (*host, error) {
	h := &host{name: name, worlds: worlds, cluster: c}
	file := filepath.Join(c.dir, name+"-scenario.json")
	if err := os.WriteFile(file, scenario, 0o600); err != nil {
		return nil, fmt.Errorf("write the scenario of %s: %w", name, err)
	}
	out, err := exec.Command(c.program("mainbus-sim"), "install", h.factorio(), "--scenario", file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("install the simulated game for %s: %w: %s", name, err, out)
	}
	c.hosts = append(c.hosts, h)
	return h, nil
}

func (h *host) data() string     { return filepath.Join(h.cluster.dir, h.name) }
func (h *host) factorio() string { return filepath.Join(h.cluster.dir, h.name+"-factorio") }

func (h *host) startAgent() error {
	var err error
	h.agent, err = startProcess(h.cluster.dir, h.name, h.cluster.program("mainbus-host"),
		"--data", h.data(), "--factorio", h.factorio(), "--name", h.name)
	return err
}

// readConsole waits for what the agent shows on its console, as a person would read it.
func (h *host) readConsole(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if h.port, err = h.agent.waitLine(ctx, wordAfter("UDP port ")); err != nil {
		return err
	}
	h.code, err = h.agent.waitLine(ctx, wordAfter("Pairing code: "))
	return err
}

func wordAfter(label string) func(string) (string, bool) {
	return func(line string) (string, bool) {
		_, after, found := strings.Cut(line, label)
		word, _, _ := strings.Cut(after, " ")
		return word, found
	}
}

// find looks for the host among those that the controller knows.
func (h *host) find(ctx context.Context) (api.Host, bool, error) {
	all, err := h.cluster.client.Hosts(ctx, me)
	if err != nil {
		return api.Host{}, false, err
	}
	for _, found := range all {
		atPort := func(address string) bool { return strings.HasSuffix(address, ":"+h.port) }
		if found.ID == h.id || h.id == "" && found.Name == h.name && slices.ContainsFunc(found.Addresses, atPort) {
			return found, true, nil
		}
	}
	return api.Host{}, false, nil
}

// ctl runs mainbusctl, as a person or a script would.
func (c *cluster) ctl(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program("mainbusctl"), append([]string{"--data", c.controllerData()}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("mainbusctl %s: %w: %s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return out, nil
}

// console sends one line to an instance's console and decodes the JSON that the simulator answers, if into is given.
func (c *cluster) console(ctx context.Context, instance, line string, into any) error {
	reply, err := c.client.SendConsole(ctx, me, api.SendConsole{Instance: instance, Line: line})
	if err != nil {
		return fmt.Errorf("ask %s for %s: %w", instance, line, err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(reply.Text), into); err != nil {
		return fmt.Errorf("ask %s for %s: %w: %q", instance, line, err, reply.Text)
	}
	return nil
}

func (c *cluster) instance(ctx context.Context, name string) (api.Instance, error) {
	all, err := c.client.Instances(ctx, me)
	if err != nil {
		return api.Instance{}, err
	}
	for _, i := range all {
		if i.Name == name {
			return i, nil
		}
	}
	return api.Instance{}, fmt.Errorf("no instance %s", name)
}

func (c *cluster) hostOf(world string) *host {
	for _, h := range c.hosts {
		for _, w := range h.worlds {
			if w == world {
				return h
			}
		}
	}
	return nil
}

func (c *cluster) worlds() []string {
	var all []string
	for _, h := range c.hosts {
		all = append(all, h.worlds...)
	}
	return all
}

// runFile finds what the agent keeps about the running game of an instance.
func (c *cluster) runFile(ctx context.Context, world string) (string, error) {
	i, err := c.instance(ctx, world)
	if err != nil {
		return "", err
	}
	return filepath.Join(c.hostOf(world).data(), "instances", i.ID, ".mainbus", "run.json"), nil
}

func (c *cluster) gamePID(ctx context.Context, world string) (int, error) {
	file, err := c.runFile(ctx, world)
	if err != nil {
		return 0, err
	}
	return readPID(file)
}

func readPID(file string) (int, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("find the game's process: %w", err)
	}
	var run struct {
		PID int `json:"pid"`
	}
	if err := json.Unmarshal(content, &run); err != nil || run.PID <= 0 {
		return 0, fmt.Errorf("find the game's process in %s: %v", file, err)
	}
	return run.PID, nil
}

// shutDown ends everything, also what a failed show left running. Games outlive their agents, so they are
// ended by the process numbers on disk.
func (c *cluster) shutDown() {
	if c.client != nil {
		c.client.Close()
	}
	if c.controller != nil {
		c.controller.stop(10 * time.Second)
	}
	for _, h := range c.hosts {
		if h.agent != nil {
			h.agent.stop(10 * time.Second)
		}
	}
	files, _ := filepath.Glob(filepath.Join(c.dir, "*", "instances", "*", ".mainbus", "run.json")) // the pattern is valid
	for _, file := range files {
		if pid, err := readPID(file); err == nil {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill() // gone already is what we want
			}
		}
	}
}

var errTimeout = errors.New("waited too long")

// poll asks every 50 ms until done says so.
func poll(ctx context.Context, patience time.Duration, what string, done func() (bool, error)) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return fmt.Errorf("wait for %s: %w (%s)", what, errTimeout, patience)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}
