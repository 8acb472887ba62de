// Package plan finds out what a change of a mod pack would do, before anything is touched: which releases of which mods go together
// then, where their files come from, and what somebody should know before. It asks the catalogue of mods and starts no goroutines.
package plan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"mainbus/controller/api"
	"mainbus/controller/mods"
	"mainbus/controller/mods/solver"
	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

const (
	maxNames = 5000 // of each kind in a request
	maxAsked = 5000 // mods that the catalogue is asked for
)

// World is what plans are made in.
type World struct {
	Catalogue mods.Catalogue
	// Games are the versions of the game's line that will do, the one that is liked best first. If the pack names one, it counts.
	Games []factorio.Version
}

// AnyPatch as the third number of a game's version stands for the newest of its line, if nobody knows which that is.
const AnyPatch = math.MaxUint16

// Plan is a plan and what carries it out.
type Plan struct {
	api.PackPlan              // without its restarts
	Edit         api.EditPack // of the pack
	Fetch        []mods.Want  // releases of the portal that have to be in the store before
}

// Make plans a change of a pack. A pack that is not kept has no id. Errors are *api.Error, of the catalogue, or of ctx.
func Make(ctx context.Context, w World, p store.Pack, r api.PlanPack) (Plan, error) {
	m := maker{was: p, request: r, releases: map[string]map[factorio.Version]mods.Release{}, known: map[string]mods.Known{}}
	if err := m.setUp(); err != nil {
		return Plan{}, api.Errorf(api.Invalid, "", "%v", err)
	}
	m.solve.Games = w.Games
	if v, err := factorio.ParseVersion(m.pack.Game); err == nil {
		m.solve.Games = []factorio.Version{v}
	}
	if err := m.learn(ctx, w.Catalogue); err != nil {
		return Plan{}, err
	}
	m.plan.PackPlan = api.PackPlan{
		Pack: p.Name, ID: p.ID, Revision: p.Revision, Game: m.pack.Game, GameWas: p.Game, Conflicts: []api.PlanConflict{}, Steps: []api.PlanStep{},
		Mods: []api.PlannedMod{}, HeldBack: []api.HeldBack{}, Warnings: []api.PlanWarning{}, Restarts: []api.PlanRestart{},
	}
	solution, err := solver.Solve(ctx, m.solve)
	var impossible *solver.Impossible
	switch {
	case errors.As(err, &impossible):
		for _, d := range impossible.Demands {
			m.plan.Conflicts = append(m.plan.Conflicts, api.PlanConflict{Kind: string(d.Kind), Mod: d.Mod, Other: d.Other, Text: d.Text})
		}
		m.warnOfPortal()
		return m.plan, nil
	case errors.Is(err, solver.ErrGaveUp):
		return Plan{}, api.Errorf(api.Refused, "Pin some mods to a version, or ask for fewer at once.", "%v", err)
	case err != nil:
		return Plan{}, err
	}
	m.tell(solution)
	m.plan.Possible, m.plan.Hash = true, m.hash()
	return m.plan, nil
}

type maker struct {
	was     store.Pack
	request api.PlanPack
	pack    store.Pack // was, for the game that is asked for and with the dependencies that are ignored then
	solve   solver.Request
	remove  map[string]bool
	asked   map[string]bool // added, enabled or to be updated
	pinned  map[string]bool // as is asked for; missing: as it is

	known    map[string]mods.Known
	releases map[string]map[factorio.Version]mods.Release
	made     map[string]bool // of the pack's mods: nothing is known of its release

	solution solver.Solution
	plan     Plan
}

// setUp makes a request to the solver of what the pack has and what is asked for.
func (m *maker) setUp() error {
	if err := m.checkNames(); err != nil {
		return err
	}
	m.pack = m.was
	if m.request.Game != "" {
		var err error
		if m.pack, _, err = packs.Edit(m.was, api.EditPack{Game: &m.request.Game}, packs.Knowledge{}); err != nil {
			return err
		}
	}
	m.pack.Ignored = m.ignored()
	m.solve = solver.Request{Mods: map[string][]modinfo.Info{}, Kept: map[string]factorio.Version{}, Settled: map[string]bool{}}
	for _, i := range m.pack.Ignored {
		m.solve.Ignored = append(m.solve.Ignored, solver.Ignored{Mod: i.Mod, Other: i.Needs})
	}
	for _, add := range m.request.Add {
		want, err := wanted(add)
		if err != nil {
			return err
		}
		m.solve.Want = append(m.solve.Want, want)
	}
	update := set(m.request.Update)
	for _, in := range m.pack.Mods {
		if !packs.IsBuiltIn(m.pack, in.Name) {
			m.wantOf(in, update[in.Name])
		}
	}
	m.parts()
	return nil
}

// wantOf says what is wanted of a mod of the pack.
func (m *maker) wantOf(in store.PackMod, update bool) {
	version, err := factorio.ParseLenient(in.Version)
	if err == nil {
		m.solve.Kept[in.Name] = version
	}
	pinned, changes := m.pinned[in.Name]
	if !changes {
		pinned = in.Pinned
	}
	update = update || m.request.UpdateAll && !pinned
	enabled := in.Enabled && !contains(m.request.Disable, in.Name) || contains(m.request.Enable, in.Name)
	switch {
	case m.remove[in.Name]:
		m.solve.Off = append(m.solve.Off, solver.Off{Name: in.Name, Text: in.Name + " is to be removed"})
	case slices.ContainsFunc(m.solve.Want, func(w solver.Want) bool { return w.Name == in.Name }): // it is among what is added
	case contains(m.request.Disable, in.Name):
		m.solve.Off = append(m.solve.Off, solver.Off{Name: in.Name, Text: in.Name + " is to be disabled"})
	case enabled && pinned && !update && err == nil:
		m.solve.Want = append(m.solve.Want, solver.Want{Name: in.Name, Op: "=", Version: version, Pinned: true})
	case enabled:
		m.solve.Want = append(m.solve.Want, solver.Want{Name: in.Name, Asked: update})
	}
	m.solve.Settled[in.Name] = in.Enabled
}

