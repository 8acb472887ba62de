package api

import (
	"context"
	"time"
)

// Cluster is what is asked of the controller itself.
type Cluster interface {
	Status(ctx context.Context, c Caller) (Status, error)
	// Changes returns when something has changed since, or after the time asked for.
	Changes(ctx context.Context, c Caller, r AwaitChanges) (Versions, error)
	Audit(ctx context.Context, c Caller, r ReadAudit) ([]AuditEntry, error)
	Backups(ctx context.Context, c Caller) ([]Backup, error) // newest first
	BackUp(ctx context.Context, c Caller) (Backup, error)
}

var clusterMethods = map[string]method{
	"Status":  trimmed(ClusterRead, plain(Service.Status), (*Status).outline),
	"Changes": trimmed(ClusterRead, with(Service.Changes), func(*Versions, sight) {}), // numbers say nothing of places
	"Audit":   reads(AuditRead, with(Service.Audit)),
	"Backups": reads(BackupRead, plain(Service.Backups)),
	"BackUp":  changes(BackupMake, plain(Service.BackUp)),
}

func (s stub) Status(ctx context.Context, c Caller) (Status, error) {
	return ask[Status](ctx, s, c, "Status", nil)
}

func (s stub) Changes(ctx context.Context, c Caller, r AwaitChanges) (Versions, error) {
	return ask[Versions](ctx, s, c, "Changes", &r)
}

func (s stub) Audit(ctx context.Context, c Caller, r ReadAudit) ([]AuditEntry, error) {
	return ask[[]AuditEntry](ctx, s, c, "Audit", &r)
}

func (s stub) Backups(ctx context.Context, c Caller) ([]Backup, error) {
	return ask[[]Backup](ctx, s, c, "Backups", nil)
}

func (s stub) BackUp(ctx context.Context, c Caller) (Backup, error) {
	return ask[Backup](ctx, s, c, "BackUp", nil)
}

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

// outline is what somebody gets to know who may see parts of the cluster only.
func (s *Status) outline(sight) {
	*s = Status{Name: s.Name, ID: s.ID, Version: s.Version, StartedAt: s.StartedAt, UptimeSeconds: s.UptimeSeconds}
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
