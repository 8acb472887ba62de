package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// A palette is one set of tokens; both palettes have the same roles.
type palette struct {
	background, surface, raised, line, text, muted color.NRGBA
	accent, onAccent                               color.NRGBA
	good, busy, bad, info, idle                    color.NRGBA
}

var dark = palette{
	background: rgb(0x17181B), surface: rgb(0x1F2125), raised: rgb(0x282B30), line: rgb(0x34383F),
	text: rgb(0xE8E6E3), muted: rgb(0x9BA0A8), accent: rgb(0xF2A33A), onAccent: rgb(0x1A1205),
	good: rgb(0x6CC070), busy: rgb(0xD9B44A), bad: rgb(0xEA6B58), info: rgb(0x5AA9E6), idle: rgb(0x8E949D),
}

var light = palette{
	background: rgb(0xF6F5F2), surface: rgb(0xFFFFFF), raised: rgb(0xF0EEE9), line: rgb(0xDAD6CE),
	text: rgb(0x1F2328), muted: rgb(0x626872), accent: rgb(0x9A5700), onAccent: rgb(0xFFFFFF),
	good: rgb(0x2B7A30), busy: rgb(0x8A5C00), bad: rgb(0xB3261E), info: rgb(0x0B63A5), idle: rgb(0x666C75),
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xFF}
}

func faint(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

func (p *palette) color(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case theme.ColorNameBackground:
		return p.background, true
	case Surface, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground:
		return p.surface, true
	case Raised, theme.ColorNameHeaderBackground, theme.ColorNameInputBackground, theme.ColorNameButton, theme.ColorNameDisabledButton:
		return p.raised, true
	case Line, theme.ColorNameSeparator, theme.ColorNameInputBorder:
		return p.line, true
	case theme.ColorNameForeground:
		return p.text, true
	case Muted, theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return p.muted, true
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return p.accent, true
	case theme.ColorNameForegroundOnPrimary:
		return p.onAccent, true
	case theme.ColorNameFocus:
		return faint(p.accent, 0x80), true
	case theme.ColorNameSelection:
		return faint(p.accent, 0x38), true
	case theme.ColorNameHover:
		return faint(p.muted, 0x26), true
	case theme.ColorNamePressed:
		return faint(p.muted, 0x40), true
	}
	return p.state(name)
}

func (p *palette) state(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case Good, theme.ColorNameSuccess:
		return p.good, true
	case Busy, theme.ColorNameWarning:
		return p.busy, true
	case Bad, theme.ColorNameError:
		return p.bad, true
	case theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnSuccess, theme.ColorNameForegroundOnWarning:
		return p.onAccent, true
	case Info:
		return p.info, true
	case Idle:
		return p.idle, true
	}
	return nil, false
}
