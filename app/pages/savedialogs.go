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

func nameEntry(name string) *widgets.Field {
	e := widgets.NewField()
	e.Validator = func(text string) error {
		if !strings.HasSuffix(strings.ToLower(text), ".zip") || len(text) < 5 {
			return errors.New(lang.L("the name of a save ends in .zip"))
		}
		return nil
	}
	e.SetText(name)
	return e
}

// askName asks for the name of what an action makes of a save.
func (s *saves) askName(title string, r view.Save, action string) {
	name := r.Name
	if r.Autosave && action != api.RenameSave {
		name = ""
	}
	e := nameEntry(name)
	s.form(title+" “"+r.Name+"”", title, []*widget.FormItem{widget.NewFormItem(lang.L("Name"), e)}, func() { s.change(action, r, e.Text) })
}

func (s *saves) askRemove(r view.Save) {
	s.confirm(lang.L("Remove “{{.save}}” for good?", with{"save": r.Name}), lang.L("It can't be brought back."), lang.L("Remove"), widget.DangerImportance,
		func() { s.change(api.RemoveSave, r, "") })
}

func (s *saves) askTransfer(r view.Save) {
	area := s.place()
	var names, ids []string
	for _, i := range s.Model.Now().Instances {
		if i.ID != s.id {
			names, ids = append(names, i.Name+" · "+i.Host), append(ids, i.ID)
		}
	}
	if len(names) == 0 {
		s.problem.Say(lang.L("There is no other instance."), lang.L("Create one first."))
		return
	}
	to, name := widgets.NewSelect(names, nil), nameEntry(r.Name)
	to.SetSelectedIndex(0)
	s.form(lang.L("Copy “{{.save}}” to another instance", with{"save": r.Name}), lang.L("Copy"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Instance"), to), widget.NewFormItem(lang.L("Name"), name),
	}, func() {
		target := ids[to.SelectedIndex()]
		s.carry(lang.L("Copy {{.save}} to {{.instance}}", with{"save": r.Name, "instance": to.Selected}), func(ctx context.Context) (api.Task, error) {
			return s.Service.TransferSave(ctx, s.Caller, api.TransferSave{Instance: s.id, Area: area, Save: r.ID, To: target, Name: name.Text})
		})
	})
}

// presets are those of the game itself.
var presets = []string{"default", "rich-resources", "marathon", "death-world", "death-world-marathon", "rail-world", "ribbon-world"}

func (s *saves) askCreate() {
	name, preset, seed := nameEntry("new.zip"), widgets.NewSelect(presets, nil), numberEntry(0, lang.L("the game's choice"))
	preset.SetSelectedIndex(0)
	exchange, scenario := widgets.NewMultiLineField(), widgets.NewField()
	exchange.SetPlaceHolder(lang.L("Paste a map exchange string: >>>…<<<"))
	exchange.SetMinRowsVisible(3)
	exchange.Wrapping = fyne.TextWrapBreak
	scenario.SetPlaceHolder("base/freeplay")
	s.form(lang.L("New map for {{.instance}}", with{"instance": s.name()}), lang.L("Create"), []*widget.FormItem{
		widget.NewFormItem("", words(lang.L("The instance has to be stopped. Its next start loads the new map; the other saves stay."))),
		widget.NewFormItem(lang.L("Name"), name), widget.NewFormItem(lang.L("Preset"), preset), widget.NewFormItem(lang.L("Seed"), seed),
		widget.NewFormItem(lang.L("Exchange string"), exchange), widget.NewFormItem(lang.L("Scenario"), scenario),
	}, func() {
		r := api.CreateMap{
			Instance: s.id, Name: name.Text, Preset: preset.Selected, Seed: uint32(typed(seed)),
			Exchange: strings.TrimSpace(exchange.Text), Scenario: strings.TrimSpace(scenario.Text),
		}
		if r.Exchange != "" {
			r.Preset = "" // the string says all of it
		}
		s.carry(lang.L("Create {{.save}} on {{.instance}}", with{"save": r.Name, "instance": s.name()}), func(ctx context.Context) (api.Task, error) {
			return s.Service.CreateMap(ctx, s.Caller, r)
		})
	})
}

func (s *saves) askKeep() {
	k := s.list.Keep
	count, days := numberEntry(int64(k.Count), lang.L("any")), numberEntry(int64(k.Days), lang.L("any"))
	size := numberEntry(k.Bytes>>30, lang.L("any"))
	s.form(lang.L("What is kept of backups"), lang.L("Keep"), []*widget.FormItem{
		widget.NewFormItem("", words(lang.L("Of each reason; the newest is kept in any case. Nothing means no bound."))),
		widget.NewFormItem(lang.L("Backups"), count), widget.NewFormItem(lang.L("Days"), days), widget.NewFormItem(lang.L("GiB"), size),
	}, func() {
		k := api.Keep{Count: int(typed(count)), Days: int(typed(days)), Bytes: typed(size) << 30}
		s.send(lang.L("Keep {{.n}} backups", with{"n": strconv.Itoa(k.Count)}), api.ChangeSave{Action: api.KeepBackups, Keep: &k})
	})
}
