package controller

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/credentials"
	"mainbus/controller/login"
	"mainbus/controller/mods"
	"mainbus/controller/portal"
	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
)

const (
	defaultPortalPage = 50
	maxPortalPage     = 200
	maxModsAtOnce     = 1000 // mods at once
	maxReleasesShown  = 1000
)

// modPortal is what the controller needs to ask the mod portal, besides its mods.
type modPortal struct {
	web      *fetch.Client
	login    *login.Client
	accounts *credentials.Keeper

	mu       sync.Mutex
	refused  bool          // the portal has not taken the account
	updating chan struct{} // closed when the list has been asked for; nil: it is not
}

// openMods opens the mods of the data folder.
func (c *Controller) openMods() (err error) {
	web := fetch.New(fetch.Options{})
	ring := c.cfg.Keyring
	if ring == nil {
		ring = credentials.System()
	}
	c.modPortal.web, c.modPortal.login = web, login.New(web, c.cfg.Auth)
	c.modPortal.accounts = credentials.New(c.cfg.DataDir, c.id.ID().Short(), ring)
	c.mods, err = mods.Open(c.ctx, mods.Config{
		Dir: filepath.Join(c.cfg.DataDir, modsFolder), Index: c.store, Portal: portal.New(web, c.cfg.Portal), Log: c.log,
	})
	return err
}

// updateList has the portal asked for its list, and returns what is closed when that is done. It is asked once at a time.
func (c *Controller) updateList(game string) <-chan struct{} {
	p := &c.modPortal
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.updating != nil {
		return p.updating
	}
	done := make(chan struct{})
	p.updating = done
	c.group.Go(func() {
		if err := c.mods.Update(c.ctx, game); err != nil && c.ctx.Err() == nil {
			c.log.Info("the list of the portal's mods is as old as it was", "err", err)
		}
		p.mu.Lock()
		p.updating = nil
		p.mu.Unlock()
		close(done)
		c.changes.cluster()
	})
	return done
}

func (s *service) SearchPortal(ctx context.Context, _ api.Caller, r api.SearchPortal) (api.PortalPage, error) {
	outdated, empty := s.mods.Outdated(r.Game)
	if outdated || r.Refresh {
		done := s.updateList(r.Game)
		if empty || r.Refresh {
			select {
			case <-done:
			case <-time.After(maxWait):
			case <-ctx.Done():
				return api.PortalPage{}, context.Cause(ctx)
			}
		}
	}
	if r.Limit <= 0 {
		r.Limit = defaultPortalPage
	}
	found := s.mods.Search(mods.Query{
		Text: r.Text, Game: r.Game, Category: r.Category, ShowsDeprecated: r.ShowsDeprecated, Offset: r.Offset, Limit: min(r.Limit, maxPortalPage),
	})
	stored, err := s.storedNames(ctx)
	if err != nil {
		return api.PortalPage{}, err
	}
	page := api.PortalPage{
		Mods: []api.PortalMod{}, Found: found.Found, Known: found.Known, Categories: shownAll(found.Categories, 100, 50),
		AskedAt: timeOrNil(found.AskedAt), Problem: shown(found.Problem, 500),
	}
	for _, e := range found.Mods {
		page.Mods = append(page.Mods, viewEntry(e, stored[e.Name]))
	}
	s.modPortal.mu.Lock()
	page.Updating = s.modPortal.updating != nil
	s.modPortal.mu.Unlock()
	return page, nil
}

