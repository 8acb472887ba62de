// Package look is how Mainbus looks: colours, sizes and state icons, as a Fyne theme. Screens take every colour and size
// from here by name, at each refresh, so that switching between dark and light leaves nothing behind.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colours of our own beside Fyne's names.
const (
	Surface fyne.ThemeColorName = "mainbus-surface" // cards, tables, sidebar
	Raised  fyne.ThemeColorName = "mainbus-raised"  // headers, hover
	Line    fyne.ThemeColorName = "mainbus-line"
	Muted   fyne.ThemeColorName = "mainbus-muted" // secondary text, units
	Good    fyne.ThemeColorName = "mainbus-good"  // running, connected
	Busy    fyne.ThemeColorName = "mainbus-busy"  // starting, saving, waiting
	Bad     fyne.ThemeColorName = "mainbus-bad"   // failed, destructive
	Info    fyne.ThemeColorName = "mainbus-info"
	Idle    fyne.ThemeColorName = "mainbus-idle" // stopped, offline on purpose
)

// Spacing and sizes in Fyne's units; the grid is 4/8/12/16/24.
const (
	RowHeight      float32 = 32
	DenseRowHeight float32 = 28
	SidebarWidth   float32 = 184
	Gap            float32 = 8
	WideGap        float32 = 16
)

// Mode says which of the two palettes is shown.
type Mode int

const (
	FollowSystem Mode = iota
	Dark
	Light
)

type look struct {
	fyne.Theme
	mode Mode
}

// Theme returns the theme; with Dark or Light it ignores what the desktop prefers.
func Theme(mode Mode) fyne.Theme {
	return look{Theme: theme.DefaultTheme(), mode: mode}
}

func (l look) variant(v fyne.ThemeVariant) fyne.ThemeVariant {
	switch l.mode {
	case Dark:
		return theme.VariantDark
	case Light:
		return theme.VariantLight
	}
	return v
}

func (l look) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	v = l.variant(v)
	p := &dark
	if v == theme.VariantLight {
		p = &light
	}
	if c, ok := p.color(name); ok {
		return c
	}
	return l.Theme.Color(name, v)
}

func (l look) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 14
	case theme.SizeNameHeadingText:
		return 20
	case theme.SizeNameSubHeadingText:
		return 16
	case theme.SizeNameCaptionText:
		return 12
	case theme.SizeNameInlineIcon:
		return 20
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 8
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 6
	}
	return l.Theme.Size(name)
}
