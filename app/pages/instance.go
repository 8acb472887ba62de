package pages

import (
	"context"
	"slices"
	"strconv"
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

// Instance shows one game server with its console.
type Instance struct {
	Params
	*buttons
	id      string
	row     view.Instance // as it is shown
	name    *widgets.Text
	state   *widget.Icon
	words   *widgets.Text
	facts   *widgets.Text
	remark  *widget.Label
	trouble *widgets.ErrorCard // of the instance itself
	problem *widgets.ErrorCard // of what the user did last
	unread  *widgets.ErrorCard // why the console can't be read
	console *widgets.Console
	find    *widgets.Entry
	input   *widgets.Entry
	more    *widgets.Button
	typed   *view.Typed
	why     api.Failure // of the trouble, once its host has told; At is zero until then
	asked   string      // the trouble that the host was asked about
	players []string    // seen on the console, for completion
	saves   *saves
	mods    *instanceMods
	tabs    *container.AppTabs
	content fyne.CanvasObject
	leave   func() // ends what goes on while the page is in sight; nil: it is not
}

// NewInstance makes the screen of the instance with this id.
func NewInstance(p Params, id string) *Instance {
	s := &Instance{
		Params: p, id: id, name: widgets.NewText("", "", theme.SizeNameHeadingText).Bold().Cut(160), state: widget.NewIcon(nil),
		words: widgets.NewText("", "", "").Cut(40), facts: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40),
		trouble: widgets.NewErrorCard().Lasting(), problem: widgets.NewErrorCard(), unread: widgets.NewErrorCard().Lasting(),
		console: widgets.NewConsole(), find: widgets.NewEntry(p.Frame), input: widgets.NewEntry(p.Frame),
		typed: view.NewTyped(p.Settings.Instance(id).Typed),
	}
	s.remark = words("")
	s.remark.Hide()
	s.buttons = newButtons(p, s.problem)
	s.more = s.newMore(func() view.Instance { return s.row })
	s.input.SetPlaceHolder(lang.L("Type a command, or something to say, and press Return"))
	s.input.OnSubmitted = s.submit
	s.input.OnKey = s.inputKey
	s.input.Tab = s.complete
	s.find.SetPlaceHolder(lang.L("Filter lines"))
	s.find.OnChanged = s.console.SetFilter
	s.find.OnKey = s.findKey
	copyAll := widgets.NewButtonWithIcon(lang.L("Copy"), theme.ContentCopyIcon(), func() { fyne.CurrentApp().Clipboard().SetContent(s.console.Text()) })
	graphs := widgets.NewButton(lang.L("Graphs…"), func() { ShowGraphs(p, api.KindInstance, id, s.row.Name) })
	kept := widgets.NewButton(lang.L("Supervision…"), func() { ShowSupervision(p, s.problem, s.row) })
	title := widgets.Tools(widgets.Heading(s.name, s.words, s.state), wholeRow, widgets.NewBar(s.start, s.stop, s.kill, s.more))
	tools := widgets.Tools(s.find, 280, widgets.NewBar(copyAll, graphs, kept))
	named := func() string { return s.row.Name }
	s.saves, s.mods = newSaves(p, id, named), newInstanceMods(p, id, func() view.Instance { return s.row })
	s.tabs = container.NewAppTabs(
		container.NewTabItem(lang.L("Console"), container.NewBorder(container.NewVBox(tools, s.unread), s.input, nil, nil, s.console)),
		container.NewTabItem(lang.L("Saves"), s.saves.content),
		container.NewTabItem(lang.L("Mods"), s.mods.content))
	s.tabs.OnSelected = s.turn
	s.content = container.NewPadded(container.NewBorder(container.NewVBox(title, s.facts, s.remark, s.trouble, s.problem), nil, nil, nil, s.tabs))
	return s
}

// Content implements Page.
func (s *Instance) Content() fyne.CanvasObject { return s.content }

// Shown follows the console while the page is in sight.
func (s *Instance) Shown() {
	if s.leave != nil {
		return
	}
	unwatch := s.Model.Watch(s.refresh)
	unfollow := s.Frame.Go(func(ctx context.Context) { s.Model.Follow(ctx, s.id, s.print) })
	s.leave = func() {
		unwatch()
		unfollow()
	}
	s.turn(nil)
}

// turn shows what is on the selected tab.
func (s *Instance) turn(*container.TabItem) {
	tab := s.tabs.SelectedIndex()
	s.saves.hidden()
	s.mods.reader.stop()
	switch {
	case s.leave != nil && tab == 1:
		s.saves.shown()
	case s.leave != nil && tab == 2:
		s.mods.reader.start()
	default:
		s.Frame.Window().Canvas().Focus(s.input)
	}
}

