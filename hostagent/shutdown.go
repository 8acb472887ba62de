package hostagent

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"mainbus/hostagent/supervisor"
)

const shutdownTime = 300 * time.Second // for games to save when the machine goes down; the unit of systemd waits a little longer

// saveBeforeShutdown stops the games that have no scope, when the machine goes down: systemd would end them as it ends what is left over in
// the end, with little time and after the disks of others are gone. What is wanted of them stays, so they start with the machine again.
func (a *Agent) saveBeforeShutdown() {
	if a.cfg.GoingDown == nil || !a.cfg.GoingDown() {
		return
	}
	dirs, err := filepath.Glob(filepath.Join(a.path("instances"), "*", ".mainbus"))
	if err != nil {
		return // the pattern is ours
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	var stops sync.WaitGroup
	for _, dir := range dirs {
		game, err := supervisor.Attach(dir)
		if err != nil || game.Spec().Scope != "" {
			continue
		}
		stops.Go(func() {
			a.log.Info("the machine goes down: the game is asked to save and end", "pid", game.Run().PID)
			if err := saveAndEnd(ctx, game); err != nil {
				a.log.Error("a game may not have saved before the machine goes down", "pid", game.Run().PID, "err", err)
			}
		})
	}
	stops.Wait()
}

// saveAndEnd returns when the game has ended, or ctx has.
func saveAndEnd(ctx context.Context, game *supervisor.Game) error {
	tail, err := game.Tail(ctx, game.Run().Offset)
	if err != nil {
		return err
	}
	defer tail.Close()
	if err := game.Interrupt(ctx); err != nil {
		return err
	}
	for {
		if _, err := tail.Next(); err != nil { // the game has ended, or ctx has
			return context.Cause(ctx)
		}
	}
}
