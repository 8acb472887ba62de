//go:build linux

package fastgame

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const (
	settled  = 10 * time.Second // after the last start
	idleTime = 20 * time.Second
)

// BenchmarkIdle is what an agent needs whose games run and trade nothing, and what the other programs of the product do beside it:
// processor time in % of one processor, memory that is resident (RSS), and of that what is not shared with others (PSS).
func BenchmarkIdle(b *testing.B) {
	programs := buildPrograms(b)
	for _, instances := range []int{1, 40} {
		b.Run(fmt.Sprint("instances=", instances), func(b *testing.B) {
			c := newCluster(b, programs, instances, "alpha")
			parts := map[string][]int{"agent": {c.Hosts[0].Agent.PID()}, "controller": {c.Controller.PID()}}
			for _, run := range c.runs() {
				parts["supervisors"] = append(parts["supervisors"], run.Supervisor)
			}
			b.ResetTimer()
			for b.Loop() {
				time.Sleep(settled)
				before := map[string]time.Duration{}
				for name, pids := range parts {
					before[name] = cpuOf(b, pids)
				}
				began := time.Now()
				time.Sleep(idleTime)
				for name, pids := range parts {
					used := cpuOf(b, pids) - before[name]
					b.ReportMetric(100*used.Seconds()/time.Since(began).Seconds(), name+"-%")
					b.ReportMetric(memoryOf(b, pids, "Rss:"), name+"-RSS-MB")
					b.ReportMetric(memoryOf(b, pids, "Pss:"), name+"-PSS-MB")
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// memoryOf adds up megabytes.
func memoryOf(b *testing.B, processes []int, kind string) (sum float64) {
	b.Helper()
	for _, pid := range processes {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			b.Fatal(err)
		}
		_, after, _ := strings.Cut(string(rollup), kind)
		var kilobytes float64
		if _, err := fmt.Sscanf(after, "%f kB", &kilobytes); err != nil {
			b.Fatal(err)
		}
		sum += kilobytes * 1024 / 1e6
	}
	return sum
}
