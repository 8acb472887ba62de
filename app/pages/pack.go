package pages

import (
	"context"
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

// Pack shows one mod pack: its mods, their settings, who uses it, and how it came to be.
type Pack struct {
	Params
	id        string
	pack      api.Pack
	known     bool
	name      *widgets.Text
	words     *widgets.Text
	facts     *widgets.Text
	content   fyne.CanvasObject
	selection *widgets.Select // of the parts of the game that are sold apart
	wrong     *widgets.ErrorCard
	problem   *widgets.ErrorCard
	more      *widgets.Button
	assign    *widgets.Button
	tabs      *container.AppTabs
	mods      *packMods
	settings  *packSettings
	history   *widgets.Table[view.PackRevision]
	reader    *reader[api.Pack]
}

// NewPack makes the screen of the pack with this id.
func NewPack(p Params, id string) *Pack {
	s := &Pack{
		Params: p, id: id, name: widgets.NewText("", "", theme.SizeNameHeadingText).Bold().Cut(120), words: widgets.NewText("", "", "").Cut(40),
		facts: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40), wrong: widgets.NewErrorCard().Lasting(), problem: widgets.NewErrorCard(),
	}
	s.reader = newReader(p, func(ctx context.Context) (api.Pack, error) {
		return p.Service.Pack(ctx, p.Caller, api.PackRef{Pack: id})
	}, s.take, s.unread)
	s.more = widgets.NewButtonWithIcon(lang.L("More"), theme.MoreHorizontalIcon(), s.openMenu)
	s.assign = primary(lang.L("Instances…"), theme.StorageIcon(), s.askAssign)
	s.selection = widgets.NewSelect([]string{view.ContentWord(api.ContentBase), view.ContentWord(api.ContentSpaceAge), view.ContentWord(api.ContentOwn)}, nil)
	s.mods, s.settings, s.history = newPackMods(s), newPackSettings(s), s.historyTable()
	s.tabs = container.NewAppTabs(
		container.NewTabItem(lang.L("Mods"), s.mods.content),
		container.NewTabItem(lang.L("Settings"), s.settings.content),
		container.NewTabItem(lang.L("History"), s.historyTab()))
	s.tabs.OnSelected = func(*container.TabItem) { s.turn() }
	title := widgets.Tools(widgets.Heading(s.name, s.words), wholeRow, widgets.NewBar(container.NewGridWrap(fyne.NewSize(140, 36), s.selection), s.more, s.assign))
	s.content = container.NewPadded(container.NewBorder(container.NewVBox(title, s.facts, s.wrong, s.problem), nil, nil, nil, s.tabs))
	return s
}

// Content implements Page.
func (s *Pack) Content() fyne.CanvasObject { return s.content }

// Shown implements Page.
func (s *Pack) Shown() { s.reader.start() }

// Hidden implements Page.
func (s *Pack) Hidden() { s.reader.stop() }

// Find implements Page.
func (s *Pack) Find() {
	filter := s.mods.filter
	if s.tabs.SelectedIndex() == 1 {
		filter = s.settings.filter
	}
	s.Frame.Window().Canvas().Focus(filter)
}

// turn reads what only the selected tab shows.
func (s *Pack) turn() {
	if s.tabs.SelectedIndex() == 1 && s.known {
		s.settings.read()
	}
}

func (s *Pack) unread(err *api.Error) { s.problem.Say(err.Message, err.Next) }

func (s *Pack) take(p api.Pack) {
	if s.known && p.Revision == s.pack.Revision && p.Missing == s.pack.Missing && len(p.Instances) == len(s.pack.Instances) {
		return
	}
	s.pack, s.known = p, true
	s.name.Set(p.Name, "")
	s.words.Set(p.Description, look.Muted)
	facts := []string{lang.L("Factorio {{.version}}", with{"version": p.Game}), p.WhoJoins, lang.L("{{.n}} mods", with{"n": view.Packs([]api.PackRow{p.PackRow})[0].ModCount()})}
	if used := strings.Join(p.Instances, ", "); used != "" {
		facts = append(facts, lang.L("used by {{.names}}", with{"names": used}))
	} else {
		facts = append(facts, lang.L("used by no instance"))
	}
	s.facts.Set(strings.Join(facts, " · "), look.Muted)
	s.wrong.Say("", "")
	if len(p.Problems) > 0 {
		s.wrong.Say(p.Problems[0], strings.Join(p.Problems[1:], " "))
	}
	s.selection.OnChanged = nil
	s.selection.SetSelected(view.ContentWord(p.Content))
	s.selection.OnChanged = s.chooseContent
	s.mods.show()
	s.history.SetRows(view.PackRevisions(p.Revisions))
	s.content.Refresh() // its name has come after it was laid out
	s.turn()
}

