package pages

import (
	"cmp"
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

// Bus shows what the worlds share, of a selected item whose it is and what happened to it, and what wants attention.
type Bus struct {
	Params
	*listPage
	table    *widgets.Table[view.Item]
	accounts *widgets.Table[api.BusAccount]
	history  *widgets.Table[api.BusPosting]
	split    *container.Split
	details  fyne.CanvasObject  // below the items: those of the selected one
	hint     fyne.CanvasObject  // in their place when none is
	wrong    *widgets.ErrorCard // books that do not add up
	question *widgets.ErrorCard
	empty    fyne.CanvasObject
	forgive  *widgets.Button
	release  *widgets.Button
	rule     *widgets.Button
	shown    view.Item // whose details are shown
	cancel   func()    // of the question for them
}

const historyLines = 100

// details are what is shown of a selected item.
type details struct {
	accounts []api.BusAccount
	history  []api.BusPosting
}

// NewBus makes the screen.
func NewBus(p Params) *Bus {
	b := &Bus{Params: p, wrong: widgets.NewErrorCard().Lasting(), question: widgets.NewErrorCard().Lasting(), cancel: func() {}}
	b.table = arranged(p, view.BusPage, b.itemTable())
	b.table.OnSelect = b.choose
	b.accounts, b.history = b.accountTable(), b.historyTable()
	b.listPage = newListPage(p, view.BusPage, lang.L("Search items"), container.NewVBox(b.wrong, b.question), b.refresh)
	b.forgive = widgets.NewButton(lang.L("Forgive debt…"), func() { b.askForgive() })
	b.release = widgets.NewButton(lang.L("Release held…"), func() { b.askRelease() })
	b.rule = widgets.NewButton(lang.L("Rule for all…"), func() { b.askRule() })
	for _, button := range []fyne.CanvasObject{
		b.forgive, b.release, widgets.NewButton(lang.L("Instances…"), func() { b.askInstance() }),
		widgets.NewButton(lang.L("Verify"), b.verify), b.rule,
	} {
		b.buttons.Add(button)
	}
	b.empty = widgets.Empty(look.BusIcon, lang.L("Nothing has been sent to the bus yet. Make a chest in one of the worlds a sending terminal."), nil)
	below := container.NewHSplit(b.accounts, b.history)
	below.Offset = 0.5
	b.details, b.hint = below, widgets.Empty(look.BusIcon, lang.L("Select an item to see whose it is and what happened to it."), nil)
	b.details.Hide()
	b.split = container.NewVSplit(b.table, container.NewStack(b.details, b.hint))
	b.split.Offset = 0.62
	b.label()
	return b
}

func numberColumn[T any](id, title string, width float32, value func(T) int64) widgets.Column[T] {
	return widgets.Column[T]{ID: id, Title: title, Width: width, Right: true,
		Cell:  func(r T) widgets.Cell { return widgets.Cell{Text: view.Count(value(r)), Color: zeroMuted(value(r))} },
		Order: func(a, b T) int { return cmp.Compare(value(a), value(b)) }}
}

// warned is a column in which anything but zero is remarkable, and why.
func warned[T any](c widgets.Column[T], tip string) widgets.Column[T] {
	plain := c.Cell
	c.Cell = func(r T) widgets.Cell {
		cell := plain(r)
		if cell.Color == "" {
			cell.Color, cell.Tip = look.Busy, tip
		}
		return cell
	}
	return c
}

func owedTip() string {
	return lang.L("Was sent, spent elsewhere, and came back when a world went back to an older save. The next exports of that world repay it.")
}

func heldTip() string {
	return lang.L("A world says that it has sent more than its terminals can take. It is not on the bus until somebody releases it.")
}

func (b *Bus) itemTable() *widgets.Table[view.Item] {
	number := numberColumn[view.Item]
	limit := number("limit", lang.L("Limit"), 96, func(r view.Item) int64 { return r.Limit })
	limit.Cell = func(r view.Item) widgets.Cell {
		if r.Limit == 0 {
			return widgets.Cell{}
		}
		return widgets.Cell{Text: view.Count(r.Limit), Color: look.Muted}
	}
	return widgets.NewTable(b.Frame, b.Tips, func(r view.Item) string { return r.Ref.Name + "\x00" + r.Ref.Quality },
		widgets.Column[view.Item]{ID: "item", Title: lang.L("Item"), Cell: itemCell,
			Order: func(x, y view.Item) int { return strings.Compare(x.Name, y.Name) }},
		number("level", lang.L("On the bus"), 104, func(r view.Item) int64 { return r.Level }),
		limit,
		number("flight", lang.L("In flight"), 84, func(r view.Item) int64 { return r.InFlight }),
		warned(number("owed", lang.L("Owed"), 84, func(r view.Item) int64 { return r.Owed }), owedTip()),
		warned(number("held", lang.L("Held"), 96, func(r view.Item) int64 { return r.Held }), heldTip()),
		number("sent", lang.L("Sent"), 104, func(r view.Item) int64 { return r.Sent }),
		number("received", lang.L("Received"), 104, func(r view.Item) int64 { return r.Received }),
	)
}

func itemCell(r view.Item) widgets.Cell {
	if !r.Frozen {
		return widgets.Cell{Text: r.Name}
	}
	state := look.Trouble
	return widgets.Cell{Text: r.Name, Color: look.Bad, State: &state, Tip: lang.L("Its books do not add up, so nothing of it is granted.")}
}

func (b *Bus) accountTable() *widgets.Table[api.BusAccount] {
	number := numberColumn[api.BusAccount]
	return widgets.NewTable(b.Frame, b.Tips, func(a api.BusAccount) string { return a.World },
		widgets.Column[api.BusAccount]{ID: "instance", Title: lang.L("Instance"), Cell: func(a api.BusAccount) widgets.Cell {
			return worldCell(a)
		}},
		number("sent", lang.L("Sent"), 95, func(a api.BusAccount) int64 { return a.Sent }),
		number("received", lang.L("Received"), 95, func(a api.BusAccount) int64 { return a.Received }),
		warned(number("owed", lang.L("Owed"), 80, func(a api.BusAccount) int64 { return a.Owed }), owedTip()),
		warned(number("held", lang.L("Held"), 95, func(a api.BusAccount) int64 { return a.Held }), heldTip()),
	)
}

// worldName is what a world is called: by its instance, if it has one.
func worldName(a api.BusAccount) string {
	if a.InstanceName != "" {
		return a.InstanceName
	}
	return lang.L("World {{.id}}", with{"id": a.World[:min(8, len(a.World))]})
}

func worldCell(a api.BusAccount) widgets.Cell {
	if a.InstanceName != "" {
		return widgets.Cell{Text: a.InstanceName}
	}
	return widgets.Cell{Text: worldName(a), Color: look.Muted, Tip: lang.L("This world runs nowhere. Its id: {{.id}}", with{"id": a.World})}
}

func (b *Bus) historyTable() *widgets.Table[api.BusPosting] {
	return widgets.NewTable(b.Frame, b.Tips, func(p api.BusPosting) string { return view.Count(p.ID) },
		widgets.Column[api.BusPosting]{ID: "at", Title: lang.L("When"), Width: 100, Cell: func(p api.BusPosting) widgets.Cell {
			return widgets.Cell{Text: view.Clock(p.At, time.Now()), Color: look.Muted, Tip: view.Moment(p.At)}
		}},
		widgets.Column[api.BusPosting]{ID: "text", Title: lang.L("What happened"), Cell: func(p api.BusPosting) widgets.Cell { return widgets.Cell{Text: p.Text} }},
	)
}

func zeroMuted(n int64) fyne.ThemeColorName {
	if n == 0 {
		return look.Muted
	}
	return ""
}

// Shown implements Page.
func (b *Bus) Shown() {
	b.Model.WatchBus(true)
	b.listPage.Shown()
}

// Hidden implements Page.
func (b *Bus) Hidden() {
	b.Model.WatchBus(false)
	b.cancel()
	b.listPage.Hidden()
}

func (b *Bus) refresh() {
	now := b.Model.Now()
	b.showAttention(now.Attention)
	if !now.BusLoaded {
		return
	}
	var rows []view.Item
	for _, r := range now.Bus {
		if view.Matches(b.filter.Text, r.Name) {
			rows = append(rows, r)
		}
	}
	b.table.SetRows(rows)
	b.show(b.split, b.empty, len(rows), len(now.Bus))
	b.footer.Set(b.count(len(rows), len(now.Bus)), look.Muted)
}

// selected returns the item that is selected alone.
func (b *Bus) selected() (item view.Item, ok bool) {
	if rows := b.table.Selected(); len(rows) == 1 {
		return rows[0], true
	}
	return item, false
}

// choose shows the details of the item that is selected. It is called again whenever the item has changed.
func (b *Bus) choose() {
	b.label()
	item, ok := b.selected()
	if item == b.shown {
		return
	}
	b.cancel()
	if item.Ref != b.shown.Ref {
		b.accounts.SetRows(nil)
		b.history.SetRows(nil)
	}
	b.shown = item
	if !ok {
		b.details.Hide()
		b.hint.Show()
		return
	}
	b.hint.Hide()
	b.details.Show()
	b.cancel = ask(b.Params, b.problem, func(ctx context.Context) (d details, err error) {
		if d.accounts, err = b.Service.BusAccounts(ctx, b.Caller, api.ReadAccounts(item.Ref)); err == nil {
			d.history, err = b.Service.BusHistory(ctx, b.Caller, api.ReadHistory{Name: item.Ref.Name, Quality: item.Ref.Quality, Limit: historyLines})
		}
		return d, err
	}, func(d details) {
		if b.shown.Ref == item.Ref { // no other one was chosen meanwhile
			b.accounts.SetRows(d.accounts)
			b.history.SetRows(d.history)
		}
	})
}

// label makes the buttons say what they act on.
func (b *Bus) label() {
	if b.rule == nil {
		return
	}
	item, ok := b.selected()
	text := lang.L("Rule for all…")
	if ok {
		text = lang.L("Rule…")
	}
	if b.rule.Text != text {
		b.rule.SetText(text)
	}
	enable(b.forgive, ok && item.Owed > 0)
	enable(b.release, ok && item.Held > 0)
}

// showAttention shows what does not add up and the oldest question, each with what can be done.
func (b *Bus) showAttention(a api.BusProblems) {
	b.wrong.Say("", "")
	if len(a.Wrong) > 0 {
		m := a.Wrong[0]
		ref := api.GoodsRef{Name: m.Name, Quality: m.Quality}
		happened := lang.L("The books of {{.item}} do not add up: {{.text}}.", with{"item": ref.Words(), "text": m.Text})
		if n := len(a.Wrong) - 1; n > 0 {
			happened += " " + lang.L("Nor do those of {{.n}} more.", with{"n": n})
		}
		b.wrong.Say(happened, lang.L("Somebody has changed the database, or its disk is failing. Nothing of it is granted until its books add up. "+
			"To put back a backup from before loses and doubles nothing: mainbusctl controller restore."))
		b.wrong.Action(lang.L("Take as it is…"), nil, func() { b.askAccept(ref) })
	}
	b.question.Say("", "")
	if len(a.Questions) > 0 {
		q := a.Questions[0]
		b.question.Say(view.QuestionTitle(q), q.Text)
		b.question.Action(lang.L("Answer…"), theme.QuestionIcon(), func() { b.askAnswer(q) })
	}
}
