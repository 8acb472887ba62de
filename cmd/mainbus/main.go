// Command mainbus is the window. The controller runs in its process; agents and games are processes of their own, so that
// closing or losing the window stops no game.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/go-gl/glfw/v3.4/glfw"

	"mainbus/app"
	"mainbus/app/look"
	"mainbus/app/pages"
	"mainbus/app/settings"
	"mainbus/assets"
	"mainbus/cmd/mainbus/internal/idle"
	"mainbus/cmd/mainbus/internal/single"
	"mainbus/cmd/mainbus/internal/thishost"
	"mainbus/cmd/mainbus/internal/tray"
	"mainbus/controller"
	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/transport/local"
)

const (
	appID        = "org.mainbus.Mainbus"
	stopPatience = 10 * time.Second
)

type options struct {
	data     string
	name     string
	factorio string
	theme    string
	metrics  string
	thisHost bool
	login    string
	cluster  string
	level    slog.Level
}

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mainbus:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mainbus", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", local.DataDir(""), "folder for everything that is kept")
	flags.StringVar(&o.name, "name", "", "name that hosts show; the machine's name unless given")
	flags.StringVar(&o.factorio, "factorio", "", "installation of the game for this computer; the usual places are searched unless given")
	flags.StringVar(&o.theme, "theme", "system", "system, dark or light")
	flags.StringVar(&o.metrics, "metrics", controller.MetricsAddr, "TCP address at which Prometheus finds /metrics; empty: nowhere")
	flags.BoolVar(&o.thisHost, "this-host", true, "run game servers on this computer too")
	flags.StringVar(&o.login, "login", "", "login code of a cluster elsewhere (mainbusctl keys invite), which is shown instead of one of this computer")
	flags.StringVar(&o.cluster, "cluster", "", "name of a cluster elsewhere that there is a login for (mainbusctl clusters list)")
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if _, ok := modes[o.theme]; !ok || flags.NArg() > 0 {
		return o, errors.New("wrong usage; mainbus --help lists the flags")
	}
	return o, nil
}

var modes = map[string]look.Mode{"system": look.FollowSystem, "dark": look.Dark, "light": look.Light}

// run wires everything, in the order in which a failure is most useful: whoever is there already comes first.
func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("there is no display to open a window on; mainbus-controller and mainbusctl do without one")
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return fmt.Errorf("use the data folder: %w", err)
	}
	if single.ShowOther(o.data) {
		return nil
	}
	log, closeLog, err := openLog(o)
	if err != nil {
		return err
	}
	defer closeLog()
	if o.login != "" || o.cluster != "" {
		return showElsewhere(o, log)
	}
	// The folder is the one that mainbus-controller uses, so that either program finds the same cluster.
	c, err := controller.New(controller.Config{DataDir: filepath.Join(o.data, "controller"), Name: o.name, Metrics: o.metrics, Log: log})
	if errors.Is(err, controller.ErrInUse) {
		return fmt.Errorf("%w: end it first, or give this window a folder of its own with --data", err)
	} else if err != nil {
		return err
	}
	err = c.Start()
	if err == nil {
		err = show(o, c.Service(), log)
	}
	stop, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return errors.Join(err, c.Stop(stop))
}

// showElsewhere shows a cluster whose controller is on another machine; none is started here, and this computer is no host of it.
func showElsewhere(o options, log *slog.Logger) error {
	login, err := loginElsewhere(o)
	if err != nil {
		return err
	}
	conn, err := remote.Connect(login)
	if err != nil {
		return err
	}
	o.thisHost = false
	return errors.Join(show(o, conn.Client, log), conn.Close())
}

func loginElsewhere(o options) (remote.Login, error) {
	if o.login != "" {
		return remote.LogIn(context.Background(), remote.Dir(), o.login, o.cluster)
	}
	login, _, err := remote.Find(remote.Dir(), o.cluster)
	return login, err
}

