package games

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/internal/unpack"
	"mainbus/hostagent/releases"
	"mainbus/transport/fetch"
)

const (
	// The headless server is packed to less than a fifth. What it really takes is known when it has come, and looked at again then.
	unpackedTimes = 6
	unknownSize   = 1 << 30  // needed for a download whose size is not told
	spare         = 64 << 20 // that a disk shall have left
	maxFailed     = 20
)

var errCancelled = errors.New("the download was cancelled")

// ErrNoDownload says that nothing can be downloaded for this system.
var ErrNoDownload = errors.New("for this system there is no headless server to download; install the game that you own, with Steam or from factorio.com")

// Download is one that goes on, or the last one of its version if it failed.
type Download struct {
	Version     factorio.Version
	Phase       string // "downloading", "unpacking"; empty if it failed
	Done, Total int64  // bytes of the phase; Total is -1 where it is not known
	Failure     string // a sentence; empty while it goes on
}

// Percent is how far the phase is; -1 if that can't be told.
func (d Download) Percent() int {
	if d.Total <= 0 {
		return -1
	}
	return int(d.Done * 100 / d.Total)
}

func (d Download) String() string {
	if p := d.Percent(); p >= 0 {
		return fmt.Sprintf("%s Factorio %s, %d %%", d.Phase, d.Version, p)
	}
	return fmt.Sprintf("%s Factorio %s", d.Phase, d.Version)
}

// job is a download that goes on. There is one for a version however many want it, and it goes on when they have left.
type job struct {
	state  Download
	cancel context.CancelCauseFunc
	ended  chan struct{}
	err    error // when it has ended
}

// Downloads returns those that go on and those that have failed last, by version.
func (s *Store) Downloads() (list []Download) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		list = append(list, j.state)
	}
	for v, failure := range s.failed {
		list = append(list, Download{Version: v, Failure: failure})
	}
	slices.SortFunc(list, func(a, b Download) int { return b.Version.Compare(a.Version) })
	return list
}

// Download begins to download a version, unless it is here or on its way.
func (s *Store) Download(v factorio.Version) error {
	if s.cfg.Distro == "" {
		return ErrNoDownload
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.games {
		if g.Source == Downloaded && g.Version.Compare(v) == 0 && g.Problem == "" {
			return fmt.Errorf("version %s was downloaded already", v)
		}
	}
	s.join(v)
	return nil
}

// Cancel ends a download for all who want it. What came is kept for the next one. A failed one is not shown any more.
func (s *Store) Cancel(v factorio.Version) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, failed := s.failed[v]
	delete(s.failed, v)
	if j := s.jobs[v]; j != nil {
		j.cancel(errCancelled)
		return nil
	}
	if !failed {
		return fmt.Errorf("version %s is not being downloaded", v)
	}
	defer s.cfg.Changed()
	return nil
}

// join returns the job for a version, begun if there was none. It is called with the lock held.
func (s *Store) join(v factorio.Version) *job {
	if j := s.jobs[v]; j != nil {
		return j
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	j := &job{state: Download{Version: v, Phase: "downloading", Total: -1}, cancel: cancel, ended: make(chan struct{})}
	s.jobs[v] = j
	delete(s.failed, v)
	s.workers.Go(func() {
		defer cancel(nil)
		err := s.get(ctx, j)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		s.end(j, err)
	})
	defer s.cfg.Changed()
	return j
}

func (s *Store) end(j *job, err error) {
	if err == nil {
		s.Scan()
	}
	s.mu.Lock()
	v := j.state.Version
	delete(s.jobs, v)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errCancelled) && len(s.failed) < maxFailed {
		s.failed[v] = err.Error()
	}
	s.mu.Unlock()
	if err != nil {
		s.cfg.Log.Error("the game could not be downloaded", "version", v.String(), "err", err)
	} else {
		s.cfg.Log.Info("the game was downloaded", "version", v.String())
	}
	j.err = err
	close(j.ended)
	s.cfg.Changed()
}

