package mods

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mainbus/controller/portal"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/transport/fetch"
)

const (
	detailsFresh   = time.Hour
	detailsKept    = 90 * 24 * time.Hour
	askedAtOnce    = 8
	unreachableFor = time.Minute // how long nobody asks a portal that can't be reached
	maxDetailsFile = 64 << 20
	maxLongText    = 64 << 10 // bytes of a description or changelog that are kept
	maxReleases    = 5000

	detailsEnd = ".json"
)

// Details is what the portal has told of a mod. All texts are foreign.
type Details struct {
	Entry
	Description string          `json:"description,omitempty"`
	Changelog   string          `json:"changelog,omitempty"`
	Homepage    string          `json:"homepage,omitempty"`
	Source      string          `json:"source,omitempty"`
	License     string          `json:"license,omitempty"`
	Tags        []string        `json:"tags,omitempty"`
	UpdatedAt   time.Time       `json:"updated_at,omitzero"`
	Releases    []PortalRelease `json:"releases,omitempty"`
	AskedAt     time.Time       `json:"asked_at"`
	Missing     bool            `json:"missing,omitempty"` // the portal has no mod of that name
}

// PortalRelease is a release as the portal tells of it.
type PortalRelease struct {
	Version      string    `json:"version"`
	Game         string    `json:"game"`
	Dependencies []string  `json:"dependencies,omitempty"`
	Flags        []string  `json:"flags,omitempty"`
	SHA1         string    `json:"sha1,omitempty"`
	FileName     string    `json:"file_name"`
	DownloadURL  string    `json:"download_url"`
	ReleasedAt   time.Time `json:"released_at,omitzero"`
}

// details asks the portal for mods, a file each.
type details struct {
	l  *Library
	mu sync.Mutex
	// A portal that can't be reached is not asked for hundreds of mods, each with its own patience.
	failedAt time.Time
	failure  string
}

// Details tells of a mod, from the disk if the portal was asked within the hour or can't be asked; problem says why it can't. The zero
// Details stands for nothing known. Errors are only those of ctx.
func (l *Library) Details(ctx context.Context, name string, refresh bool) (d Details, problem string, err error) {
	if name == "" || len(name) > 2*maxText {
		return Details{Missing: true}, "", nil
	}
	path := l.details.path(name)
	d, err = readDetails(path, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.log.Warn("what is known of a mod can't be read and is asked for anew", "mod", name, "err", err)
	}
	if age := l.now().Sub(d.AskedAt); age < detailsFresh && age >= 0 && !refresh {
		return d, "", nil
	}
	if problem = l.details.unreachable(refresh); problem != "" {
		return d, problem, nil
	}
	m, err := l.portal.Full(ctx, name)
	switch {
	case ctx.Err() != nil:
		return d, "", context.Cause(ctx)
	case errors.Is(err, portal.ErrNotFound):
		d = Details{Entry: Entry{Name: name}, AskedAt: l.now(), Missing: true}
	case err != nil:
		return d, l.details.failed(err), nil
	default:
		d = l.tellOf(name, m)
	}
	if err := writeDetails(path, d); err != nil {
		l.log.Warn("what the portal tells of a mod is not kept", "mod", name, "err", err)
	}
	return d, "", nil
}

func (t *details) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(t.l.dir, portalFolder, hex.EncodeToString(sum[:16])+detailsEnd)
}

func (t *details) unreachable(anyway bool) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if anyway || t.l.now().Sub(t.failedAt) > unreachableFor {
		return ""
	}
	return t.failure
}

// failed notes a failure of the portal. One that is about the mod that was asked for says nothing about others.
func (t *details) failed(err error) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	status, answered := errors.AsType[*fetch.StatusError](err)
	if !answered || status.Status >= 500 || status.Status == 429 {
		t.failedAt, t.failure = t.l.now(), err.Error()
	}
	return err.Error()
}

