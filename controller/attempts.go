package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mainbus/controller/api"
)

const (
	attemptsEach = 10 * time.Minute
	maxAttempts  = 30 // that are recorded in such a time; of equal ones the first
)

// attempts records who tried to come in and could not. Everybody can try, so what is recorded is bounded: what is beyond it is counted.
type attempts struct {
	record func(api.AuditEntry)

	mu    sync.Mutex
	since time.Time
	seen  map[string]bool
	more  int
}

func (c *Controller) newAttempts() *attempts {
	return &attempts{seen: map[string]bool{}, record: func(e api.AuditEntry) {
		ctx, cancel := context.WithTimeout(c.ctx, storeTimeout)
		defer cancel()
		if err := (authority{c}).Record(ctx, e); err != nil {
			c.log.Warn("an attempt to come in was not recorded", "err", err)
		}
	}}
}

func (a *attempts) note(who, from, what, target, result string) {
	for _, e := range a.noted(api.AuditEntry{At: time.Now(), Who: who, From: from, What: what, Target: target, Result: result}) {
		a.record(e)
	}
}

// noted returns what is to be recorded.
func (a *attempts) noted(e api.AuditEntry) (list []api.AuditEntry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.At.Sub(a.since) > attemptsEach {
		if a.more > 0 {
			list = append(list, api.AuditEntry{At: e.At, Who: "somebody", What: "Login", Result: fmt.Sprintf("%d more attempts since %s", a.more, a.since.UTC().Format(time.DateTime))})
		}
		clear(a.seen)
		a.since, a.more = e.At, 0
	}
	key := fmt.Sprintf("%q %q %q %q %q", e.Who, e.From, e.What, e.Target, e.Result)
	if a.seen[key] || len(a.seen) >= maxAttempts {
		a.more++
		return list
	}
	a.seen[key] = true
	return append(list, e)
}
