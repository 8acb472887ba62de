package adopt

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/playerlists"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/serversettings"
	"mainbus/hostagent/savefiles"
)

const (
	maxRemarks  = 50
	maxText     = 8 << 20 // bytes of a settings file or list
	maxFiles    = 100_000
	shownSaves  = 100
	openedSaves = 50 // whose header is read, the newest
	shownMods   = 1000
)

type surveyed struct {
	Found
	root   *os.Root
	files  []file
	newest string // of the saves, as a copy calls it; empty if there is none
}

// file is one that a copy takes. Both names have slashes; from is below the folder that was named, to below the instance's.
type file struct {
	from, to string
	info     fs.FileInfo
}

func (s *surveyed) at(name string) string { return path.Join(s.Data, name) }

func (s *surveyed) isDir(name string) bool {
	info, err := s.root.Stat(name)
	return err == nil && info.IsDir()
}

func (s *surveyed) isFile(name string) bool {
	info, err := s.root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// stat follows links inside the folder. It is an error if there is something but no file: a pipe would be waited for without end.
func (s *surveyed) stat(name string) (fs.FileInfo, error) {
	info, err := s.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	return info, err
}

// read returns the content of a small file and has it taken along. Nothing there is nil; what can't be read is an obstacle.
func (s *surveyed) read(from, to string) []byte {
	info, err := s.stat(from)
	if errors.Is(err, fs.ErrNotExist) && s.isAbsent(from) {
		return nil
	}
	if err == nil && info.Size() > maxText {
		err = fmt.Errorf("it has more than %d MiB", maxText>>20)
	}
	var text []byte
	if err == nil {
		text, err = s.content(from)
	}
	if err != nil {
		s.obstacle("%s can't be read: %v.", from, reason(err))
		return nil
	}
	s.add(from, to, info)
	if text == nil {
		text = []byte{}
	}
	return text
}

func (s *surveyed) isAbsent(name string) bool {
	_, err := s.root.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

func (s *surveyed) content(name string) ([]byte, error) {
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxText))
}

func (s *surveyed) add(from, to string, info fs.FileInfo) {
	if len(s.files) == maxFiles {
		s.obstacle("There are more than %d files in saves and mods.", maxFiles)
	}
	if len(s.files) >= maxFiles {
		return
	}
	s.files = append(s.files, file{from, to, info})
	s.Files, s.Bytes = len(s.files), s.Bytes+info.Size()
}

// reason leaves out the path, which is named beside it, and puts into words what is met most.
func reason(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return errors.New("the account that mainbus-host runs as may not read it")
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		if strings.Contains(p.Err.Error(), "escapes") {
			return errors.New("it is a link that leads out of the folder, which is not followed: put the thing itself there")
		}
		return p.Err
	}
	return err
}

// list returns what is in a folder; none there is none in it.
func (s *surveyed) list(dir string) []fs.DirEntry {
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) && s.isAbsent(dir) {
		return nil
	}
	if err != nil {
		s.obstacle("%s can't be read: %v.", dir, reason(err))
	}
	return entries
}

// lookAtSaves takes the saves of the game's folder for them. Where there is none, zips that are saves may lie in the folder itself.
func (s *surveyed) lookAtSaves() {
	dir, loose := s.at("saves"), false
	if s.isAbsent(dir) && s.Kind == Server {
		dir, loose = s.Data, true
	}
	var found []file
	for _, entry := range s.list(dir) {
		name := entry.Name()
		if !savefiles.IsSave(name) {
			if !loose && entry.IsDir() {
				s.problem("%s is a folder: saves in it are left there.", path.Join(dir, name))
			} else if strings.HasSuffix(strings.ToLower(name), ".tmp.zip") {
				s.problem("%s is what a game had not finished writing. It is left there.", path.Join(dir, name))
			}
			continue
		}
		info, err := s.stat(path.Join(dir, name))
		if err != nil {
			s.obstacle("The save %s can't be read: %v.", name, reason(err))
			continue
		}
		found = append(found, file{path.Join(dir, name), path.Join("saves", name), info})
	}
	slices.SortFunc(found, func(a, b file) int {
		return cmp.Or(b.info.ModTime().Compare(a.info.ModTime()), cmp.Compare(a.from, b.from))
	})
	for n, f := range found {
		s.addSave(f, n, loose)
	}
	if loose && s.SaveCount > 0 && s.isAbsent(s.at("mods")) && s.isAbsent(s.at("server-settings.json")) {
		s.Kind = Saves
	}
}

