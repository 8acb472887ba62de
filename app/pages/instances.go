package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Instances shows all game servers.
type Instances struct {
	Params
	*control
	*listPage
	table  *widgets.Table[view.Instance]
	empty  fyne.CanvasObject
	create *widget.Button
}

// NewInstances makes the screen.
func NewInstances(p Params) *Instances {
	s := &Instances{Params: p}
	s.table = widgets.NewTable(func(r view.Instance) string { return r.ID },
		widgets.Column[view.Instance]{Title: "Instance", Cell: func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.Name} },
			Order: func(a, b view.Instance) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.Instance]{Title: "State", Width: 130, Cell: instanceState,
			Order: func(a, b view.Instance) int { return strings.Compare(a.State, b.State) }},
		widgets.Column[view.Instance]{Title: "", Cell: func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.Words, Color: wordsColor(r)} }},
		widgets.Column[view.Instance]{Title: "Bus", Width: 80, Cell: instanceBus},
		widgets.Column[view.Instance]{Title: "Host", Width: 140, Cell: func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.Host} },
			Order: func(a, b view.Instance) int { return strings.Compare(a.Host, b.Host) }},
		widgets.Column[view.Instance]{Title: "Port", Width: 80, Right: true, Cell: func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.Port} }},
		widgets.Column[view.Instance]{Title: "Factorio", Width: 90, Cell: func(r view.Instance) widgets.Cell { return widgets.Cell{Text: r.Game, Color: look.Muted} }},
	)
	s.create = primary("New instance…", theme.ContentAddIcon(), s.askCreate)
	s.listPage = newListPage(p, "Filter instances", s.refresh)
	s.control = newControl(p, s.problem)
	for _, b := range []fyne.CanvasObject{s.control.start, s.control.stop, s.control.kill, s.create} {
		s.buttons.Add(b)
	}
	s.table.OnSelect = func(r view.Instance) { s.control.point(&r) }
	s.table.OnOpen = func(r view.Instance) { p.Frame.Open(r.ID) }
	s.table.Menu = func(r view.Instance) *fyne.Menu { return s.menu(r) }
	s.empty = widgets.Empty(theme.StorageIcon(), "No instance yet. An instance is one game server with its world, saves and settings.",
		primary("New instance…", theme.ContentAddIcon(), s.askCreate))
	return s
}

func instanceState(r view.Instance) widgets.Cell {
	state := look.InstanceState(r.State)
	return widgets.Cell{Text: state.Word, Color: state.Color, State: &state}
}

func wordsColor(r view.Instance) fyne.ThemeColorName {
	if r.State == "failed" {
		return look.Bad
	}
	return look.Muted
}

func instanceBus(r view.Instance) widgets.Cell {
	if r.Trades {
		return widgets.Cell{Text: "trades", Color: look.Good}
	}
	return widgets.Cell{}
}

func (s *Instances) refresh() {
	now := s.Model.Now()
	var rows []view.Instance
	for _, r := range now.Instances {
		if view.Matches(s.filter.Text, r.Name, r.Host, r.State) {
			rows = append(rows, r)
		}
	}
	s.table.SetRows(rows)
	s.show(s.table, s.empty, len(now.Instances))
	s.footer.Set(fmt.Sprintf("Showing %d of %d", len(rows), len(now.Instances)), look.Muted)
	if r, ok := s.table.Selected(); ok {
		s.control.point(&r)
	} else {
		s.control.point(nil)
	}
}

// askCreate opens the form for a new instance.
func (s *Instances) askCreate() {
	var names, ids []string
	for _, h := range s.Model.Now().Hosts {
		if !h.WantsToJoin {
			names, ids = append(names, h.Name), append(ids, h.ID)
		}
	}
	names = apart(names, ids)
	if len(ids) == 0 {
		s.problem.Say("There is no host to run an instance on.", "Pair a host first: see the page Hosts.")
		return
	}
	name, host := widget.NewEntry(), widget.NewSelect(names, nil)
	name.SetPlaceHolder("Nauvis")
	name.Validator = func(text string) error {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("a name is needed")
		}
		return nil
	}
	host.SetSelectedIndex(0)
	form := dialog.NewForm("New instance", "Create", "Cancel", []*widget.FormItem{
		widget.NewFormItem("Name", name), widget.NewFormItem("Host", host),
	}, func(ok bool) {
		if ok {
			s.createOn(strings.TrimSpace(name.Text), ids[host.SelectedIndex()])
		}
	}, s.Frame.Window())
	name.OnSubmitted = func(string) { form.Submit() }
	form.Resize(fyne.NewSize(460, 230))
	form.Show()
	s.Frame.Window().Canvas().Focus(name)
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

func (s *Instances) createOn(name, host string) {
	s.try(s.problem, name+" is created", func(ctx context.Context) error {
		_, err := s.Service.CreateInstance(ctx, s.Caller, api.CreateInstance{Name: name, Host: host})
		return err
	})
}
