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

// games is the dialog about the copies of Factorio on a host.
type games struct {
	Params
	host     view.Host
	has      api.HostGames
	table    *widgets.Table[view.GameRow]
	hint     *widget.Label
	version  *widgets.SelectEntry
	download *widgets.Button
	remove   *widgets.Button
	problem  *widgets.ErrorCard
}

// ShowGames lists the copies of Factorio on a host, with what is on its way, and gets and removes some.
func ShowGames(p Params, host view.Host) {
	g := newGames(p, host)
	d := p.newDialog(lang.L("Factorio on {{.name}}", with{"name": host.Name}), g.content())
	d.Buttons(lang.L("Close"))
	stop := p.Model.Watch(func(s view.Snapshot) { g.show(s) })
	cancel := ask(p, g.problem, func(ctx context.Context) (api.AvailableGames, error) {
		return p.Service.AvailableGames(ctx, p.Caller, api.AskAvailable{Host: host.ID})
	}, g.offer)
	d.OnClosed(func() { stop(); cancel() })
	d.Resize(fyne.NewSize(820, 460))
	d.Show()
}

func newGames(p Params, host view.Host) *games {
	g := &games{Params: p, host: host, hint: words(""), problem: widgets.NewErrorCard()}
	g.table = widgets.NewTable(p.Frame, p.Tips, func(r view.GameRow) string { return r.ID },
		widgets.Column[view.GameRow]{ID: "version", Title: lang.L("Version"), Width: 90, Cell: func(r view.GameRow) widgets.Cell { return widgets.Cell{Text: r.Version} }},
		widgets.Column[view.GameRow]{ID: "from", Title: lang.L("From"), Width: 110, Cell: func(r view.GameRow) widgets.Cell { return widgets.Cell{Text: r.From, Color: look.Muted} }},
		widgets.Column[view.GameRow]{ID: "words", Title: lang.L("State"), Width: 270, Cell: gameState},
		widgets.Column[view.GameRow]{ID: "folder", Title: lang.L("Folder"), Cell: func(r view.GameRow) widgets.Cell {
			return widgets.Cell{Text: r.Folder, Color: look.Muted, Tip: r.Folder}
		}},
	)
	g.table.OnSelect = g.enable
	g.version = widgets.NewSelectEntry(nil)
	g.version.SetPlaceHolder(lang.L("Version, like 2.0.77 or stable"))
	g.version.OnChanged = func(string) { g.enable() }
	g.version.OnSubmitted = func(string) { g.get() }
	g.download = primary(lang.L("Download"), theme.DownloadIcon(), g.get)
	g.remove = widgets.NewButtonWithIcon(lang.L("Remove"), theme.DeleteIcon(), g.drop)
	return g
}

func gameState(r view.GameRow) widgets.Cell {
	if r.Bad {
		return widgets.Cell{Text: r.Words, Color: look.Bad, Tip: r.Words}
	}
	return widgets.Cell{Text: r.Words, Tip: r.Words}
}

func (g *games) content() fyne.CanvasObject {
	get := container.NewBorder(nil, nil, nil, container.NewHBox(g.download, g.remove), g.version)
	return container.NewBorder(container.NewVBox(g.hint, g.problem), get, nil, nil, g.table)
}

// show shows what the host has by now.
func (g *games) show(s view.Snapshot) {
	if h, ok := s.Host(g.host.ID); ok {
		g.host = h
	}
	g.has = s.Games[g.host.ID]
	rows := view.GameRows(g.has)
	switch {
	case g.has.Known && g.has.Platform == "":
		g.hint.SetText(lang.L("For the system of this host there is no headless server to download: it runs a copy of the game that you own, from Steam or factorio.com."))
	case len(rows) == 0:
		g.hint.SetText(lang.L("There is no Factorio on this host yet. Download the headless server here; it is free and needs no account."))
	default:
		g.hint.SetText(lang.L("Each instance chooses its version. What it wants and is not here is downloaded when it starts."))
	}
	g.table.SetRows(rows)
	g.enable()
}

// offer fills the list of versions.
func (g *games) offer(a api.AvailableGames) {
	if a.Problem != "" && a.Asked == nil {
		g.problem.Say(a.Problem, lang.L("A version can be typed all the same."))
	}
	var options []string
	for _, v := range append([]string{a.Stable, a.Experimental}, a.Versions...) {
		if v != "" && !slices.Contains(options, v) {
			options = append(options, v)
		}
	}
	g.version.SetOptions(options)
	if g.version.Text == "" && len(options) > 0 {
		g.version.SetText(options[0])
	}
	g.enable()
}

func (g *games) enable() {
	able := g.host.Linked && g.has.Platform != ""
	enable(g.download, able && strings.TrimSpace(g.version.Text) != "")
	r, ok := g.selected()
	enable(g.remove, ok && g.host.Linked && (r.Loading || r.Erasable))
	text := lang.L("Remove")
	if ok && r.Loading {
		text = lang.L("Cancel download")
	}
	g.remove.SetText(text)
}

func (g *games) selected() (view.GameRow, bool) {
	if rows := g.table.Selected(); len(rows) == 1 {
		return rows[0], true
	}
	return view.GameRow{}, false
}

func (g *games) get() {
	version := strings.TrimSpace(g.version.Text)
	if g.download.Disabled() {
		return
	}
	g.do(lang.L("Download Factorio {{.version}} to {{.host}}", with{"version": version, "host": g.host.Name}), api.Service.DownloadGame, version)
}

func (g *games) drop() {
	r, ok := g.selected()
	switch {
	case !ok:
	case r.Loading:
		g.do(lang.L("Cancel the download of Factorio {{.version}}", with{"version": r.Version}), api.Service.CancelDownload, r.Version)
	default:
		g.do(lang.L("Remove Factorio {{.version}} from {{.host}}", with{"version": r.Version, "host": g.host.Name}), api.Service.RemoveGame, r.Version)
	}
}

func (g *games) do(words string, call func(api.Service, context.Context, api.Caller, api.GameOn) (api.GameOn, error), version string) {
	g.try(g.problem, words, "", func(ctx context.Context) error {
		_, err := call(g.Service, ctx, g.Caller, api.GameOn{Host: g.host.ID, Version: version})
		return err
	}, nil)
}
