package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Packs is what is asked of mod packs. An instance has none, and then what lies in its folder is left alone, or one. Each change of a
// pack is a revision; the last 20 are kept, so that a change can be undone.
type Packs interface {
	Packs(ctx context.Context, c Caller) ([]PackRow, error) // by name
	Pack(ctx context.Context, c Caller, r PackRef) (Pack, error)
	CreatePack(ctx context.Context, c Caller, r CreatePack) (Pack, error)
	EditPack(ctx context.Context, c Caller, r EditPack) (Pack, error)
	// DeletePack refuses if instances use the pack, and says which.
	DeletePack(ctx context.Context, c Caller, r PackRef) (PackRow, error)
	// UndoPack makes the pack what it was in an older revision, as a revision of its own.
	UndoPack(ctx context.Context, c Caller, r UndoPack) (Pack, error)
	// LookAtPack tells what ImportPack would make; it changes nothing.
	LookAtPack(ctx context.Context, c Caller, r ImportPack) (PackDraft, error)
	ImportPack(ctx context.Context, c Caller, r ImportPack) (PackDraft, error)
	ExportPack(ctx context.Context, c Caller, r PackRef) (PackText, error)
	// PackSettings is the form of the settings that the mods of a pack have.
	PackSettings(ctx context.Context, c Caller, r AskPackSettings) (PackSettings, error)
	// PlanAssign says what AssignPack would change for the world of an instance, and what that would lose. It touches nothing.
	PlanAssign(ctx context.Context, c Caller, r AssignPack) (AssignPlan, error)
	// AssignPack gives an instance a pack, or takes it away. The mods come with its next start.
	AssignPack(ctx context.Context, c Caller, r AssignPack) (Instance, error)
	// PackForPlayers says how players come by the mods of a pack.
	PackForPlayers(ctx context.Context, c Caller, r PackRef) (PackForPlayers, error)
	// HandOutPack writes the mods of a pack for players to a zip file. The task's result is its path.
	HandOutPack(ctx context.Context, c Caller, r HandOutPack) (Task, error)
}

var packMethods = map[string]method{
	"Packs":          reads(ModRead, plain(Service.Packs)),
	"Pack":           reads(ModRead, with(Service.Pack)),
	"CreatePack":     changes(PackManage, with(Service.CreatePack)),
	"EditPack":       changes(PackManage, with(Service.EditPack)),
	"DeletePack":     changes(PackManage, with(Service.DeletePack)),
	"UndoPack":       changes(PackManage, with(Service.UndoPack)),
	"LookAtPack":     reads(PackManage, with(Service.LookAtPack)),
	"ImportPack":     changes(PackManage, with(Service.ImportPack)),
	"ExportPack":     reads(ModRead, with(Service.ExportPack)),
	"PackSettings":   reads(ModRead, with(Service.PackSettings)),
	"PlanAssign":     reads(ModRead, with(Service.PlanAssign)),
	"AssignPack":     changes(InstanceConfigure, with(Service.AssignPack)),
	"PackForPlayers": reads(ModRead, with(Service.PackForPlayers)),
	"HandOutPack":    changes(PackManage, with(Service.HandOutPack)),
}

func (s stub) Packs(ctx context.Context, c Caller) ([]PackRow, error) {
	return ask[[]PackRow](ctx, s, c, "Packs", nil)
}

func (s stub) Pack(ctx context.Context, c Caller, r PackRef) (Pack, error) {
	return ask[Pack](ctx, s, c, "Pack", &r)
}

func (s stub) CreatePack(ctx context.Context, c Caller, r CreatePack) (Pack, error) {
	return ask[Pack](ctx, s, c, "CreatePack", &r)
}

func (s stub) EditPack(ctx context.Context, c Caller, r EditPack) (Pack, error) {
	return ask[Pack](ctx, s, c, "EditPack", &r)
}

func (s stub) DeletePack(ctx context.Context, c Caller, r PackRef) (PackRow, error) {
	return ask[PackRow](ctx, s, c, "DeletePack", &r)
}

func (s stub) UndoPack(ctx context.Context, c Caller, r UndoPack) (Pack, error) {
	return ask[Pack](ctx, s, c, "UndoPack", &r)
}

func (s stub) LookAtPack(ctx context.Context, c Caller, r ImportPack) (PackDraft, error) {
	return ask[PackDraft](ctx, s, c, "LookAtPack", &r)
}

func (s stub) ImportPack(ctx context.Context, c Caller, r ImportPack) (PackDraft, error) {
	return ask[PackDraft](ctx, s, c, "ImportPack", &r)
}

