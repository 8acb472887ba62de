package games

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"mainbus/hostagent/factorio"
)

// A Wish is what an instance wants to run.
type Wish struct {
	Selector factorio.Selector
	Download bool // what is not here may be downloaded
	// Last is the version that it is to stay with if that is here, whatever is newer: the one that it ran last, unless somebody has
	// stopped it since. It is not looked at where the Selector is exact.
	Last factorio.Version
}

// ErrNoGame says that there is no copy of the game at all.
var ErrNoGame = errors.New("no game is installed on this host")

// choice is a copy to run, or the version to download first.
type choice struct {
	game    Game
	missing factorio.Version // zero: none
}

// options are what can be chosen from.
type options struct {
	games    []Game // that can be used, best first
	known    Available
	download bool // something can be downloaded for this machine
}

func (o options) choose(w Wish) (choice, error) {
	if _, exact := w.Selector.Exact(); !exact && !w.Last.IsZero() {
		if g, ok := o.installed(factorio.Exactly(w.Last)); ok {
			return choice{game: g}, nil
		}
	}
	if w.Selector.IsAny() {
		return o.any()
	}
	selector := w.Selector
	if channel := selector.Channel(); channel != "" {
		v := o.known.of(channel)
		if v.IsZero() {
			return choice{}, fmt.Errorf("which version is %s is not known: factorio.com could not be asked; connect this host to the internet, or choose a version like 2.0 or 2.0.77", channel)
		}
		selector = factorio.Exactly(v)
	}
	have, ok := o.installed(selector)
	best, exact := selector.Exact()
	if !exact && w.Download && o.download {
		best = o.known.newest(selector)
	}
	switch {
	case ok && have.Version.Compare(best) >= 0:
		return choice{game: have}, nil
	case w.Download && o.download && !best.IsZero():
		return choice{missing: best}, nil
	case ok:
		return choice{game: have}, nil
	}
	return choice{}, o.explain(w, selector)
}

// any takes the newest of what somebody named, else the newest of all.
func (o options) any() (choice, error) {
	for _, g := range o.games {
		if g.Source == Named {
			return choice{game: g}, nil
		}
	}
	if len(o.games) > 0 {
		return choice{game: o.games[0]}, nil
	}
	return choice{}, fmt.Errorf("%w: %s", ErrNoGame, o.howToGet(factorio.Selector{}))
}

func (o options) installed(s factorio.Selector) (Game, bool) {
	for _, g := range o.games {
		if s.Matches(g.Version) {
			return g, true
		}
	}
	return Game{}, false
}

func (o options) explain(w Wish, selector factorio.Selector) error {
	what := selector.String()
	if w.Selector.Channel() != "" {
		what += " (" + w.Selector.String() + ")"
	}
	var have []string
	for _, g := range o.games {
		if v := g.Version.String(); !slices.Contains(have, v) {
			have = append(have, v)
		}
	}
	if len(have) == 0 {
		return fmt.Errorf("%w, version %s is wanted: %s", ErrNoGame, what, o.howToGet(selector))
	}
	return fmt.Errorf("version %s of the game is not installed on this host (installed: %s): %s, or choose another version", what, strings.Join(have, ", "), o.howToGet(selector))
}

func (o options) howToGet(s factorio.Selector) string {
	if o.download {
		if _, exact := s.Exact(); exact {
			return "download it"
		}
		return "download a version"
	}
	return "for this system there is no headless server to download; install the game that you own, with Steam or from factorio.com, and name its folder if it is not found by itself"
}

// options is called with the lock held.
func (s *Store) options() options {
	usable := slices.DeleteFunc(slices.Clone(s.games), func(g Game) bool { return g.Problem != "" })
	return options{usable, s.known, s.cfg.Distro != ""}
}

// Preview says what would run now without asking or downloading anything: a version, with a remark if it has to be downloaded, or no
// version and why.
func (s *Store) Preview(w Wish) (version, remark string) {
	s.mu.Lock()
	o := s.options()
	s.mu.Unlock()
	c, err := o.choose(w)
	switch {
	case err != nil:
		return "", err.Error()
	case !c.missing.IsZero():
		return c.missing.String(), "is downloaded at the start"
	}
	return c.game.Version.String(), ""
}

// Default is the version of an instance that wants none in particular; empty if there is none.
func (s *Store) Default() string {
	version, _ := s.Preview(Wish{})
	return version
}

const tellEvery = 250 * time.Millisecond

// Take returns the copy that is to run for user, from its start to Release: until then it can't be removed. What is missing is
// downloaded if w says so; tell is told how far that is.
func (s *Store) Take(ctx context.Context, user string, w Wish, tell func(phase string)) (Game, error) {
	for range 3 { // what was downloaded may be removed before it is taken, and what was found be replaced by Steam
		if s.mustAsk(w) {
			tell("asking for versions")
			if _, err := s.Available(ctx, false); err != nil {
				s.cfg.Log.Warn("the newest versions of the game can't be asked for, those known are taken", "err", err)
			}
		}
		game, missing, err := s.reserve(user, w)
		if err != nil {
			return Game{}, err
		}
		if missing.IsZero() {
			if s.unchanged(game) {
				return game, nil
			}
			s.Release(user)
			s.Scan()
			continue
		}
		if err := s.await(ctx, missing, tell); err != nil {
			return Game{}, err
		}
	}
	return Game{}, errors.New("the installation of the game changes all the time; try again when that is over")
}

// mustAsk tells whether w can't be chosen without knowing what was released.
func (s *Store) mustAsk(w Wish) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.options()
	_, exact := w.Selector.Exact()
	if _, here := o.installed(factorio.Exactly(w.Last)); exact || w.Selector.IsAny() || here {
		return false
	}
	return w.Selector.Channel() != "" || w.Download && o.download
}

func (s *Store) reserve(user string, w Wish) (Game, factorio.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.options().choose(w)
	if err == nil && c.missing.IsZero() {
		s.uses[user] = c.game.Dir
		defer s.cfg.Changed()
	}
	return c.game, c.missing, err
}

// unchanged tells whether a copy is still the one that was asked for its version.
func (s *Store) unchanged(g Game) bool {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	info, err := os.Stat(g.Binary())
	was := s.seen[g.Binary()]
	return err == nil && was.size == info.Size() && was.modified.Equal(info.ModTime())
}

// Keep notes that user runs the copy in a folder already.
func (s *Store) Keep(user, dir string) {
	s.mu.Lock()
	s.uses[user] = dir
	s.mu.Unlock()
	s.cfg.Changed()
}

// Release ends what Take or Keep began.
func (s *Store) Release(user string) {
	s.mu.Lock()
	_, used := s.uses[user]
	delete(s.uses, user)
	s.mu.Unlock()
	if used {
		s.cfg.Changed()
	}
}
