package solver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mainbus/controller/mods/solver/sat"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// demands are those of some literals, in the order in which they are best told: what is wanted, then what follows.
func (p *problem) demands(lits []sat.Lit) []Demand {
	var all []Demand
	for _, d := range p.all {
		if slices.Contains(lits, d.lit) {
			d.Text = p.text(d)
			all = append(all, d.Demand)
		}
	}
	return all
}

// reasons are demands that are among literals, and what was decided before. Only what the releases in question say is told.
func (d *decider) reasons(lits []sat.Lit, of Held) []Demand {
	d.only = map[string]factorio.Version{of.Name: of.Should}
	for name, c := range d.chosen {
		m := d.named[name]
		if i := m.release(c.Version); !m.builtin && i >= 0 && slices.Contains(lits, m.lits[i]) {
			d.only[name] = c.Version
		}
	}
	defer func() { d.only = nil }()
	all := d.demands(lits)
	for _, name := range d.names {
		c := d.chosen[name]
		if _, is := d.only[name]; !is || name == of.Name {
			continue
		}
		text := fmt.Sprintf("%s gets %v", name, c.Version)
		if kept, was := d.Kept[name]; was && kept.Compare(c.Version) == 0 {
			text = fmt.Sprintf("%s stays at %v", name, c.Version)
		}
		all = append(all, Demand{Kind: DemandStays, Mod: name, Text: text})
	}
	for i, g := range d.games {
		if slices.Contains(lits, g) {
			all = append(all, Demand{Kind: DemandStays, Mod: "base", Text: fmt.Sprintf("the game is %v", d.Games[i])})
		}
	}
	return all
}

func (p *problem) text(d demand) string {
	switch d.Kind {
	case DemandWant:
		return p.wantText(d.want)
	case DemandOff:
		return cmp.Or(d.why, d.Mod+" is switched off")
	case DemandRefuse:
		return fmt.Sprintf("%s can't be used together with %s", p.which(d), d.Other)
	case DemandRange:
		return fmt.Sprintf("%s, if %s is enabled%s", p.says(d, "needs"), d.Other, p.there(d))
	}
	return p.says(d, "needs") + p.there(d)
}

func (p *problem) wantText(w Want) string {
	what := w.Name + " is wanted"
	switch {
	case w.Pinned:
		what = fmt.Sprintf("%s is pinned to %v", w.Name, w.Version)
	case w.Op == "=":
		what = fmt.Sprintf("%s is wanted in version %v", w.Name, w.Version)
	case w.Op != "":
		what = fmt.Sprintf("%s is wanted in a version %s %v", w.Name, w.Op, w.Version)
	}
	m := p.named[w.Name]
	if len(p.where(m, w.allows)) > 0 {
		return what
	}
	return what + p.nothing(m)
}

// nothing says what there is of a mod, if that is not what somebody wants.
func (p *problem) nothing(m *mod) string {
	line := modinfo.MajorMinor(p.Games[0])
	switch {
	case m.builtin:
		return ", but the game is " + list(texts(p.Games))
	case len(m.releases) > 0 && m.releases[0].Version == m.releases[len(m.releases)-1].Version:
		return fmt.Sprintf(", but the only release for Factorio %s is %v", line, m.releases[0].Version)
	case len(m.releases) > 0:
		return fmt.Sprintf(", but the releases for Factorio %s are %v to %v", line, m.releases[len(m.releases)-1].Version, m.releases[0].Version)
	case len(m.others) > 0:
		newest := m.others[0]
		return fmt.Sprintf(", but it has no release for Factorio %s; the newest, %v, is for %s", line, newest.Version, modinfo.MajorMinor(newest.FactorioVersion))
	}
	return ", but no mod of this name is known"
}

// there says what there is of the other mod if that does not fulfil what releases say.
func (p *problem) there(d demand) string {
	other := p.named[d.Other]
	for _, need := range p.counting(d) {
		if len(p.where(other, need.Allows)) == 0 {
			return p.nothing(other)
		}
	}
	return ""
}

// counting are the dependencies of a demand that releases have which are wanted.
func (p *problem) counting(d demand) []modinfo.Dependency {
	said := p.saying(d)
	return slices.DeleteFunc(slices.Clone(d.needs), func(need modinfo.Dependency) bool { return len(said[need]) == 0 })
}

// saying are the releases that have each of the dependencies of a demand, the newest first, as far as their versions are wanted.
func (p *problem) saying(d demand) map[modinfo.Dependency][]factorio.Version {
	all, wanted := map[modinfo.Dependency][]factorio.Version{}, map[modinfo.Dependency][]factorio.Version{}
	for _, info := range p.named[d.Mod].releases {
		for _, need := range info.Dependencies {
			if !slices.Contains(d.needs, need) {
				continue
			}
			all[need] = append(all[need], info.Version)
			if p.wanted(d.Mod, info.Version) {
				wanted[need] = append(wanted[need], info.Version)
			}
		}
	}
	if len(wanted) == 0 {
		return all
	}
	return wanted
}

// wanted reports whether all that is said of the mod in Want allows a version, and it is one that is spoken of.
func (p *problem) wanted(name string, v factorio.Version) bool {
	if only, is := p.only[name]; is {
		return only.Compare(v) == 0
	}
	return !slices.ContainsFunc(p.Want, func(w Want) bool { return w.Name == name && !w.allows(v) })
}

// which names the releases that a demand is of: "x", "x 1.2.0" or "x 1.2.0 to 1.4.0".
func (p *problem) which(d demand) string {
	var versions []factorio.Version
	for _, of := range p.saying(d) {
		versions = append(versions, of...)
	}
	slices.SortFunc(versions, factorio.Version.Compare)
	return p.releases(d.Mod, slices.Compact(versions))
}

// releases names those of a mod, from old to new.
func (p *problem) releases(name string, versions []factorio.Version) string {
	m := p.named[name]
	switch {
	case m.builtin, len(versions) == len(m.releases) && len(versions) > 1:
		return name
	case len(versions) == 1:
		return fmt.Sprintf("%s %v", name, versions[0])
	}
	return fmt.Sprintf("%s %v to %v", name, versions[0], versions[len(versions)-1])
}

// says tells what releases of a mod say about another one: "x 1.0.0 to 1.2.0 needs y >= 1.0.0, x 1.3.0 needs y >= 2.0.0".
func (p *problem) says(d demand, verb string) string {
	const most = 3
	said := p.saying(d)
	var parts []string
	needs := p.counting(d)
	slices.SortStableFunc(needs, func(a, b modinfo.Dependency) int {
		return cmp.Or(said[b][0].Compare(said[a][0]), cmp.Compare(a.String(), b.String()))
	})
	for i, need := range needs {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more such", len(needs)-most))
			break
		}
		versions := slices.Clone(said[need])
		slices.Reverse(versions)
		what := modinfo.Dependency{Name: need.Name, Op: need.Op, Version: need.Version}
		parts = append(parts, fmt.Sprintf("%s %s %v", p.releases(d.Mod, versions), verb, what))
	}
	return strings.Join(parts, ", ")
}

func texts(versions []factorio.Version) (all []string) {
	for _, v := range versions {
		all = append(all, v.String())
	}
	return all
}

// list is "a", "a or b", "a, b or c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
