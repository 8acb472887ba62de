package controller

import (
	"fmt"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/wire"
)

// planned are the steps of a plan, "install x 1.0.0", with what keeps it from being possible.
func planned(p api.PackPlan) string {
	var parts []string
	for _, s := range p.Steps {
		parts = append(parts, strings.TrimSpace(s.Action+" "+s.Name+" "+s.To))
	}
	for _, c := range p.Conflicts {
		parts = append(parts, c.Text)
	}
	return strings.Join(parts, ", ")
}

func (c *cluster) plan(r api.PlanPack) api.PackPlan {
	c.t.Helper()
	p, err := c.PlanPack(c.t.Context(), me, r)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func TestPlansOfPacksAreCarriedOut(t *testing.T) {
	c, s := newModCluster(t, "alpha")
	ctx := t.Context()
	s.AddMod(webtest.Mod{Name: "rails", Title: "Rails", Owner: "berta", Releases: []webtest.Release{
		{Version: "1.0.0", GameVersion: "2.0", Dependencies: []string{"base >= 2.0.7", "pipes"}, Zip: modZip(t, "rails", "1.0.0", "pipes")},
		{Version: "2.0.0", GameVersion: "2.0", Dependencies: []string{"base >= 2.0.76", "pipes"}, Zip: modZip(t, "rails", "2.0.0", "base >= 2.0.76", "pipes")},
	}})
	alpha := c.agents[0]
	alpha.change(func() { alpha.games = &wire.Games{Platform: "linux64"} })
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	pack, err := c.CreatePack(ctx, me, api.CreatePack{Name: "Trains", Game: "2.0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AssignPack(ctx, me, api.AssignPack{Instance: "nauvis", Pack: "Trains"}); err != nil {
		t.Fatal(err)
	}
	ask := api.PlanPack{Pack: "trains", Add: []api.WantMod{{Name: "rails"}}}
	if p := c.plan(ask); planned(p) != "install pipes 1.0.0, install rails 2.0.0" || p.Downloads != 2 || p.Steps[1].Title != "Rails" ||
		len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].Text, "No host has a game 2.0") || len(p.Restarts) != 1 || p.Restarts[0].Name != "nauvis" {
		t.Errorf("while no game is known: %+v", p)
	}
	alpha.change(func() {
		alpha.games = &wire.Games{Games: []*wire.Game{{Version: "2.0.77"}, {Version: "2.0.72", Instances: []string{id}}, {Version: "2.1.8"}}}
	})
	eventually(t, "the games are known", "install pipes 1.0.0, install rails 1.0.0", func() string { return planned(c.plan(ask)) })
	plan := c.plan(ask)

	apply := api.ApplyPackPlan{PlanPack: ask, Hash: plan.Hash}
	_, err = c.ApplyPackPlan(ctx, me, apply)
	if api.AsError(cmpErr(err)).Code != api.LoginNeeded {
		t.Errorf("without an account: %v", err)
	}
	for _, token := range []string{"wrong", portalToken} {
		if _, err := c.SetPortalAccount(ctx, me, api.SetPortalAccount{Username: "alice", Token: token}); err != nil {
			t.Fatal(err)
		}
		if token == portalToken {
			break
		}
		if task := c.done(c.ApplyPackPlan(ctx, me, apply)); task.State != api.TaskFailed || task.Error.Code != api.LoginNeeded || c.pack("Trains").Revision != pack.Revision {
			t.Errorf("with a wrong token: %+v, %v", task, task.Error)
		}
	}
	if task := c.done(c.ApplyPackPlan(ctx, me, apply)); task.State != api.TaskDone || task.Result != "Trains" {
		t.Fatalf("%+v, %v", task, task.Error)
	}
	list := ""
	for _, m := range c.pack("Trains").List {
		if !m.BuiltIn {
			list += fmt.Sprintf("%s %s %v %v, ", m.Name, m.Version, m.Enabled, m.Stored)
		}
	}
	if list != "pipes 1.0.0 true true, rails 1.0.0 true true, " || c.pack("Trains").Revision != pack.Revision+1 {
		t.Errorf("the pack has %s", list)
	}
	_, err = c.ApplyPackPlan(ctx, me, apply)
	notDone(t, "the same plan again", err, api.Refused, "is another one by now")
	if p := c.plan(api.PlanPack{Pack: "Trains", UpdateAll: true}); planned(p) != "" || len(p.HeldBack) != 1 ||
		strings.Join(p.HeldBack[0].Why, "; ") != "rails 2.0.0 needs base >= 2.0.76, but the game is 2.0.72" {
		t.Errorf("an update: %+v", p)
	}
	if p := c.plan(api.PlanPack{Pack: "Trains", Disable: []string{"rails"}}); planned(p) != "disable rails 1.0.0" || len(p.Warnings) != 1 ||
		p.Warnings[0].Text != "What rails has added to the worlds of nauvis is lost when they are loaded without it" {
		t.Errorf("a mod goes: %+v", p)
	}
	no := c.plan(api.PlanPack{Pack: "Trains", Remove: []string{"pipes"}})
	if no.Possible || planned(no) != "rails is wanted, pipes is to be removed, rails needs pipes" {
		t.Errorf("what is needed goes: %s", planned(no))
	}
	_, err = c.ApplyPackPlan(ctx, me, api.ApplyPackPlan{PlanPack: api.PlanPack{Pack: "Trains", Remove: []string{"pipes"}}})
	notDone(t, "what is not possible", err, api.Refused, "is not possible")
}

func TestPlansWithoutAPack(t *testing.T) {
	c, s := newModCluster(t)
	if p := c.plan(api.PlanPack{Game: "2.1", Add: []api.WantMod{{Name: "pipes"}}}); planned(p) != "install pipes 1.1.0" || p.ID != "" {
		t.Errorf("%+v", p)
	}
	_, err := c.ApplyPackPlan(t.Context(), me, api.ApplyPackPlan{PlanPack: api.PlanPack{Game: "2.1"}})
	notDone(t, "no pack", err, api.Invalid, "on a mod pack that there is")
	_, err = c.PlanPack(t.Context(), me, api.PlanPack{})
	notDone(t, "no game", err, api.Invalid, "is no version of the game")
	_, err = c.PlanPack(t.Context(), me, api.PlanPack{Pack: "missing"})
	notDone(t, "a pack that is not there", err, api.NotFound, "there is no mod pack")
	s.Misbehave("/api/mods", 1000, webtest.Status(503, ""))
	if p := c.plan(api.PlanPack{Game: "2.0", Add: []api.WantMod{{Name: "unheard"}}}); p.Possible || len(p.Warnings) == 0 ||
		!strings.Contains(p.Warnings[0].Text, "The mod portal was not asked about unheard") {
		t.Errorf("without the portal: %+v", p)
	}
}
