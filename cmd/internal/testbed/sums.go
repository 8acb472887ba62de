package testbed

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// An ItemSum adds up one kind of goods over the whole cluster: what each simulator counts in its own world, what the save
// module holds for chests that are full, and what the controller has. Nothing that the ledger counted about the
// worlds (sent, received) is part of it, so a wrong count can't hide. All counts are in Steps of the goods.
type ItemSum struct {
	Goods
	Made, Consumed int64
	InWorlds       int64 // chests, tanks, accumulators, and what the module holds
	OnBus, Owed    int64
	Held           int64 // sent, and not booked because it was too much at once
	InFlight       int64 // granted, not applied by the world yet
}

// There is how many there are, less what worlds owe.
func (i ItemSum) There() int64 { return i.InWorlds + i.OnBus + i.Held + i.InFlight - i.Owed }

// Difference is what there is too much, or too little.
func (i ItemSum) Difference() int64 {
	return i.There() - (i.Made - i.Consumed)
}

// module asks a running world for what its save module holds.
func (c *Cluster) module(ctx context.Context, world string) (m Module, err error) {
	if err := c.Console(ctx, world, "/sim-storage mainbus_ledger_v1", &m); err != nil {
		return m, err
	}
	return m, c.Console(ctx, world, "/sim-storage mainbus_bus fraction", &m.Fraction)
}

// Sum adds up as it is at the moment.
func (c *Cluster) Sum(ctx context.Context) ([]ItemSum, error) {
	total := map[Goods]*ItemSum{}
	at := func(g Goods) *ItemSum {
		if total[g] == nil {
			total[g] = &ItemSum{Goods: g}
		}
		return total[g]
	}
	for _, world := range c.Worlds() {
		if err := c.addWorld(ctx, world, at); err != nil {
			return nil, err
		}
	}
	bus, err := c.Client.Bus(ctx, Me)
	if err != nil {
		return nil, fmt.Errorf("ask the controller for the bus: %w", err)
	}
	for _, i := range bus {
		g := Goods{i.Name, i.Quality}
		s := at(g)
		s.OnBus += i.Level * g.Steps()
		s.Held += i.Held * g.Steps()
		s.Owed += i.Owed * g.Steps()
		s.InFlight += i.InFlight * g.Steps()
	}
	var sums []ItemSum
	for _, g := range slices.SortedFunc(maps.Keys(total), CompareGoods) {
		sums = append(sums, *total[g])
	}
	return sums, nil
}

// CompareGoods sorts by name and quality.
func CompareGoods(a, b Goods) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Quality, b.Quality))
}

func (c *Cluster) addWorld(ctx context.Context, world string, at func(Goods) *ItemSum) error {
	var sum SimSum
	if err := c.Console(ctx, world, "/sim-sum", &sum); err != nil {
		return err
	}
	module, err := c.module(ctx, world)
	if err != nil {
		return err
	}
	contents, err := Contents(sum, module)
	if err != nil {
		return fmt.Errorf("count what is in %s: %w", world, err)
	}
	for g, n := range contents {
		at(g).InWorlds += n
	}
	return sum.each(func(g Goods, n simCount) error {
		made, err := steps(g, n.Made)
		if err != nil {
			return err
		}
		consumed, err := steps(g, n.Consumed)
		at(g).Made += made
		at(g).Consumed += consumed
		return err
	})
}

// SettledSum adds up once nothing moves any more: two counts half a second apart are equal and nothing is in flight.
func (c *Cluster) SettledSum(ctx context.Context) ([]ItemSum, error) {
	var last []ItemSum
	err := Poll(ctx, settleTime, "the items in flight to arrive", func() (bool, error) {
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
