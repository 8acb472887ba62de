package solver

import (
	"context"
	"slices"

	"mainbus/controller/mods/solver/sat"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// decider makes a set out of a problem that has one, decision after decision. What was decided before is never given up for what comes
// later, so the result is the best in the order of docs/solver.md.
type decider struct {
	*problem
	decided []sat.Lit
	chosen  map[string]Chosen
	names   []string // of chosen, in the order of decisions
	game    factorio.Version
	held    []heldBack
	skipped []Skipped
}

type heldBack struct {
	wish   sat.Lit
	held   Held
	before []sat.Lit // what was decided then
}

func (d *decider) decide(ctx context.Context) (Solution, error) {
	i, err := d.first(ctx, d.games)
	if err != nil {
		return Solution{}, err
	}
	d.game = d.Games[i]
	if err := d.take(ctx, "base", OfGame, ""); err != nil {
		return Solution{}, err
	}
	for _, w := range d.wants() {
		if err := d.take(ctx, w.Name, Wanted, ""); err != nil {
			return Solution{}, err
		}
	}
	if err := d.close(ctx); err != nil {
		return Solution{}, err
	}
	if err := d.recommend(ctx); err != nil {
		return Solution{}, err
	}
	s := Solution{Game: d.game, Skipped: d.skipped}
	for _, c := range d.chosen {
		s.Mods = append(s.Mods, c)
	}
	slices.SortFunc(s.Mods, func(a, b Chosen) int { return modinfo.CompareNames(a.Name, b.Name) })
	s.Held, err = d.explain(ctx)
	return s, err
}

// wants are first those that are asked for, in their order, then the others by name.
func (d *decider) wants() []Want {
	sorted := slices.Clone(d.Want)
	slices.SortStableFunc(sorted, func(a, b Want) int {
		switch {
		case a.Asked && b.Asked:
			return 0
		case a.Asked:
			return -1
		case b.Asked:
			return 1
		}
		return modinfo.CompareNames(a.Name, b.Name)
	})
	return sorted
}

// first decides for the first of some literals that can be true, of which there is one.
func (d *decider) first(ctx context.Context, lits []sat.Lit) (int, error) {
	for i, l := range lits {
		if !d.sat.True(l) { // else what was found last shows that it can
			possible, err := d.ask(ctx, append(slices.Clip(d.decided), l))
			if err != nil {
				return 0, err
			}
			if !possible {
				continue
			}
		}
		d.decided = append(d.decided, l)
		return i, nil
	}
	panic("solver: none of the releases can be taken of a mod that has to be there")
}

// take decides for a release of a mod that has to be enabled.
func (d *decider) take(ctx context.Context, name string, why Reason, by string) error {
	if _, is := d.chosen[name]; is {
		return nil
	}
	m := d.named[name]
	c := Chosen{BuiltIn: m.builtin, Reason: why, By: by}
	if m.builtin {
		c.Info = m.releases[0]
		c.Version = d.game
		d.decided = append(d.decided, m.on)
	} else {
		asked := d.asked(name)
		order := make([]int, len(m.releases))
		for i := range order {
			order[i] = i
		}
		if kept := m.release(d.Kept[name]); kept >= 0 && !asked {
			order = slices.Insert(slices.Delete(order, kept, kept+1), 0, kept)
		}
		var lits []sat.Lit
		for _, i := range order {
			lits = append(lits, m.lits[i])
		}
		before := slices.Clip(d.decided)
		i, err := d.first(ctx, lits)
		if err != nil {
			return err
		}
		should := 0
		if asked {
			should = d.best(m)
		}
		if _, kept := d.Kept[name]; i > should && (asked || kept && m.release(d.Kept[name]) == order[should]) {
			d.held = append(d.held, heldBack{lits[should], Held{Name: name, Asked: asked, Should: m.releases[order[should]].Version}, before})
		}
		c.Info = m.releases[order[i]]
	}
	d.chosen[name] = c
	d.names = append(d.names, name)
	return nil
}

func (d *decider) asked(name string) bool {
	return slices.ContainsFunc(d.Want, func(w Want) bool { return w.Name == name && w.Asked })
}

// best is the newest release of a mod in a version that is wanted.
func (d *decider) best(m *mod) int {
	return slices.IndexFunc(m.releases, func(info modinfo.Info) bool { return d.wanted(m.name, info.Version) })
}

// close takes what the chosen mods need, by name, until nothing is missing.
func (d *decider) close(ctx context.Context) error {
	for {
		name, by := "", ""
		for _, from := range d.names {
			for _, need := range d.chosen[from].Dependencies {
				_, there := d.chosen[need.Name]
				if need.Needed() && !there && !d.ignored[Ignored{from, need.Name}] && (name == "" || modinfo.CompareNames(need.Name, name) < 0) {
					name, by = need.Name, from
				}
			}
		}
		if name == "" {
			return nil
		}
		if err := d.take(ctx, name, Needed, by); err != nil {
			return err
		}
	}
}

// recommend takes what the mods that come in recommend, as far as that can be, and what those need and recommend.
func (d *decider) recommend(ctx context.Context) error {
	tried := map[string]bool{}
	for _, off := range d.Off {
		tried[off.Name] = true
	}
	for {
		dependency, by := d.recommendation(tried)
		if by == "" {
			return nil
		}
		tried[dependency.Name] = true
		wish := d.sat.NewVar(false) // it is enabled in a version that is recommended
		d.require(wish.Not(), d.named[dependency.Name], dependency.Allows)
		possible, err := d.ask(ctx, append(slices.Clip(d.decided), wish))
		if err != nil {
			return err
		}
		if !possible {
			d.skipped = append(d.skipped, Skipped{by, dependency.Name})
			continue
		}
		d.decided = append(d.decided, wish)
		if err := d.take(ctx, dependency.Name, Recommended, by); err != nil {
			return err
		}
		if err := d.close(ctx); err != nil {
			return err
		}
	}
}

// recommendation is the first, by the names of both, of a mod that comes in.
func (d *decider) recommendation(tried map[string]bool) (found modinfo.Dependency, by string) {
	for _, from := range slices.SortedFunc(slices.Values(d.names), modinfo.CompareNames) {
		if d.Settled[from] {
			continue
		}
		for _, r := range d.chosen[from].Dependencies {
			_, there := d.chosen[r.Name]
			if !recommends(r, d.game) || there || tried[r.Name] || r.Name == from || d.ignored[Ignored{from, r.Name}] {
				continue
			}
			if by == "" || modinfo.CompareNames(r.Name, found.Name) < 0 {
				found, by = r, from
			}
		}
		if by != "" {
			return found, by
		}
	}
	return found, by
}

// maxExplained bounds for how many mods it is looked why they are held back.
const maxExplained = 30

// explain says why mods did not get the releases that they should have. It changes no decision, so what is too hard is left out.
func (d *decider) explain(ctx context.Context) ([]Held, error) {
	var all []Held
	for i, h := range d.held {
		held := h.held
		if i < maxExplained && d.sat.Steps > 0 {
			wish := []sat.Lit{h.wish}
			possible, err := d.ask(ctx, slices.Concat(h.before, wish))
			if err == nil && !possible {
				var core []sat.Lit
				if core, err = d.minimal(ctx, d.sat.Core(), wish); err == nil {
					held.Why = d.reasons(core, held)
				}
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		all = append(all, held)
	}
	return all, nil
}