func (s *service) storedNames(ctx context.Context) (map[string]bool, error) {
	rows, err := s.mods.Mods(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, m := range rows {
		if m.DeletedAt.IsZero() {
			names[m.Name] = true
		}
	}
	return names, nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func viewEntry(e mods.Entry, stored bool) api.PortalMod {
	return api.PortalMod{
		Name: e.Name, Title: shown(e.Title, 200), Owner: shown(e.Owner, 200), Summary: shown(e.Summary, 1000), Category: shown(e.Category, 50),
		Downloads: e.Downloads, Deprecated: e.Deprecated, Version: shown(e.Version, 40), Game: shown(e.Game, 20), Stored: stored,
	}
}

func (s *service) ModDetails(ctx context.Context, _ api.Caller, r api.AskMod) (api.ModDetails, error) {
	d, problem, err := s.mods.Details(ctx, r.Name, r.Refresh)
	if err != nil {
		return api.ModDetails{}, err
	}
	all, err := s.mods.Releases(ctx, r.Name)
	if err != nil {
		return api.ModDetails{}, err
	}
	releases := all[r.Name].Releases
	if len(releases) == 0 && (d.Missing || d.AskedAt.IsZero()) {
		if problem != "" {
			return api.ModDetails{}, api.Errorf(api.Unavailable, "Try again when there is a connection.", "nothing is known of the mod %s: %s", r.Name, problem)
		}
		return api.ModDetails{}, api.Errorf(api.NotFound, "Search for it: mainbusctl mods search", "the mod portal has no mod %q", r.Name)
	}
	view := api.ModDetails{
		PortalMod: viewEntry(d.Entry, false), Description: shownText(d.Description), Changelog: shownText(d.Changelog), Homepage: shown(d.Homepage, 500),
		Source: shown(d.Source, 200), License: shown(d.License, 200), Tags: shownAll(d.Tags, 50, 50), UpdatedAt: timeOrNil(d.UpdatedAt),
		Releases: []api.ModRelease{}, AskedAt: timeOrNil(d.AskedAt), Problem: shown(problem, 500),
	}
	view.Name = r.Name
	for _, release := range releases[:min(len(releases), maxReleasesShown)] {
		view.Stored = view.Stored || release.Stored
		told := api.ModRelease{
			Version: release.Version.String(), Game: fmt.Sprintf("%d.%d", release.Game.Major, release.Game.Minor), Dependencies: []string{}, Flags: shownAll(release.Flags, 50, 50),
			ReleasedAt: timeOrNil(release.ReleasedAt), SHA1: shown(release.SHA1, 40), OnPortal: release.OnPortal, Stored: release.Stored,
		}
		for _, dependency := range release.Dependencies {
			told.Dependencies = append(told.Dependencies, shown(dependency.String(), 200))
		}
		view.Releases = append(view.Releases, told)
	}
	return view, nil
}

// shownText is a foreign text of several lines.
func shownText(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(shown(line, 10_000), " ")
	}
	return strings.Join(lines, "\n")
}

const logInFirst = "Log in: mainbusctl mods account login NAME"

func (s *service) DownloadMods(_ context.Context, c api.Caller, r api.DownloadMods) (api.Task, error) {
	if len(r.Mods) == 0 || len(r.Mods) > maxModsAtOnce {
		return api.Task{}, api.Errorf(api.Invalid, "", "%d mods at once: 1 to %d are possible", len(r.Mods), maxModsAtOnce)
	}
	var wants []mods.Want
	for _, m := range r.Mods {
		wants = append(wants, mods.Want{Name: m.Name, Version: m.Version, Game: m.Game})
	}
	return s.downloadMods(c, wants)
}

// downloadMods brings releases of the portal into the store, as a task.
func (s *service) downloadMods(c api.Caller, wants []mods.Want) (api.Task, error) {
	a, err := s.portalAccount()
	if err != nil {
		return api.Task{}, err
	}
	title := "Download " + shown(wants[0].String(), 100)
	if len(wants) > 1 {
		title = fmt.Sprintf("Download %d mods", len(wants))
	}
	return s.startTask(title, "", func(ctx context.Context, t *task) (string, error) {
		defer s.modsMoved()
		return s.download(ctx, t, wants, a, c.Name)
	})
}

// portalAccount is that by which mods are downloaded.
func (s *service) portalAccount() (account.Account, error) {
	a, _, err := s.modPortal.accounts.Load()
	switch {
	case err != nil:
		err = api.Errorf(api.LoginNeeded, logInFirst, "%v", err)
	case a.IsZero():
		err = api.Errorf(api.LoginNeeded, logInFirst, "the mod portal gives mods to owners of the game only: it needs a factorio.com account")
	}
	return a, err
}

func (s *service) download(ctx context.Context, t *task, wants []mods.Want, a account.Account, by string) (string, error) {
	got, err := s.mods.Download(ctx, wants, a, by, func(d mods.Downloading) {
		phase := "downloading"
		if d.Files > 1 {
			phase = fmt.Sprintf("downloading, %d of %d done", d.FilesDone, d.Files)
		}
		t.progress(phase, d.BytesDone, d.Bytes)
	})
	result := fmt.Sprintf("%d stored", len(got))
	if len(got) == 1 {
		result = got[0].FileName
	}
	switch refused := errors.Is(err, portal.ErrLogin); {
	case refused || err == nil && len(got) > 0:
		s.modPortal.mu.Lock()
		s.modPortal.refused = refused
		s.modPortal.mu.Unlock()
		if refused {
			return result, api.Errorf(api.LoginNeeded, logInFirst, "%v", portal.ErrLogin)
		}
	case ctx.Err() != nil:
		return result, err
	case err != nil:
		return result, api.Errorf(api.Unavailable, "", "%s", shown(strings.ReplaceAll(err.Error(), "\n", "; "), 2000))
	}
	return result, nil
}

func (s *service) PortalAccount(context.Context, api.Caller) (api.PortalAccount, error) {
	var view api.PortalAccount
	var err error
	view.Username, view.Place, err = s.modPortal.accounts.User()
	if err != nil {
		view.Problem = shown(err.Error(), 500)
	}
	s.modPortal.mu.Lock()
	defer s.modPortal.mu.Unlock()
	view.Refused = s.modPortal.refused && view.Username != ""
	return view, nil
}

func (s *service) SetPortalAccount(ctx context.Context, c api.Caller, r api.SetPortalAccount) (api.PortalAccount, error) {
	a := account.Account{Username: strings.TrimSpace(r.Username), Token: strings.TrimSpace(r.Token)}
	if a.Username == "" || (a.Token == "") == (r.Password == "") {
		return api.PortalAccount{}, api.Errorf(api.Invalid, "The token is in player-data.json of your game, or on factorio.com/profile.", "an account is a name with either its token or its password")
	}
	if r.Password != "" {
		var err error
		a, err = s.modPortal.login.LogIn(ctx, login.Attempt{Name: a.Username, Password: r.Password, EmailCode: r.EmailCode})
		if err := loginError(err); err != nil {
			return api.PortalAccount{}, err
		}
	}
	if len(a.Username) > 200 || len(a.Token) > 200 || strings.ContainsFunc(a.Username+a.Token, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return api.PortalAccount{}, api.Errorf(api.Invalid, "", "that is no name or no token of factorio.com")
	}
	if _, err := s.modPortal.accounts.Save(a); err != nil {
		return api.PortalAccount{}, err
	}
	s.modPortal.mu.Lock()
	s.modPortal.refused = false
	s.modPortal.mu.Unlock()
	s.changes.cluster()
	return s.PortalAccount(ctx, c)
}

func loginError(err error) error {
	var refused *login.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, login.ErrEmailCode):
		return api.Errorf(api.EmailCodeNeeded, "Log in again with the code.", "%v", login.ErrEmailCode)
	case errors.As(err, &refused):
		return api.Errorf(api.Refused, "Look at name and password; an account can be locked by wrong ones.", "%v", refused)
	}
	return api.Errorf(api.Unavailable, "", "%v", err)
}

func (s *service) ForgetPortalAccount(ctx context.Context, c api.Caller) (api.PortalAccount, error) {
	if err := s.modPortal.accounts.Forget(); err != nil {
		return api.PortalAccount{}, err
	}
	s.changes.cluster()
	return s.PortalAccount(ctx, c)
}
