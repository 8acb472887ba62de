// Package measure reads what this machine and processes on it use.
package measure

import (
	"context"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/process"
	"google.golang.org/protobuf/proto"

	"mainbus/transport/wire"
)

// Usage is what a process uses.
type Usage struct {
	Cores *float64 // of the processor, on average since the meter was asked before; nil the first time
	Bytes uint64   // resident memory
}

// Meter measures processes. It remembers what they had used before, so one goroutine at a time asks it, at regular times.
type Meter struct {
	seen map[int32]seen
	cpu  *cpu.TimesStat
}

type seen struct {
	began int64 // by the process's own account: another process may have got its number
	busy  float64
	at    time.Time
}

// Process returns what the process with this number uses; ok is false if there is none.
func (m *Meter) Process(ctx context.Context, pid int) (u Usage, ok bool) {
	p, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil {
		return u, false
	}
	times, err := p.TimesWithContext(ctx)
	if err != nil {
		return u, false
	}
	memory, err := p.MemoryInfoWithContext(ctx)
	if err != nil {
		return u, false
	}
	began, err := p.CreateTimeWithContext(ctx)
	if err != nil {
		return u, false
	}
	u.Bytes = memory.RSS
	now := seen{began, times.User + times.System, time.Now()}
	if before, known := m.seen[p.Pid]; known && before.began == began {
		if passed := now.at.Sub(before.at).Seconds(); passed > 0 {
			u.Cores = proto.Float64(max(0, (now.busy-before.busy)/passed))
		}
	}
	if m.seen == nil {
		m.seen = map[int32]seen{}
	}
	m.seen[p.Pid] = now
	return u, true
}

// Forget drops what is remembered of processes that are not among these.
func (m *Meter) Forget(but map[int]bool) {
	for pid := range m.seen {
		if !but[int(pid)] {
			delete(m.seen, pid)
		}
	}
}

// Machine measures all programs together, the machine, and the disk that holds dir. What the system does not tell is absent.
func (m *Meter) Machine(ctx context.Context, dir string) *wire.HostFigures {
	f := new(wire.HostFigures)
	if cores, err := cpu.CountsWithContext(ctx, true); err == nil {
		f.CpuCoresTotal = proto.Float64(float64(cores))
		if busy, ok := m.busy(ctx); ok {
			f.CpuCores = proto.Float64(busy * float64(cores))
		}
	}
	if memory, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		f.MemoryBytes, f.MemoryTotalBytes = proto.Float64(float64(memory.Total-memory.Available)), proto.Float64(float64(memory.Total))
	}
	if usage, err := disk.UsageWithContext(ctx, dir); err == nil {
		f.DiskFreeBytes, f.DiskTotalBytes = proto.Float64(float64(usage.Free)), proto.Float64(float64(usage.Total))
	}
	return f
}

// busy returns which part of the processor's time since it was asked before was not idle.
func (m *Meter) busy(ctx context.Context) (part float64, ok bool) {
	times, err := cpu.TimesWithContext(ctx, false)
	if err != nil || len(times) != 1 {
		return 0, false
	}
	before := m.cpu
	m.cpu = &times[0]
	if before == nil {
		return 0, false
	}
	all, idle := total(times[0])-total(*before), times[0].Idle+times[0].Iowait-before.Idle-before.Iowait
	if all <= 0 {
		return 0, false
	}
	return min(max(0, 1-idle/all), 1), true
}

// total is all processor time; what guests use is in User and Nice already.
func total(t cpu.TimesStat) float64 {
	return t.User + t.System + t.Idle + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal
}

// maxEntries of a folder are looked at; what is beyond is not counted.
const maxEntries = 100_000

// Folder returns how many bytes the files under dir have. What can't be read counts nothing.
func Folder(ctx context.Context, dir string) (bytes int64) {
	entries := 0
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error { // ends early only by its own will
		if entries++; entries > maxEntries || ctx.Err() != nil {
			return fs.SkipAll
		}
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
