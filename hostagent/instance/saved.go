package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
	"mainbus/transport/wire"
)

const (
	maxExamined = 16              // saves that are looked into for the newest of a world
	lastTime    = 5 * time.Second // for the controller to take the last thing that is told
)

// saves watches for what finished saves of a run hold. All of it happens beside the run: neither the game nor the instance
// waits for it.
type saves struct {
	dir      string
	finished chan struct{} // gets a value when a save has finished; one may stand for several

	mu      sync.Mutex
	trouble string // what went wrong last: the same is not logged again
	told    saveFile
	toldTo  *attachment
}

func newSaves(dir string) *saves { return &saves{dir: dir, finished: make(chan struct{}, 1)} }

func (s *saves) announce() {
	select {
	case s.finished <- struct{}{}:
	default:
	}
}

// savedBy returns what the newest save holds that is of this identity, which is the save that a start after a crash begins
// with. A nil Saved: there is none.
func savedBy(dir, ledger, world string) (*wire.Saved, saveFile, error) {
	files, err := listSaves(dir)
	if err != nil {
		return nil, saveFile{}, err
	}
	var troubles []error
	for _, file := range files[:min(len(files), maxExamined)] {
		saved, err := savedIn(file.path, ledger, world)
		if saved != nil {
			return saved, file, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) { // it may have made room for another one just now
			troubles = append(troubles, fmt.Errorf("%s: %w", filepath.Base(file.path), err))
		}
	}
	return nil, saveFile{}, errors.Join(troubles...)
}

// savedIn returns nil for a save of another identity.
func savedIn(path, ledger, world string) (*wire.Saved, error) {
	archive, err := save.Open(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	a, found, err := readAccounts(archive)
	if err != nil || !found || a.ledger != ledger || a.world != world {
		return nil, err
	}
	text, err := scriptdat.AppendTree(nil, a.tree)
	if err != nil {
		return nil, err
	}
	return &wire.Saved{Save: filepath.Base(path), Ledger: ledger, World: world, Tick: a.tick, Accounts: text}, nil
}

// tellSaves tells the controller what the newest save of the world holds, at once and after each save.
func (a *attachment) tellSaves(ctx context.Context) error {
	for {
		if saved := a.newestSave(); saved != nil {
			select {
			case <-a.saved: // the newest only
			default:
			}
			a.saved <- saved
		}
		select {
		case <-a.run.saves.finished:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// newestSave returns what has not been told to this controller yet, or nil.
func (a *attachment) newestSave() *wire.Saved {
	s := a.run.saves
	s.mu.Lock()
	defer s.mu.Unlock()
	saved, file, err := savedBy(s.dir, a.identity.GetLedger(), a.identity.GetWorld())
	trouble := ""
	if err != nil {
		trouble = err.Error()
	}
	if trouble != s.trouble && err != nil {
		a.run.instance.log.Warn("can't read what a save holds of its world's accounts: what has to be covered by a save waits for the next one", "err", err)
	}
	s.trouble = trouble
	if saved == nil || s.toldTo == a && s.told == file {
		return nil
	}
	s.told, s.toldTo = file, a
	return saved
}

// tellLast is for a game that ends: it waits for the end, tells what the last save holds and lets the controller take it.
// The world wants nothing any more.
func (a *attachment) tellLast(received <-chan struct{}) {
	deadline := time.NewTimer(defaultStop)
	defer deadline.Stop()
	defer a.stream.Close()
	up := &wire.RunUp{Msg: &wire.RunUp_Standing{Standing: &wire.Standing{Still: true}}}
	if err := a.stream.Send(up); err != nil {
		return
	}
	select {
	case <-a.run.ended:
	case <-received: // by the controller
		return
	case <-deadline.C:
		return
	}
	if saved := a.newestSave(); saved != nil {
		if err := a.stream.Send(&wire.RunUp{Msg: &wire.RunUp_Saved{Saved: saved}}); err != nil {
			return
		}
	}
	if err := a.stream.CloseSend(); err != nil {
		return
	}
	deadline.Reset(lastTime)
	select {
	case <-received:
	case <-deadline.C:
	}
}
