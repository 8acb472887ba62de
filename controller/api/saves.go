package api

import (
	"context"
	"time"
)

// Saves is what is asked of the save files of instances.
type Saves interface {
	Saves(ctx context.Context, c Caller, r InstanceRef) (SaveList, error)
	ChangeSave(ctx context.Context, c Caller, r ChangeSave) (SaveList, error)
	UploadSave(ctx context.Context, c Caller, r UploadSave) (Task, error)
	DownloadSave(ctx context.Context, c Caller, r DownloadSave) (Task, error)
	TransferSave(ctx context.Context, c Caller, r TransferSave) (Task, error)
	CreateMap(ctx context.Context, c Caller, r CreateMap) (Task, error)
}

var saveMethods = map[string]method{
	"Saves":        reads(SaveRead, with(Service.Saves)),
	"ChangeSave":   changes(SaveManage, with(Service.ChangeSave)),
	"UploadSave":   changes(SaveManage, with(Service.UploadSave)),
	"DownloadSave": changes(SaveManage, with(Service.DownloadSave)),
	"TransferSave": changes(SaveManage, with(Service.TransferSave)),
	"CreateMap":    changes(SaveManage, with(Service.CreateMap)),
}

func (s stub) Saves(ctx context.Context, c Caller, r InstanceRef) (SaveList, error) {
	return ask[SaveList](ctx, s, c, "Saves", &r)
}

func (s stub) ChangeSave(ctx context.Context, c Caller, r ChangeSave) (SaveList, error) {
	return ask[SaveList](ctx, s, c, "ChangeSave", &r)
}

func (s stub) UploadSave(ctx context.Context, c Caller, r UploadSave) (Task, error) {
	return ask[Task](ctx, s, c, "UploadSave", &r)
}

func (s stub) DownloadSave(ctx context.Context, c Caller, r DownloadSave) (Task, error) {
	return ask[Task](ctx, s, c, "DownloadSave", &r)
}

func (s stub) TransferSave(ctx context.Context, c Caller, r TransferSave) (Task, error) {
	return ask[Task](ctx, s, c, "TransferSave", &r)
}

func (s stub) CreateMap(ctx context.Context, c Caller, r CreateMap) (Task, error) {
	return ask[Task](ctx, s, c, "CreateMap", &r)
}

// SaveList is all saves of an instance, newest first.
type SaveList struct {
	Saves   []Save `json:"saves"`
	Bin     []Save `json:"bin"`
	Backups []Save `json:"backups"`
	Next    string `json:"next"`   // name of the save that a start would load; empty: none
	Why     string `json:"why"`    // it is that one, or there is none
	Chosen  string `json:"chosen"` // for the next start; empty: the newest of the world
	Keep    Keep   `json:"keep"`
}

// Keep is what is kept of backups, of each reason; 0 bounds nothing. The newest is kept in any case.
type Keep struct {
	Count int   `json:"count"`
	Days  int   `json:"days"`
	Bytes int64 `json:"size_bytes"`
}

// A Save is one save file.
type Save struct {
	ID        string    `json:"id"` // in the bin and among backups; else the name
	Name      string    `json:"name"`
	SizeBytes int64     `json:"size_bytes"`
	SavedAt   time.Time `json:"saved_at"`
	Version   string    `json:"version"`  // of the game that saved last
	Scenario  string    `json:"scenario"` // like base/freeplay
	Mods      []string  `json:"mods"`     // "name version", in load order
	Tick      uint64    `json:"tick"`     // 0: not known
	World     string    `json:"world"`    // id; empty: it never ran here
	Autosave  bool      `json:"autosave"`
	Running   bool      `json:"running"`           // the running game saves to it
	Problem   string    `json:"problem,omitempty"` // why it can't be read
	PutAt     time.Time `json:"put_at,omitzero"`   // into the bin or the backups
	Reason    string    `json:"reason,omitempty"`  // of a backup
}

// What can be done with a save.
const (
	RenameSave  = "rename"
	CopySave    = "copy"    // to To; promotes an autosave
	DeleteSave  = "delete"  // into the bin
	RestoreSave = "restore" // out of the bin, under To or the name that it had
	RemoveSave  = "remove"  // out of the bin or the backups, for good
	ChooseSave  = "choose"  // for the next start; no save: the newest
	BackUpSave  = "back_up"
	TakeBackup  = "take_backup" // makes the save To of a backup
	KeepBackups = "keep"        // sets what is kept of backups
)

// ChangeSave does something with a save.
type ChangeSave struct {
	Instance string `json:"instance"` // name or id
	Action   string `json:"action"`
	Save     string `json:"save"` // id
	To       string `json:"to,omitempty"`
	Keep     *Keep  `json:"keep,omitempty"`
}

func (r *ChangeSave) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r ChangeSave) target() string { return r.Instance + ": " + r.Action + " " + r.Save + " " + r.To }

// UploadSave makes a save of a file on the caller's machine (files.go).
type UploadSave struct {
	Instance string `json:"instance"`
	Path     string `json:"path"` // absolute
	Name     string `json:"name"` // of the save; empty: the file's
}

func (r *UploadSave) scope() []place { return []place{ofInstance(&r.Instance)} }
func (r *UploadSave) files() files   { return files{read: []*string{&r.Path}} }

func (r UploadSave) target() string { return r.Instance + ": " + r.Path }

// DownloadSave writes a save to a file on the caller's machine (files.go).
type DownloadSave struct {
	Instance string `json:"instance"`
	Area     string `json:"area"` // saves, bin or backups; empty: saves
	Save     string `json:"save"` // id
	Path     string `json:"path"` // absolute
	Replace  bool   `json:"replace"`
}

func (r *DownloadSave) scope() []place { return []place{ofInstance(&r.Instance)} }
func (r *DownloadSave) files() files   { return files{write: &r.Path, replace: r.Replace} }

func (r DownloadSave) target() string { return r.Instance + ": " + r.Save + " to " + r.Path }

// TransferSave copies a save to another instance, on any host.
type TransferSave struct {
	Instance string `json:"instance"`
	Area     string `json:"area"` // saves, bin or backups; empty: saves
	Save     string `json:"save"` // id
	To       string `json:"to"`   // instance, name or id
	Name     string `json:"name"` // of the copy; empty: the same
}

func (r *TransferSave) scope() []place { return []place{ofInstance(&r.Instance), ofInstance(&r.To)} }

func (r TransferSave) target() string { return r.Instance + ": " + r.Save + " to " + r.To }

// CreateMap has the game of a stopped instance make a new map, which the next start loads. What is empty is left to the game.
type CreateMap struct {
	Instance       string `json:"instance"` // name or id
	Name           string `json:"name"`     // of the save
	Preset         string `json:"preset,omitempty"`
	Seed           uint32 `json:"seed,omitempty"`
	Exchange       string `json:"exchange,omitempty"`         // map exchange string
	MapGenSettings string `json:"map_gen_settings,omitempty"` // the content of the game's file
	MapSettings    string `json:"map_settings,omitempty"`     // the same
	Scenario       string `json:"scenario,omitempty"`         // like base/freeplay
}

func (r *CreateMap) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r CreateMap) target() string { return r.Instance + ": " + r.Name }
