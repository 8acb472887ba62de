package instance

import (
	"cmp"
	"fmt"
	"time"

	"mainbus/transport/wire"
)

const (
	firstDelay    = 250 * time.Millisecond
	maxDelay      = time.Minute
	stableTime    = 5 * time.Minute
	defaultGiveUp = 10
	defaultWindow = 10 * time.Minute
	defaultStop   = 5 * time.Minute // a large map takes long to save
	maxRemembered = 1000            // failures
)

// restarts decides whether and when a game that has ended is started again: at once after a long life, after longer and longer
// pauses when it keeps failing, and not any more when it has failed too often.
type restarts struct {
	failed []time.Time // within the time that counts
	streak int         // failures without a long life between them
}

// A fate is what counts of an end.
type fate struct {
	ran   time.Duration // 0: it could not be started
	clean bool          // it looks like a wanted end
	fault bool          // of the game; a kill is somebody's will
}

// A verdict is what follows an end.
type verdict struct {
	again bool
	delay time.Duration // before it is started again
	words string        // a sentence
}

// next judges an end. Only what is the game's fault counts. Jitter is from 0 to 1 and keeps games that died together from all
// starting at the same moment.
func (r *restarts) next(policy *wire.Supervision, now time.Time, end fate, jitter float64) verdict {
	most := int(cmp.Or(policy.GetGiveUpAfter(), defaultGiveUp))
	window := cmp.Or(time.Duration(policy.GetGiveUpSeconds())*time.Second, defaultWindow)
	for len(r.failed) > 0 && (now.Sub(r.failed[0]) >= window || len(r.failed) >= maxRemembered) {
		r.failed = r.failed[1:]
	}
	if end.fault {
		r.failed = append(r.failed, now)
	}
	if end.ran >= stableTime {
		r.streak = 0
	}
	delay := firstDelay
	if r.streak > 0 {
		delay = min(time.Second<<min(r.streak-1, 10), maxDelay)
	}
	r.streak++
	delay += time.Duration(jitter * float64(delay) / 4)
	switch mode := policy.GetRestart(); {
	case mode == wire.Restart_RESTART_NEVER:
		return verdict{words: "It is not started again by itself: its restart policy is “never”."}
	case mode == wire.Restart_RESTART_ON_FAILURE && end.clean:
		return verdict{words: "It is not started again by itself: it ended well, and its restart policy is “on failure”."}
	case len(r.failed) >= most:
		return verdict{words: fmt.Sprintf("It is not started again by itself, because it failed %d times within %s. Start it when the cause is mended.", len(r.failed), inWords(window))}
	}
	words := fmt.Sprintf("It is started again after %s", inWords(delay))
	if end.fault {
		words += fmt.Sprintf(" (failure %d of %d within %s that end the attempts)", len(r.failed), most, inWords(window))
	}
	return verdict{again: true, delay: delay, words: words + "."}
}

// forgive forgets failures: somebody has changed what is wanted.
func (r *restarts) forgive() { *r = restarts{} }

// inWords is a duration as people say it: "10 minutes".
func inWords(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := d / unit.size; n > 0 && d%unit.size == 0 {
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	if d >= time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// stopTime is how long a game may take to save and end.
func stopTime(policy *wire.Supervision) time.Duration {
	return cmp.Or(time.Duration(policy.GetStopSeconds())*time.Second, defaultStop)
}
