package windowtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/discovery"
)

// pictures is where screenshots go: the folder that MAINBUS_SCREENSHOTS names, or one that is thrown away.
func pictures(t *testing.T) string {
	if dir := os.Getenv("MAINBUS_SCREENSHOTS"); dir != "" {
		return dir
	}
	return t.TempDir()
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("SKIPPED, the window was NOT tested here: %v", err)
		}
	}
	if _, err := discovery.Usable(discovery.Config{}); err != nil {
		t.Skipf("SKIPPED, the window was NOT tested here: %v", err)
	}
}

// build makes the programs with the flags of the Makefile, so that the build cache serves both.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, b := range []struct {
		cgo  string
		args []string
	}{
		{"1", []string{"-tags", "migrated_fynedo,no_animations", "mainbus/cmd/mainbus"}},
		{"0", []string{"mainbus/cmd/mainbus-host", "mainbus/cmd/mainbusctl", "mainbus/cmd/mainbus-sim"}},
	} {
		cmd := exec.Command("go", append([]string{"build", "-o", dir + "/"}, b.args...)...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+b.cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	return dir
}

// A desk is an X server with a window manager, and one Mainbus window on it.
type desk struct {
	t        *testing.T
	programs string
	display  string
	window   string // X id
	pictures string
	data     string
	client   *api.Client
	mainbus  *exec.Cmd
}

// start runs a program until the test ends.
func start(t *testing.T, env []string, program string, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(cmd) })
	return cmd, out
}

func stop(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	cmd.Process.Signal(os.Interrupt)
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		cmd.Process.Kill()
		<-ended
	}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, programs: build(t), pictures: pictures(t), data: t.TempDir()}
	server, out := start(t, nil, "Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp")
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb (%v) gave no display: %v", server.Args, err)
	}
	d.display = ":" + strings.TrimSpace(line)
	start(t, []string{"DISPLAY=" + d.display}, "openbox") // without a window manager no window gets the keyboard
	d.client = api.Dial(filepath.Join(d.data, "controller"))
	t.Cleanup(func() { d.client.Close() })
	return d
}

func (d *desk) environment() []string {
	return []string{"DISPLAY=" + d.display, "LIBGL_ALWAYS_SOFTWARE=1", "LANG=en_US.UTF-8", "XDG_RUNTIME_DIR=" + d.data, "WAYLAND_DISPLAY="}
}

// open starts the program and waits for its window.
func (d *desk) open(theme string) {
	d.t.Helper()
	d.mainbus, _ = start(d.t, d.environment(), filepath.Join(d.programs, "mainbus"), "--data", d.data, "--this-host=false", "--theme", theme, "--name", "Home cluster")
	d.poll("the window", func() bool {
		out, _ := d.run("xdotool", "search", "--onlyvisible", "--name", "^Mainbus$")
		d.window, _, _ = strings.Cut(out, "\n")
		return d.window != ""
	})
	d.poll("the controller", func() bool { _, err := d.client.Status(d.t.Context(), api.Caller{}); return err == nil })
	d.settle()
}

func (d *desk) close() {
	d.t.Helper()
	stop(d.mainbus)
	if code := d.mainbus.ProcessState.ExitCode(); code != 0 {
		log, err := os.ReadFile(filepath.Join(d.data, "mainbus.log"))
		d.t.Errorf("the window ended with exit code %d (log: %v)\n%s", code, err, log)
	}
}

