package api

import (
	"context"
	"time"
)

// Instances is what is asked of game servers.
type Instances interface {
	Instances(ctx context.Context, c Caller) ([]Instance, error)
	CreateInstance(ctx context.Context, c Caller, r CreateInstance) (Instance, error)
	StartInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
	StopInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
	KillInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
	SendConsole(ctx context.Context, c Caller, r SendConsole) (ConsoleReply, error)
	ReadConsole(ctx context.Context, c Caller, r ReadConsole) (ConsolePage, error)
}

var instanceMethods = map[string]method{
	"Instances":      lists[Instance](ClusterRead, plain(Service.Instances)),
	"CreateInstance": changes(InstanceCreate, with(Service.CreateInstance)),
	"StartInstance":  changes(InstanceControl, with(Service.StartInstance)),
	"StopInstance":   changes(InstanceControl, with(Service.StopInstance)),
	"KillInstance":   changes(InstanceControl, with(Service.KillInstance)),
	"SendConsole":    changes(ConsoleSend, with(Service.SendConsole)),
	"ReadConsole":    reads(ConsoleRead, with(Service.ReadConsole)),
}

func (s stub) Instances(ctx context.Context, c Caller) ([]Instance, error) {
	return ask[[]Instance](ctx, s, c, "Instances", nil)
}

func (s stub) CreateInstance(ctx context.Context, c Caller, r CreateInstance) (Instance, error) {
	return ask[Instance](ctx, s, c, "CreateInstance", &r)
}

func (s stub) StartInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return ask[Instance](ctx, s, c, "StartInstance", &r)
}

func (s stub) StopInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return ask[Instance](ctx, s, c, "StopInstance", &r)
}

func (s stub) KillInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return ask[Instance](ctx, s, c, "KillInstance", &r)
}

func (s stub) SendConsole(ctx context.Context, c Caller, r SendConsole) (ConsoleReply, error) {
	return ask[ConsoleReply](ctx, s, c, "SendConsole", &r)
}

func (s stub) ReadConsole(ctx context.Context, c Caller, r ReadConsole) (ConsolePage, error) {
	return ask[ConsolePage](ctx, s, c, "ReadConsole", &r)
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
	Linked      bool   `json:"linked"`       // the world is bound and trades
	GameVersion string `json:"game_version"` // that runs, or would run at the next start
	GamePort    uint32 `json:"game_port"`
	Save        string `json:"save"`
	Starts      uint64 `json:"starts"` // start number of the newest run
	Tick        uint64 `json:"tick"`

	RetryAt     *time.Time `json:"retry_at,omitempty"` // of failed: when it is started again; missing: not by itself
	DecidedHere string     `json:"decided_here"`       // "running" or "stopped": somebody on its host wants it so, until it is started or stopped here
	Warning     string     `json:"warning"`            // of a game that runs all the same

	Pack          string `json:"pack"`           // id of its mod pack; empty: its mods are left as they are
	Version       string `json:"version"`        // of the game, as SetVersion says; empty: any
	Download      bool   `json:"download"`       // it may be downloaded
	VersionRemark string `json:"version_remark"` // that GameVersion is downloaded first, or why there is none

	Mods ModState `json:"mods"`
}

func (i *Instance) scope() []place { return []place{ofInstance(&i.ID)} }

// InstanceRef names an instance.
type InstanceRef struct {
	Instance string `json:"instance"` // name or id
}

func (r *InstanceRef) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r InstanceRef) target() string { return r.Instance }

// CreateInstance asks for a new instance, which is made stopped.
type CreateInstance struct {
	Name string `json:"name"`
	Host string `json:"host"` // name or id of a paired one
	Seed uint32 `json:"seed"` // of the map; 0: the game's choice

	Version    string `json:"version"`     // of the game, as in SetVersion
	NoDownload bool   `json:"no_download"` // a version that is not on the host is not downloaded

	Pack string `json:"pack,omitempty"` // name or id of its mod pack; empty: none
}

func (r *CreateInstance) scope() []place { return []place{ofHost(&r.Host)} }

func (r CreateInstance) target() string { return r.Name }

// SendConsole types one line on a running server's console.
type SendConsole struct {
	Instance string `json:"instance"`
	Line     string `json:"line"`
}

func (r *SendConsole) scope() []place { return []place{ofInstance(&r.Instance)} }

// target leaves out the line: people type passwords there.
func (r SendConsole) target() string { return r.Instance }

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

func (r *ReadConsole) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r ReadConsole) target() string { return r.Instance }

// ConsolePage is a page of a console.
type ConsolePage struct {
	Lines []string `json:"lines"`
	Next  uint64   `json:"next"`
}
