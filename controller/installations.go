package controller

import (
	"context"
	"time"

	"mainbus/controller/api"
	"mainbus/hostagent/factorio"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

// What a host may tell of its games.
const (
	maxGames     = 200
	maxDownloads = 50
	maxReleases  = 5000
)

// hearGames takes in which copies of the game a host has.
func (c *Controller) hearGames(ctx context.Context, conn *link.Conn, h *host) error {
	return hear(ctx, conn, wire.Method_METHOD_GAMES, &wire.Empty{}, func(m *wire.Games) error {
		c.hosts.hasGames(h, m)
		return nil
	})
}

// hasGames takes in the copies of the game on a host, in place of those before.
func (hs *hosts) hasGames(h *host, m *wire.Games) {
	m.Games, m.Downloads = m.Games[:min(len(m.Games), maxGames)], m.Downloads[:min(len(m.Downloads), maxDownloads)]
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.games, h.row.GameVersion = m, shown(m.GetDefaultVersion(), 40)
	hs.changed()
}

func (s *service) Games(ctx context.Context, _ api.Caller, r api.GamesOf) ([]api.HostGames, error) {
	list := s.hosts.all()
	if r.Host != "" {
		h, err := s.pairedHost(r.Host)
		if err != nil {
			return nil, err
		}
		list = []*host{h}
	}
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	views := make([]api.HostGames, 0, len(list))
	for _, h := range list {
		views = append(views, viewGames(s.hosts.snapshot(h), names))
	}
	return views, nil
}

func viewGames(now snapshot, names map[string]string) api.HostGames {
	v := api.HostGames{
		Host: now.id.Short(), HostName: now.row.Name, Known: now.games != nil, Platform: shown(now.games.GetPlatform(), 20),
		Games: []api.Game{}, Downloads: []api.GameDownload{},
	}
	for _, g := range now.games.GetGames() {
		game := api.Game{
			Version: shown(g.GetVersion(), 40), Build: g.GetBuild(), Platform: shown(g.GetPlatform(), 20), Edition: shown(g.GetEdition(), 60),
			Folder: shown(g.GetFolder(), 500), Source: shown(g.GetSource(), 20), Problem: shown(g.GetProblem(), 500),
			Unverified: shown(g.GetUnverified(), 300), Instances: []string{},
		}
		for _, id := range g.GetInstances()[:min(len(g.GetInstances()), maxHostInstances)] {
			if name := names[id]; name != "" {
				game.Instances = append(game.Instances, name)
			}
		}
		v.Games = append(v.Games, game)
	}
	for _, d := range now.games.GetDownloads() {
		v.Downloads = append(v.Downloads, api.GameDownload{
			Version: shown(d.GetVersion(), 40), Phase: shown(d.GetPhase(), 40), Done: d.GetDone(), Total: d.GetTotal(), Failure: shown(d.GetFailure(), 500),
		})
	}
	return v
}

func (s *service) AvailableGames(ctx context.Context, _ api.Caller, r api.AskAvailable) (api.AvailableGames, error) {
	h, err := s.pairedHost(r.Host)
	if err != nil {
		return api.AvailableGames{}, err
	}
	var m wire.AvailableGames
	if err := s.call(ctx, h, wire.Method_METHOD_GAMES_AVAILABLE, &wire.AvailableAsk{Now: r.Now}, &m); err != nil {
		return api.AvailableGames{}, err
	}
	v := api.AvailableGames{
		Platform: shown(s.hosts.snapshot(h).games.GetPlatform(), 20), Stable: shown(m.GetStable(), 40), Experimental: shown(m.GetExperimental(), 40),
		Versions: []string{}, Problem: shown(m.GetProblem(), 500),
	}
	for _, version := range m.GetVersions()[:min(len(m.GetVersions()), maxReleases)] {
		v.Versions = append(v.Versions, shown(version, 40))
	}
	if m.GetAskedMs() > 0 {
		at := time.UnixMilli(m.GetAskedMs()).UTC()
		v.Asked = &at
	}
	return v, nil
}

func (s *service) DownloadGame(ctx context.Context, c api.Caller, r api.GameOn) (api.GameOn, error) {
	selector, err := factorio.ParseSelector(r.Version)
	if err != nil || selector.IsAny() {
		return api.GameOn{}, badVersion(r.Version)
	}
	if _, exact := selector.Exact(); !exact {
		known, err := s.AvailableGames(ctx, c, api.AskAvailable{Host: r.Host})
		if err != nil {
			return api.GameOn{}, err
		}
		if r.Version, err = newest(known, selector); err != nil {
			return api.GameOn{}, err
		}
	}
	return s.changeGame(ctx, r, wire.Method_METHOD_GAME_DOWNLOAD)
}

// newest returns the newest version that is selected.
func newest(known api.AvailableGames, selector factorio.Selector) (string, error) {
	candidates := append([]string{known.Stable, known.Experimental}, known.Versions...)
	switch selector.Channel() {
	case factorio.Stable:
		selector, candidates = factorio.Selector{}, []string{known.Stable}
	case factorio.Experimental:
		selector, candidates = factorio.Selector{}, []string{known.Experimental}
	}
	var best factorio.Version
	for _, text := range candidates {
		if v, err := factorio.ParseVersion(text); err == nil && selector.Matches(v) && v.Compare(best) > 0 {
			best = v
		}
	}
	if best.IsZero() {
		if known.Problem != "" {
			return "", api.Errorf(api.Unavailable, "Name a version like 2.0.77, or try again later.", "it is not known which version that is: %s", known.Problem)
		}
		return "", api.Errorf(api.NotFound, "mainbusctl games available HOST lists what there is.", "there is no such version")
	}
	return best.String(), nil
}

func badVersion(text string) error {
	return api.Errorf(api.Invalid, "Say stable, experimental, 2.0 or 2.0.77.", "%.40q is no version of the game", text)
}

func (s *service) CancelDownload(ctx context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return s.changeGame(ctx, r, wire.Method_METHOD_GAME_CANCEL)
}

func (s *service) RemoveGame(ctx context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return s.changeGame(ctx, r, wire.Method_METHOD_GAME_REMOVE)
}

func (s *service) changeGame(ctx context.Context, r api.GameOn, m wire.Method) (api.GameOn, error) {
	h, err := s.pairedHost(r.Host)
	if err != nil {
		return api.GameOn{}, err
	}
	err = s.call(ctx, h, m, &wire.GameRef{Version: r.Version}, &wire.Empty{})
	return api.GameOn{Host: h.id.Short(), Version: r.Version}, err
}

func (s *service) SetVersion(ctx context.Context, _ api.Caller, r api.SetVersion) (api.Instance, error) {
	if _, err := factorio.ParseSelector(r.Version); err != nil {
		return api.Instance{}, badVersion(r.Version)
	}
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Instance{}, err
	}
	if err := s.store.SetVersion(ctx, row.ID, r.Version, r.Download); err != nil {
		return api.Instance{}, err
	}
	row.Version, row.Download = r.Version, r.Download
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return s.viewInstance(row), nil
}
