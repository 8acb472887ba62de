// Command mainbus-controller runs a cluster's controller without a window, for a machine that is always on. Programs of
// the same user on the same machine, like mainbusctl, reach it through a socket in its data folder.
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
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"mainbus/controller"
	"mainbus/controller/portal"
	"mainbus/transport/discovery"
	"mainbus/transport/local"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

// stopPatience is how long the program takes to end at most; all that matters is on disk at any moment.
const stopPatience = 10 * time.Second

var errUsage = errors.New("wrong usage")

func main() {
	debug.SetGCPercent(400) // a heap of a few megabytes would be collected dozens of times a second
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "mainbus-controller:", err)
		os.Exit(exitFailed)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, err := parse(args, stderr)
	if err != nil {
		return err
	}
	c, err := controller.New(cfg)
	if errors.Is(err, controller.ErrInUse) {
		return fmt.Errorf("%w\nUse the one that runs, or give this one a folder of its own with --data", err)
	} else if err != nil {
		return err
	}
	err = c.Start()
	if err == nil {
		fmt.Fprintf(stdout, "Mainbus controller is ready: UDP port %d, data in %s\n", c.Port(), cfg.DataDir)
		err = wait(ctx, c)
	}
	stop, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return errors.Join(err, c.Stop(stop))
}

// wait returns when the program shall end, or the controller can't go on.
func wait(ctx context.Context, c *controller.Controller) error {
	failed := make(chan error, 1)
	go func() { failed <- c.Wait() }() // ends with Stop at the latest
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func parse(args []string, stderr io.Writer) (controller.Config, error) {
	var cfg controller.Config
	var level slog.LevelVar
	flags := flag.NewFlagSet("mainbus-controller", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.DataDir, "data", local.DataDir("controller"), "folder for the key, the database and the local socket")
	flags.StringVar(&cfg.Name, "name", "", "name that hosts show; the machine's name unless given")
	flags.StringVar(&cfg.Metrics, "metrics", controller.MetricsAddr, "TCP address at which Prometheus finds /metrics; empty: nowhere")
	var interfaces []string
	flags.Func("interface", "name of a network interface on which hosts are looked for, instead of all but virtual ones; can be given more than once", func(name string) error {
		interfaces = append(interfaces, name)
		return nil
	})
	flags.Func("portal", "address of a mirror of mods.factorio.com with the same paths, as https://mods.example.com; it gets the account's token with each download", func(site string) error {
		cfg.Portal = site
		return portal.CheckSite(site)
	})
	port := flags.Uint("port", 0, "UDP port for hosts; 0: the one used last, else the first free one from 34181")
	flags.TextVar(&level, "log-level", &level, "debug, info, warn or error")
	if err := flags.Parse(args); err != nil {
		return cfg, errors.Join(errUsage, err)
	}
	if flags.NArg() > 0 || *port > 65535 {
		fmt.Fprintln(stderr, "mainbus-controller takes flags only, and a port is at most 65535; --help lists the flags")
		return cfg, errUsage
	}
	cfg.Interfaces = discovery.Named(interfaces)
	if *port != 0 {
		cfg.Addr = ":" + strconv.FormatUint(uint64(*port), 10)
	}
	cfg.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: &level}))
	return cfg, nil
}
