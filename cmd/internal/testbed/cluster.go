// Package testbed runs a cluster of real processes on this machine, for shows and tests: a controller, agents, and the
// simulated games that they start.
package testbed

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
	"sync/atomic"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/discovery"
)

// Long enough for a machine that has much else to do.
const (
	startTime  = time.Minute
	ctlTime    = 2 * time.Minute
	settleTime = 3 * time.Minute
)

// A Cluster is everything that runs: one controller and the hosts with their agents.
type Cluster struct {
	Dir        string // where all of it keeps its data
	Programs   string // folder with the programs
	Window     bool   // the controller is in the window
	Controller *Process
	Client     *api.Client
	Hosts      []*Host
}

// A Host stands for one machine: an agent with its data and an installation of the game.
type Host struct {
	Name    string
	ID      string // once it was found
	Agent   *Process
	Port    string   // that its agent printed: other hosts may be on the same network
	Code    string   // pairing code that its agent printed
	Worlds  []string // names of the instances that live here
	Hidden  bool     // does not announce itself
	Inside  []string // command that runs its programs where the host is, such as in a network namespace; none: here
	ports   string   // for its games
	cluster *Cluster
}

// hosts counts those of this process.
var hosts atomic.Uint32

// gamePorts are a hundred that no other host looks at: one whose port is taken between its choice and its bind is started again.
func gamePorts() string {
	first := 10_000 + os.Getpid()%10*1000 + int(hosts.Add(1)%10)*100
	return fmt.Sprintf("%d-%d", first, first+99)
}

// Me is filled in by the controller, which knows who is at the other end of its socket.
var Me = api.Caller{}

// CheckMulticast fails where hosts can't be found.
func CheckMulticast() error {
	if _, err := discovery.Usable(discovery.Config{}); err != nil {
		return fmt.Errorf("the hosts of this demo find each other by multicast: %w", err)
	}
	return nil
}

// Program is the path of one of the programs.
func (c *Cluster) Program(name string) string { return filepath.Join(c.Programs, name) }

// ControllerData is the controller's data folder.
func (c *Cluster) ControllerData() string { return filepath.Join(c.Dir, "controller") }

// StartController starts it, or starts it again, and waits until it answers.
func (c *Cluster) StartController(ctx context.Context) error {
	program, args := "mainbus-controller", []string{"--data", c.ControllerData(), "--name", "testbed"}
	if c.Window {
		program, args = "mainbus", []string{"--data", c.Dir, "--name", "testbed", "--this-host=false"}
	}
	var err error
	if c.Controller, err = startProcess(c.Dir, "controller", c.Program(program), args...); err != nil {
		return err
	}
	if c.Client != nil {
		c.Client.Close()
	}
	c.Client = api.Dial(c.ControllerData())
	return Poll(ctx, startTime, "the controller to answer", func() (bool, error) {
		_, err := c.Client.Status(ctx, Me)
		return err == nil, nil
	})
}

// AddHost puts the simulated game where the host will look for it; the scenario says what its worlds do.
func (c *Cluster) AddHost(name string, scenario []byte, worlds ...string) (*Host, error) {
	h := &Host{Name: name, Worlds: worlds, ports: gamePorts(), cluster: c}
	file := filepath.Join(c.Dir, name+"-scenario.json")
	if err := os.WriteFile(file, scenario, 0o600); err != nil {
		return nil, fmt.Errorf("write the scenario of %s: %w", name, err)
	}
	out, err := exec.Command(c.Program("mainbus-sim"), "install", h.Factorio(), "--scenario", file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("install the simulated game for %s: %w: %s", name, err, out)
	}
	c.Hosts = append(c.Hosts, h)
	return h, nil
}

// Data is the data folder of the host's agent.
func (h *Host) Data() string { return filepath.Join(h.cluster.Dir, h.Name) }

// Factorio is the installation of the game.
func (h *Host) Factorio() string { return filepath.Join(h.cluster.Dir, h.Name+"-factorio") }

// StartAgent starts it, or starts it again.
func (h *Host) StartAgent() error {
	var err error
	h.Agent, err = h.Start(h.Name, "mainbus-host",
		"--data", h.Data(), "--factorio", h.Factorio(), "--name", h.Name, "--game-ports", h.ports, fmt.Sprint("--announce=", !h.Hidden))
	return err
}

// Start starts one of the programs on this host.
func (h *Host) Start(name, program string, args ...string) (*Process, error) {
	command := append(slices.Clone(h.Inside), h.cluster.Program(program))
	return startProcess(h.cluster.Dir, name, command[0], append(command[1:], args...)...)
}

// ReadConsole waits for what the agent shows on its console, as a person would read it.
func (h *Host) ReadConsole(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := h.ReadPort(ctx); err != nil {
		return err
	}
	h.Code, err = h.Agent.WaitLine(ctx, wordAfter("Pairing code: "))
	return err
}

