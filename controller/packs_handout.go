package controller

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/controller/store"
)

// packFiles are the stored files of the mods that a pack uses, and the names of those that are not stored.
func (s *service) packFiles(p store.Pack, stored storedMods) (files []packs.File, size int64, missing []string) {
	for _, m := range packs.Uses(p) {
		row, ok := stored.of(m)
		if !ok {
			missing = append(missing, strings.TrimSpace(m.Name+" "+m.Version))
			continue
		}
		size += row.Bytes
		files = append(files, packs.File{Name: row.FileName, Path: s.mods.Path(row.SHA256), SHA256: row.SHA256})
	}
	return files, size, missing
}

func (s *service) PackForPlayers(ctx context.Context, _ api.Caller, r api.PackRef) (api.PackForPlayers, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.PackForPlayers{}, err
	}
	stored, err := s.storedMods(ctx)
	if err != nil {
		return api.PackForPlayers{}, err
	}
	_, size, missing := s.packFiles(p, stored)
	view := api.PackForPlayers{
		Name: p.Name, WhoJoins: viewPackRow(p, stored, nil).WhoJoins, Text: packs.ForPlayers(p), Links: []api.ModLink{}, SizeBytes: size, Missing: append([]string{}, missing...),
	}
	for _, m := range packs.Uses(p) {
		view.Links = append(view.Links, api.ModLink{Name: m.Name, Version: m.Version, URL: packs.PageOf(m.Name)})
	}
	return view, nil
}

func (s *service) HandOutPack(ctx context.Context, _ api.Caller, r api.HandOutPack) (api.Task, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.Task{}, err
	}
	if err := mayWrite(r.Path, r.Replace); err != nil {
		return api.Task{}, err
	}
	stored, err := s.storedMods(ctx)
	if err != nil {
		return api.Task{}, err
	}
	files, size, missing := s.packFiles(p, stored)
	if len(missing) > 0 {
		return api.Task{}, api.Errorf(api.Refused, "Bring them first: mainbusctl mods download, or mods upload.",
			"the controller does not keep %s", shown(strings.Join(missing, ", "), 300))
	}
	return s.startTask(fmt.Sprintf("Write the mods of %s for players", p.Name), "", func(ctx context.Context, t *task) (string, error) {
		err := writeWhole(r.Path, func(f *os.File) error {
			return packs.WriteHandout(ctx, f, p, files, func(done int64) { t.progress("writing", done, size) })
		})
		if err != nil {
			return "", fileError(err)
		}
		return r.Path, nil
	})
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it has been renamed this finds nothing
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644) // it is to be given away
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
