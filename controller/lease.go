package controller

import (
	"context"
	"errors"
	"fmt"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
)

// moveLease takes the world of one slot to another before an instance starts there, so that it goes on as the same world and is
// not taken for a copy. What still runs in the first slot is cut off from the bus. An empty to gives the world up: what was
// granted and not confirmed returns to the bus.
func (c *Controller) moveLease(ctx context.Context, from, to ledger.Slot) error {
	_, err := c.store.Apply(ctx, ledger.Move{From: from, To: to})
	switch {
	case errors.Is(err, ledger.ErrOrder):
		return api.Errorf(api.Refused, "Start an instance with a save of its own in the place that has no world, or give up the world of the other one first.",
			"the world can't move: %v", err)
	case err != nil:
		return fmt.Errorf("move the lease of %s: %w", from, err)
	}
	c.runs.end(from)
	c.changes.bus()
	return nil
}

// end closes a slot's session, if it has one.
func (r *runs) end(slot ledger.Slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sessions[slot]; s != nil {
		s.stream.Close()
	}
}
