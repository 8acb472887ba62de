package testbed_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

// Ann comes to the first world once in each run, and bob comes and goes there.
const usersScenario = `{"autosave_seconds": 3600, "worlds": {
  "first": {"life": [
    {"seconds": 1, "join": {"player": "Ann"}},
    {"tick": 120, "every_ticks": 600, "join": {"player": "bob"}},
    {"tick": 420, "every_ticks": 600, "leave": {"player": "bob", "reason": "afk"}}]},
  "second": {}}}`

// usersCluster is one host with two worlds.
type usersCluster struct {
	*testbed.Cluster
	t   *testing.T
	ctx context.Context
}

func (u *usersCluster) must(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

// await waits until what is known of a player is so.
func (u *usersCluster) await(what, name string, ok func(api.UserDetails) bool) (user api.UserDetails) {
	u.t.Helper()
	u.must(testbed.Poll(u.ctx, patience, what, func() (bool, error) {
		var err error
		user, err = u.Client.User(u.ctx, testbed.Me, api.UserRef{Name: name})
		return err == nil && ok(user), nil
	}))
	return user
}

// refused checks that a call fails, with a code and words for people.
func (u *usersCluster) refused(what string, err error, code api.Code, text string) {
	u.t.Helper()
	if e := api.AsError(err); err == nil || e.Code != code || !strings.Contains(e.Message, text) {
		u.t.Errorf("%s: %v, want %s and %q", what, err, code, text)
	}
}

func TestPlayersOfRealProcesses(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, players were NOT tested with real processes here: %v", err)
	}
	ctx := t.Context()
	u := &usersCluster{t: t, ctx: ctx}
	u.Cluster = newCluster(t)
	u.must(u.StartController(ctx))
	h, err := u.AddHost("users-host", []byte(usersScenario), "first", "second")
	u.must(err)
	u.must(h.StartAgent())
	u.must(h.ReadConsole(ctx))
	u.must(testbed.Poll(ctx, patience, "the host to be found", func() (bool, error) {
		found, ok, err := h.Find(ctx)
		h.ID = found.ID
		return ok, err
	}))
	for _, args := range [][]string{
		{"hosts", "pair", u.NameOrID(ctx, h), h.Code},
		{"instances", "create", "first", "--host", h.ID}, {"instances", "create", "second", "--host", h.ID},
		{"instances", "start", "second"}, {"instances", "start", "first"},
		{"hosts", "set", h.ID, "--player-address", "play.example.org"},
	} {
		_, err := u.Ctl(ctx, args...)
		u.must(err)
	}
	u.await("Ann to be in the first world", "ann", func(a api.UserDetails) bool {
		return len(a.Online) == 1 && a.Online[0].InstanceName == "first" && !a.Online[0].Unknown
	})

	u.killsOfTheAgent(h)
	u.words()
	u.restarts()
	u.files()
}

// killsOfTheAgent: in the middle of a visit, which goes on in the game.
func (u *usersCluster) killsOfTheAgent(h *testbed.Host) {
	u.t.Helper()
	u.must(h.Agent.Kill())
	u.await("Ann to be where it is not known any more", "ann", func(a api.UserDetails) bool { return len(a.Online) == 1 && a.Online[0].Unknown })
	u.must(h.StartAgent())
	u.must(h.ReadPort(u.ctx))
	a := u.await("Ann to be seen again", "ann", func(a api.UserDetails) bool { return len(a.Online) == 1 && !a.Online[0].Unknown })
	if a.Joins != 1 {
		u.t.Errorf("Ann has joined %d times", a.Joins)
	}
	u.await("bob to have come and gone", "BOB", func(b api.UserDetails) bool { return b.Joins >= 1 && len(b.Plays) == 1 && b.Plays[0].Reason == "afk" })
}

