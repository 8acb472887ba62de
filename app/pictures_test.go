package app_test

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/app/look"
	"mainbus/controller/api"
)

// picture draws the window, sees that there is something on it, and leaves it for people in the folder named by
// MAINBUS_PICTURES.
func picture(t *testing.T, s *headless.Screen, name string) {
	t.Helper()
	img := s.Canvas().Capture()
	if size := img.Bounds().Size(); size != image.Pt(1280, 800) {
		t.Errorf("%s is %v", name, size)
	}
	colours := map[color.Color]bool{}
	const enough = 50 // text has smooth edges
	for y := 0; y < 800 && len(colours) < enough; y++ {
		for x := range 1280 {
			colours[img.At(x, y)] = true
		}
	}
	if len(colours) < enough {
		t.Errorf("%s has only %d colours", name, len(colours))
	}
	dir := os.Getenv("MAINBUS_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

func busyCluster() *headless.Cluster {
	c := headless.NewCluster()
	c.SetHosts(
		api.Host{ID: "h1", Name: "attic", State: api.Paired, Linked: true, RTTMS: 0.4, GameVersion: "2.0.77", Addresses: []string{"192.0.2.7:34180"}},
		api.Host{ID: "h2", Name: "cellar", State: api.Paired, GameVersion: "2.0.77", Addresses: []string{"192.0.2.8:34180"}},
		api.Host{ID: "h5", Name: "box2", State: api.Paired, Linked: true, RTTMS: 1.2, GameVersion: "2.0.77", Addresses: []string{"192.0.2.12:34180"}},
		api.Host{ID: "h4", Name: "garage", State: api.Paired, GameVersion: "2.0.77", Addresses: []string{"192.0.2.10:34180"}, Trouble: api.Forgotten,
			Problem: "garage has forgotten this controller.", Next: "Pair the two again: mainbus-host pair on that machine shows a code. Games that run there go on."},
		api.Host{ID: "h3", Name: strings.Repeat("очень длинное имя 🚂 ", 4), State: api.Discovered, Addresses: []string{"192.0.2.9:34180"}},
	)
	c.SetInstances(
		api.Instance{ID: "i1", Name: "Nauvis main", Host: "h1", HostName: "attic", Desired: "running", State: "running", Linked: true, GamePort: 34197, GameVersion: "2.0.77", Save: "Nauvis main.zip"},
		api.Instance{ID: "i2", Name: "Vulcanus", Host: "h1", HostName: "attic", Desired: "running", State: "starting", Phase: "loading map", GamePort: 34198, GameVersion: "2.0.77"},
		api.Instance{ID: "i3", Name: "Gleba", Host: "h2", HostName: "cellar", Desired: "running", State: "unknown", LastState: "running"},
		api.Instance{ID: "i4", Name: "Fulgora", Host: "h1", HostName: "attic", Desired: "running", State: "failed", Cause: "Host address is already in use: another server uses UDP port 34199"},
		api.Instance{ID: "i5", Name: "Aquilo", Host: "h1", HostName: "attic", Desired: "stopped", State: "stopped"},
	)
	c.SetMeasured(api.Measured{Kind: api.KindInstance, ID: "i1", Figures: map[string]float64{"ups": 48.2, "players": 12, "cpu_cores": 0.93, "memory_bytes": 1 << 31}})
	c.SetGames(api.AvailableGames{Platform: "linux64", Stable: "2.0.77", Experimental: "2.1.13"},
		api.HostGames{Host: "h1", Known: true, Platform: "linux64",
			Downloads: []api.GameDownload{{Version: "2.1.13", Phase: "downloading", Done: 43 << 20, Total: 100 << 20}},
			Games: []api.Game{
				{Version: "2.0.77", Source: api.GameDownloaded, Folder: "/home/anna/.local/share/mainbus/host/games/2.0.77", Instances: []string{"Nauvis main", "Vulcanus"}},
				{Version: "2.0.76", Source: api.GameSteam, Folder: "/home/anna/.local/share/Steam/steamapps/common/Factorio"},
				{Source: api.GameNamed, Folder: "/srv/old", Problem: "open Factorio installation: /srv/old has not both bin/x64/factorio and data/base/info.json"},
			}},
	)
	c.SetBus(
		api.BusItem{Name: "iron-plate", Quality: "normal", Level: 1234567, Sent: 9876543, Received: 8641976, InFlight: 12},
		api.BusItem{Name: "iron-plate", Quality: "legendary", Level: 3, Sent: 2, Frozen: true},
		api.BusItem{Name: "copper-plate", Quality: "normal", Level: 0, Sent: 500, Received: 500, Owed: 40, Held: 7_000_000, Limit: 200_000},
	)
	at := time.Date(2026, 11, 26, 12, 40, 7, 0, time.Local)
	c.SetBooks([]api.BusAccount{
		{World: "w1", Instance: "i1", InstanceName: "Nauvis main", Name: "copper-plate", Quality: "normal", Sent: 500, Owed: 40},
		{World: "w2", Instance: "i2", InstanceName: "Vulcanus", Name: "copper-plate", Quality: "normal", Received: 500},
		{World: "0123456789abcdef", Name: "copper-plate", Quality: "normal", Held: 7_000_000},
	}, []api.BusPosting{
		{ID: 3, At: at, Name: "copper-plate", Quality: "normal", Text: "Nauvis main owes 40 copper-plate: it took them back after others had used them"},
		{ID: 2, At: at.Add(-time.Second), Name: "copper-plate", Quality: "normal", Text: "Nauvis main went back to the save of 12:20: 40 copper-plate taken back from the bus"},
		{ID: 1, At: at.Add(-time.Hour), Name: "copper-plate", Quality: "normal", Text: "Nauvis main sent 540 copper-plate"},
	}, api.BusProblems{
		Wrong: []api.BusMismatch{{Name: "iron-plate", Quality: "legendary", Surplus: 1, Text: "the books have 1 iron-plate (legendary) more than the worlds have given"}},
		Questions: []api.BusQuestion{{World: "w2", Kind: api.CopiedWorld, InstanceName: "Vulcanus", FromInstance: "i1", FromInstanceName: "Nauvis main",
			Text: "Vulcanus was started with a save of Nauvis main. It trades as a world of its own, which owes nothing. If the save was copied, both go on like that. " +
				"If the world has moved here, Nauvis main gives up its place on the bus, and what it owes goes along."}},
	})
	c.SetPolicy(api.BusPolicy{Burst: 1_600_000, Rate: 160_000})
	c.SetBackups(api.Backup{Path: "/home/anna/.local/share/mainbus/controller/backups/20261126-114007-regular.db", At: at, Reason: "regular", Bytes: 5 << 20})
	c.SetSaves(api.SaveList{
		Saves: []api.Save{
			{ID: "_autosave3.zip", Name: "_autosave3.zip", SizeBytes: 82 << 20, SavedAt: at, Version: "2.0.77", Mods: make([]string, 6), Tick: 19_044_001, Autosave: true},
			{ID: "Nauvis main.zip", Name: "Nauvis main.zip", SizeBytes: 81 << 20, SavedAt: at.Add(-time.Hour), Version: "2.0.77", Mods: make([]string, 6), Tick: 18_830_412, Running: true},
			{ID: "vor dem großen Umbau.zip", Name: "vor dem großen Umbau.zip", SizeBytes: 64 << 20, SavedAt: at.Add(-72 * time.Hour), Version: "2.0.73", Mods: make([]string, 5), Tick: 12_000_000},
			{ID: "broken.zip", Name: "broken.zip", SizeBytes: 1200, SavedAt: at.Add(-100 * time.Hour), Problem: "it is no zip file, or its end is missing"},
		},
		Next: "_autosave3.zip", Why: "it is the newest save of the world that runs here",
	})
	c.SetFolder(api.Folder{Dir: "/opt/factorio", Kind: "headless", SaveCount: 12, Saves: []api.FolderSave{{Name: "vor dem großen Umbau.zip", Modified: at, Version: "2.0.77"}}, ModCount: 31,
		Admins: 2, Banned: 14, Settings: []byte(`{"name":"x"}`), AutoPause: true, Files: 1244, Bytes: 987 << 20, Problems: []string{"A game runs from it: process 4711. What it saves after the copy is not in the copy."}})
	c.SetServerSettings(api.ServerSettings{Settings: []byte(`{"name":"Nauvis main","description":"A cluster of five worlds","tags":["mainbus"],"max_players":0,` +
		`"visibility":{"public":false,"lan":true},"username":"","token":"(not shown)","game_password":"(not shown)","autosave_interval":5,"autosave_slots":5,"auto_pause":false}`)})
	c.Print("i1",
		"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless, space-age)",
		"   0.543 Warning Something.cpp:1: something odd", "   0.567 Error Other.cpp:2: something bad",
		"2026-08-02 02:16:35 [JOIN] anna joined the game", "2026-08-02 02:16:40 [CHAT] anna: hello",
		"  12.000 Info AppManager.cpp:323: Saving to _autosave1 (blocking).")
	return c
}

// instanceDialogs opens what stands in the menu of the instance that is shown.
func instanceDialogs(t *testing.T, c *headless.Cluster, s *headless.Screen, mode string) {
	t.Helper()
	s.Press("More")
	picture(t, s, "instance-menu-"+mode)
	s.Tap("Server settings…")
	s.Settle()
	picture(t, s, "settings-"+mode)
	s.Tap("All of it")
	picture(t, s, "settings-all-"+mode)
	c.Fail(api.Errorf(api.Refused, "Put it right and save again.", "autosave_interval must be a whole number from 0 to 2147483647"))
	s.Press("Save")
	c.Fail(nil)
	picture(t, s, "settings-error-"+mode)
	s.Press("Cancel")
	newInstances(t, c, s, mode)
	s.Open("i1")
	s.Soon()
	for _, d := range []struct{ item, name string }{{"Factorio version…", "version"}, {"Rename…", "rename"}, {"Move to another host…", "move"}} {
		s.Press("More")
		s.Tap(d.item)
		s.Soon()
		picture(t, s, d.name+"-"+mode)
		s.Press("Cancel")
	}
	s.Page("Instances")
	s.Menu("Aquilo")
	picture(t, s, "instances-menu-"+mode)
	s.Tap("Delete…")
	picture(t, s, "delete-"+mode)
	s.Press("Cancel")
	s.Open("i1")
	s.Soon()
}

// newInstances opens the dialogs that make instances.
func newInstances(t *testing.T, c *headless.Cluster, s *headless.Screen, mode string) {
	t.Helper()
	s.Page("Instances")
	s.Press("New instance…")
	picture(t, s, "create-"+mode)
	s.Press("Show advanced")
	s.Type("Paste a map exchange string: >>>…<<<", "eNpjZGBgYGZgYG")
	picture(t, s, "create-advanced-"+mode)
	s.Press("Cancel")
	s.Press("Adopt…")
	s.Type(`like /opt/factorio or C:\Factorio`, "/opt/factorio\n")
	picture(t, s, "adopt-"+mode)
	c.Fail(api.Errorf(api.NotFound, "Look at the path; it is one of the host's.", "there is no folder /opt/factorio on attic"))
	s.Press("Look")
	c.Fail(nil)
	picture(t, s, "adopt-error-"+mode)
	s.Press("Cancel")
}

func TestPicturesOfEveryScreen(t *testing.T) {
	for name, mode := range map[string]look.Mode{"dark": look.Dark, "light": look.Light} {
		t.Run(name, func(t *testing.T) {
			c := busyCluster()
			headless.RunIn(t, mode, c, func(t *testing.T, s *headless.Screen) {
				picture(t, s, "hosts-"+name)
				s.Page("Instances")
				picture(t, s, "instances-"+name)
				s.Open("i1")
				s.Soon()
				picture(t, s, "instance-"+name)
				s.Tap("Saves")
				s.Soon()
				picture(t, s, "saves-"+name)
				s.Tap("Console")
				instanceDialogs(t, c, s, name)
				s.Press("Graphs…")
				s.Soon()
				picture(t, s, "graphs-"+name)
				s.Press("Close")
				s.Open("i4")
				s.Soon()
				picture(t, s, "failed-"+name)
				s.Page("Bus")
				picture(t, s, "bus-"+name)
				s.Tap("copper-plate")
				picture(t, s, "bus-item-"+name)
				s.Press("Rule…")
				picture(t, s, "rule-"+name)
				s.Press("Cancel")
				s.Press("Answer…")
				picture(t, s, "question-"+name)
				s.Press("Cancel")
				s.Page("Hosts")
				s.Tap("garage")
				picture(t, s, "hosts-"+name)
				s.Press("Join code…")
				s.Type("factory.example.org", "factory.example.org\n")
				picture(t, s, "joincode-"+name)
				s.Press("Close")
				s.Press("Backups…")
				picture(t, s, "backups-"+name)
				s.Press("Close")
				s.Menu("attic")
				s.Tap("Public address…")
				picture(t, s, "public-address-"+name)
				s.Press("Cancel")
				s.Tap("attic")
				s.Press("Factorio…")
				s.Soon()
				picture(t, s, "games-"+name)
			})
			headless.RunIn(t, mode, headless.NewCluster(), func(t *testing.T, s *headless.Screen) {
				s.Page("Instances")
				picture(t, s, "empty-"+name)
				s.Press("New instance…") // without a host
				picture(t, s, "error-"+name)
			})
		})
	}
}

// A crowd with names as long as they may be.
func TestPicturesOfACrowd(t *testing.T) {
	for name, mode := range map[string]look.Mode{"dark": look.Dark, "light": look.Light} {
		t.Run(name, func(t *testing.T) {
			c := crowd()
			headless.RunIn(t, mode, c, func(t *testing.T, s *headless.Screen) {
				picture(t, s, "crowd-hosts-"+name)
				s.Page("Instances")
				picture(t, s, "crowd-instances-"+name)
				s.Open("i0")
				s.Soon()
				picture(t, s, "crowd-instance-"+name)
				s.Press("Supervision…")
				s.Soon()
				picture(t, s, "supervision-"+name)
				s.Press("Cancel")
				s.Tap("Saves")
				s.Soon()
				picture(t, s, "crowd-saves-"+name)
				c.SetSaves(api.SaveList{Why: "a new map is made"})
				s.Open("i1")
				s.Tap("Saves")
				s.Soon()
				s.Expect("No save yet.", "a new map is made")
				picture(t, s, "empty-saves-"+name)
				s.Page("Bus")
				picture(t, s, "crowd-bus-"+name)
			})
		})
	}
}

func crowd() *headless.Cluster {
	c := headless.NewCluster()
	long := string([]rune(strings.Repeat("Grüße aus Ваньково 🚂 ", 4))[:76])
	var hosts []api.Host
	var instances []api.Instance
	var measured []api.Measured
	var saves []api.Save
	var items []api.BusItem
	at := time.Date(2026, 11, 26, 12, 40, 7, 0, time.Local)
	for n := range 200 {
		id := fmt.Sprint(n)
		hosts = append(hosts, api.Host{ID: "h" + id, Name: fmt.Sprint(n, " ", long), State: api.Paired, Linked: n%3 > 0, RTTMS: float64(n), GameVersion: "2.0.77",
			Addresses: []string{"192.0.2.7:34180", "[2001:db8:1234:5678:9abc:def0:1234:5678]:34180"}, LastSeen: at})
		instances = append(instances, api.Instance{ID: "i" + id, Name: fmt.Sprint(n, " ", long), Host: "h" + id, HostName: fmt.Sprint(n, " ", long),
			Desired: "running", State: []string{"running", "failed", "starting", "stopped", "unknown"}[n%5], Cause: []string{"", "the port is taken by another server of this machine"}[min(1, n%5)],
			Linked: n%5 == 0, GamePort: 34197, GameVersion: "2.0.77", Save: long + ".zip"})
		measured = append(measured, api.Measured{Kind: api.KindInstance, ID: "i" + id, Figures: map[string]float64{"ups": float64(60 - n%9), "players": float64(n)}})
		saves = append(saves, api.Save{ID: id, Name: fmt.Sprint(n, " ", long, ".zip"), SizeBytes: int64(n) << 24, SavedAt: at, Version: "2.0.77", Scenario: "a-scenario/with-a-long-name", Tick: uint64(n) << 16})
		items = append(items, api.BusItem{Name: "a-mod-with-a-long-name-and-its-item-" + id, Quality: "legendary", Level: int64(n) << 40, Sent: int64(n) << 41})
	}
	instances[0].Warning, instances[0].DecidedHere, instances[1].RetryAt = "its output is a flood: 75,820 lines were left out", "running", &at
	c.SetHosts(hosts...)
	c.SetInstances(instances...)
	c.SetMeasured(measured...)
	c.SetSaves(api.SaveList{Saves: saves, Next: saves[0].Name, Why: "it is the newest save of the world that runs here"})
	c.SetBus(items...)
	return c
}
