package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/bulk"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxSaves    = 1000    // that a host may list of an area
	maxMapTexts = 2 << 20 // bytes
)

// saveActions are what a host knows by other names.
var saveActions = map[string]wire.SaveAction{
	api.RenameSave: wire.SaveAction_SAVE_ACTION_RENAME, api.CopySave: wire.SaveAction_SAVE_ACTION_COPY,
	api.DeleteSave: wire.SaveAction_SAVE_ACTION_DELETE, api.RestoreSave: wire.SaveAction_SAVE_ACTION_RESTORE,
	api.RemoveSave: wire.SaveAction_SAVE_ACTION_REMOVE, api.ChooseSave: wire.SaveAction_SAVE_ACTION_CHOOSE,
	api.BackUpSave: wire.SaveAction_SAVE_ACTION_BACK_UP, api.TakeBackup: wire.SaveAction_SAVE_ACTION_TAKE_BACKUP,
	api.KeepBackups: wire.SaveAction_SAVE_ACTION_KEEP,
}

func (s *service) Saves(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.SaveList, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.SaveList{}, err
	}
	return s.savesOf(ctx, row)
}

func (s *service) savesOf(ctx context.Context, row store.Instance) (api.SaveList, error) {
	var list wire.SaveList
	if err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_SAVES_LIST, &wire.SavesAsk{Instance: row.ID}, &list); err != nil {
		return api.SaveList{}, err
	}
	return api.SaveList{
		Saves: viewSaves(list.GetSaves()), Bin: viewSaves(list.GetBin()), Backups: viewSaves(list.GetBackups()),
		Next: shown(list.GetNext(), 250), Why: shown(list.GetWhy(), 500), Chosen: shown(list.GetChosen(), 250),
		Keep: api.Keep{Count: int(list.GetKeep().GetCount()), Days: int(list.GetKeep().GetDays()), Bytes: int64(list.GetKeep().GetBytes())},
	}, nil
}

func viewSaves(files []*wire.SaveFile) []api.Save {
	list := []api.Save{}
	for _, f := range files[:min(len(files), maxSaves)] {
		s := api.Save{
			ID: shown(f.GetId(), 300), Name: shown(f.GetName(), 250), SizeBytes: int64(f.GetSize()), SavedAt: time.Unix(f.GetSaved(), 0).UTC(),
			Version: shown(f.GetVersion(), 40), Scenario: shown(f.GetScenario(), 100), Mods: []string{}, Tick: f.GetTick(), World: shown(f.GetWorld(), 80),
			Autosave: f.GetAutosave(), Running: f.GetRunning(), Problem: shown(f.GetProblem(), 300), Reason: shown(f.GetReason(), 40),
		}
		for _, m := range f.GetMods()[:min(len(f.GetMods()), 1000)] {
			s.Mods = append(s.Mods, shown(m, 150))
		}
		if f.GetPut() > 0 {
			s.PutAt = time.Unix(f.GetPut(), 0).UTC()
		}
		list = append(list, s)
	}
	return list
}

func (s *service) ChangeSave(ctx context.Context, _ api.Caller, r api.ChangeSave) (api.SaveList, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.SaveList{}, err
	}
	action, known := saveActions[r.Action]
	if !known {
		return api.SaveList{}, api.Errorf(api.Invalid, "", "saves can't be told to %.40q", r.Action)
	}
	change := &wire.SaveChange{Instance: row.ID, Action: action, Save: r.Save, To: r.To}
	if k := r.Keep; k != nil {
		if k.Count < 0 || k.Days < 0 || k.Bytes < 0 {
			return api.SaveList{}, api.Errorf(api.Invalid, "", "less than nothing can't be kept")
		}
		change.Keep = &wire.BackupKeep{Count: uint32(min(k.Count, math.MaxInt32)), Days: uint32(min(k.Days, math.MaxInt32)), Bytes: uint64(k.Bytes)}
	}
	if err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_SAVES_CHANGE, change, nil); err != nil {
		return api.SaveList{}, err
	}
	s.changes.cluster()
	return s.savesOf(ctx, row)
}

func (s *service) UploadSave(ctx context.Context, _ api.Caller, r api.UploadSave) (api.Task, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Task{}, err
	}
	if !filepath.IsAbs(r.Path) {
		return api.Task{}, api.Errorf(api.Invalid, "", "%q is no full path", r.Path)
	}
	if info, err := os.Stat(r.Path); err != nil {
		return api.Task{}, fileError(err)
	} else if !info.Mode().IsRegular() {
		return api.Task{}, api.Errorf(api.Invalid, "Choose a save, a file that ends in .zip.", "%s is no file", r.Path)
	}
	h := s.hostOf(row)
	if _, err := s.linkTo(h); err != nil {
		return api.Task{}, err
	}
	name := cmp.Or(r.Name, filepath.Base(r.Path))
	return s.startTask(fmt.Sprintf("Upload %s to %s", name, row.Name), row.ID, func(ctx context.Context, t *task) (string, error) {
		offer, err := s.bulk.Offer(h.id, r.Path)
		if err != nil {
			return "", fileError(err)
		}
		defer offer.Close()
		take := &wire.SaveTake{Instance: row.ID, Name: name, Ticket: offer.Ticket(), Key: t.view.ID}
		return name, s.insist(ctx, t, func(ctx context.Context) error { return s.take(ctx, t, h, wire.Method_METHOD_SAVES_TAKE, take) })
	})
}

