package plan

import (
	"fmt"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/mods/solver"
	"mainbus/controller/packs"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

func (m *maker) say(mod, format string, args ...any) {
	m.plan.Warnings = append(m.plan.Warnings, api.PlanWarning{Mod: mod, Text: fmt.Sprintf(format, args...)})
}

// warn tells what somebody should know before.
func (m *maker) warn(rings [][]string) {
	m.warnOfExpansion()
	m.warnOfFiles()
	m.warnOfIdle()
	for _, s := range m.solution.Skipped {
		m.say(s.Mod, "%s recommends %s, which can't be used together with the rest", s.Mod, s.Other)
	}
	m.warnOfIgnored()
	for _, ring := range rings {
		m.say(ring[0], "%s wait for each other to be loaded first, which the game may refuse", strings.Join(ring, ", "))
	}
	m.warnOfLeftovers()
	m.warnOfPortal()
}

// warnOfExpansion tells if players need what they did not need before.
func (m *maker) warnOfExpansion() {
	before := packs.Content(m.was) != packs.Base
	for _, in := range m.was.Mods {
		v, err := factorio.ParseLenient(in.Version)
		before = before || err == nil && in.Enabled && len(m.releases[in.Name][v].Flags) > 0
	}
	if before {
		return
	}
	for _, c := range m.solution.Mods {
		switch {
		case c.BuiltIn && c.Name != "base":
			m.say(c.Name, "Only players who own Space Age can join then: %s is part of it", c.Title)
			return
		case !c.BuiltIn && len(c.Flags) > 0:
			m.say(c.Name, "Only players who own Space Age can join then: %s asks for %s", c.Name, strings.ReplaceAll(strings.Join(c.Flags, ", "), "_", " "))
			return
		}
	}
}

// warnOfFiles tells of mods that are given up by their authors, and of those that nobody has.
func (m *maker) warnOfFiles() {
	for _, c := range m.solution.Mods {
		in := packs.Find(&m.was, c.Name)
		switch {
		case c.BuiltIn:
		case m.made[c.Name] && c.Version == m.solve.Kept[c.Name]:
			m.say(c.Name, "Nothing is known of %s %v: it is neither kept here nor on the mod portal. What it needs was not looked at; add its file", c.Name, c.Version)
		case m.known[c.Name].Deprecated && in == nil:
			m.say(c.Name, "%s is deprecated: its author has given it up", c.Name)
		}
	}
}

// warnOfIdle tells of mods that are switched off and of no use in the game that is asked for.
func (m *maker) warnOfIdle() {
	game := packs.Game(m.pack)
	for _, in := range m.pack.Mods {
		v, err := factorio.ParseLenient(in.Version)
		r, known := m.releases[in.Name][v]
		_, on := m.solution.Get(in.Name)
		if err == nil && known && !on && !m.remove[in.Name] && !(modinfo.Info{FactorioVersion: r.Game}).RunsIn(game) {
			m.say(in.Name, "%s %s is switched off and stays as it is, for the game %s", in.Name, in.Version, modinfo.MajorMinor(r.Game))
		}
	}
}

// warnOfIgnored tells which dependencies the game will heed although the pack does not.
func (m *maker) warnOfIgnored() {
	enabled := map[string]factorio.Version{}
	for _, c := range m.solution.Mods {
		enabled[c.Name] = c.Version
	}
	for _, i := range m.pack.Ignored {
		c, on := m.solution.Get(i.Mod)
		if !on {
			continue
		}
		for _, d := range c.Dependencies {
			if why := d.Unmet(enabled); d.Name == i.Needs && why != "" {
				m.say(i.Mod, "The game will not load %s: %s. The pack ignores that, the game does not", i.Mod, why)
			}
		}
	}
}

// warnOfLeftovers tells of mods that were needed by what goes only, as far as that can be told.
func (m *maker) warnOfLeftovers() {
	neededBy := func(name string, all []solver.Chosen) bool {
		return slices.ContainsFunc(all, func(c solver.Chosen) bool {
			return slices.ContainsFunc(c.Dependencies, func(d modinfo.Dependency) bool { return d.Needed() && d.Name == name })
		})
	}
	for _, in := range m.was.Mods {
		if !m.remove[in.Name] {
			continue
		}
		v, err := factorio.ParseLenient(in.Version)
		if err != nil {
			continue
		}
		for _, d := range m.releases[in.Name][v].Dependencies {
			c, on := m.solution.Get(d.Name)
			if on && !c.BuiltIn && d.Needed() && c.Reason == solver.Wanted && !neededBy(d.Name, m.solution.Mods) {
				m.say(d.Name, "%s was needed by %s, and nothing else needs it", d.Name, in.Name)
			}
		}
	}
}

// warnOfPortal tells once for each reason why the mod portal could not be asked.
func (m *maker) warnOfPortal() {
	of := map[string][]string{}
	for name, k := range m.known {
		if k.Problem != "" {
			of[k.Problem] = append(of[k.Problem], name)
		}
	}
	var problems []string
	for problem := range of {
		problems = append(problems, problem)
	}
	slices.Sort(problems)
	for _, problem := range problems {
		names := of[problem]
		slices.SortFunc(names, modinfo.CompareNames)
		const most = 3
		who := strings.Join(names[:min(len(names), most)], ", ")
		if more := len(names) - most; more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		m.say("", "The mod portal was not asked about %s, so what was known before has to do: %s", who, problem)
	}
}
