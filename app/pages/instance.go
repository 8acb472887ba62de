package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
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
	*control
	id      string
	row     view.Instance // as it is shown
	name    *widgets.Text
	state   *widget.Icon
	words   *widgets.Text
	facts   *widgets.Text
	problem *widgets.ErrorCard // of what the user did last
	unread  *widgets.ErrorCard // why the console can't be read
	console *widgets.Console
	input   *widgets.Entry
	content fyne.CanvasObject
	leave   func() // ends what goes on while the page is in sight; nil: it is not
}

// NewInstance makes the screen of the instance with this id.
func NewInstance(p Params, id string) *Instance {
	s := &Instance{
		Params: p, id: id, name: widgets.NewText("", "", theme.SizeNameHeadingText).Bold().Cut(400), state: widget.NewIcon(nil),
		words: widgets.NewText("", "", "").Cut(40), facts: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40),
		problem: widgets.NewErrorCard(), unread: widgets.NewErrorCard(), console: widgets.NewConsole(), input: widgets.NewEntry(p.Frame.Shortcut),
	}
	s.control = newControl(p, s.problem)
	s.input.SetPlaceHolder("Type a command, or something to say, and press Return")
	s.input.OnSubmitted = s.send
	filter := widgets.NewEntry(p.Frame.Shortcut)
	filter.SetPlaceHolder("Filter lines")
	filter.OnChanged = s.console.SetFilter
	copyAll := widget.NewButtonWithIcon("Copy", theme.ContentCopyIcon(), func() { fyne.CurrentApp().Clipboard().SetContent(s.console.Text()) })
	title := container.NewBorder(nil, nil, spaced(s.state, s.name), spaced(s.control.start, s.control.stop, s.control.kill), s.words)
	tools := container.NewBorder(nil, nil, widgets.NewText("Console", "", theme.SizeNameSubHeadingText).Bold(),
		container.NewHBox(container.NewGridWrap(fyne.NewSize(220, 36), filter), copyAll))
	s.content = container.NewPadded(container.NewBorder(
		container.NewVBox(title, s.facts, s.problem, tools, s.unread), s.input, nil, nil, s.console))
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
	s.Frame.Window().Canvas().Focus(s.input)
}

// Hidden implements Page.
func (s *Instance) Hidden() {
	if s.leave != nil {
		s.leave()
		s.leave = nil
	}
	s.console.Clear()
}

// print shows what was read of the console, or why it can't be.
func (s *Instance) print(lines []string, problem *api.Error) {
	if problem != nil {
		s.unread.Say("The console can't be read: "+problem.Message, problem.Next)
		return
	}
	s.unread.Say("", "")
	s.append(lines)
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
	case view.Command:
		return look.Info
	}
	return ""
}

func (s *Instance) refresh(now view.Snapshot) {
	for _, r := range now.Instances {
		if r.ID == s.id {
			if r != s.row {
				s.show(r)
			}
			return
		}
	}
	if now.Loaded {
		s.row = view.Instance{}
		s.words.Set("This instance is gone.", look.Muted)
		s.control.point(nil)
		s.input.Disable()
	}
}

func (s *Instance) show(r view.Instance) {
	s.row = r
	state := look.InstanceState(r.State)
	s.name.Set(r.Name, "")
	s.state.SetResource(state.Icon())
	text := state.Word
	if r.Words != "" {
		text += " · " + r.Words
	}
	s.words.Set(text, state.Color)
	facts := []string{"host " + r.Host}
	if r.Port != "" {
		facts = append(facts, "port "+r.Port)
	}
	if r.Game != "" {
		facts = append(facts, "Factorio "+r.Game)
	}
	if r.Save != "" {
		facts = append(facts, "runs from “"+r.Save+"”")
	}
	if r.Trades {
		facts = append(facts, "trades on the bus")
	}
	s.facts.Set(strings.Join(facts, " · "), look.Muted)
	s.control.point(&r)
	if r.State == "running" {
		s.input.Enable()
	} else {
		s.input.Disable()
	}
}

func (s *Instance) send(line string) {
	if strings.TrimSpace(line) == "" {
		return
	}
	s.input.SetText("")
	s.console.Append(widgets.ConsoleLine{Text: "> " + line, Color: look.Info})
	s.try(s.problem, "", func(ctx context.Context) error {
		reply, err := s.Service.SendConsole(ctx, s.Caller, api.SendConsole{Instance: s.id, Line: line})
		if err == nil && reply.Text != "" {
			s.Frame.Do(func() { s.append(strings.Split(strings.TrimRight(reply.Text, "\n"), "\n")) })
		}
		return err
	})
}
