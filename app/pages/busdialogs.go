package pages

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/controller/api"

	"mainbus/app/widgets"
)

// wholeNumber checks what is typed as an amount; empty is none.
func wholeNumber(text string) error {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return errors.New(lang.L("a whole number is needed"))
	}
	return nil
}

// typed reads what wholeNumber let through.
func typed(e *widgets.Field) int64 {
	n, _ := strconv.ParseInt(strings.TrimSpace(e.Text), 10, 64)
	return n
}

func numberEntry(n int64, hint string) *widgets.Field {
	e := widgets.NewField()
	e.Validator = wholeNumber
	e.AlwaysShowValidationError = true // and not only after the entry is left, or a wrong one could be saved by the keyboard
	e.SetPlaceHolder(hint)
	if n != 0 {
		e.SetText(strconv.FormatInt(n, 10))
	}
	return e
}

// countEntry is for a number that can't be below 0.
func countEntry(n uint32, hint string) *widgets.Field {
	e := numberEntry(int64(n), hint)
	e.Validator = func(text string) error {
		if text = strings.TrimSpace(text); text == "" {
			return nil
		}
		if _, err := strconv.ParseUint(text, 10, 32); err != nil {
			return errors.New(lang.L("a whole number is needed, 0 or more"))
		}
		return nil
	}
	return e
}

