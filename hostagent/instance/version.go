package instance

import (
	"context"
	"fmt"
	"path/filepath"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/games"
	"mainbus/transport/wire"
)

// wish says which copy of the game an instance wants. One that is started again without having been stopped by somebody stays with the
// version that it had, whatever was released or installed meanwhile, and one that wants none in particular always does.
func wish(d *wire.DesiredInstance, s state, again bool) (games.Wish, error) {
	selector, err := factorio.ParseSelector(d.GetVersion())
	if err != nil {
		return games.Wish{}, err
	}
	w := games.Wish{Selector: selector, Download: d.GetDownload()}
	if selector.IsAny() || again && s.Selector == d.GetVersion() {
		w.Last, _ = factorio.ParseVersion(s.Version) // zero before the first start
	}
	return w, nil
}

// takeGame finds, and perhaps downloads, the copy of the game that is to run. It is the instance's until it is released.
func (l *launch) takeGame(ctx context.Context) error {
	w, err := wish(l.want.DesiredInstance, l.state, l.again)
	if err != nil {
		return err
	}
	l.game, err = l.cfg.Games.Take(ctx, l.cfg.ID, w, func(phase string) { l.phase(wire.State_STATE_STARTING, phase) })
	if err != nil {
		return err
	}
	l.state.Version, l.state.Selector = l.game.Version.String(), l.want.GetVersion()
	return nil
}

// checkVersion refuses a save of a newer game, which this one could not load.
func (l *launch) checkVersion(c chosen) error {
	if c.version.Compare(l.game.Version) <= 0 {
		return nil
	}
	return fmt.Errorf("the save %s was written by Factorio %s and can't be loaded by %s: set the version of this instance to %s or newer, or remove the save to go on with an older one",
		filepath.Base(c.path), c.version, l.game.Version, c.version)
}

// version returns the version that runs or would run at the next start, and what is to be said of it.
func (i *Instance) version() (version, remark string) {
	if i.run != nil {
		return i.run.note.Version, ""
	}
	w, err := wish(i.want.DesiredInstance, i.state, !i.anew)
	if err != nil {
		return "", err.Error()
	}
	return i.cfg.Games.Preview(w)
}

// Refresh shows how things are after the copies of the game on this machine have changed.
func (i *Instance) Refresh() { i.tryPost(func() {}) }
