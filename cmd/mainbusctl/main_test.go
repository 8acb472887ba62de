package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/local"
)

// A cluster with one host and one instance, which is running as soon as it is started.
type cluster struct {
	api.Service
	state string // or several, one for each question
	sent  string
}

func (c *cluster) Hosts(context.Context, api.Caller) ([]api.Host, error) {
	return []api.Host{{ID: "h1", Name: "attic\x1b[31m", State: api.Paired, Linked: true, RTTMS: 0.41, DiscoveredBy: "mdns", Addresses: []string{"192.0.2.7:34180"}}}, nil
}

func (c *cluster) Instances(context.Context, api.Caller) ([]api.Instance, error) {
	state, later, several := strings.Cut(c.state, ", ")
	if several {
		c.state = later
	}
	return []api.Instance{{ID: "i1", Name: "nauvis", HostName: "attic", State: state, Cause: map[string]string{"failed": "the port is taken"}[state]}}, nil
}

func (c *cluster) StartInstance(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	if r.Instance != "nauvis" {
		return api.Instance{}, api.Errorf(api.NotFound, "See mainbusctl instances list.", "there is no instance %s", r.Instance)
	}
	if strings.HasPrefix(c.state, "failed, ") {
		return api.Instance{ID: "i1", Name: "nauvis", State: "failed"}, nil
	}
	return api.Instance{ID: "i1", Name: "nauvis", State: "starting"}, nil
}

func (c *cluster) InstanceFailure(context.Context, api.Caller, api.InstanceRef) (api.Failure, error) {
	return api.Failure{
		ID: "E01", Cause: "Another program uses its UDP port.", Exited: true, Code: 1, Start: 3, Decisive: []string{"   0.567 Error"}, Last: []string{"Goodbye"},
	}, nil
}

func (c *cluster) InstanceSupervision(context.Context, api.Caller, api.InstanceRef) (api.Supervision, error) {
	return api.Supervision{StopSeconds: 300, Restart: api.RestartAlways, MemoryBytes: 4 << 30, CPUs: []uint32{0, 2, 3}}, nil
}

func (c *cluster) ChangeSupervision(_ context.Context, _ api.Caller, r api.ChangeSupervision) (api.Supervision, error) {
	if r.Order != nil || r.Niceness != nil {
		return api.Supervision{}, api.Errorf(api.Invalid, "", "more was changed than asked for")
	}
	return api.Supervision{StopSeconds: *r.StopSeconds, Restart: *r.Restart, MemoryBytes: *r.MemoryBytes, CPUs: *r.CPUs}, nil
}

func (c *cluster) ChangeHost(_ context.Context, _ api.Caller, r api.ChangeHost) (api.Host, error) {
	if *r.StartsAtOnce != 3 {
		return api.Host{}, api.Errorf(api.Invalid, "", "not what was asked for")
	}
	return api.Host{Name: r.Host}, nil
}

func (c *cluster) Games(_ context.Context, _ api.Caller, r api.GamesOf) ([]api.HostGames, error) {
	return []api.HostGames{{
		HostName: r.Host, Known: true, Platform: "linux64",
		Games: []api.Game{
			{Version: "2.0.77", Build: 84539, Edition: "headless", Source: api.GameDownloaded, Folder: "/games/2.0.77", Instances: []string{"nauvis"}, Unverified: "none is published"},
			{Problem: "it is broken", Folder: "/x", Source: api.GameNamed},
		},
		Downloads: []api.GameDownload{{Version: "2.1.13", Phase: "downloading", Done: 43 << 20, Total: 100 << 20}, {Version: "2.1.12", Failure: "no connection"}},
	}, {HostName: "cellar", Known: true, Platform: "linux64"}}, nil
}

func (c *cluster) AvailableGames(context.Context, api.Caller, api.AskAvailable) (api.AvailableGames, error) {
	return api.AvailableGames{Platform: "linux64", Stable: "2.0.77", Experimental: "2.1.13", Versions: []string{"2.0.76"}, Asked: &time.Time{}}, nil
}

func (c *cluster) DownloadGame(_ context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return api.GameOn{Host: r.Host, Version: "2.0.77"}, nil
}

func (c *cluster) CancelDownload(_ context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return r, nil
}

