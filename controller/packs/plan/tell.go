package plan

import (
	"cmp"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/mods"
	"mainbus/controller/mods/solver"
	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// tell makes a plan of a set of mods.
func (m *maker) tell(s solver.Solution) {
	m.solution = s
	m.plan.Edit = api.EditPack{Pack: m.was.ID, Revision: m.was.Revision}
	if m.pack.Game != m.was.Game {
		m.plan.Edit.Game = &m.pack.Game
	}
	if !slices.Equal(m.pack.Ignored, m.was.Ignored) {
		ignored := []api.IgnoredNeed{}
		for _, i := range m.pack.Ignored {
			ignored = append(ignored, api.IgnoredNeed{Mod: i.Mod, Needs: i.Needs})
		}
		m.plan.Edit.Ignored = &ignored
	}
	for _, c := range s.Mods {
		m.step(c)
	}
	for _, in := range m.pack.Mods {
		if _, on := s.Get(in.Name); !on {
			m.stepOff(in)
		}
	}
	slices.SortFunc(m.plan.Steps, func(a, b api.PlanStep) int { return modinfo.CompareNames(a.Name, b.Name) })
	var infos []modinfo.Info
	for _, c := range s.Mods {
		infos = append(infos, c.Info)
	}
	sorted, rings := modinfo.LoadOrder(infos)
	for _, info := range sorted {
		c, _ := s.Get(info.Name)
		m.plan.Mods = append(m.plan.Mods, api.PlannedMod{Name: info.Name, Version: m.version(c), BuiltIn: c.BuiltIn, Why: m.why(c)})
	}
	for _, h := range s.Held {
		if h.Asked {
			c, _ := s.Get(h.Name)
			m.plan.HeldBack = append(m.plan.HeldBack, api.HeldBack{Name: h.Name, Version: c.Version.String(), Newest: h.Should.String(), Why: demandTexts(h)})
		}
	}
	m.warn(rings)
}

func demandTexts(h solver.Held) []string {
	why := []string{}
	for _, d := range h.Why {
		why = append(why, d.Text)
	}
	return why
}

// why says why a mod is there.
func (m *maker) why(c solver.Chosen) string {
	switch {
	case c.Reason == solver.Needed:
		return c.By + " needs it"
	case c.Reason == solver.Recommended:
		return c.By + " recommends it"
	case c.Reason == solver.OfGame:
		return "it is the game"
	case m.asked[c.Name]:
		return "asked for"
	}
	return "it is in the pack"
}

// step says what becomes of a mod that is enabled then.
func (m *maker) step(c solver.Chosen) {
	in := packs.Find(&m.pack, c.Name)
	change := api.ChangePackMod{Name: c.Name}
	step := api.PlanStep{Name: c.Name, Title: cmp.Or(c.Title, m.known[c.Name].Title), BuiltIn: c.BuiltIn, To: m.version(c), Source: api.FromGame, Why: m.why(c)}
	on := true
	if c.BuiltIn {
		step.From = m.was.Game
		if in == nil || !in.Enabled {
			step.Action, change.Enabled = api.PlanEnable, &on
			m.add(step, change)
		}
		return
	}
	release := m.releases[c.Name][c.Version]
	step.Source, step.SizeBytes = sourceOf(release), release.Size
	if in == nil {
		step.Action, change.Version, change.SHA1 = api.PlanInstall, &step.To, sha1(release)
		if m.pinned[c.Name] {
			change.Pinned = &on
		}
		m.fetch(release, step)
		m.add(step, change)
		return
	}
	step.From = in.Version
	was, err := factorio.ParseLenient(in.Version)
	if err != nil || was.Compare(c.Version) != 0 {
		step.Action = api.PlanUpdate
		if err == nil && was.Compare(c.Version) > 0 {
			step.Action = api.PlanDowngrade
		}
		step.Why = m.whyOther(c)
		change.Version, change.SHA1 = &step.To, sha1(release)
	}
	if !in.Enabled {
		step.Action, step.Why, change.Enabled = api.PlanEnable, m.why(c), &on
	}
	if pin, changes := m.pinned[c.Name]; changes && pin != in.Pinned {
		change.Pinned = &pin
		step.Action = cmp.Or(step.Action, map[bool]string{true: api.PlanPin, false: api.PlanUnpin}[pin])
	}
	if m.fetch(release, step) {
		step.Action = cmp.Or(step.Action, api.PlanDownload)
	}
	if step.Action != "" {
		m.add(step, change)
	}
}

func (m *maker) add(step api.PlanStep, change api.ChangePackMod) {
	m.plan.Steps = append(m.plan.Steps, step)
	if change != (api.ChangePackMod{Name: change.Name}) {
		m.plan.Edit.Mods = append(m.plan.Edit.Mods, change)
	}
}

func sha1(r mods.Release) *string {
	if r.SHA1 == "" {
		return nil
	}
	return &r.SHA1
}

func sourceOf(r mods.Release) string {
	switch {
	case r.Stored:
		return api.FromStore
	case r.OnPortal:
		return api.FromPortal
	}
	return api.FromNobody
}

// fetch notes what has to be downloaded, and reports whether that is so.
func (m *maker) fetch(r mods.Release, step api.PlanStep) bool {
	if step.Source != api.FromPortal {
		return false
	}
	m.plan.Fetch = append(m.plan.Fetch, mods.Want{Name: r.Name, Version: step.To})
	m.plan.Downloads++
	m.plan.DownloadBytes += r.Size
	if r.Size == 0 {
		m.plan.SizesUnknown++
	}
	return true
}

// whyOther says why a mod of the pack gets another version.
func (m *maker) whyOther(c solver.Chosen) string {
	if m.asked[c.Name] || m.request.UpdateAll {
		return "asked for"
	}
	at := slices.IndexFunc(m.solution.Held, func(h solver.Held) bool { return h.Name == c.Name && !h.Asked })
	switch {
	case at >= 0 && len(m.solution.Held[at].Why) > 0:
		return "it can't stay: " + strings.Join(demandTexts(m.solution.Held[at]), "; ")
	case m.pack.Game != m.was.Game:
		return "its version is not for the game " + m.pack.Game
	}
	return "its version is not known"
}

// stepOff says what becomes of a mod that is not enabled then.
func (m *maker) stepOff(in store.PackMod) {
	off := false
	step := api.PlanStep{Name: in.Name, Title: m.known[in.Name].Title, BuiltIn: packs.IsBuiltIn(m.pack, in.Name), From: in.Version, To: in.Version, Source: api.FromNobody, Why: "asked for"}
	pin, changes := m.pinned[in.Name]
	switch {
	case m.remove[in.Name]:
		step.Action, step.To = api.PlanRemove, ""
		m.add(step, api.ChangePackMod{Name: in.Name, Remove: true})
	case in.Enabled:
		step.Action = api.PlanDisable
		m.add(step, api.ChangePackMod{Name: in.Name, Enabled: &off})
	case changes && pin != in.Pinned:
		step.Action = map[bool]string{true: api.PlanPin, false: api.PlanUnpin}[pin]
		m.add(step, api.ChangePackMod{Name: in.Name, Pinned: &pin})
	}
}
