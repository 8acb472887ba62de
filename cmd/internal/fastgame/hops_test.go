//go:build linux

package fastgame

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// Where a line passes on its way, in its order. The kernel notes when a process enters a function (uprobes), so that the
// programs that are looked at are the product's as they are.
var hops = []struct{ process, function, meaning string }{
	{"game A", "mainbus/cmd/internal/fastgame.(*game).print", "the line is printed"},
	{"supervisor A", "mainbus/hostagent/supervisor.(*ring).append", "and read from the pipe"},
	{"supervisor A", "mainbus/hostagent/supervisor.readRing", "in the ring, a reader goes on"},
	{"agent A", "mainbus/hostagent/instance.(*run).onLine", "read by the agent"},
	{"agent A", "mainbus/hostagent/gamelink.(*Session).onLine", "the session takes it"},
	{"agent A", "mainbus/transport/link.(*Stream).Send", "and it is sent"},
	{"agent A", "github.com/quic-go/quic-go.(*Conn).triggerSending", "QUIC makes a packet"},
	{"agent A", "github.com/quic-go/quic-go.(*oobConn).WritePacket", "and sends it"},
	{"controller", "github.com/quic-go/quic-go.(*Conn).handleOnePacket", "the packet has come"},
	{"controller", "mainbus/controller.(*session).busLines", "its message is read"},
	{"controller", "mainbus/controller/store.(*writer).transact", "the writer takes it"},
	{"controller", "mainbus/controller/store.(*writer).commit", "booked; the commit begins"},
	{"controller", "mainbus/controller.(*outbox).put", "it is on disk"},
	{"controller", "mainbus/transport/link.(*Stream).Send", "the grant is sent"},
	{"controller", "github.com/quic-go/quic-go.(*oobConn).WritePacket", "by QUIC"},
	{"agent B", "github.com/quic-go/quic-go.(*Conn).handleOnePacket", "the packet has come"},
	{"agent B", "mainbus/hostagent/gamelink.(*Queue).Push", "its message is read"},
	{"agent B", "mainbus/hostagent/factorio/rcon.(*Client).Start", "the session makes a command"},
	{"game B", "mainbus/cmd/internal/fastgame.(*game).granted", "which has come"},
}

const tracing = "/sys/kernel/tracing/"

// The way of one line at a time, taken apart. It needs root and the kernel's tracefs.
func BenchmarkHops(b *testing.B) {
	if err := os.WriteFile(tracing+"trace_clock", []byte("mono"), 0); err != nil {
		b.Skipf("SKIPPED, nothing was measured: %v", err)
	}
	c := newCluster(b, buildPrograms(b), 2, "alpha", "beta")
	c.tell(0, Order{Every: pace})
	c.tell(1, Order{})
	probes := c.probe()
	for b.Loop() {
		time.Sleep(warmUp)
		c.must(os.WriteFile(tracing+"trace", nil, 0))
		c.must(os.WriteFile(tracing+"events/mainbus/enable", []byte("1"), 0))
		time.Sleep(window)
		c.must(os.WriteFile(tracing+"events/mainbus/enable", []byte("0"), 0))
	}
	text, err := os.ReadFile(tracing + "trace")
	c.must(err)
	steps := c.follow(text, probes)
	b.ReportMetric(0, "ns/op")
	var total int64
	for n, took := range steps[1:] {
		if len(took) == 0 {
			b.Fatal("no line was seen on its whole way")
		}
		slices.Sort(took)
		median := took[len(took)/2] / 1000
		total += median
		fmt.Printf("%5d µs  %-12s %s\n", median, hops[n+1].process, hops[n+1].meaning)
	}
	fmt.Printf("%5d µs  in all, %d lines\n", total, len(steps[1]))
	c.finish(b)
}

// probe asks the kernel for an event at each function, and returns their names by hop.
func (c *cluster) probe() []string {
	host, controller := c.Program("mainbus-host"), c.Program("mainbus-controller")
	files := map[string]string{
		"game A": filepath.Join(c.Hosts[0].Factorio(), "bin", "x64", "factorio"), "game B": filepath.Join(c.Hosts[1].Factorio(), "bin", "x64", "factorio"),
		"supervisor A": host, "agent A": host, "agent B": host, "controller": controller,
	}
	var commands bytes.Buffer
	names := map[string]string{}
	var of []string
	for _, h := range hops {
		key := files[h.process] + " " + h.function
		if names[key] == "" {
			names[key] = fmt.Sprint("hop", len(names))
			offset, err := functionOffset(files[h.process], h.function)
			c.must(err)
			fmt.Fprintf(&commands, "p:mainbus/%s %s:%#x\n", names[key], files[h.process], offset)
		}
		of = append(of, names[key])
	}
	c.must(os.WriteFile(tracing+"uprobe_events", commands.Bytes(), 0))
	c.b.Cleanup(func() { _ = os.WriteFile(tracing+"uprobe_events", nil, 0) }) // also takes away what a killed run has left
	return of
}

func functionOffset(file, function string) (uint64, error) {
	f, err := elf.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return 0, err
	}
	text := f.Section(".text")
	for _, s := range symbols {
		if s.Name == function {
			return s.Value - text.Addr + text.Offset, nil
		}
	}
	return 0, errors.New(file + " has no function " + function)
}

var eventForm = regexp.MustCompile(`-(\d+) +\[\d+\] \S+ +(\d+)\.(\d{6}): (hop\d+): `)

// follow finds each line's way in the kernel's trace, and returns for each hop the nanoseconds since the one before.
func (c *cluster) follow(trace []byte, probes []string) [][]int64 {
	process := c.threads()
	steps := make([][]int64, len(hops))
	var times []int64
	for lines := bufio.NewScanner(bytes.NewReader(trace)); lines.Scan(); {
		m := eventForm.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		at, err := strconv.ParseInt(m[2]+m[3], 10, 64)
		c.must(err)
		is := func(hop int) bool { return probes[hop] == m[4] && hops[hop].process == process[m[1]] }
		if is(0) {
			times = times[:0]
		} else if len(times) == 0 || len(times) == len(hops) || !is(len(times)) {
			continue
		}
		if times = append(times, at*1000); len(times) == len(hops) {
			for n := 1; n < len(hops); n++ {
				steps[n] = append(steps[n], times[n]-times[n-1])
			}
		}
	}
	return steps
}

// threads tells which process a thread belongs to.
func (c *cluster) threads() map[string]string {
	pids := map[int]string{c.Controller.PID(): "controller"}
	for n, h := range c.Hosts {
		pids[h.Agent.PID()] = "agent " + string(rune('A'+n))
	}
	for n, run := range c.runs() {
		pids[run.Supervisor], pids[run.PID] = "supervisor "+string(rune('A'+n)), "game "+string(rune('A'+n))
	}
	of := map[string]string{}
	for pid, name := range pids {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		c.must(err)
		for _, e := range entries {
			of[e.Name()] = name
		}
	}
	return of
}
