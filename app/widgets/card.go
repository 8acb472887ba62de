package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// ErrorCard says in place what went wrong, what it means and what to do, with a button that does it and lines that fold
// out. With nothing to say it takes no room, but is not hidden: the toolkit does not lay out anew around an object that was
// hidden when it was last drawn.
type ErrorCard struct {
	widget.BaseWidget
	happened *widget.Label
	next     *widget.Label
	action   *Button
	fold     *Button
	dismiss  *Button
	details  *Console
	lines    []string
	unfolded bool
	body     fyne.CanvasObject
}

// NewErrorCard makes a card that says nothing and can be dismissed.
func NewErrorCard() *ErrorCard {
	c := &ErrorCard{happened: widget.NewLabel(""), next: widget.NewLabel(""), details: NewConsole()}
	c.happened.Wrapping, c.next.Wrapping = fyne.TextWrapWord, fyne.TextWrapWord
	c.happened.TextStyle.Bold = true
	c.happened.Importance = widget.DangerImportance
	c.next.Importance = widget.LowImportance
	c.dismiss = NewButtonWithIcon("", theme.CancelIcon(), func() { c.Say("", "") })
	c.dismiss.Importance = widget.LowImportance
	c.action = NewButton("", nil)
	c.fold = NewButtonWithIcon("", nil, c.toggle)
	c.fold.Importance = widget.LowImportance
	c.action.Hide()
	c.fold.Hide()
	c.details.lowest = 120
	icon := widget.NewIcon(look.Trouble.Icon())
	text := container.New(layout.NewCustomPaddedVBoxLayout(-8), c.happened, c.next)
	buttons := container.NewVBox(container.NewHBox(c.fold, c.action, c.dismiss))
	top := container.NewBorder(nil, nil, container.NewVBox(container.NewPadded(container.NewPadded(icon))), container.NewPadded(buttons), text)
	c.body = NewPanel(look.Raised, 6, container.NewBorder(top, nil, nil, nil, container.New(gone{}, c.details)))
	c.body.Hide()
	c.ExtendBaseWidget(c)
	return c
}

// Lasting makes it a card that stays until what it tells of is over, and returns it.
func (c *ErrorCard) Lasting() *ErrorCard {
	c.dismiss.Hide()
	return c
}

// Action gives it a button, or takes it away for an empty text.
func (c *ErrorCard) Action(text string, icon fyne.Resource, do func()) {
	if text == c.action.Text && c.action.Hidden == (text == "") {
		c.action.OnTapped = do
		return
	}
	c.action.Text, c.action.Icon, c.action.OnTapped = text, icon, do
	c.action.Hidden = text == ""
	c.action.Refresh()
	c.Refresh()
}

// Details gives it lines that fold out, or takes them away.
func (c *ErrorCard) Details(lines []string) {
	if slices.Equal(lines, c.lines) {
		return
	}
	c.lines = slices.Clone(lines)
	c.details.Clear()
	for _, line := range lines {
		c.details.Append(ConsoleLine{Text: line})
	}
	c.showFold()
}

func (c *ErrorCard) toggle() {
	c.unfolded = !c.unfolded
	c.showFold()
}

func (c *ErrorCard) showFold() {
	c.fold.Hidden = len(c.lines) == 0
	c.fold.Text, c.fold.Icon = lang.L("Details"), theme.MenuDropDownIcon()
	if c.unfolded {
		c.fold.Icon = theme.MenuDropUpIcon()
	}
	c.details.Hidden = !c.unfolded || len(c.lines) == 0
	c.fold.Refresh()
	c.Refresh()
}

// Says returns what the card says; empty if nothing.
func (c *ErrorCard) Says() string {
	if !c.body.Visible() {
		return ""
	}
	return c.happened.Text
}

// Say shows what happened and what to do next; an empty sentence ends it.
func (c *ErrorCard) Say(happened, next string) {
	if happened == c.Says() && next == c.next.Text {
		return
	}
	c.happened.SetText(happened)
	c.next.SetText(next)
	c.next.Hidden = next == ""
	if happened == "" {
		c.body.Hide()
		c.unfolded = false
		c.details.Hidden = true
	} else {
		c.body.Show()
	}
	c.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (c *ErrorCard) CreateRenderer() fyne.WidgetRenderer {
	c.details.Hidden = !c.unfolded
	return widget.NewSimpleRenderer(container.NewStack(c.body))
}

// gone takes no room for what is hidden.
type gone struct{}

func (gone) MinSize(objects []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range objects {
		if o.Visible() {
			size = size.Max(o.MinSize()).AddWidthHeight(16, 8)
		}
	}
	return size
}

func (gone) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		if o.Visible() {
			o.Move(fyne.NewPos(8, 0))
			o.Resize(size.SubtractWidthHeight(16, 8))
		}
	}
}
