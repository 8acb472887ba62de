package pages

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Mods shows the mods that the controller keeps, and searches the mod portal for others.
type Mods struct {
	Params
	problem *widgets.ErrorCard
	stored  *storedMods
	portal  *portal
	tabs    *container.AppTabs
	content fyne.CanvasObject
	inSight bool
}

// NewMods makes the screen.
func NewMods(p Params) *Mods {
	s := &Mods{Params: p, problem: widgets.NewErrorCard()}
	s.stored, s.portal = newStoredMods(s), newPortal(s)
	s.tabs = container.NewAppTabs(container.NewTabItem(lang.L("Stored"), s.stored.content), container.NewTabItem(lang.L("Mod portal"), s.portal.content))
	s.tabs.OnSelected = func(*container.TabItem) { s.turn() }
	s.content = container.NewPadded(container.NewBorder(s.problem, nil, nil, nil, s.tabs))
	return s
}

// Content implements Page.
func (s *Mods) Content() fyne.CanvasObject { return s.content }

// Shown implements Page.
func (s *Mods) Shown() {
	s.inSight = true
	s.turn()
}

// Hidden implements Page.
func (s *Mods) Hidden() {
	s.inSight = false
	s.stored.reader.stop()
	s.portal.hidden()
}

// turn reads what the selected tab shows.
func (s *Mods) turn() {
	if !s.inSight {
		return
	}
	if s.tabs.SelectedIndex() == 0 {
		s.portal.hidden()
		s.stored.reader.start()
	} else {
		s.stored.reader.stop()
		s.portal.shown()
	}
}

// Find implements Page.
func (s *Mods) Find() {
	filter := s.stored.filter
	if s.tabs.SelectedIndex() == 1 {
		filter = s.portal.entry
	}
	s.Frame.Window().Canvas().Focus(filter)
}

// Search looks for a mod on the portal.
func (s *Mods) Search(text string) {
	s.portal.entry.SetText(text)
	s.tabs.SelectIndex(1)
	s.portal.search.Now(s.portal.query(0))
}

// Dropped uploads what was let fall on the page.
func (s *Mods) Dropped(paths []string) {
	s.tabs.SelectIndex(0)
	s.askUpload(paths)
}

// askUpload shows what an upload would do, and does it if that is wanted. What only has to be taken is not asked about.
func (s *Mods) askUpload(paths []string) {
	r := api.UploadMods{Paths: paths}
	ask(s.Params, s.problem, func(ctx context.Context) ([]api.UploadStep, error) { return s.Service.PlanUpload(ctx, s.Caller, r) }, func(steps []api.UploadStep) {
		if !slices.ContainsFunc(steps, func(step api.UploadStep) bool { return step.Action != api.UploadTakes || step.Why != "" }) && len(steps) > 0 {
			s.upload(r)
			return
		}
		s.showUpload(r, steps)
	})
}

func (s *Mods) showUpload(r api.UploadMods, steps []api.UploadStep) {
	replaced := slices.ContainsFunc(steps, func(step api.UploadStep) bool { return step.Action == api.UploadReplaces })
	taken := slices.ContainsFunc(steps, func(step api.UploadStep) bool { return step.Action == api.UploadTakes })
	text := strings.Join(view.UploadWords(steps), "\n")
	if len(steps) == 0 {
		text = lang.L("There is no mod in it. A mod is a zip file or a folder with an info.json.")
	}
	replace := widgets.NewCheck(lang.L("Replace stored mods of the same version that have another content"), nil)
	replace.Hidden = !replaced
	var d *widgets.Dialog
	take := primary(lang.L("Upload"), theme.UploadIcon(), func() {
		d.Hide()
		r.Replace = replace.Checked
		s.upload(r)
	})
	enable(take, taken)
	replace.OnChanged = func(on bool) { enable(take, taken || on) }
	d = s.newDialog(lang.L("Upload mods"), container.NewVBox(words(text), replace))
	d.Buttons(lang.L("Cancel"), take)
	d.Resize(fyne.NewSize(640, 0))
	d.Show()
}

