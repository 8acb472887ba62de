package thishost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mainbus/cmd/internal/testbed/build"
	"mainbus/controller"
	"mainbus/controller/api"
	"mainbus/hostagent"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/discovery"
	"mainbus/transport/local"
	"mainbus/transport/wire"
)

const longEnough = 2 * time.Minute

// programs is the folder of the real mainbus-host and of the simulated game.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = buildPrograms(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Whoever starts a process waits for it, so that it leaves no zombie: an agent outlives Keep.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"), goleak.Cleanup(func(code int) {
		os.RemoveAll(programs)
		os.Exit(code)
	}))
}

func buildPrograms() (string, error) {
	dir, err := os.MkdirTemp("", "mainbus-thishost-")
	if err != nil {
		return "", err
	}
	return dir, build.Into(dir, "", "mainbus-host", "mainbus-sim")
}

func program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(programs, name)
}

func installGame(t *testing.T, dir string) {
	t.Helper()
	if out, err := exec.Command(program("mainbus-sim"), "install", dir).CombinedOutput(); err != nil {
		t.Fatalf("install the simulated game: %v: %s", err, out)
	}
}

// logged keeps log lines with their times.
type logged struct {
	mu    sync.Mutex
	lines []string
	at    []time.Time
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines, l.at = append(l.lines, string(p)), append(l.at, time.Now())
	return len(p), nil
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logged) with(text string) (lines []string, at []time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, line := range l.lines {
		if strings.Contains(line, text) {
			lines, at = append(lines, line), append(at, l.at[i])
		}
	}
	return lines, at
}

// bench is a controller in this process, and what Keep needs to make this computer its host.
type bench struct {
	api.Service
	t     *testing.T
	cfg   Config
	log   *logged
	looks atomic.Int32 // at this computer's agent
}

// Status implements api.Service: Keep asks it at the end of each look.
func (b *bench) Status(ctx context.Context, c api.Caller) (api.Status, error) {
	b.looks.Add(1)
	return b.Service.Status(ctx, c)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	c, err := controller.New(controller.Config{
		DataDir: t.TempDir(), Name: "test", Addr: "127.0.0.1:0",
		Browse: func(ctx context.Context, _ func() bool, _ func(discovery.Found)) error { <-ctx.Done(); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	game := filepath.Join(t.TempDir(), "factorio")
	installGame(t, game)
	b := &bench{Service: c.Service(), t: t, log: &logged{}}
	b.cfg = Config{
		Program: program("mainbus-host"), DataDir: filepath.Join(t.TempDir(), "host"), Factorio: game, Service: b,
		Caller: api.Caller{Kind: api.Owner, Name: "anna", From: "test"}, Log: b.log.logger(),
	}
	t.Cleanup(b.stopAgent)
	return b
}

func (b *bench) stopAgent() {
	ctx, cancel := context.WithTimeout(context.Background(), longEnough)
	defer cancel()
	if err := hostagent.AskStop(ctx, b.cfg.DataDir); err != nil && !errors.Is(err, local.ErrNobody) {
		b.t.Errorf("stop the agent: %v", err)
	}
	if b.t.Failed() {
		agent, _ := os.ReadFile(filepath.Join(b.cfg.DataDir, "agent.log"))
		lines, _ := b.log.with("")
		b.t.Logf("agent.log:\n%s\nlog:\n%s", agent, strings.Join(lines, ""))
	}
}

// keep runs Keep; stop ends it and fails unless it ends soon.
func (b *bench) keep() (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); Keep(ctx, b.cfg) }()
	stop = sync.OnceFunc(func() {
		b.t.Helper()
		cancel()
		select {
		case <-ended:
		case <-time.After(longEnough):
			b.t.Error("Keep does not end with its context")
			<-ended
		}
	})
	b.t.Cleanup(stop)
	return stop
}

func (b *bench) wait(what string, done func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(longEnough); !done(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("gave up waiting for %s", what)
		}
	}
}

func (b *bench) linked() bool {
	hosts, err := b.cfg.Service.Hosts(b.t.Context(), b.cfg.Caller)
	return err == nil && len(hosts) == 1 && hosts[0].State == api.Paired && hosts[0].Linked
}