// words to players reach the game, and never get further than that.
func (u *usersCluster) words() {
	u.t.Helper()
	for _, name := range []string{"Ann\n/quit", "Ann /quit", "/quit", "Ann\x00", "<server>", "", strings.Repeat("a", 100)} {
		_, err := u.Client.ModeratePlayer(u.ctx, testbed.Me, api.ModeratePlayer{Name: name, Action: api.Kick, Instance: "first"})
		u.refused("kick "+name, err, api.Invalid, "name")
		_, err = u.Client.BanUser(u.ctx, testbed.Me, api.BanUser{Name: name})
		u.refused("ban "+name, err, api.Invalid, "name")
		_, err = u.Client.SendPlayer(u.ctx, testbed.Me, api.SendPlayer{Name: name, To: "second"})
		u.refused("send "+name, err, api.Invalid, "name")
	}
	_, err := u.Client.ModeratePlayer(u.ctx, testbed.Me, api.ModeratePlayer{Name: "Ann", Action: api.Kick, Reason: "x\n/quit"})
	u.refused("a reason of two lines", err, api.Invalid, "one line")
	for _, text := range []string{"hello\n/quit", " /quit", ""} {
		_, err = u.Client.MessagePlayers(u.ctx, testbed.Me, api.MessagePlayers{Text: text})
		u.refused("message "+text, err, api.Invalid, "")
	}
	_, err = u.Client.ModeratePlayer(u.ctx, testbed.Me, api.ModeratePlayer{Name: "nobody", Action: api.Kick, Instance: "first"})
	u.refused("kick of nobody", err, api.NotFound, "Player nobody doesn't exist.")
	_, err = u.Client.ModeratePlayer(u.ctx, testbed.Me, api.ModeratePlayer{Name: "nobody", Action: api.Kick})
	u.refused("kick of who is nowhere", err, api.NotFound, "nobody is in no game")
	_, err = u.Client.MessagePlayers(u.ctx, testbed.Me, api.MessagePlayers{Name: "Ann", Instance: "second", Text: "hello"})
	u.refused("words in another world", err, api.NotFound, "never been in this game")

	for _, args := range [][]string{
		{"users", "message", "hello everybody"}, {"users", "message", "hello Ann; /quit", "--to", "ANN"}, {"users", "send", "ann", "second"},
		{"users", "mute", "Ann"}, {"users", "unmute", "Ann"}, {"users", "kick", "Ann", "--reason", "for a test"},
	} {
		out, err := u.Ctl(u.ctx, args...)
		u.must(err)
		u.t.Logf("%q: %s", args, out)
	}
	a := u.await("Ann to have been kicked", "ann", func(a api.UserDetails) bool { return len(a.Online) == 0 && a.Plays[0].Reason == "kicked" })
	visits, err := u.Client.UserHistory(u.ctx, testbed.Me, api.ReadUserHistory{Name: "Ann"})
	u.must(err)
	if len(visits) != 1 || visits[0].Reason != "kicked" || visits[0].Seconds-a.Seconds > 1 || a.Seconds-visits[0].Seconds > 1 {
		u.t.Errorf("Ann has played %d s, her visits are %+v", a.Seconds, visits)
	}
	for _, world := range []string{"first", "second"} {
		if i, err := u.Instance(u.ctx, world); err != nil || i.State != "running" || i.Starts != 1 {
			u.t.Errorf("%s: %+v, %v", world, i, err)
		}
	}
}

// restarts: what the controller was told is on its disk, and is not counted again.
func (u *usersCluster) restarts() {
	u.t.Helper()
	before := u.await("Ann to be known", "ann", func(api.UserDetails) bool { return true })
	u.must(u.Controller.Kill())
	u.must(u.StartController(u.ctx))
	u.must(u.WaitLinked(u.ctx, patience))
	joins := u.await("bob to be known", "bob", func(api.UserDetails) bool { return true }).Joins
	u.await("bob to come again", "bob", func(b api.UserDetails) bool { return b.Joins > joins })
	after := u.await("Ann to be known again", "ann", func(api.UserDetails) bool { return true })
	if after.Seconds != before.Seconds || after.Joins != 1 || len(after.Plays) != 1 {
		u.t.Errorf("Ann was %+v, is %+v", before, after)
	}
}

// files go in and out, and back.
func (u *usersCluster) files() {
	u.t.Helper()
	bans := filepath.Join(u.t.TempDir(), "server-banlist.json")
	u.must(os.WriteFile(bans, []byte(`["eve", {"username": "ANN", "reason": "imported"}, "no name", {"username": "eve", "reason": "x"}]`), 0o600))
	for _, args := range [][]string{{"users", "ban", "mallory", "--reason", "first"}, {"users", "import", bans, "--preview"}} {
		_, err := u.Ctl(u.ctx, args...)
		u.must(err)
	}
	if page, err := u.Client.Users(u.ctx, testbed.Me, api.FindUsers{Banned: true}); err != nil || page.Total != 1 {
		u.t.Errorf("a preview has banned: %+v, %v", page, err)
	}
	_, err := u.Ctl(u.ctx, "users", "import", bans, "--restore")
	u.must(err)
	exported := filepath.Join(u.t.TempDir(), "users.json")
	_, err = u.Ctl(u.ctx, "users", "export", "users", "--out", exported)
	u.must(err)
	text, err := os.ReadFile(exported)
	u.must(err)
	for want, there := range map[string]bool{`"Ann"`: true, `"imported"`: true, `"eve"`: true, "mallory": false, "no name": false} {
		if strings.Contains(string(text), want) != there {
			u.t.Errorf("%s in the export: want %t\n%s", want, there, text)
		}
	}
	_, err = u.Ctl(u.ctx, "users", "undo")
	u.must(err)
	page, err := u.Client.Users(u.ctx, testbed.Me, api.FindUsers{Banned: true})
	u.must(err)
	if page.Total != 1 || page.Users[0].Name != "mallory" || page.Users[0].BanReason != "first" {
		u.t.Errorf("after the undo %+v", page)
	}
	_, err = u.Ctl(u.ctx, "users", "import", exported)
	u.must(err)
	page, err = u.Client.Users(u.ctx, testbed.Me, api.FindUsers{Banned: true})
	u.must(err)
	if page.Total != 3 {
		u.t.Errorf("after the import %+v", page)
	}
}
