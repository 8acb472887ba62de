package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
)

func (s *service) BusPolicy(ctx context.Context, _ api.Caller) (api.BusPolicy, error) {
	p, err := s.store.Policy(ctx)
	if err != nil {
		return api.BusPolicy{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return api.BusPolicy{}, err
	}
	return viewPolicy(p, names), nil
}

func viewPolicy(p ledger.Policy, names map[string]string) api.BusPolicy {
	v := api.BusPolicy{
		Default: api.BusRule(p.Default), Aging: p.Aging, Burst: p.Growth.Burst, Rate: p.Growth.Rate,
		Items: []api.BusItemRule{}, Instances: []api.BusInstanceRule{}, Reserves: []api.BusReserve{},
	}
	for _, r := range p.Items {
		v.Items = append(v.Items, api.BusItemRule{GoodsRef: goodsRef(r.Item), BusRule: api.BusRule(r.Rule)})
	}
	for _, r := range p.Slots {
		v.Instances = append(v.Instances, api.BusInstanceRule{Instance: string(r.Slot), InstanceName: names[string(r.Slot)], Priority: r.Priority, Weight: r.Weight})
	}
	for _, r := range p.Reserves {
		v.Reserves = append(v.Reserves, api.BusReserve{Instance: string(r.Slot), InstanceName: names[string(r.Slot)], GoodsRef: goodsRef(r.Item), Amount: r.Qty})
	}
	return v
}

func (s *service) ChangeBusPolicy(ctx context.Context, c api.Caller, r api.ChangeBusPolicy) (api.BusPolicy, error) {
	change, err := s.policyChange(ctx, r)
	if err != nil {
		return api.BusPolicy{}, err
	}
	// Two changes at once must not take each other back.
	s.policyMu.Lock()
	defer s.policyMu.Unlock()
	p, err := s.store.Policy(ctx)
	if err != nil {
		return api.BusPolicy{}, err
	}
	_, err = s.store.Apply(ctx, ledger.SetPolicy{Policy: change.on(p)})
	if errors.Is(err, ledger.ErrInvalid) {
		return api.BusPolicy{}, api.Errorf(api.Invalid, fmt.Sprintf("Nothing was changed. A priority is a number from −%d to %d, a weight from 1 to %d; limits and reserves are whole numbers from 0 on.",
			ledger.MaxPriority, ledger.MaxPriority, ledger.MaxWeight), "the policy can't be like that: %v", err)
	} else if err != nil {
		return api.BusPolicy{}, err
	}
	s.changes.bus()
	return s.BusPolicy(ctx, c)
}

// policyChange is a change with its names found out.
type policyChange struct {
	api.ChangeBusPolicy
	item *ledger.Item // nil: none was named
	slot ledger.Slot  // empty: none was named
}

func (s *service) policyChange(ctx context.Context, r api.ChangeBusPolicy) (c policyChange, err error) {
	c.ChangeBusPolicy = r
	if r.Name != "" {
		item, err := s.goods(ctx, r.GoodsRef)
		if err != nil {
			return c, err
		}
		c.item = &item
	}
	if r.Instance != "" {
		row, err := s.instance(ctx, r.Instance)
		if err != nil {
			return c, err
		}
		c.slot = ledger.Slot(row.ID)
	}
	switch {
	case r.Instance == "" && (r.Priority != nil || r.Weight != nil || r.Reserve != nil):
		return c, api.Errorf(api.Invalid, "Name the instance.", "a priority, weight or reserve is an instance's")
	case c.item == nil && (r.Reserve != nil || r.NoOwnRule):
		return c, api.Errorf(api.Invalid, "Name the goods.", "a reserve, or no rule of their own, is for some goods")
	}
	return c, nil
}

// on returns a policy with the change. The slices of the old one stay as they are.
func (c policyChange) on(p ledger.Policy) ledger.Policy {
	p.Items, p.Slots, p.Reserves = slices.Clone(p.Items), slices.Clone(p.Slots), slices.Clone(p.Reserves)
	switch {
	case c.NoOwnRule:
		p.Items = slices.DeleteFunc(p.Items, func(r ledger.ItemRule) bool { return r.Item == *c.item })
	case c.Strict == nil && c.Fair == nil && c.Limit == nil:
	case c.item == nil:
		p.Default = c.rule(p.Default)
	default:
		at := slices.IndexFunc(p.Items, func(r ledger.ItemRule) bool { return r.Item == *c.item })
		if at < 0 {
			at = len(p.Items)
			p.Items = append(p.Items, ledger.ItemRule{Item: *c.item, Rule: p.Default})
		}
		p.Items[at].Rule = c.rule(p.Items[at].Rule)
	}
	set(&p.Aging, c.Aging)
	set(&p.Growth.Burst, c.Burst)
	set(&p.Growth.Rate, c.Rate)
	return c.onInstance(p)
}

func (c policyChange) rule(r ledger.Rule) ledger.Rule {
	set(&r.Strict, c.Strict)
	set(&r.Fair, c.Fair)
	set(&r.Limit, c.Limit)
	return r
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// onInstance changes what is an instance's. What is as without a rule needs none.
func (c policyChange) onInstance(p ledger.Policy) ledger.Policy {
	if c.Priority != nil || c.Weight != nil {
		rule := ledger.SlotRule{Slot: c.slot, Weight: 1}
		p.Slots = slices.DeleteFunc(p.Slots, func(r ledger.SlotRule) bool {
			if r.Slot == c.slot {
				rule = r
			}
			return r.Slot == c.slot
		})
		set(&rule.Priority, c.Priority)
		set(&rule.Weight, c.Weight)
		if rule != (ledger.SlotRule{Slot: c.slot, Weight: 1}) {
			p.Slots = append(p.Slots, rule)
		}
	}
	if c.Reserve != nil {
		p.Reserves = slices.DeleteFunc(p.Reserves, func(r ledger.Reserve) bool { return r.Slot == c.slot && r.Item == *c.item })
		if *c.Reserve != 0 {
			p.Reserves = append(p.Reserves, ledger.Reserve{Slot: c.slot, Item: *c.item, Qty: *c.Reserve})
		}
	}
	return p
}
