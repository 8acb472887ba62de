package controller

import (
	"context"
	"sync"

	"mainbus/controller/api"
)

// changes counts what has changed for those who look at the cluster, so that they need not ask all the time. It may be
// used by any goroutine.
type changes struct {
	mu   sync.Mutex
	now  api.Versions
	more chan struct{} // closed at the next change
}

func newChanges() *changes { return &changes{more: make(chan struct{})} }

// cluster tells that hosts or instances are not as they were.
func (c *changes) cluster() { c.count(func(v *api.Versions) { v.Cluster++ }) }

// bus tells that an account has changed.
func (c *changes) bus() { c.count(func(v *api.Versions) { v.Bus++ }) }

func (c *changes) count(f func(*api.Versions)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.now)
	close(c.more)
	c.more = make(chan struct{})
}

func (c *changes) get() (api.Versions, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now, c.more
}

// wait returns the newest versions as soon as one differs that is asked for, or when ctx ends.
func (c *changes) wait(ctx context.Context, since api.Versions, bus bool) api.Versions {
	for {
		now, more := c.get()
		if now.Cluster != since.Cluster || bus && now.Bus != since.Bus {
			return now
		}
		select {
		case <-more:
		case <-ctx.Done():
			return now
		}
	}
}