func (c *cluster) RemoveGame(context.Context, api.Caller, api.GameOn) (api.GameOn, error) {
	return api.GameOn{}, api.Errorf(api.Refused, "", "a game runs from it; stop it first")
}

func (c *cluster) SetVersion(_ context.Context, _ api.Caller, r api.SetVersion) (api.Instance, error) {
	return api.Instance{Name: r.Instance, Version: r.Version, Download: r.Download}, nil
}

func (c *cluster) SendConsole(_ context.Context, _ api.Caller, r api.SendConsole) (api.ConsoleReply, error) {
	c.sent = r.Line
	return api.ConsoleReply{Text: "Players (0):\n"}, nil
}

func (c *cluster) ReadConsole(_ context.Context, _ api.Caller, r api.ReadConsole) (api.ConsolePage, error) {
	pages := []api.ConsolePage{{Lines: []string{"one"}, Next: 1}, {Lines: []string{"two"}, Next: 2}, {Next: 2}}
	return pages[r.Offset], nil
}

func (c *cluster) Figures(context.Context, api.Caller) ([]api.Measured, error) {
	return []api.Measured{
		{Kind: api.KindHost, ID: "h1", Name: "attic", Figures: map[string]float64{"cpu_cores": 1.5}},
		{Kind: api.KindInstance, ID: "i1", Name: "nauvis", Figures: map[string]float64{
			"ups": 59.9, "players": 3, "cpu_cores": 0.12, "memory_bytes": 300 << 20, "rcon_seconds": 0.0025,
		}},
	}, nil
}

func (c *cluster) FigureHistory(_ context.Context, _ api.Caller, r api.ReadFigure) (api.FigureHistory, error) {
	if r != (api.ReadFigure{Kind: api.KindInstance, Name: "nauvis", Figure: "ups", Seconds: 1800}) {
		return api.FigureHistory{}, fmt.Errorf("asked for %+v", r)
	}
	return api.FigureHistory{StepSeconds: 60, Points: []api.FigurePoint{{Mean: 60, Low: 58, High: 61}}}, nil
}

func (c *cluster) BusAccounts(_ context.Context, _ api.Caller, r api.ReadAccounts) ([]api.BusAccount, error) {
	return []api.BusAccount{{World: "w1", InstanceName: "nauvis", Name: r.Name, Quality: r.Quality, Sent: 120, Owed: 7}}, nil
}

func (c *cluster) BusHistory(_ context.Context, _ api.Caller, r api.ReadHistory) ([]api.BusPosting, error) {
	if r.Instance != "" {
		return nil, nil
	}
	return []api.BusPosting{{Text: "nauvis sent 120 \x1b[31miron-plate"}}, nil
}

func (c *cluster) Backups(context.Context, api.Caller) ([]api.Backup, error) {
	return []api.Backup{{Path: "/data/backups/one.db", Reason: "migration", Bytes: 3 << 20}}, nil
}

func (c *cluster) BackUp(context.Context, api.Caller) (api.Backup, error) {
	return api.Backup{Path: "/data/backups/two.db", Reason: "asked", Bytes: 5000}, nil
}

func (c *cluster) VerifyBus(context.Context, api.Caller) (api.BusCheck, error) {
	check := api.BusCheck{Items: 3, Worlds: 2, Wrong: []api.BusMismatch{}}
	if c.state == "tampered" {
		check.Wrong = append(check.Wrong, api.BusMismatch{Name: "iron-plate", Quality: "normal", Level: 51, Given: 50, Surplus: 1})
	}
	return check, nil
}

func (c *cluster) ForgiveDebt(_ context.Context, _ api.Caller, r api.GoodsOf) (api.Booked, error) {
	if r.Quality == "rare" {
		return api.Booked{}, api.Errorf(api.Refused, "See bus show.", "%s owes no %s", r.Instance, r.Words())
	}
	return api.Booked{Amount: min(40, max(r.Amount, 7))}, nil
}

func (c *cluster) ReleaseHeld(_ context.Context, _ api.Caller, r api.GoodsOf) (api.Booked, error) {
	return api.Booked{Amount: 9}, nil
}

func (c *cluster) AcceptBooks(_ context.Context, _ api.Caller, r api.GoodsRef) (api.BusItem, error) {
	return api.BusItem{Name: r.Name, Level: 51}, nil
}

