package matchmaking

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/fetch"
)

const token = "0123456789abcdef0123456789abcd"

var alice = account.Account{Username: "alice", Token: token}

func setUp(t *testing.T) (*Client, *webtest.Services) {
	t.Helper()
	s := webtest.New(t)
	s.AddUser(webtest.User{Name: "alice", Token: token, Owns: true})
	s.AddGame(map[string]any{
		"game_id": 7, "name": "A game", "description": "d", "tags": []string{"a"}, "max_players": 0, "game_time_elapsed": 12, "has_password": "false",
		"host_address": "203.0.113.1:34197", "headless_server": true,
		"application_version": map[string]any{"game_version": "2.0.76", "build_version": 84451, "build_mode": "headless", "platform": "linux64"},
		"server_id":           "x", "require_user_verification": "true", "mod_count": 1, "mods_crc": 1, "players": []string{"x"}, "last_heartbeat": 1.7e9,
		"mods": []map[string]any{{"name": "base", "version": "2.0.76"}},
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return New(fetch.New(fetch.Options{HTTP: &http.Client{Transport: transport}, Backoff: time.Millisecond, Attempts: 2}), s.Matching), s
}

func TestGamesAndDetails(t *testing.T) {
	c, s := setUp(t)
	want := Game{
		ID: 7, Name: "A game", Description: "d", Tags: []string{"a"}, Elapsed: 12 * time.Minute, HostAddress: "203.0.113.1:34197", Headless: true,
		Application: Application{"2.0.76", "headless", "linux64"}, ServerID: "x", RequireUserVerification: true, ModCount: 1, ModsCRC: 1,
		Players: []string{"x"}, LastHeartbeat: time.Unix(1_700_000_000, 0).UTC(),
	}
	games, skipped, err := c.Games(t.Context(), alice)
	if err != nil || skipped != 0 || len(games) != 1 || !reflect.DeepEqual(games[0], want) {
		t.Errorf("%+v, %d, %v", games, skipped, err)
	}
	want.Mods = []Mod{{"base", "2.0.76"}}
	if g, err := c.Details(t.Context(), 7); err != nil || !reflect.DeepEqual(g, want) {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := c.Details(t.Context(), 8); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, r := range s.RequestsTo("/get-game-details") {
		if len(r.Query) > 0 {
			t.Errorf("details were asked with a login: %v", r)
		}
	}
}

func TestRefusals(t *testing.T) {
	c, s := setUp(t)
	tests := []struct {
		name    string
		account account.Account
		disturb webtest.Fault
		want    string
	}{
		{"no account", account.Account{}, nil, "needs a factorio.com account"},
		{"wrong token", account.Account{Username: "bob", Token: token}, nil, "the matching server said: Token doesn't match."},
		{"with a good status", alice, webtest.Status(200, ""), "the matching server said: OK"},
		{"page", alice, webtest.Page, "a web page came"},
		{"busy", alice, webtest.Status(429, "600"), "wait 10m0s"},
	}
	for _, test := range tests {
		if test.disturb != nil {
			s.Misbehave("/get-games", 1, test.disturb)
		}
		_, _, err := c.Games(t.Context(), test.account)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(fmt.Sprintf("%+v %#v", err, err), token) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestParseIsLenient(t *testing.T) {
	games, skipped, err := parseGames([]byte(` [{"game_id":"5","has_password":"true","game_time_elapsed":"3","name":7,"mods":5},{"name":"no id"},"x",null]`))
	if err != nil || skipped != 3 || len(games) != 1 || games[0].ID != 5 || !games[0].HasPassword || games[0].Elapsed != 3*time.Minute {
		t.Errorf("%+v, %d, %v", games, skipped, err)
	}
	if games, _, err := parseGames([]byte("[]")); err != nil || len(games) != 0 {
		t.Errorf("%v, %v", games, err)
	}
	for _, data := range []string{"", "{}", "null", "5", "<p>", "[", `"x"`} {
		if _, _, err := parseGames([]byte(data)); err == nil {
			t.Errorf("%q as a list: no error", data)
		}
		if _, err := parseGame([]byte(data)); err == nil {
			t.Errorf("%q as a game: no error", data)
		}
	}
}

func FuzzGames(f *testing.F) {
	f.Add([]byte(`[{"game_id":"5","has_password":"true","game_time_elapsed":"3","mods":[{"name":"base"}]},{"name":"no id"},"x",null]`))
	f.Add([]byte(`{"game_id":5,"application_version":{"game_version":"2.0.76"},"last_heartbeat":1.7e9}`))
	f.Add([]byte(`{"message":"Token doesn't match."}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		games, skipped, err := parseGames(data)
		if err != nil && len(games) > 0 || skipped < 0 {
			t.Errorf("%v, %d, %v", games, skipped, err)
		}
		if g, err := parseGame(data); err == nil && (g.ID == 0 || g.Elapsed < 0) {
			t.Errorf("%+v", g)
		}
	})
}
