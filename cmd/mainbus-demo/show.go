package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

// A show is one run of the demo: what is done in which order, and what is said about it.
type show struct {
	cluster *testbed.Cluster
	out     io.Writer
	began   time.Time
	length  time.Duration
	summary summary
}

// Each single transfer of this item is one measurement; nothing else moves it.
const probeItem = "processing-unit"

const (
	minTransfers = 100
	transfers    = 120
	// The hosts are told apart by name, as machines in a network are.
	firstHost, secondHost = "alpha", "beta"
)

func (s *show) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%6.1f s  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// command says what a person would type and runs it.
func (s *show) command(ctx context.Context, args ...string) error {
	shown := make([]string, len(args))
	for i, a := range args {
		if shown[i] = a; strings.Contains(a, " ") {
			shown[i] = "'" + a + "'"
		}
	}
	s.say("$ mainbusctl %s", strings.Join(shown, " "))
	_, err := s.cluster.Ctl(ctx, args...)
	return err
}

func (s *show) play(ctx context.Context) error {
	acts := []func(context.Context) error{
		s.startPrograms, s.pairHosts, s.startWorlds, s.firstItem, s.measure,
		s.killGame, s.killAgent, s.killController, s.runOn, s.count,
	}
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *show) startPrograms(ctx context.Context) error {
	c := s.cluster
	s.say("Starting a controller and two host agents, each a process with a data folder of its own, in %s", c.Dir)
	if c.Window {
		s.say("The controller runs in the window: look at it, and at what happens to it")
	}
	if err := c.StartController(ctx); err != nil {
		return err
	}
	for _, h := range []struct {
		Name   string
		Worlds []string
	}{{firstHost, []string{"nauvis"}}, {secondHost, []string{"vulcanus", "gleba"}}} {
		added, err := c.AddHost(h.Name, scenario(s.length), h.Worlds...)
		if err != nil {
			return err
		}
		if err := added.StartAgent(); err != nil {
			return err
		}
	}
	return nil
}

func (s *show) pairHosts(ctx context.Context) error {
	c := s.cluster
	for _, h := range c.Hosts {
		if err := h.ReadConsole(ctx); err != nil {
			return err
		}
		var found api.Host
		err := testbed.Poll(ctx, patience, "host "+h.Name+" to be found", func() (ok bool, err error) {
			found, ok, err = h.Find(ctx)
			return ok, err
		})
		if err != nil {
			return err
		}
		h.ID = found.ID
		s.say("Host %s wants to join (found by %s at %s)", h.Name, found.DiscoveredBy, strings.Join(found.Addresses, ", "))
		if err := s.command(ctx, "hosts", "pair", c.NameOrID(ctx, h), h.Code); err != nil {
			return err
		}
	}
	return s.cluster.WaitLinked(ctx, patience)
}

func (s *show) startWorlds(ctx context.Context) error {
	for _, h := range s.cluster.Hosts {
		for _, world := range h.Worlds {
			if err := s.command(ctx, "instances", "create", world, "--host", s.cluster.NameOrID(ctx, h)); err != nil {
				return err
			}
			if err := s.command(ctx, "instances", "start", world); err != nil {
				return err
			}
		}
	}
	if err := s.cluster.WaitTrading(ctx, patience, s.cluster.Worlds()...); err != nil {
		return err
	}
	s.say("Three worlds run and trade: nauvis on %s, vulcanus and gleba on %s", firstHost, secondHost)
	return nil
}

func (s *show) firstItem(ctx context.Context) error {
	err := testbed.Poll(ctx, patience, "the first item to arrive", func() (bool, error) {
		iron, err := s.cluster.BusItem(ctx, "iron-plate")
		return iron.Received > 0, err
	})
	if err == nil {
		s.say("First iron plates: out of a chest on nauvis, through the controller's ledger, into chests on vulcanus and gleba")
	}
	return err
}

func (s *show) measure(ctx context.Context) error {
	s.say("Measuring: %d single transfers of %s from nauvis to vulcanus", transfers, probeItem)
	err := testbed.Poll(ctx, max(s.length, patience), "the single transfers", func() (bool, error) {
		probe, err := s.cluster.BusItem(ctx, probeItem)
		return probe.Received >= transfers, err
	})
	if err != nil {
		return err
	}
	told, err := s.trace(ctx, "nauvis")
	if err != nil {
		return err
	}
	granted, err := s.trace(ctx, "vulcanus")
	if err != nil {
		return err
	}
	item := probeItem + "/normal"
	all := latencies(firstTold(told, item), firstGranted(granted, item))
	b := &s.summary.Bus
	b.transfers = len(all)
	b.Latency = latencySummary{P50: milliseconds(quantile(all, 0.50)), P99: milliseconds(quantile(all, 0.99))}
	s.say("From the line printed on nauvis to the command arriving at vulcanus: %.2f ms in the middle, %.2f ms for 99 of 100",
		b.Latency.P50, b.Latency.P99)
	return nil
}

