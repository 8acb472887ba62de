// Package game is the simulated headless server: its command line, log, ticks, saves, console and RCON. One goroutine,
// the one that calls Main, runs the map; others only read and write sockets, the standard input and the trace.
package game

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainbus/hostagent/factorio/save"
)

// Main runs the program with its whole argument list and returns the exit code. Under the name factorio it is the
// game; under any other it has the sub-command install besides.
func Main(args []string, stdin io.Reader, stdout io.Writer) int {
	start := time.Now()
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	if name != "factorio" && len(args) > 1 && args[1] == "install" {
		return mainInstall(args[2:], stdout)
	}
	o, err := parseOptions(args[1:])
	if err != nil {
		fmt.Fprintln(stdout, err)
		return 1
	}
	if o.flags["version"] {
		fmt.Fprintf(stdout, "Version: %s (build %d, %s, headless)\nVersion: 64\nMap input version: 1.0.0-0\nMap output version: %s\n",
			gameVersion, gameBuild, platform(), mapVersion(gameVersion))
		return 0
	}
	g := &run{opts: o, stdin: stdin, out: &output{start: start, stdout: stdout}}
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
	opts  options
	out   *output
	stdin io.Reader
	paths paths
	list  modList
	mods  []save.Mod
	knobs knobs

	lockFile *os.File
}

// errReported is an error whose lines are written already.
var errReported = errors.New("reported")

func (g *run) main() int {
	defer func() {
		if g.out.trace != nil {
			g.out.trace.close()
		}
	}()
	err := g.prepare()
	if err == nil {
		err = g.work()
	}
	if err != nil && !errors.Is(err, errReported) {
		g.out.failure("Util.cpp:99", "%s", err)
	}
	if len(g.mods) > 0 {
		if err := g.list.write(g.paths.mods); err != nil {
			g.out.failure("ModManager.cpp:160", "writeModlist threw an exception: %s", err)
		}
		g.out.engine("Goodbye")
	}
	g.lockFile.Close()
	if err != nil {
		return 1
	}
	return 0
}

// prepare does everything up to "Factorio initialised".
func (g *run) prepare() error {
	p, err := findPaths(g.opts)
	if err != nil {
		return err
	}
	g.paths = p
	if err := os.MkdirAll(p.saves(), 0o755); err != nil {
		return err
	}
	if err := g.lock(); err != nil {
		return err
	}
	if g.knobs, err = readKnobs(p.scenario()); err != nil {
		return err
	}
	if g.knobs.Trace {
		if g.out.trace, err = openTrace(p.write); err != nil {
			return err
		}
	}
	if _, err := g.out.openLog(p.write, !g.opts.flags["no-log-rotation"]); err != nil { // open until the process ends
		return err
	}
	if file := g.opts.values["console-log"]; file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		g.out.console = f
	}
	g.introduce()
	if g.list, err = readModList(p.mods); err != nil {
		return err
	}
	if g.mods, err = loadMods(p, &g.list, g.out); err != nil {
		return err
	}
	g.out.engine("Factorio initialised")
	return nil
}

// lock keeps a second game out of the write directory. The file stays locked until the process ends.
func (g *run) lock() error {
	path := filepath.Join(g.paths.write, ".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := lock(f); err != nil {
		return complaint("Couldn't create lock file %s: Couldn't acquire exclusive lock. Is another instance already running?", path)
	}
	g.lockFile = f
	return nil
}

// introduce writes the first lines of the log.
func (g *run) introduce() {
	g.out.engine("%s; Factorio %s (build %d, %s, headless)", time.Now().Format("2006-01-02 15:04:05"), gameVersion, gameBuild, platform())
	g.out.engine("Operating system: %s", runtime.GOOS)
	g.out.engine("Program arguments: %s", g.opts.quoted(g.paths.binary))
	g.out.engine("Config path: %s", g.paths.config)
	g.out.engine("Read data path: %s", g.paths.read)
	g.out.engine("Write data path: %s [543644/943782MB]", g.paths.write)
	g.out.engine("Binaries path: %s", filepath.Dir(filepath.Dir(g.paths.binary)))
	g.out.engine("System info: [CPU: simulated, %d cores, RAM: 4096 MB]", runtime.NumCPU())
	g.out.engine("Running in headless mode")
	g.out.engine("Audio is disabled")
}

func (g *run) work() error {
	switch {
	case g.opts.values["create"] != "":
		return g.create(g.paths.save(g.opts.values["create"]))
	case g.opts.values["start-server"] != "":
		return g.serve(g.paths.save(g.opts.values["start-server"]))
	case g.opts.flags["start-server-load-latest"]:
		file, err := latestSave(g.paths.saves())
		if err != nil {
			return err
		}
		return g.serve(file)
	}
	return errors.New("the simulated game is headless only: use --create, --start-server or --start-server-load-latest")
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

// bindAddress is the UDP address to host at.
func (g *run) bindAddress() (string, error) {
	fallback := uint64(34197)
	if n, err := strconv.ParseUint(g.paths.port, 10, 16); err == nil {
		fallback = n
	}
	port, err := g.opts.number("port", fallback, 65535)
	if err != nil {
		return "", err
	}
	host := "0.0.0.0"
	if bind := g.opts.values["bind"]; bind != "" {
		host = bind
		if h, p, err := net.SplitHostPort(bind); err == nil {
			host = h
			if port, err = strconv.ParseUint(p, 10, 16); err != nil {
				return "", fmt.Errorf("port of --bind %s: %w", bind, err)
			}
		}
	}
	return net.JoinHostPort(host, strconv.FormatUint(port, 10)), nil
}