func (s stub) ExportPack(ctx context.Context, c Caller, r PackRef) (PackText, error) {
	return ask[PackText](ctx, s, c, "ExportPack", &r)
}

func (s stub) PackSettings(ctx context.Context, c Caller, r AskPackSettings) (PackSettings, error) {
	return ask[PackSettings](ctx, s, c, "PackSettings", &r)
}

func (s stub) PlanAssign(ctx context.Context, c Caller, r AssignPack) (AssignPlan, error) {
	return ask[AssignPlan](ctx, s, c, "PlanAssign", &r)
}

func (s stub) AssignPack(ctx context.Context, c Caller, r AssignPack) (Instance, error) {
	return ask[Instance](ctx, s, c, "AssignPack", &r)
}

func (s stub) PackForPlayers(ctx context.Context, c Caller, r PackRef) (PackForPlayers, error) {
	return ask[PackForPlayers](ctx, s, c, "PackForPlayers", &r)
}

func (s stub) HandOutPack(ctx context.Context, c Caller, r HandOutPack) (Task, error) {
	return ask[Task](ctx, s, c, "HandOutPack", &r)
}

// What a pack has of the parts of the game that are sold apart.
const (
	ContentBase     = "base"      // none: everybody can join
	ContentSpaceAge = "space-age" // all that the version of the game has
	ContentOwn      = "own"       // some
)

// A PackRow is a mod pack in short.
type PackRow struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"` // unique, whatever its case
	Description string    `json:"description"`
	Game        string    `json:"game"`      // version, "2.0" or "2.0.60"
	Content     string    `json:"content"`   // base space-age own
	WhoJoins    string    `json:"who_joins"` // a sentence for people
	Mods        int       `json:"mods"`      // that are enabled, without the game's own
	Disabled    int       `json:"disabled"`  // the same of those that are not
	Missing     int       `json:"missing"`   // that are not in the controller's store
	Instances   []string  `json:"instances"` // names of those that use it
	Revision    int64     `json:"revision"`  // grows with each change
	ChangedAt   time.Time `json:"changed_at"`
	ChangedBy   string    `json:"changed_by"`
}

// Pack is everything about a mod pack.
type Pack struct {
	PackRow
	List      []PackMod       `json:"list"`     // the game's own first, then by name
	Settings  json.RawMessage `json:"settings"` // scope → setting → {"value": value}; numbers with a fraction or exponent are no whole ones
	Ignored   []IgnoredNeed   `json:"ignored"`
	Problems  []string        `json:"problems"`  // what is wrong with it: a sentence each
	Revisions []PackRevision  `json:"revisions"` // that are kept, the newest first
}

// A PackMod is a mod of a pack.
type PackMod struct {
	Name      string `json:"name"`
	Title     string `json:"title"`   // the mod's own; empty if it is not stored
	Version   string `json:"version"` // the exact one; of the game's own that of the game
	Enabled   bool   `json:"enabled"`
	BuiltIn   bool   `json:"built_in"` // it comes with the game
	Pinned    bool   `json:"pinned"`   // updates leave it at its version
	SHA1      string `json:"sha1"`     // of its zip; empty: not known
	Stored    bool   `json:"stored"`   // the controller keeps its file
	SizeBytes int64  `json:"size_bytes"`
	Problem   string `json:"problem,omitempty"` // a sentence
}

// IgnoredNeed is a dependency that does not count in a pack, or an incompatibility.
type IgnoredNeed struct {
	Mod   string `json:"mod"`   // whose it is
	Needs string `json:"needs"` // the other mod
}

// A PackRevision says when and how a pack came to be as it was.
type PackRevision struct {
	Revision  int64     `json:"revision"`
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
	Change    string    `json:"change"`
}

// PackRef names a pack.
type PackRef struct {
	Pack string `json:"pack"` // name or id
}

func (r PackRef) target() string { return r.Pack }

// CreatePack makes a pack: an empty one, or a copy.
type CreatePack struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Game        string `json:"game"`           // "2.0" or "2.0.60"; of a copy empty: the same
	Content     string `json:"content"`        // base or space-age; empty: base, of a copy the same
	From        string `json:"from,omitempty"` // name or id of the pack to copy
}

func (r CreatePack) target() string { return r.Name }

