package api

import (
	"context"
	"encoding/json"
	"time"
)

// Adopting is what is asked of folders of servers that somebody else has set up.
type Adopting interface {
	LookAtFolder(ctx context.Context, c Caller, r FolderRef) (Folder, error)
	AdoptFolder(ctx context.Context, c Caller, r AdoptFolder) (Task, error)
}

var adoptMethods = map[string]method{
	"LookAtFolder": reads(InstanceCreate, with(Service.LookAtFolder)),
	"AdoptFolder":  changes(InstanceCreate, with(Service.AdoptFolder)),
}

func (s stub) LookAtFolder(ctx context.Context, c Caller, r FolderRef) (Folder, error) {
	return ask[Folder](ctx, s, c, "LookAtFolder", &r)
}

func (s stub) AdoptFolder(ctx context.Context, c Caller, r AdoptFolder) (Task, error) {
	return ask[Task](ctx, s, c, "AdoptFolder", &r)
}

// FolderRef names a folder on a host.
type FolderRef struct {
	Host string `json:"host"` // name or id of a paired one
	Dir  string `json:"dir"`  // a whole path there
}

func (r *FolderRef) scope() []place { return []place{ofHost(&r.Host)} }

// AdoptFolder makes an instance of a copy of the server in a folder. The folder is only read. The task's result is the instance's name.
type AdoptFolder struct {
	Host string `json:"host"`
	Dir  string `json:"dir"`
	Name string `json:"name,omitempty"` // of the instance; empty: as the folder is called
}

func (r *AdoptFolder) scope() []place { return []place{ofHost(&r.Host)} }

func (r AdoptFolder) target() string { return r.Host + ": " + r.Dir + " as " + r.Name }

// Folder is what there is in one.
type Folder struct {
	Dir       string          `json:"dir"`
	Kind      string          `json:"kind"` // "headless", "user", "server" or "saves"
	Data      string          `json:"data"` // where saves and mods are below dir; "." as a rule
	Saves     []FolderSave    `json:"saves"`
	SaveCount int             `json:"save_count"`
	Mods      []FolderMod     `json:"mods"`
	ModCount  int             `json:"mod_count"`
	Settings  json.RawMessage `json:"settings"` // an object with "(not shown)" for passwords and tokens, null if there are none
	AutoPause bool            `json:"auto_pause"`

	Admins      int `json:"admins"`
	Banned      int `json:"banned"`
	Whitelisted int `json:"whitelisted"`

	Files     int      `json:"files"` // that a copy takes
	Bytes     int64    `json:"bytes"`
	Obstacles []string `json:"obstacles"` // why it can't be adopted as it is
	Problems  []string `json:"problems"`
}

// FolderSave is a save file in it.
type FolderSave struct {
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Version  string    `json:"version,omitempty"` // of the game that wrote it
	Problem  string    `json:"problem,omitempty"` // why it can't be read
}

// FolderMod is a zip or folder of a mod in it.
type FolderMod struct {
	File    string `json:"file"`
	Enabled bool   `json:"enabled"`
}
