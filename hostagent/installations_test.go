package hostagent

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/webtest"
	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/identity"
	"mainbus/transport/wire"
)

// paired starts a host and pairs it.
func (h *host) paired(t *testing.T, c *controller) identity.ID {
	t.Helper()
	status := h.start(t)
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), status.Port)
	agent, err := c.pair(addr, (<-h.codes).Code)
	if err != nil {
		t.Fatal(err)
	}
	c.dial(agent, addr)
	return agent
}

// seen returns the one instance as the agent shows it on its machine.
func (h *host) seen(t *testing.T) InstanceInfo {
	t.Helper()
	s, err := AskStatus(t.Context(), h.dir)
	if err != nil || len(s.Instances) != 1 {
		return InstanceInfo{}
	}
	return s.Instances[0]
}

// A host without any game says so and works; what an instance wants is downloaded, started, kept while it runs, and removed.
func TestGameIsDownloadedAndStarted(t *testing.T) {
	web := webtest.New(t)
	release := webtest.TarXZ(t, simgame.Install(t, scenario).Dir(), "factorio")
	web.AddBuild("2.0.77", "headless", "linux64", "factorio-headless_linux_2.0.77.tar.xz", release, true)
	web.SetLatest("stable", "headless", "2.0.77")
	h := &host{dir: t.TempDir(), site: web.Site}
	c := newController(t)
	agent := h.paired(t, c)
	if s, err := AskStatus(t.Context(), h.dir); err != nil || s.GameVersion != "" {
		t.Errorf("without a game: %+v, %v", s, err)
	}

	files, err := simgame.Modules()
	if err != nil {
		t.Fatal(err)
	}
	bundle := bundleOf(t, files)
	want := func(generation uint64, i *wire.DesiredInstance) {
		t.Helper()
		i.Id, i.Name = instanceName, "nauvis"
		desired := &wire.Desired{Generation: generation, Bundle: bundle.GetHash(), Instances: []*wire.DesiredInstance{i}}
		if err := c.call(agent, wire.Method_METHOD_DESIRED, desired, &wire.DesiredReply{}); err != nil {
			t.Fatal(err)
		}
	}
	want(1, &wire.DesiredInstance{Running: true})
	if err := c.call(agent, wire.Method_METHOD_BUNDLE, bundle, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an instance says that there is no game", func() bool {
		return strings.Contains(h.seen(t).Cause, "no game is installed on this host")
	})
	want(2, &wire.DesiredInstance{Running: true, Version: "2.0.70"})
	eventually(t, "a version that is not to be downloaded is not", func() bool {
		return strings.Contains(h.seen(t).Cause, "version 2.0.70 is wanted")
	})
	want(3, &wire.DesiredInstance{Running: true, Version: "stable", Download: true})
	eventually(t, "the game runs", func() bool { return h.seen(t).State == "running" })

	ref := &wire.GameRef{Version: "2.0.77"}
	if err := c.call(agent, wire.Method_METHOD_GAME_REMOVE, ref, nil); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("removed while it runs: %v", err)
	}
	if g, err := AskGames(t.Context(), h.dir, ""); err != nil || len(g.Games) != 1 || g.Games[0].Dir != filepath.Join(h.dir, "games", "2.0.77") ||
		g.Games[0].Unverified != "" || len(g.Games[0].Users) != 1 {
		t.Errorf("%+v, %v", g, err)
	}

	// A newer release is nothing to a game that runs, nor to an agent that comes back.
	web.SetLatest("stable", "headless", "2.0.78")
	h.stop()
	h.start(t)
	eventually(t, "the game is adopted", func() bool { return h.seen(t).State == "running" })
	if err := c.call(agent, wire.Method_METHOD_GAME_REMOVE, ref, nil); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("removed while it runs under another agent: %v", err)
	}
	if n := len(web.RequestsTo("/releases/")); n != 1 {
		t.Errorf("downloaded %d times", n)
	}

	want(4, &wire.DesiredInstance{})
	eventually(t, "the game has stopped", func() bool { return h.seen(t).State == "stopped" })
	if err := c.call(agent, wire.Method_METHOD_GAME_REMOVE, ref, nil); err != nil {
		t.Error(err)
	}
	if s, err := AskStatus(t.Context(), h.dir); err != nil || s.GameVersion != "" {
		t.Errorf("after its removal: %+v, %v", s, err)
	}
}

func TestGamesAreToldAndNamedHere(t *testing.T) {
	h := &host{dir: t.TempDir()}
	c := newController(t)
	agent := h.paired(t, c)
	told := func() *wire.Games {
		t.Helper()
		var m wire.Games
		eventually(t, "the games are told", func() bool { // the link may be replaced by one that the agent dialed
			conn, ok := c.endpoint.Conn(agent)
			if !ok {
				return false
			}
			stream, err := conn.Open(t.Context(), wire.Method_METHOD_GAMES)
			if err != nil {
				return false
			}
			defer stream.Close()
			return stream.Send(&wire.Empty{}) == nil && stream.Recv(&m) == nil
		})
		return &m
	}
	if m := told(); len(m.GetGames()) != 0 || m.GetPlatform() != "linux64" || m.GetDefaultVersion() != "" {
		t.Errorf("at first: %v", m)
	}
	game := simgame.Install(t, scenario).Dir()
	if g, err := AskGames(t.Context(), h.dir, "add "+game); err != nil || len(g.Games) != 1 || g.Folders[0] != game {
		t.Fatalf("%+v, %v", g, err)
	}
	if m := told(); len(m.GetGames()) != 1 || m.GetGames()[0].GetVersion() != "2.0.77" || m.GetGames()[0].GetSource() != "named" ||
		m.GetGames()[0].GetEdition() != "headless" || m.GetDefaultVersion() != "2.0.77" {
		t.Errorf("then: %v", m)
	}
	for change, want := range map[string]string{
		"add " + t.TempDir(): "there is no Factorio in", "remove 2.0": "no version like", "cancel 2.0.77": "is not being downloaded",
		"remove 2.0.77": "was not downloaded by this host", "dance": "no such call",
	} {
		if _, err := AskGames(t.Context(), h.dir, change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", change, err, want)
		}
	}
	if err := c.call(agent, wire.Method_METHOD_GAME_DOWNLOAD, &wire.GameRef{Version: "../../etc"}, nil); err == nil || !strings.Contains(err.Error(), "no version like") {
		t.Errorf("a version that is none: %v", err)
	}
}
