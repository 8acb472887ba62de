package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// giving is a pack that an instance gets, or that is taken from it.
type giving struct {
	api.AssignPack
	words string // what is done
	toast string // once it is done
}

// give gives instances a pack after a look at what their worlds would lose: if there is anything, that is shown and asked first. done is called
// however it ends.
func (p Params) give(card *widgets.ErrorCard, all []giving, done func()) {
	ask(p, card, func(ctx context.Context) ([]api.AssignPlan, error) {
		var plans []api.AssignPlan
		for _, g := range all {
			plan, err := p.Service.PlanAssign(ctx, p.Caller, g.AssignPack)
			if err != nil {
				p.Frame.Do(done)
				return nil, err
			}
			plans = append(plans, plan)
		}
		return plans, nil
	}, func(plans []api.AssignPlan) {
		harmless := true
		for i, plan := range plans {
			all[i].Hash = plan.Hash
			harmless = harmless && plan.Harmless()
		}
		if harmless {
			p.giveNow(card, all, done)
			return
		}
		p.askLosses(plans, func(ok bool) {
			if ok {
				p.giveNow(card, all, done)
			} else {
				done()
			}
		})
	})
}

func (p Params) giveNow(card *widgets.ErrorCard, all []giving, done func()) {
	for _, g := range all {
		p.try(card, g.words, g.toast, func(ctx context.Context) error {
			_, err := p.Service.AssignPack(ctx, p.Caller, g.AssignPack)
			p.Frame.Do(done)
			return err
		}, nil)
	}
}

// askLosses shows what worlds lose by another pack, and whether it is meant all the same.
func (p Params) askLosses(plans []api.AssignPlan, answer func(bool)) {
	rows := container.NewVBox()
	for _, plan := range plans {
		rows.Add(widget.NewLabelWithStyle(plan.Name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
		rows.Add(words(view.AssignWords(plan)))
		for _, text := range plan.Losses {
			l := words(text)
			l.Importance = widget.WarningImportance
			rows.Add(l)
		}
		for _, text := range plan.Warnings {
			rows.Add(words(text))
		}
	}
	hint := words(lang.L("A backup of the save is made before the next start, and the mods that were there are kept, so there is a way back."))
	rows.Add(hint)
	d, given := p.newDialog(lang.L("What would change"), rows), false
	give := widgets.NewButton(lang.L("Give the pack"), func() {
		given = true
		d.Hide()
	})
	give.Importance = widget.WarningImportance
	d.Buttons(lang.L("Cancel"), give)
	d.OnClosed(func() { answer(given) })
	d.Resize(fyne.NewSize(680, 0))
	d.Show()
}