// Dropped uploads what was let fall on the page.
func (s *Instance) Dropped(paths []string) {
	s.tabs.SelectIndex(1)
	s.saves.upload(paths)
}

// Hidden implements Page.
func (s *Instance) Hidden() {
	s.saves.hidden()
	s.mods.reader.stop()
	if s.leave != nil {
		s.leave()
		s.leave = nil
	}
	s.console.Clear()
}

// Find implements Page.
func (s *Instance) Find() { s.Frame.Window().Canvas().Focus(s.find) }

// Clear forgets the lines that are shown.
func (s *Instance) Clear() { s.console.Clear() }

func (s *Instance) findKey(e *fyne.KeyEvent) bool {
	if e.Name != fyne.KeyEscape {
		return false
	}
	s.find.SetText("")
	s.Frame.Window().Canvas().Focus(s.input)
	return true
}

// inputKey brings back what was typed before, and scrolls.
func (s *Instance) inputKey(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyUp:
		s.input.SetLine(s.typed.Up(s.input.Text))
	case fyne.KeyDown:
		s.input.SetLine(s.typed.Down(s.input.Text))
	case fyne.KeyPageUp:
		s.console.Page(-1)
	case fyne.KeyPageDown:
		s.console.Page(1)
	default:
		return false
	}
	return true
}

// complete is what the Tab key does while something is typed.
func (s *Instance) complete() bool {
	line, choices := view.Complete(s.input.Text, s.players)
	s.input.SetLine(line)
	if len(choices) > 0 {
		s.console.Append(widgets.ConsoleLine{Text: strings.Join(choices, "   "), Color: look.Muted})
	}
	return true
}

// print shows what was read of the console, or why it can't be.
func (s *Instance) print(lines []string, problem *api.Error) {
	if problem != nil {
		s.unread.Say(lang.L("The console can't be read: {{.why}}", with{"why": problem.Message}), problem.Next)
		return
	}
	s.unread.Say("", "")
	s.append(lines)
	for _, line := range lines {
		if name := view.PlayerOf(line); name != "" && !slices.Contains(s.players, name) && len(s.players) < 1000 {
			s.players = append(s.players, name)
		}
	}
	s.showTrouble()
}

func (s *Instance) append(lines []string) {
	out := make([]widgets.ConsoleLine, len(lines))
	for i, line := range lines {
		out[i] = widgets.ConsoleLine{Text: line, Color: lineColor(view.Kind(line))}
	}
	s.console.Append(out...)
}

func lineColor(k view.LineKind) fyne.ThemeColorName {
	switch k {
	case view.Warning:
		return look.Busy
	case view.Error:
		return look.Bad
	case view.Join:
		return look.Good
	case view.Leave, view.Script:
		return look.Muted
	case view.CommandLine:
		return look.Info
	}
	return ""
}

func (s *Instance) refresh(now view.Snapshot) {
	if r, ok := now.Instance(s.id); ok {
		if r != s.row {
			s.show(r)
		}
		return
	}
	if now.Loaded {
		s.row = view.Instance{}
		s.words.Set(lang.L("This instance is gone."), look.Muted)
		s.point()
		s.more.Disable()
		s.input.Disable()
		s.showTrouble()
	}
}

func (s *Instance) show(r view.Instance) {
	s.row = r
	state := look.InstanceState(r.State)
	s.name.Set(r.Name, "")
	s.state.SetResource(state.Icon())
	text := view.StateWord(r.State)
	if r.Words != "" && r.Trouble == view.NoTrouble {
		text += " · " + r.Words
	}
	s.words.Set(text, state.Color)
	facts := []string{lang.L("host {{.name}}", with{"name": r.Host})}
	for _, fact := range []struct{ text, value string }{
		{lang.L("{{.ups}} UPS", with{"ups": r.UPS}), r.UPS},
		{lang.L("players: {{.n}}", with{"n": r.Players}), r.Players},
		{r.CPU, r.CPU},
		{r.Memory, r.Memory},
		{lang.L("port {{.port}}", with{"port": r.Port}), r.Port},
		{lang.L("Factorio {{.version}}", with{"version": r.Game}), r.Game},
		{lang.L("runs from “{{.save}}”", with{"save": r.Save}), r.Save},
		{lang.L("mods: {{.set}}", with{"set": r.Mods}), r.Mods},
	} {
		if fact.value != "" {
			facts = append(facts, fact.text)
		}
	}
	if r.Trades {
		facts = append(facts, lang.L("trades on the bus"))
	}
	s.facts.Set(strings.Join(facts, " · "), look.Muted)
	if s.remark.SetText(r.Remark); r.Remark == "" {
		s.remark.Hide()
	} else {
		s.remark.Show()
	}
	s.point(r)
	s.more.Enable()
	if r.State == "running" {
		s.input.Enable()
	} else {
		s.input.Disable()
	}
	s.showTrouble()
}