func (c *cluster) BusProblems(context.Context, api.Caller) (api.BusProblems, error) {
	if c.state == "calm" {
		return api.BusProblems{}, nil
	}
	return api.BusProblems{
		Questions: []api.BusQuestion{{World: "w2", Kind: api.CopiedWorld, FromInstance: "i1", Text: "nauvis 2 was started with a save of nauvis."}},
		Notices:   []api.BusNotice{{InstanceName: "nauvis", Refused: 3, Why: "a total fell"}},
	}, nil
}

func (c *cluster) AnswerQuestion(_ context.Context, _ api.Caller, r api.AnswerQuestion) (api.BusProblems, error) {
	c.sent = fmt.Sprint(r.World, r.Moved)
	return api.BusProblems{}, nil
}

func (c *cluster) BusPolicy(context.Context, api.Caller) (api.BusPolicy, error) {
	return api.BusPolicy{
		Default: api.BusRule{Fair: true}, Burst: 10, Rate: 2,
		Items:     []api.BusItemRule{{GoodsRef: api.GoodsRef{Name: "iron-plate", Quality: "rare"}, BusRule: api.BusRule{Strict: true, Limit: 5}}},
		Instances: []api.BusInstanceRule{{Instance: "i1", InstanceName: "nauvis", Priority: 3, Weight: 2}},
		Reserves:  []api.BusReserve{{Instance: "i9", GoodsRef: api.GoodsRef{Name: "coal"}, Amount: 8}},
	}, nil
}

func (c *cluster) ChangeBusPolicy(ctx context.Context, caller api.Caller, r api.ChangeBusPolicy) (api.BusPolicy, error) {
	text, err := json.Marshal(r)
	c.sent = string(text)
	if err != nil {
		return api.BusPolicy{}, err
	}
	return c.BusPolicy(ctx, caller)
}

func (c *cluster) Bus(context.Context, api.Caller) ([]api.BusItem, error) { return nil, nil }

// ctlOn runs the program against a cluster and returns what it printed.
func ctlOn(t *testing.T, c *cluster, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	dir := t.TempDir()
	listener, err := local.Listen(filepath.Join(dir, api.SocketName))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, listener, c, func(net.Conn) api.Caller { return api.Caller{} }) }()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"--data", dir}, args...), &out, &errs)
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	return out.String(), errs.String(), code
}

