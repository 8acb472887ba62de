package pages

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// adoption is the dialog that makes an instance of a server folder that is already on a host. Nothing happens before a look.
type adoption struct {
	Params
	card    *widgets.ErrorCard // of the page
	hosts   []string           // ids
	host    *widgets.Select
	dir     *widgets.Entry
	name    *widgets.Field
	look    *widgets.Button
	adopt   *widgets.Button
	problem *widgets.ErrorCard
	found   *fyne.Container
	looked  *api.FolderRef // what the button acts on; nil: nothing that can be adopted
	cancel  func()         // of the look that goes on
	dialog  *widgets.Dialog
}

// hostsThatRun lists the hosts that instances can be made on.
func (p Params) hostsThatRun() (names, ids []string) {
	for _, h := range p.Model.Now().Hosts {
		if !h.WantsToJoin && !h.Elsewhere {
			names, ids = append(names, h.Name), append(ids, h.ID)
		}
	}
	return apart(names, ids), ids
}

// AskAdopt opens the dialog; what fails later is shown on the card.
func (s *Instances) AskAdopt() {
	names, ids := s.hostsThatRun()
	if len(ids) == 0 {
		s.problem.Say(lang.L("There is no host that could have a server folder."), lang.L("Pair a host first: see the page Hosts."))
		return
	}
	a := &adoption{
		Params: s.Params, card: s.problem, hosts: ids, host: widgets.NewSelect(names, nil), dir: widgets.NewEntry(s.Frame), name: widgets.NewField(),
		problem: widgets.NewErrorCard().Lasting(), found: container.NewVBox(), cancel: func() {},
	}
	a.host.SetSelectedIndex(0)
	a.host.OnChanged = func(string) { a.forget() }
	a.dir.SetPlaceHolder(lang.L("like /opt/factorio or C:\\Factorio"))
	a.dir.OnChanged = func(string) { a.forget() }
	a.dir.OnSubmitted = func(string) { a.ask() }
	a.name.SetPlaceHolder(lang.L("as the folder is called"))
	a.look = widgets.NewButtonWithIcon(lang.L("Look"), theme.SearchIcon(), a.ask)
	a.adopt = primary(lang.L("Adopt"), theme.ConfirmIcon(), a.take)
	a.forget()
	a.dialog = s.newDialog(lang.L("Adopt a server folder"), a.content())
	a.dialog.Buttons(lang.L("Cancel"), a.adopt)
	a.dialog.OnClosed(func() { a.cancel() })
	a.dialog.Resize(fyne.NewSize(720, 560))
	a.dialog.Show()
	s.Frame.Window().Canvas().Focus(a.dir)
}

func (a *adoption) content() fyne.CanvasObject {
	hint := words(lang.L("A server that somebody has set up becomes an instance by copy: saves, mods, settings and lists of players. " +
		"The folder is only read and stays as it is. Don't run both afterwards, or there are two of one world."))
	buttons := container.NewHBox(a.look)
	if a.Computer != nil {
		buttons.Objects = slices.Insert(buttons.Objects, 0, fyne.CanvasObject(widgets.NewButtonWithIcon(lang.L("This computer…"), theme.FolderOpenIcon(), a.browse)))
	}
	form := widget.NewForm(
		widget.NewFormItem(lang.L("Host"), a.host),
		widget.NewFormItem(lang.L("Folder"), container.NewBorder(nil, nil, nil, buttons, a.dir)),
		widget.NewFormItem(lang.L("Name"), a.name))
	return container.NewBorder(container.NewVBox(hint, form, a.problem), nil, nil, nil, container.NewVScroll(a.found))
}

// browse chooses a folder of this computer.
func (a *adoption) browse() {
	a.openFolder(lang.L("Folder of a Factorio server"), func(path string) {
		a.dir.SetText(path)
		a.ask()
	})
}

// forget ends what was found: it is not that of what is typed.
func (a *adoption) forget() {
	a.cancel()
	a.looked = nil
	a.found.RemoveAll()
	a.problem.Say("", "")
	a.adopt.Disable()
	enable(a.look, strings.TrimSpace(a.dir.Text) != "")
}

// ask looks at the folder.
func (a *adoption) ask() {
	r := api.FolderRef{Host: a.hosts[a.host.SelectedIndex()], Dir: strings.TrimSpace(a.dir.Text)}
	if r.Dir == "" {
		return
	}
	a.forget()
	a.found.Add(widgets.NewText(lang.L("{{.host}} looks at it…", with{"host": a.host.Selected}), look.Muted, ""))
	a.cancel = a.Frame.Go(func(ctx context.Context) {
		f, err := a.Service.LookAtFolder(ctx, a.Caller, r)
		if ctx.Err() != nil {
			return
		}
		a.Frame.Do(func() {
			a.found.RemoveAll()
			if err != nil {
				shown := api.AsError(err)
				a.problem.Say(shown.Message, shown.Next)
				return
			}
			a.show(r, f)
		})
	})
}

// show says what there is, and lets it be adopted if nothing is in the way.
func (a *adoption) show(r api.FolderRef, f api.Folder) {
	a.found.Add(words(strings.Join(view.FolderWords(f), "\n")))
	for _, p := range f.Problems {
		note := words(lang.L("Note: {{.text}}", with{"text": p}))
		note.Importance = widget.WarningImportance
		a.found.Add(note)
	}
	if len(f.Obstacles) > 0 {
		a.problem.Say(lang.L("It can't be adopted as it is: {{.text}}", with{"text": strings.Join(f.Obstacles, " ")}), lang.L("Nothing was changed. Put that right, then look again."))
		return
	}
	a.name.SetPlaceHolder(view.NameOfFolder(r.Dir))
	a.looked = &r
	a.adopt.Enable()
}

// take adopts what was looked at.
func (a *adoption) take() {
	if a.looked == nil {
		return
	}
	r := api.AdoptFolder{Host: a.looked.Host, Dir: a.looked.Dir, Name: strings.TrimSpace(a.name.Text)}
	name := r.Name
	if name == "" {
		name = view.NameOfFolder(r.Dir)
	}
	a.dialog.Hide()
	a.carry(a.card, lang.L("Adopt {{.dir}} as {{.name}}", with{"dir": r.Dir, "name": name}), func(ctx context.Context) (api.Task, error) {
		return a.Service.AdoptFolder(ctx, a.Caller, r)
	}, nil)
}
