package matchmaking

import (
	"bytes"
	"errors"
	"time"

	"mainbus/transport/fetch"
	"mainbus/transport/fetch/loose"
)

// told is a game as the matching server writes it: truth values come as such and as texts.
type told struct {
	GameID                  loose.Int          `json:"game_id"`
	Name                    string             `json:"name"`
	Description             string             `json:"description"`
	Tags                    loose.List[string] `json:"tags"`
	MaxPlayers              loose.Int          `json:"max_players"`
	GameTimeElapsed         loose.Int          `json:"game_time_elapsed"` // minutes
	HasPassword             loose.Bool         `json:"has_password"`
	HostAddress             string             `json:"host_address"`
	HeadlessServer          loose.Bool         `json:"headless_server"`
	ServerID                string             `json:"server_id"`
	RequireUserVerification loose.Bool         `json:"require_user_verification"`
	ModCount                loose.Int          `json:"mod_count"`
	ModsCRC                 loose.Int          `json:"mods_crc"`
	Players                 loose.List[string] `json:"players"`
	LastHeartbeat           loose.Time         `json:"last_heartbeat"`
	ApplicationVersion      struct {
		GameVersion string `json:"game_version"`
		BuildMode   string `json:"build_mode"`
		Platform    string `json:"platform"`
	} `json:"application_version"`
	Mods loose.List[struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}] `json:"mods"`
}

func (t told) game() Game {
	g := Game{
		ID: int64(t.GameID), Name: t.Name, Description: t.Description, Tags: t.Tags.Items, MaxPlayers: int(t.MaxPlayers),
		HasPassword: bool(t.HasPassword), HostAddress: t.HostAddress, Headless: bool(t.HeadlessServer),
		Application: Application(t.ApplicationVersion), ServerID: t.ServerID,
		RequireUserVerification: bool(t.RequireUserVerification), ModCount: int(t.ModCount), ModsCRC: int64(t.ModsCRC),
		Players: t.Players.Items, LastHeartbeat: t.LastHeartbeat.Time,
	}
	if minutes := t.GameTimeElapsed; minutes > 0 && minutes < 1<<27 { // 255 years
		g.Elapsed = time.Duration(minutes) * time.Minute
	}
	for _, m := range t.Mods.Items {
		g.Mods = append(g.Mods, Mod(m))
	}
	return g
}

func parseGames(data []byte) (games []Game, skipped int, err error) {
	if said := fetch.Message(data); said != "" { // a refusal may come with the status 200
		return nil, 0, &RefusedError{said}
	}
	if text := bytes.TrimSpace(data); len(text) == 0 || text[0] != '[' {
		return nil, 0, fetch.Unreadable(data, errors.New("it is no list"))
	}
	var list loose.List[told]
	if err := loose.Unmarshal(data, &list); err != nil {
		return nil, 0, fetch.Unreadable(data, err)
	}
	skipped = list.Skipped
	for _, t := range list.Items {
		if t.GameID == 0 {
			skipped++
			continue
		}
		games = append(games, t.game())
	}
	return games, skipped, nil
}

func parseGame(data []byte) (Game, error) {
	var t told
	if err := loose.Unmarshal(data, &t); err != nil {
		return Game{}, fetch.Unreadable(data, err)
	}
	if t.GameID == 0 {
		if said := fetch.Message(data); said != "" {
			return Game{}, &RefusedError{said}
		}
		return Game{}, errors.New("the answer names no game; the service may have changed")
	}
	return t.game(), nil
}
