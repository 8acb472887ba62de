// Package game is the simulated headless server: its command line, log, ticks, saves, console and RCON. One goroutine,
// the one that calls Main, runs the map; others only read and write sockets, the standard input and the trace.
package game

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"mainbus/cmd/mainbus-sim/internal/cmdline"
	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/cmd/mainbus-sim/internal/mods"
	"mainbus/cmd/mainbus-sim/internal/scenario"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
)

// Main runs the program with its whole argument list and returns the exit code. Under the name factorio it is the
// game; under any other it has the sub-commands install and sum besides.
func Main(args []string, stdin io.Reader, stdout io.Writer) int {
	start := time.Now()
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	if name != "factorio" && len(args) > 1 && args[1] == "install" {
		return mainInstall(args[2:], stdout)
	}
	if name != "factorio" && len(args) > 1 && args[1] == "sum" {
		return mainSum(args[2:], stdout)
	}
	o, err := cmdline.Parse(args[1:])
	switch {
	case err != nil:
		fmt.Fprintln(stdout, err)
		return 1
	case o.Has("help"):
		fmt.Fprint(stdout, cmdline.Help())
		return 0
	case o.Has("version"):
		fmt.Fprintf(stdout, "Version: %s (build %d, %s, headless)\nVersion: 64\nMap input version: 1.0.0-0\nMap output version: %s\n",
			gameVersion, gameBuild, platform(), mapVersion(gameVersion))
		return 0
	}
	g := &run{opts: o, stdin: stdin, out: gamelog.New(start, stdout, die)}
	return g.main()
}

func mainInstall(args []string, stdout io.Writer) int {
	scenario := ""
	if len(args) == 3 && args[1] == "--scenario" {
		scenario, args = args[2], args[:1]
	}
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(stdout, "usage: mainbus-sim install DIR [--scenario FILE]")
		return 2
	}
	if err := install(args[0], scenario); err != nil {
		fmt.Fprintln(stdout, err)
		return 1
	}
	return 0
}

func platform() string {
	switch runtime.GOOS {
	case "windows":
		return "win64"
	case "darwin":
		return "mac"
	}
	return "linux64"
}

// run is one run of the program.
type run struct {
	opts  cmdline.Options
	out   *gamelog.Log
	stdin io.Reader
	paths paths
	list  modlist.List
	mods  []save.Mod // that are loaded, in load order
	told  *mods.Loaded
	plan  scenario.File
	knobs scenario.Behaviour // of the plan, as it is at the moment

	untilTick uint64
	lockFile  *os.File
}

// errReported is an error whose lines are written already.
var errReported = errors.New("reported")

// errLua is one, of a script in a running game.
var errLua = errors.New("reported an error in a script")

// Exit codes. That of a script's error has been seen with 2.1.11 only.
const (
	exitFailed = 1
	exitLua    = 255
)

func (g *run) main() int {
	err := g.prepare()
	if err == nil {
		err = g.work()
	}
	if err != nil && !errors.Is(err, errReported) && !errors.Is(err, errLua) {
		g.out.Failure("Util.cpp:99", "%s", err)
	}
	if len(g.mods) > 0 {
		g.leave()
	}
	g.lockFile.Close()
	g.out.CloseTrace()
	switch {
	case g.knobs.ExitCode != nil:
		return *g.knobs.ExitCode
	case errors.Is(err, errLua):
		return exitLua
	case err != nil:
		return exitFailed
	}
	return 0
}

// leave writes what the game writes at its end.
func (g *run) leave() {
	if err := g.writePlayerData(); err != nil {
		g.out.Warning("WriteFileGuard.cpp:52", "Writing %s failed; previous version (if any) should still be available", g.playerData())
		g.out.Failure("PlayerData.cpp:446", "Failed to save player data: %s", reason(err))
	}
	if err := writeModList(&g.list, g.paths.mods); err != nil {
		g.out.Failure("ModManager.cpp:160", "writeModlist threw an exception: %s", reason(err))
	} else if err := g.told.Settings.Write(g.paths.mods); err != nil {
		g.out.Warning("WriteFileGuard.cpp:52", "Writing %s failed; previous version (if any) should still be available", filepath.Join(g.paths.mods, "mod-settings.dat"))
	}
	g.out.Engine("Goodbye")
}

