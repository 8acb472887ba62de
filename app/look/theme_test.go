package look

import (
	"image/color"
	"math"
	"testing"
)

func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// Text needs 4.5:1 on whatever it stands on (WCAG AA).
func TestTextIsReadable(t *testing.T) {
	for name, p := range map[string]palette{"dark": dark, "light": light} {
		grounds := map[string]color.NRGBA{"background": p.background, "surface": p.surface, "raised": p.raised}
		texts := map[string]color.NRGBA{
			"text": p.text, "muted": p.muted, "accent": p.accent, "good": p.good, "busy": p.busy, "bad": p.bad, "info": p.info, "idle": p.idle,
		}
		for ground, g := range grounds {
			for text, c := range texts {
				if got := contrast(c, g); got < 4.5 {
					t.Errorf("%s: %s on %s has %.2f:1, want 4.5:1", name, text, ground, got)
				}
			}
		}
		if got := contrast(p.onAccent, p.accent); got < 4.5 {
			t.Errorf("%s: text on accent has %.2f:1", name, got)
		}
	}
}
