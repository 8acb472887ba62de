package pages

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// restartModes are in the order in which they are shown.
var restartModes = []string{api.RestartAlways, api.RestartOnFailure, api.RestartNever}

// supervision is the form about how a game is kept running.
type supervision struct {
	restart                                             *widgets.Select
	giveUp, within, stop, order, memory, niceness, cpus *widgets.Field
}

// ShowSupervision shows how an instance is kept running, and changes it. Failures are shown on the card.
func ShowSupervision(p Params, problem *widgets.ErrorCard, r view.Instance) {
	ask(p, problem, func(ctx context.Context) (api.Supervision, error) {
		return p.Service.InstanceSupervision(ctx, p.Caller, api.InstanceRef{Instance: r.ID})
	}, func(now api.Supervision) { openSupervision(p, problem, r, now) })
}

func openSupervision(p Params, problem *widgets.ErrorCard, r view.Instance, now api.Supervision) {
	s := newSupervision(now)
	p.form(lang.L("Supervision of {{.name}}", with{"name": r.Name}), lang.L("Save"), s.items(), func() {
		change := s.change(r.ID)
		p.try(problem, lang.L("Change the supervision of {{.name}}", with{"name": r.Name}), lang.L("The supervision of {{.name}} is changed", with{"name": r.Name}), func(ctx context.Context) error {
			_, err := p.Service.ChangeSupervision(ctx, p.Caller, change)
			return err
		}, nil)
	})
}

func newSupervision(now api.Supervision) *supervision {
	s := &supervision{
		restart: widgets.NewSelect([]string{lang.L("Always"), lang.L("After a failure"), lang.L("Never")}, nil),
		giveUp:  countEntry(now.GiveUpAfter, "10"), within: countEntry(now.GiveUpSeconds, "600"),
		stop: countEntry(now.StopSeconds, "300"), order: countEntry(now.Order, "0"),
		memory: widgets.NewField(), niceness: widgets.NewField(), cpus: widgets.NewField(),
	}
	for n, mode := range restartModes {
		if mode == now.Restart {
			s.restart.SetSelectedIndex(n)
		}
	}
	s.memory.SetPlaceHolder(lang.L("no limit, or like 4GiB"))
	if now.MemoryBytes > 0 {
		s.memory.SetText(api.SizeText(now.MemoryBytes))
	}
	s.memory.Validator = func(text string) error { _, err := api.ParseSize(text); return err }
	s.cpus.SetPlaceHolder(lang.L("all, or like 0,2-3"))
	s.cpus.SetText(api.CPUsText(now.CPUs))
	s.cpus.Validator = func(text string) error { _, err := api.ParseCPUs(text); return err }
	for _, e := range []*widgets.Field{s.memory, s.niceness, s.cpus} {
		e.AlwaysShowValidationError = true // as those for numbers
	}
	s.niceness.SetText(strconv.Itoa(int(now.Niceness)))
	s.niceness.Validator = func(text string) error {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err != nil || n < -20 || n > 19 {
			return errors.New(lang.L("a number from -20 to 19"))
		}
		return nil
	}
	return s
}

func (s *supervision) items() []*widget.FormItem {
	hinted := func(text, hint string, e fyne.CanvasObject) *widget.FormItem {
		item := widget.NewFormItem(text, e)
		item.HintText = hint
		return item
	}
	return []*widget.FormItem{
		hinted(lang.L("Start again"), lang.L("when it has ended by itself"), s.restart),
		hinted(lang.L("Give up after"), lang.L("failures"), s.giveUp),
		hinted(lang.L("within"), lang.L("seconds"), s.within),
		hinted(lang.L("Time to stop"), lang.L("seconds for saving, before it is killed"), s.stop),
		hinted(lang.L("Order of start"), lang.L("on its host: the lower first"), s.order),
		hinted(lang.L("Memory"), lang.L("from its next start on, as are the two below"), s.memory),
		widget.NewFormItem(lang.L("Processors"), s.cpus),
		hinted(lang.L("Niceness"), lang.L("from -20, first served, to 19"), s.niceness),
	}
}

// change is what the form says. It has been checked.
func (s *supervision) change(id string) api.ChangeSupervision {
	count := func(e *widgets.Field) *uint32 { n := uint32(typed(e)); return &n }
	memory, _ := api.ParseSize(s.memory.Text)
	cpus, _ := api.ParseCPUs(strings.TrimSpace(s.cpus.Text))
	nice, _ := strconv.Atoi(strings.TrimSpace(s.niceness.Text))
	niceness := int32(nice)
	restart := restartModes[max(0, s.restart.SelectedIndex())]
	return api.ChangeSupervision{
		Instance: id, Order: count(s.order), StopSeconds: count(s.stop), Restart: &restart, GiveUpAfter: count(s.giveUp), GiveUpSeconds: count(s.within),
		MemoryBytes: &memory, Niceness: &niceness, CPUs: &cpus,
	}
}