// parts says what is wanted of the game's own mods. Those that the pack has not enabled stay so, since not everybody owns them, unless
// somebody asks for them, or for one that brings them along.
func (m *maker) parts() {
	own := modinfo.BuiltIn(packs.Game(m.pack))
	free := map[string]bool{}
	var bring func(name string)
	bring = func(name string) {
		at := slices.IndexFunc(own, func(i modinfo.Info) bool { return i.Name == name })
		if at < 0 || free[name] {
			return
		}
		free[name] = true
		for _, d := range own[at].Dependencies {
			if d.Needed() || d.Kind == modinfo.Recommended {
				bring(d.Name)
			}
		}
	}
	for _, part := range own {
		in := packs.Find(&m.pack, part.Name)
		enabled := in != nil && in.Enabled
		m.solve.Settled[part.Name] = enabled
		if contains(m.request.Enable, part.Name) && !enabled {
			bring(part.Name)
			m.solve.Want = append(m.solve.Want, solver.Want{Name: part.Name})
		} else if enabled && !contains(m.request.Disable, part.Name) {
			m.solve.Want = append(m.solve.Want, solver.Want{Name: part.Name})
		}
	}
	for _, part := range own {
		isWanted := slices.ContainsFunc(m.solve.Want, func(w solver.Want) bool { return w.Name == part.Name })
		if part.Name != "base" && !isWanted && (!free[part.Name] || contains(m.request.Disable, part.Name)) {
			m.solve.Off = append(m.solve.Off, solver.Off{Name: part.Name, Text: part.Title + " is not enabled in the pack"})
		}
	}
}

// wanted reads what is asked for of a mod.
func wanted(add api.WantMod) (solver.Want, error) {
	w := solver.Want{Name: add.Name, Asked: true}
	if add.Version == "" {
		return w, nil
	}
	d, err := modinfo.ParseDependency("x " + add.Version)
	if err == nil && d.Op == "" { // no operator
		d, err = modinfo.ParseDependency("x = " + add.Version)
	}
	if err != nil || d.Name != "x" || d.Kind != modinfo.Required {
		return w, fmt.Errorf("%.60q is neither a version of %s, like 1.2.3, nor a range of versions, like >= 1.2.0", add.Version, add.Name)
	}
	w.Op, w.Version = d.Op, d.Version
	return w, nil
}

// learn asks the catalogue for all mods that may come into question.
func (m *maker) learn(ctx context.Context, c mods.Catalogue) error {
	m.made = map[string]bool{}
	for {
		unknown := m.solve.Unknown()
		if len(unknown) == 0 {
			break
		}
		if len(m.known)+len(unknown) > maxAsked {
			return api.Errorf(api.Refused, "Ask for fewer mods at once.", "more than %d mods would have to be looked at", maxAsked)
		}
		// Names that no mod can have come from what mods say that they need.
		names := slices.DeleteFunc(slices.Clone(unknown), func(name string) bool { return modinfo.CheckName(name) != nil })
		told, err := c.Releases(ctx, names...)
		if err != nil {
			return err
		}
		for _, name := range unknown {
			m.know(name, told[name])
		}
	}
	// What goes is looked at for what it leaves behind, and what is switched off for whether it could be switched on again.
	var idle []string
	for _, in := range m.was.Mods {
		_, known := m.known[in.Name]
		if !known && !packs.IsBuiltIn(m.was, in.Name) && (m.remove[in.Name] || m.pack.Game != m.was.Game) {
			idle = append(idle, in.Name)
		}
	}
	if len(idle) == 0 {
		return nil
	}
	told, err := c.Releases(ctx, idle...)
	for _, name := range idle {
		m.know(name, told[name])
	}
	return err
}

func (m *maker) know(name string, k mods.Known) {
	m.known[name], m.solve.Mods[name] = k, []modinfo.Info{}
	m.releases[name] = map[factorio.Version]mods.Release{}
	add := func(r mods.Release) {
		if _, there := m.releases[name][r.Version]; !there {
			m.releases[name][r.Version] = r
			m.solve.Mods[name] = append(m.solve.Mods[name],
				modinfo.Info{Name: name, Version: r.Version, FactorioVersion: r.Game, Dependencies: r.Dependencies, Flags: r.Flags})
		}
	}
	for _, r := range k.Releases {
		add(r)
	}
	// A pack's own mod of which nobody knows is left as it is: it may lie on hosts only.
	if kept, is := m.solve.Kept[name]; is {
		if _, there := m.releases[name][kept]; !there && m.was.Game == m.pack.Game {
			m.made[name] = true
			add(mods.Release{Name: name, Version: kept, Game: packs.Game(m.pack)})
		}
	}
}

// hash is that of all that the plan does.
func (m *maker) hash() string {
	text, _ := json.Marshal([]any{m.was.ID, m.was.Revision, m.plan.Edit, m.plan.Fetch, m.plan.Steps}) // texts and numbers can always be encoded
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// version is how the version of a mod is told.
func (m *maker) version(c solver.Chosen) string {
	if c.BuiltIn && c.Version.Patch == AnyPatch {
		return m.pack.Game
	}
	return c.Version.String()
}

func contains(names []string, name string) bool { return slices.Contains(names, name) }

func set(names []string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, n := range names {
		all[n] = true
	}
	return all
}