func (d *desk) run(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.display)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *desk) must(program string, args ...string) string {
	d.t.Helper()
	out, err := d.run(program, args...)
	if err != nil {
		d.t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return out
}

// settle gives the toolkit the time that a hand takes: it applies the pointer's movement at its next frame, and a click
// before that would hit where the pointer was. Where other programs keep the processors busy, it gives more.
func (d *desk) settle() {
	wait(d.t, 600*time.Millisecond)
	rests := 0
	for deadline := time.Now().Add(1500 * time.Millisecond); rests < 3 && time.Now().Before(deadline); wait(d.t, 20*time.Millisecond) {
		if rests++; d.busy() {
			rests = 0
		}
	}
}

// busy tells whether the window's program computes, or would if it had a processor.
func (d *desk) busy() bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", d.mainbus.Process.Pid)) // the pattern is valid
	for _, thread := range threads {
		stat, _ := os.ReadFile(thread) // a thread that has ended is not busy
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "R") {
			return true
		}
	}
	return false
}

func wait(t *testing.T, how time.Duration) {
	select {
	case <-time.After(how):
	case <-t.Context().Done():
	}
}

func (d *desk) click(x, y int, times ...int) {
	d.t.Helper()
	d.must("xdotool", "mousemove", "--window", d.window, strconv.Itoa(x), strconv.Itoa(y))
	d.settle()
	n := 1
	if len(times) > 0 {
		n = times[0]
	}
	d.must("xdotool", "click", "--repeat", strconv.Itoa(n), "--delay", "120", "1")
	d.settle()
}

func (d *desk) keys(text string) {
	d.t.Helper()
	d.must("xdotool", "type", "--delay", "25", text)
}

func (d *desk) press(key string) {
	d.t.Helper()
	d.must("xdotool", "key", key)
	d.settle()
}

// picture takes a screenshot; the file is the test's only trace for people.
func (d *desk) picture(name string) {
	d.t.Helper()
	wait(d.t, 800*time.Millisecond) // for the next look at the cluster
	d.must("import", "-window", d.window, "-depth", "8", filepath.Join(d.pictures, name+".png"))
}

func (d *desk) poll(what string, done func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer cancel()
	for !done() {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			d.picture("failed")
			d.t.Fatalf("waited too long for %s", what)
		}
	}
}

// host starts an agent with simulated games and returns the code that it shows.
func (d *desk) host(name string) (code string) {
	d.t.Helper()
	factorio := filepath.Join(d.t.TempDir(), "factorio")
	scenario := filepath.Join(d.t.TempDir(), "scenario.json")
	if err := os.WriteFile(scenario, []byte(scenarioText), 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.must(filepath.Join(d.programs, "mainbus-sim"), "install", factorio, "--scenario", scenario)
	data := d.t.TempDir()
	_, out := start(d.t, nil, filepath.Join(d.programs, "mainbus-host"), "--data", data, "--factorio", factorio, "--name", name, "--game-ports", "9100-9199")
	d.t.Cleanup(func() { endGames(d.t, data) })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "Pairing code: "); ok {
			code, _, _ = strings.Cut(after, " ")
			break
		}
	}
	go io.Copy(io.Discard, out) // ends with the agent
	if code == "" {
		d.t.Fatal("the agent showed no code")
	}
	return code
}

// endGames ends the games of an agent: they outlive it.
func endGames(t *testing.T, data string) {
	files, _ := filepath.Glob(filepath.Join(data, "instances", "*", ".mainbus", "run.json"))
	for _, file := range files {
		var run struct {
			PID int `json:"pid"`
		}
		content, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(content, &run) != nil || run.PID <= 0 {
			continue
		}
		if p, err := os.FindProcess(run.PID); err == nil {
			p.Kill()
		}
		deadline := time.Now().Add(time.Minute) // its folder is removed next
		for tick := time.Tick(20 * time.Millisecond); time.Now().Before(deadline); <-tick {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), "exit.json")); err == nil {
				break
			}
		}
	}
}

