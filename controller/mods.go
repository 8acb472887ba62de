package controller

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/mods"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
)

const (
	modsFolder   = "mods"
	maxUploads   = 1000 // paths at once
	sweepModsGap = 6 * time.Hour
)

// sweepMods empties the bin of mods by and by.
func (c *Controller) sweepMods(ctx context.Context) {
	ticker := time.NewTicker(sweepModsGap)
	defer ticker.Stop()
	for {
		if err := c.mods.Sweep(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("what was deleted of the mods is still there", "err", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *service) Mods(ctx context.Context, _ api.Caller, r api.ListMods) (api.ModList, error) {
	rows, err := s.mods.Mods(ctx)
	if err != nil {
		return api.ModList{}, err
	}
	used, err := s.modUses(ctx)
	if err != nil {
		return api.ModList{}, err
	}
	list := api.ModList{Mods: []api.StoredMod{}, Problems: s.mods.Problems()}
	text := strings.ToLower(r.Text)
	for _, m := range rows {
		list.Bytes += m.Bytes
		told := strings.ToLower(m.Name + "\x00" + m.Title + "\x00" + m.Author)
		if m.DeletedAt.IsZero() == r.Bin || r.Game != "" && m.Game != r.Game || !strings.Contains(told, text) {
			continue
		}
		list.Mods = append(list.Mods, s.viewMod(m, used))
	}
	slices.SortStableFunc(list.Mods, func(a, b api.StoredMod) int {
		if a.Name != b.Name {
			return 0 // as they come
		}
		return newer(a.Version, b.Version)
	})
	return list, nil
}

// newer sorts versions, the newest first.
func newer(a, b string) int {
	v, _ := factorio.ParseLenient(a) // what can't be read comes last
	w, _ := factorio.ParseLenient(b)
	return w.Compare(v)
}

// modUses tells which packs have which "name version", by the names of the packs.
func (s *service) modUses(ctx context.Context) (map[string][]string, error) {
	packs, err := s.store.Packs(ctx)
	if err != nil {
		return nil, err
	}
	used := map[string][]string{}
	for _, p := range packs {
		for _, m := range p.Mods {
			if m.Version != "" {
				key := m.Name + " " + m.Version
				used[key] = append(used[key], p.Name)
			}
		}
	}
	return used, nil
}

func (s *service) viewMod(m store.Mod, used map[string][]string) api.StoredMod {
	view := api.StoredMod{
		Name: m.Name, Version: m.Version, Title: shown(m.Title, 200), Author: shown(m.Author, 200), Description: shown(m.Description, 2000), Game: m.Game,
		Dependencies: shownAll(m.Dependencies, 1000, 200), Flags: shownAll(m.Flags, 50, 50), FileName: m.FileName, SizeBytes: m.Bytes, SHA1: m.SHA1, SHA256: m.SHA256,
		Source: m.Source, AddedAt: m.AddedAt.UTC(), AddedBy: m.AddedBy, UsedBy: append([]string{}, used[m.Name+" "+m.Version]...), Problem: s.mods.Problem(m),
	}
	if !m.DeletedAt.IsZero() {
		at := m.DeletedAt.UTC()
		view.DeletedAt = &at
	}
	return view
}

func checkPaths(paths []string) error {
	if len(paths) == 0 || len(paths) > maxUploads {
		return api.Errorf(api.Invalid, "", "%d files at once: 1 to %d are possible; a folder counts as one", len(paths), maxUploads)
	}
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			return api.Errorf(api.Invalid, "", "%q is no full path", path)
		}
		if _, err := os.Stat(path); err != nil {
			return fileError(err)
		}
	}
	return nil
}

func (s *service) PlanUpload(ctx context.Context, _ api.Caller, r api.UploadMods) ([]api.UploadStep, error) {
	if err := checkPaths(r.Paths); err != nil {
		return nil, err
	}
	steps, err := s.mods.Plan(ctx, r.Paths, r.Replace)
	if err != nil {
		return nil, err
	}
	views := make([]api.UploadStep, 0, len(steps))
	for _, step := range steps {
		views = append(views, viewStep(step))
	}
	return views, nil
}

func viewStep(step mods.Step) api.UploadStep {
	view := api.UploadStep{Path: step.Path, Name: shown(step.Info.Name, 200), SizeBytes: step.Bytes, Why: shown(strings.Join(step.Remarks, "; "), 500)}
	if step.Info.Name != "" {
		view.Version, view.Game = step.Info.Version.String(), fmt.Sprintf("%d.%d", step.Info.FactorioVersion.Major, step.Info.FactorioVersion.Minor)
	}
	switch {
	case step.Refused != nil:
		view.Action, view.Why = api.UploadRefuses, shown(step.Refused.Error(), 500)
	case step.Outcome == mods.Kept:
		view.Action = api.UploadKeeps
	case step.Outcome == mods.Replaced:
		view.Action = api.UploadReplaces
	default:
		view.Action = api.UploadTakes
	}
	return view
}

func (s *service) UploadMods(_ context.Context, c api.Caller, r api.UploadMods) (api.Task, error) {
	if err := checkPaths(r.Paths); err != nil {
		return api.Task{}, err
	}
	title := "Add " + filepath.Base(r.Paths[0])
	if len(r.Paths) > 1 {
		title = fmt.Sprintf("Add %d mods", len(r.Paths))
	}
	return s.startTask(title, "", func(ctx context.Context, t *task) (string, error) {
		defer s.modsMoved()
		t.progress("looking", 0, 0)
		steps, err := s.mods.Plan(ctx, r.Paths, r.Replace)
		if err != nil {
			return "", err
		}
		return s.addMods(ctx, t, steps, mods.Origin{Source: api.ModUploaded, By: c.Name, Replace: r.Replace})
	})
}

// addMods takes what a plan does not refuse. What can't be taken does not keep the others out.
func (s *service) addMods(ctx context.Context, t *task, steps []mods.Step, o mods.Origin) (string, error) {
	var size, done int64
	for _, step := range steps {
		size += step.Bytes
	}
	var refused []string
	added, kept := 0, 0
	for _, step := range steps {
		err := step.Refused
		outcome := step.Outcome
		if err == nil && outcome != mods.Kept {
			_, outcome, err = s.mods.Add(ctx, step.Path, o, func(n, of int64) { t.progress("checking", done+min(n, step.Bytes), size) })
		}
		switch {
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case err != nil:
			refused = append(refused, filepath.Base(step.Path)+": "+err.Error())
		case outcome == mods.Kept:
			kept++
		default:
			added++
		}
		done += step.Bytes
		t.progress("checking", done, size)
	}
	result := fmt.Sprintf("%d added", added)
	if kept > 0 {
		result += fmt.Sprintf(", %d stored already", kept)
	}
	if len(refused) > 0 {
		return result, api.Errorf(api.Invalid, "", "%s; %d could not be: %s", result, len(refused), shown(strings.Join(refused, "; "), 2000))
	}
	return result, nil
}

func (s *service) DeleteMod(ctx context.Context, _ api.Caller, r api.ModRef) (api.StoredMod, error) {
	used, err := s.modUses(ctx)
	if err != nil {
		return api.StoredMod{}, err
	}
	if packs := used[r.Name+" "+r.Version]; len(packs) > 0 {
		return api.StoredMod{}, api.Errorf(api.Refused, "Take it out of the packs first, or choose another version there.",
			"%s %s is in use: %s", r.Name, r.Version, strings.Join(packs, ", "))
	}
	return s.changeMod(ctx, r, s.mods.Delete)
}

func (s *service) RestoreMod(ctx context.Context, _ api.Caller, r api.ModRef) (api.StoredMod, error) {
	return s.changeMod(ctx, r, s.mods.Restore)
}

func (s *service) changeMod(ctx context.Context, r api.ModRef, change func(ctx context.Context, name, version string) error) (api.StoredMod, error) {
	if err := change(ctx, r.Name, r.Version); errors.Is(err, store.ErrNotFound) {
		return api.StoredMod{}, api.Errorf(api.NotFound, "See mainbusctl mods list.", "no mod %s %s is stored", r.Name, r.Version)
	} else if err != nil {
		return api.StoredMod{}, err
	}
	s.modsMoved()
	rows, err := s.store.Mods(ctx, r.Name)
	if err != nil {
		return api.StoredMod{}, err
	}
	at := slices.IndexFunc(rows, func(m store.Mod) bool { return m.Version == r.Version })
	if at < 0 {
		return api.StoredMod{}, api.Errorf(api.NotFound, "", "the mod is gone")
	}
	return s.viewMod(rows[at], nil), nil
}