func TestCommands(t *testing.T) {
	tests := []struct {
		name           string
		args           string
		state          string
		code           int
		stdout, stderr string // parts
	}{
		{name: "hosts as a table", args: "hosts list", stdout: "attic[31m  linked  192.0.2.7:34180  mdns      none: mainbusctl games list  0.4 ms  h1  -"},
		{name: "what is measured", args: "stats", stdout: "nauvis  instance  59.9  3        12.0 %   300 MiB  2.5 ms  -     -\n"},
		{name: "all of one", args: "stats attic", stdout: "host attic, "},
		{name: "of nobody", args: "stats vulcanus", code: 1, stderr: "nothing is measured of \"vulcanus\""},
		{name: "what it was", args: "stats nauvis --figure ups --for 30m", stdout: "60    58      61\n"},
		{name: "what it was, of nobody", args: "stats --figure ups", code: 1, stderr: "say whose figure"},
		{name: "an empty list says what to do", args: "bus list", stdout: "Nothing has been sent"},
		{name: "start waits", args: "instances start nauvis", state: "running", stdout: "nauvis: running"},
		{name: "start says why it failed", args: "instances start nauvis", state: "failed", code: 1, stderr: "nauvis failed: the port is taken"},
		{name: "a failure from before does not end the wait", args: "instances start nauvis", state: "failed, failed, running", stdout: "nauvis: running"},
		{name: "a wait can be short", args: "instances start nauvis --wait 1ms", state: "starting", code: 1, stderr: "not running after 1ms"},
		{name: "an unknown name", args: "instances start vulcanus", code: 1, stderr: "there is no instance vulcanus\nSee mainbusctl"},
		{name: "a console line and its answer", args: "instances send nauvis /players", stdout: "Players (0):\n"},
		{name: "a console to its end", args: "instances console nauvis", stdout: "one\ntwo\n"},
		{name: "accounts of an item", args: "bus show iron-plate", stdout: "nauvis    120   0         0          7     0     w1"},
		{name: "history", args: "bus history --causes", stdout: "  nauvis sent 120 [31miron-plate\n"},
		{name: "an empty history", args: "bus history --instance nauvis", stdout: "Nothing has happened yet"},
		{name: "a debt is forgiven", args: "bus forgive nauvis iron-plate", stdout: "nauvis: 7 iron-plate forgiven.\n"},
		{name: "a part of a debt", args: "bus forgive nauvis iron-plate uncommon --amount 20", stdout: "nauvis: 20 iron-plate (uncommon) forgiven.\n"},
		{name: "no debt", args: "bus forgive nauvis iron-plate rare", code: 1, stderr: "nauvis owes no iron-plate (rare)\nSee bus show."},
		{name: "what was held", args: "bus release nauvis iron-plate", stdout: "nauvis: 9 iron-plate put on the bus.\n"},
		{name: "books taken as they are", args: "bus accept iron-plate", stdout: "The books of iron-plate are taken as they are: 51 on the bus."},
		{name: "questions", args: "bus questions", stdout: "nauvis 2 was started with a save of nauvis.\n  mainbusctl bus answer w2 copy\n  mainbusctl bus answer w2 move\n"},
		{name: "no questions", args: "bus questions", state: "calm", stdout: "There is no question."},
		{name: "an answer", args: "bus answer w2 move", stdout: "Done. Open questions: 0"},
		{name: "no answer", args: "bus answer w2 maybe", code: 2, stderr: "the answer is copy or move"},
		{name: "notices", args: "bus notices", stdout: "nauvis    3        0                a total fell"},
		{name: "no notices", args: "bus notices", state: "calm", stdout: "Everything that worlds told"},
		{name: "a policy", args: "bus policy show", stdout: "All goods without a rule: fair shares\niron-plate (rare): first come, first served, only what finished saves cover, at most 5\n" +
			"Instance nauvis: priority 3, weight 2\nReserved for i9 (gone): 8 coal\n"},
		{name: "two rules at once", args: "bus policy set --item coal --no-own-rule --fair", code: 2, stderr: "goods with no rule of their own"},
		{name: "books that add up", args: "bus verify", stdout: "The books add up: 3 kinds of goods, 2 worlds.\n"},
		{name: "books that do not", args: "bus verify", state: "tampered", code: 1, stdout: "iron-plate  normal   1         51", stderr: "the books of 1 of 3 kinds of goods do not add up\nNothing of them"},
		{name: "why it failed", args: "instances why nauvis", stdout: "Another program uses its UDP port.\n"},
		{name: "why, with lines", args: "instances why nauvis -l", stdout: "exit code 1, start 3, E01\n\nThe lines that show it:\n   0.567 Error\n\nThe last lines:\nGoodbye\n"},
		{name: "supervision", args: "instances supervision show nauvis", stdout: "memory      4 GiB\nprocessors  0,2,3\n"},
		{name: "supervision changed", args: "instances supervision set nauvis --cpus 0,2-3 --memory 4GiB --stop-time 10m --restart never", stdout: "stop time   10m0s\nrestart     never;"},
		{name: "a size that is none", args: "instances supervision set nauvis --memory lots", code: 2, stderr: "\"lots\" is no size"},
		{name: "processors that are none", args: "instances supervision set nauvis --cpus 3-1", code: 2, stderr: "\"3-1\" names no processors"},
		{name: "starts at once", args: "hosts set attic --starts-at-once 3", stdout: "attic is changed."},
		{name: "nothing to change", args: "hosts set attic", code: 2, stderr: "--starts-at-once"},
		{name: "games", args: "games list attic", stdout: "attic   2.0.77 (build 84539)  headless  downloaded  /games/2.0.77  runs nauvis; checksum not compared: none is published\n" +
			"attic   unusable              -         named       /x             it is broken\n" +
			"attic   2.1.13                -         -           -              downloading, 43 % of 100 MB\n" +
			"attic   2.1.12                -         -           -              failed: no connection\n" +
			"cellar  none                  -         -           -              download one: mainbusctl games download cellar stable\n"},
		{name: "what can be downloaded", args: "games available attic", stdout: "stable        2.0.77\nexperimental  2.1.13\n              2.0.76\n"},
		{name: "a download", args: "games download attic stable", stdout: "Factorio 2.0.77: mainbusctl games list attic shows how far it is.\n"},
		{name: "a download as JSON", args: "--json games download attic stable", stdout: `"version": "2.0.77"`},
		{name: "the end of a download", args: "games cancel attic 2.0.77", stdout: "Factorio 2.0.77: The download is ended.\n"},
		{name: "a removal", args: "games remove attic 2.0.77", code: 1, stderr: "a game runs from it"},
		{name: "a version", args: "instances set nauvis --version 2.0 --no-download", stdout: "nauvis: runs Factorio 2.0 from its next start on\n"},
		{name: "any version", args: "instances set nauvis --version any", stdout: "nauvis: runs any version, and stays with the one that it has\n"},
		{name: "nothing to set", args: "instances set nauvis", code: 1, stderr: "Say --version VERSION."},
		{name: "backups as a table", args: "controller backups", stdout: "before an update  3.0 MiB  /data/backups/one.db"},
		{name: "a backup", args: "controller backup", stdout: "/data/backups/two.db (5 KiB)\n"},
		{name: "restoring what is no backup", args: "controller restore missing.db", code: 1, stderr: "no such file"},
		{name: "no such command", args: "hosts explode", code: 2, stderr: "no command"},
		{name: "too few words", args: "hosts pair attic", code: 2, stderr: "accepts 2 arg"},
		{name: "a missing flag", args: "instances create nauvis", code: 2, stderr: "--host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, errs, code := ctlOn(t, &cluster{state: test.state}, strings.Fields(test.args)...)
			if code != test.code || !strings.Contains(out, test.stdout) || !strings.Contains(errs, test.stderr) {
				t.Errorf("exit code %d\nstdout %q\nstderr %q\nwant %d, %q, %q", code, out, errs, test.code, test.stdout, test.stderr)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	var hosts []api.Host
	out, _, code := ctlOn(t, &cluster{}, "hosts", "list", "--json")
	if err := json.Unmarshal([]byte(out), &hosts); err != nil || code != 0 || len(hosts) != 1 || hosts[0].ID != "h1" {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
	if out, _, _ = ctlOn(t, &cluster{}, "bus", "list", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("an empty list is %q", out)
	}
	if out, _, _ = ctlOn(t, &cluster{}, "instances", "console", "nauvis", "--json"); strings.Join(strings.Fields(out), "") != `["one","two"]` {
		t.Errorf("a console is %q", out)
	}
	_, errs, code := ctlOn(t, &cluster{}, "instances", "start", "vulcanus", "--json")
	var failed struct{ Error api.Error }
	if err := json.Unmarshal([]byte(errs), &failed); err != nil || code != 1 || failed.Error.Code != api.NotFound {
		t.Errorf("exit code %d, %v: %s", code, err, errs)
	}
}

// What is not named on the command line is not changed.
func TestPolicyChanges(t *testing.T) {
	for args, want := range map[string]string{
		"--fair":                            `{"name":"","quality":"","fair":true}`,
		"--fair=false --item coal":          `{"name":"coal","quality":"","fair":false}`,
		"--item coal --limit 0 --strict":    `{"name":"coal","quality":"","strict":true,"limit":0}`,
		"--item coal --no-own-rule":         `{"name":"coal","quality":"","no_own_rule":true}`,
		"--instance nauvis --weight 3":      `{"name":"","quality":"","instance":"nauvis","weight":3}`,
		"--instance a --item b --reserve 0": `{"name":"b","quality":"","instance":"a","reserve":0}`,
		"--aging":                           `{"name":"","quality":"","aging":true}`,
		"--burst 7 --rate 0":                `{"name":"","quality":"","burst":7,"rate":0}`,
	} {
		c := &cluster{}
		if _, errs, code := ctlOn(t, c, append([]string{"bus", "policy", "set"}, strings.Fields(args)...)...); code != 0 || c.sent != want {
			t.Errorf("%s: exit code %d %s, sent %s, want %s", args, code, errs, c.sent, want)
		}
	}
}

func TestNoController(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--data", t.TempDir(), "controller", "status"}, &out, &errs); code != 3 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
