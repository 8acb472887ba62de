package pages_test

import (
	"testing"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
)

func TestEscapeClosesADialogWhateverHasTheFocus(t *testing.T) {
	headless.Run(t, fiveInstances(), func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		for focus := range 6 { // the entry for the name, and what comes after it
			s.Press("New instance…")
			for range focus {
				s.FocusNext()
			}
			s.PressKey(fyne.KeyEscape)
			if s.Canvas().Overlays().Top() != nil {
				t.Fatalf("with the focus on %T the dialog stays", s.Canvas().Focused())
			}
		}
		s.Menu("Aquilo")
		s.Tap("Delete…")
		s.PressKey(fyne.KeyEscape)
		if s.Canvas().Overlays().Top() != nil {
			t.Error("a question stays")
		}
	})
}

func TestReturnConfirmsWhatDestroysNothing(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Menu("Aquilo")
		s.Tap("Rename…")
		s.Type("Aquilo", "Ice")
		s.PressKey(fyne.KeyReturn)
		if s.Canvas().Overlays().Top() != nil {
			t.Error("the form stays")
		}
		s.Menu("Aquilo")
		s.Tap("Delete…")
		s.PressKey(fyne.KeyReturn)
		s.Expect("Delete Aquilo?")
	})
}

func TestKeysDoNotReachBelowADialog(t *testing.T) {
	headless.Run(t, fiveInstances(), func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("New instance…")
		s.Key(fyne.Key1, fyne.KeyModifierShortcutDefault)
		s.PressKey(fyne.KeyEscape)
		s.Expect("Filter instances")
	})
}

func TestADialogIsNotLargerThanTheWindow(t *testing.T) {
	headless.Run(t, fiveInstances(), func(t *testing.T, s *headless.Screen) {
		s.Window.Window().Resize(fyne.NewSize(720, 430))
		s.Page("Instances")
		s.Press("New instance…")
		s.Press("Show advanced")
		window := s.Canvas().Size()
		for _, button := range []string{"Cancel", "Create"} {
			b := s.Button(button)
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(b.Size().Width, b.Size().Height)
			if at.X > window.Width || at.Y > window.Height {
				t.Errorf("%s ends at %v in a window of %v", button, at, window)
			}
		}
	})
}
