package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/controller/packs/plan"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
)

func (s *service) PlanPack(ctx context.Context, _ api.Caller, r api.PlanPack) (api.PackPlan, error) {
	p, err := s.planPack(ctx, r)
	return viewPlan(p.PackPlan), err
}

// planPack plans a change of a pack that is kept, or of an empty one.
func (s *service) planPack(ctx context.Context, r api.PlanPack) (plan.Plan, error) {
	p := store.Pack{Game: r.Game}
	var users []store.Instance
	var err error
	if r.Pack != "" {
		if p, err = s.pack(ctx, r.Pack); err != nil {
			return plan.Plan{}, err
		}
		if users, err = s.usersOf(ctx, p.ID); err != nil {
			return plan.Plan{}, err
		}
	} else if p.Game, err = packs.ParseGame(r.Game); err != nil {
		return plan.Plan{}, packError(err)
	}
	packs.Fit(&p, "")
	target := p
	if r.Game != "" {
		target.Game = r.Game // which Make looks at
	}
	games, unknown := s.gamesFor(packs.Game(target), users)
	made, err := plan.Make(ctx, plan.World{Catalogue: s.mods, Games: games}, p, r)
	if err != nil {
		return plan.Plan{}, err
	}
	if unknown {
		made.Warnings = append(made.Warnings, api.PlanWarning{Text: "No host has a game " + made.Game + ", so mods were chosen for the newest there may be"})
	}
	warnOfWorlds(&made.PackPlan, users)
	for _, row := range users {
		running := slices.Contains(activeStates, s.viewInstance(row).State)
		made.Restarts = append(made.Restarts, api.PlanRestart{Instance: row.ID, Name: row.Name, Running: running})
	}
	return made, nil
}

// warnOfWorlds tells what the worlds of a pack's instances lose by a plan.
func warnOfWorlds(p *api.PackPlan, users []store.Instance) {
	if len(users) == 0 || !p.Possible {
		return
	}
	var gone, older []string
	for _, step := range p.Steps {
		switch step.Action {
		case api.PlanDisable, api.PlanRemove:
			gone = append(gone, step.Name)
		case api.PlanDowngrade:
			older = append(older, step.Name)
		}
	}
	say := func(format string, args ...any) {
		p.Warnings = append(p.Warnings, api.PlanWarning{Text: fmt.Sprintf(format, args...)})
	}
	if len(gone) > 0 {
		say("What %s has added to the worlds of %s is lost when they are loaded without it", strings.Join(gone, ", "), namesOf(users))
	}
	if len(older) > 0 {
		say("The worlds of %s were played with a newer %s: an older version may not understand what that has saved", namesOf(users), strings.Join(older, ", "))
	}
	was, err := factorio.ParseLenient(p.GameWas)
	if is, err2 := factorio.ParseLenient(p.Game); err == nil && err2 == nil && (is.Major < was.Major || is.Major == was.Major && is.Minor < was.Minor) {
		say("Factorio %s does not load worlds that %s has saved, as those of %s may be", p.Game, p.GameWas, namesOf(users))
	}
}

func namesOf(rows []store.Instance) string {
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
	}
	return strings.Join(names, ", ")
}

// usersOf are the instances that use a pack, by name.
func (s *service) usersOf(ctx context.Context, pack string) ([]store.Instance, error) {
	rows, err := s.store.Instances(ctx)
	return slices.DeleteFunc(rows, func(row store.Instance) bool { return row.Pack != pack }), err
}

// gamesFor are the versions of a line of the game for which a pack has to do: the oldest that an instance with the pack has, or else the newest
// that a host has. If there is none at all it is unknown, and the newest that can be.
func (s *service) gamesFor(line factorio.Version, users []store.Instance) (games []factorio.Version, unknown bool) {
	newest, oldest := factorio.Version{}, factorio.Version{}
	for _, h := range s.hosts.all() {
		for _, g := range s.hosts.snapshot(h).games.GetGames() {
			v, err := factorio.ParseVersion(g.GetVersion())
			if err != nil || v.Major != line.Major || v.Minor != line.Minor {
				continue
			}
			if v.Compare(newest) > 0 {
				newest = v
			}
			used := slices.ContainsFunc(g.GetInstances(), func(id string) bool {
				return slices.ContainsFunc(users, func(row store.Instance) bool { return row.ID == id })
			})
			if used && (oldest.IsZero() || v.Compare(oldest) < 0) {
				oldest = v
			}
		}
	}
	switch {
	case !oldest.IsZero():
		return []factorio.Version{oldest}, false
	case !newest.IsZero():
		return []factorio.Version{newest}, false
	}
	line.Patch = plan.AnyPatch
	return []factorio.Version{line}, true
}

// viewPlan makes foreign texts fit to be shown.
func viewPlan(p api.PackPlan) api.PackPlan {
	const most = 1000 // characters
	for i := range p.Steps {
		p.Steps[i].Title, p.Steps[i].Why = shown(p.Steps[i].Title, 200), shown(p.Steps[i].Why, most)
	}
	for i := range p.Conflicts {
		c := &p.Conflicts[i]
		c.Mod, c.Other, c.Text = shown(c.Mod, 200), shown(c.Other, 200), shown(c.Text, most)
	}
	for i := range p.Mods {
		p.Mods[i].Why = shown(p.Mods[i].Why, most)
	}
	for i := range p.HeldBack {
		p.HeldBack[i].Why = shownAll(p.HeldBack[i].Why, 100, most)
	}
	for i := range p.Warnings {
		p.Warnings[i].Mod, p.Warnings[i].Text = shown(p.Warnings[i].Mod, 200), shown(p.Warnings[i].Text, most)
	}
	return p
}

func (s *service) ApplyPackPlan(ctx context.Context, c api.Caller, r api.ApplyPackPlan) (api.Task, error) {
	if r.Pack == "" {
		return api.Task{}, api.Errorf(api.Invalid, "Make one first: mainbusctl packs create.", "a plan is carried out on a mod pack that there is")
	}
	made, err := s.planPack(ctx, r.PlanPack)
	switch {
	case err != nil:
		return api.Task{}, err
	case !made.Possible:
		return api.Task{}, api.Errorf(api.Refused, "Look at the plan: it says what can't be met together.", "the change of the mod pack %s is not possible", made.Pack)
	case made.Hash != r.Hash:
		return api.Task{}, api.Errorf(api.Refused, "Look at the plan again, and carry that out.", "the plan for the mod pack %s is another one by now: the pack, the store or the mod portal has changed", made.Pack)
	}
	fetch := func(context.Context, *task) error { return nil }
	if len(made.Fetch) > 0 {
		a, err := s.portalAccount()
		if err != nil {
			return api.Task{}, err
		}
		fetch = func(ctx context.Context, t *task) error {
			_, err := s.download(ctx, t, made.Fetch, a, c.Name)
			return err
		}
	}
	return s.startTask("Change mod pack "+made.Pack, "", func(ctx context.Context, t *task) (string, error) {
		defer s.changes.cluster()
		if err := fetch(ctx, t); err != nil {
			return "", err // what came is kept; the pack is as it was
		}
		t.progress("changing", 0, 0)
		// If somebody has changed the pack meanwhile, its revision is another one, and this is refused.
		pack, err := s.EditPack(ctx, c, made.Edit)
		return pack.Name, err
	})
}
