package mods

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mainbus/controller/portal"
)

const (
	listFresh   = 6 * time.Hour   // after which the portal is asked anew when somebody searches
	listRetry   = 5 * time.Minute // after a failure
	listPage    = 1000            // mods that are asked for at once
	maxListPage = 1000            // pages
	maxListed   = 300_000         // mods; the portal has a tenth of that
	maxListFile = 512 << 20       // bytes, unpacked

	listFile = "list.json.gz"
)

// Entry is a mod in the portal's list. All texts are foreign.
type Entry struct {
	Name       string   `json:"name"`
	Title      string   `json:"title,omitempty"`
	Owner      string   `json:"owner,omitempty"`
	Summary    string   `json:"summary,omitempty"`
	Category   string   `json:"category,omitempty"`
	Downloads  int64    `json:"downloads,omitempty"`
	Deprecated bool     `json:"deprecated,omitempty"`
	Version    string   `json:"version,omitempty"` // of the newest release
	Game       string   `json:"game,omitempty"`    // that one is for
	Games      []string `json:"games,omitempty"`   // versions of the game that it was found to have a release for
}

// catalog is the portal's list as it was at one time. It is not changed once it is made.
type catalog struct {
	AskedAt time.Time            `json:"asked_at"`
	Games   map[string]time.Time `json:"games"` // versions of the game whose mods were asked for, and when
	Mods    []Entry              `json:"mods"`  // by downloads, the most first

	folded     []string // what is searched, of each mod
	categories []string
}

// finish sorts the list and makes what a search needs.
func (c *catalog) finish() *catalog {
	slices.SortStableFunc(c.Mods, func(a, b Entry) int {
		switch {
		case a.Downloads != b.Downloads:
			return int(max(-1, min(1, b.Downloads-a.Downloads)))
		}
		return strings.Compare(a.Name, b.Name)
	})
	categories := map[string]bool{}
	c.folded = make([]string, len(c.Mods))
	for i, m := range c.Mods {
		c.folded[i] = strings.ToLower(m.Name + "\x00" + m.Title + "\x00" + m.Owner + "\x00" + m.Summary)
		if m.Category != "" {
			categories[m.Category] = true
		}
	}
	c.categories = slices.Sorted(maps.Keys(categories))
	return c
}

// list keeps the newest catalog.
type list struct {
	l       *Library
	load    sync.Once
	asking  sync.Mutex // held while the portal is asked
	mu      sync.Mutex
	now     *catalog
	tried   time.Time // the last attempt, if it failed
	failure string
}

// get returns the newest catalog, at first from the disk.
func (t *list) get() (c *catalog, failure string) {
	t.load.Do(func() {
		c, err := readCatalog(t.path())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.l.log.Warn("the list of the portal's mods can't be read and will be asked for anew", "err", err)
		}
		if c == nil {
			c = &catalog{}
		}
		t.put(c)
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now, t.failure
}

func (t *list) put(c *catalog) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = c
}

func (t *list) fail(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tried, t.failure = time.Time{}, ""
	if err != nil {
		t.tried, t.failure = t.l.now(), err.Error()
	}
	return err
}

func (t *list) path() string { return filepath.Join(t.l.dir, portalFolder, listFile) }

// Outdated tells whether the portal should be asked for its list before a search among the mods for a version of the game ("2.0"; empty:
// all), and whether nothing is known yet that could be searched.
func (l *Library) Outdated(game string) (outdated, empty bool) {
	c, _ := l.list.get()
	l.list.mu.Lock()
	tried := l.list.tried
	l.list.mu.Unlock()
	asked := c.AskedAt
	if game != "" && c.Games[game].Before(asked) {
		asked = c.Games[game]
	}
	now := l.now()
	return now.Sub(asked) > listFresh && now.Sub(tried) > listRetry, c.AskedAt.IsZero()
}

// Update asks the portal for its list, and for which mods have a release for a version of the game ("2.0"; empty: for those that were asked
// for before). What was known stays until all has come, and if it does not come.
func (l *Library) Update(ctx context.Context, game string) error {
	t := &l.list
	t.asking.Lock()
	defer t.asking.Unlock()
	old, _ := t.get()
	next, err := l.askList(ctx, old, game)
	if err == nil {
		t.put(next)
		err = writeCatalog(t.path(), next)
	}
	if err != nil {
		err = fmt.Errorf("ask the mod portal for its mods: %w", err)
	}
	return t.fail(err)
}

