// Package widgets holds the few widgets that screens are built from. They belong to the user interface's goroutine:
// none starts one of its own, and none may be touched from another.
package widgets

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// A Column shows one property of rows of type T.
type Column[T any] struct {
	Title string
	Width float32 // fixed, in Fyne's units; 0 takes a share of what is left
	Right bool    // numbers stand right-aligned, in digits of one width
	Cell  func(T) Cell
	Order func(a, b T) int // nil: can't be sorted by
}

// A Cell is what one row shows in one column.
type Cell struct {
	Text  string
	Color fyne.ThemeColorName // empty: ordinary text
	State *look.State         // shown as an icon before the text
}

// A Table shows rows of type T in columns: a header that sorts, whole rows that can be selected, opened by a double
// click or Return, and have a menu. Selection is by key, so it stays with its row whatever is sorted or replaced.
type Table[T comparable] struct {
	widget.BaseWidget
	Key      func(T) string
	OnSelect func(T)
	OnOpen   func(T)
	Menu     func(T) *fyne.Menu

	columns  []Column[T]
	given    []T // as they came
	rows     []T // as they are shown
	selected string
	sortBy   int // column, -1: the order in which rows were given
	reverse  bool
	header   *tableHeader
	list     *rowList
	tapped   string // key and time of the last tap: a second one opens
	tappedAt time.Time
}

const doubleTap = 400 * time.Millisecond

// NewTable makes an empty table; key must tell rows apart for as long as they live.
func NewTable[T comparable](key func(T) string, columns ...Column[T]) *Table[T] {
	t := &Table[T]{Key: key, columns: columns, sortBy: -1}
	t.header = newTableHeader(t.titles(), t.geometry(), t.sort)
	t.list = newRowList(
		func() int { return len(t.rows) },
		func() *tableRow { return newTableRow(t.geometry()) },
		t.show,
		t.openSelected,
	)
	t.ExtendBaseWidget(t)
	return t
}

// SetRows replaces what is shown. The slice is the table's from here on. Showing the same again costs nothing.
func (t *Table[T]) SetRows(rows []T) {
	if slices.Equal(rows, t.given) {
		return
	}
	t.given, t.rows = rows, slices.Clone(rows)
	t.arrange()
}

// Rows returns what is shown, in order.
func (t *Table[T]) Rows() []T { return t.rows }

// Selected returns the selected row.
func (t *Table[T]) Selected() (row T, ok bool) {
	if i := t.indexOf(t.selected); i >= 0 {
		return t.rows[i], true
	}
	return row, false
}

// Select selects the row with this key, if it is there.
func (t *Table[T]) Select(key string) {
	if i := t.indexOf(key); i >= 0 {
		t.choose(i)
	}
}

func (t *Table[T]) indexOf(key string) int {
	return slices.IndexFunc(t.rows, func(row T) bool { return t.Key(row) == key })
}

func (t *Table[T]) titles() []string {
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.Title
	}
	return titles
}

func (t *Table[T]) geometry() columnLayout {
	g := columnLayout{}
	for _, c := range t.columns {
		g.columns = append(g.columns, columnGeometry{width: c.Width, right: c.Right})
	}
	return g
}

func (t *Table[T]) sort(column int) {
	if t.columns[column].Order == nil {
		return
	}
	t.reverse = t.sortBy == column && !t.reverse
	t.sortBy = column
	t.header.mark(column, t.reverse)
	t.arrange()
}

func (t *Table[T]) arrange() {
	if t.sortBy >= 0 {
		order := t.columns[t.sortBy].Order
		slices.SortStableFunc(t.rows, func(a, b T) int {
			d := order(a, b)
			if t.reverse {
				d = -d
			}
			if d == 0 {
				d = strings.Compare(t.Key(a), t.Key(b))
			}
			return d
		})
	}
	t.list.Refresh()
}

func (t *Table[T]) show(i int, r *tableRow) {
	if i >= len(t.rows) {
		return // the list asks for rows that a replacement has just taken away
	}
	row := t.rows[i]
	cells := make([]Cell, len(t.columns))
	for n, c := range t.columns {
		cells[n] = c.Cell(row)
	}
	r.set(cells, t.Key(row) == t.selected)
	r.onTap = func() { t.tap(i) }
	r.onMenu = func(at fyne.Position) { t.openMenu(i, at) }
}

func (t *Table[T]) tap(i int) {
	if i >= len(t.rows) {
		return
	}
	key, now := t.Key(t.rows[i]), time.Now()
	again := key == t.tapped && now.Sub(t.tappedAt) < doubleTap
	t.tapped, t.tappedAt = key, now
	t.choose(i)
	if again {
		t.openSelected()
	}
}

func (t *Table[T]) choose(i int) {
	t.selected = t.Key(t.rows[i])
	t.list.Refresh()
	if t.OnSelect != nil {
		t.OnSelect(t.rows[i])
	}
}

func (t *Table[T]) openSelected() {
	if row, ok := t.Selected(); ok && t.OnOpen != nil {
		t.OnOpen(row)
	}
}

func (t *Table[T]) openMenu(i int, at fyne.Position) {
	if i >= len(t.rows) || t.Menu == nil {
		return
	}
	t.choose(i)
	if menu := t.Menu(t.rows[i]); menu != nil {
		widget.ShowPopUpMenuAtPosition(menu, fyne.CurrentApp().Driver().CanvasForObject(t), at)
	}
}

// CreateRenderer implements fyne.Widget.
func (t *Table[T]) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewBorder(t.header, nil, nil, nil, t.list))
}
