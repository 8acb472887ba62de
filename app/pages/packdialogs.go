package pages

import (
	"context"
	"errors"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// needed is an entry that may not be blank.
func needed(text, hint string) *widgets.Field {
	e := widgets.NewField()
	e.AlwaysShowValidationError = true
	e.SetPlaceHolder(hint)
	e.SetText(text)
	e.Validator = func(text string) error {
		if strings.TrimSpace(text) == "" {
			return errors.New(lang.L("something is needed here"))
		}
		return nil
	}
	return e
}

// gameVersions are those that a pack can be for, as far as the hosts tell.
func (p Params) gameVersions() []string {
	var all api.HostGames
	for _, g := range p.Model.Now().Games {
		all.Games = append(all.Games, g.Games...)
	}
	versions := slices.DeleteFunc(view.VersionOptions(all, api.AvailableGames{}), func(v string) bool { return !strings.Contains(v, ".") })
	if len(versions) == 0 {
		return []string{"2.0"}
	}
	return versions
}

// AskCreate opens the form for an empty pack.
func (s *Packs) AskCreate() {
	name, about := needed("", lang.L("as everybody shall know it")), widgets.NewField()
	game := widgets.NewSelectEntry(s.gameVersions())
	game.SetText(s.gameVersions()[0])
	joins := words("")
	content := widget.NewRadioGroup([]string{view.ContentWord(api.ContentBase), view.ContentWord(api.ContentSpaceAge)}, func(word string) {
		joins.SetText(lang.L("Everybody who owns the game can join."))
		if word == view.ContentWord(api.ContentSpaceAge) {
			joins.SetText(lang.L("Only players who own Space Age can join."))
		}
	})
	content.Required = true
	content.SetSelected(view.ContentWord(api.ContentBase))
	s.form(lang.L("New pack"), lang.L("Create"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Name"), name), widget.NewFormItem(lang.L("Description"), about), widget.NewFormItem(lang.L("Factorio"), game),
		widget.NewFormItem(lang.L("Content"), content), widget.NewFormItem("", joins),
	}, func() {
		r := api.CreatePack{Name: strings.TrimSpace(name.Text), Description: about.Text, Game: strings.TrimSpace(game.Text), Content: contentOf(content.Selected)}
		s.make(lang.L("Create the pack {{.name}}", with{"name": r.Name}), func(ctx context.Context) (api.Pack, error) { return s.Service.CreatePack(ctx, s.Caller, r) })
	})
	s.Frame.Window().Canvas().Focus(name)
}

func contentOf(word string) string {
	if word == view.ContentWord(api.ContentSpaceAge) {
		return api.ContentSpaceAge
	}
	return api.ContentBase
}

// make makes a pack and opens it.
func (s *Packs) make(words string, call func(context.Context) (api.Pack, error)) {
	var made api.Pack
	s.try(s.problem, words, "", func(ctx context.Context) (err error) {
		made, err = call(ctx)
		return err
	}, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.reader.again()
		s.Frame.Visit(view.Place{Page: view.PacksPage, Pack: made.ID}, made.Name)
	})
}

func (s *Pack) openMenu() {
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(s.more).AddXY(0, s.more.Size().Height)
	undo := fyne.NewMenuItem(lang.L("Undo the last change"), func() { s.undo(0) })
	undo.Disabled = len(s.pack.Revisions) < 2
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("",
		fyne.NewMenuItem(lang.L("Check…"), func() { s.askPlan(s.problem, s.pack.Name, api.PlanPack{Pack: s.id}, s.reader.again) }),
		fyne.NewMenuItem(lang.L("Edit…"), s.askEdit),
		fyne.NewMenuItem(lang.L("Ignored dependencies…"), s.askIgnored),
		undo,
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(lang.L("Copy as a string"), s.copyString),
		fyne.NewMenuItem(lang.L("For players…"), s.askPlayers),
		fyne.NewMenuItem(lang.L("Copy…"), s.askCopy),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(lang.L("Delete…"), s.askDelete)), driver.CanvasForObject(s.more), at)
}

