package api

import (
	"context"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// Supervising is what is asked of how games are kept running.
type Supervising interface {
	// InstanceFailure is the newest end of a game that nobody wanted, or start that came to nothing.
	InstanceFailure(ctx context.Context, c Caller, r InstanceRef) (Failure, error)
	InstanceSupervision(ctx context.Context, c Caller, r InstanceRef) (Supervision, error)
	ChangeSupervision(ctx context.Context, c Caller, r ChangeSupervision) (Supervision, error)
	ChangeHost(ctx context.Context, c Caller, r ChangeHost) (Host, error)
}

var supervisingMethods = map[string]method{
	"InstanceFailure":     reads(ConsoleRead, with(Service.InstanceFailure)), // it holds lines of the console
	"InstanceSupervision": reads(ClusterRead, with(Service.InstanceSupervision)),
	"ChangeSupervision":   changes(InstanceConfigure, with(Service.ChangeSupervision)),
	"ChangeHost":          changes(HostConfigure, with(Service.ChangeHost)),
}

func (s stub) InstanceFailure(ctx context.Context, c Caller, r InstanceRef) (Failure, error) {
	return ask[Failure](ctx, s, c, "InstanceFailure", &r)
}

func (s stub) InstanceSupervision(ctx context.Context, c Caller, r InstanceRef) (Supervision, error) {
	return ask[Supervision](ctx, s, c, "InstanceSupervision", &r)
}

func (s stub) ChangeSupervision(ctx context.Context, c Caller, r ChangeSupervision) (Supervision, error) {
	return ask[Supervision](ctx, s, c, "ChangeSupervision", &r)
}

func (s stub) ChangeHost(ctx context.Context, c Caller, r ChangeHost) (Host, error) {
	return ask[Host](ctx, s, c, "ChangeHost", &r)
}

// A Failure tells why a game ended or did not start. Cause, Meaning, Advice and Next are sentences for people.
type Failure struct {
	ID       string    `json:"id"` // of the error catalogue ("E01"); empty: of none
	Cause    string    `json:"cause"`
	Meaning  string    `json:"meaning"`
	Advice   string    `json:"advice"` // what people can do
	Next     string    `json:"next"`   // what the host does by itself
	Decisive []string  `json:"decisive"`
	Last     []string  `json:"last"`   // lines, at most 200
	Exited   bool      `json:"exited"` // there was a process and its end is known: code, signal, killed
	Code     int       `json:"code"`   // -1 if a signal ended it
	Signal   string    `json:"signal"` // "killed"
	Killed   bool      `json:"killed"` // by its host, because it was asked to or the game did not end in time
	At       time.Time `json:"at"`
	RanMS    int64     `json:"ran_ms"` // 0 if that is not known
	Start    uint64    `json:"start"`  // number of the start; 0: it did not come that far
	Save     string    `json:"save"`
	Failures uint32    `json:"failures"` // within the time that counts, this one included
}

// Restart policies.
const (
	RestartAlways    = "always"
	RestartOnFailure = "on-failure"
	RestartNever     = "never"
)

// Supervision says how a game is kept running.
type Supervision struct {
	Order         uint32   `json:"order"`           // of the starts on its host: the lower first
	StopSeconds   uint32   `json:"stop_seconds"`    // that it has for saving and ending before it is killed
	Restart       string   `json:"restart"`         // when its game has ended by itself: "always", "on-failure", "never"
	GiveUpAfter   uint32   `json:"give_up_after"`   // so many failures within GiveUpSeconds end the attempts
	GiveUpSeconds uint32   `json:"give_up_seconds"` //
	MemoryBytes   uint64   `json:"memory_bytes"`    // that the game may use; 0: no limit
	Niceness      int32    `json:"niceness"`        // from -20, first served, to 19
	CPUs          []uint32 `json:"cpus"`            // numbers of the processors that it may use; none: all
}

// ChangeSupervision changes what is not nil. It takes effect at once where it can, else at the game's next start.
type ChangeSupervision struct {
	Instance string `json:"instance"` // name or id

	Order         *uint32   `json:"order,omitempty"`
	StopSeconds   *uint32   `json:"stop_seconds,omitempty"` // 0: 300
	Restart       *string   `json:"restart,omitempty"`
	GiveUpAfter   *uint32   `json:"give_up_after,omitempty"`   // 0: 10
	GiveUpSeconds *uint32   `json:"give_up_seconds,omitempty"` // 0: 600
	MemoryBytes   *uint64   `json:"memory_bytes,omitempty"`
	Niceness      *int32    `json:"niceness,omitempty"`
	CPUs          *[]uint32 `json:"cpus,omitempty"`
}

func (r *ChangeSupervision) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r ChangeSupervision) target() string {
	text, _ := json.Marshal(r) // numbers and strings can always be encoded
	return strings.Trim(string(text), "{}")
}

// ChangeHost changes what is not nil.
type ChangeHost struct {
	Host         string  `json:"host"`                     // name or id
	StartsAtOnce *uint32 `json:"starts_at_once,omitempty"` // games that may be starting at a time; 0: the host's choice
	// PlayerAddress is where players reach its games: a name or an address without a port; empty: where the controller reaches it.
	PlayerAddress *string `json:"player_address,omitempty"`
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// IsPlayerAddress tells whether a text is a name or an address of a machine, or empty.
func IsPlayerAddress(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return !strings.Contains(text, "%")
	}
	return text == "" || hostName.MatchString(text)
}

func (r *ChangeHost) scope() []place { return []place{ofHost(&r.Host)} }

func (r ChangeHost) target() string { return r.Host }
