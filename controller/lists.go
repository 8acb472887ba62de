package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"mainbus/controller/api"
	"mainbus/controller/lists"
	"mainbus/controller/store"
	"mainbus/transport/wire"
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

var wireModes = map[string]wire.ListMode{
	api.ListOff: wire.ListMode_LIST_MODE_OFF, api.ListToGame: wire.ListMode_LIST_MODE_TO_GAME, api.ListBoth: wire.ListMode_LIST_MODE_BOTH,
}

var wireWhitelisting = map[string]wire.Whitelisting{
	"": wire.Whitelisting_WHITELISTING_AS_IT_IS, "on": wire.Whitelisting_WHITELISTING_ON, "off": wire.Whitelisting_WHITELISTING_OFF,
}

// wantedModes is what a host is told of the modes of an instance's lists.
func wantedModes(m store.ListModes) *wire.ListModes {
	return &wire.ListModes{
		Admins: wireModes[m.Admins], Bans: wireModes[m.Bans], Whitelist: wireModes[m.Whitelist], Whitelisting: wireWhitelisting[m.Whitelisting],
	}
}

func (s *service) ListStates(ctx context.Context, _ api.Caller) ([]api.ListState, error) {
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	modes, err := s.modesOf(ctx)
	if err != nil {
		return nil, err
	}
	states := []api.ListState{}
	for _, row := range rows {
		for _, list := range lists.All {
			state, err := s.listState(ctx, row, list, modeOf(modes(row.ID), list))
			if err != nil {
				return nil, err
			}
			states = append(states, state)
		}
	}
	return states, nil
}

func (s *service) listState(ctx context.Context, row store.Instance, list, mode string) (api.ListState, error) {
	view := api.ListState{Instance: row.ID, InstanceName: row.Name, List: list, Mode: mode, State: api.ListOff}
	if mode == api.ListOff {
		return view, nil
	}
	view.State = api.ListUnknown
	told, ok := s.told.get(listKey{row.ID, list})
	if !ok {
		return view, nil
	}
	sum, err := s.listSum(ctx, list)
	if err != nil {
		return view, err
	}
	at := told.at.UTC()
	view.At, view.Entries, view.OnlyThere = &at, int(told.GetEntries()), int(told.GetOnlyHere())
	view.ToGame, view.ToCluster = int(told.GetWanted()), int(told.GetChanged())
	for name, w := range wireWhitelisting {
		if list == lists.Whitelist && w == told.GetWhitelisting() {
			view.Whitelisting = name
		}
	}
	if view.Problem = told.GetProblem(); view.Problem != "" {
		view.Next = "Look at the file on the host; the rest of the list is kept all the same."
	} else if told.failed != "" {
		view.Problem, view.Next = told.failed, "It is tried again by itself."
	}
	h := s.hostOf(row)
	if h == nil {
		return view, nil
	}
	if _, linked := s.endpoint.Conn(h.id); !linked {
		return view, nil
	}
	switch {
	case view.Problem != "":
		view.State = api.ListProblem
	case view.ToGame > 0 || !inStep(s.stateOf(told.ListState), sum, mode == api.ListBoth):
		view.State = api.ListPending
	default:
		view.State = api.ListInStep
	}
	return view, nil
}
