package api

import (
	"context"
	"strings"
	"time"
)

// Lists is what is asked of the lists of admins, bans and whitelist, and of how they are kept the same in all instances (docs/lists.md).
type Lists interface {
	// ListEntries are those of one of the cluster's lists, by name.
	ListEntries(ctx context.Context, c Caller, r ReadList) (ListPage, error)
	// ListModes are those of all instances, by name.
	ListModes(ctx context.Context, c Caller) ([]ListModes, error)
	SetListModes(ctx context.Context, c Caller, r SetListModes) (ListModes, error)
	// ListStates tell of each list of each instance how far it is in step with the cluster's, by the names of the instances.
	ListStates(ctx context.Context, c Caller) ([]ListState, error)
}

var listMethods = map[string]method{
	"ListEntries":  reads(UserRead, with(Service.ListEntries)),
	"ListModes":    lists[ListModes](UserRead, plain(Service.ListModes)),
	"SetListModes": changes(UserManage, with(Service.SetListModes)),
	"ListStates":   lists[ListState](UserRead, plain(Service.ListStates)),
}

func (s stub) ListEntries(ctx context.Context, c Caller, r ReadList) (ListPage, error) {
	return ask[ListPage](ctx, s, c, "ListEntries", &r)
}

func (s stub) ListModes(ctx context.Context, c Caller) ([]ListModes, error) {
	return ask[[]ListModes](ctx, s, c, "ListModes", nil)
}

func (s stub) SetListModes(ctx context.Context, c Caller, r SetListModes) (ListModes, error) {
	return ask[ListModes](ctx, s, c, "SetListModes", &r)
}

func (s stub) ListStates(ctx context.Context, c Caller) ([]ListState, error) {
	return ask[[]ListState](ctx, s, c, "ListStates", nil)
}

// The lists.
const (
	Admins    = "admins"
	Bans      = "bans"
	Whitelist = "whitelist"
)

// The ways in which a list of an instance goes with the cluster's.
const (
	ListOff    = "off"     // the instance's list is its own: nothing is written there and nothing is heard of it
	ListToGame = "to_game" // what changes in the cluster is done in the game; what changes in the game stays there
	ListBoth   = "both"    // what changes on one side is done on the other
)

// How far a list of an instance is in step.
const (
	ListInStep  = "in_step"
	ListPending = "pending" // something has still to be done, in the game or in the cluster
	ListProblem = "problem" // and can't be, Problem says why
	ListUnknown = "unknown" // the host is not linked, or has not told yet
)

// ReadList asks for a page of one of the cluster's lists.
type ReadList struct {
	List  string `json:"list"`
	After string `json:"after,omitempty"` // Next of the page before
	Limit int    `json:"limit,omitempty"` // entries, at most 5,000; 0: as many
}

func (r ReadList) target() string { return r.List }

// ListPage is a page of a list.
type ListPage struct {
	Entries []ListEntry `json:"entries"`
	Total   int         `json:"total"` // of the whole list
	Next    string      `json:"next"`  // empty: this was the last page
}

// ListEntry is a player on a list.
type ListEntry struct {
	Name   string `json:"name"`
	Reason string `json:"reason"` // of a ban
}

// ListModes says how the lists of an instance go with the cluster's, each by "off", "to_game" or "both".
type ListModes struct {
	Instance     string `json:"instance"` // id
	InstanceName string `json:"instance_name"`
	Admins       string `json:"admins"`
	Bans         string `json:"bans"`
	Whitelist    string `json:"whitelist"`
	Whitelisting string `json:"whitelisting"` // only who is on the whitelist gets in: "on", "off"; empty: as the game has it
}

// SetListModes changes what is not nil, at once.
type SetListModes struct {
	Instance     string  `json:"instance"` // name or id
	Admins       *string `json:"admins,omitempty"`
	Bans         *string `json:"bans,omitempty"`
	Whitelist    *string `json:"whitelist,omitempty"`
	Whitelisting *string `json:"whitelisting,omitempty"`
}

func (r *SetListModes) scope() []place { return []place{ofInstance(&r.Instance)} }
func (m *ListModes) scope() []place    { return []place{ofInstance(&m.Instance)} }
func (l *ListState) scope() []place    { return []place{ofInstance(&l.Instance)} }

func (r SetListModes) target() string {
	parts := []string{r.Instance}
	for _, p := range []struct {
		name  string
		value *string
	}{{Admins, r.Admins}, {Bans, r.Bans}, {Whitelist, r.Whitelist}, {"whitelisting", r.Whitelisting}} {
		if p.value != nil {
			parts = append(parts, p.name+" "+*p.value)
		}
	}
	return strings.Join(parts, ", ")
}

// ListState tells of a list of an instance. While its host is not linked it is what was told last.
type ListState struct {
	Instance     string     `json:"instance"` // id
	InstanceName string     `json:"instance_name"`
	List         string     `json:"list"`
	Mode         string     `json:"mode"`
	State        string     `json:"state"`
	Entries      int        `json:"entries"`    // in the game's list
	ToGame       int        `json:"to_game"`    // changes of the cluster that are not yet in the game
	ToCluster    int        `json:"to_cluster"` // changes in the game that are not yet in the cluster
	OnlyThere    int        `json:"only_there"` // names that the game has and the cluster has not, and that stay there
	Whitelisting string     `json:"whitelisting,omitempty"`
	Problem      string     `json:"problem"` // a sentence; empty: none
	Next         string     `json:"next"`    // what to do about it
	At           *time.Time `json:"at"`      // when this was told; nil: never
}