func (s *show) trace(ctx context.Context, world string) ([]traceEntry, error) {
	run, err := s.cluster.RunFile(ctx, world)
	if err != nil {
		return nil, err
	}
	return readTrace(filepath.Join(filepath.Dir(filepath.Dir(run)), "sim-trace.jsonl"))
}

// back notes how long something was away.
func (s *show) back(what string, killed time.Time) time.Duration {
	away := time.Since(killed)
	s.summary.Kills = append(s.summary.Kills, killSummary{What: what, BackAfterMS: away.Milliseconds()})
	return away
}

func (s *show) killGame(ctx context.Context) error {
	const world = "nauvis"
	if err := s.command(ctx, "instances", "send", world, "/server-save"); err != nil {
		return err
	}
	if err := s.pause(ctx, 3*time.Second); err != nil {
		return err
	}
	before, err := s.cluster.Instance(ctx, world)
	if err != nil {
		return err
	}
	sent, err := s.cluster.BusItem(ctx, "iron-plate")
	if err != nil {
		return err
	}
	pid, err := s.cluster.GamePID(ctx, world)
	if err != nil {
		return err
	}
	s.say("kill -9 the game of %s, three seconds after it saved; until now it has sent %d iron plates", world, sent.Sent)
	killed := time.Now()
	if err := testbed.KillProcess(pid); err != nil {
		return fmt.Errorf("kill the game of %s: %w", world, err)
	}
	var after api.Instance
	err = testbed.Poll(ctx, patience, world+" to be back", func() (bool, error) {
		after, err = s.cluster.Instance(ctx, world)
		return after.State == "running" && after.Linked && after.Starts > before.Starts, err
	})
	if err != nil {
		return err
	}
	away := s.back("game "+world, killed)
	now, err := s.cluster.BusItem(ctx, "iron-plate")
	if err != nil {
		return err
	}
	s.say("%s is back after %d ms, from its last save. By that save it has sent %d iron plates, so the bus has given up the rest%s",
		world, away.Milliseconds(), now.Sent, debt(now))
	return nil
}

// debt says what the world owes because others had used already what it took back.
func debt(i api.BusItem) string {
	if i.Owed == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of them had been used elsewhere and are owed: its next ones pay", i.Owed)
}

func (s *show) killAgent(ctx context.Context) error {
	h := s.cluster.HostOf("vulcanus")
	pids := map[string]int{}
	for _, world := range h.Worlds {
		pid, err := s.cluster.GamePID(ctx, world)
		if err != nil {
			return err
		}
		pids[world] = pid
	}
	s.say("kill -9 the agent of %s; its two games must go on", h.Name)
	killed := time.Now()
	if err := h.Agent.Kill(); err != nil {
		return err
	}
	if err := h.StartAgent(); err != nil {
		return err
	}
	// The controller may hold the old link for linked until the new agent shows itself.
	if _, err := h.Agent.WaitLine(ctx, func(line string) (string, bool) { return line, strings.Contains(line, "linked") }); err != nil {
		return err
	}
	if err := s.cluster.WaitLinked(ctx, patience); err != nil {
		return err
	}
	if err := s.cluster.WaitTrading(ctx, patience, h.Worlds...); err != nil {
		return err
	}
	away := s.back("agent "+h.Name, killed)
	same := true
	for _, world := range h.Worlds {
		pid, err := s.cluster.GamePID(ctx, world)
		if err != nil {
			return err
		}
		same = same && pid == pids[world] && testbed.Alive(pid)
	}
	s.summary.check(same, "the games of %s went on while their agent was dead", h.Name)
	s.say("The agent of %s is back after %d ms and has taken over its running games again (processes %d and %d)",
		h.Name, away.Milliseconds(), pids[h.Worlds[0]], pids[h.Worlds[1]])
	return nil
}

