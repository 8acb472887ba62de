package pages

import (
	"cmp"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

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
	number := func(title string, value func(view.Item) int64) widgets.Column[view.Item] {
		return widgets.Column[view.Item]{Title: title, Width: 130, Right: true,
			Cell: func(r view.Item) widgets.Cell {
				return widgets.Cell{Text: view.Count(value(r)), Color: zeroMuted(value(r))}
			},
			Order: func(a, b view.Item) int { return cmp.Compare(value(a), value(b)) }}
	}
	owed := number("Owed", func(r view.Item) int64 { return r.Owed })
	owed.Cell = func(r view.Item) widgets.Cell {
		c := widgets.Cell{Text: view.Count(r.Owed), Color: look.Muted}
		if r.Owed > 0 {
			c.Color = look.Busy
		}
		return c
	}
	b := &Bus{Params: p}
	b.table = widgets.NewTable(func(r view.Item) string { return r.Name },
		widgets.Column[view.Item]{Title: "Item", Cell: func(r view.Item) widgets.Cell { return widgets.Cell{Text: r.Name} },
			Order: func(x, y view.Item) int { return strings.Compare(x.Name, y.Name) }},
		number("On the bus", func(r view.Item) int64 { return r.Level }),
		number("Sent", func(r view.Item) int64 { return r.Sent }),
		number("Received", func(r view.Item) int64 { return r.Received }),
		number("In flight", func(r view.Item) int64 { return r.InFlight }),
		owed,
	)
	b.listPage = newListPage(p, "Search items", b.refresh)
	b.empty = widgets.Empty(theme.MoveDownIcon(), "Nothing has been sent to the bus yet. Make a chest in one of the worlds a sending terminal.", nil)
	return b
}

func zeroMuted(n int64) fyne.ThemeColorName {
	if n == 0 {
		return look.Muted
	}
	return ""
}

func (b *Bus) refresh() {
	now := b.Model.Now()
	var rows []view.Item
	for _, r := range now.Bus {
		if view.Matches(b.filter.Text, r.Name) {
			rows = append(rows, r)
		}
	}
	b.table.SetRows(rows)
	b.show(b.table, b.empty, len(now.Bus))
	b.footer.Set(fmt.Sprintf("Showing %d of %d", len(rows), len(now.Bus)), look.Muted)
}