// askEdit changes what a pack is called and for which game it is.
func (s *Pack) askEdit() {
	p := s.pack
	name, about := needed(p.Name, lang.L("as everybody shall know it")), widgets.NewField()
	about.SetText(p.Description)
	game := widgets.NewSelectEntry(s.gameVersions())
	game.SetPlaceHolder(lang.L("such as 2.0, or exactly 2.0.60"))
	game.SetText(p.Game)
	s.form(lang.L("Edit {{.name}}", with{"name": p.Name}), lang.L("Save"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Name"), name), widget.NewFormItem(lang.L("Description"), about), widget.NewFormItem(lang.L("Factorio"), game),
		widget.NewFormItem("", words(lang.L("Another version of the game is planned first: which mods go with it, and what worlds lose."))),
	}, func() {
		newName, version := strings.TrimSpace(name.Text), strings.TrimSpace(game.Text)
		plan := func() {
			if version != p.Game {
				s.askPlan(s.problem, newName, api.PlanPack{Pack: s.id, Game: version}, s.reader.again)
			}
		}
		if newName == p.Name && about.Text == p.Description {
			plan()
			return
		}
		r := api.EditPack{Pack: s.id, Revision: p.Revision, Name: &newName, Description: &about.Text}
		s.change(lang.L("Edit {{.name}}", with{"name": p.Name}), func(ctx context.Context) (api.Pack, error) { return s.Service.EditPack(ctx, s.Caller, r) }, plan)
	})
}

// askIgnored lists the dependencies that do not count in this pack, to be heeded again.
func (s *Pack) askIgnored() {
	boxes := make([]*widgets.Check, 0, len(s.pack.Ignored))
	for _, n := range s.pack.Ignored {
		c := widgets.NewCheck(lang.L("{{.mod}} about {{.other}}", with{"mod": n.Mod, "other": n.Needs}), nil)
		c.SetChecked(true)
		boxes = append(boxes, c)
	}
	hint := words(lang.L("What is not ticked any more is heeded again."))
	if len(boxes) == 0 {
		hint.SetText(lang.L("None. Where a plan is not possible, the demand in its way can be ignored there."))
	}
	s.tickBoxes(lang.L("Ignored dependencies of {{.name}}", with{"name": s.pack.Name}), lang.L("Save"), hint, boxes, func(ticked []bool) {
		kept := []api.IgnoredNeed{}
		for i, on := range ticked {
			if on {
				kept = append(kept, s.pack.Ignored[i])
			}
		}
		if len(kept) < len(boxes) {
			s.edit(lang.L("Heed dependencies in {{.name}} again", with{"name": s.pack.Name}), api.EditPack{Ignored: &kept})
		}
	})
}

func (s *Pack) askCopy() {
	name := needed("", lang.L("of the copy"))
	s.form(lang.L("Copy {{.name}}", with{"name": s.pack.Name}), lang.L("Copy"), []*widget.FormItem{widget.NewFormItem(lang.L("Name"), name)}, func() {
		r := api.CreatePack{Name: strings.TrimSpace(name.Text), From: s.id}
		var made api.Pack
		s.try(s.problem, lang.L("Copy {{.name}}", with{"name": s.pack.Name}), "", func(ctx context.Context) (err error) {
			made, err = s.Service.CreatePack(ctx, s.Caller, r)
			return err
		}, func(t *view.Task) {
			s.Tasks.End(t, "")
			s.Frame.Visit(view.Place{Page: view.PacksPage, Pack: made.ID}, made.Name)
		})
	})
	s.Frame.Window().Canvas().Focus(name)
}

func (s *Pack) askDelete() {
	p := s.pack
	if len(p.Instances) > 0 {
		s.problem.Say(lang.L("{{.name}} is used by {{.instances}}.", with{"name": p.Name, "instances": strings.Join(p.Instances, ", ")}),
			lang.L("Give them another pack, or none, under “Instances…” first."))
		return
	}
	s.confirm(lang.L("Delete the pack {{.name}}?", with{"name": p.Name}), lang.L("Its list, settings and history go. The mods stay stored. Its string, copied before, would bring it back."), lang.L("Delete"), widget.DangerImportance, func() {
		s.try(s.problem, lang.L("Delete the pack {{.name}}", with{"name": p.Name}), lang.L("{{.name}} is deleted", with{"name": p.Name}), func(ctx context.Context) error {
			_, err := s.Service.DeletePack(ctx, s.Caller, api.PackRef{Pack: s.id})
			return err
		}, func(t *view.Task) {
			s.Tasks.End(t, "")
			s.Frame.Visit(view.Place{Page: view.PacksPage}, "")
		})
	})
}

