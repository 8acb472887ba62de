// Package netwatch tells when the machine's network changes: an interface that comes, goes, or gets another address.
package netwatch

import (
	"context"
	"time"
)

// gather is how long to wait for more: an address that changes is two events or three.
const gather = 20 * time.Millisecond

// Watch begins at once, in the network of the calling thread, and returns what to run in a goroutine: it calls changed after
// each change of the network, and returns when ctx ends. It may call it when nothing of interest has changed.
func Watch() (run func(ctx context.Context, changed func())) {
	return watch()
}

// each calls changed for what events tells, once for several that come together.
func each(ctx context.Context, events <-chan struct{}, changed func()) {
	for {
		select {
		case <-events:
		case <-ctx.Done():
			return
		}
		timer := time.NewTimer(gather)
		for waiting := true; waiting; {
			select {
			case <-events:
			case <-timer.C:
				waiting = false
			case <-ctx.Done():
				timer.Stop()
				return
			}
		}
		changed()
	}
}
