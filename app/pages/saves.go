package pages

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

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

// Places in which an instance keeps saves, as api names them.
const (
	liveSaves = "saves"
	binSaves  = "bin"
	backups   = "backups"
)

// saves is the part of an instance's screen with its save files.
type saves struct {
	Params
	id      string
	name    func() string // of the instance
	problem *widgets.ErrorCard
	list    api.SaveList
	table   *widgets.Table[view.Save]
	area    *widgets.Select
	known   bool          // the list has come
	none    *widgets.Text // in place of an empty table's rows
	next    *widgets.Text
	load    *widgets.Button
	more    *widgets.Button
	content fyne.CanvasObject
	reader  *reader[api.SaveList]
}

func newSaves(p Params, id string, name func() string) *saves {
	s := &saves{Params: p, id: id, name: name, problem: widgets.NewErrorCard(), none: widgets.NewText("", look.Muted, ""), next: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	s.reader = newReader(p, func(ctx context.Context) (api.SaveList, error) {
		return s.Service.Saves(ctx, s.Caller, api.InstanceRef{Instance: id})
	}, s.take, s.unread)
	muted := func(text string) widgets.Cell { return widgets.Cell{Text: text, Color: look.Muted} }
	s.table = arranged(p, "saves", widgets.NewTable(p.Frame, p.Tips, func(r view.Save) string { return r.ID },
		widgets.Column[view.Save]{ID: "name", Title: lang.L("Save"), Cell: saveName, Order: func(a, b view.Save) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.Save]{ID: "saved", Title: lang.L("Saved"), Width: 130, Cell: func(r view.Save) widgets.Cell {
			return widgets.Cell{Text: view.Ago(r.Saved, time.Now()), Tip: view.Moment(r.Saved)}
		}, Order: func(a, b view.Save) int { return a.Saved.Compare(b.Saved) }},
		widgets.Column[view.Save]{ID: "size", Title: lang.L("Size"), Width: 100, Right: true, Cell: func(r view.Save) widgets.Cell { return muted(api.BytesText(r.Size)) },
			Order: func(a, b view.Save) int { return int(min(max(a.Size-b.Size, -1), 1)) }},
		widgets.Column[view.Save]{ID: "game", Title: lang.L("Factorio"), Width: 80, Cell: func(r view.Save) widgets.Cell { return widgets.Cell{Text: r.Game} }},
		widgets.Column[view.Save]{ID: "played", Title: lang.L("Played"), Width: 80, Right: true, Cell: func(r view.Save) widgets.Cell { return muted(r.Played) }},
		widgets.Column[view.Save]{ID: "mods", Title: lang.L("Mods"), Width: 60, Right: true, Cell: func(r view.Save) widgets.Cell { return muted(fmt.Sprint(r.Mods)) }},
		widgets.Column[view.Save]{ID: "note", Title: lang.L("Note"), Width: 260, Cell: func(r view.Save) widgets.Cell { return muted(r.Note) }},
	))
	s.table.OnSelect = s.point
	s.table.Menu = s.menu
	places := []string{lang.L("Saves"), lang.L("Backups"), lang.L("Bin")}
	s.area = widgets.NewSelect(places, func(string) { s.show() })
	s.load = primary(lang.L("Load at next start"), theme.MediaPlayIcon(), func() { s.one(func(r view.Save) { s.change(api.ChooseSave, r, "") }) })
	s.more = widgets.NewButtonWithIcon(lang.L("More"), theme.MoreHorizontalIcon(), s.openMenu)
	create := widgets.NewButton(lang.L("New map…"), s.askCreate)
	upload := widgets.NewButtonWithIcon(lang.L("Upload…"), theme.UploadIcon(), s.askUpload)
	tools := widgets.Tools(s.area, 150, widgets.NewBar(create, upload, s.more, s.load))
	s.content = container.NewBorder(container.NewVBox(tools, s.problem), s.next, nil, nil, container.NewStack(s.table, container.NewCenter(s.none)))
	s.area.SetSelectedIndex(0)
	s.point()
	return s
}

func saveName(r view.Save) widgets.Cell {
	c := widgets.Cell{Text: r.Name}
	switch {
	case r.Bad:
		c.State, c.Color = &look.Trouble, look.Bad
	case r.Next:
		c.State = &look.Done
	}
	return c
}

// shown reads the list again and again until hidden.
func (s *saves) shown()  { s.reader.start() }
func (s *saves) hidden() { s.reader.stop() }

func (s *saves) take(list api.SaveList) {
	s.list, s.known = list, true
	s.show()
}

func (s *saves) unread(err *api.Error) {
	s.next.Set(lang.L("The saves can't be listed: {{.why}}", with{"why": err.Message}), look.Bad)
}

func (s *saves) place() string {
	return []string{liveSaves, backups, binSaves}[max(0, s.area.SelectedIndex())]
}

func (s *saves) show() {
	var rows []view.Save
	var none, next string
	switch s.place() {
	case backups:
		rows, none = view.Saves(s.list.Backups, ""), lang.L("There is no backup yet.")
		next = lang.L("Kept of each reason: {{.count}} backups, {{.days}} days, {{.size}}. A start makes one of the save that it replaces.",
			with{"count": s.list.Keep.Count, "days": s.list.Keep.Days, "size": api.BytesText(s.list.Keep.Bytes)})
	case binSaves:
		rows, none, next = view.Saves(s.list.Bin, ""), lang.L("The bin is empty."), lang.L("What is deleted stays here for a week.")
	default:
		rows, none = view.Saves(s.list.Saves, s.list.Next), lang.L("No save yet. The first start makes a map; “New map…” and “Upload…” bring one before.")
		if next = s.list.Why; s.list.Next != "" {
			next = lang.L("A start loads “{{.save}}”: {{.why}}.", with{"save": s.list.Next, "why": s.list.Why})
		}
	}
	if len(rows) > 0 || !s.known {
		none = ""
	}
	s.table.SetRows(rows)
	s.none.Set(none, look.Muted)
	s.next.Set(next, look.Muted)
	s.point()
}

// point enables what can be done with the selection.
func (s *saves) point() {
	selected := s.table.Selected()
	enable(s.load, s.place() == liveSaves && len(selected) == 1 && !selected[0].Bad)
	enable(s.more, len(selected) > 0 || s.place() == backups)
}

// one calls f with the selected save, if it is one.
func (s *saves) one(f func(view.Save)) {
	if selected := s.table.Selected(); len(selected) == 1 {
		f(selected[0])
	}
}

func (s *saves) openMenu() {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(s.more).AddXY(0, s.more.Size().Height)
	widget.ShowPopUpMenuAtPosition(s.menu(), s.Frame.Window().Canvas(), at)
}

// menu is what can be done with the selected saves.
func (s *saves) menu() *fyne.Menu {
	selected := s.table.Selected()
	item := func(title string, alone bool, do func(view.Save)) *fyne.MenuItem {
		m := fyne.NewMenuItem(title, func() {
			for _, r := range selected {
				do(r)
			}
		})
		m.Disabled = len(selected) == 0 || alone && len(selected) != 1
		return m
	}
	download := item(lang.L("Download…"), true, s.askDownload)
	transfer := item(lang.L("Copy to another instance…"), true, s.askTransfer)
	removal := item(lang.L("Remove for good…"), true, s.askRemove)
	switch s.place() {
	case backups:
		return fyne.NewMenu("", item(lang.L("Make a save of it…"), true, func(r view.Save) { s.askName(lang.L("Make a save of it"), r, api.TakeBackup) }),
			download, transfer, fyne.NewMenuItemSeparator(), removal, fyne.NewMenuItem(lang.L("What is kept…"), s.askKeep))
	case binSaves:
		return fyne.NewMenu("", item(lang.L("Restore…"), true, func(r view.Save) { s.askName(lang.L("Restore"), r, api.RestoreSave) }), download, transfer,
			fyne.NewMenuItemSeparator(), removal)
	}
	copyTitle := lang.L("Copy…")
	if len(selected) == 1 && selected[0].Autosave {
		copyTitle = lang.L("Promote to a save…")
	}
	return fyne.NewMenu("",
		item(lang.L("Rename…"), true, func(r view.Save) { s.askName(lang.L("Rename"), r, api.RenameSave) }),
		item(copyTitle, true, func(r view.Save) { s.askName(lang.L("Copy"), r, api.CopySave) }),
		item(lang.L("Back up"), false, func(r view.Save) { s.change(api.BackUpSave, r, "") }),
		download, transfer, fyne.NewMenuItemSeparator(),
		item(lang.L("Delete"), false, func(r view.Save) { s.change(api.DeleteSave, r, "") }))
}

// change does what is done at once.
func (s *saves) change(action string, r view.Save, to string) {
	s.send(map[string]string{
		api.ChooseSave: lang.L("Load {{.save}} at the next start", with{"save": r.Name}), api.DeleteSave: lang.L("Move {{.save}} into the bin", with{"save": r.Name}),
		api.BackUpSave: lang.L("Back up {{.save}}", with{"save": r.Name}), api.RenameSave: lang.L("Rename {{.save}}", with{"save": r.Name}),
		api.CopySave: lang.L("Copy {{.save}}", with{"save": r.Name}), api.RestoreSave: lang.L("Restore {{.save}}", with{"save": r.Name}),
		api.TakeBackup: lang.L("Make a save of a backup of {{.save}}", with{"save": r.Name}), api.RemoveSave: lang.L("Remove {{.save}} for good", with{"save": r.Name}),
	}[action], api.ChangeSave{Action: action, Save: r.ID, To: to})
}

func (s *saves) send(words string, r api.ChangeSave) {
	r.Instance = s.id
	s.try(s.problem, words, "", func(ctx context.Context) error {
		list, err := s.Service.ChangeSave(ctx, s.Caller, r)
		if err == nil {
			s.Frame.Do(func() { s.take(list) })
		}
		return err
	}, nil)
}

// carry begins what takes long, and shows what has come of it.
func (s *saves) carry(words string, begin func(ctx context.Context) (api.Task, error)) {
	s.Params.carry(s.problem, words, begin, func(bool) { s.reader.again() })
}

// upload brings files of this computer to the instance.
func (s *saves) upload(paths []string) {
	for _, path := range paths {
		s.carry(lang.L("Upload {{.file}} to {{.instance}}", with{"file": filepath.Base(path), "instance": s.name()}), func(ctx context.Context) (api.Task, error) {
			return s.Service.UploadSave(ctx, s.Caller, api.UploadSave{Instance: s.id, Path: path})
		})
	}
}

func (s *saves) askUpload() {
	s.openFile(func(path string) { s.upload([]string{path}) }, ".zip")
}

func (s *saves) askDownload(r view.Save) {
	area := s.place()
	s.saveFile(r.Name, func(file fyne.URIWriteCloser) {
		path := file.URI().Path()
		file.Close()
		s.carry(lang.L("Download {{.save}}", with{"save": r.Name}), func(ctx context.Context) (api.Task, error) {
			return s.Service.DownloadSave(ctx, s.Caller, api.DownloadSave{Instance: s.id, Area: area, Save: r.ID, Path: path, Replace: true})
		})
	})
}
