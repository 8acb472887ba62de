package hostagent

import (
	"context"
	"errors"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/lists"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const maxListPage = 5000

// listHandlers are what controllers may ask for of lists of players.
func (a *Agent) listHandlers() map[wire.Method]link.Handler {
	return map[wire.Method]link.Handler{
		wire.Method_METHOD_LISTS:        a.owned(a.sendLists),
		wire.Method_METHOD_LIST_CHANGED: a.owned(link.Unary(a.listChanged)),
		wire.Method_METHOD_LIST_AGREED:  a.owned(link.Unary(a.listAgreed)),
		wire.Method_METHOD_LIST_TELL:    a.owned(link.Unary(a.tellList)),
	}
}

// sendLists sends how the lists are, at once and after each change, the newest only.
func (a *Agent) sendLists(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	return sendChanges(ctx, s, &a.listed, func() proto.Message {
		states := &wire.ListStates{}
		all := a.fleet.all()
		for _, id := range slices.Sorted(maps.Keys(all)) {
			states.Lists = append(states.Lists, all[id].ListStates()...)
		}
		return states
	})
}

func (a *Agent) listChanged(_ context.Context, _ *link.Conn, r *wire.ListAsk) (*wire.ListChanges, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	changes, err := i.ListChanged(r.GetList(), min(int(r.GetLimit()), maxListPage))
	return changes, listRefusal(err)
}

func (a *Agent) listAgreed(_ context.Context, _ *link.Conn, r *wire.ListAsk) (*wire.ListChanges, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	changes, err := i.ListAgreed(r.GetList(), r.GetAfter(), min(int(r.GetLimit()), maxListPage))
	return changes, listRefusal(err)
}

func (a *Agent) tellList(_ context.Context, _ *link.Conn, m *wire.ListTell) (*wire.ListState, error) {
	i, err := a.find(m.GetInstance())
	if err != nil {
		return nil, err
	}
	if len(m.GetChanges()) > maxListPage {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "more than %d changes at once", maxListPage)
	}
	state, err := i.TellList(m)
	return state, listRefusal(err)
}

func listRefusal(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, lists.ErrStale):
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "%v", err)
	}
	return link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
}
