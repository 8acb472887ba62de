package api

import (
	"context"
	"strings"
	"time"
)

// Mods is what is asked of the mods that the controller keeps, and of the mod portal.
type Mods interface {
	// Mods lists the mods that the controller keeps, by name, the newest version first.
	Mods(ctx context.Context, c Caller, r ListMods) (ModList, error)
	// SearchPortal searches the list of the portal's mods that the controller keeps; it works without internet.
	SearchPortal(ctx context.Context, c Caller, r SearchPortal) (PortalPage, error)
	ModDetails(ctx context.Context, c Caller, r AskMod) (ModDetails, error)
	// PlanUpload tells what UploadMods would do.
	PlanUpload(ctx context.Context, c Caller, r UploadMods) ([]UploadStep, error)
	UploadMods(ctx context.Context, c Caller, r UploadMods) (Task, error)
	// DownloadMods fails with LoginNeeded as long as there is no account.
	DownloadMods(ctx context.Context, c Caller, r DownloadMods) (Task, error)
	// DeleteMod puts a mod into the bin, where it is kept for a week; RestoreMod takes it out.
	DeleteMod(ctx context.Context, c Caller, r ModRef) (StoredMod, error)
	RestoreMod(ctx context.Context, c Caller, r ModRef) (StoredMod, error)

	PortalAccount(ctx context.Context, c Caller) (PortalAccount, error)
	// SetPortalAccount keeps an account, or logs in for its token. It fails with EmailCodeNeeded if factorio.com has sent a code by e-mail.
	SetPortalAccount(ctx context.Context, c Caller, r SetPortalAccount) (PortalAccount, error)
	ForgetPortalAccount(ctx context.Context, c Caller) (PortalAccount, error)
}

var modMethods = map[string]method{
	"Mods":                reads(ModRead, with(Service.Mods)),
	"SearchPortal":        reads(ModRead, with(Service.SearchPortal)),
	"ModDetails":          reads(ModRead, with(Service.ModDetails)),
	"PlanUpload":          reads(ModManage, with(Service.PlanUpload)),
	"UploadMods":          changes(ModManage, with(Service.UploadMods)),
	"DownloadMods":        changes(ModManage, with(Service.DownloadMods)),
	"DeleteMod":           changes(ModManage, with(Service.DeleteMod)),
	"RestoreMod":          changes(ModManage, with(Service.RestoreMod)),
	"PortalAccount":       reads(ModManage, plain(Service.PortalAccount)),
	"SetPortalAccount":    changes(ModManage, with(Service.SetPortalAccount)),
	"ForgetPortalAccount": changes(ModManage, plain(Service.ForgetPortalAccount)),
}

func (s stub) Mods(ctx context.Context, c Caller, r ListMods) (ModList, error) {
	return ask[ModList](ctx, s, c, "Mods", &r)
}

func (s stub) SearchPortal(ctx context.Context, c Caller, r SearchPortal) (PortalPage, error) {
	return ask[PortalPage](ctx, s, c, "SearchPortal", &r)
}

func (s stub) ModDetails(ctx context.Context, c Caller, r AskMod) (ModDetails, error) {
	return ask[ModDetails](ctx, s, c, "ModDetails", &r)
}

func (s stub) PlanUpload(ctx context.Context, c Caller, r UploadMods) ([]UploadStep, error) {
	return ask[[]UploadStep](ctx, s, c, "PlanUpload", &r)
}

func (s stub) UploadMods(ctx context.Context, c Caller, r UploadMods) (Task, error) {
	return ask[Task](ctx, s, c, "UploadMods", &r)
}

func (s stub) DownloadMods(ctx context.Context, c Caller, r DownloadMods) (Task, error) {
	return ask[Task](ctx, s, c, "DownloadMods", &r)
}

func (s stub) DeleteMod(ctx context.Context, c Caller, r ModRef) (StoredMod, error) {
	return ask[StoredMod](ctx, s, c, "DeleteMod", &r)
}

func (s stub) RestoreMod(ctx context.Context, c Caller, r ModRef) (StoredMod, error) {
	return ask[StoredMod](ctx, s, c, "RestoreMod", &r)
}

