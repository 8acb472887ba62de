package pages

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// packMods is the part of a pack's screen with its mods.
type packMods struct {
	*Pack
	filter  *widgets.Entry
	table   *widgets.Table[view.PackMod]
	body    *fyne.Container
	empty   fyne.CanvasObject
	nothing fyne.CanvasObject // matches the filter
	on      *widgets.Button
	pin     *widgets.Button
	version *widgets.Button
	remove  *widgets.Button
	fetch   *widgets.Button
	update  *widgets.Button
	footer  *widgets.Text
	content fyne.CanvasObject
}

func newPackMods(s *Pack) *packMods {
	m := &packMods{Pack: s, filter: widgets.NewEntry(s.Frame), body: container.NewStack(), footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	m.filter.SetPlaceHolder(lang.L("Filter mods"))
	m.filter.OnChanged = func(string) { m.show() }
	m.table = arranged(s.Params, "pack-mods", m.makeTable())
	m.table.OnSelect = m.point
	m.table.OnOpen = func(r view.PackMod) { m.askVersion(r) }
	m.table.Menu = m.menu
	m.on = widgets.NewButton(lang.L("Switch off"), m.toggle)
	m.pin = widgets.NewButton(lang.L("Pin"), m.togglePin)
	m.version = widgets.NewButton(lang.L("Version…"), func() {
		if rows := m.table.Selected(); len(rows) == 1 {
			m.askVersion(rows[0])
		}
	})
	m.remove = widgets.NewButtonWithIcon(lang.L("Remove"), theme.DeleteIcon(), m.drop)
	m.fetch = widgets.NewButtonWithIcon(lang.L("Download missing"), theme.DownloadIcon(), m.download)
	m.update = widgets.NewButton("", m.newest)
	add := widgets.NewButtonWithIcon(lang.L("Add…"), theme.ContentAddIcon(), m.askAdd)
	m.empty = widgets.Empty(look.ModsIcon, lang.L("No mods in this pack yet. Add some from the mod portal or from those that are stored."), widgets.NewButtonWithIcon(lang.L("Add…"), theme.ContentAddIcon(), m.askAdd))
	top := widgets.Tools(m.filter, 220, widgets.NewBar(m.on, m.pin, m.version, m.remove, m.fetch, m.update, add))
	m.content = container.NewBorder(top, m.footer, nil, nil, m.body)
	m.nothing = noMatch(func() { m.filter.SetText("") })
	m.body.Objects = []fyne.CanvasObject{m.table}
	m.point()
	return m
}

func (m *packMods) makeTable() *widgets.Table[view.PackMod] {
	return widgets.NewTable(m.Frame, m.Tips, func(r view.PackMod) string { return r.Name },
		widgets.Column[view.PackMod]{ID: "title", Title: lang.L("Mod"), Cell: packModTitle, Order: func(a, b view.PackMod) int {
			return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
		}},
		widgets.Column[view.PackMod]{ID: "name", Title: lang.L("Internal name"), Cell: func(r view.PackMod) widgets.Cell { return widgets.Cell{Text: r.Name, Color: look.Muted} },
			Order: func(a, b view.PackMod) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.PackMod]{ID: "version", Title: lang.L("Version"), Width: 100, Cell: func(r view.PackMod) widgets.Cell { return widgets.Cell{Text: r.Version} }},
		widgets.Column[view.PackMod]{ID: "pin", Title: lang.L("Pinned"), Width: 70, Cell: packModPin},
		widgets.Column[view.PackMod]{ID: "size", Title: lang.L("Size"), Width: 90, Right: true, Cell: func(r view.PackMod) widgets.Cell {
			if r.Size == 0 {
				return widgets.Cell{}
			}
			return widgets.Cell{Text: api.BytesText(r.Size), Color: look.Muted}
		}, Order: func(a, b view.PackMod) int { return int(min(max(a.Size-b.Size, -1), 1)) }},
		widgets.Column[view.PackMod]{ID: "state", Title: lang.L("State"), Width: 220, Cell: packModState})
}

func packModTitle(r view.PackMod) widgets.Cell {
	state := look.InstanceState("stopped")
	c := widgets.Cell{Text: r.Title, State: &state, Color: look.Muted}
	if r.On {
		done := look.Done
		c.State, c.Color = &done, ""
	} else {
		c.Text += " " + lang.L("(off)")
	}
	return c
}

func packModPin(r view.PackMod) widgets.Cell {
	if r.Pinned {
		return widgets.Cell{Text: lang.L("pinned"), Color: look.Info, Tip: lang.L("Updates leave it at its version.")}
	}
	return widgets.Cell{}
}

func packModState(r view.PackMod) widgets.Cell {
	c := widgets.Cell{Text: r.StateWord(), Color: look.Muted, Tip: r.StateWord()}
	if r.Trouble() {
		trouble := look.Trouble
		c.State, c.Color = &trouble, look.Bad
		if r.Problem == "" {
			c.Color, c.Tip = look.Busy, lang.L("The controller does not keep its file yet: press Download missing.")
			c.State = &look.WantsToJoin
		}
	}
	return c
}

func (m *packMods) show() {
	var rows []view.PackMod
	all := view.PackMods(m.pack.List)
	for _, r := range all {
		if view.Matches(m.filter.Text, r.Title, r.Name, r.Version) {
			rows = append(rows, r)
		}
	}
	m.table.SetRows(rows)
	want := fyne.CanvasObject(m.table)
	switch {
	case len(all) == 0:
		want = m.empty
	case len(rows) == 0:
		want = m.nothing
	}
	if m.body.Objects[0] != want {
		m.body.Objects = []fyne.CanvasObject{want}
		m.body.Refresh()
	}
	var size int64
	for _, r := range all {
		size += r.Size
	}
	m.footer.Set(lang.L("Showing {{.shown}} of {{.all}} · {{.size}} in all", with{"shown": len(rows), "all": len(all), "size": api.BytesText(size)}), look.Muted)
	missing := len(view.MissingMods(m.pack.List))
	enable(m.fetch, missing > 0)
	text := lang.L("Download missing")
	if missing > 0 {
		text = fmt.Sprintf("%s (%d)", text, missing)
	}
	m.fetch.SetText(text)
	m.point()
}

// point makes the buttons say what they do with the selection.
func (m *packMods) point() {
	rows := m.table.Selected()
	on, pinned, own := false, false, false
	for _, r := range rows {
		on, pinned, own = on || r.On, pinned || r.Pinned, own || r.BuiltIn
	}
	text, pin, update := lang.L("Switch off"), lang.L("Pin"), lang.L("Update all…")
	if len(rows) > 0 {
		update = lang.L("Update…")
	}
	if len(rows) > 0 && !on {
		text = lang.L("Switch on")
	}
	if pinned {
		pin = lang.L("Unpin")
	}
	m.on.SetText(text)
	m.pin.SetText(pin)
	m.update.SetText(update)
	enable(m.on, len(rows) > 0)
	enable(m.pin, len(rows) > 0 && !own)
	enable(m.version, len(rows) == 1 && !own)
	enable(m.remove, len(rows) > 0 && !own)
}

func (m *packMods) menu() *fyne.Menu {
	item := func(b *widgets.Button) *fyne.MenuItem {
		i := fyne.NewMenuItem(b.Text, b.OnTapped)
		i.Disabled = b.Disabled()
		return i
	}
	return fyne.NewMenu("", item(m.on), item(m.pin), item(m.version), fyne.NewMenuItemSeparator(), item(m.remove))
}

// plan shows what a change would do before anything is touched.
func (m *packMods) plan(r api.PlanPack) {
	r.Pack = m.id
	m.askPlan(m.problem, m.pack.Name, r, m.reader.again)
}

func (m *packMods) selected() (names []string) {
	for _, r := range m.table.Selected() {
		names = append(names, r.Name)
	}
	return names
}

func (m *packMods) toggle() {
	if m.on.Text == lang.L("Switch on") {
		m.plan(api.PlanPack{Enable: m.selected()})
	} else {
		m.plan(api.PlanPack{Disable: m.selected()})
	}
}

func (m *packMods) togglePin() {
	pinned := m.pin.Text == lang.L("Pin")
	var changes []api.ChangePackMod
	for _, name := range m.selected() {
		changes = append(changes, api.ChangePackMod{Name: name, Pinned: &pinned})
	}
	m.edit(m.pin.Text+" "+view.Some(m.selected(), 3), api.EditPack{Mods: changes})
}

func (m *packMods) drop() { m.plan(api.PlanPack{Remove: m.selected()}) }

// newest brings the selected mods, or all, to the newest releases that go together.
func (m *packMods) newest() {
	if names := m.selected(); len(names) > 0 {
		m.plan(api.PlanPack{Update: names})
	} else {
		m.plan(api.PlanPack{UpdateAll: true})
	}
}

// download fetches what the controller does not keep.
func (m *packMods) download() {
	var wanted []api.ModVersion
	for _, mod := range view.MissingMods(m.pack.List) {
		wanted = append(wanted, api.ModVersion{Name: mod.Name, Version: mod.Version})
	}
	m.downloadMods(m.problem, lang.L("Download {{.n}} mods of {{.pack}}", with{"n": len(wanted), "pack": m.pack.Name}), wanted, func(bool) { m.reader.again() })
}

// askVersion lets the user choose which version of a mod the pack has.
func (m *packMods) askVersion(r view.PackMod) {
	if r.BuiltIn {
		return
	}
	m.chooseVersion(r.Name, r.Title, m.pack.Game, r.Version, lang.L("Plan…"), func(version string) {
		m.plan(api.PlanPack{Add: []api.WantMod{{Name: r.Name, Version: version}}})
	})
}

// askAdd finds a mod and adds it, with what it needs.
func (m *packMods) askAdd() {
	m.pickMod(lang.L("Add a mod to {{.name}}", with{"name": m.pack.Name}), m.pack.Game, func(name, _ string) {
		m.plan(api.PlanPack{Add: []api.WantMod{{Name: name}}})
	})
}
