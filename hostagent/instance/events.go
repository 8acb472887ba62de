package instance

import (
	"fmt"
	"time"

	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/factorio/rcon"
	"mainbus/transport/wire"
)

// onEnd deals with a game that has ended; trouble is what it said of that.
func (i *Instance) onEnd(r *run, e *ending) {
	i.run, i.linked = nil, false
	i.running.Store(nil)
	i.deadline = stopTimer(i.deadline)
	i.setCurrent(nil, nil)
	i.takeBackSettings()
	i.cfg.Ports.Release(r.note.Port)
	i.cfg.Games.Release(i.cfg.ID)
	i.orphaned = e.err != nil
	e.overdue = i.overdue
	i.log.Info("game ended", "exit", e.exit.String(), "ran", e.ran.Round(time.Millisecond), "trouble", e.trouble, "err", e.err)
	if e.known() {
		i.rememberEnd(e.exit)
	}
	switch {
	case !i.want.GetRunning(): // reconcile shows it as stopped
		i.endedBadly(e)
	case i.onConverted(r, e): // reconcile starts the world itself
	case i.asked && e.clean(): // it was stopped and is wanted again: reconcile starts it
	case portTaken(e.trouble) && len(i.avoid) < maxPortTries:
		i.avoid[r.note.Port] = true // reconcile starts it at once, on the next port
	default:
		i.fail(e)
	}
}

// onConsole follows what the game says of its state.
func (i *Instance) onConsole(r *run, e console.Event) {
	if i.run != r {
		return
	}
	starting := i.status == wire.State_STATE_STARTING
	switch e.Kind {
	case console.LoadingMap:
		if starting {
			i.phase = "loading map"
		}
	case console.Hosting:
		clear(i.avoid)
	case console.SaveStarted:
		i.phase = "saving"
	case console.SavingProgress:
		i.phase = fmt.Sprintf("saving, %.0f %%", e.Percent)
	case console.SaveFinished:
		i.phase = ""
	case console.ShuttingDown, console.Quitting:
		i.expectEnd("ending")
	}
}

// onRCON learns that the game answers, or that the connection is lost (nil), which happens to running games too.
func (i *Instance) onRCON(r *run, client *rcon.Client) {
	if i.run != r {
		return
	}
	i.setCurrent(r.game, client)
	if client != nil && i.status == wire.State_STATE_STARTING && r.note.Converts == "" {
		i.status, i.phase = wire.State_STATE_RUNNING, ""
		i.takeBackSettings()
		i.log.Info("game is running", "port", r.note.Port)
	}
}

func (i *Instance) onLink(r *run, linked bool, cause string) {
	if i.run == r {
		i.linked, i.cause = linked, cause
	}
}

func (i *Instance) onAssigned(r *run, world string) {
	if i.run != r {
		return
	}
	i.linked, i.cause = true, ""
	i.log.Info("world is linked", "world", world)
	if i.state.World != world {
		i.state.World = world
		if err := i.folder.writeState(i.state); err != nil {
			i.log.Error("can't remember which world runs here", "err", err)
		}
	}
}

// onTick is called by the game link at each beat.
func (i *Instance) onTick(tick uint64) {
	i.tick.Store(tick)
	i.tryPost(func() {})
}
