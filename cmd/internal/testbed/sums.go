package testbed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An ItemSum adds up one item over the whole cluster: what each simulator counts in its own world, what the save
// module holds for chests that are full, and what the controller has. Nothing that the ledger counted about the
// worlds (sent, received) is part of it, so a wrong count can't hide.
type ItemSum struct {
	Name, Quality  string
	Made, Consumed int64
	InWorlds       int64 // chests and buffers
	OnBus, Owed    int64
	Held           int64 // sent, and not booked because it was too much at once
	InFlight       int64 // granted, not applied by the world yet
}

// Key names the item for people.
func (i ItemSum) Key() string {
	if i.Quality == "normal" {
		return i.Name
	}
	return i.Name + " (" + i.Quality + ")"
}

// There is how many there are, less what worlds owe.
func (i ItemSum) There() int64 { return i.InWorlds + i.OnBus + i.Held + i.InFlight - i.Owed }

// Difference is what there is too much, or too little.
func (i ItemSum) Difference() int64 {
	return i.There() - (i.Made - i.Consumed)
}

// worldSum is the simulator's answer to /sim-sum.
type worldSum struct {
	Tick  int64 `json:"tick"`
	Items []struct {
		Name     string `json:"name"`
		Quality  string `json:"quality"`
		Contents int64  `json:"contents"`
		Made     int64  `json:"made"`
		Consumed int64  `json:"consumed"`
	} `json:"items"`
}

// accounts is what the save module keeps in the world's storage (docs/gamelink.md).
type accounts struct {
	Buffer map[string]int64 `json:"buffer"`
}

// Sum adds up as it is at the moment.
func (c *Cluster) Sum(ctx context.Context) ([]ItemSum, error) {
	total := map[[2]string]*ItemSum{}
	at := func(name, quality string) *ItemSum {
		k := [2]string{name, quality}
		if total[k] == nil {
			total[k] = &ItemSum{Name: name, Quality: quality}
		}
		return total[k]
	}
	for _, world := range c.Worlds() {
		var w worldSum
		if err := c.Console(ctx, world, "/sim-sum", &w); err != nil {
			return nil, err
		}
		for _, i := range w.Items {
			s := at(i.Name, i.Quality)
			s.InWorlds += i.Contents
			s.Made += i.Made
			s.Consumed += i.Consumed
		}
		var a accounts
		if err := c.Console(ctx, world, "/sim-storage mainbus_ledger_v1", &a); err != nil {
			return nil, err
		}
		for key, n := range a.Buffer {
			name, quality, _ := strings.Cut(key, "/")
			at(name, quality).InWorlds += n
		}
	}
	bus, err := c.Client.Bus(ctx, Me)
	if err != nil {
		return nil, fmt.Errorf("ask the controller for the bus: %w", err)
	}
	for _, i := range bus {
		s := at(i.Name, i.Quality)
		s.OnBus += i.Level
		s.Held += i.Held
		s.Owed += i.Owed
		s.InFlight += i.InFlight
	}
	var sums []ItemSum
	for _, k := range slices.SortedFunc(maps.Keys(total), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		sums = append(sums, *total[k])
	}
	return sums, nil
}

// SettledSum adds up once nothing moves any more: two counts half a second apart are equal and nothing is in flight.
func (c *Cluster) SettledSum(ctx context.Context) ([]ItemSum, error) {
	var last []ItemSum
	err := Poll(ctx, 60*time.Second, "the items in flight to arrive", func() (bool, error) {
		now, err := c.Sum(ctx)
		if err != nil {
			return false, err
		}
		quiet := slices.Equal(now, last) && !slices.ContainsFunc(now, func(i ItemSum) bool { return i.InFlight != 0 })
		last = now
		if !quiet {
			select {
			case <-time.After(500 * time.Millisecond):
			case <-ctx.Done():
				return false, ctx.Err()
			}
		}
		return quiet, nil
	})
	return last, err
}
