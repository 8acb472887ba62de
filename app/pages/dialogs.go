package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/widgets"
)

// newDialog makes a dialog, which is shown by its Show.
func (p Params) newDialog(title string, content fyne.CanvasObject) *widgets.Dialog {
	return widgets.NewDialog(p.Dialogs, title, content)
}

// confirm asks before something is done that can't be taken back; text says what gets lost.
func (p Params) confirm(title, text, verb string, importance widget.Importance, do func()) {
	d := p.newDialog(title, words(text))
	b := widgets.NewButton(verb, func() {
		d.Hide()
		do()
	})
	b.Importance = importance
	d.Buttons(lang.L("Cancel"), b)
	d.Resize(fyne.NewSize(480, 0))
	d.Show()
}

// form opens a form; do is called when it is confirmed, which it can be as long as nothing in it is wrong.
func (p Params) form(title, verb string, items []*widget.FormItem, do func()) *widgets.Dialog {
	f := widget.NewForm(items...)
	d := p.newDialog(title, f)
	ok := primary(verb, theme.ConfirmIcon(), func() {
		d.Hide()
		do()
	})
	f.SetOnValidationChanged(func(err error) { enable(ok, err == nil) })
	enable(ok, f.Validate() == nil)
	submit := func(string) {
		if !ok.Disabled() {
			ok.OnTapped()
		}
	}
	for _, item := range items {
		switch e := item.Widget.(type) {
		case *widgets.Field:
			if !e.MultiLine {
				e.OnSubmitted = submit
			}
		case *widgets.SelectEntry:
			e.OnSubmitted = submit
		}
	}
	d.Buttons(lang.L("Cancel"), ok)
	d.Show()
	return d
}

// tickBoxes shows boxes to tick below a hint, which may be nil; do gets which of them are ticked.
func (p Params) tickBoxes(title, verb string, hint *widget.Label, boxes []*widgets.Check, do func(ticked []bool)) {
	rows := container.NewVBox()
	if hint != nil {
		rows.Add(hint)
	}
	for _, b := range boxes {
		rows.Add(b)
	}
	d := p.newDialog(title, rows)
	d.Buttons(lang.L("Cancel"), primary(verb, theme.ConfirmIcon(), func() {
		d.Hide()
		ticked := make([]bool, len(boxes))
		for n, b := range boxes {
			ticked[n] = b.Checked
		}
		do(ticked)
	}))
	d.Show()
}

// fileDialog is what those for files and folders have in common.
type fileDialog interface {
	Show()
	Resize(fyne.Size)
	Dismiss()
}

func (p Params) showFiles(d fileDialog) {
	d.Show() // before Resize: it is built only then
	window := p.Frame.Window().Canvas().Size()
	d.Resize(fyne.NewSize(820, 560).Min(window.SubtractWidthHeight(24, 24)))
	p.Dialogs.Add(d.Dismiss, nil)
}

// openFile lets the user choose a file of this computer, with one of these endings if there are any.
func (p Params) openFile(take func(path string), endings ...string) {
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		if err == nil && file != nil {
			file.Close()
			take(file.URI().Path())
		}
	}, p.Frame.Window())
	if len(endings) > 0 {
		d.SetFilter(storage.NewExtensionFileFilter(endings))
	}
	p.showFiles(d)
}

// openFolder lets the user choose a folder of this computer.
func (p Params) openFolder(title string, take func(path string)) {
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		if err == nil && folder != nil {
			take(folder.Path())
		}
	}, p.Frame.Window())
	d.SetTitleText(title)
	d.SetConfirmText(lang.L("Use this folder"))
	p.showFiles(d)
}

// saveFile asks where a file shall go. The dialog has asked whether one that is there may be replaced.
func (p Params) saveFile(name string, take func(file fyne.URIWriteCloser)) {
	d := dialog.NewFileSave(func(file fyne.URIWriteCloser, err error) {
		if err == nil && file != nil {
			take(file)
		}
	}, p.Frame.Window())
	d.SetFileName(name)
	p.showFiles(d)
}
