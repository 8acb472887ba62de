package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/transport/wire"
)

func (s *service) LookAtPack(ctx context.Context, _ api.Caller, r api.ImportPack) (api.PackDraft, error) {
	d, err := s.draft(ctx, r)
	if err != nil {
		return api.PackDraft{}, err
	}
	return s.viewDraft(ctx, d)
}

func (s *service) ImportPack(ctx context.Context, c api.Caller, r api.ImportPack) (api.PackDraft, error) {
	d, err := s.draft(ctx, r)
	if err != nil {
		return api.PackDraft{}, err
	}
	view, err := s.viewDraft(ctx, d)
	if err != nil {
		return api.PackDraft{}, err
	}
	if r.Into == "" {
		view.Pack, err = s.addPack(ctx, c, d.Pack)
		return view, err
	}
	into, err := s.pack(ctx, r.Into)
	if err != nil {
		return api.PackDraft{}, err
	}
	d.Pack.ID, d.Pack.Revision = into.ID, into.Revision
	if r.Name == "" {
		d.Pack.Name = into.Name
	}
	view.Pack, err = s.changePack(ctx, c, d.Pack)
	return view, err
}

// draft makes a pack of what a request names.
func (s *service) draft(ctx context.Context, r api.ImportPack) (packs.Draft, error) {
	sources := 0
	for _, source := range []string{r.Text, r.Path, r.Instance} {
		if source != "" {
			sources++
		}
	}
	var d packs.Draft
	var err error
	switch {
	case sources != 1:
		err = errors.New("a pack is made of one thing: a text, a path or an instance")
	case r.Text != "":
		d, err = packs.FromString(r.Text)
	case r.Instance != "":
		d, err = s.draftOfInstance(ctx, r.Instance)
	case !filepath.IsAbs(r.Path):
		err = fmt.Errorf("%q is no full path", r.Path)
	default:
		if d, err = packs.FromPath(r.Path); err != nil {
			err = fileError(err)
		}
	}
	if err != nil {
		return packs.Draft{}, packError(err)
	}
	if d.Pack.Game = cmp.Or(r.Game, d.Pack.Game); d.Pack.Game == "" {
		return packs.Draft{}, api.Errorf(api.Invalid, "Say it: 2.0 or 2.0.60.", "nothing tells which version of the game the pack is for")
	}
	if d.Pack.Game, err = packs.ParseGame(d.Pack.Game); err != nil {
		return packs.Draft{}, packError(err)
	}
	packs.Fit(&d.Pack, "")
	stored, err := s.storedMods(ctx)
	if err != nil {
		return packs.Draft{}, err
	}
	for i, m := range d.Pack.Mods {
		d.Pack.Mods[i].SHA1 = cmp.Or(m.SHA1, stored.sha1(m.Name, m.Version))
	}
	d.Pack.Name = cmp.Or(r.Name, d.Pack.Name)
	d.Pack.Change = "from " + map[string]string{
		api.PackFromString: "a mod pack string", api.PackFromSave: "a save", api.PackFromModList: "a mod list", api.PackFromFolder: "a folder of mods",
		api.PackFromInstance: "an instance's mods",
	}[d.Source]
	form, err := s.packForm(ctx, d.Pack, english)
	if err != nil {
		return packs.Draft{}, err
	}
	var problems []string
	d.Pack.Settings, problems = form.definitions.Settle(d.Pack.Settings)
	for _, problem := range problems[:min(len(problems), maxProblems)] {
		d.Remarks = append(d.Remarks, "The setting "+problem+".")
	}
	return d, packError(packs.Check(d.Pack))
}

// draftOfInstance asks the host of an instance what lies in its folder.
func (s *service) draftOfInstance(ctx context.Context, name string) (packs.Draft, error) {
	row, err := s.instance(ctx, name)
	if err != nil {
		return packs.Draft{}, err
	}
	var list wire.InstanceMods
	if err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_MODS_LIST, &wire.ModsAsk{Instance: row.ID, Settings: true}, &list); err != nil {
		return packs.Draft{}, err
	}
	return packs.FromInstance(row.Name, list.GetGameVersion(), reported(list.GetMods()), list.GetSettings())
}

// reported are the mods of an instance, each once: the file that the game loads, or of those that it does not load the last that is told.
func reported(files []*wire.InstalledMod) []packs.Reported {
	var mods []packs.Reported
	at, used := make(map[string]int), make(map[string]bool)
	for _, f := range files {
		mod := packs.Reported{Name: f.GetName(), Version: f.GetVersion(), Enabled: f.GetEnabled()}
		i, there := at[mod.Name]
		switch {
		case !there:
			at[mod.Name], mods = len(mods), append(mods, mod)
		case f.GetUsed() || !used[mod.Name]:
			mods[i] = mod
		}
		used[mod.Name] = used[mod.Name] || f.GetUsed()
	}
	return mods
}

// viewDraft shows a pack that is not kept.
func (s *service) viewDraft(ctx context.Context, d packs.Draft) (api.PackDraft, error) {
	stored, err := s.storedMods(ctx)
	if err != nil {
		return api.PackDraft{}, err
	}
	pack, err := s.viewPack(ctx, d.Pack)
	if err != nil {
		return api.PackDraft{}, err
	}
	view := api.PackDraft{Source: d.Source, Pack: pack, Missing: []api.MissingMod{}, Remarks: []string{}}
	for _, remark := range d.Remarks {
		view.Remarks = append(view.Remarks, shown(remark, 500))
	}
	for _, m := range d.Pack.Mods {
		if _, ok := stored.of(m); !ok && !packs.IsBuiltIn(d.Pack, m.Name) {
			view.Missing = append(view.Missing, api.MissingMod{Name: m.Name, Version: m.Version, SHA1: m.SHA1})
		}
	}
	return view, nil
}
