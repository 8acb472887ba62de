// Package widgets holds the few widgets that screens are built from. They belong to the user interface's goroutine:
// none starts one of its own, and none may be touched from another.
package widgets

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// A Column shows one property of rows of type T.
type Column[T any] struct {
	ID    string // by which its width and the order are remembered
	Title string
	Width float32 // in Fyne's units, until the user changes it; 0 takes a share of what is left
	Right bool    // numbers stand right-aligned, in digits of one width
	Cell  func(T) Cell
	Order func(a, b T) int // nil: can't be sorted by
	Given bool             // whoever gives the rows sorts them by it: OnSort tells
}

// A Cell is what one row shows in one column.
type Cell struct {
	Text  string
	Color fyne.ThemeColorName // empty: ordinary text
	State *look.State         // shown as an icon before the text
	Tip   string              // shown while the pointer rests there; empty: the text, if it is cut off
}

// Arrangement is how the user has arranged a table, to be remembered.
type Arrangement struct {
	Widths  map[string]float32 `json:"widths,omitempty"` // by column
	Sort    string             `json:"sort,omitempty"`   // column; empty: the order in which rows were given
	Reverse bool               `json:"reverse,omitempty"`
}

// A Table shows rows of type T in columns: a header that sorts and whose borders can be dragged, whole rows of which
// several can be selected, that are opened by a double click or Return, and have a menu. Selection is by key, so it stays
// with its row whatever is sorted or replaced.
type Table[T comparable] struct {
	widget.BaseWidget
	Key       func(T) string
	OnSelect  func() // the selection, or a selected row, has changed
	OnOpen    func(T)
	OnArrange func(Arrangement)
	OnSort    func()            // the order has changed: Sorted tells it
	Menu      func() *fyne.Menu // of what is selected
	OnEnd     func()            // the last rows have come into sight: there may be more of them; called often

	columns  []Column[T]
	given    []T // as they came
	rows     []T // as they are shown
	selected map[string]bool
	cursor   string // key of the row that the arrow keys start from
	anchor   string // key of the row that a range starts from
	sortBy   int    // column, -1: the order in which rows were given
	reverse  bool
	geometry *columnLayout
	header   *tableHeader
	list     *rowList
	tips     *Tips
	tapped   string // key and time of the last tap: a second one opens
	tappedAt time.Time
}

const doubleTap = 400 * time.Millisecond

// NewTable makes an empty table; key must tell rows apart for as long as they live.
func NewTable[T comparable](keys Keys, tips *Tips, key func(T) string, columns ...Column[T]) *Table[T] {
	t := &Table[T]{Key: key, columns: columns, sortBy: -1, selected: map[string]bool{}, tips: tips, geometry: &columnLayout{}}
	for _, c := range columns {
		t.geometry.columns = append(t.geometry.columns, columnGeometry{width: c.Width, asMade: c.Width, right: c.Right})
	}
	t.header = newTableHeader(t.titles(), t.geometry)
	t.header.onTap, t.header.onResize, t.header.onResized = t.sort, t.resized, t.arranged
	t.list = newRowList(func() int { return len(t.rows) }, func() *tableRow { return newTableRow(t.geometry, tips) }, t.show)
	t.list.keys, t.list.onKey, t.list.onAll, t.list.onFocus = keys, t.typed, t.selectAll, func() { t.list.Refresh() }
	t.ExtendBaseWidget(t)
	return t
}

// SetRows replaces what is shown. The slice is the table's from here on. Showing the same again costs nothing.
func (t *Table[T]) SetRows(rows []T) {
	if slices.Equal(rows, t.given) {
		return
	}
	t.given, t.rows = rows, slices.Clone(rows)
	there := map[string]bool{}
	for _, row := range rows {
		there[t.Key(row)] = true
	}
	for key := range t.selected {
		if !there[key] {
			delete(t.selected, key)
		}
	}
	t.arrange()
	if t.OnSelect != nil {
		t.OnSelect()
	}
}

// Rows returns what is shown, in order.
func (t *Table[T]) Rows() []T { return t.rows }

// Selected returns the selected rows, in the order in which they are shown.
func (t *Table[T]) Selected() (rows []T) {
	for _, row := range t.rows {
		if t.selected[t.Key(row)] {
			rows = append(rows, row)
		}
	}
	return rows
}

// Select selects the row with this key alone, if it is there.
func (t *Table[T]) Select(key string) {
	if i := t.indexOf(key); i >= 0 {
		t.choose(i, 0)
	}
}

// ToTop scrolls to the first row.
func (t *Table[T]) ToTop() { t.list.ScrollToTop() }

// Arrange arranges the table as it was remembered.
func (t *Table[T]) Arrange(a Arrangement) {
	t.sortBy, t.reverse = -1, a.Reverse
	for i, c := range t.columns {
		if w := a.Widths[c.ID]; w > 0 {
			t.geometry.columns[i].width = w
		}
		if c.ID == a.Sort && c.sortable() {
			t.sortBy = i
		}
	}
	t.header.mark(t.sortBy, t.reverse)
	t.arrange()
}

// arranged tells how the user has arranged it.
func (t *Table[T]) arranged() {
	if t.OnArrange == nil {
		return
	}
	a := Arrangement{Widths: map[string]float32{}, Reverse: t.reverse}
	for i, c := range t.geometry.columns {
		if c.width != c.asMade {
			a.Widths[t.columns[i].ID] = c.width
		}
	}
	if t.sortBy >= 0 {
		a.Sort = t.columns[t.sortBy].ID
	}
	t.OnArrange(a)
}

