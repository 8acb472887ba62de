package modfolder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/wire"
)

// Bounds of an unpacked mod that is kept, which is copied.
const (
	maxKeptFiles = 20_000
	maxKeptBytes = 2 << 30
)

// Set is what a folder shall hold.
type Set struct {
	Hash string
	*wire.ModSet
	KeepUnknown bool // mods that are not of the set stay
}

// Label is what people call the set.
func (s Set) Label() string { return Label(s.ModSet) }

// Label is what people call a set.
func Label(s *wire.ModSet) string {
	return fmt.Sprintf("%s, revision %d", s.GetPack(), s.GetRevision())
}

// File is the name of a mod's zip.
func File(m *wire.SetMod) string { return m.GetName() + "_" + m.GetVersion() + ".zip" }

// Needs tells whether a mod needs a file: those that are disabled and the game's own do not.
func Needs(m *wire.SetMod) bool { return m.GetEnabled() && !m.GetBuiltin() }

// Check says why a set can't be put into the folder of a game of this version, nil if it can.
func (s Set) Check(game factorio.Version) error {
	if wanted, err := factorio.ParseLenient(s.GetGame()); err == nil && modinfo.MajorMinor(wanted) != modinfo.MajorMinor(game) {
		return fmt.Errorf("the mods of %q are for Factorio %s, and this instance runs %s: change the version of the pack or that of the instance",
			s.GetPack(), modinfo.MajorMinor(wanted), game)
	}
	if len(s.GetSettings()) == 0 {
		return nil
	}
	settings, err := modsettings.Parse(s.GetSettings())
	if err != nil {
		return fmt.Errorf("the settings of %q can't be read: %w", s.GetPack(), err)
	}
	if v := settings.Version; v.Major > game.Major || v.Major == game.Major && v.Minor > game.Minor {
		return fmt.Errorf("the settings of %q were written for Factorio %s; %s would ignore them and take defaults: change the version of the pack or that of the instance",
			s.GetPack(), v, game)
	}
	return nil
}

// settingsFor are the settings as the game of a version reads them: it ignores a file that a newer one has written.
func (s Set) settingsFor(game factorio.Version) ([]byte, error) {
	settings, err := modsettings.Parse(s.GetSettings())
	if err != nil {
		return nil, err
	}
	settings.Version = game
	return settings.Bytes()
}

// Stage makes a set ready beside the folder, each file by link, which puts the file of a hash at a path and has it verified.
func (f Folder) Stage(ctx context.Context, s Set, game factorio.Version, link func(ctx context.Context, hash, to string) error) error {
	if err := s.Check(game); err != nil {
		return err
	}
	if err := f.remove(staged); err != nil {
		return err
	}
	step("make " + staged)
	if err := os.Mkdir(f.path(staged), 0o700); err != nil {
		return fmt.Errorf("make a set of mods ready: %w", err)
	}
	record := Record{Set: s.Hash, Label: s.Label(), Game: game.String(), At: time.Now().UTC(), Files: []RecordFile{}}
	list := modlist.List{}
	for _, m := range s.GetMods() {
		put(&list, m.GetName(), m.GetEnabled(), versionToPin(m))
		if !Needs(m) {
			continue
		}
		step("link " + File(m))
		if err := link(ctx, m.GetSha256(), f.path(staged, File(m))); err != nil {
			return fmt.Errorf("make %s %s ready: %w", m.GetName(), m.GetVersion(), err)
		}
		record.Files = append(record.Files, RecordFile{File(m), m.GetName(), m.GetVersion(), int64(m.GetSize()), m.GetSha256()})
	}
	if s.KeepUnknown {
		if err := f.keepStrangers(ctx, s, &list); err != nil {
			return err
		}
	}
	return f.writeLists(s, game, list, record)
}

func versionToPin(m *wire.SetMod) string {
	if m.GetBuiltin() {
		return ""
	}
	return m.GetVersion()
}

func put(list *modlist.List, name string, enabled bool, version string) {
	list.Set(name, enabled)
	list.Get(name).Version = version
}

// writeLists writes the record last: a staged folder without one is not ready.
func (f Folder) writeLists(s Set, game factorio.Version, list modlist.List, record Record) error {
	step("write " + listFile)
	if err := disk.Write(f.path(staged, listFile), list.Bytes()); err != nil {
		return fmt.Errorf("make a set of mods ready: %w", err)
	}
	if len(s.GetSettings()) > 0 {
		settings, err := s.settingsFor(game)
		step("write " + settingsFile)
		if err == nil {
			err = disk.Write(f.path(staged, settingsFile), settings)
		}
		if err != nil {
			return fmt.Errorf("make a set of mods ready: %w", err)
		}
	}
	step("write " + recordFile)
	if err := disk.WriteJSON(f.path(staged, recordFile), record); err != nil {
		return fmt.Errorf("make a set of mods ready: %w", err)
	}
	return nil
}

// keepStrangers takes along what is in the folder and not of its set, but for other versions of mods that the new set has.
func (f Folder) keepStrangers(ctx context.Context, s Set, list *modlist.List) error {
	names, err := f.strangers(current, f.readRecord(current))
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, m := range s.GetMods() {
		taken[m.GetName()] = true
	}
	old, err := f.readList(current)
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := modinfo.ReadPath(f.path(current, name))
		if err != nil || taken[info.Name] { // what is no mod, or another version, stays with the former set
			continue
		}
		step("keep " + name)
		if err := keep(ctx, f.path(current, name), f.path(staged, name)); err != nil {
			return fmt.Errorf("keep %s, which is not of the set: %w", name, err)
		}
		if m := old.Get(info.Name); m != nil {
			put(list, info.Name, m.Enabled, m.Version)
		} else {
			put(list, info.Name, true, "")
		}
	}
	return nil
}

// keep gives a zip a second name. Folders are copied: those who write mods change files in them.
func keep(ctx context.Context, from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case info.IsDir():
		return copyTree(ctx, from, to)
	}
	if os.Link(from, to) == nil {
		return nil
	}
	left := int64(maxKeptBytes)
	return copyFile(ctx, from, to, &left)
}

func copyTree(ctx context.Context, from, to string) error {
	files, left := 0, int64(maxKeptBytes)
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if files++; files > maxKeptFiles {
			return fmt.Errorf("more than %d files", maxKeptFiles)
		}
		inside, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return os.Mkdir(filepath.Join(to, inside), 0o700)
		case !e.Type().IsRegular():
			return nil // links lead who knows where
		}
		return copyFile(ctx, path, filepath.Join(to, inside), &left)
	})
}

func copyFile(ctx context.Context, from, to string, left *int64) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, *left+1))
	if *left -= n; err == nil && *left < 0 {
		err = fmt.Errorf("more than %d MiB", maxKeptBytes>>20)
	}
	return errors.Join(err, out.Close())
}
