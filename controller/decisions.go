package controller

import (
	"context"
	"errors"
	"math"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
)

// leasedBy finds the world of an instance, or the world with an id.
func (s *service) leasedBy(ctx context.Context, name string) (ledger.World, error) {
	worlds, err := s.store.Worlds(ctx)
	if err != nil {
		return "", err
	}
	for _, w := range worlds {
		if string(w.ID) == name {
			return w.ID, nil
		}
	}
	row, err := s.instance(ctx, name)
	if err != nil {
		return "", err
	}
	for _, w := range worlds {
		if string(w.Slot) == row.ID {
			return w.ID, nil
		}
	}
	return "", api.Errorf(api.NotFound, "It gets one when it is started for the first time.", "%s has no world on the bus", row.Name)
}

// decide books a decision on goods of one world.
func (s *service) decide(ctx context.Context, r api.GoodsOf, what func(ledger.World, ledger.Item, int64) ledger.Message) (api.Booked, error) {
	if r.Amount < 0 {
		return api.Booked{}, api.Errorf(api.Invalid, "Give a number above zero, or none for all.", "%d is no amount", r.Amount)
	}
	world, err := s.leasedBy(ctx, r.Instance)
	if err != nil {
		return api.Booked{}, err
	}
	item, err := s.goods(ctx, r.GoodsRef)
	if err != nil {
		return api.Booked{}, err
	}
	if r.Amount == 0 {
		r.Amount = math.MaxInt64
	}
	replies, err := s.store.Apply(ctx, what(world, item, r.Amount))
	if err != nil {
		return api.Booked{}, err
	}
	s.changes.bus()
	var booked api.Booked
	for _, reply := range replies {
		if b, ok := reply.(ledger.Booked); ok {
			booked.Amount = b.Amount
		}
	}
	return booked, nil
}

func (s *service) ForgiveDebt(ctx context.Context, _ api.Caller, r api.GoodsOf) (api.Booked, error) {
	booked, err := s.decide(ctx, r, func(w ledger.World, item ledger.Item, n int64) ledger.Message {
		return ledger.Forgive{World: w, Item: item, Amount: n}
	})
	if errors.Is(err, ledger.ErrOrder) {
		err = api.Errorf(api.Refused, "mainbusctl bus show ITEM shows who owes what.", "%s owes no %s", r.Instance, r.Words())
	}
	return booked, err
}

func (s *service) ReleaseHeld(ctx context.Context, _ api.Caller, r api.GoodsOf) (api.Booked, error) {
	booked, err := s.decide(ctx, r, func(w ledger.World, item ledger.Item, n int64) ledger.Message {
		return ledger.Release{World: w, Item: item, Amount: n}
	})
	if errors.Is(err, ledger.ErrOrder) {
		err = api.Errorf(api.Refused, "mainbusctl bus show ITEM shows what is held of whom.", "no %s of %s are held", r.Words(), r.Instance)
	}
	return booked, err
}

func (s *service) AcceptBooks(ctx context.Context, c api.Caller, r api.GoodsRef) (api.BusItem, error) {
	item, err := s.goods(ctx, r)
	if err != nil {
		return api.BusItem{}, err
	}
	_, err = s.store.Apply(ctx, ledger.Accept{Item: item})
	if errors.Is(err, ledger.ErrOrder) {
		return api.BusItem{}, api.Errorf(api.Refused, "mainbusctl bus verify shows what does not add up.", "the books of %s add up", r.Words())
	} else if err != nil {
		return api.BusItem{}, err
	}
	if _, err := s.verify(ctx); err != nil {
		return api.BusItem{}, err
	}
	all, err := s.Bus(ctx, c)
	if err != nil {
		return api.BusItem{}, err
	}
	for _, i := range all {
		if i.Name == goodsName(item) && i.Quality == item.Quality {
			return i, nil
		}
	}
	return api.BusItem{}, nil
}

func (s *service) AnswerQuestion(ctx context.Context, c api.Caller, r api.AnswerQuestion) (api.BusProblems, error) {
	world, err := s.leasedBy(ctx, r.World)
	if err != nil {
		return api.BusProblems{}, err
	}
	_, err = s.store.Apply(ctx, ledger.Answer{World: world, Moved: r.Moved})
	if errors.Is(err, ledger.ErrOrder) {
		return api.BusProblems{}, s.whyNoAnswer(ctx, world, r.Moved)
	} else if err != nil {
		return api.BusProblems{}, err
	}
	s.changes.bus()
	return s.BusProblems(ctx, c)
}

// whyNoAnswer says why the ledger did not take an answer.
func (s *service) whyNoAnswer(ctx context.Context, world ledger.World, moved bool) error {
	problems, err := s.BusProblems(ctx, api.Caller{})
	if err != nil {
		return err
	}
	for _, q := range problems.Questions {
		if q.World != string(world) || !moved {
			continue
		}
		if q.Kind == api.ForeignWorld || q.FromInstance == "" {
			return api.Errorf(api.Refused, "Answer that it is a copy.", "the world that the save was of is not on this bus, so it can't have moved from there")
		}
		return api.Errorf(api.Refused, "Stop "+q.FromInstanceName+" first, if the world has moved; otherwise answer that it is a copy.",
			"%s still runs with that world", q.FromInstanceName)
	}
	return api.Errorf(api.Refused, "mainbusctl bus questions lists the open ones.", "there is no question about %s", strings.TrimSpace(string(world)))
}
