// Package games knows the copies of the game on this machine, several at once: those that somebody named, those of Steam and in the
// usual places, and those that it downloads itself. It decides which of them an instance runs.
//
// Open starts one goroutine that looks again each minute, and a download is one; all end with Open's context, and Wait waits for them.
// Only one Store may use a folder.
package games

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/releases"
	"mainbus/transport/fetch"
)

const (
	lookAgain  = time.Minute
	scanTime   = 15 * time.Second
	maxFolders = 50 // that people have named
	unpacking  = ".unpacking-"
	removing   = ".removing-"
	downloads  = ".download"
	foldersIn  = "folders.json"
	releasesIn = "releases.json"
	aboutIn    = "mainbus-download.json" // in the folder of a game that was downloaded
)

// Source says where a copy of the game comes from.
type Source string

// The sources, in the order in which copies of the same version are taken.
const (
	Named      Source = "named"      // its folder was named by somebody
	Downloaded Source = "downloaded" // by this package
	Found      Source = "found"      // in a usual place
	Steam      Source = "steam"
)

var sources = []Source{Named, Downloaded, Found, Steam}

// Game is a copy of the game.
type Game struct {
	*install.Installation `json:"-"` // nil if there is a Problem
	install.Identity

	Dir        string
	Source     Source
	Problem    string   // why it can't be used: a sentence
	Unverified string   // of a download: why it was compared with no published checksum
	Users      []string // who runs it
}

// Config is what a Store needs.
type Config struct {
	Dir      string   // of the downloads and of what is remembered; made if it is missing
	Named    []string // folders of the game that the command line names
	Places   []Place  // where else to look
	Releases *releases.Client
	// Distro is what can be downloaded for this machine; empty: nothing.
	Distro  releases.Distro
	Changed func() // called after List or Downloads has changed; it must not block
	Log     *slog.Logger

	// Free tells how many bytes are free on the disk of a folder; nil asks the system.
	Free func(dir string) (int64, error)
}

// Store is the set of copies.
type Store struct {
	cfg     Config
	ctx     context.Context
	workers sync.WaitGroup

	scanning sync.Mutex // one scan at a time
	seen     map[string]seen

	asking sync.Mutex // one question to the service at a time

	mu      sync.Mutex
	games   []Game // best first; Users is made when it is asked for
	folders []string
	uses    map[string]string // folder of the game, by user
	jobs    map[factorio.Version]*job
	failed  map[factorio.Version]string
	known   Available
}

// seen is what a program said of itself, as long as its file is the same.
type seen struct {
	size     int64
	modified time.Time
	identity install.Identity
	err      error
}

// Open cleans up what an earlier life has left half done and looks for games, for at most 15 s.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Free == nil {
		cfg.Free = fetch.FreeSpace
	}
	s := &Store{
		cfg: cfg, ctx: ctx, seen: map[string]seen{}, uses: map[string]string{},
		jobs: map[factorio.Version]*job{}, failed: map[factorio.Version]string{},
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, downloads), 0o700); err != nil {
		return nil, fmt.Errorf("use the folder of games: %w", err)
	}
	if err := s.cleanUp(); err != nil {
		return nil, fmt.Errorf("clean up the folder of games: %w", err)
	}
	if err := disk.ReadJSONIfAny(s.path(foldersIn), &s.folders); err != nil {
		return nil, fmt.Errorf("load the named folders of games: %w", err)
	}
	if err := disk.ReadJSONIfAny(s.path(releasesIn), &s.known); err != nil {
		cfg.Log.Warn("what is known of releases can't be read, it is asked for again", "err", err)
	}
	s.Scan()
	s.workers.Go(s.watch)
	return s, nil
}

// Wait returns when all goroutines have ended, after the end of Open's context.
func (s *Store) Wait() { s.workers.Wait() }

func (s *Store) path(name ...string) string {
	return filepath.Join(append([]string{s.cfg.Dir}, name...)...)
}

