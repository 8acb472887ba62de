package pages

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Packs shows the mod packs.
type Packs struct {
	Params
	*listPage
	table  *widgets.Table[view.Pack]
	all    []view.Pack
	known  bool // the list has come
	reader *reader[[]api.PackRow]
	empty  fyne.CanvasObject
	open   *widgets.Button
}

// NewPacks makes the screen.
func NewPacks(p Params) *Packs {
	s := &Packs{Params: p}
	s.reader = newReader(p, func(ctx context.Context) ([]api.PackRow, error) { return p.Service.Packs(ctx, p.Caller) }, s.take, func(err *api.Error) {
		s.problem.Say(err.Message, err.Next)
	})
	s.table = arranged(p, view.PacksPage, s.makeTable())
	s.listPage = newListPage(p, view.PacksPage, lang.L("Filter packs"), nil, s.refresh)
	s.open = widgets.NewButton(lang.L("Open"), func() {
		if rows := s.table.Selected(); len(rows) == 1 {
			s.visit(rows[0])
		}
	})
	create := func() *widgets.Button { return primary(lang.L("New pack…"), theme.ContentAddIcon(), s.AskCreate) }
	for _, b := range []fyne.CanvasObject{s.open, widgets.NewButtonWithIcon(lang.L("Import…"), theme.DownloadIcon(), func() { s.AskImport("") }), create()} {
		s.listPage.buttons.Add(b)
	}
	s.table.OnSelect = func() { enable(s.open, len(s.table.Selected()) == 1) }
	s.table.OnOpen = s.visit
	s.open.Disable()
	s.empty = widgets.Empty(look.PackIcon, lang.L("No mod pack yet. A pack is mods in exact versions with their settings; instances that use it get them at their next start."), create())
	return s
}

func (s *Packs) makeTable() *widgets.Table[view.Pack] {
	return widgets.NewTable(s.Frame, s.Tips, func(r view.Pack) string { return r.ID },
		widgets.Column[view.Pack]{ID: "name", Title: lang.L("Pack"), Cell: func(r view.Pack) widgets.Cell { return widgets.Cell{Text: r.Name, Tip: r.Words} },
			Order: func(a, b view.Pack) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.Pack]{ID: "game", Title: lang.L("Factorio"), Width: 80, Cell: func(r view.Pack) widgets.Cell { return widgets.Cell{Text: r.Game} }},
		widgets.Column[view.Pack]{ID: "content", Title: lang.L("Content"), Width: 110, Cell: func(r view.Pack) widgets.Cell {
			return widgets.Cell{Text: view.ContentWord(r.Content), Tip: r.WhoJoins}
		}},
		widgets.Column[view.Pack]{ID: "mods", Title: lang.L("Mods"), Width: 140, Right: true, Cell: func(r view.Pack) widgets.Cell { return widgets.Cell{Text: r.ModCount()} },
			Order: func(a, b view.Pack) int { return a.Mods - b.Mods }},
		widgets.Column[view.Pack]{ID: "missing", Title: lang.L("Missing"), Width: 80, Right: true, Cell: packMissing,
			Order: func(a, b view.Pack) int { return a.Missing - b.Missing }},
		widgets.Column[view.Pack]{ID: "instances", Title: lang.L("Used by"), Cell: func(r view.Pack) widgets.Cell { return widgets.Cell{Text: r.Instances, Tip: r.Instances} },
			Order: func(a, b view.Pack) int { return a.Used - b.Used }},
		widgets.Column[view.Pack]{ID: "changed", Title: lang.L("Changed"), Width: 120, Cell: func(r view.Pack) widgets.Cell {
			return widgets.Cell{Text: view.Ago(r.Changed, time.Now()), Color: look.Muted, Tip: view.Moment(r.Changed) + " · " + r.By}
		}, Order: func(a, b view.Pack) int { return a.Changed.Compare(b.Changed) }},
	)
}

func packMissing(r view.Pack) widgets.Cell {
	if r.Missing == 0 {
		return widgets.Cell{Text: "0", Color: look.Muted}
	}
	return widgets.Cell{Text: view.Count(int64(r.Missing)), Color: look.Busy, Tip: lang.L("The controller does not keep their files yet. Open the pack and download them.")}
}

// Shown implements Page.
func (s *Packs) Shown() {
	s.reader.start()
	s.listPage.Shown()
}

// Hidden implements Page.
func (s *Packs) Hidden() {
	s.reader.stop()
	s.listPage.Hidden()
}

func (s *Packs) take(list []api.PackRow) {
	s.all, s.known = view.Packs(list), true
	s.refresh()
}

func (s *Packs) refresh() {
	var rows []view.Pack
	for _, r := range s.all {
		if view.Matches(s.filter.Text, r.Name, r.Words, r.Instances, r.Game) {
			rows = append(rows, r)
		}
	}
	s.table.SetRows(rows)
	if s.known {
		s.show(s.table, s.empty, len(rows), len(s.all))
		s.footer.Set(s.count(len(rows), len(s.all)), look.Muted)
	}
}

func (s *Packs) visit(r view.Pack) {
	s.Frame.Visit(view.Place{Page: view.PacksPage, Pack: r.ID}, r.Name)
}

// Dropped offers to make a pack of a file that was let fall on the page.
func (s *Packs) Dropped(paths []string) { s.AskImport(paths[0]) }
