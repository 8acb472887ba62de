package pages

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Control starts, stops and kills instances for the user.
type Control struct {
	p    Params
	card *widgets.ErrorCard // where failures are shown
}

// NewControl makes one for the parts of the window that have no page.
func NewControl(p Params, card *widgets.ErrorCard) *Control { return &Control{p, card} }

type change = func(api.Service, context.Context, api.Caller, api.InstanceRef) (api.Instance, error)

// Start starts an instance, or tries again at once to start one that has failed.
func (c *Control) Start(r view.Instance) {
	c.change(r, lang.L("Start {{.name}}", with{"name": r.Name}), api.Service.StartInstance, view.ToRun, nil)
}

// Stop saves and stops an instance.
func (c *Control) Stop(r view.Instance) {
	c.change(r, lang.L("Save and stop {{.name}}", with{"name": r.Name}), api.Service.StopInstance, view.ToStop, nil)
}

// Restart saves and stops an instance, and starts it again.
func (c *Control) Restart(r view.Instance) {
	c.change(r, lang.L("Save, stop and start {{.name}}", with{"name": r.Name}), api.Service.StopInstance, view.ToStop, func() { c.Start(r) })
}

func (c *Control) kill(r view.Instance) {
	c.change(r, lang.L("Kill {{.name}}", with{"name": r.Name}), api.Service.KillInstance, view.ToStop, nil)
}

func (c *Control) change(r view.Instance, words string, call change, goal view.Goal, then func()) {
	c.p.try(c.card, words, "", func(ctx context.Context) error {
		_, err := call(c.p.Service, ctx, c.p.Caller, api.InstanceRef{Instance: r.ID})
		return err
	}, func(t *view.Task) {
		after := then
		if then != nil {
			after = func() {
				c.p.Tasks.End(t, "")
				then()
			}
		}
		c.p.Tasks.Await(t, r, goal, after)
	})
}

// askKill names the loss before it happens.
func (c *Control) askKill(rows ...view.Instance) {
	title, text := lang.L("Kill {{.name}}?", with{"name": rows[0].Name}),
		lang.L("The server ends at once and does not save. Any progress since its last save will be lost.")
	if len(rows) > 1 {
		title, text = lang.L("Kill {{.n}} instances?", with{"n": len(rows)}),
			lang.L("The servers end at once and do not save. Any progress since the last save of each will be lost.")
	}
	c.p.confirm(title, text, lang.L("Kill"), widget.DangerImportance, func() {
		for _, r := range rows {
			c.kill(r)
		}
	})
}

// buttons are those that act on the instances that are chosen: on each of them whose state allows it.
type buttons struct {
	*Control
	targets           []view.Instance
	start, stop, kill *widgets.Button
}

func newButtons(p Params, card *widgets.ErrorCard) *buttons {
	b := &buttons{Control: NewControl(p, card)}
	each := func(may func(view.Instance) bool, act func(view.Instance)) func() {
		return func() {
			for _, r := range b.those(may) {
				act(r)
			}
		}
	}
	b.start = widgets.NewButtonWithIcon("", theme.MediaPlayIcon(), each(canStart, b.Start))
	b.stop = widgets.NewButtonWithIcon("", theme.MediaStopIcon(), each(canStop, b.Stop))
	b.kill = widgets.NewButtonWithIcon("", theme.CancelIcon(), func() { b.askKill(b.those(canKill)...) })
	b.label()
	return b
}

func canStart(r view.Instance) bool { return r.CanStart }
func canStop(r view.Instance) bool  { return r.CanStop }
func canKill(r view.Instance) bool  { return r.CanKill }

func (b *buttons) those(may func(view.Instance) bool) (rows []view.Instance) {
	for _, r := range b.targets {
		if may(r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// point makes the buttons act on instances; on none they are off.
func (b *buttons) point(rows ...view.Instance) {
	if slices.Equal(rows, b.targets) {
		return
	}
	b.targets = rows
	b.label()
}

func (b *buttons) label() {
	for _, l := range []struct {
		button *widgets.Button
		text   string
		may    func(view.Instance) bool
	}{{b.start, lang.L("Start"), canStart}, {b.stop, lang.L("Save & Stop"), canStop}, {b.kill, lang.L("Kill…"), canKill}} {
		n := len(b.those(l.may))
		if len(b.targets) > 1 && n > 0 {
			l.text = fmt.Sprintf("%s (%d)", l.text, n)
		}
		if l.button.Text != l.text {
			l.button.SetText(l.text)
		}
		enable(l.button, n > 0)
	}
}

// menu is that of the instances which are chosen.
func (b *buttons) menu() *fyne.Menu {
	var items []*fyne.MenuItem
	add := func(text string, on bool, act func()) {
		m := fyne.NewMenuItem(text, act)
		m.Disabled = !on
		items = append(items, m)
	}
	if len(b.targets) == 1 {
		id, name := b.targets[0].ID, b.targets[0].Name
		add(lang.L("Open"), true, func() { b.p.Frame.Open(id) })
		add(lang.L("Graphs…"), true, func() { ShowGraphs(b.p, api.KindInstance, id, name) })
		row := b.targets[0]
		add(lang.L("Supervision…"), true, func() { ShowSupervision(b.p, b.card, row) })
		items = append(items, fyne.NewMenuItemSeparator())
	}
	for _, button := range []*widgets.Button{b.start, b.stop, b.kill} {
		add(button.Text, !button.Disabled(), button.OnTapped)
	}
	if len(b.targets) == 1 {
		items = append(items, fyne.NewMenuItemSeparator())
		items = append(items, b.moreItems(b.targets[0])...)
	}
	return fyne.NewMenu("", items...)
}
