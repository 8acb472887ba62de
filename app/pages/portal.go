package pages

import (
	"context"
	"net/url"
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

const (
	portalPage     = 100  // rows that are asked for at a time; the next ones when the last comes into sight
	maxDescription = 3000 // letters of a mod's description that are shown
)

// portal is the part with the search of the mod portal. The controller keeps the portal's list, so it works without internet.
type portal struct {
	*Mods
	entry      *widgets.Entry
	game       *widgets.Select
	category   *widgets.Select
	deprecated *widgets.Check
	table      *widgets.Table[view.PortalMod]
	rows       []view.PortalMod
	page       api.PortalPage
	search     *view.Search[api.SearchPortal, api.PortalPage]
	more       bool // the next rows are asked for
	detail     *detail
	details    api.ModDetails
	asking     func() // ends the question for details
	chosen     string
	get        *widgets.Button
	version    *widgets.Button
	footer     *widgets.Text
	content    fyne.CanvasObject
}

func newPortal(s *Mods) *portal {
	p := &portal{Mods: s, entry: widgets.NewEntry(s.Frame), table: portalTable(s.Params, false), detail: newDetail(), asking: func() {},
		footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	p.search = &view.Search[api.SearchPortal, api.PortalPage]{Pause: typingPause, Go: s.Frame.Go, Do: s.Frame.Do,
		Find: func(ctx context.Context, q api.SearchPortal) (api.PortalPage, error) {
			return s.Service.SearchPortal(ctx, s.Caller, q)
		}, Show: p.show}
	p.entry.SetPlaceHolder(lang.L("Search the mod portal"))
	p.entry.OnChanged = func(string) { p.search.Ask(p.query(0)) }
	now := func(string) { p.search.Now(p.query(0)) }
	p.game = widgets.NewSelect([]string{lang.L("Any version")}, nil)
	p.game.SetSelectedIndex(0)
	p.game.OnChanged = now
	p.category = widgets.NewSelect([]string{lang.L("Any category")}, nil)
	p.category.SetSelectedIndex(0)
	p.category.OnChanged = now
	p.deprecated = widgets.NewCheck(lang.L("Deprecated too"), func(bool) { now("") })
	p.table.OnSelect = p.choose
	p.table.OnEnd = p.next
	p.table.OnOpen = func(view.PortalMod) { p.download() }
	p.get = primary(lang.L("Download"), theme.DownloadIcon(), p.download)
	p.version = widgets.NewButton(lang.L("Version…"), p.askVersion)
	again := widgets.NewButtonWithIcon("", theme.ViewRefreshIcon(), func() {
		q := p.query(0)
		q.Refresh = true
		p.search.Now(q)
	})
	tools := container.NewVBox(widgets.Tools(p.entry, 400, widgets.NewBar(again, p.version, p.get)),
		spaced(container.NewGridWrap(fyne.NewSize(130, 36), p.game), container.NewGridWrap(fyne.NewSize(150, 36), p.category), p.deprecated))
	split := container.NewHSplit(p.table, p.detail.content)
	split.Offset = 0.68
	p.content = container.NewBorder(tools, p.footer, nil, nil, split)
	p.choose()
	return p
}

func (p *portal) shown() {
	if lines := gameLines(p.gameVersions()); len(p.game.Options) != 1+len(lines) {
		p.game.SetOptions(append([]string{lang.L("Any version")}, lines...))
	}
	p.search.Now(p.query(0))
}

// gameLines are the versions that mods are made for, of those of the game.
func gameLines(versions []string) (lines []string) {
	for _, v := range versions {
		if strings.Count(v, ".") == 1 {
			lines = append(lines, v)
		}
	}
	return lines
}

func (p *portal) hidden() {
	p.search.Stop()
	p.asking()
}

// query is what is searched for, from a row on.
func (p *portal) query(offset int) api.SearchPortal {
	q := api.SearchPortal{Text: p.entry.Text, ShowsDeprecated: p.deprecated.Checked, Offset: offset, Limit: portalPage}
	if p.game.SelectedIndex() > 0 {
		q.Game = p.game.Selected
	}
	if p.category.SelectedIndex() > 0 {
		q.Category = p.category.Selected
	}
	return q
}

// next asks for the rows after those that are shown.
func (p *portal) next() {
	if p.more || len(p.rows) >= p.page.Found || len(p.rows) == 0 {
		return
	}
	p.more = true
	p.search.Now(p.query(len(p.rows)))
}

func (p *portal) show(q api.SearchPortal, page api.PortalPage, err error) {
	p.more = false
	if err != nil {
		shown := api.AsError(err)
		p.footer.Set(strings.TrimSpace(shown.Message+" "+shown.Next), look.Bad)
		return
	}
	rows := view.PortalMods(page.Mods)
	if q.Offset > 0 {
		rows = append(p.rows[:min(q.Offset, len(p.rows)):min(q.Offset, len(p.rows))], rows...)
	} else {
		p.table.ToTop()
	}
	p.rows, p.page = rows, page
	p.table.SetRows(rows)
	if len(page.Categories)+1 != len(p.category.Options) {
		p.category.SetOptions(append([]string{lang.L("Any category")}, page.Categories...))
	}
	text, color := lang.L("Showing {{.shown}} of {{.all}}", with{"shown": view.Count(int64(len(rows))), "all": view.Count(int64(page.Found))})+" · "+view.PortalWords(page, time.Now()), look.Muted
	if page.Problem != "" {
		color = look.Busy
	}
	p.footer.Set(text, color)
	if q.Refresh = false; page.Updating && q.Offset == 0 {
		p.search.Again(q, readEach)
	}
}

// choose shows what the portal tells of the selected mod.
func (p *portal) choose() {
	row, ok := p.selected()
	enable(p.get, ok)
	enable(p.version, ok)
	if row.Name == p.chosen && ok {
		return
	}
	p.asking()
	p.chosen, p.details = row.Name, api.ModDetails{}
	if !ok {
		p.detail.say(lang.L("Select a mod to read about it. A mark in the list says that it is stored already."))
		return
	}
	p.detail.show(row.Title, words(row.Summary), widgets.NewText(lang.L("The mod portal is asked…"), look.Muted, ""))
	p.asking = p.Frame.Go(func(ctx context.Context) {
		m, err := p.Service.ModDetails(ctx, p.Caller, api.AskMod{Name: row.Name})
		if ctx.Err() != nil {
			return
		}
		p.Frame.Do(func() {
			if p.chosen != row.Name {
				return
			}
			if err != nil {
				shown := api.AsError(err)
				p.detail.show(row.Title, words(row.Summary), words(shown.Message+" "+shown.Next))
				return
			}
			p.showDetails(m)
		})
	})
}

func (p *portal) selected() (row view.PortalMod, ok bool) {
	if rows := p.table.Selected(); len(rows) == 1 {
		return rows[0], true
	}
	return row, false
}

func (p *portal) showDetails(m api.ModDetails) {
	p.details = m
	updated, stored := "", []string{}
	if m.UpdatedAt != nil {
		updated = view.Ago(*m.UpdatedAt, time.Now())
	}
	for _, r := range m.Releases {
		if r.Stored {
			stored = append(stored, r.Version)
		}
	}
	known := []fact{
		{lang.L("Owner"), m.Owner}, {lang.L("Downloads"), view.Count(m.Downloads)}, {lang.L("Newest"), strings.TrimSpace(m.Version + " · Factorio " + m.Game)}, {lang.L("Changed"), updated},
		{lang.L("Stored"), view.Some(stored, 6)}, {lang.L("License"), m.License}, {lang.L("Name"), m.Name},
	}
	parts := []fyne.CanvasObject{words(m.Summary)}
	if m.Problem != "" {
		problem := words(m.Problem)
		problem.Importance = widget.WarningImportance
		parts = append(parts, problem)
	}
	parts = append(parts, facts(known...), widget.NewHyperlink(lang.L("Open on mods.factorio.com"), &url.URL{Scheme: "https", Host: "mods.factorio.com", Path: "/mod/" + m.Name}))
	if len(m.Releases) > 0 && len(m.Releases[0].Dependencies) > 0 {
		var lines []string
		for _, d := range m.Releases[0].Dependencies {
			lines = append(lines, view.DependencyWords(d))
		}
		parts = append(parts, part(lang.L("Dependencies of {{.version}}", with{"version": m.Releases[0].Version}), words(strings.Join(lines, "\n"))))
	}
	if m.Description != "" {
		parts = append(parts, part(lang.L("Description"), words(view.Beginning(m.Description, maxDescription))))
	}
	p.detail.show(m.Title, parts...)
}

// download fetches the newest release for the version of the game that is chosen.
func (p *portal) download() {
	row, ok := p.selected()
	if !ok {
		return
	}
	p.fetch(row, api.ModVersion{Name: row.Name, Game: p.query(0).Game})
}

func (p *portal) askVersion() {
	row, ok := p.selected()
	if !ok {
		return
	}
	p.chooseVersion(row.Name, row.Title, p.query(0).Game, "", lang.L("Download"), func(version string) {
		p.fetch(row, api.ModVersion{Name: row.Name, Version: version})
	})
}

func (p *portal) fetch(row view.PortalMod, m api.ModVersion) {
	p.downloadMods(p.problem, lang.L("Download {{.mod}}", with{"mod": strings.TrimSpace(row.Title + " " + m.Version)}), []api.ModVersion{m}, func(done bool) {
		if done && p.inSight && p.tabs.SelectedIndex() == 1 {
			p.search.Now(p.query(0))
		}
	})
}

// showAccount shows by which account mods are downloaded, and lets it be changed.
func (s *Mods) showAccount() {
	ask(s.Params, s.problem, func(ctx context.Context) (api.PortalAccount, error) { return s.Service.PortalAccount(ctx, s.Caller) }, func(a api.PortalAccount) {
		if a.Username == "" {
			s.AskAccount(a.Problem, func() { s.Frame.Toast(lang.L("The account is kept")) })
			return
		}
		where := lang.L("in the keyring of this computer")
		if a.Place == api.TokenInFile {
			where = lang.L("in a file that only you can read")
		}
		text := lang.L("Mods are downloaded as {{.user}}. The token is {{.where}}.", with{"user": a.Username, "where": where})
		if a.Refused {
			text += " " + lang.L("The mod portal has refused it lately.")
		}
		d := s.newDialog(lang.L("Account for the mod portal"), words(strings.TrimSpace(text+" "+a.Problem)))
		d.Buttons(lang.L("Close"), widgets.NewButtonWithIcon(lang.L("Forget it"), theme.LogoutIcon(), func() { d.Hide(); s.forgetAccount() }),
			widgets.NewButton(lang.L("Use another…"), func() {
				d.Hide()
				s.AskAccount("", func() { s.Frame.Toast(lang.L("The account is kept")) })
			}))
		d.Show()
	})
}

func (s *Mods) forgetAccount() {
	s.try(s.problem, lang.L("Forget the account for the mod portal"), lang.L("The account is forgotten"), func(ctx context.Context) error {
		_, err := s.Service.ForgetPortalAccount(ctx, s.Caller)
		return err
	}, nil)
}
