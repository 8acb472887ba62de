package pages

import (
	"context"
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

// importing is the dialog that makes a pack of what is somewhere else. What would come of it is shown first.
type importing struct {
	*Packs
	text     *widgets.Field
	path     *widgets.Entry
	instance *widgets.Select
	ids      []string // of the instances
	name     *widgets.Field
	game     *widgets.SelectEntry
	tabs     *container.AppTabs
	problem  *widgets.ErrorCard
	found    *fyne.Container
	look     *widgets.Button
	take     *widgets.Button
	looked   *api.ImportPack // what the button acts on; nil: nothing yet
	cancel   func()
	dialog   *widgets.Dialog
}

// AskImport opens the dialog, with a file if one is known.
func (s *Packs) AskImport(path string) {
	d := &importing{Packs: s, text: widgets.NewMultiLineField(), path: widgets.NewEntry(s.Frame), name: widgets.NewField(), game: widgets.NewSelectEntry(s.gameVersions()),
		problem: widgets.NewErrorCard().Lasting(), found: container.NewVBox(), cancel: func() {}}
	var names []string
	for _, i := range s.Model.Now().Instances {
		names, d.ids = append(names, i.Name+" · "+i.Host), append(d.ids, i.ID)
	}
	d.instance = widgets.NewSelect(names, func(string) { d.forget() })
	d.text.SetPlaceHolder(lang.L("Paste a mod pack string; Clusterio's will do too"))
	d.text.Wrapping = fyne.TextWrapBreak
	d.text.SetMinRowsVisible(4)
	d.text.OnChanged = func(string) { d.forget() }
	d.path.SetPlaceHolder(lang.L("a save, a mod-list.json, or a folder of mods"))
	d.path.OnChanged = func(string) { d.forget() }
	d.path.OnSubmitted = func(string) { d.ask() }
	d.name.SetPlaceHolder(lang.L("as the source says"))
	d.name.OnChanged = func(string) { d.forget() }
	d.game.SetPlaceHolder(lang.L("as the source says; a mod list says none"))
	d.game.OnChanged = func(string) { d.forget() }
	d.look = widgets.NewButtonWithIcon(lang.L("Look"), theme.SearchIcon(), d.ask)
	d.take = primary(lang.L("Import"), theme.DownloadIcon(), d.carryOut)
	d.dialog = s.newDialog(lang.L("Import a pack"), d.content())
	d.dialog.Buttons(lang.L("Cancel"), d.look, d.take)
	d.dialog.OnClosed(func() { d.cancel() })
	d.dialog.Resize(fyne.NewSize(720, 600))
	d.forget()
	d.dialog.Show()
	if path != "" {
		d.tabs.SelectIndex(1)
		d.path.SetText(path)
		d.ask()
	}
}

func (d *importing) content() fyne.CanvasObject {
	browse := container.NewHBox(
		widgets.NewButtonWithIcon(lang.L("File…"), theme.FileIcon(), func() { d.openFile(d.chosen, ".zip", ".json") }), widgets.NewButtonWithIcon(lang.L("Folder…"), theme.FolderOpenIcon(), func() { d.openFolder(lang.L("Folder of mods"), d.chosen) }))
	d.tabs = container.NewAppTabs(
		container.NewTabItem(lang.L("String"), d.text),
		container.NewTabItem(lang.L("File or folder"), container.NewVBox(container.NewBorder(nil, nil, nil, browse, d.path))),
		container.NewTabItem(lang.L("Instance"), container.NewVBox(d.instance)))
	d.tabs.OnSelected = func(*container.TabItem) { d.forget() }
	form := widget.NewForm(widget.NewFormItem(lang.L("Name"), d.name), widget.NewFormItem(lang.L("Factorio"), d.game))
	return container.NewBorder(container.NewVBox(d.tabs, form, d.problem), nil, nil, nil, container.NewVScroll(d.found))
}

func (d *importing) chosen(path string) {
	d.path.SetText(path)
	d.ask()
}

// request is what the dialog says; ok is false if it says nothing yet.
func (d *importing) request() (r api.ImportPack, ok bool) {
	switch d.tabs.SelectedIndex() {
	case 0:
		r.Text = strings.TrimSpace(d.text.Text)
	case 1:
		r.Path = strings.TrimSpace(d.path.Text)
	default:
		if i := d.instance.SelectedIndex(); i >= 0 {
			r.Instance = d.ids[i]
		}
	}
	ok = r.Text+r.Path+r.Instance != ""
	r.Name, r.Game = strings.TrimSpace(d.name.Text), strings.TrimSpace(d.game.Text)
	return r, ok
}

// forget ends what was found: it is not that of what is typed.
func (d *importing) forget() {
	d.cancel()
	d.looked = nil
	d.found.RemoveAll()
	d.problem.Say("", "")
	d.take.Disable()
	_, ok := d.request()
	enable(d.look, ok)
}

func (d *importing) ask() {
	r, ok := d.request()
	if !ok {
		return
	}
	d.forget()
	d.found.Add(widgets.NewText(lang.L("Looking at it…"), look.Muted, ""))
	d.cancel = d.Frame.Go(func(ctx context.Context) {
		draft, err := d.Service.LookAtPack(ctx, d.Caller, r)
		if ctx.Err() != nil {
			return
		}
		d.Frame.Do(func() {
			d.found.RemoveAll()
			if err != nil {
				shown := api.AsError(err)
				d.problem.Say(shown.Message, shown.Next)
				return
			}
			d.found.Add(words(strings.Join(view.DraftWords(draft), "\n")))
			d.looked = &r
			d.take.Enable()
		})
	})
}

// carryOut imports what was looked at.
func (d *importing) carryOut() {
	if d.looked == nil {
		return
	}
	r := *d.looked
	d.dialog.Hide()
	d.make(lang.L("Import a pack"), func(ctx context.Context) (api.Pack, error) {
		draft, err := d.Service.ImportPack(ctx, d.Caller, r)
		return draft.Pack, err
	})
}