// copyString puts the pack into the clipboard, as a text that other clusters understand.
func (s *Pack) copyString() {
	ask(s.Params, s.problem, func(ctx context.Context) (api.PackText, error) {
		return s.Service.ExportPack(ctx, s.Caller, api.PackRef{Pack: s.id})
	}, func(t api.PackText) {
		fyne.CurrentApp().Clipboard().SetContent(t.Text)
		s.Frame.Toast(lang.L("Copied to the clipboard"))
	})
}

// askPlayers says how players come by the mods, and writes them to a file.
func (s *Pack) askPlayers() {
	ask(s.Params, s.problem, func(ctx context.Context) (api.PackForPlayers, error) {
		return s.Service.PackForPlayers(ctx, s.Caller, api.PackRef{Pack: s.id})
	}, s.showPlayers)
}

func (s *Pack) showPlayers(f api.PackForPlayers) {
	text := f.WhoJoins + "\n\n" + f.Text
	for _, l := range f.Links {
		text += "\n" + strings.TrimSpace(l.Name+" "+l.Version) + "  " + l.URL
	}
	if len(f.Missing) > 0 {
		text += "\n\n" + lang.L("Not stored, and therefore not in the file: {{.names}}", with{"names": view.Some(f.Missing, 10)})
	}
	label := words(text)
	label.Selectable = true
	d := s.newDialog(lang.L("{{.name}} for players", with{"name": f.Name}), label)
	d.Buttons(lang.L("Close"), widgets.NewButtonWithIcon(lang.L("Copy"), theme.ContentCopyIcon(), func() { fyne.CurrentApp().Clipboard().SetContent(text) }),
		primary(lang.L("Write a zip file ({{.size}})…", with{"size": api.BytesText(f.SizeBytes)}), theme.DocumentSaveIcon(), func() {
			d.Hide()
			s.handOut(f.Name)
		}))
	d.Resize(fyne.NewSize(760, 0))
	d.Show()
}

func (s *Pack) handOut(name string) {
	s.saveFile(name+".zip", func(file fyne.URIWriteCloser) {
		path := file.URI().Path()
		file.Close()
		s.carry(s.problem, lang.L("Write the mods of {{.name}} for players", with{"name": name}), func(ctx context.Context) (api.Task, error) {
			return s.Service.HandOutPack(ctx, s.Caller, api.HandOutPack{Pack: s.id, Path: path, Replace: true})
		}, nil)
	})
}

// askAssign chooses which instances use the pack.
func (s *Pack) askAssign() {
	var all []view.Instance
	var boxes []*widgets.Check
	for _, i := range s.Model.Now().Instances {
		c := widgets.NewCheck(i.Name+" · "+i.Host+" · "+view.StateWord(i.State), nil)
		c.SetChecked(i.Pack == s.id)
		all, boxes = append(all, i), append(boxes, c)
	}
	if len(boxes) == 0 {
		s.problem.Say(lang.L("There is no instance that could use it."), lang.L("Create one first: see the page Instances."))
		return
	}
	hint := words(lang.L("They get its mods and settings at their next start; one that runs goes on with what it has. A backup of the save is made before. "+
		"An instance without a pack keeps the mods that lie in its folder. {{.who}}", with{"who": s.pack.WhoJoins}))
	s.tickBoxes(lang.L("Instances with the pack {{.name}}", with{"name": s.pack.Name}), lang.L("Save"), hint, boxes, func(ticked []bool) {
		var changes []giving
		for n, on := range ticked {
			if on != (all[n].Pack == s.id) {
				changes = append(changes, s.giving(all[n], on))
			}
		}
		s.Params.give(s.problem, changes, s.reader.again)
	})
}

func (s *Pack) giving(i view.Instance, use bool) giving {
	g := giving{AssignPack: api.AssignPack{Instance: i.ID, Pack: s.id}, words: lang.L("Give {{.instance}} the pack {{.pack}}", with{"instance": i.Name, "pack": s.pack.Name})}
	if !use {
		g.Pack, g.words = "", lang.L("{{.instance}} has no pack any more", with{"instance": i.Name})
	}
	g.toast = g.words
	return g
}