func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return api.Errorf(api.NotFound, "", "%v", err)
	case errors.Is(err, fs.ErrPermission):
		return api.Errorf(api.Refused, "Let the user of the controller read it.", "%v", err)
	}
	return err
}

// mayWrite refuses a path at which no file can be made, or none may be replaced.
func mayWrite(path string, replace bool) error {
	if !filepath.IsAbs(path) {
		return api.Errorf(api.Invalid, "", "%q is no full path", path)
	}
	switch info, err := os.Stat(path); {
	case err == nil && (info.IsDir() || !replace):
		return api.Errorf(api.Refused, "Choose another name.", "%s is there already", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fileError(err)
	}
	return nil
}

func (s *service) DownloadSave(ctx context.Context, _ api.Caller, r api.DownloadSave) (api.Task, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Task{}, err
	}
	if err := mayWrite(r.Path, r.Replace); err != nil {
		return api.Task{}, err
	}
	h := s.hostOf(row)
	if _, err := s.linkTo(h); err != nil {
		return api.Task{}, err
	}
	ask := &wire.SaveOffer{Instance: row.ID, Area: cmp.Or(r.Area, "saves"), Save: r.Save}
	return s.startTask(fmt.Sprintf("Download %s from %s", r.Save, row.Name), row.ID, func(ctx context.Context, t *task) (string, error) {
		err := s.insist(ctx, t, func(ctx context.Context) error { return s.fetch(ctx, t, h, ask, r.Path) })
		if errors.Is(context.Cause(ctx), errCanceled) {
			err = errors.Join(err, bulk.Discard(r.Path))
		}
		return r.Path, err
	})
}

func (s *service) TransferSave(ctx context.Context, _ api.Caller, r api.TransferSave) (api.Task, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Task{}, err
	}
	target, err := s.instance(ctx, r.To)
	if err != nil {
		return api.Task{}, err
	}
	from, to := s.hostOf(row), s.hostOf(target)
	for _, h := range []*host{from, to} {
		if _, err := s.linkTo(h); err != nil {
			return api.Task{}, err
		}
	}
	name, ask := cmp.Or(r.Name, nameIn(r.Save)), &wire.SaveOffer{Instance: row.ID, Area: cmp.Or(r.Area, "saves"), Save: r.Save}
	return s.startTask(fmt.Sprintf("Copy %s from %s to %s", r.Save, row.Name, target.Name), target.ID, func(ctx context.Context, t *task) (string, error) {
		take := func(ticket string) message {
			return &wire.SaveTake{Instance: target.ID, Name: name, Ticket: ticket, Key: t.view.ID}
		}
		return name, s.insist(ctx, t, func(ctx context.Context) error {
			return s.relay(ctx, t, from, to, giving{wire.Method_METHOD_SAVES_OFFER, ask}, taking{wire.Method_METHOD_SAVES_TAKE, take})
		})
	})
}

func (s *service) CreateMap(ctx context.Context, _ api.Caller, r api.CreateMap) (api.Task, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Task{}, err
	}
	if len(r.Exchange)+len(r.MapGenSettings)+len(r.MapSettings) > maxMapTexts {
		return api.Task{}, api.Errorf(api.Invalid, "", "settings of a map are smaller than %d MiB", maxMapTexts>>20)
	}
	h := s.hostOf(row)
	if _, err := s.linkTo(h); err != nil {
		return api.Task{}, err
	}
	name := cmp.Or(r.Name, "new.zip")
	ask := &wire.SaveCreate{
		Instance: row.ID, Name: name, Preset: r.Preset, Seed: r.Seed, Exchange: r.Exchange, Scenario: r.Scenario,
		MapGenSettings: []byte(r.MapGenSettings), MapSettings: []byte(r.MapSettings),
	}
	// A link that breaks is not tried again: the agent ends the work with it.
	return s.startTask(fmt.Sprintf("Create %s on %s", name, row.Name), row.ID, func(ctx context.Context, t *task) (string, error) {
		err := s.take(ctx, t, h, wire.Method_METHOD_SAVES_CREATE, ask)
		if status := (*link.StatusError)(nil); errors.As(err, &status) {
			err = api.Errorf(statusCode(status.Code), "", "%s", shown(status.Message, 1000))
		}
		return name, err
	})
}

// nameIn is what a save was called whose ID in the bin or among backups this is.
func nameIn(id string) string {
	if parts := strings.SplitN(id, "~", 3); len(parts) == 3 {
		return parts[2]
	}
	return id
}
