package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"

	"mainbus/app/widgets"
)

// moreItems is what can be done with one instance beside starting and stopping it.
func (c *Control) moreItems(r view.Instance) []*fyne.MenuItem {
	item := func(text string, on bool, ask func(view.Instance)) *fyne.MenuItem {
		m := fyne.NewMenuItem(text, func() { ask(r) })
		m.Disabled = !on
		return m
	}
	return []*fyne.MenuItem{
		item(lang.L("Server settings…"), true, c.askSettings),
		item(lang.L("Factorio version…"), true, c.askVersion),
		item(lang.L("Lists of players…"), true, c.askLists),
		fyne.NewMenuItemSeparator(),
		item(lang.L("Rename…"), true, c.askRename),
		item(lang.L("Move to another host…"), r.CanMove, c.askMove),
		fyne.NewMenuItemSeparator(),
		item(lang.L("Delete…"), r.CanErase, c.askDelete),
	}
}

// newMore makes the button on an instance's page that opens the menu with them; instance is the one that is shown.
func (c *Control) newMore(instance func() view.Instance) *widgets.Button {
	var more *widgets.Button
	more = widgets.NewButtonWithIcon(lang.L("More"), theme.MoreHorizontalIcon(), func() {
		driver := fyne.CurrentApp().Driver()
		at := driver.AbsolutePositionForObject(more).AddXY(0, more.Size().Height)
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", c.moreItems(instance())...), driver.CanvasForObject(more), at)
	})
	return more
}
