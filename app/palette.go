package app

import (
	"context"
	"image/color"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/pages"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

const (
	paletteRows          = 10
	paletteWidth float32 = 520
)

// palette is the search for everything that can be shown or done, by its words and the keyboard alone.
type palette struct {
	w      *Window
	all    []view.Command
	found  []view.Command
	chosen int
	entry  *widgets.Entry
	rows   []*choice
	none   *widgets.Text
	kept   *view.Search[string, []view.Command] // of what is not in the model: players, mods, packs
}

// commands is everything that can be found.
func (w *Window) commands() []view.Command {
	now := w.model.Now()
	var all []view.Command
	for _, k := range w.keystrokes()[1:] {
		all = append(all, view.Command{Words: k.words, Keys: named(k.key, k.modifier), Do: k.do})
	}
	all = append(all, view.Command{Words: lang.L("New instance…"), Do: func() {
		w.visit(view.Place{Page: view.InstancesPage})
		w.list.AskCreate()
	}})
	all = append(all, view.Command{Words: lang.L("Adopt a server folder…"), Do: func() {
		w.visit(view.Place{Page: view.InstancesPage})
		w.list.AskAdopt()
	}})
	for _, c := range []struct {
		words, page string
		do          func()
	}{
		{lang.L("New pack…"), view.PacksPage, w.packs.AskCreate}, {lang.L("Import a pack…"), view.PacksPage, func() { w.packs.AskImport("") }},
		{lang.L("Import users…"), view.UsersPage, w.users.AskImport}, {lang.L("Search the mod portal"), view.ModsPage, func() { w.mods.Search("") }},
	} {
		all = append(all, view.Command{Words: c.words, Do: func() {
			w.visit(view.Place{Page: c.page})
			c.do()
		}})
	}
	all = append(all, view.Command{Words: lang.L("Keys of users…"), Do: func() { pages.ShowKeys(w.params, "") }})
	all = append(all, view.Command{Words: lang.L("Backups…"), Do: func() { pages.ShowBackups(w.params, w.problem) }})
	if w.params.Computer != nil {
		all = append(all, view.Command{Words: lang.L("Choose the folder of Factorio on this computer…"), Do: w.hosts.AskFactorio})
	}
	for _, i := range now.Instances {
		all = append(all, view.Command{Words: i.Name, Hint: lang.L("instance on {{.host}}", with{"host": i.Host}), Do: func() { w.Open(i.ID) }})
		if i.CanStart {
			all = append(all, view.Command{Words: lang.L("Start {{.name}}", with{"name": i.Name}), Do: func() { w.control.Start(i) }})
		}
		if i.CanStop {
			all = append(all, view.Command{Words: lang.L("Save and stop {{.name}}", with{"name": i.Name}), Do: func() { w.control.Stop(i) }})
		}
	}
	for _, h := range now.Hosts {
		if h.WantsToJoin {
			all = append(all, view.Command{Words: lang.L("Pair {{.name}}", with{"name": h.Name}), Hint: h.Address, Do: func() { w.hosts.AskCode(h) }})
		} else {
			all = append(all, view.Command{Words: h.Name, Hint: lang.L("host"), Do: func() { w.visit(view.Place{Page: view.HostsPage}) }})
		}
	}
	return all
}

func (w *Window) openPalette() {
	p := &palette{w: w, all: w.commands(), entry: widgets.NewEntry(w), none: widgets.NewText(lang.L("Nothing is called so."), look.Muted, "")}
	p.kept = &view.Search[string, []view.Command]{Pause: keptPause, Go: w.Go, Do: w.do, Find: w.findKept, Show: func(_ string, found []view.Command, _ error) {
		if w.popup != nil && len(found) > 0 {
			p.show(found)
		}
	}}
	p.entry.SetPlaceHolder(lang.L("Page, instance, host, player, mod, or what to do"))
	p.entry.OnChanged = func(string) { p.find() }
	p.entry.OnKey = p.key
	p.entry.OnSubmitted = func(string) { p.take(p.chosen) }
	list := container.NewVBox(p.none)
	for i := range paletteRows {
		row := newChoice(func() { p.take(i) })
		p.rows = append(p.rows, row)
		list.Add(row)
	}
	w.closePopup()
	p.find()
	w.open(container.NewVBox(p.entry, list), nil)
	p.fit()
	w.popup.Move(fyne.NewPos((w.window.Canvas().Size().Width-paletteWidth)/2, 48))
	w.window.Canvas().Focus(p.entry)
}

func (p *palette) find() {
	p.show(nil)
	if text := strings.TrimSpace(p.entry.Text); len([]rune(text)) >= keptFrom {
		p.kept.Ask(text)
	} else {
		p.kept.Stop()
	}
}

// show shows what was found, with the rest of it when that has come.
func (p *palette) show(kept []view.Command) {
	p.found, p.chosen = view.Find(p.entry.Text, p.all), 0
	p.found = append(p.found[:min(len(p.found), paletteRows-min(len(kept), keptRows))], kept...)
	p.none.Hidden = len(p.found) > 0
	p.mark()
	p.fit()
}

const (
	keptFrom  = 2 // letters
	keptRows  = 6 // of the rows
	keptPause = 20 * time.Millisecond
	keptEach  = 3 // players, and mods, and packs
)

// findKept searches for players, stored mods and packs. What can't be asked is not found.
func (w *Window) findKept(ctx context.Context, text string) (found []view.Command, err error) {
	s, c := w.params.Service, w.params.Caller
	if users, err := s.Users(ctx, c, api.FindUsers{Text: text, Limit: keptEach}); err == nil {
		for _, u := range users.Users {
			found = append(found, view.Command{Words: u.Name, Hint: lang.L("player"), Do: func() {
				w.visit(view.Place{Page: view.UsersPage})
				w.users.Search(u.Name)
			}})
		}
	}
	if packs, err := s.Packs(ctx, c); err == nil {
		for _, p := range packs {
			if len(found) < 2*keptEach && view.Matches(text, p.Name) {
				found = append(found, view.Command{Words: p.Name, Hint: lang.L("mod pack"), Do: func() { w.Visit(view.Place{Page: view.PacksPage, Pack: p.ID}, p.Name) }})
			}
		}
	}
	if mods, err := s.SearchPortal(ctx, c, api.SearchPortal{Text: text, Limit: keptEach}); err == nil {
		for _, m := range mods.Mods {
			found = append(found, view.Command{Words: m.Title, Hint: lang.L("mod {{.name}}", with{"name": m.Name}), Do: func() {
				w.visit(view.Place{Page: view.ModsPage})
				w.mods.Search(m.Name)
			}})
		}
	}
	return found, ctx.Err()
}

// fit makes the popup as high as what was found.
func (p *palette) fit() {
	if open := p.w.popup; open != nil {
		open.Resize(fyne.NewSize(paletteWidth, open.MinSize().Height))
	}
}

func (p *palette) key(e *fyne.KeyEvent) bool {
	n := min(len(p.found), paletteRows)
	switch {
	case e.Name == fyne.KeyDown && n > 0:
		p.chosen = (p.chosen + 1) % n
	case e.Name == fyne.KeyUp && n > 0:
		p.chosen = (p.chosen + n - 1) % n
	default:
		return false
	}
	p.mark()
	return true
}

func (p *palette) mark() {
	for i, row := range p.rows {
		if row.Hidden = i >= len(p.found); !row.Hidden {
			c := p.found[i]
			hint := c.Hint
			if c.Keys != "" {
				hint = c.Keys
			}
			row.set(c.Words, hint, i == p.chosen)
		}
	}
}

func (p *palette) take(i int) {
	if i < len(p.found) {
		p.w.closePopup()
		p.found[i].Do()
	}
}

// choice is a row that can be chosen: words, and a hint at its right edge.
type choice struct {
	widget.BaseWidget
	words, hint string
	chosen      bool
	hovered     bool
	onTap       func()
}

var (
	_ fyne.Tappable     = (*choice)(nil)
	_ desktop.Hoverable = (*choice)(nil)
)

func newChoice(onTap func()) *choice {
	c := &choice{onTap: onTap}
	c.ExtendBaseWidget(c)
	return c
}

func (c *choice) set(words, hint string, chosen bool) {
	c.words, c.hint, c.chosen = words, hint, chosen
	c.Refresh()
}

func (c *choice) Tapped(*fyne.PointEvent)        { c.onTap() }
func (c *choice) MouseIn(*desktop.MouseEvent)    { c.hovered = true; c.Refresh() }
func (c *choice) MouseMoved(*desktop.MouseEvent) {}
func (c *choice) MouseOut()                      { c.hovered = false; c.Refresh() }
func (c *choice) MinSize() fyne.Size             { return fyne.NewSize(200, look.RowHeight) }

func (c *choice) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(color.Transparent)
	ground.CornerRadius = 4
	words, hint := widgets.NewText("", "", "").Cut(100), widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(160)
	row := container.NewBorder(nil, nil, nil, container.NewCenter(hint), words)
	r := &choiceRenderer{WidgetRenderer: widget.NewSimpleRenderer(container.NewStack(ground, container.NewPadded(row))), choice: c, ground: ground, words: words, hint: hint}
	r.Refresh()
	return r
}

type choiceRenderer struct {
	fyne.WidgetRenderer
	choice      *choice
	ground      *canvas.Rectangle
	words, hint *widgets.Text
}

func (r *choiceRenderer) Refresh() {
	r.ground.FillColor = color.Transparent
	switch {
	case r.choice.chosen:
		r.ground.FillColor = theme.Color(theme.ColorNameSelection)
	case r.choice.hovered:
		r.ground.FillColor = theme.Color(theme.ColorNameHover)
	}
	r.words.Set(r.choice.words, "")
	r.hint.Set(r.choice.hint, look.Muted)
	r.WidgetRenderer.Refresh()
}