// showTrouble says what the instance can't get out of by itself, with what mends it and the lines that tell why.
func (s *Instance) showTrouble() {
	switch s.row.Trouble {
	case view.Failed:
		s.askWhy()
		what, lines := lang.L("Its host is asked what that means."), view.Decisive(s.console.Lines(2000))
		if !s.why.At.IsZero() {
			said := []string{s.why.Meaning, s.why.Advice, s.why.Next}
			what = strings.Join(slices.DeleteFunc(said, func(text string) bool { return text == "" }), " ")
			if told := slices.Concat(s.why.Decisive, s.why.Last); len(told) > 0 {
				lines = told
			}
		}
		s.trouble.Say(lang.L("{{.name}} does not run: {{.cause}}", with{"name": s.row.Name, "cause": s.row.Cause}), what)
		s.trouble.Action(lang.L("Try again"), theme.ViewRefreshIcon(), func() { s.Start(s.row) })
		s.trouble.Details(lines)
	case view.Unlinked:
		s.trouble.Say(lang.L("{{.name}} runs, but is not on the bus: {{.cause}}", with{"name": s.row.Name, "cause": s.row.Cause}),
			lang.L("Players can play. Its terminals wait until it is linked; a new start tries that again."))
		s.trouble.Action(lang.L("Save, stop and start"), theme.ViewRefreshIcon(), func() { s.Restart(s.row) })
		s.trouble.Details(nil)
	default:
		s.trouble.Say("", "")
		s.trouble.Details(nil)
	}
}

// askWhy asks the host once for each trouble what it knows of it.
func (s *Instance) askWhy() {
	trouble := strconv.FormatUint(s.row.Starts, 10) + s.row.Cause
	if trouble == s.asked {
		return
	}
	s.asked, s.why = trouble, api.Failure{}
	s.Frame.Go(func(ctx context.Context) {
		f, err := s.Service.InstanceFailure(ctx, s.Caller, api.InstanceRef{Instance: s.id})
		if ctx.Err() != nil {
			return
		}
		s.Frame.Do(func() {
			if trouble != s.asked {
				return
			}
			if s.why = f; err != nil {
				s.why = api.Failure{At: time.Now(), Next: lang.L("Its host tries again by itself, after longer and longer pauses.")}
			}
			s.showTrouble()
		})
	})
}

// submit sends a line, after asking where it would end achievements.
func (s *Instance) submit(line string) {
	if strings.TrimSpace(line) == "" {
		return
	}
	kept := s.Settings.Instance(s.id)
	if !view.RunsLua(line) || kept.LuaAllowed {
		s.send(line)
		return
	}
	s.confirm(lang.L("Run a Lua command?"),
		lang.L("Lua commands disable achievements in this save, for all players and for good. The game itself asks once more: it wants the first one repeated."),
		lang.L("Run it"), widget.WarningImportance, func() {
			kept := s.Settings.Instance(s.id)
			kept.LuaAllowed = true
			s.Settings.SetInstance(s.id, kept)
			s.send(line)
		})
}

func (s *Instance) send(line string) {
	s.typed.Add(line)
	s.keepTyped()
	s.input.SetText("")
	s.console.Append(widgets.ConsoleLine{Text: "> " + line, Color: look.Info})
	s.Frame.Go(func(ctx context.Context) {
		reply, err := s.Service.SendConsole(ctx, s.Caller, api.SendConsole{Instance: s.id, Line: line})
		if ctx.Err() != nil {
			return
		}
		s.Frame.Do(func() {
			if err != nil {
				shown := api.AsError(err)
				s.problem.Say(shown.Message, shown.Next)
				return
			}
			s.problem.Say("", "")
			if reply.Text != "" {
				s.append(strings.Split(strings.TrimRight(reply.Text, "\n"), "\n"))
			}
		})
	})
}

// keepTyped keeps what was typed for the next session, but nothing that may hold a password.
func (s *Instance) keepTyped() {
	kept := s.Settings.Instance(s.id)
	kept.Typed = slices.DeleteFunc(slices.Clone(s.typed.Lines()), view.Secret)
	s.Settings.SetInstance(s.id, kept)
}
