package pages

import (
	"context"
	"slices"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// playerLists is what is known of the lists of players of an instance.
type playerLists struct {
	modes  api.ListModes
	states map[string]api.ListState
}

// askLists shows how the lists of players of an instance go with the cluster's, and changes that.
func (c *Control) askLists(r view.Instance) {
	ask(c.p, c.card, func(ctx context.Context) (known playerLists, err error) {
		all, err := c.p.Service.ListModes(ctx, c.p.Caller)
		if err != nil {
			return known, err
		}
		states, err := c.p.Service.ListStates(ctx, c.p.Caller)
		known.states = map[string]api.ListState{}
		for _, s := range states {
			if s.Instance == r.ID {
				known.states[s.List] = s
			}
		}
		if at := slices.IndexFunc(all, func(m api.ListModes) bool { return m.Instance == r.ID }); at >= 0 {
			known.modes = all[at]
		}
		return known, err
	}, func(known playerLists) { c.showLists(r, known) })
}

func (c *Control) showLists(r view.Instance, known playerLists) {
	modes := []string{api.ListOff, api.ListToGame, api.ListBoth}
	choice := func(options []string, word func(string) string, now string) *widgets.Select {
		words := make([]string, 0, len(options))
		for _, o := range options {
			words = append(words, word(o))
		}
		s := widgets.NewSelect(words, nil)
		if at := slices.Index(options, now); at >= 0 {
			s.SetSelectedIndex(at)
		}
		return s
	}
	var items []*widget.FormItem
	was := []string{known.modes.Admins, known.modes.Bans, known.modes.Whitelist}
	var chosen []*widgets.Select
	for n, list := range []struct{ title, list string }{{lang.L("Admins"), api.Admins}, {lang.L("Bans"), api.Bans}, {lang.L("Whitelist"), api.Whitelist}} {
		s := choice(modes, view.ListModeWord, was[n])
		item := widget.NewFormItem(list.title, s)
		if state, ok := known.states[list.list]; ok {
			item.HintText = view.ListStateWords(state)
		}
		chosen, items = append(chosen, s), append(items, item)
	}
	whitelisting := []string{"", "on", "off"}
	only := choice(whitelisting, whitelistingWord, known.modes.Whitelisting)
	items = append(items, widget.NewFormItem(lang.L("Who may join"), only),
		widget.NewFormItem("", words(lang.L("“Both ways”: what is changed in the game or here is done on the other side. “Follows the cluster's”: what is changed in the game stays there. No ban disappears by a change here."))))
	c.p.form(lang.L("Lists of players of {{.name}}", with{"name": r.Name}), lang.L("Save"), items, func() {
		change := api.SetListModes{Instance: r.ID}
		for n, to := range []**string{&change.Admins, &change.Bans, &change.Whitelist} {
			if i := chosen[n].SelectedIndex(); i >= 0 && modes[i] != was[n] {
				*to = &modes[i]
			}
		}
		if i := only.SelectedIndex(); i >= 0 && whitelisting[i] != known.modes.Whitelisting {
			change.Whitelisting = &whitelisting[i]
		}
		if change.Admins == nil && change.Bans == nil && change.Whitelist == nil && change.Whitelisting == nil {
			return
		}
		c.p.try(c.card, lang.L("Change the lists of players of {{.name}}", with{"name": r.Name}), "", func(ctx context.Context) error {
			_, err := c.p.Service.SetListModes(ctx, c.p.Caller, change)
			return err
		}, nil)
	})
}

func whitelistingWord(mode string) string {
	switch mode {
	case "on":
		return lang.L("only who is on the whitelist")
	case "off":
		return lang.L("everybody who is not banned")
	}
	return lang.L("as the game has it")
}
