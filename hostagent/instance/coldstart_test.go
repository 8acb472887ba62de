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

// BenchmarkColdStart wants twenty instances to run at once that have a save. What is beyond a game's own time is from the wish until
// its process exists, patching the save included, and from the moment when it says that RCON is open until it is seen to run.
func BenchmarkColdStart(b *testing.B) {
	const instances = 20
	game := simgame.Install(b, `{"autosave_seconds": 3600}`)
	agents := make([]*agent, instances)
	ports := &Ports{} // as of one machine
	for n := range agents {
		agents[n] = newAgent(b, b.TempDir(), game, &controller{ledger: "beef"})
		agents[n].cfg.Ports = ports
	}
	agents[0].wantRunning(true) // makes its map, which the others get too
	agents[0].waitLinked()
	agents[0].stopGame()
	for _, a := range agents[1:] {
		if err := os.CopyFS(a.folder.saves(), os.DirFS(agents[0].folder.saves())); err != nil {
			b.Fatal(err)
		}
	}
	var beyond []time.Duration
	var cpu time.Duration
	b.ResetTimer()
	for range b.N {
		began := cpuTime(b)
		wished := time.Now()
		took := make(chan time.Duration, instances)
		for _, a := range agents {
			a.wantRunning(true)
			go func() { took <- a.beyondTheGame(wished) }()
		}
		for range instances {
			beyond = append(beyond, <-took)
		}
		cpu += cpuTime(b) - began
		b.StopTimer()
		for _, a := range agents {
			a.wantRunning(false)
		}
		for _, a := range agents {
			a.stopGame()
		}
		b.StartTimer()
	}
	slices.Sort(beyond)
	b.ReportMetric(float64(beyond[len(beyond)/2].Microseconds())/1000, "beyond-p50-ms")
	b.ReportMetric(float64(beyond[len(beyond)-1].Microseconds())/1000, "beyond-max-ms")
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(len(beyond)), "cpu-ms/start")
}

// beyondTheGame waits until the instance runs.
func (a *agent) beyondTheGame(wished time.Time) time.Duration {
	var r *run
	for r = a.running.Load(); r == nil; r = a.running.Load() {
		time.Sleep(time.Millisecond)
	}
	<-r.ready
	ready := time.Now()
	for a.Observed().GetState() != wire.State_STATE_RUNNING {
		time.Sleep(time.Millisecond)
	}
	return time.Since(ready) + r.game.Run().Began.Sub(wished)
}

// cpuTime is what this process has used of the processors: the agent's part.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