func (s stub) PortalAccount(ctx context.Context, c Caller) (PortalAccount, error) {
	return ask[PortalAccount](ctx, s, c, "PortalAccount", nil)
}

func (s stub) SetPortalAccount(ctx context.Context, c Caller, r SetPortalAccount) (PortalAccount, error) {
	return ask[PortalAccount](ctx, s, c, "SetPortalAccount", &r)
}

func (s stub) ForgetPortalAccount(ctx context.Context, c Caller) (PortalAccount, error) {
	return ask[PortalAccount](ctx, s, c, "ForgetPortalAccount", nil)
}

// Codes of errors after which a person is asked for something.
const (
	LoginNeeded     Code = "login_needed"      // there is no account for the mod portal, or the portal did not take it
	EmailCodeNeeded Code = "email_code_needed" // the same login again, with the code that came by e-mail
)

// ListMods narrows the list of stored mods.
type ListMods struct {
	Text string `json:"text,omitempty"` // in name, title or author, whatever the case of letters
	Game string `json:"game,omitempty"` // "2.0"; empty: for any
	Bin  bool   `json:"bin,omitempty"`  // what was deleted instead
}

// ModList are mods of the controller's store.
type ModList struct {
	Mods     []StoredMod `json:"mods"`
	Bytes    int64       `json:"size_bytes"` // that all files take, those in the bin too
	Problems []string    `json:"problems"`   // what is wrong with the store: a sentence each
}

// Sources of stored mods.
const (
	ModUploaded  = "upload"
	ModFromHost  = "host"   // an instance had it
	ModDownload  = "portal" // the mod portal
	ModFoundHere = "found"  // its file lay in the store
)

// A StoredMod is one version of a mod whose file the controller keeps. Texts are the mod's own.
type StoredMod struct {
	Name         string     `json:"name"`
	Version      string     `json:"version"` // "1.2.3"
	Title        string     `json:"title"`
	Author       string     `json:"author"`
	Description  string     `json:"description"`  // its beginning
	Game         string     `json:"game"`         // "2.0", the version of the game that it is for
	Dependencies []string   `json:"dependencies"` // like "? name >= 1.2.3"
	Flags        []string   `json:"flags"`        // features of the game that it asks for, like "space_travel"
	FileName     string     `json:"file_name"`    // that the game wants
	SizeBytes    int64      `json:"size_bytes"`
	SHA1         string     `json:"sha1"`
	SHA256       string     `json:"sha256"`
	Source       string     `json:"source"`
	AddedAt      time.Time  `json:"added_at"`
	AddedBy      string     `json:"added_by"`
	DeletedAt    *time.Time `json:"deleted_at,omitempty"` // it is in the bin
	UsedBy       []string   `json:"used_by"`              // names of mod packs
	Problem      string     `json:"problem,omitempty"`    // why it can't be used: a sentence
}

// ModRef names a stored mod.
type ModRef struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func (r ModRef) target() string { return r.Name + " " + r.Version }

// SearchPortal searches the portal's list. Zero values don't restrict.
type SearchPortal struct {
	Text            string `json:"text"`           // in name, title, owner or summary, whatever the case of letters
	Game            string `json:"game,omitempty"` // "2.0": mods that have a release for it
	Category        string `json:"category,omitempty"`
	ShowsDeprecated bool   `json:"shows_deprecated,omitempty"`
	Offset          int    `json:"offset,omitempty"`
	Limit           int    `json:"limit,omitempty"` // 0: 50; at most 200
	Refresh         bool   `json:"refresh,omitempty"`
}

// PortalPage is a part of what a search found: a mod of exactly the name that was searched for first, the others by downloads.
type PortalPage struct {
	Mods       []PortalMod `json:"mods"`
	Found      int         `json:"found"`      // in all
	Known      int         `json:"known"`      // mods of the portal that the controller knows of
	Categories []string    `json:"categories"` // that those have
	AskedAt    *time.Time  `json:"asked_at"`   // when the portal was asked for the list; missing: never
	Updating   bool        `json:"updating"`   // it is being asked just now
	Problem    string      `json:"problem,omitempty"`
}

