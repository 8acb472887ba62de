package api

import (
	"context"
	"time"
)

// Hosts is what is asked of the machines with an agent.
type Hosts interface {
	Hosts(ctx context.Context, c Caller) ([]Host, error)
	PairHost(ctx context.Context, c Caller, r PairHost) (Host, error)
}

var hostMethods = map[string]method{
	"Hosts":    reads(ClusterRead, plain(Service.Hosts)),
	"PairHost": changes(HostPair, with(Service.PairHost)),
}

func (s stub) Hosts(ctx context.Context, c Caller) ([]Host, error) {
	return ask[[]Host](ctx, s, c, "Hosts", nil)
}

func (s stub) PairHost(ctx context.Context, c Caller, r PairHost) (Host, error) {
	return ask[Host](ctx, s, c, "PairHost", &r)
}

// Host states.
const (
	Discovered = "discovered" // announces itself, wants to join
	Paired     = "paired"
)

// A Host is a machine with an agent.
type Host struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	State        string    `json:"state"`
	Linked       bool      `json:"linked"`
	DiscoveredBy string    `json:"discovered_by"` // how its address was learned: "mdns", "address"
	Addresses    []string  `json:"addresses"`
	Version      string    `json:"version"`
	GameVersion  string    `json:"game_version"`
	OS           string    `json:"os"`
	RTTMS        float64   `json:"rtt_ms"` // 0 while not linked
	LastSeen     time.Time `json:"last_seen"`
	StartsAtOnce uint32    `json:"starts_at_once"` // games that may be starting at a time; 0: the host's choice
	DiskFree     uint64    `json:"disk_free"`      // bytes on the disk of its data folder; 0: not known
	DiskTotal    uint64    `json:"disk_total"`
	Warning      string    `json:"warning"` // a sentence; empty: nothing
}

// PairHost asks to pair with a host that shows this code.
type PairHost struct {
	Host string `json:"host"` // name or id of a discovered one, or address "host:port"
	Code string `json:"code"` // as the host shows it, forgiving about case and dashes
}

func (r PairHost) target() string { return r.Host }
