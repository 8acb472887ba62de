// Package thishost makes the computer on which the window runs a host of its cluster without anything being installed or
// typed: it starts the agent that lies beside the window's program, pairs it, starts it again when it is gone, and
// replaces it when it is older. Agent and games outlive the window.
package thishost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"mainbus/app/view"
	"mainbus/controller/api"
	"mainbus/hostagent"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/local"
	"mainbus/transport/wire"
)

const (
	interval = 2 * time.Second
	patience = 15 * time.Second // for an agent to answer after its start, or to be gone after its stop
	maxPause = time.Minute      // between starts of an agent that does not stay
)

// Config says which agent to keep.
type Config struct {
	Program  string // mainbus-host
	DataDir  string // of the agent
	Factorio string // an installation of the game beside those that the agent finds; may be empty
	Service  api.Service
	Caller   api.Caller
	Log      *slog.Logger
	Tell     func(state, detail string) // how it does, in view.Local's words; may be nil
}

func (cfg Config) tell(state, detail string) {
	if cfg.Tell != nil {
		cfg.Tell(state, detail)
	}
}

// Program finds mainbus-host beside this program's own executable.
func Program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's executable: %w", err)
	}
	name := "mainbus-host"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	program := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("find the host agent beside this program: %w", err)
	}
	return program, nil
}

// Keep keeps the agent running and paired until ctx ends, and leaves it running then. It owns no goroutine.
func Keep(ctx context.Context, cfg Config) {
	pause := interval
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		status, err := cfg.tend(ctx)
		if err != nil && ctx.Err() == nil {
			cfg.Log.Warn("this computer is no host yet", "err", err)
			cfg.tell(view.LocalFailed, err.Error())
			pause = min(2*pause, maxPause)
		} else {
			state := view.LocalRunning
			if status.GameVersion == "" {
				state = view.LocalMissing
			}
			cfg.tell(state, "")
			pause = interval
		}
		timer.Reset(pause)
	}
}

// tend brings the agent one look closer to how it should be; mostly there is nothing to do.
func (cfg Config) tend(ctx context.Context) (hostagent.Status, error) {
	status, err := hostagent.AskStatus(ctx, cfg.DataDir)
	gone := errors.Is(err, local.ErrNobody)
	if err == nil && older(status.Version, wire.Version) {
		cfg.Log.Info("replacing an older host agent", "its", status.Version, "ours", wire.Version)
		cfg.tell(view.LocalReplacing, "")
		err = cfg.stop(ctx)
		gone = err == nil
	}
	if gone {
		status, err = cfg.start(ctx)
	}
	if err == nil {
		err = cfg.pair(ctx, status)
	}
	return status, err
}

func (cfg Config) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := hostagent.AskStop(ctx, cfg.DataDir); err != nil {
		return fmt.Errorf("stop the older host agent: %w", err)
	}
	return nil
}

// start starts the agent and waits until it answers.
func (cfg Config) start(ctx context.Context) (status hostagent.Status, err error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return status, fmt.Errorf("start the host agent: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(cfg.DataDir, "agent.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return status, fmt.Errorf("start the host agent: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(cfg.Program, "--data", cfg.DataDir)
	if cfg.Factorio != "" {
		cmd.Args = append(cmd.Args, "--factorio", cfg.Factorio)
	}
	cmd.Stdout, cmd.Stderr = log, log
	supervisor.Detach(cmd)
	if err := cmd.Start(); err != nil {
		return status, fmt.Errorf("start the host agent: %w", err)
	}
	cfg.Log.Info("started the host agent", "pid", cmd.Process.Pid, "log", log.Name())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // ends with the agent, or this program
	err = cfg.poll(ctx, func() (bool, error) {
		select {
		case err := <-ended:
			return true, fmt.Errorf("the host agent ended at once (see %s): %v", log.Name(), err)
		default:
		}
		status, err = hostagent.AskStatus(ctx, cfg.DataDir)
		if errors.Is(err, local.ErrNobody) {
			err = nil
		}
		return status.Port != 0, err
	})
	return status, err
}

// pair pairs the agent with the code that it shows to its own user only.
func (cfg Config) pair(ctx context.Context, agent hostagent.Status) error {
	controller, err := cfg.Service.Status(ctx, cfg.Caller)
	if err != nil {
		return err
	}
	for _, c := range agent.Controllers {
		if strings.HasPrefix(c.ID, controller.ID) {
			return nil
		}
	}
	code, err := hostagent.AskPairingCode(ctx, cfg.DataDir)
	if err != nil {
		return err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(agent.Port)))
	if _, err := cfg.Service.PairHost(ctx, cfg.Caller, api.PairHost{Host: address, Code: code.Code}); err != nil {
		return fmt.Errorf("pair the host agent of this computer: %w", err)
	}
	return nil
}

// poll asks until done, or an error, or patience is over.
func (cfg Config) poll(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the host agent does not answer")
		}
	}
}

// older compares versions of the form 1.2.3; anything else is older than any of them.
func older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func numbers(version string) (n [3]int) {
	for i, part := range strings.SplitN(version, ".", 3) {
		n[i], _ = strconv.Atoi(part) // 0 for what is no number
	}
	return n
}
