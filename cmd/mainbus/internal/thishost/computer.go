package thishost

import (
	"context"
	"sync"

	"mainbus/app/view"
	"mainbus/controller/api"
	"mainbus/hostagent"
)

// A Computer is the computer on which the window runs, as a host. State and Use may be called from any goroutine.
type Computer struct {
	cfg Config

	mu    sync.Mutex
	state view.Local
}

// New returns the computer; Config.Factorio may be empty, and Config.Program is found. Run makes it a host.
func New(cfg Config) *Computer {
	c := &Computer{cfg: cfg, state: view.Local{State: view.LocalStarting, Game: cfg.Factorio}}
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

// Use makes the game in a folder one of this computer's, from here on.
func (c *Computer) Use(folder string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := hostagent.AskGames(ctx, c.cfg.DataDir, "add "+folder); err != nil {
		return api.Errorf(api.Invalid, "Choose the folder that holds “bin” and “data”.", "%v", err)
	}
	return nil
}

// Run keeps the computer a host until ctx ends.
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
	Keep(ctx, c.cfg)
}
