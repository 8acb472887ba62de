// Command mainbus-demo runs a whole cluster on this machine: a controller, two host agents and three simulated game
// servers, each a process of its own with a data folder of its own. It tells what happens, kills one of each kind in the
// middle, and counts every item at the end. Its exit code says whether all of it held.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"mainbus/cmd/internal/testbed"
)

// Less would not leave time for the transfers that the latency is measured with.
const (
	defaultSeconds = 60
	minSeconds     = 30
)

// patience is for what takes a second or less: the machine may have much else to do.
const patience = 2 * time.Minute

type options struct {
	programs string        // folder with the other programs
	length   time.Duration // of the whole show
	jsonFile string
	keep     string // folder to work in and leave behind; empty: a temporary one
	window   bool   // the controller runs in the window's process
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	cancel()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "demo: interrupted")
	default:
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	os.Exit(1)
}

func parseOptions(args []string) (options, error) {
	flags := flag.NewFlagSet("mainbus-demo", flag.ContinueOnError)
	var o options
	seconds := flags.Int("seconds", secondsFromEnvironment(), "how long the show lasts; DEMO_SECONDS")
	flags.StringVar(&o.programs, "bin", ".", "folder with the other programs")
	flags.StringVar(&o.jsonFile, "json", os.Getenv("DEMO_JSON"), "file for the summary as JSON; DEMO_JSON")
	flags.StringVar(&o.keep, "keep", os.Getenv("DEMO_KEEP"), "folder to work in and leave behind; DEMO_KEEP")
	flags.BoolVar(&o.window, "window", wantsWindow(), "show the cluster in the window; DEMO_WINDOW=0 does not, and neither does a machine without a display")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *seconds < minSeconds {
		return o, fmt.Errorf("%d seconds are too short: a hundred single transfers need at least %d", *seconds, minSeconds)
	}
	o.length = time.Duration(*seconds) * time.Second
	return o, nil
}

func secondsFromEnvironment() int {
	if n, err := strconv.Atoi(os.Getenv("DEMO_SECONDS")); err == nil {
		return n
	}
	return defaultSeconds
}

func wantsWindow() bool {
	display := os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
	return display && os.Getenv("DEMO_WINDOW") != "0"
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if err := testbed.CheckMulticast(); err != nil {
		return err
	}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "mainbus-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	c := &testbed.Cluster{Dir: dir, Programs: o.programs, Window: o.window}
	defer c.ShutDown()
	s := &show{cluster: c, out: out, began: time.Now(), length: o.length}
	if err := s.play(ctx); err != nil {
		return fmt.Errorf("%w\n(the programs' logs are in %s; run with DEMO_KEEP=FOLDER to keep them)", err, dir)
	}
	s.summary.print(out)
	if o.jsonFile != "" {
		if err := s.summary.write(o.jsonFile); err != nil {
			return err
		}
	}
	return s.summary.verdict()
}
