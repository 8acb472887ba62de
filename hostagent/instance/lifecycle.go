package instance

import (
	"context"
	"errors"
	"time"

	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

// reconcile takes the next step towards what is wanted.
func (i *Instance) reconcile() {
	running := i.want.GetRunning()
	switch {
	case !i.told, i.ending:
	case i.launch != nil:
		if !running {
			i.launch()
		}
	case i.run != nil:
		if !running && !i.asked {
			i.stop()
		}
	case i.working != "":
		i.status, i.phase, i.cause = wire.State_STATE_WORKING, i.working, ""
	case !running && i.orphaned:
		i.endOrphan()
	case !running:
		i.anew = true
		if i.unseen != nil {
			i.endedBadly(i.unseen)
		}
		i.retry, i.unseen = stopTimer(i.retry), nil
		i.status, i.phase, i.cause = wire.State_STATE_STOPPED, "", i.remark
	case i.unseen != nil:
		e := i.unseen
		i.unseen = nil
		i.fail(e)
	case i.retry == nil && !i.halted:
		i.begin()
	}
}

// endOrphan ends a game that lost its supervisor; a start does that by itself.
func (i *Instance) endOrphan() {
	i.ending = true
	i.status, i.phase, i.cause = wire.State_STATE_STOPPING, "ending a game that lost its supervisor", ""
	i.workers.Go(func() {
		err := supervisor.EndOrphan(i.ctx, i.folder.ours(), stopTime(i.want.GetSupervision()))
		i.post(func() {
			i.ending, i.orphaned = false, false
			if err != nil && i.ctx.Err() == nil {
				i.log.Error("can't end a game that lost its supervisor", "err", err)
			}
		})
	})
}

func (i *Instance) begin() {
	i.quiet.Store(false) // before anybody could take the instance for one that stays stopped
	i.orphaned, i.killing, i.remark = false, false, ""
	ctx, cancel := context.WithCancel(i.ctx)
	i.launch = cancel
	i.status, i.phase, i.cause = wire.State_STATE_STARTING, "preparing", ""
	l := &launch{cfg: &i.cfg, lists: i.lists, folder: i.folder, files: i.files, want: i.want, state: i.state, avoid: cloneSet(i.avoid), converted: i.converted, again: !i.anew}
	i.converted = false
	l.phase = func(status wire.State, phase string) {
		i.post(func() { i.status, i.phase = status, phase })
	}
	i.workers.Go(func() {
		result := l.run(ctx)
		i.post(func() { i.onLaunched(result) })
	})
}

func (i *Instance) onLaunched(result launched) {
	i.launch()
	i.launch = nil
	i.state, i.modRemark = result.state, result.modRemark
	i.lookAtMods()
	if result.err != nil {
		i.cfg.Games.Release(i.cfg.ID)
		i.takeBackSettings()
	} else {
		i.anew = false
	}
	switch {
	case result.err == nil && i.killing:
		i.follow(result.game, result.note)
		i.call("kill the game", result.game.Kill)
	case i.killing:
		i.log.Info("the start was broken off, as somebody wanted")
		if i.want.GetRunning() {
			i.status, i.phase, i.cause = wire.State_STATE_FAILED, "", "Its start was broken off because somebody asked for it."
			i.startAgain(firstDelay)
		}
	case result.err == nil:
		i.log.Info("game started", "pid", result.game.Run().PID, "save", result.note.Save, "start", result.note.Number)
		i.follow(result.game, result.note)
	case i.want.GetRunning():
		i.log.Error("game could not be started", "err", result.err)
		i.fail(&ending{note: result.note, err: result.err})
	}
}

// stop asks the game to save and end, and kills it when it has not in time.
func (i *Instance) stop() {
	i.asked, i.stopping, i.deadline = true, false, stopTimer(i.deadline)
	i.call("interrupt the game", i.run.game.Interrupt)
	i.expectEnd("asking the game to end")
}

// expectEnd gives a game that is about to end its time. That a game ends by itself is known from its output, which a script can forge:
// one that answers when its time is over has not ended and goes on.
func (i *Instance) expectEnd(phase string) {
	i.status, i.phase = wire.State_STATE_STOPPING, phase
	if i.stopping {
		return
	}
	i.stopping = true
	r := i.run
	r.ending.Store(true)
	i.deadline = time.AfterFunc(stopTime(i.want.GetSupervision()), func() {
		i.post(func() {
			switch {
			case i.run != r:
			case !i.asked && i.answers():
				i.log.Warn("the game said that it would end, but goes on")
				i.status, i.phase, i.stopping = wire.State_STATE_RUNNING, "", false
				r.ending.Store(false)
			default:
				i.log.Warn("the game did not end in time, killing it")
				i.overdue = true
				i.call("kill the game", r.game.Kill)
			}
		})
	})
}

// answers reports whether RCON is connected.
func (i *Instance) answers() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.client != nil
}

// Restart has a game that runs save and end; if it is wanted it starts again. One that does not run is left alone.
func (i *Instance) Restart() {
	i.post(func() {
		if i.run != nil && !i.asked {
			i.stop()
		}
	})
}

// call asks the supervisor for something without waiting for it.
func (i *Instance) call(what string, f func(context.Context) error) {
	i.workers.Go(func() {
		ctx, cancel := context.WithTimeout(i.ctx, callTime)
		defer cancel()
		if err := f(ctx); err != nil && !errors.Is(err, supervisor.ErrGone) {
			i.log.Error(what, "err", err)
		}
	})
}
