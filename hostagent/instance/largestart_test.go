//go:build linux

package instance

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/simgame"
)

const coldSave = 200_000_000 // bytes of level

// BenchmarkColdStartOfALargeSave starts a world whose save has 200 MB while a neighbour prints a line in each tick. stall-max-ms
// is the longest time that one of those took from the game to the controller meanwhile, grown-MB what the agent's memory grew by.
func BenchmarkColdStartOfALargeSave(b *testing.B) {
	game := simgame.Install(b, `{"autosave_seconds": 3600}`)
	busy := strings.Replace(steadyFlow, `"every_ticks": 8`, `"every_ticks": 1`, 1)
	heard := &controller{ledger: "beef", times: map[string]time.Time{}}
	neighbour := newAgent(b, b.TempDir(), simgame.Install(b, busy), heard)
	a := newAgent(b, b.TempDir(), game, &controller{ledger: "beef"})
	ports := &Ports{}
	neighbour.cfg.Ports, a.cfg.Ports = ports, ports
	neighbour.wantRunning(true)
	neighbour.waitLinked()
	a.wantRunning(true) // makes its map
	a.waitLinked()
	a.stopGame()
	small, large := a.folder.path("saves", "Alpha-One.zip"), filepath.Join(b.TempDir(), "large.zip")
	if err := growSave(large, small); err != nil {
		b.Fatal(err)
	}
	var c coldTimes
	var grown int64
	var stall time.Duration
	for range b.N {
		if err := errors.Join(os.RemoveAll(a.folder.path("backups")), os.Remove(small), os.Link(large, small)); err != nil {
			b.Fatal(err)
		}
		before := resident(b)
		began := time.Now()
		c.start(b, []*agent{a})
		grown = max(grown, peak(b)-before)
		stall = max(stall, longestWay(b, neighbour, began))
		a.stopGame()
	}
	c.report(b)
	b.ReportMetric(float64(grown)/1e6, "grown-MB")
	b.ReportMetric(float64(stall.Microseconds())/1000, "stall-max-ms")
	neighbour.stopGame()
}

// growSave writes a save of the simulated game whose level is larger by bytes that can't be packed.
func growSave(to, from string) error {
	was, err := save.Open(from)
	if err != nil {
		return err
	}
	defer was.Close()
	level, err := was.Level()
	if err != nil {
		return err
	}
	defer level.Close()
	rest := bufio.NewReader(level)
	header, err := save.ReadHeader(rest)
	if err != nil {
		return err
	}
	w, err := save.Create(to, was.Root())
	if err != nil {
		return err
	}
	w.Level(header, io.MultiReader(io.LimitReader(rand.NewChaCha8([32]byte{}), coldSave), rest))
	for _, name := range was.Names() {
		if strings.HasPrefix(name, "level.dat") {
			continue
		}
		file, err := was.Open(name)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		w.File(name, data)
	}
	return w.Close()
}

// resident is how many bytes of memory this process has; its peak begins anew.
func resident(b *testing.B) int64 {
	b.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
	return peak(b)
}

func peak(b *testing.B) int64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscanf(after, "%d kB", &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes << 10
}

// longestWay is what the slowest of a game's lines took to the controller, of those printed since.
func longestWay(b *testing.B, a *agent, since time.Time) (longest time.Duration) {
	b.Helper()
	file, err := os.Open(filepath.Join(a.Dir(), "sim-trace.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	came := map[string]time.Time{}
	a.controller.with(func() {
		for body, at := range a.controller.times {
			came[body] = at
		}
	})
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry struct {
			Nanos int64  `json:"t"`
			Dir   string `json:"dir"`
			Text  string `json:"text"`
		}
		if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Dir != "out" {
			continue // the last line may not be all there yet
		}
		printed := time.Unix(0, entry.Nanos)
		at, ok := came[strings.TrimPrefix(entry.Text[strings.LastIndexByte(entry.Text, ' ')+1:], "r")]
		if ok && printed.After(since) {
			n++
			longest = max(longest, at.Sub(printed))
		}
	}
	if n == 0 {
		b.Fatal("the neighbour has printed nothing meanwhile")
	}
	return longest
}
