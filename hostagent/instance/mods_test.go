package instance

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/modcache"
	"mainbus/hostagent/modfolder"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

// shelf is what a host has of mods, and what its controller could bring.
type shelf struct {
	t       *testing.T
	dir     string
	cache   *modcache.Cache
	changed signal.Signal
	brings  atomic.Bool

	mu   sync.Mutex
	sets map[string]*wire.ModSet
	zips map[string][]byte
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{t: t, dir: t.TempDir(), sets: map[string]*wire.ModSet{}, zips: map[string][]byte{}}
	var err error
	if s.cache, err = modcache.Open(s.dir); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) mods() *Mods {
	return &Mods{
		Cache: s.cache, Changed: &s.changed, Fetching: func(string) bool { return s.brings.Load() },
		Set: func(hash string) (*wire.ModSet, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if set := s.sets[hash]; set != nil {
				return set, nil
			}
			return nil, fmt.Errorf("nobody has told of %s", hash)
		},
	}
}

// mod makes a mod that logs its version on the map.
func (s *shelf) mod(name, version string) *wire.SetMod {
	s.t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, file := range [][2]string{
		{"info.json", fmt.Sprintf(`{"name":%q,"version":%q,"title":"A mod","author":"a","factorio_version":"2.0","dependencies":["base"]}`, name, version)},
		{"control.lua", fmt.Sprintf(`script.on_init(function() log("%s %s begins") end)`, name, version)},
		{"settings.lua", fmt.Sprintf(`data:extend{{type = "int-setting", name = "%s-speed", setting_type = "startup", default_value = 1}}`, name)},
		{"data.lua", fmt.Sprintf(`log("speed is " .. settings.startup["%s-speed"].value)`, name)},
	} {
		f, err := w.Create(name + "_" + version + "/" + file[0])
		if err != nil {
			s.t.Fatal(err)
		}
		f.Write([]byte(file[1]))
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	hash := hex.EncodeToString(sum[:])
	s.zips[hash] = b.Bytes()
	return &wire.SetMod{Name: name, Version: version, Enabled: true, Sha256: hash, Size: uint64(b.Len())}
}

// bring has the files of mods arrive on the host.
func (s *shelf) bring(mods ...*wire.SetMod) {
	s.t.Helper()
	for _, m := range mods {
		err := s.cache.Bring(s.t.Context(), m.GetSha256(), func(_ context.Context, path string) error {
			return os.WriteFile(path, s.zips[m.GetSha256()], 0o600)
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	s.changed.Fire()
}

// set tells the host of a set, and returns its hash.
func (s *shelf) set(revision uint64, settings []byte, mods ...*wire.SetMod) string {
	hash := fmt.Sprintf("%064d", revision)
	own := []*wire.SetMod{{Name: "base", Enabled: true, Builtin: true}}
	s.mu.Lock()
	s.sets[hash] = &wire.ModSet{Pack: "Belts", Revision: revision, Game: "2.0", Mods: append(own, mods...), Settings: settings}
	s.mu.Unlock()
	s.changed.Fire()
	return hash
}

func startup(t *testing.T, setting string, value int64) []byte {
	t.Helper()
	f := modsettings.New(factorio.Version{Major: 2})
	f.Set(modsettings.Startup, setting, value)
	data, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (a *agent) wantMods(running bool, wish *wire.ModsWish) {
	a.Want(&wire.DesiredInstance{Id: "abcdefghij", Name: "Alpha One", Running: running, Create: &wire.MapCreation{Seed: 7}, Mods: wish}, "hash")
}

// log is what the newest run has printed.
func (a *agent) log() string {
	a.t.Helper()
	text, err := os.ReadFile(a.folder.path(currentLog))
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

func (a *agent) started(after uint64) *wire.ObservedInstance {
	a.t.Helper()
	return a.wait("runs", func(o *wire.ObservedInstance) bool {
		return o.GetState() == wire.State_STATE_RUNNING && o.GetStarts() > after
	})
}

func (a *agent) loaded(want string, unwanted ...string) {
	a.t.Helper()
	text := a.log()
	if !strings.Contains(text, want) {
		a.t.Errorf("the game has not loaded %q", want)
	}
	for _, other := range unwanted {
		if strings.Contains(text, other) {
			a.t.Errorf("the game has loaded %q", other)
		}
	}
}

func TestPackIsPutInPlaceBetweenRuns(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	old, young, more := s.mod("alpha", "1.0.0"), s.mod("alpha", "1.1.0"), s.mod("beta", "1.0.0")
	s.bring(old, young, more)
	first, second := s.set(1, startup(t, "alpha-speed", 5), old), s.set(2, nil, young, more)
	a := newAgentWith(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "1"}, s.mods())

	a.wantMods(true, &wire.ModsWish{Set: first})
	o := a.started(0)
	a.loaded("Loading mod alpha 1.0.0", "beta")
	a.loaded("speed is 5")
	if m := o.GetMods(); m.GetPending() || m.GetAppliedLabel() != "Belts, revision 1" || m.GetProblem() != "" {
		t.Errorf("just started: %v", m)
	}
	list, err := a.Mods()
	if err != nil {
		t.Fatal(err)
	}
	if len(list.GetProblems()) > 0 {
		t.Errorf("problems of a good set: %q", list.GetProblems())
	}
	for _, m := range list.GetMods() {
		if m.GetUsed() && !m.GetCrcKnown() {
			t.Errorf("the game has told no checksum of %v", m)
		}
	}

	pid := a.pid()
	a.wantMods(true, &wire.ModsWish{Set: second})
	o = a.wait("the change waits for the next start", func(o *wire.ObservedInstance) bool { return o.GetMods().GetPending() })
	if o.GetMods().GetAppliedLabel() != "Belts, revision 1" || o.GetMods().GetWantedLabel() != "Belts, revision 2" || a.pid() != pid {
		t.Errorf("while it runs: %v", o)
	}
	if _, err := os.Stat(a.folder.path("mods", "beta_1.0.0.zip")); err == nil {
		t.Error("the folder of a running game was changed")
	}
	a.Restart()
	o = a.started(o.GetStarts())
	a.loaded("Loading mod alpha 1.1.0", "Loading mod alpha 1.0.0")
	a.loaded("Loading mod beta 1.0.0")
	backups, err := savefiles.In(string(a.folder)).List(savefiles.Backups)
	if err != nil || len(backups) == 0 || backups[0].Reason != backupMods && backups[0].Reason != backupStart {
		t.Errorf("backups before the change: %v (%v)", backups, err)
	}

	for _, step := range []struct {
		action      wire.ModsAction
		loads, not  string
		label, form string
	}{
		{wire.ModsAction_MODS_ACTION_UNDO, "Loading mod alpha 1.0.0", "beta", "Belts, revision 1", "Belts, revision 2"},
		{wire.ModsAction_MODS_ACTION_REDO, "Loading mod alpha 1.1.0", "alpha 1.0.0", "Belts, revision 2", "Belts, revision 1"},
	} {
		if err := a.ChangeMods(t.Context(), step.action); err != nil {
			t.Fatal(err)
		}
		if err := a.ChangeMods(t.Context(), step.action); err == nil {
			t.Errorf("%v twice is no error", step.action)
		}
		a.wait("that is pending", func(o *wire.ObservedInstance) bool { return o.GetMods().GetPending() })
		a.Restart()
		o = a.started(o.GetStarts())
		a.loaded(step.loads, step.not)
		if m := o.GetMods(); m.GetAppliedLabel() != step.label || m.GetFormerLabel() != step.form || m.GetPending() {
			t.Errorf("after %v: %v", step.action, m)
		}
	}
	a.loaded("speed is 1") // the second set has no settings: nothing of the first one's is left
}

func TestStartWaitsForModsThatAreBrought(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	m := s.mod("alpha", "1.0.0")
	s.brings.Store(true)
	a := newAgentWith(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "1"}, s.mods())
	a.wantMods(true, &wire.ModsWish{Set: s.set(1, nil, m)})
	o := a.wait("it waits", func(o *wire.ObservedInstance) bool { return o.GetPhase() == "waiting for mods" })
	if o.GetMods().GetMissing() != 1 || o.GetMods().GetMissingBytes() != m.GetSize() {
		t.Errorf("missing is told as %v", o.GetMods())
	}
	s.bring(m)
	a.started(0)
	a.loaded("Loading mod alpha 1.0.0")
}

func TestStartWithoutAllMods(t *testing.T) {
	modsPatience = 50 * time.Millisecond
	t.Cleanup(func() { modsPatience = 15 * time.Second })
	s := newShelf(t)
	old, young, lost := s.mod("alpha", "1.0.0"), s.mod("alpha", "1.1.0"), s.mod("lost", "3.0.0")
	s.bring(old)
	a := newAgentWith(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "1"}, s.mods())
	a.wantMods(true, &wire.ModsWish{Set: s.set(1, nil, old)})
	a.started(0)
	a.wantMods(false, nil)
	a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })

	second := s.set(2, nil, young)
	a.wantMods(true, &wire.ModsWish{Set: second})
	o := a.wait("the start is refused", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_FAILED })
	if !strings.Contains(o.GetCause(), "1 mods of Belts, revision 2 are not on this host yet: alpha 1.1.0") {
		t.Errorf("the cause is %q", o.GetCause())
	}
	lost.Sha256 = ""
	a.wantMods(true, &wire.ModsWish{Set: s.set(3, nil, lost)})
	a.wait("it is told that the controller has no file", func(o *wire.ObservedInstance) bool {
		return o.GetState() == wire.State_STATE_FAILED && strings.Contains(o.GetCause(), "the controller has no file of 1 mods of Belts, revision 3: lost 3.0.0")
	})
	a.wantMods(true, &wire.ModsWish{Set: second, OrFormer: true})
	o = a.started(1)
	a.loaded("Loading mod alpha 1.0.0")
	if m := o.GetMods(); m.GetAppliedLabel() != "Belts, revision 1" || !m.GetPending() || !strings.Contains(m.GetProblem(), "It was started with the mods that it had") {
		t.Errorf("with the former mods: %v", m)
	}
}

func TestDamagedModComesAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	m := s.mod("alpha", "1.0.0")
	s.bring(m)
	if err := os.WriteFile(filepath.Join(s.dir, m.GetSha256()), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newAgentWith(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "1"}, s.mods())
	a.wantMods(true, &wire.ModsWish{Set: s.set(1, nil, m)})
	a.wait("it is missing", func(o *wire.ObservedInstance) bool {
		return o.GetState() == wire.State_STATE_FAILED && o.GetMods().GetMissing() == 1
	})
	if strings.Contains(a.Observed().GetMods().GetAppliedLabel(), "Belts") {
		t.Error("a damaged set was put in place")
	}
	s.bring(m)
	a.TryAgain()
	a.started(0)
	a.loaded("Loading mod alpha 1.0.0")
}

func TestStrangersInTheFolderOfAPack(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	m, hand := s.mod("alpha", "1.0.0"), s.mod("hand", "1.0.0")
	s.bring(m)
	set := s.set(1, nil, m)
	a := newAgentWith(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "1"}, s.mods())
	a.wantMods(true, &wire.ModsWish{Set: set})
	a.started(0)
	put := func() {
		if err := os.WriteFile(a.folder.path("mods", "hand_1.0.0.zip"), s.zips[hand.GetSha256()], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put()
	a.Restart()
	o := a.started(1)
	a.loaded("Loading mod alpha 1.0.0", "Loading mod hand")
	if aside := a.folder.modFolder().Aside(); len(aside) != 1 || !strings.Contains(o.GetMods().GetProblem(), "put aside: hand_1.0.0.zip") {
		t.Errorf("put aside is %v, and told: %v", aside, o.GetMods())
	}
	put()
	a.wantMods(true, &wire.ModsWish{Set: set, KeepUnknown: true})
	a.Restart()
	a.started(2)
	a.loaded("Loading mod hand 1.0.0")
}

func TestSettingsOfANewerGameKeepItFromStarting(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "1"})
	newer := modsettings.New(factorio.Version{Major: 2, Minor: 9})
	newer.Set(modsettings.Startup, "alpha-speed", int64(3))
	data, err := newer.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(a.folder.mods(), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(a.folder.mods(), "mod-settings.dat")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	a.wantRunning(true)
	o := a.wait("it is refused", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_FAILED })
	if !strings.Contains(o.GetCause(), "mod-settings.dat in the mods folder was written by Factorio 2.9.0") {
		t.Errorf("the cause is %q", o.GetCause())
	}
	list, err := a.Mods()
	if err != nil || len(list.GetProblems()) == 0 || !strings.Contains(list.GetProblems()[0], "was written by Factorio 2.9.0") {
		t.Errorf("problems %q (%v)", list.GetProblems(), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	a.TryAgain()
	a.started(0)
}

// An agent that was killed in the middle leaves folders which the next one puts in order before anything else.
func TestChangeOfAKilledAgentIsFinished(t *testing.T) {
	t.Parallel()
	s, dir := newShelf(t), t.TempDir()
	m := s.mod("alpha", "1.0.0")
	s.bring(m)
	set := s.set(1, nil, m)
	f := modfolder.Folder(dir)
	if err := os.MkdirAll(filepath.Join(dir, "mods"), 0o700); err != nil {
		t.Fatal(err)
	}
	full, err := s.mods().Set(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Stage(t.Context(), modfolder.Set{Hash: set, ModSet: full}, factorio.Version{Major: 2, Patch: 77}, s.cache.Link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "mods"), filepath.Join(dir, "mods.replaced")); err != nil {
		t.Fatal(err)
	}
	a := newAgentWith(t, dir, simgame.Install(t, scenario), &controller{ledger: "1"}, s.mods())
	a.wantMods(false, &wire.ModsWish{Set: set})
	o := a.wait("it is in place", func(o *wire.ObservedInstance) bool { return o.GetMods().GetApplied() == set })
	if o.GetMods().GetPending() || o.GetState() != wire.State_STATE_STOPPED {
		t.Errorf("it is %v", o)
	}
}

// What is packed for another host has the mods in it, whatever names they have elsewhere, and needs nothing more there.
func TestModsMoveWithTheirInstance(t *testing.T) {
	t.Parallel()
	s, dir := newShelf(t), t.TempDir()
	m := s.mod("alpha", "1.0.0")
	s.bring(m)
	game := simgame.Install(t, scenario)
	a := newAgentWith(t, dir, game, &controller{ledger: "1"}, s.mods())
	set := s.set(1, nil, m)
	a.wantMods(true, &wire.ModsWish{Set: set})
	a.started(0)
	a.wantMods(false, &wire.ModsWish{Set: set})
	a.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
	list, _, err := listPacked(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range list {
		found[f.name] = true
	}
	for _, want := range []string{"mods/alpha_1.0.0.zip", "mods/mod-list.json", "mods/mainbus-set.json"} {
		if !found[want] {
			t.Errorf("%s does not go along", want)
		}
	}

	there, empty := t.TempDir(), newShelf(t)
	if err := os.CopyFS(filepath.Join(there, "mods"), os.DirFS(filepath.Join(dir, "mods"))); err != nil {
		t.Fatal(err)
	}
	empty.sets = s.sets
	b := newAgentWith(t, there, game, &controller{ledger: "1"}, empty.mods())
	b.wantMods(true, &wire.ModsWish{Set: set})
	o := b.started(0)
	b.loaded("Loading mod alpha 1.0.0")
	if o.GetMods().GetMissing() != 0 {
		t.Errorf("on the other host: %v", o.GetMods())
	}
}
