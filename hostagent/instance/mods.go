package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/modcache"
	"mainbus/hostagent/modfolder"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

// modsPatience is how long a start waits for the controller to begin to bring mods that are missing.
var modsPatience = 15 * time.Second

// Mods is what an instance needs of the mods on this host.
type Mods struct {
	Cache *modcache.Cache
	// Set returns the set of a hash, or why it can't.
	Set func(hash string) (*wire.ModSet, error)
	// Fetching tells whether the controller is bringing what an instance is missing.
	Fetching func(instance string) bool
	// Changed fires when a set or a file has come, and when Fetching has changed.
	Changed *signal.Signal
}

func (f folder) modFolder() modfolder.Folder { return modfolder.Folder(f) }
func (f folder) modWishFile() string         { return f.path(".mainbus", "mods.json") }

// modWish is what somebody wants of the mods against the controller.
type modWish struct {
	Undone string `json:"undone,omitempty"` // hash of a set that is not to be put there, because somebody went back from it
}

func (f folder) modWish() (w modWish, err error) {
	return w, disk.ReadJSONIfAny(f.modWishFile(), &w)
}

func (f folder) setModWish(w modWish) error {
	if err := os.MkdirAll(f.ours(), 0o700); err != nil {
		return err
	}
	return disk.WriteJSON(f.modWishFile(), w)
}

// wantedSet returns the set that is wanted; its hash is empty if none is, or if somebody went back from it.
func wantedSet(cfg *Config, d *wire.DesiredInstance, wish modWish) (modfolder.Set, error) {
	hash := d.GetMods().GetSet()
	if hash == "" || hash == wish.Undone {
		return modfolder.Set{}, nil
	}
	if cfg.Mods == nil {
		return modfolder.Set{}, errors.New("this host has no place for mods")
	}
	set, err := cfg.Mods.Set(hash)
	if err != nil {
		return modfolder.Set{}, err
	}
	return modfolder.Set{Hash: hash, ModSet: set, KeepUnknown: d.GetMods().GetKeepUnknown()}, nil
}

// missing are the mods of a set that are not on this host. Those without a hash can't come: the controller has not got them itself.
func missing(c *modcache.Cache, set *wire.ModSet) (absent, unknown []*wire.SetMod) {
	for _, m := range set.GetMods() {
		switch {
		case !modfolder.Needs(m):
		case m.GetSha256() == "":
			unknown = append(unknown, m)
		case !c.Has(m.GetSha256()):
			absent = append(absent, m)
		}
	}
	return absent, unknown
}

func modNames(list []*wire.SetMod) string {
	names := make([]string, len(list))
	for n, m := range list {
		names[n] = strings.TrimSpace(m.GetName() + " " + m.GetVersion())
	}
	return modfolder.Told(names)
}

// lacking says which mods of a set keep it from being used, empty if none do.
func lacking(c *modcache.Cache, set modfolder.Set) string {
	absent, unknown := missing(c, set.ModSet)
	switch {
	case len(unknown) > 0:
		return fmt.Sprintf("the controller has no file of %d mods of %s: %s. Upload them or fetch them from the mod portal, or take them out of the pack",
			len(unknown), set.Label(), modNames(unknown))
	case len(absent) > 0:
		return fmt.Sprintf("%d mods of %s are not on this host yet: %s. They come from the controller by themselves as soon as it is linked, unless somebody has canceled that",
			len(absent), set.Label(), modNames(absent))
	}
	return ""
}

