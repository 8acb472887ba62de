package pages

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// planning is the dialog with the plan of a change of a pack: nothing is touched before it is confirmed.
type planning struct {
	Params
	card    *widgets.ErrorCard // of the page
	ask     api.PlanPack
	name    string // of the pack
	plan    api.PackPlan
	words   *widget.Label
	problem *widgets.ErrorCard
	wrong   *fyne.Container // demands that can't be met together
	notes   *fyne.Container
	table   *widgets.Table[view.PlanStep]
	apply   *widgets.Button
	done    func()
	cancel  func()
	dialog  *widgets.Dialog
}

// askPlan shows what a change of a pack would do, and does it if that is wanted; done is called when it is done.
func (p Params) askPlan(card *widgets.ErrorCard, name string, r api.PlanPack, done func()) {
	d := &planning{Params: p, card: card, ask: r, name: name, words: words(""), problem: widgets.NewErrorCard().Lasting(), wrong: container.NewVBox(), notes: container.NewVBox(), done: done, cancel: func() {}}
	d.table = widgets.NewTable(p.Frame, p.Tips, func(s view.PlanStep) string { return s.Name + s.Action },
		widgets.Column[view.PlanStep]{ID: "what", Title: lang.L("What"), Width: 110, Cell: planAction},
		widgets.Column[view.PlanStep]{ID: "mod", Title: lang.L("Mod"), Width: 210, Cell: func(s view.PlanStep) widgets.Cell { return widgets.Cell{Text: s.Title, Tip: s.Name} }},
		widgets.Column[view.PlanStep]{ID: "from", Title: lang.L("From"), Width: 80, Cell: func(s view.PlanStep) widgets.Cell { return widgets.Cell{Text: s.From, Color: look.Muted} }},
		widgets.Column[view.PlanStep]{ID: "to", Title: lang.L("To"), Width: 80, Cell: func(s view.PlanStep) widgets.Cell { return widgets.Cell{Text: s.To} }},
		widgets.Column[view.PlanStep]{ID: "size", Title: lang.L("File"), Width: 160, Cell: func(s view.PlanStep) widgets.Cell { return widgets.Cell{Text: s.Size, Color: look.Muted} }},
		widgets.Column[view.PlanStep]{ID: "why", Title: lang.L("Why"), Cell: func(s view.PlanStep) widgets.Cell { return widgets.Cell{Text: s.Why, Color: look.Muted, Tip: s.Why} }})
	d.apply = primary(lang.L("Do it"), theme.ConfirmIcon(), d.carryOut)
	content := container.NewBorder(container.NewVBox(d.words, d.problem, d.wrong), d.notes, nil, nil, d.table)
	d.dialog = p.newDialog(lang.L("Plan for {{.name}}", with{"name": name}), content)
	d.dialog.Buttons(lang.L("Cancel"), d.apply)
	d.dialog.OnClosed(func() { d.cancel() })
	d.dialog.Resize(fyne.NewSize(940, 600))
	d.read()
	d.dialog.Show()
}

func planAction(s view.PlanStep) widgets.Cell {
	c := widgets.Cell{Text: s.Word}
	switch s.Action {
	case api.PlanInstall, api.PlanEnable:
		c.Color = look.Good
	case api.PlanUpdate, api.PlanPin, api.PlanUnpin:
		c.Color = look.Info
	case api.PlanDowngrade, api.PlanDisable:
		c.Color = look.Busy
	case api.PlanRemove:
		c.Color = look.Bad
	}
	return c
}

// read asks for the plan; the portal may have to be asked for that.
func (d *planning) read() {
	d.cancel()
	d.apply.Disable()
	d.words.SetText(lang.L("It is worked out which releases go together…"))
	d.problem.Say("", "")
	d.wrong.RemoveAll()
	d.table.Hide()
	r := d.ask
	d.cancel = d.Frame.Go(func(ctx context.Context) {
		plan, err := d.Service.PlanPack(ctx, d.Caller, r)
		if ctx.Err() != nil {
			return
		}
		d.Frame.Do(func() {
			if err != nil {
				shown := api.AsError(err)
				d.words.SetText("")
				d.problem.Say(shown.Message, shown.Next)
				return
			}
			d.show(plan)
		})
	})
}

func (d *planning) show(plan api.PackPlan) {
	d.plan = plan
	d.words.SetText(view.PlanWords(plan))
	d.table.SetRows(view.PlanSteps(plan))
	d.table.Hidden = len(plan.Steps) == 0
	d.notes.RemoveAll()
	d.wrong.RemoveAll()
	d.showConflicts()
	d.note(view.PlanNotes(plan), widget.WarningImportance)
	if text := view.PlanRestarts(plan); text != "" && plan.Changes() {
		d.note([]string{text}, widget.MediumImportance)
	}
	enable(d.apply, plan.Changes())
}

const shownNotes = 6

// note adds sentences below the table, of many only the first.
func (d *planning) note(texts []string, importance widget.Importance) {
	if len(texts) == 0 {
		return
	}
	more := len(texts) - shownNotes
	texts = texts[:min(len(texts), shownNotes)]
	if more > 0 {
		texts = append(slices.Clone(texts), lang.L("and {{.n}} more", with{"n": more}))
	}
	l := words(strings.Join(texts, "\n"))
	l.Importance = importance
	d.notes.Add(l)
}

// showConflicts lists the demands that can't be met together; each that is one mod's wish about another can be ignored.
func (d *planning) showConflicts() {
	for _, c := range d.plan.Conflicts {
		row := container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(look.Trouble.Icon())), nil, words(c.Text))
		if need, ok := view.Ignorable(c); ok {
			ignore := widgets.NewButton(lang.L("Ignore in this pack"), func() {
				d.ask.Ignore = append(d.ask.Ignore, need)
				d.read()
			})
			row = container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(look.Trouble.Icon())), container.NewCenter(ignore), words(c.Text))
		}
		d.wrong.Add(row)
	}
	d.wrong.Refresh()
}

func (d *planning) carryOut() {
	r := api.ApplyPackPlan{PlanPack: d.ask, Hash: d.plan.Hash}
	d.dialog.Hide()
	d.carry(d.card, lang.L("Change the mods of {{.name}}", with{"name": d.name}), func(ctx context.Context) (api.Task, error) {
		return d.Service.ApplyPackPlan(ctx, d.Caller, r)
	}, func(bool) { d.done() })
}