// ReadPort waits for the port that the agent shows, which is another one than last time if that was taken meanwhile.
func (h *Host) ReadPort(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	h.Port, err = h.Agent.WaitLine(ctx, wordAfter("UDP port "))
	return err
}

func wordAfter(label string) func(string) (string, bool) {
	return func(line string) (string, bool) {
		_, after, found := strings.Cut(line, label)
		word, _, _ := strings.Cut(after, " ")
		return word, found
	}
}

// Find looks for the host among those that the controller knows.
func (h *Host) Find(ctx context.Context) (api.Host, bool, error) {
	all, err := h.cluster.Client.Hosts(ctx, Me)
	if err != nil {
		return api.Host{}, false, err
	}
	for _, found := range all {
		atPort := func(address string) bool { return strings.HasSuffix(address, ":"+h.Port) }
		if found.ID == h.ID || h.ID == "" && found.Name == h.Name && slices.ContainsFunc(found.Addresses, atPort) {
			return found, true, nil
		}
	}
	return api.Host{}, false, nil
}

// Ctl runs mainbusctl, as a person or a script would.
func (c *Cluster) Ctl(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, ctlTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Program("mainbusctl"), append([]string{"--data", c.ControllerData()}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("mainbusctl %s: %w: %s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return out, nil
}

// Console sends one line to an instance's console and decodes the JSON that the simulator answers, if into is given.
func (c *Cluster) Console(ctx context.Context, instance, line string, into any) error {
	reply, err := c.Client.SendConsole(ctx, Me, api.SendConsole{Instance: instance, Line: line})
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

// Instance is what the controller says of one.
func (c *Cluster) Instance(ctx context.Context, name string) (api.Instance, error) {
	all, err := c.Client.Instances(ctx, Me)
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

// HostOf is the host that an instance lives on.
func (c *Cluster) HostOf(world string) *Host {
	for _, h := range c.Hosts {
		for _, w := range h.Worlds {
			if w == world {
				return h
			}
		}
	}
	return nil
}

// Worlds are the names of all instances.
func (c *Cluster) Worlds() []string {
	var all []string
	for _, h := range c.Hosts {
		all = append(all, h.Worlds...)
	}
	return all
}

// RunFile finds what the agent keeps about the running game of an instance.
func (c *Cluster) RunFile(ctx context.Context, world string) (string, error) {
	i, err := c.Instance(ctx, world)
	if err != nil {
		return "", err
	}
	return filepath.Join(c.HostOf(world).Data(), "instances", i.ID, ".mainbus", "run.json"), nil
}

// GamePID is the process of an instance's game.
func (c *Cluster) GamePID(ctx context.Context, world string) (int, error) {
	file, err := c.RunFile(ctx, world)
	if err != nil {
		return 0, err
	}
	run, err := readRun(file)
	return run.PID, err
}

// run is what a supervisor writes down of its game.
type run struct {
	PID        int `json:"pid"`
	Supervisor int `json:"supervisor"`
}

func readRun(file string) (r run, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return r, fmt.Errorf("find the game's process: %w", err)
	}
	if err := json.Unmarshal(content, &r); err != nil || r.PID <= 0 || r.Supervisor <= 0 {
		return r, fmt.Errorf("find the game's process in %s: %v", file, err)
	}
	return r, nil
}

// ShutDown ends everything, also what a failed show left running. Games outlive their agents, so they are
// ended by the process numbers on disk.
func (c *Cluster) ShutDown() {
	if c.Client != nil {
		c.Client.Close()
	}
	if c.Controller != nil {
		c.Controller.Stop(10 * time.Second)
	}
	for _, h := range c.Hosts {
		if h.Agent != nil {
			h.Agent.Stop(10 * time.Second)
		}
	}
	dirs, _ := filepath.Glob(filepath.Join(c.Dir, "*")) // the pattern is valid
	for _, dir := range dirs {
		KillGames(dir)
	}
}

// KillGames ends the games that an agent has left running in its data folder, and waits for their supervisors, which still write there.
func KillGames(data string) {
	files, _ := filepath.Glob(filepath.Join(data, "instances", "*", ".mainbus", "run.json")) // the pattern is valid
	var supervisors []int
	for _, file := range files {
		run, err := readRun(file)
		if err != nil {
			continue
		}
		supervisors = append(supervisors, run.Supervisor)
		if p, err := os.FindProcess(run.PID); err == nil {
			_ = p.Kill() // gone already is what we want
		}
	}
	_ = Poll(context.Background(), 5*time.Second, "the supervisors to end", func() (bool, error) { // what hangs is left behind
		return !slices.ContainsFunc(supervisors, Alive), nil
	})
}

// ErrTimeout says that something did not happen in time.
var ErrTimeout = errors.New("waited too long")

// Poll asks every 50 ms until done says so.
func Poll(ctx context.Context, patience time.Duration, what string, done func() (bool, error)) error {
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
			return fmt.Errorf("wait for %s: %w (%s)", what, ErrTimeout, patience)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}
