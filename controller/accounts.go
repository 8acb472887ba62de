package controller

import (
	"context"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
)

// Bus shows the accounts of all goods, added up over the worlds.
func (s *service) Bus(ctx context.Context, _ api.Caller) ([]api.BusItem, error) {
	rows, err := s.store.Bus(ctx)
	if err != nil {
		return nil, err
	}
	surplus := map[ledger.Item]int64{}
	for _, m := range s.store.Checked().Wrong {
		surplus[m.Item] = m.Surplus()
	}
	list := make([]api.BusItem, 0, len(rows))
	for _, r := range rows {
		n, frozen := surplus[r.Item]
		list = append(list, api.BusItem{
			Name: r.Name, Quality: r.Quality, Level: r.Level, Sent: r.Sent, Received: r.Received,
			Granted: r.Granted, InFlight: r.Granted - r.Received, Owed: r.Owed, Frozen: frozen, Surplus: n,
		})
	}
	return list, nil
}

func (s *service) BusAccounts(ctx context.Context, _ api.Caller, r api.ReadAccounts) ([]api.BusAccount, error) {
	rows, err := s.store.Accounts(ctx, ledger.Item{Name: r.Name, Quality: r.Quality})
	if err != nil {
		return nil, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.BusAccount, 0, len(rows))
	for _, a := range rows {
		list = append(list, api.BusAccount{
			World: string(a.World), Instance: string(a.Slot), InstanceName: names[a.Slot], Name: a.Name, Quality: a.Quality,
			Sent: a.E, Received: a.I, Granted: a.G, InFlight: a.G - a.I, Owed: a.Owed,
		})
	}
	return list, nil
}

func (s *service) instanceNames(ctx context.Context) (map[ledger.Slot]string, error) {
	all, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[ledger.Slot]string, len(all))
	for _, i := range all {
		names[ledger.Slot(i.ID)] = i.Name
	}
	return names, nil
}