// chooseContent switches the game's own mods.
func (s *Pack) chooseContent(word string) {
	for _, content := range []string{api.ContentBase, api.ContentSpaceAge} {
		if word == view.ContentWord(content) && content != s.pack.Content {
			s.edit(lang.L("{{.name}}: {{.content}}", with{"name": s.pack.Name, "content": word}), api.EditPack{Content: content})
			return
		}
	}
	if word == view.ContentWord(api.ContentOwn) && s.pack.Content != api.ContentOwn {
		s.problem.Say(lang.L("Switch the game's own mods on and off in the list, one by one."), "")
		s.selection.SetSelected(view.ContentWord(s.pack.Content))
	}
}

// edit changes the pack as it was looked at.
func (s *Pack) edit(words string, r api.EditPack) {
	s.change(words, func(ctx context.Context) (api.Pack, error) {
		r.Pack, r.Revision = s.id, s.pack.Revision
		return s.Service.EditPack(ctx, s.Caller, r)
	}, nil)
}

// change makes a call that changes the pack, and shows what has become of it.
func (s *Pack) change(words string, call func(context.Context) (api.Pack, error), then func()) {
	s.try(s.problem, words, "", func(ctx context.Context) error {
		now, err := call(ctx)
		if err == nil {
			s.Frame.Do(func() { s.take(now) })
		} else {
			s.reader.again() // somebody else may have changed it
		}
		return err
	}, func(t *view.Task) {
		s.Tasks.End(t, "")
		if then != nil {
			then()
		}
	})
}

func (s *Pack) historyTable() *widgets.Table[view.PackRevision] {
	return widgets.NewTable(s.Frame, s.Tips, func(r view.PackRevision) string { return view.Count(r.Revision) },
		widgets.Column[view.PackRevision]{ID: "revision", Title: lang.L("Revision"), Width: 90, Right: true, Cell: func(r view.PackRevision) widgets.Cell {
			return widgets.Cell{Text: view.Count(r.Revision)}
		}},
		widgets.Column[view.PackRevision]{ID: "at", Title: lang.L("When"), Width: 130, Cell: func(r view.PackRevision) widgets.Cell {
			return widgets.Cell{Text: view.Ago(r.At, time.Now()), Color: look.Muted, Tip: view.Moment(r.At)}
		}},
		widgets.Column[view.PackRevision]{ID: "by", Title: lang.L("By"), Width: 140, Cell: func(r view.PackRevision) widgets.Cell { return widgets.Cell{Text: r.By, Color: look.Muted} }},
		widgets.Column[view.PackRevision]{ID: "words", Title: lang.L("What was changed"), Cell: func(r view.PackRevision) widgets.Cell { return widgets.Cell{Text: r.Words} }})
}

func (s *Pack) historyTab() fyne.CanvasObject {
	undo := widgets.NewButtonWithIcon(lang.L("Go back to this revision"), theme.ContentUndoIcon(), func() {
		if rows := s.history.Selected(); len(rows) == 1 {
			s.undo(rows[0].Revision)
		}
	})
	undo.Disable()
	s.history.OnSelect = func() {
		rows := s.history.Selected()
		enable(undo, len(rows) == 1 && !rows[0].Newest)
	}
	hint := widgets.NewText(lang.L("The last 20 revisions are kept. Going back is a revision of its own, so nothing gets lost."), look.Muted, theme.SizeNameCaptionText).Cut(40)
	return container.NewBorder(container.NewBorder(nil, nil, nil, undo, hint), nil, nil, nil, s.history)
}

// undo goes back to a revision; 0: the one before.
func (s *Pack) undo(revision int64) {
	s.change(lang.L("Undo in {{.name}}", with{"name": s.pack.Name}), func(ctx context.Context) (api.Pack, error) {
		return s.Service.UndoPack(ctx, s.Caller, api.UndoPack{Pack: s.id, Revision: revision})
	}, nil)
}