func (t *Table[T]) resized() {
	t.header.Refresh()
	t.list.Refresh()
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

// sort goes from one direction to the other, and from that to the order in which rows were given.
func (t *Table[T]) sort(column int) {
	switch {
	case !t.columns[column].sortable():
		return
	case t.sortBy != column:
		t.sortBy, t.reverse = column, false
	case !t.reverse:
		t.reverse = true
	default:
		t.sortBy, t.reverse = -1, false
	}
	t.header.mark(t.sortBy, t.reverse)
	t.rows = slices.Clone(t.given)
	t.arrange()
	t.arranged()
	if t.OnSort != nil {
		t.OnSort()
	}
}

func (c Column[T]) sortable() bool { return c.Order != nil || c.Given }

// Sorted returns the column by which the rows are sorted, empty for none, and whether from its end.
func (t *Table[T]) Sorted() (column string, reverse bool) {
	if t.sortBy < 0 {
		return "", false
	}
	return t.columns[t.sortBy].ID, t.reverse
}

func (t *Table[T]) arrange() {
	if t.sortBy >= 0 && t.columns[t.sortBy].Order != nil {
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
	if i == len(t.rows)-1 && t.OnEnd != nil {
		t.OnEnd()
	}
	row := t.rows[i]
	cells := make([]Cell, len(t.columns))
	for n, c := range t.columns {
		cells[n] = c.Cell(row)
	}
	key := t.Key(row)
	r.set(cells, t.selected[key], key == t.cursor && t.list.focused)
	r.onTap = func() { t.tap(i) }
	r.onMenu = func(at fyne.Position) { t.openMenu(i, at) }
}

func (t *Table[T]) tap(i int) {
	if i >= len(t.rows) {
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(t.list); c != nil {
		c.Focus(t.list)
	}
	held := modifiers()
	key, now := t.Key(t.rows[i]), time.Now()
	again := key == t.tapped && now.Sub(t.tappedAt) < doubleTap && held == 0
	t.tapped, t.tappedAt = key, now
	t.choose(i, held)
	if again && t.OnOpen != nil {
		t.OnOpen(t.rows[i])
	}
}

// modifiers are the keys that are held down.
func modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// choose moves the cursor to a row and selects: it alone, or with Shift all up to it from where the range began, or with
// Ctrl it beside the others, or not any more.
func (t *Table[T]) choose(i int, held fyne.KeyModifier) {
	key := t.Key(t.rows[i])
	t.cursor = key
	from := t.indexOf(t.anchor)
	switch {
	case held&fyne.KeyModifierShift != 0 && from >= 0:
		clear(t.selected)
		for _, row := range t.rows[min(from, i) : max(from, i)+1] {
			t.selected[t.Key(row)] = true
		}
	case held&fyne.KeyModifierShortcutDefault != 0:
		t.toggle(key)
	default:
		clear(t.selected)
		t.selected[key] = true
		t.anchor = key
	}
	t.selectionChanged()
}

func (t *Table[T]) toggle(key string) {
	if t.selected[key] {
		delete(t.selected, key)
	} else {
		t.selected[key] = true
	}
	t.anchor = key
}

func (t *Table[T]) selectAll() {
	for _, row := range t.rows {
		t.selected[t.Key(row)] = true
	}
	t.selectionChanged()
}

// Unselect selects nothing.
func (t *Table[T]) Unselect() {
	if len(t.selected) > 0 {
		clear(t.selected)
		t.selectionChanged()
	}
}

func (t *Table[T]) selectionChanged() {
	t.list.Refresh()
	if t.OnSelect != nil {
		t.OnSelect()
	}
}

// typed does what a key means that was typed at the rows.
func (t *Table[T]) typed(key fyne.KeyName) (used bool) {
	at := t.indexOf(t.cursor)
	switch key {
	case fyne.KeyReturn, fyne.KeyEnter:
		if at >= 0 && t.OnOpen != nil {
			t.OnOpen(t.rows[at])
		}
	case fyne.KeySpace:
		if at >= 0 {
			t.toggle(t.cursor)
			t.selectionChanged()
		}
	case fyne.KeyEscape:
		if len(t.selected) == 0 {
			return false
		}
		t.Unselect()
	case fyne.KeyUp:
		t.move(at - 1)
	case fyne.KeyDown:
		t.move(at + 1)
	case fyne.KeyPageUp:
		t.move(at - t.list.inSight())
	case fyne.KeyPageDown:
		t.move(at + t.list.inSight())
	case fyne.KeyHome:
		t.move(0)
	case fyne.KeyEnd:
		t.move(len(t.rows) - 1)
	default:
		return false
	}
	return true
}

// move moves the cursor, and the selection with it; with Ctrl only the cursor.
func (t *Table[T]) move(to int) {
	if len(t.rows) == 0 {
		return
	}
	to = min(max(0, to), len(t.rows)-1)
	t.list.ScrollTo(to)
	if held := modifiers(); held&fyne.KeyModifierShortcutDefault != 0 {
		t.cursor = t.Key(t.rows[to])
		t.list.Refresh()
	} else {
		t.choose(to, held)
	}
}

func (t *Table[T]) openMenu(i int, at fyne.Position) {
	if i >= len(t.rows) || t.Menu == nil {
		return
	}
	if !t.selected[t.Key(t.rows[i])] {
		t.choose(i, 0)
	}
	if menu := t.Menu(); menu != nil {
		t.tips.Hide()
		widget.ShowPopUpMenuAtPosition(menu, fyne.CurrentApp().Driver().CanvasForObject(t), at)
	}
}

// CreateRenderer implements fyne.Widget.
func (t *Table[T]) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewBorder(t.header, nil, nil, nil, t.list))
}