// One world makes iron and sends it; the other wants it.
const scenarioText = `{"worlds": {
  "Nauvis": {"chests": [{"id": "out", "position": [0.5, 0.5]}],
    "flows": [{"make": {"item": "iron-plate", "count": 7, "chest": "out", "every_ticks": 20}},
              {"make": {"item": "copper-plate", "count": 3, "chest": "out", "every_ticks": 30}}],
    "calls": [{"tick": 30, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]}]},
  "Vulcanus": {"chests": [{"id": "in", "position": [0.5, 0.5]}],
    "flows": [{"take": {"item": "iron-plate", "count": 5, "chest": "in", "every_ticks": 20}}],
    "calls": [{"tick": 30, "interface": "mainbus", "function": "request",
      "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}, [{"name": "iron-plate", "count": 100}]]}]}}}`

// Where things are in a window of 1280×800.
const (
	sidebarX                     = 90
	hostsY, instancesY, busY     = 70, 110, 150
	usersY, rolesY               = 190, 230
	modsY, packsY                = 270, 310
	listX, firstRowY, secondRowY = 300, 160, 196
	primaryX, toolbarY           = 1190, 80
	startX                       = 791
)

func TestAPersonAtTheWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("opens real windows")
	}
	need(t, "Xvfb", "openbox", "xdotool", "import")
	d := newDesk(t)
	name := fmt.Sprintf("attic-%d", os.Getpid()%1000) // other hosts may be on this network
	d.open("dark")
	d.click(sidebarX, instancesY)
	d.picture("empty-dark-1280x800")

	code := d.host(name)
	d.click(sidebarX, hostsY)
	d.poll("the host to be found", func() bool { return d.find(name).State == api.Discovered })
	d.filter(name)
	d.pair(strings.Map(other, code))
	d.poll("the wrong code to be refused", func() bool { return len(d.failures()) > 0 })
	d.picture("error-dark-1280x800")
	d.click(1254, 126) // the card's cross
	d.pair(code)
	d.poll("the host to be paired by its code", func() bool { return d.find(name).Linked })
	d.picture("hosts-dark-1280x800")

	d.click(sidebarX, instancesY)
	for _, world := range []string{"Nauvis", "Vulcanus"} {
		d.click(primaryX, toolbarY)
		d.keys(world)
		d.press("Return")
		d.poll(world+" to be created", func() bool { return d.instance(world).ID != "" })
	}
	for _, y := range []int{firstRowY, secondRowY} {
		d.settle()
		d.click(listX, y)
		d.click(startX, toolbarY)
	}
	d.poll("both worlds to trade", func() bool { return d.instance("Nauvis").Linked && d.instance("Vulcanus").Linked })
	d.picture("instances-dark-1280x800")

	d.click(listX, firstRowY, 2)
	d.settle()
	d.keys("hello from the window")
	d.press("Return")
	d.poll("the words to reach the game", func() bool { return strings.Contains(d.consoleOf("Nauvis"), "[CHAT] <server>: hello from the window") })
	d.keys("/players")
	d.press("Return")
	d.picture("console-dark-1280x800")

	d.click(sidebarX, busY)
	d.poll("an item to arrive", func() bool { return d.received("iron-plate") > 0 })
	d.picture("bus-dark-1280x800")

	d.people()
	d.click(sidebarX, usersY)
	d.click(listX, toolbarY)
	d.keys("anna")
	d.settle()
	d.click(listX, firstRowY)
	d.picture("users-dark-1280x800")
	d.click(sidebarX, rolesY)
	d.click(listX, firstRowY)
	d.picture("roles-dark-1280x800")
	d.click(sidebarX, packsY)
	d.click(listX, firstRowY, 2)
	d.picture("pack-dark-1280x800")

	host := d.find(name).ID
	for n := range 198 {
		if _, err := d.client.CreateInstance(t.Context(), api.Caller{}, api.CreateInstance{Name: fmt.Sprintf("World %03d", n), Host: host}); err != nil {
			t.Fatal(err)
		}
	}
	d.click(sidebarX, instancesY)
	d.picture("200-instances-dark-1280x800")
	d.press("ctrl+k")
	d.keys("save vulc")
	d.picture("search-dark-1280x800")
	d.press("Escape")
	d.close()

	d.open("light")
	d.click(sidebarX, instancesY)
	d.poll("the host to be linked again", func() bool { return d.find(name).Linked && d.instance("Nauvis").Linked })
	d.picture("instances-light-1280x800")
	d.must("xdotool", "windowsize", "--sync", d.window, "1024", "700")
	d.picture("instances-light-1024x700")
	d.click(listX, firstRowY, 2)
	wait(t, 2*time.Second) // for what the host has of the console, which is in a picture only
	d.picture("console-light-1024x700")
	d.click(sidebarX, busY)
	d.picture("bus-light-1024x700")
	d.click(sidebarX, usersY)
	d.picture("users-light-1024x700")
	d.click(sidebarX, packsY)
	d.picture("packs-light-1024x700")
	d.click(sidebarX, modsY)
	d.picture("mods-light-1024x700")
	d.close()
}

