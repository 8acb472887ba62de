package thishost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mainbus/app/view"
	"mainbus/controller/api"
	"mainbus/hostagent/factorio/install"
)

// lookAgain is how often the usual places are searched while there is no Factorio: one may be installed meanwhile.
const lookAgain = 30 * time.Second

// A Computer is the computer on which the window runs, as a host. State and Use may be called from any goroutine.
type Computer struct {
	cfg    Config
	chosen chan struct{} // gets a value when the user has chosen a folder

	mu    sync.Mutex
	state view.Local
}

// New returns the computer; Config.Factorio may be empty, and Config.Program is found. Run makes it a host.
func New(cfg Config) *Computer {
	c := &Computer{cfg: cfg, chosen: make(chan struct{}, 1), state: view.Local{State: view.LocalStarting}}
	c.cfg.Tell = c.tell
	return c
}

// State says how it does.
func (c *Computer) State() view.Local {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *Computer) tell(state, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.State, c.state.Detail = state, detail
}

// note is where the folder is kept that the user has chosen.
func (c *Computer) note() string { return filepath.Join(c.cfg.DataDir, "factorio-folder") }

// Use makes a folder the one of this computer's Factorio, from here on.
func (c *Computer) Use(folder string) error {
	if _, err := install.Open(folder); err != nil {
		return api.Errorf(api.Invalid, "Choose the folder that holds “bin” and “data”.", "there is no Factorio in %s: %v", folder, err)
	}
	err := os.MkdirAll(c.cfg.DataDir, 0o700)
	if err == nil {
		err = os.WriteFile(c.note(), []byte(folder+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("remember the folder of Factorio: %w", err)
	}
	c.mu.Lock()
	c.state = view.Local{State: view.LocalStarting, Game: folder}
	c.mu.Unlock()
	select {
	case c.chosen <- struct{}{}:
	default:
	}
	return nil
}

// folder is that of the game: as told at the start, else as the user has chosen, else where it usually is.
func (c *Computer) folder() string {
	if c.cfg.Factorio != "" {
		return c.cfg.Factorio
	}
	kept, err := os.ReadFile(c.note())
	if err == nil {
		if folder := strings.TrimSpace(string(kept)); folder != "" {
			return folder
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		c.cfg.Log.Warn("the chosen folder of Factorio can't be read", "err", err)
	}
	return FindFactorio()
}

// Run keeps the computer a host until ctx ends, as soon as there is a Factorio.
func (c *Computer) Run(ctx context.Context) {
	if c.cfg.Program == "" {
		program, err := Program()
		if err != nil {
			c.cfg.Log.Warn("this computer can't be a host", "err", err)
			c.tell(view.LocalFailed, err.Error())
			return
		}
		c.cfg.Program = program
	}
	for ctx.Err() == nil {
		cfg := c.cfg
		if cfg.Factorio = c.folder(); cfg.Factorio != "" {
			c.mu.Lock()
			c.state.Game = cfg.Factorio
			c.mu.Unlock()
			c.keep(ctx, cfg)
			continue
		}
		if c.State().State != view.LocalMissing {
			c.cfg.Log.Info("this computer is no host: no Factorio found in the usual places")
			c.tell(view.LocalMissing, "")
		}
		select {
		case <-c.chosen:
		case <-time.After(lookAgain):
		case <-ctx.Done():
		}
	}
}

// keep keeps the agent until ctx ends or the user has chosen another folder.
func (c *Computer) keep(ctx context.Context, cfg Config) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Keep(ctx, cfg)
	}()
	select {
	case <-c.chosen:
		cancel()
		<-ended
		// The agent that runs has the old folder: the next look starts one with the new one. Its games go on.
		if err := cfg.stop(context.WithoutCancel(ctx)); err != nil {
			c.cfg.Log.Info("there was no agent to replace", "err", err)
		}
	case <-ended:
	}
}
