package controller

import (
	"context"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
)

// energy is what people call goods without a name.
const energy = "energy"

// goodsName is how goods are called outside of the ledger.
func goodsName(item ledger.Item) string {
	if item.Kind() == ledger.Energy {
		return energy
	}
	return item.Name
}

func goodsRef(item ledger.Item) api.GoodsRef {
	return api.GoodsRef{Name: goodsName(item), Quality: item.Quality}
}

// goods finds out what people mean by a name: a quality says it, without one it is the normal item, the fluid or the
// energy that the bus knows, or else a normal item.
func (s *service) goods(ctx context.Context, r api.GoodsRef) (ledger.Item, error) {
	item := ledger.Item{Name: r.Name, Quality: r.Quality}
	if r.Quality != "" {
		return item, nil
	}
	item.Quality = "normal"
	rows, err := s.store.Bus(ctx)
	if err != nil {
		return item, err
	}
	fluid, known := ledger.Item{Name: r.Name}, map[ledger.Item]bool{}
	for _, row := range rows {
		known[row.Item] = true
	}
	switch {
	case known[item]:
	case known[fluid]:
		return fluid, nil
	case r.Name == energy:
		return ledger.Item{}, nil
	}
	return item, nil
}

// Bus shows the accounts of all goods, added up over the worlds.
func (s *service) Bus(ctx context.Context, _ api.Caller) ([]api.BusItem, error) {
	rows, err := s.store.Bus(ctx)
	if err != nil {
		return nil, err
	}
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	rules := map[ledger.Item]ledger.Rule{}
	for _, r := range policy.Items {
		rules[r.Item] = r.Rule
	}
	surplus := map[ledger.Item]int64{}
	for _, m := range s.store.Checked().Wrong {
		surplus[m.Item] = m.Surplus()
	}
	title := s.names.lookUp("goods")
	list := make([]api.BusItem, 0, len(rows))
	for _, r := range rows {
		rule, own := rules[r.Item]
		if !own {
			rule = policy.Default
		}
		n, frozen := surplus[r.Item]
		list = append(list, api.BusItem{
			Name: goodsName(r.Item), Title: title(r.Name), Quality: r.Quality, Level: r.Level, Sent: r.Sent, Received: r.Received,
			Granted: r.Granted, InFlight: r.Granted - r.Received, Owed: r.Owed, Held: r.Held,
			Limit: rule.Limit, Strict: rule.Strict, Fair: rule.Fair, Frozen: frozen, Surplus: n,
		})
	}
	return list, nil
}

func (s *service) BusAccounts(ctx context.Context, _ api.Caller, r api.ReadAccounts) ([]api.BusAccount, error) {
	var only *ledger.Item
	if r.Name != "" {
		item, err := s.goods(ctx, api.GoodsRef(r))
		if err != nil {
			return nil, err
		}
		only = &item
	}
	rows, err := s.store.Accounts(ctx, only)
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
			World: string(a.World), Instance: string(a.Slot), InstanceName: names[string(a.Slot)], Name: goodsName(a.Item), Quality: a.Quality,
			Sent: a.E, Received: a.I, Granted: a.G, InFlight: a.G - a.I, Owed: a.Owed, Held: a.Held,
		})
	}
	return list, nil
}

// instanceNames returns what people call the instances, by id.
func (s *service) instanceNames(ctx context.Context) (map[string]string, error) {
	all, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(all))
	for _, i := range all {
		names[i.ID] = i.Name
	}
	return names, nil
}