// people fills the cluster with players, a role and a pack, as an import would.
func (d *desk) people() {
	d.t.Helper()
	ctl := func(args ...string) {
		d.must(filepath.Join(d.programs, "mainbusctl"), append([]string{"--data", filepath.Join(d.data, "controller")}, args...)...)
	}
	var names []string
	for n := range 300 {
		names = append(names, fmt.Sprintf("player_%03d", n))
	}
	ctl(append([]string{"users", "bulk", "whitelist"}, names...)...)
	ctl("users", "note", "anna", "helps new players; ask her before changes to the train network")
	ctl("users", "ban", "player_007", "--reason", "took the rails apart")
	ctx, me := d.t.Context(), api.Caller{}
	if _, err := d.client.CreateRole(ctx, me, api.CreateRole{Name: "Night watch", Description: "starts and stops one world", Grants: []api.Grant{
		{Permission: api.ClusterRead}, {Permission: api.InstanceControl, Instances: []string{"Nauvis"}}, {Permission: api.ConsoleRead}}}); err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.client.GrantRole(ctx, me, api.RoleOf{User: "anna", Role: "Night watch"}); err != nil {
		d.t.Fatal(err)
	}
	ctl("packs", "create", "Trains", "--game", "2.0")
}

// other gives another character of the code's alphabet.
func other(r rune) rune {
	if r == '2' {
		return '3'
	} else if r == '-' {
		return r
	}
	return '2'
}

func (d *desk) filter(text string) {
	d.click(listX, toolbarY)
	d.keys(text)
	d.settle()
}

// pair selects the one host in sight and types a code into the dialog.
func (d *desk) pair(code string) {
	d.t.Helper()
	d.click(listX, firstRowY)
	d.click(1220, toolbarY)
	d.keys(code)
	d.press("Return")
}

func (d *desk) find(name string) (found api.Host) {
	all, _ := d.client.Hosts(d.t.Context(), api.Caller{}) // asked again until it is there
	for _, h := range all {
		if h.Name == name {
			found = h
		}
	}
	return found
}

func (d *desk) instance(name string) (found api.Instance) {
	all, _ := d.client.Instances(d.t.Context(), api.Caller{})
	for _, i := range all {
		if i.Name == name {
			found = i
		}
	}
	return found
}

func (d *desk) received(item string) int64 {
	all, _ := d.client.Bus(d.t.Context(), api.Caller{})
	for _, i := range all {
		if i.Name == item {
			return i.Received
		}
	}
	return 0
}

func (d *desk) consoleOf(instance string) string {
	page, _ := d.client.ReadConsole(d.t.Context(), api.Caller{}, api.ReadConsole{Instance: instance, Limit: 2000})
	return strings.Join(page.Lines, "\n")
}

// failures are the calls from the window that failed, by the audit.
func (d *desk) failures() (failed []api.AuditEntry) {
	all, _ := d.client.Audit(d.t.Context(), api.Caller{}, api.ReadAudit{})
	for _, e := range all {
		if e.Result != "done" {
			failed = append(failed, e)
		}
	}
	return failed
}
