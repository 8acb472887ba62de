package pages

import (
	"cmp"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
)

// Bus shows what the worlds share.
type Bus struct {
	Params
	*listPage
	table *widgets.Table[view.Item]
	empty fyne.CanvasObject
}

// NewBus makes the screen.
func NewBus(p Params) *Bus {
	number := func(id, title string, value func(view.Item) int64) widgets.Column[view.Item] {
		return widgets.Column[view.Item]{ID: id, Title: title, Width: 130, Right: true,
			Cell: func(r view.Item) widgets.Cell {
				return widgets.Cell{Text: view.Count(value(r)), Color: zeroMuted(value(r))}
			},
			Order: func(a, b view.Item) int { return cmp.Compare(value(a), value(b)) }}
	}
	owed := number("owed", lang.L("Owed"), func(r view.Item) int64 { return r.Owed })
	owed.Cell = func(r view.Item) widgets.Cell {
		c := widgets.Cell{Text: view.Count(r.Owed), Color: look.Muted}
		if r.Owed > 0 {
			c.Color = look.Busy
			c.Tip = lang.L("Was sent, spent elsewhere, and came back when a world went back to an older save. The next exports of that world repay it.")
		}
		return c
	}
	b := &Bus{Params: p}
	b.table = arranged(p, view.BusPage, widgets.NewTable(p.Frame, p.Tips, func(r view.Item) string { return r.Name },
		widgets.Column[view.Item]{ID: "item", Title: lang.L("Item"), Cell: func(r view.Item) widgets.Cell { return widgets.Cell{Text: r.Name} },
			Order: func(x, y view.Item) int { return strings.Compare(x.Name, y.Name) }},
		number("level", lang.L("On the bus"), func(r view.Item) int64 { return r.Level }),
		number("sent", lang.L("Sent"), func(r view.Item) int64 { return r.Sent }),
		number("received", lang.L("Received"), func(r view.Item) int64 { return r.Received }),
		number("flight", lang.L("In flight"), func(r view.Item) int64 { return r.InFlight }),
		owed,
	))
	b.listPage = newListPage(p, view.BusPage, lang.L("Search items"), nil, b.refresh)
	b.empty = widgets.Empty(look.BusIcon, lang.L("Nothing has been sent to the bus yet. Make a chest in one of the worlds a sending terminal."), nil)
	return b
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
	b.listPage.Hidden()
}

func (b *Bus) refresh() {
	now := b.Model.Now()
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
	b.show(b.table, b.empty, len(now.Bus))
	b.footer.Set(b.count(len(rows), len(now.Bus)), look.Muted)
}