// A PortalMod is a mod as the portal's list tells of it. All texts are foreign.
type PortalMod struct {
	Name       string `json:"name"`
	Title      string `json:"title"`
	Owner      string `json:"owner"`
	Summary    string `json:"summary"`
	Category   string `json:"category"`
	Downloads  int64  `json:"downloads"`
	Deprecated bool   `json:"deprecated"`
	Version    string `json:"version"` // of the newest release
	Game       string `json:"game"`    // that one is for
	Stored     bool   `json:"stored"`  // the controller keeps some version of it
}

// AskMod asks for everything about a mod.
type AskMod struct {
	Name    string `json:"name"`
	Refresh bool   `json:"refresh,omitempty"` // ask the portal even if that was done within the hour
}

// ModDetails is everything about a mod: what the portal says, and what is stored. All texts are foreign.
type ModDetails struct {
	PortalMod
	Description string       `json:"description"`
	Changelog   string       `json:"changelog"`
	Homepage    string       `json:"homepage"`
	Source      string       `json:"source"` // its repository
	License     string       `json:"license"`
	Tags        []string     `json:"tags"`
	UpdatedAt   *time.Time   `json:"updated_at,omitempty"`
	Releases    []ModRelease `json:"releases"` // the newest first
	AskedAt     *time.Time   `json:"asked_at"` // when the portal was asked; missing: never
	Problem     string       `json:"problem,omitempty"`
}

// A ModRelease is a version of a mod, on the portal or stored or both.
type ModRelease struct {
	Version      string     `json:"version"`
	Game         string     `json:"game"`
	Dependencies []string   `json:"dependencies"`
	Flags        []string   `json:"flags"`
	ReleasedAt   *time.Time `json:"released_at,omitempty"`
	SHA1         string     `json:"sha1"`
	OnPortal     bool       `json:"on_portal"`
	Stored       bool       `json:"stored"`
}

// UploadMods takes mods from the caller's machine (files.go).
type UploadMods struct {
	Paths   []string `json:"paths"`   // absolute: zips, folders of mods, folders full of those
	Replace bool     `json:"replace"` // a stored mod of the same name and version with another content
}

func (r UploadMods) target() string { return strings.Join(r.Paths, ", ") }
func (r *UploadMods) files() files  { return files{list: &r.Paths} }

// What UploadMods does with a mod.
const (
	UploadTakes    = "take"
	UploadKeeps    = "keep"    // it is stored already
	UploadReplaces = "replace" // another content
	UploadRefuses  = "refuse"
)

// An UploadStep is what UploadMods does with one mod.
type UploadStep struct {
	Path      string `json:"path"`
	Name      string `json:"name"` // empty if it can't be told
	Version   string `json:"version"`
	Game      string `json:"game"`
	SizeBytes int64  `json:"size_bytes"` // of the zip; of a folder, what is in it
	Action    string `json:"action"`
	Why       string `json:"why,omitempty"` // it is refused, or what the game may not like: a sentence
}

// DownloadMods fetches releases from the portal into the store.
type DownloadMods struct {
	Mods []ModVersion `json:"mods"`
}

// ModVersion names a release of the portal.
type ModVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`        // empty: the newest
	Game    string `json:"game,omitempty"` // of those for this version of the game, "2.0"
}

func (r DownloadMods) target() string {
	var names []string
	for _, m := range r.Mods {
		names = append(names, strings.TrimSpace(m.Name+" "+m.Version))
	}
	return strings.Join(names, ", ")
}

// Places of a token.
const (
	TokenInKeyring = "keyring" // of the operating system
	TokenInFile    = "file"    // that only this user can read
)

// PortalAccount is the factorio.com account by which mods are downloaded.
type PortalAccount struct {
	Username string `json:"username"`          // empty: none
	Place    string `json:"place"`             // of its token
	Refused  bool   `json:"refused"`           // the portal did not take it lately
	Problem  string `json:"problem,omitempty"` // why it could not be read or kept
}

// SetPortalAccount keeps an account with its token, or logs in with the password, which is not kept.
type SetPortalAccount struct {
	Username  string `json:"username"` // or e-mail address, with a password
	Token     string `json:"token,omitempty"`
	Password  string `json:"password,omitempty"`
	EmailCode string `json:"email_code,omitempty"`
}

func (r SetPortalAccount) target() string { return r.Username }
