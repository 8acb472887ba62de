//go:build unix

package instance

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

// BenchmarkColdStart wants twenty instances to run that have a save. What is beyond a game's own time is from the wish until
// its process exists, patching the save included, and from the moment when it says that RCON is open until it is seen to run.
func BenchmarkColdStart(b *testing.B) {
	for _, test := range []struct {
		name   string
		atOnce int
	}{{"one=at=a=time", 1}, {"all=at=once", 20}} {
		b.Run(test.name, func(b *testing.B) { coldStarts(b, test.atOnce) })
	}
}

func coldStarts(b *testing.B, atOnce int) {
	const instances = 20
	agents := coldAgents(b, instances)
	var c coldTimes
	b.ResetTimer()
	for range b.N {
		for group := range slices.Chunk(agents, atOnce) {
			c.start(b, group)
		}
		b.StopTimer()
		for _, a := range agents {
			a.wantRunning(false)
		}
		for _, a := range agents {
			a.stopGame()
		}
		b.StartTimer()
	}
	c.report(b)
}

// coldAgents are of one machine. All have the same save.
func coldAgents(b *testing.B, instances int) []*agent {
	b.Helper()
	game := simgame.Install(b, `{"autosave_seconds": 3600}`)
	ports := &Ports{}
	var agents []*agent
	for range instances {
		a := newAgent(b, b.TempDir(), game, &controller{ledger: "beef"})
		a.cfg.Ports = ports
		agents = append(agents, a)
	}
	agents[0].wantRunning(true) // makes its map, which the others get too
	agents[0].waitLinked()
	agents[0].stopGame()
	for _, a := range agents[1:] {
		if err := os.CopyFS(a.folder.saves(), os.DirFS(agents[0].folder.saves())); err != nil {
			b.Fatal(err)
		}
	}
	return agents
}

// coldTimes are what starts took.
type coldTimes struct {
	beyond []time.Duration
	cpu    time.Duration
}

// start starts all at once and waits until they run.
func (c *coldTimes) start(b *testing.B, agents []*agent) {
	began, wished := cpuTime(b), time.Now()
	took := make(chan time.Duration, len(agents))
	for _, a := range agents {
		a.wantRunning(true)
		go func() { took <- a.beyondTheGame(wished) }()
	}
	for range agents {
		c.beyond = append(c.beyond, <-took)
	}
	c.cpu += cpuTime(b) - began
}

func (c *coldTimes) report(b *testing.B) {
	slices.Sort(c.beyond)
	b.ReportMetric(float64(c.beyond[len(c.beyond)/2].Microseconds())/1000, "beyond-p50-ms")
	b.ReportMetric(float64(c.beyond[len(c.beyond)-1].Microseconds())/1000, "beyond-max-ms")
	b.ReportMetric(float64(c.cpu.Microseconds())/1000/float64(len(c.beyond)), "cpu-ms/start")
}

// beyondTheGame waits until the instance runs. A game that ends before that, because somebody has taken its port, is part of the way.
func (a *agent) beyondTheGame(wished time.Time) time.Duration {
	for {
		r := a.running.Load()
		if r == nil {
			<-a.changed
			continue
		}
		select {
		case <-r.ready:
		case <-r.ended:
			time.Sleep(time.Millisecond) // until the instance knows
			continue
		}
		ready := time.Now()
		for a.running.Load() == r && a.Observed().GetState() != wire.State_STATE_RUNNING {
			<-a.changed
		}
		if a.running.Load() == r {
			return time.Since(ready) + r.game.Run().Began.Sub(wished)
		}
	}
}

// cpuTime is what this process has used of the processors: the agent's part.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
