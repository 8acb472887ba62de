// Package service makes the agent start with the machine: as a unit of systemd, a service of Windows, or a job of launchd. None of
// them ends a game when the agent is stopped or started again.
package service

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kardianos/service"
)

// Name is what the service is called by the system.
const Name = "mainbus-host"

const askTime = 5 * time.Second // for systemd to say how the machine is

// Config says what is installed.
type Config struct {
	Executable string   // absolute
	DataDir    string   // absolute
	Arguments  []string // of the agent, besides --data
	User       bool     // a service of the user who installs it instead of one of the machine
	RunAs      string   // account of a machine's service; empty: the system's usual one
}

// ErrNoManager says that this system has nothing that the service could be installed in.
var ErrNoManager = errors.New("only systemd, Windows and launchd can run the agent as a service")

// arguments of the agent.
func (c Config) arguments() []string { return append([]string{"--data", c.DataDir}, c.Arguments...) }

func (c Config) check() error {
	if !filepath.IsAbs(c.Executable) || !filepath.IsAbs(c.DataDir) {
		return errors.New("program and data folder of a service need whole paths")
	}
	for _, text := range append(c.arguments(), c.Executable, c.RunAs) {
		if strings.ContainsAny(text, "\r\n\x00") {
			return fmt.Errorf("%.40q can't be part of a service's command", text)
		}
	}
	return nil
}

// program is what the library runs under Windows' service manager.
type program struct {
	run    func(context.Context) error
	cancel context.CancelFunc
	ended  chan error
}

// Start implements service.Interface.
func (p *program) Start(service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() { p.ended <- p.run(ctx) }()
	return nil
}

// Stop implements service.Interface.
func (p *program) Stop(service.Service) error {
	p.cancel()
	return <-p.ended
}

// Shutdown implements service.Shutdowner: Windows asks for it when the machine goes down.
func (p *program) Shutdown(s service.Service) error {
	shutdown.Store(true)
	return p.Stop(s)
}

func (c Config) manager(p service.Interface) (service.Service, error) {
	options := service.KeyValue{
		"UserService": c.User, "RunAtLoad": true, "KeepAlive": true,
		"LaunchdConfig": launchdJob, "SystemdScript": systemdUnit(c),
		// Windows starts it again after a failure, and does not wait for it when the machine starts.
		"OnFailure": "restart", "OnFailureDelayDuration": "2s", "OnFailureResetPeriod": 60, "DelayedAutoStart": true,
	}
	s, err := service.New(p, &service.Config{
		Name: Name, DisplayName: "Mainbus host agent", Description: "Runs Factorio servers for a Mainbus controller.",
		UserName: c.RunAs, Arguments: c.arguments(), Executable: c.Executable, Option: options,
	})
	if errors.Is(err, service.ErrNoServiceSystemDetected) || err == nil && !known(s.Platform()) {
		return nil, ErrNoManager
	}
	return s, err
}

func known(platform string) bool {
	return platform == "linux-systemd" || platform == "windows-service" || platform == "darwin-launchd"
}

// Install makes the service and starts it.
func Install(c Config) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("install the service: %w", err)
	}
	linux := runtime.GOOS == "linux" && !c.User
	if linux && c.RunAs == "" {
		c.RunAs = account
	}
	s, err := c.manager(&program{})
	if err != nil {
		return fmt.Errorf("install the service: %w", err)
	}
	if linux {
		if err := makeAccount(c); err != nil {
			return fmt.Errorf("install the service: %w", err)
		}
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("install the service: %w", err)
	}
	if err := s.Start(); err != nil {
		return fmt.Errorf("the service is installed, but does not start: %w", err)
	}
	return nil
}

// Uninstall stops the service and removes it. Games go on, and the data folder stays.
func Uninstall(user bool) error {
	s, err := Config{User: user}.manager(&program{})
	if err != nil {
		return fmt.Errorf("remove the service: %w", err)
	}
	if status, err := s.Status(); errors.Is(err, service.ErrNotInstalled) {
		return fmt.Errorf("remove the service: %w", err)
	} else if err == nil && status == service.StatusRunning {
		if err := s.Stop(); err != nil {
			return fmt.Errorf("stop the service: %w", err)
		}
	}
	if err := s.Uninstall(); err != nil {
		return fmt.Errorf("remove the service: %w", err)
	}
	return nil
}

// Status is how the service is: "not installed", "running", "stopped" or "unknown".
func Status(user bool) (string, error) {
	s, err := Config{User: user}.manager(&program{})
	if err != nil {
		return "", fmt.Errorf("look at the service: %w", err)
	}
	status, err := s.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return "not installed", nil
	case err != nil:
		return "", fmt.Errorf("look at the service: %w", err)
	case status == service.StatusRunning:
		return "running", nil
	case status == service.StatusStopped:
		return "stopped", nil
	}
	return "unknown", nil
}

var shutdown atomic.Bool // Windows has asked for it

// GoingDown tells whether the machine is shut down or started anew, as far as systemd knows, or Windows has said to its service.
func GoingDown() bool {
	if runtime.GOOS != "linux" {
		return shutdown.Load()
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	said, _ := exec.CommandContext(ctx, "systemctl", "is-system-running").Output() // its exit code says the same, and fails for most states
	return strings.TrimSpace(string(said)) == "stopping"
}

// Run runs the agent until ctx ends or the system's service manager says so.
func Run(ctx context.Context, run func(context.Context) error) error {
	if runtime.GOOS != "windows" || service.Interactive() {
		return run(ctx)
	}
	p := &program{run: run, ended: make(chan error, 1)}
	s, err := service.New(p, &service.Config{Name: Name})
	if err != nil {
		return fmt.Errorf("run as a service: %w", err)
	}
	return s.Run()
}
