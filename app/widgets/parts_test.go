package widgets

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

func TestTextThatIsCutFitsWhatItGets(t *testing.T) {
	text := NewText("", "", "").Cut(100)
	show(t, container.NewWithoutLayout(text))
	if got := text.MinSize().Width; got != 0 {
		t.Errorf("an empty text is %v wide", got)
	}
	text.Set("short", "")
	text.Resize(text.MinSize())
	if text.text.Text != "short" {
		t.Errorf("shown is %q", text.text.Text)
	}
	long := strings.Repeat("long 🚂 ", 100)
	text.Set(long, "")
	if got := text.MinSize().Width; got != 100 {
		t.Errorf("a long text wants to be %v wide", got)
	}
	text.Resize(text.MinSize())
	if shown := text.text.Text; !strings.HasSuffix(shown, "…") || fyne.MeasureText(shown, 14, fyne.TextStyle{}).Width > 100 {
		t.Errorf("shown is %q", shown)
	}
	text.Resize(fyne.NewSize(20000, 20)) // the window has grown
	if text.text.Text != long {
		t.Errorf("shown is %q", text.text.Text)
	}
	whole := NewText(long, "", "")
	if got := whole.MinSize().Width; got < 1000 {
		t.Errorf("a text that is not cut is %v wide", got)
	}
}

// keyLog is a window that notes the shortcuts which reach it and uses no key.
type keyLog []string

func (l *keyLog) Shortcut(s fyne.Shortcut)       { *l = append(*l, s.ShortcutName()) }
func (l *keyLog) Key(*fyne.KeyEvent) (used bool) { return false }

func TestEntryLeavesShortcutsToTheWindow(t *testing.T) {
	var got keyLog
	e := NewEntry(&got)
	w := show(t, e)
	w.Canvas().Focus(e)
	test.Type(e, "text")
	shortcut := &desktop.CustomShortcut{KeyName: fyne.Key2, Modifier: fyne.KeyModifierControl}
	e.TypedShortcut(shortcut)
	if len(got) != 1 || got[0] != shortcut.ShortcutName() {
		t.Errorf("the window got %q", got)
	}
	e.TypedShortcut(&fyne.ShortcutSelectAll{})
	if e.SelectedText() != "text" {
		t.Error("the entry's own shortcuts do nothing")
	}
	e.Disable()
	if w.Canvas().Focused() != nil {
		t.Error("an entry that is off has the focus")
	}
}

func TestErrorCardIsThereOnlyWithAnError(t *testing.T) {
	card := NewErrorCard()
	show(t, card)
	silent := func(when string) {
		t.Helper()
		if card.Says() != "" || card.MinSize().Height > 0 {
			t.Errorf("%s it says %q and is %v high", when, card.Says(), card.MinSize().Height)
		}
	}
	silent("before anything happened")
	card.Say("It broke.", "")
	if card.Says() != "It broke." || card.next.Visible() || card.MinSize().Height == 0 {
		t.Errorf("it says %q, next step %v", card.Says(), card.next.Visible())
	}
	card.Say("It broke again.", "Mend it.")
	if !card.next.Visible() || card.Says() != "It broke again." || card.next.Text != "Mend it." {
		t.Errorf("it says %q, %q", card.Says(), card.next.Text)
	}
	test.Tap(card.dismiss)
	silent("dismissed")
	card.Say("And again.", "")
	card.Say("", "")
	silent("mended")
}
