package widgets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"mainbus/app/look"
)

type fruit struct {
	name  string
	count int
}

func fruitTable() *Table[fruit] {
	return NewTable(&keyLog{}, NewTips(func(f func()) { f() }), func(f fruit) string { return f.name },
		Column[fruit]{ID: "name", Title: "Name", Cell: func(f fruit) Cell { return Cell{Text: f.name} }, Order: func(a, b fruit) int { return cmp.Compare(a.name, b.name) }},
		Column[fruit]{ID: "count", Title: "Count", Width: 90, Right: true, Cell: func(f fruit) Cell { return Cell{Text: fmt.Sprint(f.count)} }, Order: func(a, b fruit) int { return cmp.Compare(a.count, b.count) }},
	)
}

func show(t *testing.T, o fyne.CanvasObject) fyne.Window {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, look.Theme(look.Dark))
	w := test.NewTempWindow(t, o)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(400, 300))
	return w
}

func rowAt(i int) fyne.Position {
	return fyne.NewPos(50, look.DenseRowHeight+float32(i)*(look.RowHeight+4)+look.RowHeight/2)
}

func names(rows []fruit) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.name)
	}
	return out
}

func TestTableSortsByAHeaderAndKeepsTheSelection(t *testing.T) {
	table := fruitTable()
	w := show(t, table)
	table.SetRows([]fruit{{"plum", 3}, {"apple", 9}, {"fig", 1}})
	test.TapCanvas(w.Canvas(), rowAt(0))
	if got := names(table.Selected()); !slices.Equal(got, []string{"plum"}) {
		t.Fatalf("tapping the first row selected %q", got)
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(360, 10))
	if got := names(table.Rows()); !slices.Equal(got, []string{"fig", "plum", "apple"}) {
		t.Errorf("sorted by count: %v", got)
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(360, 10))
	if got := names(table.Rows()); !slices.Equal(got, []string{"apple", "plum", "fig"}) {
		t.Errorf("sorted the other way: %v", got)
	}
	table.SetRows([]fruit{{"plum", 30}, {"kiwi", 5}})
	if got := table.Selected(); !slices.Equal(got, []fruit{{"plum", 30}}) {
		t.Errorf("after a replacement %v is selected", got)
	}
	table.SetRows([]fruit{{"kiwi", 5}})
	if got := table.Selected(); len(got) > 0 {
		t.Errorf("a row that is gone is still selected: %v", got)
	}
}

func TestTableOpensByASecondTapOnTheSameRow(t *testing.T) {
	table := fruitTable()
	var opened []string
	table.OnOpen = func(f fruit) { opened = append(opened, f.name) }
	w := show(t, table)
	table.SetRows([]fruit{{"plum", 3}, {"apple", 9}})
	test.TapCanvas(w.Canvas(), rowAt(0))
	test.TapCanvas(w.Canvas(), rowAt(1))
	if len(opened) != 0 {
		t.Fatalf("single taps opened %v", opened)
	}
	test.TapCanvas(w.Canvas(), rowAt(1))
	if !slices.Equal(opened, []string{"apple"}) {
		t.Errorf("opened %v", opened)
	}
}

func TestEllipsis(t *testing.T) {
	test.NewTempApp(t)
	if got := ellipsis("short", 400, 14, fyne.TextStyle{}); got != "short" {
		t.Errorf("got %q", got)
	}
	long := "ein sehr langer Name mit Ümläuten und 🚂 und Кириллица"
	got := ellipsis(long, 120, 14, fyne.TextStyle{})
	if width := fyne.MeasureText(got, 14, fyne.TextStyle{}).Width; width > 120 || len(got) < 5 {
		t.Errorf("%q is %.0f wide", got, width)
	}
}

func TestConsoleFollowsUntilScrolledUp(t *testing.T) {
	c := NewConsole()
	show(t, c)
	for i := range 100 {
		c.Append(ConsoleLine{Text: fmt.Sprint("line ", i)})
	}
	last := func() string { return lineText(c, len(c.grid.Rows)-1) }
	if last() != "line 99" {
		t.Fatalf("the last line in sight is %q", last())
	}
	c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 10)})
	first := lineText(c, 0)
	c.Append(ConsoleLine{Text: "line 100"})
	if got := lineText(c, 0); got != first {
		t.Errorf("a new line moved the view from %q to %q", first, got)
	}
	if c.newest.Hidden {
		t.Error("nothing offers the way back to the newest line")
	}
	test.Tap(c.newest)
	if last() != "line 100" {
		t.Errorf("after the jump the last line in sight is %q", last())
	}
}

func lineText(c *Console, row int) string {
	var out []rune
	for _, cell := range c.grid.Rows[row].Cells {
		out = append(out, cell.Rune)
	}
	return string(out)
}

func TestConsoleIsBounded(t *testing.T) {
	c := NewConsole()
	show(t, c)
	for i := range consoleLines + 500 {
		c.ring.add(ConsoleLine{Text: fmt.Sprint(i)})
	}
	c.Refresh()
	if c.length() != consoleLines || c.line(0).Text != "500" {
		t.Errorf("%d lines, the first is %q", c.length(), c.line(0).Text)
	}
}

func TestConsoleFilters(t *testing.T) {
	c := NewConsole()
	show(t, c)
	c.Append(ConsoleLine{Text: "Alpha"}, ConsoleLine{Text: "beta"})
	c.SetFilter("ALPH")
	c.Append(ConsoleLine{Text: "alphabet"}, ConsoleLine{Text: "gamma"})
	if got := c.Text(); got != "Alpha\nalphabet\n" {
		t.Errorf("shown: %q", got)
	}
	c.SetFilter("")
	if c.length() != 4 {
		t.Errorf("%d lines without a filter", c.length())
	}
}