// reason is the system's word for what went wrong: "Permission denied".
func reason(err error) string {
	var system syscall.Errno
	if !errors.As(err, &system) {
		return err.Error()
	}
	text := system.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// prepare does everything up to "Factorio initialised".
func (g *run) prepare() error {
	p, err := findPaths(g.opts)
	if err != nil {
		return err
	}
	g.paths = p
	if err := g.lock(); err != nil {
		return err
	}
	if err := os.MkdirAll(p.saves(), 0o755); err != nil {
		return err
	}
	if g.untilTick, err = g.opts.Number("until-tick", 0, 1<<63); err != nil {
		return err
	}
	if err := g.readPlan(); err != nil {
		return err
	}
	if err := g.openLogs(); err != nil {
		return err
	}
	g.introduce()
	time.Sleep(time.Duration(g.knobs.SlowStartMS) * time.Millisecond)
	if g.list, err = readModList(p.mods); err != nil {
		return err
	}
	g.tellFeatures()
	if err := g.loadMods(); err != nil {
		return err
	}
	g.tellPlayerData()
	g.out.Engine("Factorio initialised")
	return nil
}

// readPlan reads the scenario file and begins to behave as it says.
func (g *run) readPlan() error {
	var err error
	if g.plan, err = scenario.Read(g.paths.scenario()); err != nil {
		return err
	}
	if g.knobs, err = readBehaviour(g.plan); err != nil {
		return err
	}
	if g.knobs.Trace {
		if err := g.out.OpenTrace(g.paths.write); err != nil {
			return err
		}
	}
	g.behave()
	return nil
}

// openLogs opens files that stay open until the process ends.
func (g *run) openLogs() error {
	if err := g.out.Open(g.paths.write, !g.opts.Has("no-log-rotation")); err != nil {
		return err
	}
	if file := g.opts.Value("console-log"); file != "" {
		return g.out.OpenConsole(file)
	}
	return nil
}

// lock keeps a second game out of the write directory. The file stays locked until the process ends.
func (g *run) lock() error {
	path := filepath.Join(g.paths.write, ".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return complaint("Couldn't create lock file %s: %s", path, reason(err))
	}
	if err := lock(f); err != nil {
		return complaint("Couldn't acquire exclusive lock for %s. Is another instance already running?", path)
	}
	g.lockFile = f
	return nil
}

// introduce writes the first lines of the log.
func (g *run) introduce() {
	content := ""
	if _, err := os.Stat(filepath.Join(g.paths.read, "space-age")); err == nil {
		content = ", space-age"
	}
	g.out.Engine("%s; Factorio %s (build %d, %s, headless%s)", g.out.Now().Format("2006-01-02 15:04:05"), gameVersion, gameBuild, platform(), content)
	g.out.Engine("Operating system: %s", runtime.GOOS)
	g.out.Engine("Program arguments: %s", g.opts.Quoted(g.paths.binary))
	g.out.Engine("Config path: %s", g.paths.config)
	g.out.Engine("Read data path: %s", g.paths.read)
	g.out.Engine("Write data path: %s [543644/943782MB]", g.paths.write)
	g.out.Engine("Binaries path: %s", filepath.Dir(filepath.Dir(g.paths.binary)))
	g.out.Engine("System info: [CPU: simulated, %d cores, RAM: 4096 MB]", runtime.NumCPU())
	g.out.Engine("Environment: DISPLAY=<unset> WAYLAND_DISPLAY=<unset> DESKTOP_SESSION=<unset> XDG_SESSION_DESKTOP=<unset> XDG_CURRENT_DESKTOP=<unset> SDL_VIDEODRIVER=<unset> __GL_FSAA_MODE=<unset> __GL_LOG_MAX_ANISO=<unset> __GL_SYNC_TO_VBLANK=<unset> __GL_SORT_FBCONFIGS=<unset> __GL_YIELD=<unset>")
	g.out.Engine("Running in headless mode")
	g.out.Engine("Audio is disabled")
}

// work does what the command line asks for.
func (g *run) work() error {
	value := g.opts.Value
	switch {
	case g.opts.Has("create"):
		return g.create(g.paths.save(value("create")))
	case g.opts.Has("scenario2map"):
		return g.scenarioToMap(value("scenario2map"))
	case g.opts.Has("map2scenario"):
		return g.mapToScenario(value("map2scenario"))
	case g.opts.Has("benchmark"):
		return g.benchmark(g.paths.save(value("benchmark")))
	case g.opts.Has("dump-data"):
		return g.dumpData()
	case g.opts.Has("dump-prototype-locale"):
		return g.dumpLocale()
	case g.opts.Has("start-server"):
		return g.serve(start{file: g.findSave(value("start-server"))})
	case g.opts.Has("start-server-load-latest"):
		file, err := latestSave(g.paths.saves())
		if err != nil {
			return err
		}
		return g.serve(start{file: file})
	case g.opts.Has("start-server-load-scenario"):
		return g.serve(start{scenario: value("start-server-load-scenario")})
	}
	return errors.New("the simulated game is headless only: use --create or --start-server")
}

// findSave tells when a name lacks its suffix.
func (g *run) findSave(name string) string {
	if filepath.Ext(name) != ".zip" {
		g.out.Warning("FileUtil.cpp:527", "%s not found; using %s.zip", name, name)
	}
	return g.paths.save(name)
}

func latestSave(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	if err != nil {
		return "", err
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".tmp.zip") })
	if len(files) == 0 {
		return "", fmt.Errorf("no saves in %s", dir)
	}
	return slices.MaxFunc(files, func(a, b string) int { return modified(a).Compare(modified(b)) }), nil
}

func modified(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
