package controller

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func (a *agent) modsOfSave(context.Context, *link.Conn, *wire.SaveModsAsk) (*wire.SaveMods, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.saved == nil {
		return nil, link.Errorf(wire.Code_CODE_REFUSED, "the save is damaged")
	}
	return a.saved, nil
}

func (c *cluster) packOf(name string, mods ...api.ChangePackMod) api.Pack {
	c.t.Helper()
	if _, err := c.CreatePack(c.t.Context(), me, api.CreatePack{Name: name, Game: "2.0"}); err != nil {
		c.t.Fatal(err)
	}
	p, err := c.EditPack(c.t.Context(), me, api.EditPack{Pack: name, Mods: mods})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func withMod(name, version string) api.ChangePackMod {
	return api.ChangePackMod{Name: name, Version: &version}
}

func TestAPackIsGivenAfterALookAtWhatTheWorldLoses(t *testing.T) {
	c := newCluster(t, "attic")
	ctx := t.Context()
	attic := c.agents[0]
	c.pair(attic)
	id := c.create("nauvis", attic)
	for _, mod := range [][2]string{{"belts", "1.0.0"}, {"rails", "1.0.0"}, {"walls", "1.0.0"}} {
		c.storeMod(mod[0], mod[1], map[string]string{})
	}
	attic.change(func() {
		attic.saved = &wire.SaveMods{Save: "nauvis.zip", Version: "2.0.77", Mods: []*wire.InstalledMod{
			{Name: "base", Version: "2.0.77"}, {Name: "belts", Version: "1.0.0"}, {Name: "rails", Version: "2.0.0"}, {Name: "signs", Version: "0.3.0"}}}
		attic.installed = &wire.InstanceMods{GameVersion: "2.0.77", Mods: []*wire.InstalledMod{{Name: "signs", Version: "0.3.0", File: "signs_0.3.0.zip", Enabled: true, Used: true}}}
	})
	c.packOf("Rails", withMod("belts", "1.0.0"), withMod("rails", "1.0.0"), withMod("walls", "1.0.0"))
	ask := api.AssignPack{Instance: "nauvis", Pack: "rails"}
	look := func() api.AssignPlan {
		t.Helper()
		plan, err := c.PlanAssign(ctx, me, ask)
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	plan := look()
	if plan.Instance != id || plan.Pack != "Rails" || plan.PackWas != "" || plan.Save != "nauvis.zip" || plan.Words() != "mods: 1 come, 1 go, 1 get another version" || plan.Harmless() || len(plan.Warnings) != 0 ||
		len(plan.Losses) != 2 || !strings.Contains(plan.Losses[0], "rails 2.0.0, which is newer than the server's 1.0.0") || !strings.Contains(plan.Losses[1], "signs 0.3.0: what comes of that mod vanishes") {
		t.Errorf("%+v", plan)
	}
	if c.instance("nauvis").Pack != "" {
		t.Error("a look has changed something")
	}

	version := "2.0.0"
	if _, err := c.EditPack(ctx, me, api.EditPack{Pack: "Rails", Mods: []api.ChangePackMod{{Name: "rails", Version: &version}, withMod("signs", "0.3.0")}}); err != nil {
		t.Fatal(err)
	}
	_, err := c.AssignPack(ctx, me, api.AssignPack{Instance: "nauvis", Pack: "Rails", Hash: plan.Hash})
	notDone(t, "what was looked at has changed", err, api.Refused, "is something else by now")
	if plan = look(); plan.Words() != "mods: 1 come" || len(plan.Losses) != 0 || !reflect.DeepEqual(plan.Warnings, []string{"The controller does not keep the files of 2 mods of the pack: a start waits for those that are enabled."}) {
		t.Errorf("%+v", plan)
	}
	if i, err := c.AssignPack(ctx, me, api.AssignPack{Instance: "nauvis", Pack: "Rails", Hash: plan.Hash}); err != nil || i.Pack == "" {
		t.Errorf("%+v, %v", i, err)
	}
	if plan = look(); plan.Pack != "" || !plan.Harmless() || plan.Words() != "its mods stay as they are" {
		t.Errorf("the pack that it has: %+v", plan)
	}

	c.packOf("Bare")
	ask.Pack = "Bare"
	if plan = look(); plan.PackWas != "Rails" || len(plan.Losses) != 3 {
		t.Errorf("another pack: %+v", plan)
	}
	keep := true
	if _, err := c.ChangeModPolicy(ctx, me, api.ChangeModPolicy{Instance: "nauvis", KeepUnknown: &keep}); err != nil {
		t.Fatal(err)
	}
	if plan = look(); len(plan.Losses) != 2 {
		t.Errorf("what lies in the folder stays there: %+v", plan)
	}
	attic.change(func() { attic.installed.GameVersion = "2.1.3" })
	if plan = look(); len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "The pack is for Factorio 2.0 and the instance has 2.1.3") {
		t.Errorf("another game: %+v", plan)
	}
	attic.change(func() { attic.saved = nil })
	if plan = look(); len(plan.Losses) != 4 || plan.Save != "" || !strings.Contains(plan.Warnings[0], "taken to be those of the pack Rails: host attic: the save is damaged") {
		t.Errorf("a host that can't tell: %+v", plan)
	}
	ask.Pack = ""
	if plan = look(); !plan.Harmless() || plan.PackWas != "Rails" {
		t.Errorf("no pack: %+v", plan)
	}
	if _, err := c.AssignPack(ctx, me, api.AssignPack{Instance: "nauvis", Hash: plan.Hash}); err != nil {
		t.Error(err)
	}
	ask.Pack = "Bare"
	if plan = look(); len(plan.Losses) != 0 || plan.Harmless() || !strings.Contains(plan.Warnings[0], "nobody knows what it would lose") {
		t.Errorf("nothing to compare with: %+v", plan)
	}
	_, err = c.PlanAssign(ctx, me, api.AssignPack{Instance: "nauvis", Pack: "none"})
	notDone(t, "no such pack", err, api.NotFound, "no mod pack")
}
