package pages

import (
	"context"
	"fmt"
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

// Hosts shows the machines of the cluster and those that want to join it, and how this computer does as one.
type Hosts struct {
	Params
	*listPage
	table *widgets.Table[view.Host]
	empty fyne.CanvasObject
	pair  *widgets.Button
	gone  *widgets.Button
	games *widgets.Button
	here  *widgets.ErrorCard // why this computer is no host, or what is wrong with the host that is selected
}

// NewHosts makes the screen.
func NewHosts(p Params) *Hosts {
	h := &Hosts{Params: p, here: widgets.NewErrorCard().Lasting()}
	h.table = arranged(p, view.HostsPage, widgets.NewTable(p.Frame, p.Tips, func(r view.Host) string { return r.ID },
		widgets.Column[view.Host]{ID: "name", Title: lang.L("Host"), Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.Name} },
			Order: func(a, b view.Host) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.Host]{ID: "state", Title: lang.L("State"), Width: 150, Cell: hostState},
		widgets.Column[view.Host]{ID: "rtt", Title: lang.L("Round trip"), Width: 100, Right: true, Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.RTT, Color: look.Muted} }},
		widgets.Column[view.Host]{ID: "instances", Title: lang.L("Instances"), Width: 90, Right: true, Cell: hostInstances,
			Order: func(a, b view.Host) int { return a.Instances - b.Instances }},
		widgets.Column[view.Host]{ID: "game", Title: lang.L("Factorio"), Width: 200, Cell: hostGame},
		widgets.Column[view.Host]{ID: "address", Title: lang.L("Address"), Width: 210, Cell: func(r view.Host) widgets.Cell { return widgets.Cell{Text: r.Address, Color: look.Muted} }},
	))
	h.pair = primary(lang.L("Pair…"), theme.ConfirmIcon(), h.pairSelected)
	h.pair.Disable()
	h.games = widgets.NewButton(lang.L("Factorio…"), func() {
		if r, ok := h.selected(); ok && !r.WantsToJoin {
			ShowGames(p, r)
		}
	})
	h.games.Disable()
	h.gone = widgets.NewButton(lang.L("Forget…"), h.forgetSelected)
	h.gone.Disable()
	h.table.OnSelect = h.selectionChanged
	h.table.OnOpen = h.open
	h.table.Menu = h.menu
	h.listPage = newListPage(p, view.HostsPage, lang.L("Filter hosts"), h.here, h.refresh)
	h.listPage.buttons.Add(widgets.NewButton(lang.L("Backups…"), func() { ShowBackups(p, h.problem) }))
	h.listPage.buttons.Add(widgets.NewButton(lang.L("Search"), h.search))
	h.listPage.buttons.Add(widgets.NewButton(lang.L("Join code…"), h.invite))
	h.listPage.buttons.Add(h.games)
	h.listPage.buttons.Add(h.gone)
	h.listPage.buttons.Add(h.pair)
	h.empty = widgets.Empty(theme.ComputerIcon(), lang.L("No host found yet. Start Mainbus, or mainbus-host, on another machine of this network: it appears here within seconds."), nil)
	return h
}

func hostState(r view.Host) widgets.Cell {
	state, word, tip := look.Disconnected, lang.L("Disconnected"), strings.TrimSpace(r.Problem+" "+r.Next)
	switch {
	case r.Wrong != "" && r.Wrong != api.Unreachable:
		state, word = look.Trouble, wrongWord(r.Wrong)
		if r.Elsewhere {
			state = look.Disconnected
		}
	case r.WantsToJoin:
		state, word = look.WantsToJoin, lang.L("Wants to join")
	case r.Linked:
		state, word = look.Connected, lang.L("Connected")
	case tip == "" && !r.LastSeen.IsZero():
		tip = lang.L("Last seen {{.time}}", with{"time": view.Moment(r.LastSeen)})
	}
	return widgets.Cell{Text: word, Color: state.Color, State: &state, Tip: tip}
}

func wrongWord(wrong string) string {
	switch wrong {
	case api.Forgotten:
		return lang.L("Refused")
	case api.VersionSkew:
		return lang.L("Other version")
	case api.SameKey:
		return lang.L("Key copied")
	case api.OtherKey:
		return lang.L("Another key")
	case api.OtherController:
		return lang.L("Other controller")
	}
	return lang.L("Refuses")
}

// hostGame says which versions are there.
func hostGame(r view.Host) widgets.Cell {
	if r.NoGame {
		return widgets.Cell{Text: r.Game, Color: look.Bad, Tip: lang.L("No Factorio is installed there. Select the host and press Factorio… to get one.")}
	}
	return widgets.Cell{Text: r.Game, Tip: r.Game}
}

