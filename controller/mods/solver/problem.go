package solver

import (
	"context"
	"errors"
	"slices"

	"mainbus/controller/mods/solver/sat"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// mod is a mod that may come into question.
type mod struct {
	name     string
	builtin  bool
	releases []modinfo.Info // for this game, the newest first; of the game's own mods one, without a meaning of its version
	others   []modinfo.Info // for other games
	on       sat.Lit
	lits     []sat.Lit // by release; none of the game's own mods
}

// reach finds the mods that may come into question: those that are wanted, and what any release of them may bring along.
func reach(r Request) []*mod {
	builtin := map[string]modinfo.Info{}
	for _, m := range modinfo.BuiltIn(r.Games[0]) {
		builtin[m.Name] = m
	}
	var all []*mod
	seen := map[string]bool{}
	add := func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		m := &mod{name: name}
		if info, is := builtin[name]; is {
			m.builtin, m.releases = true, []modinfo.Info{info}
		} else {
			m.releases, m.others = suiting(r.Mods[name], r.Games[0])
		}
		all = append(all, m)
	}
	add("base")
	for _, w := range r.Want {
		add(w.Name)
	}
	ignored := ignoredOf(r)
	for i := 0; i < len(all); i++ {
		for _, info := range all[i].releases {
			for _, d := range info.Dependencies {
				if (d.Needed() || recommends(d, r.Games[0])) && d.Name != all[i].name && !ignored[Ignored{all[i].name, d.Name}] {
					add(d.Name)
				}
			}
		}
	}
	return all
}

func ignoredOf(r Request) map[Ignored]bool {
	all := make(map[Ignored]bool, len(r.Ignored))
	for _, i := range r.Ignored {
		all[i] = true
	}
	return all
}

// recommends reports whether a dependency has the other mod enabled unless somebody decides otherwise. Games before 2.1 don't know such ones.
func recommends(d modinfo.Dependency, game factorio.Version) bool {
	return d.Kind == modinfo.Recommended && game.Compare(factorio.Version{Major: 2, Minor: 1}) >= 0
}

// suiting divides releases by whether they are for this line of the game, each part with the newest first and one of each version.
func suiting(releases []modinfo.Info, game factorio.Version) (suit, others []modinfo.Info) {
	sorted := slices.Clone(releases)
	slices.SortStableFunc(sorted, func(a, b modinfo.Info) int { return b.Version.Compare(a.Version) })
	for _, info := range sorted {
		if info.RunsIn(game) {
			suit = append(suit, info)
		} else {
			others = append(others, info)
		}
	}
	return slices.CompactFunc(suit, sameVersion), others
}

func sameVersion(a, b modinfo.Info) bool { return a.Version.Compare(b.Version) == 0 }

// problem is a request as clauses. Each demand has a literal; a demand whose literal is not assumed does not count.
type problem struct {
	Request
	sat     *sat.Solver
	ignored map[Ignored]bool
	mods    []*mod
	named   map[string]*mod
	games   []sat.Lit
	all     []demand
	of      map[Demand]int              // index of a demand, by its fact
	lits    []sat.Lit                   // of all demands
	only    map[string]factorio.Version // the one version of a mod that texts speak of; others: all that are wanted
}

type demand struct {
	Demand
	lit   sat.Lit
	want  Want   // of DemandWant
	why   string // of DemandOff
	needs []modinfo.Dependency
}

func newProblem(r Request) *problem {
	steps := r.Steps
	if steps == 0 {
		steps = defaultSteps
	}
	p := &problem{Request: r, sat: sat.New(steps), ignored: ignoredOf(r), mods: reach(r), named: map[string]*mod{}, of: map[Demand]int{}}
	// Variables are tried in the order in which they are made: what is liked best comes first.
	for range p.Games {
		p.games = append(p.games, p.sat.NewVar(true))
	}
	p.exactlyOne(p.games, p.sat.NewVar(true), true)
	for _, m := range p.mods {
		p.addMod(m)
	}
	p.sat.Add(p.named["base"].on)
	for _, w := range r.Want {
		p.addWant(w)
	}
	for _, off := range r.Off {
		if m := p.named[off.Name]; m != nil {
			d := p.demand(Demand{Kind: DemandOff, Mod: off.Name})
			d.why = off.Text
			p.sat.Add(d.lit.Not(), m.on.Not())
		}
	}
	for _, m := range p.mods {
		p.addDependencies(m)
	}
	return p
}

func (p *problem) addMod(m *mod) {
	p.named[m.name] = m
	m.on = p.sat.NewVar(false)
	if m.builtin {
		return
	}
	for range m.releases {
		m.lits = append(m.lits, p.sat.NewVar(true))
	}
	if kept := m.release(p.Kept[m.name]); kept >= 0 {
		// What is there is tried before what is newer.
		m.lits[0], m.lits[kept] = m.lits[kept], m.lits[0]
	}
	p.exactlyOne(m.lits, m.on, false)
}

// release is the index of a version, -1 if there is none.
func (m *mod) release(v factorio.Version) int {
	return slices.IndexFunc(m.releases, func(info modinfo.Info) bool { return info.Version.Compare(v) == 0 })
}

