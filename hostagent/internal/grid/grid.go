// Package grid has things that many instances do by the clock happen at the same moments, so that an agent with many idle
// games wakes once for several of them. To wake a program takes far longer than most of what it then does.
package grid

import "time"

// Wait shortens d, which is to be waited from now on, by less than step, so that it ends at a multiple of step by the clock.
func Wait(d, step time.Duration) time.Duration {
	due := time.Now().Add(d)
	return d - due.Sub(due.Truncate(step))
}
