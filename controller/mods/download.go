package mods

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"mainbus/controller/portal"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/transport/fetch"
)

// downloadsAtOnce bounds what one task takes of the line and of the portal.
const downloadsAtOnce = 4

// Want names a release of the portal.
type Want struct {
	Name    string
	Version string // empty: the newest
	Game    string // "2.0": the newest for this version of the game
}

func (w Want) String() string { return strings.TrimSpace(w.Name + " " + w.Version) }

// Downloading is how far downloads are. Bytes are those of files that have begun.
type Downloading struct {
	Files, FilesDone int
	Bytes, BytesDone int64
}

// ErrNoRelease says that the portal has no such release.
var ErrNoRelease = errors.New("the mod portal has no such release")

// Download brings releases from the portal into the store; those that are there already are left. The others go on when one fails, and the
// error tells of each; a refused login (portal.ErrLogin) ends them all. progress may be nil, and is called by one goroutine at a time.
func (l *Library) Download(ctx context.Context, wants []Want, a account.Account, by string, progress func(Downloading)) ([]store.Mod, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &downloads{l: l, account: a, by: by, progress: progress, bytes: make([]fetch.Progress, len(wants))}
	d.at.Files = len(wants)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(downloadsAtOnce, len(wants)) {
		workers.Go(func() {
			for i := range next {
				err := d.one(ctx, i, wants[i])
				if errors.Is(err, portal.ErrLogin) || errors.Is(err, portal.ErrNeedsAccount) {
					cancel(err)
				}
			}
		})
	}
	for i := range wants {
		next <- i
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return d.mods, context.Cause(ctx)
	}
	return d.mods, errors.Join(d.errs...)
}

type downloads struct {
	l        *Library
	account  account.Account
	by       string
	progress func(Downloading)

	mu    sync.Mutex
	at    Downloading
	bytes []fetch.Progress // of each
	mods  []store.Mod
	errs  []error
}

func (d *downloads) one(ctx context.Context, i int, w Want) error {
	if ctx.Err() != nil {
		return nil
	}
	m, err := d.l.download(ctx, w, d.account, d.by, func(p fetch.Progress) { d.tell(i, p) })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at.FilesDone++
	if err != nil {
		err = fmt.Errorf("%s: %w", w, err)
		d.errs = append(d.errs, err)
	} else {
		d.mods = append(d.mods, m)
	}
	d.report()
	return err
}

func (d *downloads) tell(i int, p fetch.Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes[i] = p
	d.report()
}

// report needs the lock.
func (d *downloads) report() {
	if d.progress == nil {
		return
	}
	d.at.Bytes, d.at.BytesDone = 0, 0
	for _, p := range d.bytes {
		d.at.Bytes += max(p.Total, p.Done, 0)
		d.at.BytesDone += p.Done
	}
	d.progress(d.at)
}

func (l *Library) download(ctx context.Context, w Want, a account.Account, by string, progress func(fetch.Progress)) (store.Mod, error) {
	d, problem, err := l.Details(ctx, w.Name, false)
	if err != nil {
		return store.Mod{}, err
	}
	r, version, err := d.choose(w)
	if err != nil {
		if problem != "" {
			err = fmt.Errorf("%w, as far as is known: %s", err, problem)
		}
		return store.Mod{}, err
	}
	if old, err := l.Mod(ctx, w.Name, version.String()); err == nil && old.SHA1 == r.SHA1 && l.Problem(old) == "" {
		return old, nil
	}
	release := portal.Release{Version: r.Version, FileName: r.FileName, DownloadURL: r.DownloadURL, SHA1: r.SHA1}
	leave, err := l.alone(ctx, r.FileName) // a file is downloaded once, whoever wants it
	if err != nil {
		return store.Mod{}, err
	}
	defer leave()
	if old, err := l.Mod(ctx, w.Name, version.String()); err == nil && old.SHA1 == r.SHA1 && l.Problem(old) == "" {
		return old, nil
	}
	got, err := l.portal.Download(ctx, release, a, l.incoming(), progress)
	if err != nil {
		return store.Mod{}, err
	}
	defer os.Remove(got.Path)
	m, _, err := l.take(ctx, got.Path, Origin{Source: "portal", By: by}, nil, func(f found) error {
		if f.Name != w.Name || f.Version != version {
			return fmt.Errorf("the portal's file holds %.100s %v in place of it", f.Name, f.Version)
		}
		return nil
	})
	return m, err
}

// choose finds the release that is wanted.
func (d Details) choose(w Want) (best PortalRelease, version factorio.Version, err error) {
	var wanted factorio.Version
	if w.Version != "" {
		if wanted, err = factorio.ParseLenient(w.Version); err != nil {
			return best, version, fmt.Errorf("%q is no version of a mod", w.Version)
		}
	}
	found := false
	for _, r := range d.Releases {
		v, err := factorio.ParseLenient(r.Version)
		if err != nil || w.Version != "" && v != wanted || w.Game != "" && !suits(r.Game, w.Game) {
			continue
		}
		if !found || v.Compare(version) > 0 {
			best, version, found = r, v, true
		}
	}
	if !found {
		return best, version, ErrNoRelease
	}
	return best, version, nil
}

func suits(release, game string) bool {
	f, err := factorio.ParseLenient(release)
	g, err2 := factorio.ParseLenient(game)
	return err == nil && err2 == nil && modinfo.Info{FactorioVersion: f}.RunsIn(g)
}

// alone waits until nobody else downloads a file, and returns what lets the next one.
func (l *Library) alone(ctx context.Context, file string) (release func(), err error) {
	for {
		l.downloading.Lock()
		other, busy := l.downloading.files[file]
		if !busy {
			done := make(chan struct{})
			l.downloading.files[file] = done
			l.downloading.Unlock()
			return func() {
				l.downloading.Lock()
				delete(l.downloading.files, file)
				l.downloading.Unlock()
				close(done)
			}, nil
		}
		l.downloading.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
