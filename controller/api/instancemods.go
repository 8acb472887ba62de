package api

import "context"

// InstalledMods is what is asked of the mods in the folders of instances. What an instance shall have is its pack's matter (Packs); here is
// how that gets there. Without a pack an instance's folder is only looked at.
type InstalledMods interface {
	InstanceMods(ctx context.Context, c Caller, r InstanceRef) (InstanceMods, error)
	// UndoMods has the next start go back to the set of mods before, RedoMods takes that back.
	UndoMods(ctx context.Context, c Caller, r InstanceRef) (InstanceMods, error)
	RedoMods(ctx context.Context, c Caller, r InstanceRef) (InstanceMods, error)
	// FetchMods brings the mods of an instance's pack to its host, which also happens by itself unless somebody has canceled it.
	FetchMods(ctx context.Context, c Caller, r InstanceRef) (Task, error)
	ModPolicy(ctx context.Context, c Caller, r InstanceRef) (ModPolicy, error)
	ChangeModPolicy(ctx context.Context, c Caller, r ChangeModPolicy) (ModPolicy, error)
	CompareMods(ctx context.Context, c Caller, r CompareMods) (ModComparison, error)
}

var installedModMethods = map[string]method{
	"InstanceMods":    reads(ModRead, with(Service.InstanceMods)),
	"UndoMods":        changes(InstanceConfigure, with(Service.UndoMods)),
	"RedoMods":        changes(InstanceConfigure, with(Service.RedoMods)),
	"FetchMods":       changes(InstanceConfigure, with(Service.FetchMods)),
	"ModPolicy":       reads(ModRead, with(Service.ModPolicy)),
	"ChangeModPolicy": changes(InstanceConfigure, with(Service.ChangeModPolicy)),
	"CompareMods":     reads(ModRead, with(Service.CompareMods)),
}

func (s stub) InstanceMods(ctx context.Context, c Caller, r InstanceRef) (InstanceMods, error) {
	return ask[InstanceMods](ctx, s, c, "InstanceMods", &r)
}

func (s stub) UndoMods(ctx context.Context, c Caller, r InstanceRef) (InstanceMods, error) {
	return ask[InstanceMods](ctx, s, c, "UndoMods", &r)
}

func (s stub) RedoMods(ctx context.Context, c Caller, r InstanceRef) (InstanceMods, error) {
	return ask[InstanceMods](ctx, s, c, "RedoMods", &r)
}

func (s stub) FetchMods(ctx context.Context, c Caller, r InstanceRef) (Task, error) {
	return ask[Task](ctx, s, c, "FetchMods", &r)
}

func (s stub) ModPolicy(ctx context.Context, c Caller, r InstanceRef) (ModPolicy, error) {
	return ask[ModPolicy](ctx, s, c, "ModPolicy", &r)
}

func (s stub) ChangeModPolicy(ctx context.Context, c Caller, r ChangeModPolicy) (ModPolicy, error) {
	return ask[ModPolicy](ctx, s, c, "ChangeModPolicy", &r)
}

func (s stub) CompareMods(ctx context.Context, c Caller, r CompareMods) (ModComparison, error) {
	return ask[ModComparison](ctx, s, c, "CompareMods", &r)
}

// ModState is how far the mods of an instance are, as its host told last. A set is one revision of a pack.
type ModState struct {
	Applied string `json:"applied"` // label of the set in the folder, "Base, revision 7"; empty: what is there is of no pack
	Wanted  string `json:"wanted"`  // label; empty: the instance has no pack
	Pending bool   `json:"pending"` // the next start puts the wanted set there
	Undone  bool   `json:"undone"`  // somebody went back to the set before: the wanted one waits until that is taken back or the pack changes
	Former  string `json:"former"`  // label of what an undo goes back to; empty: nothing

	Missing      int    `json:"missing"` // files of the wanted set that are not on the host yet
	MissingBytes int64  `json:"missing_bytes"`
	Problem      string `json:"problem"` // what keeps the next start from the set, or is to be said of the last: sentences
}