// EditPack changes what is said, and leaves the rest as it is. All of it happens or nothing.
type EditPack struct {
	Pack     string `json:"pack"`               // name or id
	Revision int64  `json:"revision,omitempty"` // that was looked at: another one is not changed; 0: any

	Name        *string           `json:"name,omitempty"`
	Description *string           `json:"description,omitempty"`
	Game        *string           `json:"game,omitempty"`    // the game's own mods follow
	Content     string            `json:"content,omitempty"` // base or space-age: switches the game's own mods
	Mods        []ChangePackMod   `json:"mods,omitempty"`
	Ignored     *[]IgnoredNeed    `json:"ignored,omitempty"`      // all of them
	AllSettings json.RawMessage   `json:"all_settings,omitempty"` // as Pack.Settings, instead of those that are there
	Settings    []ChangePackValue `json:"settings,omitempty"`
}

func (r EditPack) target() string { return r.Pack }

// ChangePackMod adds, changes or removes a mod.
type ChangePackMod struct {
	Name    string  `json:"name"`
	Remove  bool    `json:"remove,omitempty"`
	Version *string `json:"version,omitempty"` // a mod that is not in the pack needs one
	SHA1    *string `json:"sha1,omitempty"`    // missing with a version: that of the stored file
	Enabled *bool   `json:"enabled,omitempty"` // missing for a mod that is not in the pack: yes
	Pinned  *bool   `json:"pinned,omitempty"`
}

// ChangePackValue gives one setting a value. Values are checked against what the mod says, as far as that can be read.
type ChangePackValue struct {
	Scope string          `json:"scope"` // startup, runtime-global, runtime-per-user; empty: the one in which the setting is
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"` // true, 5, 0.5, "text", {"r":1,"g":0,"b":0,"a":1}; null: the default
}

// UndoPack goes back to a revision.
type UndoPack struct {
	Pack     string `json:"pack"`     // name or id
	Revision int64  `json:"revision"` // 0: the one before the last
}

func (r UndoPack) target() string { return r.Pack }

// ImportPack makes a pack of what is somewhere else: of one of Text, Path and Instance.
type ImportPack struct {
	Text     string `json:"text,omitempty"`     // a mod pack string, Clusterio's too
	Path     string `json:"path,omitempty"`     // absolute, on the caller's machine (files.go): a save, a mod-list.json, a folder of mods, or a file with a string
	Instance string `json:"instance,omitempty"` // name or id: the mods that lie in its folder

	Name string `json:"name,omitempty"` // of the pack; empty: what the source says
	Game string `json:"game,omitempty"` // the same; a mod list says none
	Into string `json:"into,omitempty"` // name or id of a pack that becomes this; empty: a pack is made
}

func (r ImportPack) target() string {
	switch {
	case r.Instance != "":
		return r.Name + " from " + r.Instance
	case r.Path != "":
		return r.Name + " from " + r.Path
	}
	return r.Name + " from a text"
}

func (r *ImportPack) files() files { return files{read: []*string{&r.Path}} }

// Kinds of sources of a pack.
const (
	PackFromString   = "string"
	PackFromSave     = "save"
	PackFromModList  = "mod-list"
	PackFromFolder   = "folder"
	PackFromInstance = "instance"
)

// PackDraft is what was made of a source, or would be.
type PackDraft struct {
	Source  string       `json:"source"`  // its kind
	Pack    Pack         `json:"pack"`    // without an id if it was only looked at
	Missing []MissingMod `json:"missing"` // that the controller does not keep
	Remarks []string     `json:"remarks"` // what the source did not say, and what was made of it: a sentence each
}

// A MissingMod is a mod of a pack whose file the controller does not keep; DownloadMods can fetch most.
type MissingMod struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA1    string `json:"sha1"` // empty: not known
}

// PackText is a pack as a text to share.
type PackText struct {
	Name string `json:"name"`
	Text string `json:"text"` // a mod pack string, which Clusterio understands too
}

// AskPackSettings asks for the form of a pack's settings.
type AskPackSettings struct {
	Pack     string `json:"pack"`               // name or id
	Language string `json:"language,omitempty"` // of names and descriptions, "de"; empty: "en", as for what is not translated
}

// PackSettings is a form. What could not be read of the mods is told by Problems; their settings are in the list all the same if the
// pack has values for them.
type PackSettings struct {
	Pack      string        `json:"pack"` // name
	Revision  int64         `json:"revision"`
	Settings  []PackSetting `json:"settings"`  // by scope, as the game orders them
	Problems  []string      `json:"problems"`  // a sentence each
	Languages []string      `json:"languages"` // that the mods have texts in
}

// Kinds of settings.
const (
	SettingBool   = "bool"
	SettingInt    = "int"
	SettingDouble = "double"
	SettingString = "string"
	SettingColor  = "color"
)

