package api

import (
	"context"
	"fmt"
	"strings"
)

// PackPlans is what is asked of changes of mod packs before they are made: which releases of which mods go together.
type PackPlans interface {
	// PlanPack says what a change of a pack would do. It touches nothing, but may ask the mod portal for what is not known of mods.
	PlanPack(ctx context.Context, c Caller, r PlanPack) (PackPlan, error)
	// ApplyPackPlan does what a plan says: what has to be downloaded first, then the pack is changed. It is refused if the plan for the same
	// request is another one by then. The task's result is the pack's name.
	ApplyPackPlan(ctx context.Context, c Caller, r ApplyPackPlan) (Task, error)
}

var packPlanMethods = map[string]method{
	"PlanPack":      reads(ModRead, with(Service.PlanPack)),
	"ApplyPackPlan": changes(PackManage, with(Service.ApplyPackPlan)),
}

func (s stub) PlanPack(ctx context.Context, c Caller, r PlanPack) (PackPlan, error) {
	return ask[PackPlan](ctx, s, c, "PlanPack", &r)
}

func (s stub) ApplyPackPlan(ctx context.Context, c Caller, r ApplyPackPlan) (Task, error) {
	return ask[Task](ctx, s, c, "ApplyPackPlan", &r)
}

// PlanPack asks for the plan of a change. Without any the plan says what is wrong with the pack as it is, and what would mend it.
type PlanPack struct {
	Pack string `json:"pack"` // name or id; empty: an empty pack for Game, which can't be applied

	Add       []WantMod     `json:"add,omitempty"`        // mods that are not in the pack, or shall have another version
	Remove    []string      `json:"remove,omitempty"`     // names
	Enable    []string      `json:"enable,omitempty"`     // names of mods in the pack; parts of the game too
	Disable   []string      `json:"disable,omitempty"`    // the same
	Update    []string      `json:"update,omitempty"`     // names of mods that shall be as new as can be
	UpdateAll bool          `json:"update_all,omitempty"` // all that are not pinned
	Pin       []string      `json:"pin,omitempty"`        // names of mods that keep the version that the plan gives them
	Unpin     []string      `json:"unpin,omitempty"`
	Ignore    []IgnoredNeed `json:"ignore,omitempty"` // that count no more in this pack
	Heed      []IgnoredNeed `json:"heed,omitempty"`   // that count again
	Game      string        `json:"game,omitempty"`   // "2.0" or "2.0.60"; empty: the pack's
}

func (r PlanPack) target() string { return r.Pack }

// WantMod asks for a mod.
type WantMod struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // "1.2.3" for that one, ">= 1.2" and the like for a range; empty: the newest that goes
}

// ApplyPackPlan carries out the plan of a request.
type ApplyPackPlan struct {
	PlanPack
	Hash string `json:"hash"` // of the plan that was looked at
}

// PackPlan is what a change of a pack would do.
type PackPlan struct {
	Pack     string `json:"pack"` // name
	ID       string `json:"id"`   // empty for a pack that there is not
	Revision int64  `json:"revision"`
	Game     string `json:"game"`
	GameWas  string `json:"game_was"`
	Hash     string `json:"hash"` // of all that is to be done; empty if it is not possible

	Possible  bool           `json:"possible"`
	Conflicts []PlanConflict `json:"conflicts"` // if it is not: demands that can't be met together, each of which is needed for that

	Steps         []PlanStep    `json:"steps"` // by name; none: nothing changes
	Mods          []PlannedMod  `json:"mods"`  // that are enabled then, in the order in which the game loads them
	HeldBack      []HeldBack    `json:"held_back"`
	Warnings      []PlanWarning `json:"warnings"`
	Restarts      []PlanRestart `json:"restarts"` // instances that use the pack
	Downloads     int           `json:"downloads"`
	DownloadBytes int64         `json:"download_bytes"` // as far as sizes are known
	SizesUnknown  int           `json:"sizes_unknown"`  // of downloads; the portal tells none
}

// What a step does with a mod.
const (
	PlanInstall   = "install"
	PlanUpdate    = "update"
	PlanDowngrade = "downgrade"
	PlanRemove    = "remove"
	PlanEnable    = "enable"
	PlanDisable   = "disable"
	PlanPin       = "pin"
	PlanUnpin     = "unpin"
	PlanDownload  = "download" // it is in the pack, but its file is not kept here
)

// Where a mod's file comes from.
const (
	FromStore  = "store"  // the controller keeps it
	FromPortal = "portal" // it has to be downloaded
	FromGame   = "game"   // it comes with the game
	FromNobody = "none"   // nobody is known who has it
)

// A PlanStep is one change.
type PlanStep struct {
	Name      string `json:"name"`
	Title     string `json:"title"`    // the mod's own; empty: not known
	BuiltIn   bool   `json:"built_in"` // it comes with the game
	Action    string `json:"action"`
	From      string `json:"from"` // version; empty: it was not in the pack
	To        string `json:"to"`   // empty: it is removed
	Source    string `json:"source"`
	SizeBytes int64  `json:"size_bytes"` // of the zip; 0: not known
	Why       string `json:"why"`        // a sentence
}

// A PlannedMod is a mod that is enabled when the plan has been carried out.
type PlannedMod struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	BuiltIn bool   `json:"built_in"`
	Why     string `json:"why"` // it is there: a sentence
}

// A PlanConflict is one of several demands that can't be met together.
type PlanConflict struct {
	Kind  string `json:"kind"`  // want off need refuse range
	Mod   string `json:"mod"`   // whose demand it is, or which is wanted
	Other string `json:"other"` // the mod that it is about; empty for want and off
	Text  string `json:"text"`  // a sentence
}

// HeldBack says why a mod does not get its newest release for this game.
type HeldBack struct {
	Name    string   `json:"name"`
	Version string   `json:"version"` // that it gets
	Newest  string   `json:"newest"`
	Why     []string `json:"why"` // demands that keep it from that: sentences
}

// A PlanWarning is what somebody should know before.
type PlanWarning struct {
	Mod  string `json:"mod"` // empty: the pack
	Text string `json:"text"`
}

// A PlanRestart is an instance that uses the pack.
type PlanRestart struct {
	Instance string `json:"instance"` // id
	Name     string `json:"name"`
	Running  bool   `json:"running"` // the change comes only with its next start
}

// Changes reports whether carrying the plan out changes anything.
func (p PackPlan) Changes() bool { return p.Possible && (len(p.Steps) > 0 || p.Game != p.GameWas) }

// Words is the plan in one line.
func (p PackPlan) Words() string {
	if !p.Possible {
		return "impossible"
	}
	counts := map[string]int{}
	for _, s := range p.Steps {
		counts[s.Action]++
	}
	var parts []string
	for _, action := range []string{PlanInstall, PlanUpdate, PlanDowngrade, PlanRemove, PlanEnable, PlanDisable, PlanPin, PlanUnpin, PlanDownload} {
		if n := counts[action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, action))
		}
	}
	switch {
	case parts == nil && p.Changes():
		return "all of its mods can stay as they are"
	case parts == nil:
		return "nothing to change"
	}
	return strings.Join(parts, ", ")
}
