// Package solver finds which releases of mods go together. It is pure: what there is comes in, and either a set of mods goes out,
// or demands that can't be met together. It starts no goroutines.
//
// What the prefixes of dependencies mean, and which of several sets is taken, is in docs/solver.md.
package solver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mainbus/controller/mods/solver/sat"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// defaultSteps are some seconds of work. To update all of a pack of 150 mods takes a tenth.
const defaultSteps = 40_000_000

// ErrGaveUp means that it could not be said within the allowed steps whether there is a set.
var ErrGaveUp = errors.New("gave up looking for a set of mods: there are too many ways to combine their releases; pin some mods to a version, or ask for fewer at once")

// Request is what a set of mods is wanted for.
type Request struct {
	// Games are the versions of the game that will do, that which is liked best first. All are of one line, like 2.0.
	Games []factorio.Version
	// Mods are the known releases by the mod's name. Those of the game's own mods don't count.
	Mods map[string][]modinfo.Info
	Want []Want
	Off  []Off
	// Ignored are dependencies that don't count, and incompatibilities.
	Ignored []Ignored
	// Kept are the versions that are there now, of mods that are enabled or not. They stay unless the mod is asked for, or it must be
	// another.
	Kept map[string]factorio.Version
	// Settled are mods that are enabled now: whether what they recommend is enabled too was decided then.
	Settled map[string]bool
	// Steps bound the work; 0 for a number that is enough for all packs seen. The same request takes the same steps everywhere.
	Steps int
}

// Want is a mod that must be enabled.
type Want struct {
	Name    string
	Op      string // "", "<", "<=", "=", ">=" or ">": which versions will do
	Version factorio.Version
	Asked   bool // it shall be as new as can be, before others
	Pinned  bool // said of a Want with "=" that somebody has decided so before
}

// Off is a mod that must not be enabled.
type Off struct {
	Name string
	Text string // why, for people; empty: "name is switched off"
}

func (w Want) allows(v factorio.Version) bool {
	return modinfo.Dependency{Op: w.Op, Version: w.Version}.Allows(v)
}

// Ignored names a mod and another one that it says something about.
type Ignored struct{ Mod, Other string }

// Solution is a set of mods that go together.
type Solution struct {
	Game    factorio.Version
	Mods    []Chosen // by name, base among them
	Skipped []Skipped
	Held    []Held
}

// Get returns the mod of a name.
func (s Solution) Get(name string) (Chosen, bool) {
	i, found := slices.BinarySearchFunc(s.Mods, name, func(c Chosen, name string) int { return modinfo.CompareNames(c.Name, name) })
	if !found {
		return Chosen{}, false
	}
	return s.Mods[i], true
}

// Reason says why a mod is in a set.
type Reason string

const (
	Wanted      Reason = "wanted"
	Needed      Reason = "needed"      // by another one
	Recommended Reason = "recommended" // by another one
	OfGame      Reason = "game"        // base
)

// Chosen is a mod of a set.
type Chosen struct {
	modinfo.Info
	BuiltIn bool
	Reason  Reason
	By      string // name of the mod that needs or recommends it
}

// Skipped is a recommendation that was not followed, since it can't be together with the rest.
type Skipped struct{ Mod, Other string }

// Held is a mod that does not get the release that it should have: the newest of those that are asked for, if it was, the kept one otherwise.
type Held struct {
	Name   string
	Asked  bool
	Should factorio.Version
	Why    []Demand // that keep it from that; none: it was too hard to find out
}

// Impossible is the error for demands that can't be met together. Each of them is needed for that: without it the others could be met.
type Impossible struct{ Demands []Demand }

func (e *Impossible) Error() string {
	var texts []string
	for _, d := range e.Demands {
		texts = append(texts, d.Text)
	}
	return "these can't be met together: " + strings.Join(texts, "; ")
}

// Kind says what a demand demands.
type Kind string

const (
	DemandWant   Kind = "want"   // Mod is enabled, in some versions
	DemandOff    Kind = "off"    // Mod is not enabled
	DemandNeed   Kind = "need"   // what releases of Mod need of Other
	DemandRefuse Kind = "refuse" // releases of Mod can't be together with Other
	DemandRange  Kind = "range"  // which versions of Other releases of Mod can be with, if it is enabled
	DemandStays  Kind = "stays"  // Mod has the version that was decided on before; only in Held
)

// Demand is a fact that a set must respect.
type Demand struct {
	Kind  Kind
	Mod   string
	Other string
	Text  string // for people, without a full stop
}

// Solve finds the best set. Errors are *Impossible, ErrGaveUp, that of the context, and one that says what is wrong with the request.
func Solve(ctx context.Context, r Request) (Solution, error) {
	if err := r.check(); err != nil {
		return Solution{}, err
	}
	p := newProblem(r)
	possible, err := p.ask(ctx, nil)
	if err == nil && !possible {
		var core []sat.Lit
		if core, err = p.minimal(ctx, p.sat.Core(), nil); err == nil {
			err = &Impossible{p.demands(core)}
		}
	}
	if err != nil {
		return Solution{}, err
	}
	d := decider{problem: p, chosen: map[string]Chosen{}}
	return d.decide(ctx)
}

func (r Request) check() error {
	if len(r.Games) == 0 {
		return errors.New("solve mods: no version of the game is given")
	}
	for _, g := range r.Games {
		if g.Major != r.Games[0].Major || g.Minor != r.Games[0].Minor {
			return fmt.Errorf("solve mods: the games %v and %v are not of one line", r.Games[0], g)
		}
	}
	seen := map[string]bool{}
	for _, w := range r.Want {
		switch {
		case w.Name == "":
			return errors.New("solve mods: a mod without a name is wanted")
		case seen[w.Name]:
			return fmt.Errorf("solve mods: %.100q is wanted twice", w.Name)
		}
		seen[w.Name] = true
	}
	return nil
}

// Unknown returns the names of mods that may come into question but are not in Mods, so that the caller can find out about them, in a fixed order.
func (r Request) Unknown() []string {
	if r.check() != nil {
		return nil
	}
	var unknown []string
	for _, m := range reach(r) {
		if _, known := r.Mods[m.name]; !known && !m.builtin {
			unknown = append(unknown, m.name)
		}
	}
	return unknown
}
