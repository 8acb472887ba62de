package fetch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxPause is the longest pause between attempts. A service that asks for a longer one gets no further attempt.
	maxPause = time.Minute
	// maxAttempts bounds those of a download that makes progress each time.
	maxAttempts = 50
)

// retry calls try until it succeeds or trying again makes no sense. try says whether it made progress.
func (c *Client) retry(ctx context.Context, r *Request, try func() (progress bool, err error)) error {
	failed := 0
	for attempt := 1; ; attempt++ {
		progress, err := try()
		if failed++; progress {
			failed = 1
		}
		if err == nil || r.Form != nil || failed >= c.o.Attempts || attempt >= maxAttempts || !mayPass(err) {
			return err
		}
		wait := pause(c.o.Backoff, failed, rand.Float64())
		if status, ok := errors.AsType[*StatusError](err); ok && status.RetryAfter > 0 {
			if status.RetryAfter > maxPause {
				return err
			}
			wait = status.RetryAfter
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, after %w", context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}

// pause is the one after the failed-th failure: doubling, and half of it by chance so that many do not come back at once.
func pause(first time.Duration, failed int, chance float64) time.Duration {
	d := min(first<<min(failed-1, 20), maxPause)
	return d/2 + time.Duration(chance*float64(d/2))
}

func mayPass(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		switch status.Status {
		case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	_, broken := errors.AsType[*brokenError](err)
	return broken
}

// retryAfter reads the header of that name: seconds, or a date. It is 0 for anything else.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
