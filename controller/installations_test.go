package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func (a *agent) tellGames(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	for {
		a.mu.Lock()
		games, changed := a.games, a.changed
		a.mu.Unlock()
		if games == nil {
			return link.Errorf(wire.Code_CODE_NOT_FOUND, "no method GAMES here")
		}
		if err := s.Send(games); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (a *agent) available(_ context.Context, _ *link.Conn, ask *wire.AvailableAsk) (*wire.AvailableGames, error) {
	if ask.GetNow() {
		return &wire.AvailableGames{Problem: "no connection"}, nil
	}
	return &wire.AvailableGames{Stable: "2.0.77", Experimental: "2.1.13", Versions: []string{"2.1.13", "2.0.77", "2.0.76", "1.1.110"}, AskedMs: 1}, nil
}

func (a *agent) askedFor(what string) func(context.Context, *link.Conn, *wire.GameRef) (*wire.Empty, error) {
	return func(_ context.Context, _ *link.Conn, r *wire.GameRef) (*wire.Empty, error) {
		a.change(func() { a.asked = append(a.asked, what+" "+r.GetVersion()) })
		if r.GetVersion() == "0.0.1" {
			return nil, link.Errorf(wire.Code_CODE_REFUSED, "a game runs from it; stop it first")
		}
		return &wire.Empty{}, nil
	}
}

func TestGamesOfHosts(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	alpha.change(func() { alpha.games = &wire.Games{Platform: "linux64"} })
	c.pair(alpha)
	c.pair(beta) // which is older than the question
	id := c.create("nauvis", alpha)
	alpha.change(func() {
		alpha.games = &wire.Games{
			Platform: "linux64", DefaultVersion: "2.0.76",
			Games: []*wire.Game{
				{Version: "2.0.76", Build: 84451, Edition: "headless", Folder: "/opt/factorio", Source: "named", Instances: []string{id, "other"}},
				{Problem: "broken\x1b", Folder: strings.Repeat("x", 1000)},
			},
			Downloads: []*wire.GameDownload{{Version: "2.0.77", Phase: "downloading", Done: 43, Total: 100}},
		}
	})
	var told api.HostGames
	eventually(t, "the games that alpha has", true, func() bool {
		all, err := c.Games(ctx, me, api.GamesOf{Host: "alpha"})
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		told = all[0]
		return len(told.Games) == 2
	})
	if g := told.Games[0]; g.Version != "2.0.76" || g.Build != 84451 || !slices.Equal(g.Instances, []string{"nauvis"}) || !told.Known {
		t.Errorf("%+v", told)
	}
	if g := told.Games[1]; g.Problem != "broken " || len(g.Folder) != 500 || told.Downloads[0].Percent() != 43 {
		t.Errorf("%+v, %+v", g, told.Downloads)
	}
	all, err := c.Games(ctx, me, api.GamesOf{})
	if err != nil || len(all) != 2 || all[1].Known || all[1].Games == nil {
		t.Errorf("all: %+v, %v", all, err)
	}
	hosts, err := c.Hosts(ctx, me)
	if err != nil || hosts[0].GameVersion != "2.0.76" {
		t.Errorf("%+v, %v", hosts, err)
	}
}

func TestGamesAreGotAndRemoved(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	alpha.change(func() { alpha.games = &wire.Games{Platform: "linux64"} })
	c.pair(alpha)
	a, err := c.AvailableGames(ctx, me, api.AskAvailable{Host: "alpha"})
	if err != nil || a.Stable != "2.0.77" || len(a.Versions) != 4 || a.Asked == nil {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := c.AvailableGames(ctx, me, api.AskAvailable{Host: "alpha", Now: true}); err != nil || a.Problem == "" || a.Asked != nil {
		t.Errorf("%+v, %v", a, err)
	}
	for version, want := range map[string]string{"stable": "2.0.77", "experimental": "2.1.13", "2.0": "2.0.77", "1.1": "1.1.110", "2.0.7": "2.0.7"} {
		if r, err := c.DownloadGame(ctx, me, api.GameOn{Host: "alpha", Version: version}); err != nil || r.Version != want {
			t.Errorf("%s: %+v, %v; want %s", version, r, err, want)
		}
	}
	for version, want := range map[string]api.Code{"": api.Invalid, "newest": api.Invalid, "3.0": api.NotFound} {
		if _, err := c.DownloadGame(ctx, me, api.GameOn{Host: "alpha", Version: version}); api.AsError(err).Code != want {
			t.Errorf("%q: %v", version, err)
		}
	}
	if _, err := c.RemoveGame(ctx, me, api.GameOn{Host: "alpha", Version: "0.0.1"}); api.AsError(err).Code != api.Refused || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("what is in use: %v", err)
	}
	if _, err := c.CancelDownload(ctx, me, api.GameOn{Host: "alpha", Version: "2.0.77"}); err != nil {
		t.Error(err)
	}
	alpha.mu.Lock()
	defer alpha.mu.Unlock()
	if got := fmt.Sprint(alpha.asked[5:]); got != "[remove 0.0.1 cancel 2.0.77]" {
		t.Errorf("asked for %s", got)
	}
}

func TestVersionReachesTheHostAndStays(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	i, err := c.SetVersion(ctx, me, api.SetVersion{Instance: "nauvis", Version: "2.0", Download: true})
	if err != nil || i.Version != "2.0" || !i.Download {
		t.Errorf("%+v, %v", i, err)
	}
	arrived := func() bool {
		d := alpha.desired.GetInstances()
		return len(d) == 1 && d[0].GetVersion() == "2.0" && d[0].GetDownload()
	}
	alpha.wait("the version", arrived)
	c.stop()
	alpha.change(func() { alpha.desired = nil })
	c.start()
	alpha.wait("the version, from a controller that came back", arrived)
	if _, err := c.SetVersion(ctx, me, api.SetVersion{Instance: "nauvis", Version: "2"}); api.AsError(err).Code != api.Invalid {
		t.Errorf("no version: %v", err)
	}
	if _, err := c.CreateInstance(ctx, me, api.CreateInstance{Name: "gleba", Host: "alpha", Version: "x"}); api.AsError(err).Code != api.Invalid {
		t.Errorf("created with no version: %v", err)
	}
	alpha.report(&wire.ObservedInstance{Id: id, State: wire.State_STATE_STOPPED, GameVersion: "2.0.77", VersionRemark: "is downloaded at the start"})
	eventually(t, "what would run", true, func() bool {
		i := c.instance("nauvis")
		return i.GameVersion == "2.0.77" && i.VersionRemark == "is downloaded at the start"
	})
}
