package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
)

// Instances shows all game servers.
type Instances struct {
	Params
	*buttons
	*listPage
	table *widgets.Table[view.Instance]
	empty fyne.CanvasObject
	// hostless is instead of it while there is no host that an instance could be made on.
	hostless fyne.CanvasObject
}

// NewInstances makes the screen.
func NewInstances(p Params) *Instances {
	s := &Instances{Params: p}
	text := func(id, title string, width float32, c fyne.ThemeColorName, value func(view.Instance) string) widgets.Column[view.Instance] {
		return widgets.Column[view.Instance]{ID: id, Title: title, Width: width,
			Cell:  func(r view.Instance) widgets.Cell { return widgets.Cell{Text: value(r), Color: c} },
			Order: func(a, b view.Instance) int { return strings.Compare(value(a), value(b)) }}
	}
	number := func(id, title string, width float32, value func(view.Instance) string) widgets.Column[view.Instance] {
		c := text(id, title, width, "", value)
		c.Right = true
		c.Order = func(a, b view.Instance) int { // whole numbers: the longer one is the greater
			return cmp.Or(cmp.Compare(len(value(a)), len(value(b))), strings.Compare(value(a), value(b)))
		}
		return c
	}
	ups := number("ups", lang.L("UPS"), 48, func(r view.Instance) string { return r.UPS })
	ups.Cell = func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.UPS, Color: upsColor(r)} }
	players := number("players", lang.L("Players"), 66, func(r view.Instance) string { return r.Players })
	port := number("port", lang.L("Port"), 60, func(r view.Instance) string { return r.Port })
	s.table = arranged(p, view.InstancesPage, widgets.NewTable(p.Frame, p.Tips, func(r view.Instance) string { return r.ID },
		text("name", lang.L("Instance"), 0, "", func(r view.Instance) string { return r.Name }),
		widgets.Column[view.Instance]{ID: "state", Title: lang.L("State"), Width: 112, Cell: instanceState,
			Order: func(a, b view.Instance) int { return strings.Compare(a.State, b.State) }},
		widgets.Column[view.Instance]{ID: "words", Title: "", Cell: func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.Words, Color: wordsColor(r)} }},
		widgets.Column[view.Instance]{ID: "bus", Title: lang.L("Bus"), Width: 74, Cell: instanceBus},
		ups, players,
		text("host", lang.L("Host"), 116, "", func(r view.Instance) string { return r.Host }),
		port,
		text("game", lang.L("Factorio"), 76, look.Muted, func(r view.Instance) string { return r.Game }),
	))
	create := func() *widgets.Button {
		return primary(lang.L("New instance…"), theme.ContentAddIcon(), s.AskCreate)
	}
	s.listPage = newListPage(p, view.InstancesPage, lang.L("Filter instances"), nil, s.refresh)
	s.buttons = newButtons(p, s.problem)
	adopt := widgets.NewButton(lang.L("Adopt…"), s.AskAdopt)
	for _, b := range []fyne.CanvasObject{s.start, s.stop, s.kill, adopt, create()} {
		s.listPage.buttons.Add(b)
	}
	s.table.OnSelect = func() { s.point(s.table.Selected()...) }
	s.table.OnOpen = func(r view.Instance) { p.Frame.Open(r.ID) }
	s.table.Menu = s.menu
	s.empty = widgets.Empty(theme.StorageIcon(), lang.L("No instance yet. An instance is one game server with its world, saves and settings."), create())
	s.hostless = widgets.Empty(theme.ComputerIcon(), lang.L("No host yet. Instances run on hosts: this computer, or others that you pair."),
		primary(lang.L("Go to Hosts"), theme.ComputerIcon(), func() { p.Frame.Visit(view.Place{Page: view.HostsPage}, "") }))
	return s
}

func instanceState(r view.Instance) widgets.Cell {
	state := look.InstanceState(r.State)
	return widgets.Cell{Text: view.StateWord(r.State), Color: state.Color, State: &state}
}

func upsColor(r view.Instance) fyne.ThemeColorName {
	if r.Slow {
		return look.Busy
	}
	return ""
}

func wordsColor(r view.Instance) fyne.ThemeColorName {
	if r.Trouble == view.Failed {
		return look.Bad
	}
	return look.Muted
}

func instanceBus(r view.Instance) widgets.Cell {
	switch {
	case r.Trades:
		return widgets.Cell{Text: lang.L("trades"), Color: look.Good}
	case r.Trouble == view.Unlinked:
		return widgets.Cell{Text: lang.L("not linked"), Color: look.Busy, Tip: r.Cause}
	}
	return widgets.Cell{}
}

func (s *Instances) refresh() {
	now := s.Model.Now()
	var rows []view.Instance
	for _, r := range now.Instances {
		if view.Matches(s.filter.Text, r.Name, r.Host, r.State, view.StateWord(r.State)) {
			rows = append(rows, r)
		}
	}
	s.table.SetRows(rows)
	empty := s.empty
	if _, hosts := s.hostsThatRun(); len(hosts) == 0 {
		empty = s.hostless
	}
	s.show(s.table, empty, len(rows), len(now.Instances))
	selected := s.table.Selected()
	footer := s.count(len(rows), len(now.Instances))
	if len(selected) > 1 {
		footer += " · " + lang.L("{{.n}} selected", with{"n": len(selected)})
	}
	s.footer.Set(footer, look.Muted)
	s.point(selected...)
}

// apart adds the ids to names that would not tell which is meant.
func apart(names, ids []string) []string {
	count := map[string]int{}
	for _, name := range names {
		count[name]++
	}
	out := slices.Clone(names)
	for i, name := range names {
		if count[name] > 1 {
			out[i] = fmt.Sprintf("%s (%s)", name, ids[i])
		}
	}
	return out
}