// pid is the running agent's, as it noted it in its lock; 0 if it does not answer.
func (b *bench) pid() int {
	if _, err := hostagent.AskStatus(b.t.Context(), b.cfg.DataDir); err != nil {
		return 0
	}
	text, err := os.ReadFile(filepath.Join(b.cfg.DataDir, "agent.lock"))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

func (b *bench) instance(id string) (i api.Instance) {
	all, err := b.cfg.Service.Instances(b.t.Context(), b.cfg.Caller)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, one := range all {
		if one.ID == id {
			return one
		}
	}
	b.t.Fatalf("no instance %s", id)
	return i
}

func TestThisComputerIsAHostWithoutACodeTyped(t *testing.T) {
	b := newBench(t)
	stop := b.keep()
	b.wait("this computer to be a linked host", b.linked)
	first := b.pid()
	if first == 0 || first == os.Getpid() {
		t.Fatalf("the agent's process is %d", first)
	}
	for _, name := range []string{"agent.log", "agent.sock"} {
		info, err := os.Stat(filepath.Join(b.cfg.DataDir, name))
		if errors.Is(err, fs.ErrNotExist) && name == "agent.sock" {
			continue // a long path: the socket is elsewhere
		}
		if err != nil {
			t.Error(err)
		} else if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be used by others: %v", name, info.Mode())
		}
	}

	process, err := os.FindProcess(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	b.wait("another agent after a kill", func() bool { pid := b.pid(); return pid != 0 && pid != first && b.linked() })
	second := b.pid()

	seen := b.looks.Load()
	b.wait("two more looks, which change nothing", func() bool { return b.looks.Load() >= seen+2 })
	if starts, _ := b.log.with("started the host agent"); len(starts) != 2 {
		t.Errorf("the agent was started %d times, want twice", len(starts))
	}
	stop()
	if got := b.pid(); got != second {
		t.Errorf("after the window's end the agent is process %d, want %d still", got, second)
	}
}

// The older agent is a real one that says it is older: in this process, so that it can be given another version.
func TestAnOlderAgentIsReplacedUnderARunningGame(t *testing.T) {
	b := newBench(t)
	older := hostagent.New(hostagent.Config{
		DataDir: b.cfg.DataDir, FactorioDirs: []string{b.cfg.Factorio}, Name: "here", Version: "0.0.1", Self: b.cfg.Program,
		Interfaces: func([]net.Interface) []net.Interface { return nil }, // nobody shall find it
		Started:    func(hostagent.Status) {}, PairingCode: func(hostagent.PairingCode) {}, Log: slog.New(slog.DiscardHandler),
	})
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- older.Run(ctx) }()
	defer cancel()
	b.wait("the older agent", func() bool { return b.pid() == os.Getpid() })
	status, err := hostagent.AskStatus(t.Context(), b.cfg.DataDir)
	if err != nil || status.Version != "0.0.1" {
		t.Fatalf("%+v, %v", status, err)
	}
	if err := b.cfg.pair(t.Context(), status); err != nil {
		t.Fatal(err)
	}
	b.wait("the link", b.linked)
	hosts, err := b.cfg.Service.Hosts(t.Context(), b.cfg.Caller)
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.cfg.Service.CreateInstance(t.Context(), b.cfg.Caller, api.CreateInstance{Name: "Nauvis", Host: hosts[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.cfg.Service.StartInstance(t.Context(), b.cfg.Caller, api.InstanceRef{Instance: made.ID}); err != nil {
		t.Fatal(err)
	}
	b.wait("the game", func() bool { i := b.instance(made.ID); return i.State == "running" && i.Linked })
	before := b.game(made.ID)

	stop := b.keep()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the older agent ended with %v", err)
		}
	case <-time.After(longEnough):
		t.Fatal("the older agent was not stopped")
	}
	b.wait("the newer agent", func() bool {
		s, err := hostagent.AskStatus(t.Context(), b.cfg.DataDir)
		return err == nil && s.Version == wire.Version && b.linked()
	})
	b.wait("the game's link", func() bool { i := b.instance(made.ID); return i.State == "running" && i.Linked })
	if after := b.game(made.ID); after != before {
		t.Errorf("the game was process %d and is %d", before, after)
	}
	if i := b.instance(made.ID); i.Starts != 1 {
		t.Errorf("the game was started %d times", i.Starts)
	}
	if failures, _ := b.log.with("no host yet"); len(failures) > 0 {
		t.Errorf("the replacement did not go smoothly: %v", failures)
	}
	stop()
	if _, err := b.cfg.Service.StopInstance(t.Context(), b.cfg.Caller, api.InstanceRef{Instance: made.ID}); err != nil {
		t.Fatal(err)
	}
	b.wait("the game's end", func() bool { return b.instance(made.ID).State == "stopped" })
}

func (b *bench) game(id string) int {
	b.t.Helper()
	game, err := supervisor.Attach(filepath.Join(b.cfg.DataDir, "instances", id, ".mainbus"))
	if err != nil {
		b.t.Fatal(err)
	}
	return game.Run().PID
}

// unreadable makes a data folder with which an agent ends at once.
func unreadable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "peers.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnAgentThatDiesIsStartedLessAndLess(t *testing.T) {
	for _, test := range []struct{ name, program, says string }{
		{"unreadable data", program("mainbus-host"), "the host agent ended at once (see "},
		{"no program", filepath.Join(programs, "nothing"), "start the host agent: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, log := unreadable(t), &logged{}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go Keep(ctx, Config{Program: test.program, DataDir: dir, Log: log.logger()})
				time.Sleep(5*time.Minute - time.Second) // the next one comes at the end of the fifth
			})
			lines, at := log.with("this computer is no host yet")
			want := []time.Duration{4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute, time.Minute}
			if len(lines) != len(want)+1 {
				t.Fatalf("tried %d times in not quite five minutes: %v", len(lines), at)
			}
			for i, pause := range want {
				if got := at[i+1].Sub(at[i]); got < pause || got > pause+time.Second {
					t.Errorf("pause %d is %v, want %v", i, got, pause)
				}
			}
			if !strings.Contains(lines[0], test.says) {
				t.Errorf("it says %q, want %q", lines[0], test.says)
			}
		})
	}
	// What the log points to says why.
	dir := unreadable(t)
	ctx, cancel := context.WithTimeout(t.Context(), longEnough)
	defer cancel()
	cfg := Config{Program: program("mainbus-host"), DataDir: dir, Log: slog.New(slog.DiscardHandler)}
	if _, err := cfg.start(ctx); err == nil {
		t.Fatal("an agent runs on data that it can't read")
	}
	text, err := os.ReadFile(filepath.Join(dir, "agent.log"))
	if err != nil || !strings.Contains(string(text), "peers.json") {
		t.Errorf("agent.log says %q (%v)", text, err)
	}
}

func TestKeepEndsWhileAnAgentHangs(t *testing.T) {
	b := newBench(t)
	if err := os.MkdirAll(b.cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	door, err := local.Listen(filepath.Join(b.cfg.DataDir, "agent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	stop := b.keep()
	conn, err := door.Accept() // and never a word
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop()
	door.Close()
}

func TestOlder(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"0.1.0", "0.1.0", false}, {"0.1.0", "0.1.1", true}, {"0.1.1", "0.1.0", false}, {"0.9.0", "0.10.0", true}, {"1.0.0", "0.99.99", false},
		{"", "0.1.0", true}, {"test", "0.1.0", true}, {"0.1", "0.1.0", false}, {"1", "0.9.9", false}, {"0.1.0", "", false},
	} {
		if got := older(test.a, test.b); got != test.want {
			t.Errorf("%q older than %q: %v", test.a, test.b, got)
		}
	}
}

func TestProgramLiesBesideThisOne(t *testing.T) {
	if found, err := Program(); err == nil || !strings.Contains(err.Error(), "mainbus-host") {
		t.Errorf("found %q beside a test, error %v", found, err)
	}
}
