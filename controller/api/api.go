// Package api is the one way to the cluster for people and programs: the window, the command line and remote callers use
// the same interface. Every call says who calls; whether they may is decided here and nowhere else.
//
// A Service is implemented by the controller, by Guard around it, and by Client, which reaches one over a connection that Serve
// answers.
package api

import (
	"context"
	"time"
)

// Service is everything that can be asked of a cluster. Errors are *Error where they are meant for people.
type Service interface {
	Status(ctx context.Context, c Caller) (Status, error)
	// Changes returns when something has changed since, or after the time asked for.
	Changes(ctx context.Context, c Caller, r AwaitChanges) (Versions, error)

	Hosts(ctx context.Context, c Caller) ([]Host, error)
	PairHost(ctx context.Context, c Caller, r PairHost) (Host, error)

	Instances(ctx context.Context, c Caller) ([]Instance, error)
	CreateInstance(ctx context.Context, c Caller, r CreateInstance) (Instance, error)
	StartInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
	StopInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
	KillInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
	SendConsole(ctx context.Context, c Caller, r SendConsole) (ConsoleReply, error)
	ReadConsole(ctx context.Context, c Caller, r ReadConsole) (ConsolePage, error)

	Bus(ctx context.Context, c Caller) ([]BusItem, error)
	BusAccounts(ctx context.Context, c Caller, r ReadAccounts) ([]BusAccount, error)
	BusHistory(ctx context.Context, c Caller, r ReadHistory) ([]BusPosting, error) // newest first
	// BusProblems is what somebody should look at.
	BusProblems(ctx context.Context, c Caller) (BusProblems, error)
	// VerifyBus looks whether the books of all goods add up. Of those that don't nothing is granted until they do.
	VerifyBus(ctx context.Context, c Caller) (BusCheck, error)
	// AcceptBooks takes the books of goods as they are although they do not add up.
	AcceptBooks(ctx context.Context, c Caller, r GoodsRef) (BusItem, error)
	// ForgiveDebt lets a world off what it owes. ReleaseHeld books what was held of what it says that it has sent.
	ForgiveDebt(ctx context.Context, c Caller, r GoodsOf) (Booked, error)
	ReleaseHeld(ctx context.Context, c Caller, r GoodsOf) (Booked, error)
	AnswerQuestion(ctx context.Context, c Caller, r AnswerQuestion) (BusProblems, error)
	BusPolicy(ctx context.Context, c Caller) (BusPolicy, error)
	ChangeBusPolicy(ctx context.Context, c Caller, r ChangeBusPolicy) (BusPolicy, error)
	Audit(ctx context.Context, c Caller, r ReadAudit) ([]AuditEntry, error)

	Backups(ctx context.Context, c Caller) ([]Backup, error) // newest first
	BackUp(ctx context.Context, c Caller) (Backup, error)
}

// A Caller is who makes a call. Only what receives a call from outside makes one up: Serve by where the connection comes
// from, the window's program for its own user.
type Caller struct {
	Kind CallerKind `json:"kind"`
	Name string     `json:"name"` // for the audit: user name, key
	From string     `json:"from"` // for the audit: "local", an address
}

// CallerKind says how a caller has shown who they are. The zero value has not.
type CallerKind string

// Owner is the user who runs the controller, on the same machine.
const Owner CallerKind = "owner"

// Status is the controller's own state.
type Status struct {
	Name             string    `json:"name"`
	ID               string    `json:"id"`
	Version          string    `json:"version"`
	StartedAt        time.Time `json:"started_at"`
	UptimeSeconds    int64     `json:"uptime_seconds"`
	DataDir          string    `json:"data_dir"`
	Port             uint16    `json:"port"`
	Ledger           string    `json:"ledger"`
	Incarnation      int64     `json:"incarnation"`
	Hosts            int       `json:"hosts"`
	HostsLinked      int       `json:"hosts_linked"`
	Instances        int       `json:"instances"`
	InstancesRunning int       `json:"instances_running"`
	CommitMS         Quantiles `json:"commit_ms"` // of the newest ledger transactions
}

// Quantiles of a duration in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// Versions number the states of the cluster: a number differs whenever what Hosts and Instances, or Bus, would answer
// may differ. They begin anew with the controller. Round trips and ticks change without.
type Versions struct {
	Cluster uint64 `json:"cluster"`
	Bus     uint64 `json:"bus"`
}

// AwaitChanges asks to be told of a change.
type AwaitChanges struct {
	Since  Versions `json:"since"`
	Bus    bool     `json:"bus"`     // whether changes of the bus count
	WaitMS uint32   `json:"wait_ms"` // at most 20,000
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
}

// PairHost asks to pair with a host that shows this code.
type PairHost struct {
	Host string `json:"host"` // name or id of a discovered one, or address "host:port"
	Code string `json:"code"` // as the host shows it, forgiving about case and dashes
}

// An Instance is one game server: what is wanted of it and what was last seen of it.
type Instance struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Host        string `json:"host"` // id
	HostName    string `json:"host_name"`
	Desired     string `json:"desired"` // "running" or "stopped"
	State       string `json:"state"`   // stopped starting running stopping failed working stray unknown
	LastState   string `json:"last_state,omitempty"`
	Phase       string `json:"phase"`
	Cause       string `json:"cause"`
	Linked      bool   `json:"linked"` // the world is bound and trades
	GameVersion string `json:"game_version"`
	GamePort    uint32 `json:"game_port"`
	Save        string `json:"save"`
	Starts      uint64 `json:"starts"` // start number of the newest run
	Tick        uint64 `json:"tick"`
}

// InstanceRef names an instance.
type InstanceRef struct {
	Instance string `json:"instance"` // name or id
}

// CreateInstance asks for a new instance, which is made stopped.
type CreateInstance struct {
	Name string `json:"name"`
	Host string `json:"host"` // name or id of a paired one
	Seed uint32 `json:"seed"` // of the map; 0: the game's choice
}

// SendConsole types one line on a running server's console.
type SendConsole struct {
	Instance string `json:"instance"`
	Line     string `json:"line"`
}

// ConsoleReply is what the server answered; chat has no answer.
type ConsoleReply struct {
	Text string `json:"text"`
}

// ReadConsole asks for a page of what a server has printed.
type ReadConsole struct {
	Instance string `json:"instance"`
	Offset   uint64 `json:"offset"` // Next of the page before; 0: the oldest kept
	WaitMS   uint32 `json:"wait_ms"`
	Limit    uint32 `json:"limit"` // lines
}

// ConsolePage is a page of a console.
type ConsolePage struct {
	Lines []string `json:"lines"`
	Next  uint64   `json:"next"`
}

// ReadAudit asks for the newest entries.
type ReadAudit struct {
	Limit int `json:"limit"` // at most 1,000; 0: 100
}

// An AuditEntry is one change that somebody made or was refused.
type AuditEntry struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	From   string    `json:"from"`
	What   string    `json:"what"`   // method
	Target string    `json:"target"` // host or instance
	Result string    `json:"result"` // "done", "denied", or why it failed
}

// A Backup is a copy of everything the controller knows.
type Backup struct {
	Path   string    `json:"path"` // on the controller's machine
	At     time.Time `json:"at"`
	Reason string    `json:"reason"` // "regular", "asked", "migration", "restore"
	Bytes  int64     `json:"bytes"`
}