// Lines in sight stay in sight while the user has scrolled up, whatever falls off at the other end.
func TestConsoleStaysWhereTheUserLooks(t *testing.T) {
	for _, filter := range []string{"", "odd"} {
		c := NewConsole()
		show(t, c)
		add := func(from, to int) {
			var lines []ConsoleLine
			for i := from; i < to; i++ {
				lines = append(lines, ConsoleLine{Text: fmt.Sprint([]string{"even ", "odd "}[i%2], i)})
			}
			c.Append(lines...)
		}
		add(0, consoleLines)
		c.SetFilter(filter)
		c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 10)})
		first := lineText(c, 0)
		add(consoleLines, consoleLines+101)
		if got := lineText(c, 0); got != first {
			t.Errorf("filter %q: new lines moved the view from %q to %q", filter, first, got)
		}
	}
}

func TestConsoleShowsAnything(t *testing.T) {
	c := NewConsole()
	show(t, c)
	c.Append(ConsoleLine{Text: "a\tb\x1b[31mc\x00"}, ConsoleLine{Text: strings.Repeat("W", 100_000)}, ConsoleLine{}, ConsoleLine{Text: "\xff\xfe"})
	if got := lineText(c, 0); got != "a b [31mc " {
		t.Errorf("control characters are shown as %q", got)
	}
	if got := len(c.grid.Rows[1].Cells); got != consoleColumns {
		t.Errorf("a long line has %d cells", got)
	}
	if !strings.Contains(c.Text(), strings.Repeat("W", 100_000)) {
		t.Error("a long line is cut in the clipboard too")
	}
	c.Clear()
	if c.Text() != "" || len(c.grid.Rows) != 0 {
		t.Errorf("after clearing: %q", c.Text())
	}
}

func TestTableIsUsedByKeyboardAndMenu(t *testing.T) {
	table := fruitTable()
	var opened []string
	var menued []string
	table.OnOpen = func(f fruit) { opened = append(opened, f.name) }
	table.Menu = func() *fyne.Menu {
		menued = names(table.Selected())
		return fyne.NewMenu("", fyne.NewMenuItem("Eat", func() {}))
	}
	w := show(t, table)
	table.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if len(opened) > 0 {
		t.Fatalf("nothing is selected and %v opened", opened)
	}
	table.SetRows([]fruit{{"plum", 3}, {"apple", 9}})
	table.Select("apple")
	table.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !slices.Equal(opened, []string{"apple"}) {
		t.Errorf("Return opened %v", opened)
	}
	table.openMenu(0, fyne.NewPos(10, 10))
	if !slices.Equal(menued, []string{"plum"}) {
		t.Errorf("the menu is that of %q", menued)
	}
	if w.Canvas().Overlays().Top() == nil {
		t.Error("no menu opened")
	}
	table.SetRows(nil) // under the open menu
	table.openMenu(0, fyne.NewPos(10, 10))
	table.tap(0)
	table.Select("plum")
	if len(table.Selected()) > 0 {
		t.Error("a row of an empty table is selected")
	}
}

func TestTableSelectsSeveral(t *testing.T) {
	table := fruitTable()
	show(t, table)
	table.SetRows([]fruit{{"plum", 3}, {"apple", 9}, {"fig", 1}, {"kiwi", 5}})
	key := func(k fyne.KeyName) { table.list.TypedKey(&fyne.KeyEvent{Name: k}) }
	want := func(want ...string) {
		t.Helper()
		if got := names(table.Selected()); !slices.Equal(got, want) {
			t.Errorf("selected are %q, want %q", got, want)
		}
	}
	table.choose(1, 0)
	table.choose(3, fyne.KeyModifierShift)
	want("apple", "fig", "kiwi")
	table.choose(2, fyne.KeyModifierShortcutDefault)
	want("apple", "kiwi")
	key(fyne.KeySpace) // the cursor is where it was last
	want("apple", "fig", "kiwi")
	key(fyne.KeyEscape)
	want()
	key(fyne.KeyHome)
	want("plum")
	key(fyne.KeyDown)
	want("apple")
	table.selectAll()
	want("plum", "apple", "fig", "kiwi")
	table.SetRows([]fruit{{"fig", 1}})
	want("fig")
}

func TestTableIsArrangedAsRemembered(t *testing.T) {
	table := fruitTable()
	w := show(t, table)
	var kept Arrangement
	table.OnArrange = func(a Arrangement) { kept = a }
	table.SetRows([]fruit{{"plum", 3}, {"apple", 9}})
	test.TapCanvas(w.Canvas(), fyne.NewPos(360, 10))
	border := float32(400 - 90)
	test.Drag(w.Canvas(), fyne.NewPos(border, 10), -50, 0)
	if kept.Sort != "count" {
		t.Errorf("remembered is %+v", kept)
	}
	again := fruitTable()
	show(t, again)
	again.Arrange(Arrangement{Widths: map[string]float32{"count": 140, "gone": 5}, Sort: "count", Reverse: true})
	again.SetRows([]fruit{{"plum", 3}, {"apple", 9}})
	if got := names(again.Rows()); !slices.Equal(got, []string{"apple", "plum"}) || again.geometry.columns[1].width != 140 {
		t.Errorf("arranged as %q, columns %+v", got, again.geometry.columns)
	}
}
