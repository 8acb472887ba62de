// Package matchmaking asks the game's matching server for the public games: whether a server of ours is listed, and as what.
package matchmaking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
)

const (
	maxGames   = 64 << 20
	maxDetails = 8 << 20
)

// ErrNeedsAccount means that no account was given.
var ErrNeedsAccount = errors.New("the list of public games needs a factorio.com account; log in first")

// ErrNotFound means that the matching server has no such game; it may have ended.
var ErrNotFound = errors.New("the matching server has no such game; it may have ended")

// RefusedError is a refusal in the matching server's words, like "Token doesn't match."
type RefusedError struct{ Message string }

func (e *RefusedError) Error() string { return "the matching server said: " + e.Message }

// Client asks the matching server. Its methods may be called from any goroutine.
type Client struct {
	fetch *fetch.Client
	site  string
}

// New returns a client that asks by f. An empty site stands for https://multiplayer.factorio.com.
func New(f *fetch.Client, site string) *Client {
	if site == "" {
		site = "https://multiplayer.factorio.com"
	}
	return &Client{fetch: f, site: site}
}

// Game is a public game. All texts are foreign, and the whole was told by the server that runs it.
type Game struct {
	ID                      int64
	Name                    string
	Description             string
	Tags                    []string
	MaxPlayers              int // 0: no limit
	Elapsed                 time.Duration
	HasPassword             bool
	HostAddress             string // "203.0.113.1:34197"
	Headless                bool
	Application             Application
	ServerID                string
	RequireUserVerification bool
	ModCount                int
	ModsCRC                 int64
	Players                 []string
	LastHeartbeat           time.Time
	Mods                    []Mod // by Details only
}

// Application is the program that runs a game.
type Application struct{ GameVersion, BuildMode, Platform string }

// Mod is a mod of a game.
type Mod struct{ Name, Version string }

// Games asks for all public games. Skipped is the number of entries that could not be read.
func (c *Client) Games(ctx context.Context, a account.Account) (games []Game, skipped int, err error) {
	if a.IsZero() {
		return nil, 0, fmt.Errorf("ask for the public games: %w", ErrNeedsAccount)
	}
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.site + "/get-games", Query: a.Query(), Secrets: []string{a.Token}}, maxGames)
	if err = refusal(err); err == nil {
		games, skipped, err = parseGames(answer.Body)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("ask for the public games: %w", err)
	}
	return games, skipped, nil
}

// Details asks for one game with its mods. It needs no account. The error is ErrNotFound if there is none.
func (c *Client) Details(ctx context.Context, id int64) (Game, error) {
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.site + "/get-game-details/" + url.PathEscape(strconv.FormatInt(id, 10))}, maxDetails)
	if status, ok := errors.AsType[*fetch.StatusError](err); ok && status.Status == http.StatusNotFound {
		err = ErrNotFound
	}
	var g Game
	if err = refusal(err); err == nil {
		g, err = parseGame(answer.Body)
	}
	if err != nil {
		return Game{}, fmt.Errorf("ask for the public game %d: %w", id, err)
	}
	return g, nil
}

// refusal finds the matching server's own words in an answer with the status of an error.
func refusal(err error) error {
	if status, ok := errors.AsType[*fetch.StatusError](err); ok && status.Status < 500 && status.Status != http.StatusTooManyRequests {
		if said := fetch.Message(status.Body); said != "" {
			return &RefusedError{said}
		}
	}
	return err
}