// openLog writes to a file in the data folder: a window has no console. What crashes the program goes there too.
func openLog(o options) (*slog.Logger, func(), error) {
	file, err := os.OpenFile(filepath.Join(o.data, "mainbus.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	if err := debug.SetCrashOutput(file, debug.CrashOptions{}); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("send crashes to the log: %w", err), file.Close())
	}
	out := io.MultiWriter(file, os.Stderr)
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: o.level})), func() { file.Close() }, nil
}

// show opens the window and returns when the user has quit.
func show(o options, service api.Service, log *slog.Logger) error {
	gui := fyneapp.NewWithID(appID)
	gui.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon))
	gui.Settings().SetTheme(look.Theme(modes[o.theme]))
	loop := sleepyLoop()
	kept, err := settings.Load(filepath.Join(o.data, "window.json"))
	if err != nil {
		log.Warn("the window is as it was made", "err", err)
	}
	computer, here := thisComputer(o, service, log)
	window := app.New(app.Params{App: gui, Service: service, Caller: owner(), Do: loop.Do, Settings: kept, Computer: here})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	quit := func() { loop.Do(gui.Quit) }
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	work.Go(func() { kept.Run(ctx, func(err error) { log.Warn("what was arranged is not remembered", "err", err) }) })
	work.Go(func() {
		select {
		case <-signals:
			quit()
		case <-ctx.Done():
		}
	})
	door, err := single.Listen(o.data)
	if err != nil {
		return err
	}
	work.Go(func() { single.Serve(ctx, door, func() { loop.Do(func() { raise(window.Window()) }) }) })
	if computer != nil {
		work.Go(func() { computer.Run(ctx) })
	}
	closeToTray(gui, window.Window())
	gui.Lifecycle().SetOnEnteredForeground(func() { window.Calm(false) })
	gui.Lifecycle().SetOnExitedForeground(func() { window.Calm(true) })
	gui.Lifecycle().SetOnStarted(func() {
		window.Start()
		work.Go(func() { loop.Run(ctx) })
	})
	window.Window().ShowAndRun()
	window.Stop()
	return nil
}

// sleepyLoop is Fyne's loop, which sleeps while nothing happens.
func sleepyLoop() *idle.Loop {
	return &idle.Loop{
		Queue: fyne.Do, Call: fyne.DoAndWait,
		Wake:  func() { ofDesktop(glfw.PostEmptyEvent) },
		Sleep: func(d time.Duration) { ofDesktop(func() { glfw.WaitEventsTimeout(d.Seconds()) }) },
	}
}

// ofDesktop asks the desktop, which is gone once Fyne's loop has ended: glfw then panics with an error of its own, and there
// is nothing to wait for or to wake. Any other panic is of what an event set going, and must be in the crash file.
func ofDesktop(ask func()) {
	defer func() {
		if failed := recover(); failed != nil {
			if _, gone := failed.(*glfw.Error); !gone {
				panic(failed)
			}
		}
	}()
	ask()
}

func raise(w fyne.Window) {
	w.Show()
	w.RequestFocus()
}

// closeToTray makes closing the window hide it where a tray can bring it back, and quit elsewhere: the only window must
// never be lost.
func closeToTray(gui fyne.App, w fyne.Window) {
	w.SetMaster()
	desk, ok := gui.(desktop.App)
	if !ok || !tray.Available() {
		return
	}
	desk.SetSystemTrayMenu(fyne.NewMenu("Mainbus", fyne.NewMenuItem("Show Mainbus", func() { raise(w) })))
	w.SetCloseIntercept(w.Hide)
}

// owner is the user who runs this program, and with it the controller.
func owner() api.Caller {
	name := "owner"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return api.Caller{Kind: api.Owner, Name: name, From: "window"}
}

// thisComputer is the computer that the window runs on, as a host; both are nil where it is not meant to be one.
func thisComputer(o options, service api.Service, log *slog.Logger) (*thishost.Computer, pages.Computer) {
	if !o.thisHost {
		return nil, nil
	}
	c := thishost.New(thishost.Config{
		DataDir: filepath.Join(o.data, "host"), Factorio: o.factorio, Service: service, Caller: owner(), Log: log,
	})
	return c, c
}
