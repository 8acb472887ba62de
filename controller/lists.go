package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"mainbus/controller/api"
	"mainbus/controller/lists"
	"mainbus/controller/store"
)

const maxListPage = 5000

// usualModes are those of an instance that nobody has said anything else of. Bans and the whitelist are of all; that somebody is made an
// admin in one game makes them none everywhere.
var usualModes = store.ListModes{Admins: api.ListToGame, Bans: api.ListBoth, Whitelist: api.ListBoth}

// modesOf are the modes of all instances.
func (c *Controller) modesOf(ctx context.Context) (func(instance string) store.ListModes, error) {
	set, err := c.store.ListModes(ctx)
	return func(instance string) store.ListModes {
		if m, ok := set[instance]; ok {
			return m
		}
		return usualModes
	}, err
}

func (s *service) ListEntries(ctx context.Context, _ api.Caller, r api.ReadList) (api.ListPage, error) {
	if err := checkList(r.List); err != nil {
		return api.ListPage{}, err
	}
	limit := min(cmp.Or(max(r.Limit, 0), maxListPage), maxListPage)
	page, total, err := s.store.ListEntries(ctx, r.List, r.After, limit)
	if err != nil {
		return api.ListPage{}, err
	}
	view := api.ListPage{Entries: []api.ListEntry{}, Total: total}
	for _, e := range page {
		view.Entries = append(view.Entries, api.ListEntry{Name: e.Name, Reason: e.Reason})
	}
	if len(page) == limit {
		view.Next = lists.Key(page[limit-1].Name)
	}
	return view, nil
}

func checkList(list string) error {
	for _, known := range lists.All {
		if list == known {
			return nil
		}
	}
	return api.Errorf(api.Invalid, fmt.Sprintf("The lists are %s, %s and %s.", lists.Admins, lists.Bans, lists.Whitelist), "there is no list %.40q", list)
}

func viewModes(row store.Instance, m store.ListModes) api.ListModes {
	return api.ListModes{Instance: row.ID, InstanceName: row.Name, Admins: m.Admins, Bans: m.Bans, Whitelist: m.Whitelist, Whitelisting: m.Whitelisting}
}

func (s *service) ListModes(ctx context.Context, _ api.Caller) ([]api.ListModes, error) {
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	modes, err := s.modesOf(ctx)
	if err != nil {
		return nil, err
	}
	all := []api.ListModes{}
	for _, row := range rows {
		all = append(all, viewModes(row, modes(row.ID)))
	}
	return all, nil
}

func (s *service) SetListModes(ctx context.Context, _ api.Caller, r api.SetListModes) (api.ListModes, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.ListModes{}, err
	}
	// Two changes at once must not take each other back.
	s.modesMu.Lock()
	defer s.modesMu.Unlock()
	modes, err := s.modesOf(ctx)
	if err != nil {
		return api.ListModes{}, err
	}
	now := modes(row.ID)
	change(&now.Admins, r.Admins)
	change(&now.Bans, r.Bans)
	change(&now.Whitelist, r.Whitelist)
	change(&now.Whitelisting, r.Whitelisting)
	for _, mode := range []string{now.Admins, now.Bans, now.Whitelist} {
		if mode != api.ListOff && mode != api.ListToGame && mode != api.ListBoth {
			return api.ListModes{}, api.Errorf(api.Invalid, "A list is off, to_game or both.", "%.40q is no way for a list to go", mode)
		}
	}
	if w := now.Whitelisting; w != "" && w != "on" && w != "off" {
		return api.ListModes{}, api.Errorf(api.Invalid, "It is on, off, or empty, which leaves it to the game.", "the whitelist can't be %.40q", w)
	}
	if err := s.store.SetListModes(ctx, row.ID, now); errors.Is(err, store.ErrNotFound) {
		return api.ListModes{}, api.Errorf(api.NotFound, "", "there is no instance %q any more", r.Instance)
	} else if err != nil {
		return api.ListModes{}, err
	}
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return viewModes(row, now), nil
}

func (s *service) ListStates(ctx context.Context, c api.Caller) ([]api.ListState, error) {
	all, err := s.ListModes(ctx, c)
	if err != nil {
		return nil, err
	}
	states := []api.ListState{}
	for _, m := range all {
		for _, list := range []struct{ name, mode string }{{api.Admins, m.Admins}, {api.Bans, m.Bans}, {api.Whitelist, m.Whitelist}} {
			states = append(states, api.ListState{Instance: m.Instance, InstanceName: m.InstanceName, List: list.name, Mode: list.mode, State: api.ListUnknown})
		}
	}
	return states, nil
}
