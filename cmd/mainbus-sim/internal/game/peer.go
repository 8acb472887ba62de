package game

import (
	"fmt"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// peer is one copy of the map with its scripts: the server's own, or that of a client, which runs beside it.
type peer struct {
	world   *world.World
	scripts *api.Game
	outside api.Host
	moves   bool // in this tick; false while a script paused it
}

// act does something to the map: to the server's copy and then, in the same way, to each client's, as the game has
// every peer carry out the same input actions. Whatever changes the map or may run a script goes through here. do
// uses nothing of another peer; objects of the map are looked up by number or name. The error is the server's own.
func (s *server) act(do func(p *peer) error) error {
	err := s.peer.run(do)
	for _, c := range s.clients {
		c.follow(do, err)
	}
	return err
}

func (p *peer) run(do func(p *peer) error) error {
	if err := do(p); err != nil {
		return err
	}
	return p.scripts.Err()
}

// step is what the map does in a tick after its commands.
func (p *peer) step() error {
	if !p.moves {
		return nil
	}
	if err := p.scripts.Tick(); err != nil {
		return err
	}
	p.world.Step()
	return p.makeCalls()
}

// makeCalls makes the scenario's remote calls that are due, and tries those again whose interface doesn't exist yet.
func (p *peer) makeCalls() error {
	for i := range p.world.Calls {
		c := &p.world.Calls[i]
		if c.Done || p.world.Tick < c.Tick || (p.world.Tick-c.Tick)%60 != 0 || !p.scripts.HasInterface(c.Interface, c.Function) {
			continue
		}
		args := make([][]byte, len(c.Args))
		for j, arg := range c.Args {
			args[j] = arg
		}
		result, err := p.scripts.RemoteCall(c.Interface, c.Function, args)
		if err != nil {
			return err
		}
		c.Done = true
		p.outside.Log("@__sim__/sim.json:1", fmt.Sprintf("remote.call(%q, %q) returned %s", c.Interface, c.Function, result))
	}
	return nil
}
