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

// instanceMods is the part of an instance's screen with its pack and the mods in its folder.
type instanceMods struct {
	Params
	id      string
	row     func() view.Instance // as it is shown
	now     api.InstanceMods
	packs   []api.PackRow
	given   string // name of the pack that it has, as the selection shows it
	pack    *widgets.Select
	words   *widget.Label
	wrong   *widgets.ErrorCard // of its mods
	problem *widgets.ErrorCard // of what the user did last
	table   *widgets.Table[view.InstalledMod]
	footer  *widgets.Text
	reader  *reader[modsAndPacks]
	content fyne.CanvasObject
	more    *widgets.Button
}

// modsAndPacks is what this part reads.
type modsAndPacks struct {
	mods  api.InstanceMods
	packs []api.PackRow
}

func newInstanceMods(p Params, id string, row func() view.Instance) *instanceMods {
	m := &instanceMods{Params: p, id: id, row: row, words: words(""), wrong: widgets.NewErrorCard().Lasting(), problem: widgets.NewErrorCard(), footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	m.reader = newReader(p, m.read, m.show, func(err *api.Error) { m.footer.Set(strings.TrimSpace(err.Message+" "+err.Next), look.Bad) })
	m.pack = widgets.NewSelect([]string{noPack()}, nil)
	m.table = arranged(p, "instance-mods", widgets.NewTable(p.Frame, p.Tips, func(r view.InstalledMod) string { return r.Key },
		widgets.Column[view.InstalledMod]{ID: "title", Title: lang.L("Mod"), Cell: installedTitle, Order: func(a, b view.InstalledMod) int {
			return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
		}},
		widgets.Column[view.InstalledMod]{ID: "version", Title: lang.L("Version"), Width: 100, Cell: func(r view.InstalledMod) widgets.Cell { return widgets.Cell{Text: r.Version} }},
		widgets.Column[view.InstalledMod]{ID: "from", Title: lang.L("From"), Width: 130, Cell: func(r view.InstalledMod) widgets.Cell { return widgets.Cell{Text: r.From, Color: look.Muted} }},
		widgets.Column[view.InstalledMod]{ID: "size", Title: lang.L("Size"), Width: 90, Right: true, Cell: func(r view.InstalledMod) widgets.Cell {
			if r.Size == 0 {
				return widgets.Cell{}
			}
			return widgets.Cell{Text: api.BytesText(r.Size), Color: look.Muted}
		}},
		widgets.Column[view.InstalledMod]{ID: "problem", Title: "", Cell: func(r view.InstalledMod) widgets.Cell {
			return widgets.Cell{Text: r.Problem, Color: look.Bad, Tip: r.Problem}
		}}))
	m.more = widgets.NewButtonWithIcon(lang.L("More"), theme.MoreHorizontalIcon(), m.openMenu)
	open := widgets.NewButton(lang.L("Open the pack"), m.openPack)
	compare := widgets.NewButton(lang.L("Compare…"), m.compare)
	tools := widgets.Tools(container.NewBorder(nil, nil, widgets.NewText(lang.L("Pack"), look.Muted, ""), nil, m.pack), 300, widgets.NewBar(open, compare, m.more))
	m.content = container.NewBorder(container.NewVBox(tools, m.words, m.wrong, m.problem), m.footer, nil, nil, m.table)
	return m
}

func noPack() string { return lang.L("no pack") }

func installedTitle(r view.InstalledMod) widgets.Cell {
	c := widgets.Cell{Text: r.Title, Tip: r.Name}
	state := look.Done
	switch {
	case r.Problem != "":
		state, c.Color = look.Trouble, look.Bad
	case !r.On:
		state, c.Color = look.Disconnected, look.Muted
		c.Text += " " + lang.L("(off)")
	case r.Unused:
		state, c.Color, c.Tip = look.InstanceState("unknown"), look.Muted, lang.L("The game loads another file of this mod.")
	}
	c.State = &state
	return c
}

func (m *instanceMods) read(ctx context.Context) (r modsAndPacks, err error) {
	if r.mods, err = m.Service.InstanceMods(ctx, m.Caller, api.InstanceRef{Instance: m.id}); err == nil {
		r.packs, err = m.Service.Packs(ctx, m.Caller)
	}
	return r, err
}

func (m *instanceMods) show(r modsAndPacks) {
	m.now, m.packs = r.mods, r.packs
	names := []string{noPack()}
	m.given = noPack()
	for _, p := range r.packs {
		names = append(names, p.Name)
		if p.ID == m.row().Pack {
			m.given = p.Name
		}
	}
	m.pack.OnChanged = nil
	m.pack.SetOptions(names)
	m.pack.SetSelected(m.given)
	m.pack.OnChanged = m.assign
	m.words.SetText(view.ModState(r.mods.State))
	m.wrong.Say("", "")
	if wrong := r.mods.State.Problem; wrong != "" {
		m.wrong.Say(wrong, strings.Join(r.mods.Problems, " "))
	} else if len(r.mods.Problems) > 0 {
		m.wrong.Say(r.mods.Problems[0], strings.Join(r.mods.Problems[1:], " "))
	}
	if r.mods.State.Missing > 0 {
		m.wrong.Action(lang.L("Fetch now"), theme.DownloadIcon(), m.fetch)
	} else {
		m.wrong.Action("", nil, nil)
	}
	m.table.SetRows(view.InstalledMods(r.mods.Mods))
	text := lang.L("{{.n}} mods · Factorio {{.version}}", with{"n": len(r.mods.Mods), "version": r.mods.GameVersion})
	if len(r.mods.Aside) > 0 {
		text += " · " + lang.L("put aside and kept: {{.folders}}", with{"folders": view.Some(r.mods.Aside, 3)})
	}
	m.footer.Set(text, look.Muted)
}

// assign gives the instance a pack; its mods come with the next start.
func (m *instanceMods) assign(name string) {
	if name == m.given {
		return
	}
	g := giving{AssignPack: api.AssignPack{Instance: m.id}, words: lang.L("{{.instance}} has no pack any more", with{"instance": m.row().Name})}
	for _, p := range m.packs {
		if p.Name == name {
			g.Pack, g.words = p.ID, lang.L("Give {{.instance}} the pack {{.pack}}", with{"instance": m.row().Name, "pack": name})
		}
	}
	m.give(m.problem, []giving{g}, m.reader.again)
}

// change makes a call and reads what is shown again, however it ended: the selection has to say what is.
func (m *instanceMods) change(words string, call func(context.Context) error) {
	m.try(m.problem, words, "", func(ctx context.Context) error {
		err := call(ctx)
		m.Frame.Do(m.reader.again)
		return err
	}, nil)
}

func (m *instanceMods) openPack() {
	for _, p := range m.packs {
		if p.Name == m.given {
			m.Frame.Visit(view.Place{Page: view.PacksPage, Pack: p.ID}, p.Name)
			return
		}
	}
	m.Frame.Visit(view.Place{Page: view.PacksPage}, "")
}

func (m *instanceMods) fetch() {
	m.carry(m.problem, lang.L("Fetch the mods of {{.instance}}", with{"instance": m.row().Name}), func(ctx context.Context) (api.Task, error) {
		return m.Service.FetchMods(ctx, m.Caller, api.InstanceRef{Instance: m.id})
	}, func(bool) { m.reader.again() })
}

func (m *instanceMods) openMenu() {
	item := func(text string, on bool, do func()) *fyne.MenuItem {
		i := fyne.NewMenuItem(text, do)
		i.Disabled = !on
		return i
	}
	s := m.now.State
	turn := func(call func(api.Service, context.Context, api.Caller, api.InstanceRef) (api.InstanceMods, error), words string) func() {
		return func() {
			m.change(words, func(ctx context.Context) error {
				_, err := call(m.Service, ctx, m.Caller, api.InstanceRef{Instance: m.id})
				return err
			})
		}
	}
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(m.more).AddXY(0, m.more.Size().Height)
	back := lang.L("Go back to the mods before")
	if s.Former != "" {
		back = lang.L("Go back to {{.set}}", with{"set": s.Former})
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("",
		item(back, s.Former != "" && !s.Undone, turn(api.Service.UndoMods, back)),
		item(lang.L("Take that back"), s.Undone, turn(api.Service.RedoMods, lang.L("Take the mods of {{.set}} again", with{"set": s.Wanted}))),
		item(lang.L("Fetch what is missing"), s.Missing > 0, m.fetch),
		fyne.NewMenuItemSeparator(),
		item(lang.L("How they are put there…"), true, m.askPolicy)), driver.CanvasForObject(m.more), at)
}

func (m *instanceMods) askPolicy() {
	ask(m.Params, m.problem, func(ctx context.Context) (api.ModPolicy, error) {
		return m.Service.ModPolicy(ctx, m.Caller, api.InstanceRef{Instance: m.id})
	}, func(was api.ModPolicy) {
		former, unknown := widgets.NewCheck(lang.L("Start with the mods that are there if files of the pack are missing"), nil), widgets.NewCheck(lang.L("Leave mods in the folder that are not of the pack"), nil)
		former.SetChecked(was.OrFormer)
		unknown.SetChecked(was.KeepUnknown)
		m.form(lang.L("Mods of {{.instance}}", with{"instance": m.row().Name}), lang.L("Save"), []*widget.FormItem{
			widget.NewFormItem("", former), widget.NewFormItem("", unknown),
			widget.NewFormItem("", words(lang.L("Without the first, a start for which files are missing is refused. Without the second, others are put aside and kept."))),
		}, func() {
			m.change(lang.L("Change how mods are put into {{.instance}}", with{"instance": m.row().Name}), func(ctx context.Context) error {
				_, err := m.Service.ChangeModPolicy(ctx, m.Caller, api.ChangeModPolicy{Instance: m.id, OrFormer: &former.Checked, KeepUnknown: &unknown.Checked})
				return err
			})
		})
	})
}

// compare shows the mods of server, save and a player side by side.
func (m *instanceMods) compare() {
	table := widgets.NewTable(m.Frame, m.Tips, func(r view.ComparedMod) string { return r.Name },
		widgets.Column[view.ComparedMod]{ID: "name", Title: lang.L("Mod"), Width: 190, Cell: comparedName},
		widgets.Column[view.ComparedMod]{ID: "server", Title: lang.L("Server"), Width: 100, Cell: func(r view.ComparedMod) widgets.Cell { return widgets.Cell{Text: r.Server} }},
		widgets.Column[view.ComparedMod]{ID: "save", Title: lang.L("Save"), Width: 100, Cell: func(r view.ComparedMod) widgets.Cell { return widgets.Cell{Text: r.Save} }},
		widgets.Column[view.ComparedMod]{ID: "client", Title: lang.L("Player"), Width: 100, Cell: func(r view.ComparedMod) widgets.Cell { return widgets.Cell{Text: r.Client} }},
		widgets.Column[view.ComparedMod]{ID: "advice", Title: lang.L("What to do"), Cell: func(r view.ComparedMod) widgets.Cell { return widgets.Cell{Text: r.Advice, Tip: r.Advice} }})
	hint, problem := words(""), widgets.NewErrorCard().Lasting()
	read := func(client string) {
		hint.SetText(lang.L("The mods are compared…"))
		ask(m.Params, problem, func(ctx context.Context) (api.ModComparison, error) {
			return m.Service.CompareMods(ctx, m.Caller, api.CompareMods{Instance: m.id, Client: client})
		}, func(c api.ModComparison) {
			problem.Say("", "")
			text := lang.L("Everything is the same.")
			if !c.Same {
				text = lang.L("What differs stands first.")
			}
			if c.Save == "" {
				text += " " + lang.L("There is no save yet.")
			}
			if c.Client == "" {
				text += " " + lang.L("Choose a player's mod-list.json or folder of mods to compare it too.")
			}
			hint.SetText(strings.TrimSpace(text + " " + strings.Join(c.Advice, " ")))
			table.SetRows(view.ComparedMods(c.Mods))
		})
	}
	d := m.newDialog(lang.L("Mods of server, save and player"), container.NewBorder(container.NewVBox(hint, problem), nil, nil, nil, table))
	d.Buttons(lang.L("Close"), widgets.NewButtonWithIcon(lang.L("Player's folder…"), theme.FolderOpenIcon(), func() { m.openFolder(lang.L("Folder of mods"), read) }),
		widgets.NewButtonWithIcon(lang.L("Player's mod list…"), theme.FileIcon(), func() { m.openFile(read, ".json") }))
	d.Resize(fyne.NewSize(900, 560))
	read("")
	d.Show()
}

func comparedName(r view.ComparedMod) widgets.Cell {
	state := look.Done
	c := widgets.Cell{Text: r.Name}
	if r.State != api.ModSame {
		state, c.Color = look.Trouble, look.Bad
	}
	c.State = &state
	return c
}
