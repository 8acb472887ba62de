package controller

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxFoundSaves = 100
	maxFoundMods  = 1000
)

// LookAtFolder asks a host what is in a folder. Nothing changes.
func (s *service) LookAtFolder(ctx context.Context, _ api.Caller, r api.FolderRef) (api.Folder, error) {
	h, err := s.pairedHost(r.Host)
	if err != nil {
		return api.Folder{}, err
	}
	var found wire.FolderFound
	if err := s.call(ctx, h, wire.Method_METHOD_FOLDER_LOOK, &wire.FolderAsk{Dir: r.Dir}, &found); err != nil {
		return api.Folder{}, err
	}
	return viewFolder(&found)
}

func viewFolder(f *wire.FolderFound) (api.Folder, error) {
	view := api.Folder{
		Dir: shown(f.GetDir(), 500), Kind: shown(f.GetKind(), 40), Data: shown(f.GetData(), 500), Settings: json.RawMessage("null"), AutoPause: f.GetAutoPause(),
		Saves: []api.FolderSave{}, SaveCount: int(f.GetSaveCount()), Mods: []api.FolderMod{}, ModCount: int(f.GetModCount()),
		Admins: int(f.GetAdmins()), Banned: int(f.GetBanned()), Whitelisted: int(f.GetWhitelisted()), Files: int(f.GetFiles()), Bytes: int64(f.GetBytes()),
		Obstacles: sentences(f.GetObstacles()), Problems: sentences(f.GetProblems()),
	}
	if len(f.GetSettings()) > 0 {
		if !json.Valid(f.GetSettings()) {
			return view, api.Errorf(api.Internal, "", "the host's answer can't be read")
		}
		view.Settings = f.GetSettings()
	}
	for _, s := range f.GetSaves()[:min(len(f.GetSaves()), maxFoundSaves)] {
		view.Saves = append(view.Saves, api.FolderSave{
			Name: shown(s.GetName(), 300), Size: int64(s.GetSize()), Modified: time.UnixMilli(s.GetModifiedMs()).UTC(),
			Version: shown(s.GetVersion(), 40), Problem: shown(s.GetProblem(), 500),
		})
	}
	for _, m := range f.GetMods()[:min(len(f.GetMods()), maxFoundMods)] {
		view.Mods = append(view.Mods, api.FolderMod{File: shown(m.GetFile(), 300), Enabled: m.GetEnabled()})
	}
	return view, nil
}

func sentences(list []string) []string {
	out := []string{}
	for _, text := range list[:min(len(list), maxProblems)] {
		out = append(out, shown(text, 1000))
	}
	return out
}

// AdoptFolder has a host copy a server, and makes an instance of the copy when it is whole. A link that breaks is not tried again: the host
// gives up with it, and nothing has come of it.
func (s *service) AdoptFolder(ctx context.Context, _ api.Caller, r api.AdoptFolder) (api.Task, error) {
	name := cmp.Or(r.Name, folderName(r.Dir))
	if err := s.nameFree(ctx, name); err != nil {
		return api.Task{}, err
	}
	h, err := s.pairedHost(r.Host)
	if err != nil {
		return api.Task{}, err
	}
	if err := s.roomOn(ctx, h); err != nil {
		return api.Task{}, err
	}
	if _, err := s.linkTo(h); err != nil {
		return api.Task{}, err
	}
	row := store.Instance{ID: randomInstanceID(), Name: name, Host: h.id.String(), Download: true}
	return s.startTask("Adopt "+shown(r.Dir, 200)+" as "+name, row.ID, func(ctx context.Context, t *task) (string, error) {
		if err := s.adopt(ctx, t, h, row, r.Dir); err != nil {
			s.forgetCopy(h, row.ID)
			return "", err
		}
		h.want()
		return name, nil
	})
}

func (s *service) adopt(ctx context.Context, t *task, h *host, row store.Instance, dir string) error {
	err := s.take(ctx, t, h, wire.Method_METHOD_FOLDER_TAKE, &wire.FolderTake{Instance: row.ID, Dir: dir})
	if status := (*link.StatusError)(nil); errors.As(err, &status) {
		return api.Errorf(statusCode(status.Code), "", "%s", shown(status.Message, 1000))
	}
	if err != nil {
		return err
	}
	if err := s.roomOn(ctx, h); err != nil {
		return err
	}
	row.CreatedAt = time.Now()
	if err := s.store.AddInstance(ctx, row); errors.Is(err, store.ErrExists) {
		return nameTaken(row.Name)
	} else if err != nil {
		return err
	}
	return nil
}

// forgetCopy has a copy go into the bin of its host that no instance came of. If the host is not there it lies in its folder unused.
func (s *service) forgetCopy(h *host, id string) {
	ctx, cancel := context.WithTimeout(s.ctx, tidyTime)
	defer cancel()
	if err := s.call(ctx, h, wire.Method_METHOD_INSTANCE_DISCARD, &wire.InstanceDiscard{Instance: id}, &wire.Empty{}); err != nil {
		s.log.Info("a copy of a server folder may lie unused on its host", "instance", id, "err", err)
	}
}

// nameFree refuses a name that can't be given to another instance. Ids and names are used alike, so one must not be taken for the other.
func (s *service) nameFree(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ID == name || strings.EqualFold(row.Name, name) {
			return nameTaken(name)
		}
	}
	return nil
}

// folderName is the last part of a path of any system, without the dot of hidden folders.
func folderName(dir string) string {
	parts := strings.FieldsFunc(dir, func(r rune) bool { return r == '/' || r == '\\' })
	if len(parts) == 0 {
		return ""
	}
	return strings.Trim(parts[len(parts)-1], ". ")
}
