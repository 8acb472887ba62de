package instance

import "time"

const (
	firstDelay = 250 * time.Millisecond
	maxDelay   = time.Minute
	stableTime = 5 * time.Minute
)

// restarts decides how long to wait before a game that has ended is started again: at once after a long life, longer
// and longer when it keeps failing.
type restarts struct{ failures int }

// next returns the delay after a game that ran for so long (0: it could not be started). Jitter is from 0 to 1 and
// keeps games that died together from all starting at the same moment.
func (r *restarts) next(ran time.Duration, jitter float64) time.Duration {
	if ran >= stableTime {
		r.failures = 0
	}
	delay := firstDelay
	if r.failures > 0 {
		delay = min(time.Second<<min(r.failures-1, 10), maxDelay)
	}
	r.failures++
	return delay + time.Duration(jitter*float64(delay)/4)
}

// forgive forgets failures: somebody has changed what is wanted.
func (r *restarts) forgive() { r.failures = 0 }
