package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Hosts shows the machines of the cluster and those that want to join it.
type Hosts struct {
	Params
	*listPage
	table *widgets.Table[view.Host]
	empty fyne.CanvasObject
	pair  *widget.Button
}

// NewHosts makes the screen.
func NewHosts(p Params) *Hosts {
	h := &Hosts{Params: p}
	h.table = widgets.NewTable(func(r view.Host) string { return r.ID },
		widgets.Column[view.Host]{Title: "Host", Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.Name} },
			Order: func(a, b view.Host) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.Host]{Title: "State", Width: 150, Cell: hostState},
		widgets.Column[view.Host]{Title: "Round trip", Width: 100, Right: true, Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.RTT, Color: look.Muted} }},
		widgets.Column[view.Host]{Title: "Instances", Width: 90, Right: true, Cell: hostInstances,
			Order: func(a, b view.Host) int { return a.Instances - b.Instances }},
		widgets.Column[view.Host]{Title: "Factorio", Width: 100, Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.Game} }},
		widgets.Column[view.Host]{Title: "Address", Width: 210, Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.Address, Color: look.Muted} }},
	)
	h.pair = primary("Pair…", theme.ConfirmIcon(), h.pairSelected)
	h.pair.Disable()
	h.table.OnSelect = func(view.Host) { h.enablePair() }
	h.table.OnOpen = func(r view.Host) { h.askCode(r) }
	h.listPage = newListPage(p, "Filter hosts", h.refresh)
	h.buttons.Add(h.pair)
	h.empty = widgets.Empty(theme.ComputerIcon(), "No host found yet. Start Mainbus, or mainbus-host, on another machine of this network: it appears here within seconds.", nil)
	return h
}

func hostState(r view.Host) widgets.Cell {
	state := look.Disconnected
	switch {
	case r.WantsToJoin:
		state = look.WantsToJoin
	case r.Linked:
		state = look.Connected
	}
	return widgets.Cell{Text: state.Word, Color: state.Color, State: &state}
}

func hostInstances(r view.Host) widgets.Cell {
	if r.WantsToJoin {
		return widgets.Cell{}
	}
	return widgets.Cell{Text: fmt.Sprint(r.Instances)}
}

func (h *Hosts) refresh() {
	now := h.Model.Now()
	var rows []view.Host
	waiting := 0
	for _, r := range now.Hosts {
		if view.Matches(h.filter.Text, r.Name, r.Address) {
			rows = append(rows, r)
		}
		if r.WantsToJoin {
			waiting++
		}
	}
	h.table.SetRows(rows)
	h.show(h.table, h.empty, len(now.Hosts))
	text := fmt.Sprintf("Showing %d of %d", len(rows), len(now.Hosts))
	if waiting > 0 {
		text += fmt.Sprintf(" · %d want to join", waiting)
	}
	h.footer.Set(text, look.Muted)
	h.enablePair()
}

func (h *Hosts) enablePair() {
	r, ok := h.table.Selected()
	enable(h.pair, ok && r.WantsToJoin)
}

func (h *Hosts) pairSelected() {
	if r, ok := h.table.Selected(); ok {
		h.askCode(r)
	}
}

// askCode opens the dialog in which the code from the host's console is typed.
func (h *Hosts) askCode(r view.Host) {
	if !r.WantsToJoin {
		return
	}
	code := widget.NewEntry()
	code.SetPlaceHolder("K7Q4-9XBM")
	code.TextStyle.Monospace = true
	hint := widget.NewLabel(fmt.Sprintf("Type the code that %s shows on its console. On that machine, “mainbus-host pair” shows it again.", r.Name))
	hint.Wrapping = fyne.TextWrapWord
	var ask *dialog.CustomDialog
	submit := func() {
		ask.Hide()
		h.pairWith(r, code.Text)
	}
	code.OnSubmitted = func(string) { submit() }
	pair := primary("Pair", theme.ConfirmIcon(), submit)
	ask = dialog.NewCustomWithoutButtons("Pair "+r.Name, container.NewVBox(hint, code), h.Frame.Window())
	ask.SetButtons([]fyne.CanvasObject{widget.NewButton("Cancel", func() { ask.Hide() }), pair})
	ask.Resize(fyne.NewSize(460, 220))
	ask.Show()
	h.Frame.Window().Canvas().Focus(code)
}

func (h *Hosts) pairWith(r view.Host, code string) {
	h.try(h.problem, r.Name+" is paired", func(ctx context.Context) error {
		_, err := h.Service.PairHost(ctx, h.Caller, api.PairHost{Host: r.ID, Code: code})
		return err
	})
}
