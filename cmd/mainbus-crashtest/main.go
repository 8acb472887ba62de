// Command mainbus-crashtest tries to lose or double items. It runs a controller, two agents and four closed worlds as real
// processes, reachable over a bad network only, kills and cuts and rolls back whatever it can for a while, lets everything
// run again, and counts. It exits with 0 only if each item is there exactly as often as before, and if the run was hard
// enough to prove anything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"mainbus/cmd/internal/testbed"
)

const (
	defaultSeconds = 120
	minSeconds     = 60
)

type options struct {
	programs string
	length   time.Duration // of the faults
	jsonFile string
	keep     string
	seed     uint64
	network  string
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	cancel()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "crashtest:", err)
		os.Exit(1)
	}
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mainbus-crashtest", flag.ContinueOnError)
	seconds := flags.Int("seconds", defaultSeconds, "how long things break")
	flags.StringVar(&o.programs, "bin", ".", "folder with the other programs")
	flags.StringVar(&o.jsonFile, "json", "", "file for the result as JSON")
	flags.StringVar(&o.keep, "keep", "", "folder to work in and leave behind")
	flags.Uint64Var(&o.seed, "seed", 0, "of what the run chooses at random; 0: another one each time")
	flags.StringVar(&o.network, "network", anyNetwork, "how links are cut: by relays, by taking down interfaces of network namespaces (as root on Linux only), or auto: the latter if it is allowed")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if !slices.Contains([]string{anyNetwork, relaysOnly, namespaced}, o.network) {
		return o, fmt.Errorf("--network is one of %s, %s and %s", anyNetwork, relaysOnly, namespaced)
	}
	if *seconds < minSeconds {
		return o, fmt.Errorf("%d seconds are too short to prove anything: at least %d", *seconds, minSeconds)
	}
	if o.seed == 0 {
		o.seed = rand.Uint64N(1 << 32)
	}
	o.length = time.Duration(*seconds) * time.Second
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "mainbus-crashtest-"); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	t := newTest(&testbed.Cluster{Dir: dir, Programs: o.programs}, o, out)
	defer t.shutDown()
	if err := t.play(ctx); err != nil {
		return fmt.Errorf("%w\n(the programs' logs are in %s; run with --keep FOLDER to keep them)", err, dir)
	}
	t.result.print(out)
	if o.jsonFile != "" {
		if err := t.result.write(o.jsonFile); err != nil {
			return err
		}
	}
	return t.result.verdict()
}
