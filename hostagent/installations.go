package hostagent

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/games"
	"mainbus/hostagent/releases"
	"mainbus/transport/fetch"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func (a *Agent) openGames(ctx context.Context) (*games.Store, error) {
	return games.Open(ctx, games.Config{
		Dir: a.path("games"), Named: a.cfg.FactorioDirs, Places: a.cfg.Places, Distro: a.cfg.Distro,
		Releases: releases.New(fetch.New(fetch.Options{}), a.cfg.Releases), Changed: a.restocked.Fire, Log: a.log,
	})
}

// refreshInstances shows at the instances what a change of the games means to them, until ctx ends.
func (a *Agent) refreshInstances(ctx context.Context) {
	for {
		changed := a.restocked.Wait()
		a.fleet.refresh()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// watchGames sends the copies of the game and their downloads, at once and after each change, the newest only.
func (a *Agent) watchGames(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	return sendChanges(ctx, s, &a.restocked, func() proto.Message { return a.gamesMessage() })
}

func (a *Agent) gamesMessage() *wire.Games {
	m := &wire.Games{Platform: string(a.cfg.Distro), DefaultVersion: a.games.Default()}
	for _, g := range a.games.List() {
		listed := &wire.Game{
			Build: uint32(g.Build), Platform: g.Platform, Edition: g.Edition, Folder: g.Dir, Source: string(g.Source),
			Problem: g.Problem, Unverified: g.Unverified, Instances: g.Users,
		}
		if g.Problem == "" {
			listed.Version = g.Version.String()
		}
		m.Games = append(m.Games, listed)
	}
	for _, d := range a.games.Downloads() {
		m.Downloads = append(m.Downloads, &wire.GameDownload{
			Version: d.Version.String(), Phase: d.Phase, Done: d.Done, Total: d.Total, Failure: d.Failure,
		})
	}
	return m
}

func (a *Agent) availableGames(ctx context.Context, _ *link.Conn, ask *wire.AvailableAsk) (*wire.AvailableGames, error) {
	known, err := a.games.Available(ctx, ask.GetNow())
	m := &wire.AvailableGames{}
	if err != nil {
		m.Problem = err.Error()
	}
	if known.Asked.IsZero() {
		return m, nil
	}
	m.AskedMs = known.Asked.UnixMilli()
	name := func(v factorio.Version) string {
		if v.IsZero() {
			return ""
		}
		return v.String()
	}
	m.Stable, m.Experimental = name(known.Stable), name(known.Experimental)
	for _, v := range known.Versions {
		m.Versions = append(m.Versions, v.String())
	}
	return m, nil
}

func (a *Agent) downloadGame(_ context.Context, _ *link.Conn, r *wire.GameRef) (*wire.Empty, error) {
	return a.withVersion(r, a.games.Download)
}

func (a *Agent) cancelGame(_ context.Context, _ *link.Conn, r *wire.GameRef) (*wire.Empty, error) {
	return a.withVersion(r, a.games.Cancel)
}

func (a *Agent) removeGame(_ context.Context, _ *link.Conn, r *wire.GameRef) (*wire.Empty, error) {
	return a.withVersion(r, a.games.Remove)
}

func (a *Agent) withVersion(r *wire.GameRef, do func(factorio.Version) error) (*wire.Empty, error) {
	s, err := factorio.ParseSelector(r.GetVersion())
	v, exact := s.Exact()
	if err != nil || !exact {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "%.40q is no version like 2.0.77", r.GetVersion())
	}
	if err := do(v); err != nil {
		return nil, link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
	}
	return &wire.Empty{}, nil
}

// GamesStatus is what a running agent says of the game on its own machine.
type GamesStatus struct {
	Games     []games.Game     `json:"games"`
	Downloads []games.Download `json:"downloads"`
	Folders   []string         `json:"folders"` // that were named
	Platform  string           `json:"platform"`
}

// answerGames answers what programs on this machine want of the copies of the game: "games", "games add DIR", "games forget DIR",
// "games download VERSION", "games cancel VERSION", "games remove VERSION". Only here can a folder be named: a controller shall not say
// which programs run.
func (a *Agent) answerGames(call string) (GamesStatus, error) {
	verb, argument, _ := strings.Cut(call, " ")
	var err error
	switch verb {
	case "":
		a.games.Scan()
	case "add":
		err = a.games.AddFolder(argument)
	case "forget":
		err = a.games.ForgetFolder(argument)
	case "download":
		_, err = a.withVersion(&wire.GameRef{Version: argument}, a.games.Download)
	case "cancel":
		_, err = a.withVersion(&wire.GameRef{Version: argument}, a.games.Cancel)
	case "remove":
		_, err = a.withVersion(&wire.GameRef{Version: argument}, a.games.Remove)
	default:
		err = errors.New("no such call")
	}
	return GamesStatus{a.games.List(), a.games.Downloads(), a.games.Folders(), string(a.cfg.Distro)}, err
}

// AskGames asks the agent that runs on dataDir for its copies of the game, after a change: "", or one of answerGames.
func AskGames(ctx context.Context, dataDir, change string) (GamesStatus, error) {
	var s GamesStatus
	err := ask(ctx, dataDir, strings.TrimSpace("games "+change), &s)
	return s, err
}
