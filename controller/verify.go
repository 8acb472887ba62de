package controller

import (
	"context"
	"fmt"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
	"mainbus/controller/store"
)

const verifyInterval = time.Hour

// keepVerifying looks at the start and every hour whether the books add up, until ctx ends.
func (c *Controller) keepVerifying(ctx context.Context) {
	for {
		if _, err := c.verify(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("the books could not be checked", "err", err)
		}
		select {
		case <-time.After(verifyInterval):
		case <-ctx.Done():
			return
		}
	}
}

func (c *Controller) verify(ctx context.Context) (store.Check, error) {
	check, err := c.store.Verify(ctx)
	if err != nil {
		return check, err
	}
	for _, m := range check.Wrong {
		c.log.Error("the books do not add up", "item", m.Item.String(), "bus", m.Bus, "owed", m.Owed, "carried", m.Carried, "net", m.Net, "posted", m.Posted)
	}
	c.changes.bus()
	return check, nil
}

func (s *service) VerifyBus(ctx context.Context, _ api.Caller) (api.BusCheck, error) {
	check, err := s.verify(ctx)
	if err != nil {
		return api.BusCheck{}, err
	}
	return api.BusCheck{At: check.At.UTC(), Items: check.Items, Worlds: check.Worlds, Wrong: viewMismatches(check)}, nil
}

func viewMismatches(check store.Check) []api.BusMismatch {
	list := []api.BusMismatch{}
	for _, m := range check.Wrong {
		list = append(list, api.BusMismatch{
			Name: goodsName(m.Item), Quality: m.Quality, Level: m.Bus, Owed: m.Owed, Players: m.Carried, Given: m.Net, Posted: m.Posted,
			Surplus: m.Surplus(), Text: tellMismatch(m),
		})
	}
	return list
}

// tellMismatch says in words what does not add up.
func tellMismatch(m ledger.Mismatch) string {
	n := m.Surplus()
	if n < 0 {
		return fmt.Sprintf("%s are missing from the books", goodsText(m.Item, -n))
	}
	return fmt.Sprintf("the books have %s more than the worlds have given", goodsText(m.Item, n))
}