// InstanceMods is what lies in an instance's mods folder.
type InstanceMods struct {
	Mods            []InstalledMod `json:"mods"`             // the game's own first, then by name
	Problems        []string       `json:"problems"`         // a sentence each, with what to do
	GameVersion     string         `json:"game_version"`     // that runs, or would run at the next start
	SettingsVersion string         `json:"settings_version"` // of the game that wrote mod-settings.dat; empty: there is none
	Aside           []string       `json:"aside"`            // folders beside it, with what was put aside and kept
	State           ModState       `json:"state"`
}

// An InstalledMod is a file or folder in a mods folder, or a mod that comes with the game, or one that is missing.
type InstalledMod struct {
	Name      string  `json:"name"`
	Version   string  `json:"version"`
	Title     string  `json:"title"`
	Enabled   bool    `json:"enabled"`
	File      string  `json:"file"` // empty: there is none
	SizeBytes int64   `json:"size_bytes"`
	Game      string  `json:"game"`     // that it is for, "2.0"
	BuiltIn   bool    `json:"built_in"` // it comes with the game
	OfPack    bool    `json:"of_pack"`  // it belongs to the set that was put there
	Used      bool    `json:"used"`     // the game loads this file
	CRC       *uint32 `json:"crc"`      // that players must have too, as the newest run of the game has told it; null: not known
	Problem   string  `json:"problem"`  // a sentence
}

// ModPolicy says how the mods of a pack are put into an instance's folder.
type ModPolicy struct {
	OrFormer    bool `json:"or_former"`    // a start for which files are missing goes on with the set that is there; else it is refused
	KeepUnknown bool `json:"keep_unknown"` // mods that are not of the pack stay in the folder; else a start puts them aside
}

// ChangeModPolicy changes what is not nil.
type ChangeModPolicy struct {
	Instance    string `json:"instance"` // name or id
	OrFormer    *bool  `json:"or_former,omitempty"`
	KeepUnknown *bool  `json:"keep_unknown,omitempty"`
}

func (r ChangeModPolicy) target() string  { return r.Instance }
func (r *ChangeModPolicy) scope() []place { return []place{ofInstance(&r.Instance)} }

// CompareMods compares the mods of a server with those of a save and of a player.
type CompareMods struct {
	Instance string `json:"instance"`         // name or id
	Save     string `json:"save,omitempty"`   // of the instance; empty: the one that a start would load
	Client   string `json:"client,omitempty"` // absolute, on the caller's machine (files.go): a mod-list.json, a folder of mods, or a save; empty: no player

	ClientList string `json:"client_list,omitempty"` // instead of Client: the text of a mod-list.json
}

func (r CompareMods) target() string  { return r.Instance }
func (r *CompareMods) scope() []place { return []place{ofInstance(&r.Instance)} }
func (r *CompareMods) files() files   { return files{read: []*string{&r.Client}} }

// ModComparison is a table of mods and three places: server, save and player.
type ModComparison struct {
	Save   string        `json:"save"`   // its name; empty: there is none
	Client string        `json:"client"` // kind of what was read: mod-list, folder, save; empty: none
	Mods   []ComparedMod `json:"mods"`   // what differs first, then by name
	Same   bool          `json:"same"`   // nothing has to be done
	Advice []string      `json:"advice"` // on the whole: a sentence each
}

// How a mod is in the places that are compared.
const (
	ModSame    = "same"
	ModDiffers = "differs" // in version, content, or in being enabled
	ModMissing = "missing" // somewhere
)

// A ComparedMod is one mod in each place; null: it is not there.
type ComparedMod struct {
	Name   string   `json:"name"`
	Server *ModSide `json:"server"`
	Save   *ModSide `json:"save"`
	Client *ModSide `json:"client"`
	State  string   `json:"state"`  // same differs missing
	Advice string   `json:"advice"` // what to do: a sentence; empty: nothing
}

// ModSide is a mod in one place.
type ModSide struct {
	Version string  `json:"version"` // empty: not known, as in a mod list that names none
	Enabled bool    `json:"enabled"`
	CRC     *uint32 `json:"crc"` // of its content, as the game counts it; null: not known
}
