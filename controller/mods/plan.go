package mods

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/controller/store"
	"mainbus/hostagent/factorio/modinfo"
)

// maxPlan bounds what can be added at once: all of a player's mods, and more.
const maxPlan = 5000

// A Step is what adding does with one zip or folder.
type Step struct {
	Path    string
	Info    modinfo.Info // without a name if it can't be read
	Bytes   int64        // of the zip, or of all files in the folder
	Outcome Outcome
	Refused error
	Remarks []string // what the game may not like
}

// Plan tells what adding paths would do: zips, folders of mods, and folders that hold those, like the game's own folder of mods. Only
// info.json files are read, and the whole of what is stored already; adding may still find a zip damaged.
func (l *Library) Plan(ctx context.Context, paths []string, replace bool) ([]Step, error) {
	var steps []Step
	for _, path := range paths {
		candidates, err := spread(path)
		if err != nil {
			steps = append(steps, Step{Path: path, Refused: err})
			continue
		}
		if len(candidates)+len(steps) > maxPlan {
			return nil, fmt.Errorf("more than %d mods at once", maxPlan)
		}
		for _, c := range candidates {
			step, err := l.plan(ctx, c, replace)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step)
		}
	}
	return twice(steps), nil
}

// spread lists what may be mods at a path.
func spread(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	if isMod(path) {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		inside := filepath.Join(path, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if strings.EqualFold(filepath.Ext(e.Name()), zipEnd) || isMod(inside) {
			found = append(found, inside)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("there is no mod in the folder")
	}
	return found, nil
}

func isMod(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, modinfo.InfoFile))
	return err == nil && info.Mode().IsRegular()
}

// plan returns an error only if the store can't be read, or ctx has ended.
func (l *Library) plan(ctx context.Context, path string, replace bool) (Step, error) {
	step := Step{Path: path}
	if step.Refused = step.read(); step.Refused != nil {
		return step, ctx.Err()
	}
	step.Remarks = step.Info.Problems()
	old, err := l.row(ctx, step.Info.Name, step.Info.Version.String())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return step, nil
	case err != nil:
		return step, err
	}
	same, err := l.same(ctx, path, old)
	switch {
	case ctx.Err() != nil:
		return step, context.Cause(ctx)
	case err != nil:
		step.Refused = err
	case same:
		step.Outcome = Kept
	case replace || !old.DeletedAt.IsZero():
		step.Outcome = Replaced
	default:
		step.Refused = ErrOther
	}
	return step, nil
}

func (s *Step) read() error {
	info, err := os.Stat(s.Path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if s.Info, err = folderInfo(s.Path); err == nil {
			s.Bytes, err = folderSize(s.Path)
		}
		return err
	}
	s.Bytes = info.Size()
	file, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	if !info.Mode().IsRegular() {
		return errors.New("it is no file")
	}
	f, _, err := glance(file, info.Size())
	s.Info = f.Info
	return err
}

// same tells whether a zip or folder has the content of a stored mod.
func (l *Library) same(ctx context.Context, path string, stored store.Mod) (bool, error) {
	sums := newSums()
	info, err := os.Stat(path)
	switch {
	case err != nil:
	case info.IsDir():
		err = packFolder(ctx, path, sums)
	default:
		err = copyFile(ctx, path, sums)
	}
	sha256, _ := sums.text()
	return sha256 == stored.SHA256, err
}

// twice refuses all but the first of those that are the same version of the same mod.
func twice(steps []Step) []Step {
	seen := map[string]string{}
	for i := range steps {
		s := &steps[i]
		if s.Refused != nil {
			continue
		}
		key := s.Info.Name + " " + s.Info.Version.String()
		if first, there := seen[key]; there {
			s.Refused = fmt.Errorf("%s is the same version of the same mod", filepath.Base(first))
			continue
		}
		seen[key] = s.Path
	}
	return slices.Clip(steps)
}