// exactlyOne of the literals is true if on is, none otherwise; or always one. It is a ladder: literal i of it says that one of the first i is.
func (p *problem) exactlyOne(lits []sat.Lit, on sat.Lit, always bool) {
	if always {
		p.sat.Add(on)
	}
	if len(lits) == 0 {
		p.sat.Add(on.Not())
		return
	}
	sofar := lits[0]
	for i, l := range lits[1:] {
		next := on
		if i+2 < len(lits) {
			next = p.sat.NewVar(false)
		}
		p.sat.Add(sofar.Not(), next)
		p.sat.Add(l.Not(), next)
		p.sat.Add(next.Not(), sofar, l)
		p.sat.Add(sofar.Not(), l.Not())
		sofar = next
	}
	if len(lits) == 1 {
		p.sat.Add(lits[0].Not(), on)
		p.sat.Add(on.Not(), lits[0])
	}
}

// demand returns that of a fact, which it makes if there is none yet.
func (p *problem) demand(fact Demand) *demand {
	i, there := p.of[fact]
	if !there {
		i = len(p.all)
		p.of[fact] = i
		p.all = append(p.all, demand{Demand: fact, lit: p.sat.NewVar(true)})
		p.lits = append(p.lits, p.all[i].lit)
	}
	return &p.all[i]
}

func (p *problem) addWant(w Want) {
	d := demand{Demand: Demand{Kind: DemandWant, Mod: w.Name}, lit: p.sat.NewVar(true), want: w}
	p.all, p.lits = append(p.all, d), append(p.lits, d.lit)
	p.require(d.lit.Not(), p.named[w.Name], w.allows)
}

// require adds that a mod is enabled in one of some versions, or another literal is true.
func (p *problem) require(unless sat.Lit, m *mod, allows func(factorio.Version) bool) {
	p.sat.Add(unless, m.on)
	p.sat.Add(append(p.where(m, allows), unless)...)
}

// where are the literals of versions of a mod for which something is so.
func (p *problem) where(m *mod, is func(factorio.Version) bool) (lits []sat.Lit) {
	if m.builtin {
		for i, g := range p.Games {
			if is(g) {
				lits = append(lits, p.games[i])
			}
		}
		return lits
	}
	for i, info := range m.releases {
		if is(info.Version) {
			lits = append(lits, m.lits[i])
		}
	}
	return lits
}

// addDependencies adds what the releases of a mod say about others. Releases that say the same share a literal.
func (p *problem) addDependencies(m *mod) {
	said := map[modinfo.Dependency]sat.Lit{}
	for i, info := range m.releases {
		has := m.on
		if !m.builtin {
			has = m.lits[i]
		}
		for _, d := range info.Dependencies {
			kind := kindOf(d)
			other := p.named[d.Name]
			if d.Name == m.name || p.ignored[Ignored{m.name, d.Name}] || kind == "" || other == nil {
				continue // a needed one is always among those that may come into question
			}
			l, there := said[d]
			if !there {
				l = p.sat.NewVar(false)
				said[d] = l
				p.addDependency(m, other, d, kind, l.Not())
			}
			p.sat.Add(has.Not(), l)
		}
	}
}

func kindOf(d modinfo.Dependency) Kind {
	switch {
	case d.Needed():
		return DemandNeed
	case d.Kind == modinfo.Incompatible:
		return DemandRefuse
	case d.Op != "":
		return DemandRange
	}
	return ""
}

func (p *problem) addDependency(m, other *mod, d modinfo.Dependency, kind Kind, unless sat.Lit) {
	fact := p.demand(Demand{Kind: kind, Mod: m.name, Other: other.name})
	fact.needs = append(fact.needs, d)
	off := fact.lit.Not()
	switch kind {
	case DemandNeed:
		p.sat.Add(unless, off, other.on)
		p.sat.Add(append(p.where(other, d.Allows), unless, off)...)
	case DemandRefuse:
		p.sat.Add(unless, off, other.on.Not())
	case DemandRange:
		for _, l := range p.where(other, func(v factorio.Version) bool { return !d.Allows(v) }) {
			p.sat.Add(unless, off, other.on.Not(), l.Not())
		}
	}
}

// ask looks for a set that meets all demands and in which some literals are true.
func (p *problem) ask(ctx context.Context, more []sat.Lit) (bool, error) {
	return p.solve(ctx, slices.Concat(p.lits, more))
}

func (p *problem) solve(ctx context.Context, assumptions []sat.Lit) (bool, error) {
	possible, err := p.sat.Solve(ctx, assumptions...)
	if errors.Is(err, sat.ErrGaveUp) {
		err = ErrGaveUp
	}
	return possible, err
}

// minimal leaves out of literals that can't be true together with always what is not needed for that.
func (p *problem) minimal(ctx context.Context, core, always []sat.Lit) ([]sat.Lit, error) {
	rank := map[sat.Lit]int{} // what is left out rather comes first: what the caller asked for shall be named if it can be
	for i, d := range p.all {
		rank[d.lit] = i + 1
		switch {
		case d.Kind == DemandWant && d.want.Asked:
			rank[d.lit] += 2 * len(p.all)
		case d.Kind != DemandWant:
			rank[d.lit] += len(p.all)
		}
	}
	core = slices.DeleteFunc(slices.Clone(core), func(l sat.Lit) bool { return slices.Contains(always, l) })
	slices.SortStableFunc(core, func(a, b sat.Lit) int { return rank[a] - rank[b] })
	var needed []sat.Lit
	for len(core) > 0 {
		rest := core[1:]
		possible, err := p.solve(ctx, slices.Concat(always, needed, rest))
		switch {
		case err != nil:
			return nil, err
		case possible:
			needed = append(needed, core[0])
			core = rest
		default:
			found := p.sat.Core()
			core = slices.DeleteFunc(slices.Clone(rest), func(l sat.Lit) bool { return !slices.Contains(found, l) })
		}
	}
	return needed, nil
}
