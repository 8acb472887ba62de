//go:build unix

package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mainbus/controller/ledger"
)

// What is measured here and how the figures are read is in docs/ledger.md.

// Transfers with everything that makes them last: each call books one export, and it is on disk when the call returns.
// As many callers as worlds trade.
func BenchmarkTransfers(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) { transfers(b, callers, 16) })
	}
}

// Transfers of 64 callers among whom there are so many kinds of items, each with its row on the bus and in an account.
func BenchmarkKinds(b *testing.B) {
	for _, kinds := range []int{10, 1_000, 50_000} {
		b.Run(fmt.Sprint("kinds=", kinds), func(b *testing.B) { transfers(b, 64, kinds) })
	}
}

func transfers(b *testing.B, callers, kinds int) {
	s := openStore(b, dbPath(b), nil)
	traders := make([]*trader, callers)
	for n := range traders {
		traders[n] = newTrader(b, s, n, min(kinds, kinds/callers+1), kinds)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	began := cpuTime(b)
	b.ResetTimer()
	var group sync.WaitGroup
	for _, t := range traders {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				t.transfer(b)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	used := cpuTime(b) - began
	var times []time.Duration
	for _, t := range traders {
		times = append(times, t.times...)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
	b.ReportMetric(float64(used.Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
	p50, p99 := s.CommitTimes()
	b.ReportMetric(milliseconds(p50), "commit-p50-ms")
	b.ReportMetric(milliseconds(p99), "commit-p99-ms")
	reportTimes(b, times)
}

// trader is a world that sends one item after the other to the bus.
type trader struct {
	store *SQLite
	slot  ledger.Slot
	epoch ledger.Epoch
	items []ledger.Record
	next  int
	times []time.Duration
}

// newTrader gives the nth trader its share of the kinds, all of which it has traded before.
func newTrader(b *testing.B, s *SQLite, n, share, kinds int) *trader {
	t := &trader{store: s, slot: ledger.Slot(fmt.Sprint("s", n))}
	for i := range share {
		item := ledger.Item{Name: fmt.Sprint("item-", (n*share+i)%kinds), Quality: "normal"}
		t.items = append(t.items, ledger.Record{Item: item, E: 1})
	}
	t.epoch = join(b, s, t.slot)
	apply(b, s, ledger.Totals{Slot: t.slot, Epoch: t.epoch, Records: t.items})
	return t
}

func (t *trader) transfer(b *testing.B) {
	record := &t.items[t.next]
	t.next = (t.next + 1) % len(t.items)
	record.E++
	began := time.Now()
	m := ledger.Totals{Slot: t.slot, Epoch: t.epoch, Records: []ledger.Record{*record}}
	if _, err := t.store.Apply(context.Background(), m); err != nil {
		b.Error(err)
	}
	t.times = append(t.times, time.Since(began))
}

// One transfer at a time, from what a world says to the grant for another: what an item waits for on its way.
func BenchmarkOneTransfer(b *testing.B) {
	granted := make(chan struct{}, 1)
	s := openStore(b, dbPath(b), func(ledger.ForSlot) { granted <- struct{}{} })
	from, to := join(b, s, "from"), join(b, s, "to")
	apply(b, s, totals("to", to, 0, 0, ledger.MaxCount))
	var times []time.Duration
	for e := int64(1); b.Loop(); e++ {
		began := time.Now()
		apply(b, s, totals("from", from, e, 0, 0))
		<-granted
		times = append(times, time.Since(began))
	}
	reportTimes(b, times)
}

// A rule that has to look at other worlds must not cost more the more of them there are.
func BenchmarkOneTransferAmongWorlds(b *testing.B) {
	for _, worlds := range []int{2, 1_000} {
		b.Run(fmt.Sprint("worlds=", worlds), func(b *testing.B) {
			s := openStore(b, dbPath(b), nil)
			policy := ledger.Policy{Default: ledger.Rule{Strict: true, Fair: true, Limit: ledger.MaxCount}}
			apply(b, s, ledger.SetPolicy{Policy: policy})
			for n := range worlds - 1 {
				slot := ledger.Slot(fmt.Sprint("s", n))
				apply(b, s, totals(slot, join(b, s, slot), 1, 0, 0))
			}
			from := newTrader(b, s, worlds, 1, 1)
			from.items[0].Item = iron
			began := cpuTime(b)
			for b.Loop() {
				from.transfer(b)
			}
			b.ReportMetric(float64((cpuTime(b)-began).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
		})
	}
}

// The limit of the disk: what one commit can't be faster than.
func BenchmarkDisk(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	var times []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	reportTimes(b, times)
}

func reportTimes(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	for _, q := range []int{50, 99} {
		b.ReportMetric(milliseconds(times[(len(times)-1)*q/100]), fmt.Sprintf("p%d-ms", q))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cpuTime is what this process has used of the processor.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