// awaitMods waits for the mods that are wanted, and gives up when nobody brings what is missing. With OrFormer the start then goes on
// with what is in the folder.
func (l *launch) awaitMods(ctx context.Context) error {
	wish, err := l.folder.modWish()
	if err != nil {
		return err
	}
	if hash := l.want.GetMods().GetSet(); hash == "" || hash == wish.Undone {
		return nil
	}
	for last := time.Now(); ; {
		var changed <-chan struct{}
		if l.cfg.Mods != nil {
			changed = l.cfg.Mods.Changed.Wait()
		}
		set, err := wantedSet(l.cfg, l.want.DesiredInstance, wish)
		if err == nil {
			lacks := lacking(l.cfg.Mods.Cache, set)
			if lacks == "" || l.modsInPlace(set) {
				return nil
			}
			err = errors.New(lacks)
		}
		if l.cfg.Mods != nil && l.cfg.Mods.Fetching(l.cfg.ID) {
			last = time.Now()
		}
		left := modsPatience - time.Since(last)
		if left <= 0 {
			return l.withoutMods(err)
		}
		l.phase(wire.State_STATE_STARTING, "waiting for mods")
		timer := time.NewTimer(left)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// modsInPlace tells that a set lies in the folder as it should: after a move its files may be there and nowhere else on this host.
func (l *launch) modsInPlace(set modfolder.Set) bool {
	return holds(l.folder.modFolder().State(), set.Hash)
}

// holds tells that a set lies in the folder with all its files.
func holds(s modfolder.State, hash string) bool { return s.Whole && s.Applied.Set == hash }

func (l *launch) withoutMods(why error) error {
	if !l.want.GetMods().GetOrFormer() {
		return fmt.Errorf("the mods of the pack are not all there: %w", why)
	}
	l.formerMods = true
	l.modRemark = fmt.Sprintf("It was started with the mods that it had, because %v.", why)
	return nil
}

// applyMods puts the set that is wanted into the mods folder, if another one is there. It is called when no game runs.
func (l *launch) applyMods(ctx context.Context) error {
	f := l.folder.modFolder()
	if err := f.Recover(); err != nil {
		return err
	}
	wish, err := l.folder.modWish()
	if err != nil {
		return err
	}
	set, err := wantedSet(l.cfg, l.want.DesiredInstance, wish)
	switch {
	case l.formerMods:
	case err != nil:
		return err
	case set.Hash != "":
		if err := l.putSet(ctx, f, set); err != nil {
			return err
		}
	default:
		if err := l.goBack(f, wish); err != nil {
			return err
		}
	}
	return f.CheckSettings(l.game.Version)
}

// goBack takes the set out of the folder that somebody went back from.
func (l *launch) goBack(f modfolder.Folder, wish modWish) error {
	state := f.State()
	if wish.Undone == "" || wish.Undone != l.want.GetMods().GetSet() || state.Applied == nil || state.Applied.Set != wish.Undone || !state.HasFormer {
		return nil
	}
	l.phase(wire.State_STATE_STARTING, "going back to the mods before")
	if err := l.folder.backUpNext(backupMods); err != nil {
		return err
	}
	return f.Back()
}

func (l *launch) putSet(ctx context.Context, f modfolder.Folder, set modfolder.Set) error {
	if err := set.Check(l.game.Version); err != nil {
		return err
	}
	state := f.State()
	same := state.Applied != nil && state.Applied.Set == set.Hash
	if same && !set.KeepUnknown {
		strange, err := f.Strangers()
		if err == nil {
			err = f.PutAside(l.notOwn(strange, state.Applied))
		}
		if err != nil {
			return err
		}
	}
	why := f.Amiss(set, l.game.Version)
	if why == "" {
		return nil
	}
	l.phase(wire.State_STATE_STARTING, "putting mods in place")
	if !same {
		if err := l.folder.backUpNext(backupMods); err != nil {
			return err
		}
	} else {
		l.modRemark = strings.TrimSpace(fmt.Sprintf("%s The mods were put in place again, because %s.", l.modRemark, why))
	}
	if err := f.Stage(ctx, set, l.game.Version, l.cfg.Mods.Cache.Link); err != nil {
		if errors.Is(err, modcache.ErrDamaged) {
			l.cfg.Mods.Changed.Fire() // it is missing from now on, and comes again
		}
		return err
	}
	if err := f.Swap(); err != nil {
		return err
	}
	l.cfg.Log.Info("mods were changed", "instance", l.cfg.ID, "set", set.Label(), "hash", set.Hash, "why", why)
	return nil
}

// notOwn leaves out files that were the set's own and are changed: these are put in place again, and the changed ones aside with that.
func (l *launch) notOwn(strange []string, applied *modfolder.Record) []string {
	var names []string
	for _, name := range strange {
		if !applied.Has(name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		l.modRemark = fmt.Sprintf("%d mods that are not of the pack were put aside: %s.", len(names), modfolder.Told(names))
	}
	return names
}

// observeMods is how far the mods are, nil for an instance that has nothing to do with sets.
func (i *Instance) observeMods() *wire.ObservedMods {
	hash, state := i.want.GetMods().GetSet(), i.mods
	if hash == "" && state.Applied == nil && i.modRemark == "" {
		return nil
	}
	o := &wire.ObservedMods{Wanted: hash, Problem: i.modRemark}
	if state.Applied != nil {
		o.Applied, o.AppliedLabel = state.Applied.Set, state.Applied.Label
	}
	if state.HasFormer {
		o.FormerLabel = "what was there before any pack"
		if state.Former != nil {
			o.FormerLabel = state.Former.Label
		}
	}
	if hash == "" {
		return o
	}
	o.Undone = i.modWish.Undone == hash
	o.Pending = o.Undone == (o.Applied == hash)
	if o.Undone && !state.HasFormer {
		o.Pending = false
	}
	set, err := wantedSet(&i.cfg, i.want.DesiredInstance, modWish{})
	if err != nil {
		o.Problem = joinSentences(o.Problem, err.Error())
		return o
	}
	o.WantedLabel = set.Label()
	absent, _ := missing(i.cfg.Mods.Cache, set.ModSet)
	if holds(state, hash) { // whether its files are anywhere else does not matter
		return o
	}
	for _, m := range absent {
		o.MissingBytes += m.GetSize()
	}
	if o.Missing = uint32(len(absent)); !o.Undone {
		o.Problem = joinSentences(o.Problem, lacking(i.cfg.Mods.Cache, set))
	}
	return o
}

func joinSentences(before, text string) string {
	if text == "" {
		return before
	}
	return strings.TrimSpace(before + " " + strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + ".")
}

// lookAtMods reads what lies in the mods folder, after something may have changed it.
func (i *Instance) lookAtMods() {
	i.mods = i.folder.modFolder().State()
	var err error
	if i.modWish, err = i.folder.modWish(); err != nil {
		i.log.Error("can't read which set of mods somebody went back from", "err", err)
	}
}

// recoverMods finishes what an earlier agent has begun, when no game uses the folder.
func (i *Instance) recoverMods() {
	if i.run == nil && !i.orphaned {
		if err := i.folder.modFolder().Recover(); err != nil {
			i.log.Error("the mods folder is as an earlier agent has left it; the next start tries to put it right", "err", err)
		}
	}
	i.lookAtMods()
}

// ChangeMods goes back to the set before, or takes that back. It takes effect at the next start.
func (i *Instance) ChangeMods(ctx context.Context, action wire.ModsAction) error {
	done := make(chan error, 1)
	i.post(func() { done <- i.changeMods(action) })
	select {
	case err := <-done:
		return err
	case <-i.done:
		return ErrBusy
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (i *Instance) changeMods(action wire.ModsAction) error {
	hash := i.want.GetMods().GetSet()
	undone := i.modWish.Undone == hash
	applied := i.mods.Applied != nil && i.mods.Applied.Set == hash
	switch {
	case i.launch != nil:
		return ErrBusy
	case hash == "":
		return errors.New("this instance has no pack, so nothing is put into its mods folder and nothing can be taken back")
	case action == wire.ModsAction_MODS_ACTION_UNDO && undone:
		return errors.New("that is undone already; redo takes the undoing back")
	case action == wire.ModsAction_MODS_ACTION_UNDO && applied && !i.mods.HasFormer:
		return errors.New("there is no former set of mods to go back to")
	case action == wire.ModsAction_MODS_ACTION_REDO && !undone:
		return errors.New("nothing is undone")
	}
	var wish modWish
	if action == wire.ModsAction_MODS_ACTION_UNDO {
		wish.Undone = hash
	}
	if err := i.folder.setModWish(wish); err != nil {
		return err
	}
	i.lookAtMods()
	i.tryAgain()
	return nil
}

// ModFiles puts the hashes of the files into a map that lie in the mods folder of the instance in dir, or in that which an undo goes back to.
func ModFiles(dir string, hashes map[string]bool) {
	state := modfolder.Folder(dir).State()
	for _, record := range []*modfolder.Record{state.Applied, state.Former} {
		if record == nil {
			continue
		}
		for _, file := range record.Files {
			hashes[file.SHA256] = true
		}
	}
}