func (s *Mods) upload(r api.UploadMods) {
	names := make([]string, 0, len(r.Paths))
	for _, p := range r.Paths {
		names = append(names, filepath.Base(p))
	}
	s.carry(s.problem, lang.L("Upload {{.names}}", with{"names": view.Some(names, 3)}), func(ctx context.Context) (api.Task, error) { return s.Service.UploadMods(ctx, s.Caller, r) },
		func(bool) { s.stored.reader.again() })
}

// storedMods is the part with the mods that the controller keeps.
type storedMods struct {
	*Mods
	filter  *widgets.Entry
	bin     *widgets.Check
	table   *widgets.Table[view.StoredMod]
	all     []view.StoredMod
	list    api.ModList
	empty   fyne.CanvasObject
	nothing fyne.CanvasObject // matches the filter
	body    *fyne.Container
	erase   *widgets.Button
	footer  *widgets.Text
	reader  *reader[api.ModList]
	content fyne.CanvasObject
}

func newStoredMods(s *Mods) *storedMods {
	m := &storedMods{Mods: s, filter: widgets.NewEntry(s.Frame), body: container.NewStack(), footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	m.reader = newReader(s.Params, func(ctx context.Context) (api.ModList, error) {
		return s.Service.Mods(ctx, s.Caller, api.ListMods{Bin: m.bin.Checked})
	}, m.take, func(err *api.Error) {
		m.footer.Set(lang.L("The mods can't be listed: {{.why}}", with{"why": err.Message}), look.Bad)
	})
	m.filter.SetPlaceHolder(lang.L("Filter stored mods"))
	m.filter.OnChanged = func(string) { m.show() }
	m.bin = widgets.NewCheck(lang.L("Show the bin"), func(bool) { m.reader.again() })
	m.erase = widgets.NewButtonWithIcon(lang.L("Delete"), theme.DeleteIcon(), m.change)
	upload := primary(lang.L("Upload…"), theme.UploadIcon(), m.browse)
	m.table = arranged(s.Params, view.ModsPage, m.makeTable())
	m.table.OnSelect = m.point
	m.empty = widgets.Empty(look.ModsIcon, lang.L("No mod is stored yet. Find some on the mod portal, or drop zip files here."), widgets.NewButtonWithIcon(lang.L("Search the mod portal"), theme.SearchIcon(), func() { s.tabs.SelectIndex(1) }))
	folder := widgets.NewButtonWithIcon(lang.L("Upload a folder…"), theme.FolderOpenIcon(), m.browseFolder)
	account := widgets.NewButtonWithIcon(lang.L("Account…"), theme.AccountIcon(), s.showAccount)
	top := widgets.Tools(m.filter, 280, widgets.NewBar(account, m.erase, folder, upload), m.bin)
	m.nothing = noMatch(func() { m.filter.SetText("") })
	m.body.Objects = []fyne.CanvasObject{m.table}
	m.content = container.NewBorder(top, m.footer, nil, nil, m.body)
	m.point()
	return m
}

func (m *storedMods) makeTable() *widgets.Table[view.StoredMod] {
	text := func(id, title string, width float32, value func(view.StoredMod) string) widgets.Column[view.StoredMod] {
		return widgets.Column[view.StoredMod]{ID: id, Title: title, Width: width, Cell: func(r view.StoredMod) widgets.Cell { return widgets.Cell{Text: value(r)} },
			Order: func(a, b view.StoredMod) int {
				return strings.Compare(strings.ToLower(value(a)), strings.ToLower(value(b)))
			}}
	}
	title := text("title", lang.L("Mod"), 0, func(r view.StoredMod) string { return r.Title })
	title.Cell = storedTitle
	return widgets.NewTable(m.Frame, m.Tips, func(r view.StoredMod) string { return r.Key },
		title,
		widgets.Column[view.StoredMod]{ID: "version", Title: lang.L("Version"), Width: 90, Cell: func(r view.StoredMod) widgets.Cell { return widgets.Cell{Text: r.Version} }},
		text("game", lang.L("Factorio"), 76, func(r view.StoredMod) string { return r.Game }),
		text("author", lang.L("Author"), 140, func(r view.StoredMod) string { return r.Author }),
		widgets.Column[view.StoredMod]{ID: "size", Title: lang.L("Size"), Width: 90, Right: true, Cell: func(r view.StoredMod) widgets.Cell {
			return widgets.Cell{Text: api.BytesText(r.Size), Color: look.Muted}
		},
			Order: func(a, b view.StoredMod) int { return int(min(max(a.Size-b.Size, -1), 1)) }},
		text("used", lang.L("Used by packs"), 0, func(r view.StoredMod) string { return r.Used }),
		text("from", lang.L("From"), 110, func(r view.StoredMod) string { return r.From }),
		widgets.Column[view.StoredMod]{ID: "added", Title: lang.L("Since"), Width: 110, Cell: storedSince, Order: func(a, b view.StoredMod) int { return a.Added.Compare(b.Added) }})
}

func storedTitle(r view.StoredMod) widgets.Cell {
	c := widgets.Cell{Text: r.Title, Tip: r.Name}
	if r.Problem != "" {
		trouble := look.Trouble
		c.State, c.Color, c.Tip = &trouble, look.Bad, r.Problem
	}
	return c
}

func storedSince(r view.StoredMod) widgets.Cell {
	at := r.Added
	if !r.Deleted.IsZero() {
		at = r.Deleted
	}
	return widgets.Cell{Text: view.Ago(at, time.Now()), Color: look.Muted, Tip: strings.TrimSuffix(view.Moment(at)+" · "+r.By, " · ")}
}

func (m *storedMods) take(list api.ModList) {
	m.list, m.all = list, view.StoredMods(list.Mods)
	m.show()
}

func (m *storedMods) show() {
	var rows []view.StoredMod
	for _, r := range m.all {
		if view.Matches(m.filter.Text, r.Title, r.Name, r.Author, r.Version) {
			rows = append(rows, r)
		}
	}
	m.table.SetRows(rows)
	want := fyne.CanvasObject(m.table)
	switch {
	case len(m.all) == 0 && !m.bin.Checked:
		want = m.empty
	case len(rows) == 0 && len(m.all) > 0:
		want = m.nothing
	}
	if m.body.Objects[0] != want {
		m.body.Objects = []fyne.CanvasObject{want}
		m.body.Refresh()
	}
	text := lang.L("Showing {{.shown}} of {{.all}} · all files take {{.size}}", with{"shown": len(rows), "all": len(m.all), "size": api.BytesText(m.list.Bytes)})
	if m.bin.Checked {
		text += " · " + lang.L("what is deleted stays here for a week")
	}
	color := look.Muted
	if len(m.list.Problems) > 0 {
		text, color = m.list.Problems[0], look.Bad
	}
	m.footer.Set(text, color)
	m.point()
}

// point makes the button say what it does with the selection.
func (m *storedMods) point() {
	text := lang.L("Delete")
	if m.bin.Checked {
		text = lang.L("Restore")
	}
	m.erase.SetText(text)
	enable(m.erase, len(m.table.Selected()) > 0)
}

// change deletes what is selected, or takes it out of the bin. What packs use is kept from that by the controller.
func (m *storedMods) change() {
	restore := m.bin.Checked
	for _, r := range m.table.Selected() {
		ref := api.ModRef{Name: r.Name, Version: r.Version}
		data := with{"mod": r.Title + " " + r.Version}
		text := lang.L("Move {{.mod}} into the bin", data)
		if restore {
			text = lang.L("Take {{.mod}} out of the bin", data)
		}
		m.try(m.problem, text, "", func(ctx context.Context) (err error) {
			if restore {
				_, err = m.Service.RestoreMod(ctx, m.Caller, ref)
			} else {
				_, err = m.Service.DeleteMod(ctx, m.Caller, ref)
			}
			return err
		}, func(t *view.Task) {
			m.Tasks.End(t, "")
			m.reader.again()
		})
	}
}

func (m *storedMods) browse() {
	m.openFile(func(path string) { m.askUpload([]string{path}) }, ".zip")
}

func (m *storedMods) browseFolder() {
	m.openFolder(lang.L("Mod, or folder of mods"), func(path string) { m.askUpload([]string{path}) })
}
