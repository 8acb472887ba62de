package pages

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// control is the buttons that start, stop and kill one instance.
type control struct {
	p      Params
	card   *widgets.ErrorCard // where failures are shown
	target *view.Instance
	start  *widget.Button
	stop   *widget.Button
	kill   *widget.Button
}

func newControl(p Params, card *widgets.ErrorCard) *control {
	c := &control{p: p, card: card}
	on := func(act func(view.Instance)) func() {
		return func() {
			if c.target != nil {
				act(*c.target)
			}
		}
	}
	c.start = widget.NewButtonWithIcon("Start", theme.MediaPlayIcon(), on(c.startIt))
	c.stop = widget.NewButtonWithIcon("Save & Stop", theme.MediaStopIcon(), on(c.stopIt))
	c.kill = widget.NewButtonWithIcon("Kill…", theme.CancelIcon(), on(c.askKill))
	return c
}

// point makes the buttons act on an instance; on none they are off.
func (c *control) point(r *view.Instance) {
	if c.target != nil && r != nil && *c.target == *r {
		return
	}
	c.target = r
	enable(c.start, r != nil && r.CanStart)
	enable(c.stop, r != nil && r.CanStop)
	enable(c.kill, r != nil && r.CanKill)
}

func enable(b *widget.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}

func (c *control) startIt(r view.Instance) { c.change(r, api.Service.StartInstance) }
func (c *control) stopIt(r view.Instance)  { c.change(r, api.Service.StopInstance) }

func (c *control) change(r view.Instance, call func(api.Service, context.Context, api.Caller, api.InstanceRef) (api.Instance, error)) {
	c.p.try(c.card, "", func(ctx context.Context) error {
		_, err := call(c.p.Service, ctx, c.p.Caller, api.InstanceRef{Instance: r.ID})
		return err
	})
}

// askKill names the loss before it happens.
func (c *control) askKill(r view.Instance) {
	ask := dialog.NewConfirm(fmt.Sprintf("Kill %s?", r.Name),
		"The server ends at once and does not save.\nAny progress since its last save will be lost.",
		func(ok bool) {
			if ok {
				c.change(r, api.Service.KillInstance)
			}
		}, c.p.Frame.Window())
	ask.SetConfirmText("Kill")
	ask.SetDismissText("Cancel")
	ask.SetConfirmImportance(widget.DangerImportance)
	ask.Show()
}

func (c *control) menu(r view.Instance) *fyne.Menu {
	item := func(text string, on bool, act func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(text, act)
		m.Disabled = !on
		return m
	}
	return fyne.NewMenu("",
		item("Open", true, func() { c.p.Frame.Open(r.ID) }),
		fyne.NewMenuItemSeparator(),
		item("Start", r.CanStart, func() { c.startIt(r) }),
		item("Save & Stop", r.CanStop, func() { c.stopIt(r) }),
		item("Kill…", r.CanKill, func() { c.askKill(r) }),
	)
}
