package api

import (
	"context"
	"time"
)

// Hosts is what is asked of the machines with an agent.
type Hosts interface {
	Hosts(ctx context.Context, c Caller) ([]Host, error)
	PairHost(ctx context.Context, c Caller, r PairHost) (Host, error)
	// ForgetHost ends the pairing at once. The host's games go on; its instances stay, and come back when it is paired again.
	ForgetHost(ctx context.Context, c Caller, r HostRef) (Host, error)
	// SearchHosts asks every address of this machine's networks for a host, where neither multicast nor broadcasts reach.
	SearchHosts(ctx context.Context, c Caller) ([]Host, error)

	// Invite makes a join code, which lets in one host that can reach this controller.
	Invite(ctx context.Context, c Caller, r Invite) (Invitation, error)
	Invitations(ctx context.Context, c Caller) ([]Invitation, error) // without their codes, newest first
	RevokeInvitation(ctx context.Context, c Caller, r InvitationRef) (Invitation, error)
}

var hostMethods = map[string]method{
	"Hosts":            lists[Host](ClusterRead, plain(Service.Hosts)),
	"PairHost":         changes(HostPair, with(Service.PairHost)),
	"ForgetHost":       changes(HostPair, with(Service.ForgetHost)),
	"SearchHosts":      reads(HostPair, plain(Service.SearchHosts)),
	"Invite":           changes(HostPair, with(Service.Invite)),
	"Invitations":      reads(HostPair, plain(Service.Invitations)),
	"RevokeInvitation": changes(HostPair, with(Service.RevokeInvitation)),
}

func (s stub) Hosts(ctx context.Context, c Caller) ([]Host, error) {
	return ask[[]Host](ctx, s, c, "Hosts", nil)
}

func (s stub) PairHost(ctx context.Context, c Caller, r PairHost) (Host, error) {
	return ask[Host](ctx, s, c, "PairHost", &r)
}

func (s stub) ForgetHost(ctx context.Context, c Caller, r HostRef) (Host, error) {
	return ask[Host](ctx, s, c, "ForgetHost", &r)
}

func (s stub) SearchHosts(ctx context.Context, c Caller) ([]Host, error) {
	return ask[[]Host](ctx, s, c, "SearchHosts", nil)
}

func (s stub) Invite(ctx context.Context, c Caller, r Invite) (Invitation, error) {
	return ask[Invitation](ctx, s, c, "Invite", &r)
}

func (s stub) Invitations(ctx context.Context, c Caller) ([]Invitation, error) {
	return ask[[]Invitation](ctx, s, c, "Invitations", nil)
}

func (s stub) RevokeInvitation(ctx context.Context, c Caller, r InvitationRef) (Invitation, error) {
	return ask[Invitation](ctx, s, c, "RevokeInvitation", &r)
}

// Host states.
const (
	Discovered = "discovered" // announces itself, wants to join
	Paired     = "paired"
)

// What can be wrong with a host.
const (
	Unreachable     = "unreachable"
	Forgotten       = "forgotten"        // it does not know this controller any more
	VersionSkew     = "version"          // its version and this one do not work together
	SameKey         = "same_key"         // two programs use its key
	OtherKey        = "other_key"        // somebody else is at its address
	OtherController = "other_controller" // its instances belong to another one
	Refuses         = "refuses"          // it does not do what is wanted
)

// A Host is a machine with an agent.
type Host struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	State         string    `json:"state"`
	Linked        bool      `json:"linked"`
	DiscoveredBy  string    `json:"discovered_by"` // how its address was learned: "mdns", "probe", "address", "join code"
	Addresses     []string  `json:"addresses"`
	Version       string    `json:"version"`
	GameVersion   string    `json:"game_version"`
	OS            string    `json:"os"`
	RTTMS         float64   `json:"rtt_ms"` // 0 while not linked
	LastSeen      time.Time `json:"last_seen"`
	StartsAtOnce  uint32    `json:"starts_at_once"` // games that may be starting at a time; 0: the host's choice
	PlayerAddress string    `json:"player_address"` // where players reach its games; empty: where the controller reaches it
	DiskFree      uint64    `json:"disk_free"`      // bytes on the disk of its data folder; 0: not known
	DiskTotal     uint64    `json:"disk_total"`
	Warning       string    `json:"warning"`           // a sentence; empty: nothing
	Trouble       string    `json:"trouble,omitempty"` // what is wrong, for programs; empty: nothing
	Problem       string    `json:"problem,omitempty"` // … for people: a sentence
	Next          string    `json:"next,omitempty"`    // what to do about it
}

func (h *Host) scope() []place { return []place{ofHost(&h.ID)} }

// HostRef names a host.
type HostRef struct {
	Host string `json:"host"` // name or id
}

func (r *HostRef) scope() []place { return []place{ofHost(&r.Host)} }

func (r HostRef) target() string { return r.Host }

// Invite asks for a join code.
type Invite struct {
	Seconds   int64    `json:"seconds"`             // how long it is good; 0: a day, at most 30 days
	Addresses []string `json:"addresses,omitempty"` // host:port at which this controller can be reached, before its own ones
}

// An Invitation is a join code that was given out.
type Invitation struct {
	ID        string    `json:"id"`
	Code      string    `json:"code,omitempty"` // in the answer to Invite only
	Addresses []string  `json:"addresses,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	UsedBy    string    `json:"used_by,omitempty"` // name or id of the host
}

// InvitationRef names an invitation.
type InvitationRef struct {
	Invitation string `json:"invitation"`
}

func (r InvitationRef) target() string { return r.Invitation }

// PairHost asks to pair with a host that shows this code.
type PairHost struct {
	Host string `json:"host"` // name or id of a discovered one, or address "host:port"
	Code string `json:"code"` // as the host shows it, forgiving about case and dashes
}

func (r PairHost) target() string { return r.Host }