func (s *surveyed) addSave(f file, n int, loose bool) {
	shown := Save{Name: path.Base(f.to), Size: f.info.Size(), Modified: f.info.ModTime()}
	var err error
	if n < openedSaves {
		if shown.Version, err = s.version(f); err != nil {
			shown.Problem = reason(err).Error()
		}
	}
	if loose && (err != nil || n >= openedSaves) { // any zip may lie there
		return
	}
	s.SaveCount++
	if s.newest == "" {
		s.newest = f.to
		if err != nil {
			s.obstacle("The newest save, %s, can't be read: %s. To go on from an older one, move it out of the folder first.", shown.Name, shown.Problem)
		}
	}
	if len(s.Saves) < shownSaves {
		s.Saves = append(s.Saves, shown)
	}
	s.add(f.from, f.to, f.info)
}

func (s *surveyed) version(f file) (string, error) {
	in, err := s.root.Open(f.from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	a, err := save.NewArchive(in, f.info.Size())
	if err != nil {
		return "", err
	}
	header, err := a.Header()
	if err != nil {
		return "", err
	}
	return header.Version.String(), nil
}

// settingsPlaces are where people put server-settings.json and the lists: the game writes the lists beside the saves folder, a common container
// image keeps all of them in config, and the game's archive has its examples in data.
var settingsPlaces = []string{".", "config", "data"}

func (s *surveyed) readFirst(name string) []byte {
	for _, place := range settingsPlaces {
		if text := s.read(s.at(path.Join(place, name)), name); text != nil {
			return text
		}
	}
	return nil
}

func (s *surveyed) lookAtSettings() {
	text := s.readFirst("server-settings.json")
	if text == nil {
		return
	}
	settings, err := serversettings.Parse(text)
	if err != nil {
		s.obstacle("server-settings.json can't be read: %v.", err)
		return
	}
	s.Settings = settings.Shown()
	for _, p := range settings.Problems() {
		s.problem("server-settings.json: %s", p)
	}
	if values, err := settings.Settings(); err == nil {
		s.AutoPause = values.AutoPause
	}
}

func (s *surveyed) lookAtLists() {
	for name, count := range map[string]*int{
		"server-adminlist.json": &s.Admins, "server-banlist.json": &s.Banned, "server-whitelist.json": &s.Whitelisted,
	} {
		text := s.readFirst(name)
		if text == nil {
			continue
		}
		players, err := playerlists.Parse(text)
		if err != nil {
			s.problem("%s can't be read, and is taken along as it is: %v.", name, err)
		}
		*count = len(players.Players)
	}
}

func (s *surveyed) lookAtMods() {
	off := map[string]bool{}
	mods := s.at("mods")
	entries := s.list(mods)
	for _, entry := range entries {
		name := path.Join(mods, entry.Name())
		if entry.Name() == "mod-list.json" {
			off = s.switchedOff(name)
			continue
		}
		s.addTree(name, path.Join("mods", entry.Name()))
	}
	for _, entry := range entries {
		base, zipped := strings.CutSuffix(entry.Name(), ".zip")
		if !zipped && !entry.IsDir() {
			continue
		}
		if at := strings.LastIndexByte(base, '_'); at > 0 {
			base = base[:at]
		}
		s.ModCount++
		if len(s.Mods) < shownMods {
			s.Mods = append(s.Mods, Mod{entry.Name(), !off[base]})
		}
	}
}

func (s *surveyed) switchedOff(from string) map[string]bool {
	off := map[string]bool{}
	text := s.read(from, "mods/mod-list.json")
	if text == nil {
		return off
	}
	list, err := modlist.Parse(text)
	if err != nil {
		s.problem("mod-list.json can't be read, and is taken along as it is: %v.", err)
	}
	for _, m := range list.Mods {
		off[m.Name] = !m.Enabled
	}
	return off
}

// addTree has a file, or a folder with all that is in it, taken along.
func (s *surveyed) addTree(from, to string) {
	err := fs.WalkDir(s.root.FS(), from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			s.obstacle("%s can't be read: %v.", name, reason(err))
			return nil
		}
		if len(s.files) >= maxFiles {
			return fs.SkipAll
		}
		if entry.IsDir() {
			return nil
		}
		info, err := s.stat(name)
		if err != nil {
			s.obstacle("%s can't be taken along: %v.", name, reason(err))
			return nil
		}
		s.add(name, path.Join(to, strings.TrimPrefix(name, from)), info)
		return nil
	})
	if err != nil {
		s.obstacle("%s can't be read: %v.", from, reason(err))
	}
}

// lookAtRest takes along what else belongs to a server. player-data.json stays: it holds the account of who plays.
func (s *surveyed) lookAtRest() {
	for _, name := range []string{"map-gen-settings.json", "map-settings.json"} {
		s.readFirst(name)
	}
	s.read(s.at("server-id.json"), "server-id.json")
	if !s.isAbsent(s.at("scenarios")) {
		s.addTree(s.at("scenarios"), "scenarios")
	}
}