func words(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// worldsWith lists the worlds with something of the selected item, and what it is.
func (b *Bus) worldsWith(amount func(api.BusAccount) int64) (names []string, accounts []api.BusAccount) {
	var ids []string
	for _, a := range b.accounts.Rows() {
		if amount(a) > 0 {
			names, ids, accounts = append(names, worldName(a)), append(ids, a.World), append(accounts, a)
		}
	}
	return apart(names, ids), accounts
}

type decision = func(api.Service, context.Context, api.Caller, api.GoodsOf) (api.Booked, error)

// askAmount lets the user choose a world and an amount, and makes the call for them.
func (b *Bus) askAmount(title, text, confirm string, amount func(api.BusAccount) int64, call decision) {
	names, accounts := b.worldsWith(amount)
	if len(accounts) == 0 {
		return
	}
	n := numberEntry(amount(accounts[0]), lang.L("all"))
	world := widgets.NewSelect(names, nil)
	world.SetSelectedIndex(0)
	world.OnChanged = func(string) { n.SetText(strconv.FormatInt(amount(accounts[world.SelectedIndex()]), 10)) }
	b.form(title, confirm, []*widget.FormItem{
		widget.NewFormItem("", words(text)), widget.NewFormItem(lang.L("World"), world), widget.NewFormItem(lang.L("Amount"), n),
	}, func() {
		a := accounts[world.SelectedIndex()]
		r := api.GoodsOf{Instance: a.World, GoodsRef: api.GoodsRef{Name: a.Name, Quality: a.Quality}, Amount: typed(n)}
		b.try(b.problem, title, "", func(ctx context.Context) error {
			_, err := call(b.Service, ctx, b.Caller, r)
			return err
		}, nil)
	})
}

func (b *Bus) askForgive() {
	b.askAmount(lang.L("Forgive a debt of {{.item}}", with{"item": b.shown.Name}),
		lang.L("The world has what it owes, and so do those who used it: what is forgiven exists twice from then on."),
		lang.L("Forgive"), func(a api.BusAccount) int64 { return a.Owed }, api.Service.ForgiveDebt)
}

func (b *Bus) askRelease() {
	b.askAmount(lang.L("Release {{.item}}", with{"item": b.shown.Name}),
		lang.L("The world says that it has sent more than its terminals can take. If somebody has written that into its save, it was made from nothing."),
		lang.L("Put on the bus"), func(a api.BusAccount) int64 { return a.Held }, api.Service.ReleaseHeld)
}

func (b *Bus) askAccept(ref api.GoodsRef) {
	title := lang.L("Take the books of {{.item}} as they are?", with{"item": ref.Words()})
	b.confirm(title, lang.L("The difference is noted in the history, and it is granted again. What is missing stays lost; what is too much was made from nothing."), lang.L("Take as they are"), widget.WarningImportance, func() {
		b.try(b.problem, title, "", func(ctx context.Context) error {
			_, err := b.Service.AcceptBooks(ctx, b.Caller, ref)
			return err
		}, nil)
	})
}

// askAnswer has a button for each answer.
func (b *Bus) askAnswer(q api.BusQuestion) {
	var ask *widgets.Dialog
	answer := func(text string, moved bool) *widgets.Button {
		return widgets.NewButton(text, func() {
			ask.Hide()
			b.try(b.problem, lang.L("Answer what {{.name}} is", with{"name": q.InstanceName}), "", func(ctx context.Context) error {
				_, err := b.Service.AnswerQuestion(ctx, b.Caller, api.AnswerQuestion{World: q.World, Moved: moved})
				return err
			}, nil)
		})
	}
	ask = b.newDialog(lang.L("Copied or moved?"), words(q.Text))
	buttons := []*widgets.Button{answer(lang.L("It was copied"), false)}
	if q.Kind == api.CopiedWorld && q.FromInstance != "" {
		buttons = append(buttons, answer(lang.L("It has moved"), true))
	}
	ask.Buttons(lang.L("Cancel"), buttons...)
	ask.Show()
}

func (b *Bus) verify() {
	b.try(b.problem, lang.L("Add up the books"), lang.L("The books were added up"), func(ctx context.Context) error {
		_, err := b.Service.VerifyBus(ctx, b.Caller) // what is wrong is shown like everything that wants attention
		return err
	}, nil)
}

// withPolicy asks for the policy and gives it to a dialog.
func (b *Bus) withPolicy(open func(api.BusPolicy)) {
	ask(b.Params, b.problem, func(ctx context.Context) (api.BusPolicy, error) { return b.Service.BusPolicy(ctx, b.Caller) }, open)
}

func (b *Bus) changePolicy(r api.ChangeBusPolicy) {
	b.try(b.problem, lang.L("Change how goods are divided"), "", func(ctx context.Context) error {
		_, err := b.Service.ChangeBusPolicy(ctx, b.Caller, r)
		return err
	}, nil)
}

// askRule opens the rule of the selected item, or of all that have none.
func (b *Bus) askRule() {
	item, one := b.selected()
	b.withPolicy(func(p api.BusPolicy) {
		title, rule, own := lang.L("Rule for all goods without one"), p.Default, true
		if one {
			title, rule, own = lang.L("Rule for {{.item}}", with{"item": item.Name}), api.BusRule{Strict: item.Strict, Fair: item.Fair, Limit: item.Limit}, false
			for _, r := range p.Items {
				own = own || r.GoodsRef == item.Ref
			}
		}
		asAll := widgets.NewCheck(lang.L("As for all goods"), nil)
		asAll.SetChecked(!own)
		division := widgets.NewSelect([]string{lang.L("First come, first served"), lang.L("Fair shares of what is wanted")}, nil)
		division.SetSelectedIndex(0)
		if rule.Fair {
			division.SetSelectedIndex(1)
		}
		strict := widgets.NewCheck(lang.L("Grant only what finished saves cover"), nil)
		strict.SetChecked(rule.Strict)
		limit := numberEntry(rule.Limit, lang.L("none"))
		changed := func() { asAll.SetChecked(false) } // to a rule of its own
		division.OnChanged, strict.OnChanged, limit.OnChanged = func(string) { changed() }, func(bool) { changed() }, func(string) { changed() }
		aging := widgets.NewCheck(lang.L("What spoils grows older on the bus"), nil)
		aging.SetChecked(p.Aging)
		burst, rate := numberEntry(p.Burst, ""), numberEntry(p.Rate, "")
		rows := []*widget.FormItem{widget.NewFormItem(lang.L("Division"), division), widget.NewFormItem("", strict), widget.NewFormItem(lang.L("Limit"), limit)}
		if one {
			rows = append([]*widget.FormItem{widget.NewFormItem("", asAll)}, rows...)
		} else {
			rows = append(rows, widget.NewFormItem("", aging), widget.NewFormItem(lang.L("Growth at once"), burst), widget.NewFormItem(lang.L("Growth per tick"), rate))
		}
		b.form(title, lang.L("Save"), rows, func() {
			change := api.ChangeBusPolicy{}
			if one {
				change.GoodsRef = item.Ref
			} else {
				change.Aging = new(aging.Checked)
				change.Burst, change.Rate = new(typed(burst)), new(typed(rate))
			}
			if one && asAll.Checked {
				change.NoOwnRule = true
			} else {
				change.Strict, change.Fair, change.Limit = new(strict.Checked), new(division.SelectedIndex() == 1), new(typed(limit))
			}
			b.changePolicy(change)
		})
	})
}

// askInstance opens how an instance stands beside others, and what is reserved of the selected item for it.
func (b *Bus) askInstance() {
	item, one := b.selected()
	var names, ids []string
	for _, i := range b.Model.Now().Instances {
		names, ids = append(names, i.Name), append(ids, i.ID)
	}
	if len(ids) == 0 {
		b.problem.Say(lang.L("There is no instance that goods could be divided among."), lang.L("Make one first: see the page Instances."))
		return
	}
	b.withPolicy(func(p api.BusPolicy) {
		priority, weight, reserve := numberEntry(0, "0"), numberEntry(1, "1"), numberEntry(0, lang.L("none"))
		instance := widgets.NewSelect(apart(names, ids), nil)
		instance.OnChanged = func(string) {
			rule, kept := instanceRule(p, ids[instance.SelectedIndex()], item.Ref)
			priority.SetText(strconv.Itoa(rule.Priority))
			weight.SetText(strconv.FormatInt(rule.Weight, 10))
			reserve.SetText(strconv.FormatInt(kept, 10))
		}
		instance.SetSelectedIndex(0)
		rows := []*widget.FormItem{
			widget.NewFormItem(lang.L("Instance"), instance), widget.NewFormItem(lang.L("Priority"), priority), widget.NewFormItem(lang.L("Weight"), weight),
		}
		if one {
			rows = append(rows, widget.NewFormItem(lang.L("Reserved {{.item}}", with{"item": item.Name}), reserve))
		}
		b.form(lang.L("What an instance gets"), lang.L("Save"), rows, func() {
			change := api.ChangeBusPolicy{Instance: ids[instance.SelectedIndex()], Priority: new(int(typed(priority))), Weight: new(typed(weight))}
			if one {
				change.GoodsRef, change.Reserve = item.Ref, new(typed(reserve))
			}
			b.changePolicy(change)
		})
	})
}

// instanceRule finds how an instance stands, and how much of some goods is kept for it.
func instanceRule(p api.BusPolicy, id string, ref api.GoodsRef) (rule api.BusInstanceRule, reserved int64) {
	rule.Weight = 1
	for _, r := range p.Instances {
		if r.Instance == id {
			rule = r
		}
	}
	for _, r := range p.Reserves {
		if r.Instance == id && r.GoodsRef == ref {
			reserved = r.Amount
		}
	}
	return rule, reserved
}
