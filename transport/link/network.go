package link

import (
	"context"

	"mainbus/transport/internal/netwatch"
)

// watchNetwork tells every Keep when the machine's network has changed. It begins in the caller's goroutine.
func (e *Endpoint) watchNetwork() {
	run := netwatch.Watch()
	e.spawn(func() {
		run(e.ctx, func() {
			e.log.Debug("the network has changed")
			e.moved.Fire()
			e.Nudge()
		})
	})
}

// hold returns when the link is of no more use: it has ended, or the peer does not answer over it after this machine's
// network has changed. A link that this side dialed follows the change by itself; the other side's address is what the peer
// sends to, so that only a new one helps.
func (e *Endpoint) hold(ctx context.Context, c *Conn) {
	for {
		moved := e.moved.Wait()
		select {
		case <-ctx.Done():
			return
		case <-c.Context().Done():
			return
		case <-moved:
		}
		if !c.answers(ctx) {
			return
		}
	}
}