func (s *show) killController(ctx context.Context) error {
	before, err := s.cluster.Client.Status(ctx, testbed.Me)
	if err != nil {
		return err
	}
	s.say("kill -9 the controller; agents and games must go on")
	killed := time.Now()
	if err := s.cluster.Controller.Kill(); err != nil {
		return err
	}
	if err := s.cluster.StartController(ctx); err != nil {
		return err
	}
	if err := s.cluster.WaitLinked(ctx, patience); err != nil {
		return err
	}
	if err := s.cluster.WaitTrading(ctx, patience, s.cluster.Worlds()...); err != nil {
		return err
	}
	away := s.back("controller", killed)
	after, err := s.cluster.Client.Status(ctx, testbed.Me)
	if err != nil {
		return err
	}
	s.summary.check(after.Ledger == before.Ledger && after.Incarnation > before.Incarnation,
		"the controller came back with the same ledger and a new incarnation")
	s.say("The controller is back after %d ms: both hosts linked, three worlds bound again", away.Milliseconds())
	return nil
}

func (s *show) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runOn lets the worlds trade until the show has lasted as long as it was asked to, leaving time to count.
func (s *show) runOn(ctx context.Context) error {
	const toCount = 4 * time.Second
	if left := s.length - toCount - time.Since(s.began); left > 0 {
		s.say("The worlds trade on for %.0f s", left.Seconds())
		return s.pause(ctx, left)
	}
	return nil
}

func (s *show) count(ctx context.Context) error {
	c, sum := s.cluster, &s.summary
	s.say("Stopping production and consumption in all worlds, and counting every item")
	for _, world := range c.Worlds() {
		if err := c.Console(ctx, world, "/sim-flows stop", nil); err != nil {
			return err
		}
	}
	var err error
	if sum.sums, err = c.SettledSum(ctx); err != nil {
		return err
	}
	hosts, err := c.Client.Hosts(ctx, testbed.Me)
	if err != nil {
		return err
	}
	instances, err := c.Client.Instances(ctx, testbed.Me)
	if err != nil {
		return err
	}
	bus, err := c.Client.Bus(ctx, testbed.Me)
	if err != nil {
		return err
	}
	for _, h := range hosts {
		if h.State == "paired" { // another demo's hosts may be on the same network
			sum.Hosts = append(sum.Hosts, hostSummary{Name: h.Name, DiscoveredBy: h.DiscoveredBy, Paired: true})
		}
	}
	for _, i := range instances {
		sum.Instances = append(sum.Instances, instanceSummary{Name: i.Name, Host: i.HostName, State: i.State})
	}
	for _, i := range bus {
		sum.Bus.Sent += i.Sent
		sum.Bus.Received += i.Received
		sum.Bus.InFlight += i.InFlight
	}
	sum.judge()
	return s.stopWorlds(ctx)
}

// judge states what the demo claims, and whether it is so.
func (s *summary) judge() {
	for _, h := range s.Hosts {
		s.check(h.DiscoveredBy == "mdns" && h.Paired, "host %s was found by %s and is paired", h.Name, h.DiscoveredBy)
	}
	for _, i := range s.Instances {
		s.check(i.State == "running", "instance %s on %s is %s", i.Name, i.Host, i.State)
	}
	s.check(len(s.Hosts) == 2 && len(s.Instances) == 3, "two hosts and three instances")
	s.check(s.Bus.transfers >= minTransfers, "%d single transfers measured: %.2f ms in the middle, %.2f ms for 99 of 100",
		s.Bus.transfers, s.Bus.Latency.P50, s.Bus.Latency.P99)
	s.check(len(s.Kills) == 3, "a game, an agent and the controller were killed and came back")
	s.check(s.Bus.Sent > 0 && s.Bus.Received > 0, "%d items sent to the bus, %d received from it, %d in flight",
		s.Bus.Sent, s.Bus.Received, s.Bus.InFlight)
	s.Bus.Conserved = len(s.sums) > 0
	for _, i := range s.sums {
		if i.Difference() != 0 {
			s.Bus.Conserved = false
			s.check(false, "%s: %+d that nobody made", i.Goods, i.Difference())
		}
	}
	s.check(s.Bus.Conserved, "every item that was made is in a world, on the bus or consumed: none lost, none doubled")
}

func (s *show) stopWorlds(ctx context.Context) error {
	for _, world := range s.cluster.Worlds() {
		if err := s.command(ctx, "instances", "stop", world); err != nil {
			return err
		}
	}
	return nil
}