// await downloads a version, or waits for the download that goes on.
func (s *Store) await(ctx context.Context, v factorio.Version, tell func(string)) error {
	s.mu.Lock()
	j := s.join(v)
	s.mu.Unlock()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		s.mu.Lock()
		state := j.state
		s.mu.Unlock()
		tell(state.String())
		select {
		case <-j.ended:
			return j.err
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// progress notes how far a job is. Changed is called when there is another percent to show.
func (s *Store) progress(j *job, phase string, done, total int64) {
	s.mu.Lock()
	was := j.state
	j.state.Phase, j.state.Done, j.state.Total = phase, done, total
	differs := j.state.String() != was.String()
	s.mu.Unlock()
	if differs {
		s.cfg.Changed()
	}
}

// get downloads, unpacks and puts in place.
func (s *Store) get(ctx context.Context, j *job) error {
	v := j.state.Version
	archive := s.path(downloads, fmt.Sprintf("factorio-headless-%s-%s.tar.xz", s.cfg.Distro, v))
	a, err := s.fetch(ctx, j, archive)
	if err != nil {
		return err
	}
	err = s.unpack(ctx, j, archive, a)
	if err == nil || ctx.Err() == nil && !errors.Is(err, errNoSpace) { // a bad archive is of no use to the next try
		os.Remove(archive + ".json")
		os.Remove(archive)
	}
	return err
}

// about is what is remembered of a download.
type about struct {
	Name       string `json:"name"`
	SHA256     string `json:"sha256"`
	Size       int64  `json:"size"`
	Unverified string `json:"unverified,omitempty"` // why the SHA-256 was compared with no published one
}

// fetch brings the archive, unless an earlier life has and did not get to unpack it.
func (s *Store) fetch(ctx context.Context, j *job, archive string) (a about, err error) {
	if disk.ReadJSON(archive+".json", &a) == nil {
		if info, err := os.Stat(archive); err == nil && info.Size() == a.Size {
			return a, nil
		}
	}
	wanted := releases.Wanted{Version: j.state.Version, Build: releases.Headless, Distro: s.cfg.Distro}
	result, err := s.cfg.Releases.Download(ctx, wanted, account.Account{}, releases.To{
		Target: archive, Keep: true,
		Begin: func(p fetch.Progress) error {
			need := int64(unknownSize)
			if p.Total >= 0 {
				need = p.Total - p.Done + unpackedTimes*p.Total
			}
			return s.room(need)
		},
		Progress: func(p fetch.Progress) { s.progress(j, "downloading", p.Done, p.Total) },
	})
	if err != nil {
		return about{}, err
	}
	a = about{Name: fetch.Line(result.Name), SHA256: result.SHA256, Size: result.Size, Unverified: result.Unverified}
	return a, disk.WriteJSON(archive+".json", a)
}

var errNoSpace = errors.New("the disk is too full")

// room tells whether so many bytes more fit on the disk.
func (s *Store) room(need int64) error {
	free, err := s.cfg.Free(s.cfg.Dir)
	if err != nil {
		s.cfg.Log.Warn("how much space is left can't be told", "folder", s.cfg.Dir, "err", err)
		return nil // writing will tell
	}
	if free < need+spare {
		return fmt.Errorf("%w: about %d MB are needed in %s, %d MB are free; free some space, then try again", errNoSpace, (need+spare)>>20+1, s.cfg.Dir, free>>20)
	}
	return nil
}

// unpack takes the archive apart beside its place and renames the whole into it.
func (s *Store) unpack(ctx context.Context, j *job, archive string, a about) error {
	v := j.state.Version
	size, err := unpack.Size(archive)
	if err != nil {
		return err
	}
	if err := s.room(size); err != nil {
		return err
	}
	beside, err := os.MkdirTemp(s.cfg.Dir, unpacking)
	if err != nil {
		return fmt.Errorf("unpack Factorio %s: %w", v, err)
	}
	defer os.RemoveAll(beside)
	s.progress(j, "unpacking", 0, size)
	if err := unpack.TarXZ(ctx, archive, beside, func(done, total int64) { s.progress(j, "unpacking", done, total) }); err != nil {
		return explainFull(err)
	}
	root, err := s.check(ctx, beside, v)
	if err != nil {
		return err
	}
	if err := disk.WriteJSON(filepath.Join(root, aboutIn), a); err != nil {
		return explainFull(err)
	}
	if err := unpack.Sync(beside); err != nil {
		return explainFull(err)
	}
	target := s.path(v.String())
	if _, err := os.Lstat(target); err == nil { // what is there is broken, or it would not have been downloaded
		grave, err := s.bury(target)
		if err != nil {
			return fmt.Errorf("replace Factorio %s: %w", v, err)
		}
		defer os.RemoveAll(grave)
	}
	if err := os.Rename(root, target); err != nil {
		return fmt.Errorf("put Factorio %s in its place: %w", v, err)
	}
	return nil
}

// check looks at what was unpacked: it is one folder that holds the game, which runs here and is of the version that was wanted.
func (s *Store) check(ctx context.Context, beside string, v factorio.Version) (root string, err error) {
	entries, err := os.ReadDir(beside)
	if err != nil {
		return "", err
	}
	if len(entries) != 1 || !entries[0].IsDir() {
		return "", fmt.Errorf("what came as Factorio %s is not one folder with the game", v)
	}
	root = filepath.Join(beside, entries[0].Name())
	game, err := install.Open(root)
	if err != nil {
		return "", fmt.Errorf("what came as Factorio %s is no game: %w", v, err)
	}
	id, err := game.Identify(ctx)
	if err != nil {
		return "", fmt.Errorf("version %s came, but does not run on this machine: %w", v, err)
	}
	if id.Version.Compare(v) != 0 {
		return "", fmt.Errorf("what came as Factorio %s says that it is %s", v, id.Version)
	}
	return root, nil
}

func explainFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: free some space, then try again: %w", errNoSpace, err)
	}
	return err
}

func readAbout(dir string) (a about) {
	text, err := disk.Read(filepath.Join(dir, aboutIn))
	if err != nil || json.Unmarshal(text, &a) != nil {
		return about{Unverified: "it is not known where it came from"}
	}
	return a
}
