package view

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

func TestHostRows(t *testing.T) {
	rows := hostRows([]api.Host{
		{ID: "3", Name: "beta", State: api.Paired, Linked: true, RTTMS: 0.3, GameVersion: "2.0.77", OS: "linux", Addresses: []string{"192.0.2.1:34180", "[2001:db8::1]:34180"}},
		{ID: "2", Name: "Alpha", State: api.Paired, RTTMS: 7},
		{ID: "1", Name: "alpha", State: api.Paired},
		{ID: "0", Name: "alpha", State: api.Paired},
		{ID: "9", Name: "zeta", State: api.Discovered, DiscoveredBy: "mdns"},
	}, []api.Instance{{Host: "3"}, {Host: "3"}, {Host: "2"}, {Host: "gone"}}, map[string]api.HostGames{
		"3": {Known: true, Games: []api.Game{{Version: "2.0.77"}, {Problem: "x"}, {Version: "2.0.77"}, {Version: "2.0.7"}}},
		"2": {Downloads: []api.GameDownload{{Version: "2.1.0", Failure: "x"}, {Version: "2.0.77", Phase: "downloading", Done: 43, Total: 100}}},
	})
	want := []Host{
		{ID: "9", Name: "zeta", WantsToJoin: true, FoundBy: "mdns"},
		{ID: "2", Name: "Alpha", Instances: 1, Game: "2.0.77, downloading 43 %"},
		{ID: "0", Name: "alpha"},
		{ID: "1", Name: "alpha"},
		{ID: "3", Name: "beta", Linked: true, RTT: "<1 ms", Game: "2.0.77, 2.0.7", System: "linux", Address: "192.0.2.1:34180, [2001:db8::1]:34180", Instances: 2},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got  %+v\nwant %+v", rows, want)
	}
}

func TestRoundTripIsCoarse(t *testing.T) {
	for _, test := range []struct {
		ms   float64
		want string
	}{{0, "<1 ms"}, {0.99, "<1 ms"}, {1, "1 ms"}, {1.4, "1 ms"}, {9.6, "10 ms"}, {10.4, "10 ms"}, {44, "40 ms"}, {46, "50 ms"}, {1234, "1230 ms"}} {
		if got := roundTrip(test.ms); got != test.want {
			t.Errorf("%v ms: %q, want %q", test.ms, got, test.want)
		}
	}
}

func TestInstanceRowsSayWhatCanBeDone(t *testing.T) {
	for _, test := range []struct {
		desired, state    string
		start, stop, kill bool
		move, erase       bool
	}{
		{"stopped", "stopped", true, false, false, true, true},
		{"stopped", "failed", true, false, false, true, true},
		{"stopped", "stopping", true, false, true, true, false},
		{"stopped", "running", true, false, true, true, false}, // told to stop, its host does not know yet
		{"running", "stopped", false, true, false, true, false},
		{"running", "starting", false, true, true, true, false},
		{"running", "running", false, true, true, true, false},
		{"running", "failed", true, true, false, true, false}, // its host goes on trying; a start tries at once
		{"running", "unknown", false, true, false, false, false},
		{"stopped", "unknown", true, false, false, false, true},
	} {
		r := instanceRows([]api.Instance{{ID: "i", Name: "x", Desired: test.desired, State: test.state}}, nil)[0]
		if r.CanStart != test.start || r.CanStop != test.stop || r.CanKill != test.kill || r.CanMove != test.move || r.CanErase != test.erase {
			t.Errorf("wanted %s, is %s: start %v, stop %v, kill %v, move %v, delete %v", test.desired, test.state, r.CanStart, r.CanStop, r.CanKill, r.CanMove, r.CanErase)
		}
	}
}

func TestInstanceRows(t *testing.T) {
	rows := instanceRows([]api.Instance{
		{ID: "2", Name: "nauvis"},
		{ID: "1", Name: "Nauvis", HostName: "attic", State: "running", Linked: true, GamePort: 34197, GameVersion: "2.0.77", Save: "a.zip", Desired: "running"},
		{ID: "3", Name: "aquilo", State: "running"},
	}, []api.Measured{
		{Kind: api.KindHost, ID: "3", Figures: map[string]float64{"cpu_cores": 2}},
		{Kind: api.KindInstance, ID: "1", Figures: map[string]float64{"ups": 54.6, "players": 0, "cpu_cores": 0.301, "memory_bytes": 1 << 31}},
	})
	if rows[0].ID != "3" || rows[1].ID != "1" || rows[2].ID != "2" {
		t.Errorf("order: %+v", rows)
	}
	want := Instance{ID: "1", Name: "Nauvis", Host: "attic", State: "running", Trades: true, Game: "2.0.77", Port: "34197", Save: "a.zip", Progress: -1, CanStop: true, CanKill: true, CanMove: true,
		UPS: "55", Slow: true, Players: "0", CPU: "31 % of a core", Memory: "2.0 GiB"}
	got := rows[1]
	got.Wanted = ""
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if rows[0].CPU != "" {
		t.Errorf("figures of a host are shown for an instance: %+v", rows[0])
	}
	if rows[0].Port != "" {
		t.Errorf("an instance without a port has port %q", rows[0].Port)
	}
}