func (l *Library) tellOf(name string, m portal.Mod) Details {
	d := Details{
		Entry: entry(m), Description: cut(m.Description, maxLongText), Changelog: cut(m.Changelog, maxLongText), Homepage: cut(m.Homepage, 500),
		Source: cut(m.GitHubPath, 200), License: cut(cmp.Or(m.License.Title, m.License.Name), maxText), UpdatedAt: m.UpdatedAt.Time, AskedAt: l.now(),
	}
	d.Name = name
	for _, tag := range m.Tags.Items[:min(len(m.Tags.Items), 50)] {
		d.Tags = append(d.Tags, cut(tag, 50))
	}
	for _, r := range m.Releases.Items[max(0, len(m.Releases.Items)-maxReleases):] {
		told := PortalRelease{
			Version: r.Version, Game: r.GameVersion, Dependencies: r.Dependencies, SHA1: strings.ToLower(r.SHA1),
			FileName: r.FileName, DownloadURL: r.DownloadURL, ReleasedAt: r.ReleasedAt.Time,
		}
		for _, flag := range r.FeatureFlags.Items {
			if flag = strings.ReplaceAll(flag, "-", "_"); slices.Contains(modinfo.Flags, flag) {
				told.Flags = append(told.Flags, flag)
			}
		}
		d.Releases = append(d.Releases, told)
	}
	return d
}

func readDetails(path, name string) (Details, error) {
	file, err := os.Open(path)
	if err != nil {
		return Details{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxDetailsFile))
	if err != nil {
		return Details{}, err
	}
	var d Details
	if err := json.Unmarshal(text, &d); err != nil {
		return Details{}, err
	}
	if d.Name != name {
		return Details{}, fmt.Errorf("it is about %.100q", d.Name)
	}
	return d, nil
}

func writeDetails(path string, d Details) error {
	return replaceFile(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(d) })
}

// Releases implements Catalogue.
func (l *Library) Releases(ctx context.Context, names ...string) (map[string]Known, error) {
	var mu sync.Mutex
	all := make(map[string]Known, len(names))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan string)
	var workers sync.WaitGroup
	for range min(askedAtOnce, len(names)) {
		workers.Go(func() {
			for name := range next {
				known, err := l.known(ctx, name)
				if err != nil {
					cancel(err)
				}
				mu.Lock()
				all[name] = known
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("look for releases of mods: %w", context.Cause(ctx))
	}
	return all, nil
}

func (l *Library) known(ctx context.Context, name string) (Known, error) {
	if ctx.Err() != nil {
		return Known{}, context.Cause(ctx)
	}
	stored, err := l.index.Mods(ctx, name)
	if err != nil || name == "" {
		return Known{}, err
	}
	d, problem, err := l.Details(ctx, name, false)
	if err != nil {
		return Known{}, err
	}
	return d.known(stored, problem), nil
}

// known puts what the portal tells and what is stored together, by version.
func (d Details) known(stored []store.Mod, problem string) Known {
	byVersion := map[factorio.Version]Release{}
	for _, r := range d.Releases {
		if release, ok := parse(d.Name, r.Version, r.Game, r.Dependencies); ok {
			release.Flags, release.SHA1, release.ReleasedAt, release.OnPortal = r.Flags, r.SHA1, r.ReleasedAt, true
			byVersion[release.Version] = release
		}
	}
	for _, m := range stored {
		release, ok := parse(m.Name, m.Version, m.Game, m.Dependencies)
		if !ok || !m.DeletedAt.IsZero() {
			continue
		}
		d.Title = cmp.Or(d.Title, m.Title)
		told := byVersion[release.Version]
		release.Flags, release.SHA1, release.Size, release.Stored = m.Flags, m.SHA1, m.Bytes, true
		release.ReleasedAt, release.OnPortal = told.ReleasedAt, told.OnPortal
		byVersion[release.Version] = release
	}
	k := Known{Title: d.Title, Deprecated: d.Deprecated, AskedAt: d.AskedAt, Problem: problem}
	for _, r := range byVersion {
		k.Releases = append(k.Releases, r)
	}
	slices.SortFunc(k.Releases, func(a, b Release) int { return b.Version.Compare(a.Version) })
	return k
}

// parse reads the texts of a release. One with a dependency that can't be read is none: the game would not load it.
func parse(name, version, game string, dependencies []string) (r Release, ok bool) {
	r.Name = name
	var err, err2 error
	r.Version, err = factorio.ParseLenient(version)
	r.Game, err2 = factorio.ParseLenient(game)
	if err != nil || err2 != nil {
		return Release{}, false
	}
	r.Game.Patch = 0
	for _, text := range dependencies {
		d, err := modinfo.ParseDependency(text)
		if err != nil {
			return Release{}, false
		}
		r.Dependencies = append(r.Dependencies, d)
	}
	return r, true
}

// sweepDetails forgets mods that nobody has asked for in a long time.
func (l *Library) sweepDetails() error {
	dir := filepath.Join(l.dir, portalFolder)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || e.Name() == listFile || l.now().Sub(info.ModTime()) < detailsKept {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
