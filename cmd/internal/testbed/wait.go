package testbed

import (
	"context"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
)

// NameOrID is the host's name, unless another host on the network has the same.
func (c *Cluster) NameOrID(ctx context.Context, h *Host) string {
	all, err := c.Client.Hosts(ctx, Me)
	if err != nil || slices.ContainsFunc(all, func(o api.Host) bool { return o.Name == h.Name && o.ID != h.ID }) {
		return h.ID
	}
	return h.Name
}

// WaitLinked waits until all hosts are.
func (c *Cluster) WaitLinked(ctx context.Context, patience time.Duration) error {
	return Poll(ctx, patience, "the hosts to be linked", func() (bool, error) {
		for _, h := range c.Hosts {
			found, ok, err := h.Find(ctx)
			if err != nil || !ok || !found.Linked {
				return false, err
			}
		}
		return true, nil
	})
}

// WaitTrading waits until the games run, and their worlds are bound and trade.
func (c *Cluster) WaitTrading(ctx context.Context, patience time.Duration, worlds ...string) error {
	return Poll(ctx, patience, strings.Join(worlds, ", ")+" to trade", func() (bool, error) {
		for _, world := range worlds {
			i, err := c.Instance(ctx, world)
			if err != nil || i.State != "running" || !i.Linked {
				return false, err
			}
		}
		return true, nil
	})
}

// BusItem is what the controller says of an item of normal quality.
func (c *Cluster) BusItem(ctx context.Context, name string) (api.BusItem, error) {
	all, err := c.Client.Bus(ctx, Me)
	if err != nil {
		return api.BusItem{}, err
	}
	for _, i := range all {
		if i.Name == name && i.Quality == "normal" {
			return i, nil
		}
	}
	return api.BusItem{Name: name, Quality: "normal"}, nil
}