func TestWords(t *testing.T) {
	for _, test := range []struct {
		i    api.Instance
		want string
	}{
		{api.Instance{State: "stopped"}, ""},
		{api.Instance{State: "running", Linked: true}, ""},
		{api.Instance{State: "running"}, "not on the bus yet"},
		{api.Instance{State: "starting", Phase: "loading map"}, "loading the map"},
		{api.Instance{State: "failed", Cause: "no save", Phase: "loading map"}, "no save"},
		{api.Instance{State: "unknown", LastState: "running", Cause: "old"}, "was running; no link to its host"},
		{api.Instance{State: "unknown"}, ""},
	} {
		if got := words(test.i); got != test.want {
			t.Errorf("%+v: %q, want %q", test.i, got, test.want)
		}
	}
}

func TestItemRows(t *testing.T) {
	rows := itemRows([]api.BusItem{
		{Name: "iron-plate", Quality: "legendary", Level: 3},
		{Name: "iron-plate", Quality: "normal", Level: 7, Sent: 10, Received: 2, Granted: 3, InFlight: 1, Owed: 5},
		{Name: "copper-plate", Quality: "normal"},
		{Name: "x-plate", Title: "Aluminium plate", Quality: "rare"},
	})
	want := []Item{
		{Ref: api.GoodsRef{Name: "x-plate", Quality: "rare"}, Name: "Aluminium plate · x-plate (rare)"},
		{Ref: api.GoodsRef{Name: "copper-plate", Quality: "normal"}, Name: "copper-plate"},
		{Ref: api.GoodsRef{Name: "iron-plate", Quality: "normal"}, Name: "iron-plate", Level: 7, Sent: 10, Received: 2, InFlight: 1, Owed: 5},
		{Ref: api.GoodsRef{Name: "iron-plate", Quality: "legendary"}, Name: "iron-plate (legendary)", Level: 3},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got  %+v\nwant %+v", rows, want)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567", -5: "−5", -1000: "−1,000",
		1<<63 - 1: "9,223,372,036,854,775,807", -1 << 63: "−9,223,372,036,854,775,808",
	} {
		if got := Count(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		filter string
		texts  []string
		want   bool
	}{
		{"", nil, true},
		{"  ", []string{"x"}, true},
		{"NAU", []string{"Nauvis main"}, true},
		{"main nauvis", []string{"Nauvis main"}, true},
		{"nauvis attic", []string{"Nauvis", "attic"}, true},
		{"nauvis cellar", []string{"Nauvis", "attic"}, false},
		{"visat", []string{"Nauvis", "attic"}, false}, // not across two texts
		{"имя", []string{"ИМЯ 🚂"}, true},
	} {
		if got := Matches(test.filter, test.texts...); got != test.want {
			t.Errorf("%q in %q: %v", test.filter, test.texts, got)
		}
	}
}

func TestKind(t *testing.T) {
	for line, want := range map[string]LineKind{
		"": Plain, " ": Plain, "hello": Plain, "1.5 Warning x": Plain, ".500 Warning x": Plain, "1.x00 Error x": Plain,
		"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless, space-age)": Plain,
		"  12.000 Info AppManager.cpp:323: Saving to _autosave1 (blocking).":                        Plain,
		"   0.543 Warning Something.cpp:1: something odd":                                           Warning,
		"12345.567 Error Other.cpp:2: something bad":                                                Error,
		"  33.120 Script @__mainbus__/control.lua:4: traded":                                        Script,
		"   1.000 Warnings are not warnings":                                                        Plain,
		"2026-08-02 02:16:35 [JOIN] anna joined the game":                                           Join,
		"2026-08-02 02:17:35 [LEAVE] anna left the game":                                            Leave,
		"2026-08-02 02:16:40 [CHAT] anna: hello":                                                    Chat,
		"2026-08-02 02:16:40 [SHOUT] anna: hello":                                                   Chat,
		"2026-08-02 02:16:40 [COMMAND] anna (command): game.print(1)":                               CommandLine,
		"2026-08-02 02:16:40 [WARNING] desync":                                                      Warning,
		"2026-08-02 02:16:40 [CHAT":                                                                 Plain,
		"2026-08-02 02:16:40 [":                                                                     Plain,
		"2026-08-02 02:16:40 [KICK] anna":                                                           Plain,
		"🚂🚂🚂🚂🚂🚂 [CHAT] anna":                                                                        Plain,
	} {
		if got := Kind(line); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}

func FuzzKind(f *testing.F) {
	for _, seed := range []string{"   0.543 Warning x", "2026-08-02 02:16:35 [JOIN] anna", " .  ", "\x00", "0.000", "1.000 ", strings.Repeat(" ", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		kind := Kind(line)
		if kind < Plain || kind > Script {
			t.Errorf("kind %d", kind)
		}
		// What comes after the shape never decides.
		if kind != Plain && Kind(line+"x") != kind {
			t.Errorf("%q is %d, with one more letter %d", line, kind, Kind(line+"x"))
		}
	})
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 5, 2, 0, 30, 0, 0, time.Local)
	for want, at := range map[string]time.Time{
		"00:10:05":    time.Date(2026, 5, 2, 0, 10, 5, 0, time.Local),
		"05-01 23:59": time.Date(2026, 5, 1, 23, 59, 59, 0, time.Local),
		"2025-05-02":  time.Date(2025, 5, 2, 0, 10, 5, 0, time.Local),
	} {
		if got := Clock(at, now); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