func (l *Library) askList(ctx context.Context, old *catalog, game string) (*catalog, error) {
	began := l.now()
	// The list does not tell which mods are deprecated; those are what is left out when they are to be hidden.
	current := map[string]bool{}
	var mods []Entry
	if err := l.pages(ctx, portal.Query{}, func(m portal.Mod) {
		current[m.Name] = true
		mods = append(mods, entry(m))
	}); err != nil {
		return nil, err
	}
	if old.AskedAt.IsZero() { // it can be searched already
		l.list.put((&catalog{AskedAt: began, Mods: slices.Clone(mods)}).finish())
	}
	if err := l.pages(ctx, portal.Query{ShowsDeprecated: true}, func(m portal.Mod) {
		if !current[m.Name] {
			e := entry(m)
			e.Deprecated = true
			mods = append(mods, e)
		}
	}); err != nil {
		return nil, err
	}
	next := &catalog{AskedAt: began, Games: map[string]time.Time{}, Mods: mods}
	games := slices.Sorted(maps.Keys(old.Games))
	if game != "" && !slices.Contains(games, game) {
		games = append(games, game)
	}
	have := map[string][]string{}
	for _, g := range games {
		next.Games[g] = began
		if err := l.pages(ctx, portal.Query{GameVersion: g, ShowsDeprecated: true}, func(m portal.Mod) { have[m.Name] = append(have[m.Name], g) }); err != nil {
			return nil, err
		}
	}
	for i := range next.Mods {
		next.Mods[i].Games = have[next.Mods[i].Name]
	}
	return next.finish(), nil
}

// pages asks for all pages of a list, one after the other: each has its own deadline, so that a slow line brings them all.
func (l *Library) pages(ctx context.Context, q portal.Query, each func(portal.Mod)) error {
	q.Sort, q.PageSize = "name", listPage
	seen := map[string]bool{} // a mod that is published meanwhile moves the others
	for q.Page = 1; ; q.Page++ {
		page, err := l.portal.List(ctx, q)
		if err != nil {
			return err
		}
		for _, m := range page.Mods {
			if !seen[m.Name] {
				seen[m.Name] = true
				each(m)
			}
		}
		if len(seen) > maxListed || page.Pages > maxListPage {
			return errors.New("it tells of more mods than there can be")
		}
		if q.Page >= page.Pages {
			return nil
		}
	}
}

func entry(m portal.Mod) Entry {
	e := Entry{
		Name: cut(m.Name, maxText), Title: cut(m.Title, maxText), Owner: cut(m.Owner, maxText), Summary: cut(m.Summary, 1000), Category: cut(m.Category, 50),
		Downloads: int64(m.DownloadsCount), Deprecated: bool(m.Deprecated),
	}
	latest := m.LatestRelease
	if latest == nil && len(m.Releases.Items) > 0 {
		latest = &m.Releases.Items[len(m.Releases.Items)-1]
	}
	if latest != nil {
		e.Version, e.Game = cut(latest.Version, 40), cut(latest.GameVersion, 20)
	}
	return e
}

func readCatalog(path string) (*catalog, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var c catalog
	if err := json.NewDecoder(io.LimitReader(unpacked, maxListFile)).Decode(&c); err != nil {
		return nil, err
	}
	if len(c.Mods) > maxListed {
		return nil, fmt.Errorf("%d mods", len(c.Mods))
	}
	return c.finish(), nil
}

func writeCatalog(path string, c *catalog) error {
	return replaceFile(path, func(w io.Writer) error {
		packed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		return errors.Join(err, json.NewEncoder(packed).Encode(c), packed.Close())
	})
}

// replaceFile writes a file that is the old or the new one, whenever the program is killed. After a power cut it may be gone: it holds only
// what can be asked for again.
func replaceFile(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	err = errors.Join(write(part), part.Close())
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		os.Remove(part.Name())
	}
	return explain(err, path)
}
