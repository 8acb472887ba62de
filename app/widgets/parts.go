package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// A Panel is a coloured ground behind content; its colour follows the theme.
type Panel struct {
	widget.BaseWidget
	Color   fyne.ThemeColorName
	Radius  float32
	content fyne.CanvasObject
}

// NewPanel puts content on a ground of a colour.
func NewPanel(c fyne.ThemeColorName, radius float32, content fyne.CanvasObject) *Panel {
	p := &Panel{Color: c, Radius: radius, content: content}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(color.Transparent)
	ground.CornerRadius = p.Radius
	r := &panelRenderer{panel: p, ground: ground}
	r.Refresh()
	return r
}

type panelRenderer struct {
	panel  *Panel
	ground *canvas.Rectangle
}

func (r *panelRenderer) Destroy()           {}
func (r *panelRenderer) MinSize() fyne.Size { return r.panel.content.MinSize() }
func (r *panelRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.panel.content}
}

func (r *panelRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.panel.content.Resize(size)
}

func (r *panelRenderer) Refresh() {
	r.ground.FillColor = theme.Color(r.panel.Color)
	r.ground.Refresh()
	r.panel.content.Refresh()
}

// A Text is a line of text in a colour of the theme.
type Text struct {
	widget.BaseWidget
	text   *canvas.Text
	full   string
	color  fyne.ThemeColorName
	size   fyne.ThemeSizeName
	narrow float32 // the width that it is content with; 0: all it needs
}

// NewText makes a line of text; empty names are ordinary text.
func NewText(text string, c fyne.ThemeColorName, size fyne.ThemeSizeName) *Text {
	if size == "" {
		size = theme.SizeNameText
	}
	t := &Text{text: canvas.NewText(text, color.Transparent), full: text, color: c, size: size}
	t.ExtendBaseWidget(t)
	return t
}

// Bold makes it bold and returns it.
func (t *Text) Bold() *Text {
	t.text.TextStyle.Bold = true
	return t
}

// Cut lets it ask for no more than this width and be shortened to what it gets, and returns it. It is for words that come
// from elsewhere, which must not widen the window.
func (t *Text) Cut(width float32) *Text {
	t.narrow = width
	return t
}

// Set changes the text and its colour.
func (t *Text) Set(text string, c fyne.ThemeColorName) {
	if t.full == text && t.color == c {
		return
	}
	t.full, t.color = text, c
	t.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{WidgetRenderer: widget.NewSimpleRenderer(t.text), text: t}
	r.Refresh()
	return r
}

type textRenderer struct {
	fyne.WidgetRenderer
	text *Text
}

func (r *textRenderer) MinSize() fyne.Size {
	t := r.text
	size := fyne.MeasureText(t.full, t.text.TextSize, t.text.TextStyle)
	if t.narrow > 0 {
		size.Width = min(size.Width, t.narrow)
	}
	return size
}

func (r *textRenderer) Layout(size fyne.Size) {
	t := r.text
	t.text.Text = t.full
	if t.narrow > 0 {
		t.text.Text = ellipsis(t.full, size.Width, t.text.TextSize, t.text.TextStyle)
	}
	t.text.Resize(size)
}

func (r *textRenderer) Refresh() {
	t := r.text
	t.text.TextSize, t.text.Color = theme.Size(t.size), themeColor(t.color)
	r.Layout(t.Size())
	t.text.Refresh()
}

// Empty is what a list shows that has nothing to show: an icon, one sentence, and at most one button.
func Empty(icon fyne.Resource, sentence string, action *Button) fyne.CanvasObject {
	picture := canvas.NewImageFromResource(theme.NewColoredResource(icon, look.Muted))
	picture.SetMinSize(fyne.NewSquareSize(40))
	picture.FillMode = canvas.ImageFillContain
	words := widget.NewLabel(sentence)
	words.Alignment = fyne.TextAlignCenter
	words.Wrapping = fyne.TextWrapWord
	rows := container.NewVBox(picture, container.New(layout.NewGridWrapLayout(fyne.NewSize(440, 56)), words))
	if action != nil {
		rows.Add(container.NewCenter(action))
	}
	return container.NewCenter(rows)
}