// cleanUp removes what was being unpacked or removed when the program was killed.
func (s *Store) cleanUp() error {
	entries, err := os.ReadDir(s.cfg.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unpacking) || strings.HasPrefix(e.Name(), removing) {
			if err := os.RemoveAll(s.path(e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) watch() {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.Scan()
		case <-s.ctx.Done():
			return
		}
	}
}

// Scan looks for games anew. A program is started for its version only if its file has changed since it was.
func (s *Store) Scan() {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	ctx, cancel := context.WithTimeout(s.ctx, scanTime)
	defer cancel()
	found := s.look()
	var asking sync.WaitGroup
	var mu sync.Mutex
	now := map[string]seen{}
	for i := range found {
		g := &found[i]
		if g.Problem != "" {
			continue
		}
		asking.Go(func() {
			is := s.identify(ctx, g)
			mu.Lock()
			defer mu.Unlock()
			if now[g.Binary()] = is; is.err != nil {
				g.Installation, g.Problem = nil, is.err.Error()
			}
			g.Identity = is.identity
		})
	}
	asking.Wait()
	if s.ctx.Err() != nil {
		return
	}
	s.seen = now
	slices.SortStableFunc(found, func(a, b Game) int {
		return cmp.Or(b.Version.Compare(a.Version), cmp.Compare(slices.Index(sources, a.Source), slices.Index(sources, b.Source)))
	})
	s.mu.Lock()
	changed := !reflect.DeepEqual(s.games, found)
	s.games = found
	s.mu.Unlock()
	if changed {
		s.cfg.Changed()
	}
}

// identify asks a program for its version, unless it has said so already.
func (s *Store) identify(ctx context.Context, g *Game) seen {
	var is seen
	info, err := os.Stat(g.Binary())
	if err != nil {
		return seen{err: err}
	}
	is.size, is.modified = info.Size(), info.ModTime()
	if was, ok := s.seen[g.Binary()]; ok && was.err == nil && was.size == is.size && was.modified.Equal(is.modified) {
		return was
	}
	is.identity, is.err = g.Identify(ctx)
	return is
}

// look returns all copies, each once, without asking them for their versions. A folder that nobody named and that holds no game is
// none; one that somebody named is told of.
func (s *Store) look() (found []Game) {
	have := map[string]bool{}
	add := func(dir string, source Source) {
		g := Game{Dir: dir, Source: source}
		game, err := install.Open(dir)
		if err != nil && source != Named {
			return
		}
		real := dir
		if err != nil {
			g.Problem = err.Error()
		} else {
			g.Installation = game
			if real, err = filepath.EvalSymlinks(game.Binary()); err != nil {
				real = game.Binary()
			}
		}
		if !have[real] {
			have[real] = true
			found = append(found, g)
		}
	}
	for _, dir := range append(slices.Clone(s.cfg.Named), s.Folders()...) {
		add(dir, Named)
	}
	entries, err := os.ReadDir(s.cfg.Dir)
	if err != nil {
		s.cfg.Log.Error("the folder of games can't be read", "err", err)
	}
	for _, e := range entries {
		if _, err := factorio.ParseVersion(e.Name()); err == nil && e.IsDir() {
			add(s.path(e.Name()), Downloaded)
		}
	}
	for _, p := range s.cfg.Places {
		for _, dir := range p.Dirs() {
			add(dir, p.Source)
		}
	}
	for i := range found {
		if found[i].Source == Downloaded {
			found[i].Unverified = readAbout(found[i].Dir).Unverified
		}
	}
	return found
}

// List returns all copies, the newest version first.
func (s *Store) List() []Game {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.games)
	for i := range list {
		list[i].Users = s.users(list[i].Dir)
	}
	return list
}

// users is called with the lock held.
func (s *Store) users(dir string) (users []string) {
	for user, used := range s.uses {
		if used == dir {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users
}

// Folders returns the folders that AddFolder was told.
func (s *Store) Folders() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.folders)
}

// AddFolder makes the game in a folder one of this machine's, from here on.
func (s *Store) AddFolder(dir string) error {
	game, err := install.Open(dir)
	if err != nil {
		return fmt.Errorf("there is no Factorio in %s: choose the folder that holds “bin” and “data”: %w", dir, err)
	}
	dir = game.Dir()
	err = s.changeFolders(func(folders []string) ([]string, error) {
		switch {
		case slices.Contains(folders, dir):
			return folders, nil
		case len(folders) >= maxFolders:
			return nil, fmt.Errorf("more than %d folders are named", maxFolders)
		}
		return append(folders, dir), nil
	})
	if err != nil {
		return err
	}
	s.Scan()
	return nil
}

// ForgetFolder undoes AddFolder; the folder stays as it is.
func (s *Store) ForgetFolder(dir string) error {
	err := s.changeFolders(func(folders []string) ([]string, error) {
		at := slices.Index(folders, dir)
		if at < 0 {
			return nil, fmt.Errorf("the folder %s was not named here; named are: %s", dir, strings.Join(folders, ", "))
		}
		return slices.Delete(folders, at, at+1), nil
	})
	if err != nil {
		return err
	}
	s.Scan()
	return nil
}

func (s *Store) changeFolders(change func([]string) ([]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	folders, err := change(slices.Clone(s.folders))
	if err != nil {
		return err
	}
	if err := disk.WriteJSON(s.path(foldersIn), folders); err != nil {
		return fmt.Errorf("remember the folders of games: %w", err)
	}
	s.folders = folders
	return nil
}

// ErrUsed says that a game runs from what was to be removed.
var ErrUsed = errors.New("a game runs from it; stop it first")

// Remove deletes a version that was downloaded.
func (s *Store) Remove(v factorio.Version) error {
	dir := s.path(v.String())
	grave, err := s.bury(dir)
	if err != nil {
		return fmt.Errorf("remove Factorio %s: %w", v, err)
	}
	s.Scan()
	if err := os.RemoveAll(grave); err != nil {
		return fmt.Errorf("remove Factorio %s: %w", v, err) // the rest goes when the agent starts again
	}
	return nil
}

// bury renames the folder of a game so that nobody takes it any more, unless somebody has.
func (s *Store) bury(dir string) (grave string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if users := s.users(dir); len(users) > 0 {
		return "", fmt.Errorf("%w: %s", ErrUsed, strings.Join(users, ", "))
	}
	grave, err = os.MkdirTemp(s.cfg.Dir, removing)
	if err != nil {
		return "", err
	}
	if err := os.Rename(dir, filepath.Join(grave, "game")); err != nil {
		os.Remove(grave)
		if errors.Is(err, fs.ErrNotExist) {
			return "", errors.New("it was not downloaded by this host; what came with Steam or by hand is removed there")
		}
		return "", err
	}
	s.games = slices.DeleteFunc(slices.Clone(s.games), func(g Game) bool { return g.Dir == dir })
	return grave, nil
}
