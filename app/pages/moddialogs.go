package pages

import (
	"context"
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

// downloadMods fetches mods from the portal into the store; the account is asked for only if there is none.
func (p Params) downloadMods(problem *widgets.ErrorCard, words string, mods []api.ModVersion, ended func(done bool)) {
	p.carry(problem, words, func(ctx context.Context) (api.Task, error) {
		return p.Service.DownloadMods(ctx, p.Caller, api.DownloadMods{Mods: mods})
	}, ended)
}

// chooseVersion asks for one of the versions of a mod that there are for a version of the game.
func (p Params) chooseVersion(name, title, game, now, verb string, take func(version string)) {
	version := widgets.NewSelect(nil, nil)
	hint, problem := words(lang.L("The mod portal is asked for its versions…")), widgets.NewErrorCard().Lasting()
	var d *widgets.Dialog
	use := primary(verb, theme.ConfirmIcon(), func() {
		d.Hide()
		take(version.Selected)
	})
	use.Disable()
	version.OnChanged = func(v string) { enable(use, v != "" && v != now) }
	cancel := ask(p, problem, func(ctx context.Context) (api.ModDetails, error) {
		return p.Service.ModDetails(ctx, p.Caller, api.AskMod{Name: name})
	}, func(m api.ModDetails) {
		hint.SetText(lang.L("Versions for Factorio {{.game}}. Dependencies are looked at before anything is changed.", with{"game": game}))
		if m.Problem != "" {
			problem.Say(m.Problem, lang.L("What is stored can be chosen all the same."))
		}
		version.SetOptions(view.ReleasesFor(m.Releases, game))
		version.SetSelected(now)
	})
	d = p.newDialog(lang.L("Version of {{.mod}}", with{"mod": title}), container.NewVBox(hint, version, problem))
	d.Buttons(lang.L("Cancel"), use)
	d.OnClosed(cancel)
	d.Show()
}

const typingPause = 20 * time.Millisecond

// portalTable is a table of what was found on the portal; a wide one has room for summaries.
func portalTable(p Params, wide bool) *widgets.Table[view.PortalMod] {
	columns := []widgets.Column[view.PortalMod]{
		{ID: "title", Title: lang.L("Mod"), Cell: portalTitle},
		{ID: "owner", Title: lang.L("Owner"), Width: 130, Cell: func(r view.PortalMod) widgets.Cell { return widgets.Cell{Text: r.Owner} }},
		{ID: "downloads", Title: lang.L("Downloads"), Width: 96, Right: true, Cell: func(r view.PortalMod) widgets.Cell { return widgets.Cell{Text: view.Count(r.Downloads)} }},
		{ID: "version", Title: lang.L("Newest"), Width: 80, Cell: func(r view.PortalMod) widgets.Cell { return widgets.Cell{Text: r.Version} }},
		{ID: "game", Title: lang.L("Factorio"), Width: 72, Cell: func(r view.PortalMod) widgets.Cell { return widgets.Cell{Text: r.Game, Color: look.Muted} }},
	}
	if wide {
		columns = slices.Insert(columns, 1, widgets.Column[view.PortalMod]{ID: "summary", Title: lang.L("Summary"), Width: 310, Cell: func(r view.PortalMod) widgets.Cell {
			return widgets.Cell{Text: r.Summary, Color: look.Muted, Tip: r.Summary}
		}})
	}
	return widgets.NewTable(p.Frame, p.Tips, func(r view.PortalMod) string { return r.Name }, columns...)
}

func portalTitle(r view.PortalMod) widgets.Cell {
	c := widgets.Cell{Text: r.Title, Tip: strings.TrimSpace(r.Name + ": " + r.Summary)}
	switch {
	case r.Stored:
		done := look.Done
		c.State, c.Tip = &done, lang.L("{{.name}}: some version of it is stored", with{"name": r.Name})
	case r.Deprecated:
		old := look.Disconnected
		c.State, c.Color, c.Tip = &old, look.Muted, lang.L("{{.name}}: its owner calls it deprecated", with{"name": r.Name})
	}
	return c
}

// picking is the dialog in which a mod of the portal is found.
type picking struct {
	Params
	game   string
	search *view.Search[api.SearchPortal, api.PortalPage]
	entry  *widgets.Entry
	table  *widgets.Table[view.PortalMod]
	words  *widgets.Text
	take   func(name, title string)
	add    *widgets.Button
	dialog *widgets.Dialog
}

// pickMod lets the user find mods for a version of the game; take gets the one that is chosen.
func (p Params) pickMod(title, game string, take func(name, title string)) {
	d := &picking{Params: p, game: game, entry: widgets.NewEntry(p.Frame), table: portalTable(p, true), words: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40), take: take}
	d.search = &view.Search[api.SearchPortal, api.PortalPage]{Pause: typingPause, Go: p.Frame.Go, Do: p.Frame.Do,
		Find: func(ctx context.Context, q api.SearchPortal) (api.PortalPage, error) {
			return p.Service.SearchPortal(ctx, p.Caller, q)
		}, Show: d.show}
	d.entry.SetPlaceHolder(lang.L("Search the mod portal"))
	d.entry.OnChanged = func(string) { d.search.Ask(d.query()) }
	d.entry.OnSubmitted = func(string) { d.choose() }
	d.add = primary(lang.L("Add"), theme.ContentAddIcon(), d.choose)
	d.table.OnSelect = func() { enable(d.add, len(d.table.Selected()) == 1) }
	d.table.OnOpen = func(view.PortalMod) { d.choose() }
	d.add.Disable()
	d.dialog = p.newDialog(title, container.NewBorder(d.entry, d.words, nil, nil, d.table))
	d.dialog.Buttons(lang.L("Cancel"), d.add)
	d.dialog.OnClosed(d.search.Stop)
	d.dialog.Resize(fyne.NewSize(920, 600))
	d.dialog.Show()
	d.search.Now(d.query())
	p.Frame.Window().Canvas().Focus(d.entry)
}

func (d *picking) query() api.SearchPortal {
	return api.SearchPortal{Text: d.entry.Text, Game: view.GameLine(d.game), Limit: portalPage}
}

func (d *picking) show(_ api.SearchPortal, page api.PortalPage, err error) {
	if err != nil {
		d.words.Set(api.AsError(err).Message, look.Bad)
		return
	}
	d.table.SetRows(view.PortalMods(page.Mods))
	d.words.Set(lang.L("Showing {{.shown}} of {{.all}}", with{"shown": len(page.Mods), "all": view.Count(int64(page.Found))})+" · "+view.PortalWords(page, time.Now()), look.Muted)
}

// choose takes the selected mod, or the only one that was found.
func (d *picking) choose() {
	rows := d.table.Selected()
	if len(rows) == 0 && len(d.table.Rows()) == 1 {
		rows = d.table.Rows()
	}
	if len(rows) == 1 {
		d.dialog.Hide()
		d.take(rows[0].Name, rows[0].Title)
	}
}