// A PackSetting is one setting. All texts are the mod's.
type PackSetting struct {
	Scope       string          `json:"scope"` // startup runtime-global runtime-per-user
	Name        string          `json:"name"`
	Mod         string          `json:"mod"`   // that defines it; empty: none does, as far as that can be read
	Kind        string          `json:"kind"`  // bool int double string color; of one that no mod defines as its value is
	Known       bool            `json:"known"` // a mod defines it
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Default     json.RawMessage `json:"default,omitempty"`
	Value       json.RawMessage `json:"value,omitempty"` // missing: the default
	Min         json.RawMessage `json:"min,omitempty"`
	Max         json.RawMessage `json:"max,omitempty"`
	Allowed     []SettingChoice `json:"allowed,omitempty"`     // nothing else may be
	AllowBlank  bool            `json:"allow_blank,omitempty"` // of a string
	Hidden      bool            `json:"hidden,omitempty"`      // the game does not show it
	Forced      bool            `json:"forced,omitempty"`      // the mod decides on it, whatever is set
	Order       string          `json:"order,omitempty"`
	Problem     string          `json:"problem,omitempty"` // why its value is not right: a sentence
}

// A SettingChoice is a value that a setting may have.
type SettingChoice struct {
	Value json.RawMessage `json:"value"`
	Title string          `json:"title"`
}

// AssignPack gives an instance a pack.
type AssignPack struct {
	Instance string `json:"instance"` // name or id
	Pack     string `json:"pack"`     // name or id; empty: none, and its mods are left as they are
	// Hash of the plan that was looked at: what has another one by then is refused. Empty: whatever it changes.
	Hash string `json:"hash,omitempty"`
}

// AssignPlan is what a pack would change for an instance.
type AssignPlan struct {
	Instance string `json:"instance"` // id
	Name     string `json:"name"`
	Running  bool   `json:"running"`  // the mods come only with its next start
	Pack     string `json:"pack"`     // name; empty: no other pack, and what lies in its folder stays
	PackWas  string `json:"pack_was"` // name of the one that it has
	Save     string `json:"save"`     // that would be loaded, and was compared; empty: none, or its host could not be asked

	Mods     []ComparedMod `json:"mods"`     // that differ: as the server will have them, and as the save was played
	Losses   []string      `json:"losses"`   // what the world loses or may not survive: sentences
	Warnings []string      `json:"warnings"` // what else somebody should know before: sentences
	Hash     string        `json:"hash"`     // of all that
}

// Harmless reports whether nobody has to be asked before a plan is carried out.
func (p AssignPlan) Harmless() bool { return len(p.Losses)+len(p.Warnings) == 0 }

// Counts returns how many mods the world gets and misses, and how many it has in another version.
func (p AssignPlan) Counts() (come, leave, change int) {
	on := func(s *ModSide) bool { return s != nil && s.Enabled }
	for _, m := range p.Mods {
		switch {
		case !on(m.Save):
			come++
		case !on(m.Server):
			leave++
		default:
			change++
		}
	}
	return come, leave, change
}

// Words is the plan in one line.
func (p AssignPlan) Words() string {
	if p.Pack == "" {
		return "its mods stay as they are"
	}
	come, leave, change := p.Counts()
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{come, "come"}, {leave, "go"}, {change, "get another version"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	switch {
	case parts == nil && p.Save == "":
		return "there is no world to compare with"
	case parts == nil:
		return "the same mods as its world has"
	}
	return "mods: " + strings.Join(parts, ", ")
}

func (r AssignPack) target() string { return r.Instance + ": " + r.Pack }

func (r *AssignPack) scope() []place { return []place{ofInstance(&r.Instance)} }

// PackForPlayers says how players come by the mods.
type PackForPlayers struct {
	Name      string    `json:"name"`
	WhoJoins  string    `json:"who_joins"`
	Text      string    `json:"text"`       // what a player does: paragraphs
	Links     []ModLink `json:"links"`      // to the mod portal; of mods that are enabled
	SizeBytes int64     `json:"size_bytes"` // of the mods that are stored
	Missing   []string  `json:"missing"`    // names of mods whose files the controller does not have: they can't be handed out
}

// A ModLink is a mod's page.
type ModLink struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"url"`
}

// HandOutPack writes mods, mod list, settings and a word to players into a zip file on the controller's machine.
type HandOutPack struct {
	Pack    string `json:"pack"` // name or id
	Path    string `json:"path"` // absolute
	Replace bool   `json:"replace"`
}

func (r HandOutPack) target() string { return r.Pack + " to " + r.Path }

func (r *HandOutPack) files() files { return files{write: &r.Path, replace: r.Replace} }
