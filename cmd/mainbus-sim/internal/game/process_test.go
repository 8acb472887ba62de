package game

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/factorio/save"
)

// TestMain lets the test's own program be the game: install copies it under the game's name.
func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "factorio" {
		os.Exit(Main(os.Args, os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

const patience = 2 * time.Minute

// installing keeps processes from being started while a program is written: until such a process runs its own program it
// holds the file open for writing, and the system refuses to run it.
var installing sync.RWMutex

func startProcess(cmd *exec.Cmd) error {
	installing.RLock()
	defer installing.RUnlock()
	return cmd.Start()
}

// installation is a simulated game in a temporary folder.
type installation struct{ dir string }

func newInstallation(t testing.TB, scenario string) installation {
	t.Helper()
	dir := t.TempDir()
	file := ""
	if scenario != "" {
		file = filepath.Join(dir, "scenario.json")
		if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	installing.Lock()
	err := install(filepath.Join(dir, "game"), file)
	installing.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	i := installation{filepath.Join(dir, "game")}
	i.settings(t, `{"auto_pause": false}`)
	return i
}

func (i installation) settings(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(i.dir, "server-settings.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (i installation) command(args ...string) *exec.Cmd {
	binary := filepath.Join(i.dir, "bin", "x64", "factorio")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	return exec.Command(binary, args...)
}

func (i installation) saveFile(name string) string { return filepath.Join(i.dir, "saves", name+".zip") }

// run runs the game to its end.
func (i installation) run(t testing.TB, args ...string) (string, int) {
	t.Helper()
	cmd := i.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := startProcess(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// create makes a save and puts a script into it.
func (i installation) create(t testing.TB, name, control string) {
	t.Helper()
	if out, code := i.run(t, "--create", name); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	if control == "" {
		return
	}
	if err := save.Rewrite(i.saveFile(name), i.saveFile(name), map[string][]byte{"control.lua": []byte(control)}); err != nil {
		t.Fatal(err)
	}
}

// process is a running server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	addr   string
	rcon   *rcon.Client
	done   chan struct{}
	errors bytes.Buffer  // to be read after done
	more   chan struct{} // gets a token when lines were added

	mu    sync.Mutex
	lines []string
}

// start starts a server and waits until its RCON is open.
func (i installation) start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return i.serve(t, append([]string{"--start-server", name}, args...)...)
}

// serve does that with other options than --start-server.
func (i installation) serve(t *testing.T, args ...string) *process {
	t.Helper()
	p := i.launch(t, append([]string{
		"--port", fmt.Sprint(freeUDPPort(t)), "--rcon-bind", "127.0.0.1:0", "--rcon-password", "secret",
	}, args...)...)
	line := p.wait(`Starting RCON interface at IP ADDR:\(\{(.*)\}\)`)
	p.addr = line[1]
	p.connect()
	return p
}

// launch starts the game.
func (i installation) launch(t *testing.T, all ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: i.command(all...), done: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd.Stderr = &p.errors // the race detector writes there
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := startProcess(p.cmd); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // ended already in most tests
		<-p.done
		p.checkLines()
		if p.errors.Len() > 0 {
			t.Errorf("on the standard error:\n%s", p.errors.String())
		}
	})
	return p
}

func freeUDPPort(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

func freeTCPPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func (p *process) read(out io.Reader) {
	defer close(p.done)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
	_ = p.cmd.Wait() // the exit code is asked for by the tests
}

func (p *process) connect() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := rcon.Dial(ctx, p.addr, "secret")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { client.Close() })
	p.rcon = client
}

// wait waits for a line that matches.
func (p *process) wait(pattern string) []string {
	p.t.Helper()
	expression := regexp.MustCompile(pattern)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		p.mu.Lock()
		for _, line := range p.lines {
			if match := expression.FindStringSubmatch(line); match != nil {
				p.mu.Unlock()
				return match
			}
		}
		p.mu.Unlock()
		select {
		case <-p.more:
		case <-p.done:
			p.t.Fatalf("the game ended without %q:\n%s", pattern, p.output())
		case <-deadline.C:
			p.t.Fatalf("no line %q:\n%s", pattern, p.output())
		}
	}
}

// checkLines fails the test for lines that contradict those before them: a game prints none.
func (p *process) checkLines() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var follower console.Follower
	for _, line := range p.lines {
		for _, entry := range follower.Feed(line) {
			if entry.Doubt != "" {
				p.t.Errorf("line %d %q: %s", entry.First, entry.Line.String(), entry.Doubt)
			}
		}
	}
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

func (p *process) say(command string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := p.rcon.Execute(ctx, command)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", command, err, p.output())
	}
	return strings.TrimSuffix(reply, "\n")
}

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("the game didn't end:\n%s", p.output())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(sig os.Signal) {
	p.t.Helper()
	if runtime.GOOS == "windows" {
		p.t.Skip("SKIPPED: no signals between processes on Windows")
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// texts are the lines without time, level and source.
func (p *process) texts() []string {
	var texts []string
	for _, line := range strings.Split(p.output(), "\n") {
		texts = append(texts, console.Parse(line).Text)
	}
	return texts
}