func hostInstances(r view.Host) widgets.Cell {
	if r.WantsToJoin || r.Elsewhere {
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
	here := h.showHere()
	h.table.SetRows(rows)
	h.show(h.table, h.empty, len(rows), len(now.Hosts))
	text := h.count(len(rows), len(now.Hosts))
	if waiting > 0 {
		text += " · " + lang.L("{{.n}} want to join", with{"n": waiting})
	}
	h.footer.Set(text+here, look.Muted)
	h.enableButtons()
}

// showHere shows why this computer is no host, with what mends it, and returns how it does if it is one.
func (h *Hosts) showHere() (words string) {
	if h.Computer == nil {
		h.showSelected()
		return ""
	}
	state := h.Computer.State()
	if problem := state.Problem(); problem != nil {
		h.here.Say(problem.Message, problem.Next)
		choose := lang.L("Choose folder…")
		if state.State != view.LocalMissing { // no folder would mend it
			choose = ""
		}
		h.here.Action(choose, theme.FolderOpenIcon(), h.AskFactorio)
		return ""
	}
	h.showSelected()
	if words = state.Words(); words != "" {
		words = " · " + lang.L("This computer {{.state}}", with{"state": words})
	}
	return words
}

// showSelected shows what is wrong with the host that is selected, if something is.
func (h *Hosts) showSelected() {
	r, _ := h.selected()
	h.here.Action("", nil, nil)
	h.here.Say(r.Problem, r.Next)
}

func (h *Hosts) selectionChanged() {
	h.showHere()
	h.enableButtons()
}

func (h *Hosts) enableButtons() {
	r, ok := h.selected()
	enable(h.pair, ok && r.Pairable())
	enable(h.gone, ok && !r.WantsToJoin && !r.Elsewhere)
	enable(h.games, ok && !r.WantsToJoin && !r.Elsewhere)
}

// selected returns the row that is selected alone.
func (h *Hosts) selected() (view.Host, bool) {
	if rows := h.table.Selected(); len(rows) == 1 {
		return rows[0], true
	}
	return view.Host{}, false
}

// open lets a host join that wants to, and shows the figures of one that has.
func (h *Hosts) open(r view.Host) {
	if r.Pairable() {
		h.AskCode(r)
		return
	}
	ShowGraphs(h.Params, api.KindHost, r.ID, r.Name)
}

func (h *Hosts) pairSelected() {
	if r, ok := h.selected(); ok {
		h.AskCode(r)
	}
}

// AskCode opens the dialog in which the code from the host's console is typed.
func (h *Hosts) AskCode(r view.Host) {
	if !r.Pairable() {
		return
	}
	code := widgets.NewField()
	code.SetPlaceHolder("K7Q4-9XBM")
	code.TextStyle.Monospace = true
	hint := widget.NewLabel(lang.L("Type the code that {{.name}} shows on its console. On that machine, “mainbus-host pair” shows it again.", with{"name": r.Name}))
	hint.Wrapping = fyne.TextWrapWord
	var ask *widgets.Dialog
	submit := func() {
		ask.Hide()
		h.pairWith(r, code.Text)
	}
	code.OnSubmitted = func(string) { submit() }
	pair := primary(lang.L("Pair"), theme.ConfirmIcon(), submit)
	ask = h.newDialog(lang.L("Pair {{.name}}", with{"name": r.Name}), container.NewVBox(hint, code))
	ask.Buttons(lang.L("Cancel"), pair)
	ask.Resize(fyne.NewSize(460, 0))
	ask.Show()
	h.Frame.Window().Canvas().Focus(code)
}

func (h *Hosts) pairWith(r view.Host, code string) {
	h.try(h.problem, lang.L("Pair {{.name}}", with{"name": r.Name}), lang.L("{{.name}} is paired", with{"name": r.Name}), func(ctx context.Context) error {
		_, err := h.Service.PairHost(ctx, h.Caller, api.PairHost{Host: r.ID, Code: code})
		return err
	}, nil)
}

// AskFactorio lets the user choose the folder of this computer's Factorio.
func (h *Hosts) AskFactorio() {
	if h.Computer == nil {
		return
	}
	h.openFolder(lang.L("Folder of a Factorio server or game"), func(path string) {
		if err := h.Computer.Use(path); err != nil {
			shown := api.AsError(err)
			h.problem.Say(shown.Message, shown.Next)
			return
		}
		h.problem.Say("", "")
		h.refresh()
		h.again()
	})
}

// again looks a few times how this computer does, of which the cluster tells nothing until it is linked.
func (h *Hosts) again() {
	h.Frame.Go(func(ctx context.Context) {
		for range 20 {
			select {
			case <-time.After(time.Second):
				h.Frame.Do(func() {
					if h.inSight {
						h.refresh()
					}
				})
			case <-ctx.Done():
				return
			}
		}
	})
}
