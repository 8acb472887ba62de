package pages

import (
	"context"
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

// menu is what can be done with those who are selected, and with all.
func (s *Users) menu() *fyne.Menu {
	rows := s.table.Selected()
	any := func(is func(view.User) bool) bool {
		for _, r := range rows {
			if is(r) {
				return true
			}
		}
		return false
	}
	item := func(text string, on bool, do func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(text, do)
		m.Disabled = !on
		return m
	}
	bulk := func(action string, is func(view.User) bool) *fyne.MenuItem {
		return item(view.BulkWord(action), s.all || any(is), func() { s.bulk(api.BulkUsers{Action: action}) })
	}
	online := any(func(r view.User) bool { return r.Where != "" })
	one := len(rows) == 1
	return fyne.NewMenu("",
		bulk(api.BulkPromote, func(r view.User) bool { return !r.Admin }), bulk(api.BulkDemote, func(r view.User) bool { return r.Admin }),
		bulk(api.BulkWhitelist, func(r view.User) bool { return !r.Whitelisted }), bulk(api.BulkUnwhitelist, func(r view.User) bool { return r.Whitelisted }),
		item(lang.L("Ban…"), len(rows) > 0, s.askBan), bulk(api.BulkUnban, func(r view.User) bool { return r.Banned }),
		fyne.NewMenuItemSeparator(),
		item(lang.L("Message…"), true, s.askMessage), item(lang.L("Send to another server…"), one && online, s.askSend),
		item(lang.L("Kick…"), online, s.askKick), item(lang.L("Mute"), online, func() { s.moderate(api.Mute, "") }), item(lang.L("Unmute"), len(rows) > 0, func() { s.moderate(api.Unmute, "") }),
		fyne.NewMenuItemSeparator(),
		item(lang.L("Give a role…"), len(rows) > 0, func() { s.askRole(api.BulkGrantRole) }), item(lang.L("Take a role away…"), len(rows) > 0, func() { s.askRole(api.BulkRevokeRole) }),
		bulk(api.BulkClearNotes, func(r view.User) bool { return r.Notes != "" }),
		item(lang.L("Delete the record…"), one, s.askDelete),
		fyne.NewMenuItemSeparator(),
		item(lang.L("Import…"), true, s.AskImport), item(lang.L("Export…"), true, s.askExport), item(lang.L("Undo the last change of many…"), true, s.askUndo))
}

func (s *Users) openMenu() {
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(s.more).AddXY(0, s.more.Size().Height)
	widget.ShowPopUpMenuAtPosition(s.menu(), driver.CanvasForObject(s.more), at)
}

func (s *Users) changeUser(words string, r api.ChangeUser) {
	s.change(words, func(ctx context.Context) error {
		_, err := s.Service.ChangeUser(ctx, s.Caller, r)
		return err
	})
}

// change makes a call and reads what is shown again.
func (s *Users) change(words string, call func(context.Context) error) {
	s.try(s.problem, words, "", call, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.again()
	})
}

func (s *Users) askAdd() {
	name := needed("", lang.L("as the game spells it"))
	list, admin := widgets.NewCheck(lang.L("on the whitelist"), nil), widgets.NewCheck(lang.L("admin"), nil)
	s.form(lang.L("Add a player"), lang.L("Add"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Name"), name), widget.NewFormItem("", list), widget.NewFormItem("", admin),
		widget.NewFormItem("", words(lang.L("Who joins a game gets a record by themselves. Games whose lists are kept the same follow at once."))),
	}, func() {
		r := api.ChangeUser{Name: strings.TrimSpace(name.Text), Create: true}
		if yes := true; list.Checked {
			r.Whitelisted = &yes
		}
		if yes := true; admin.Checked {
			r.Admin = &yes
		}
		s.changeUser(lang.L("Add {{.name}}", with{"name": r.Name}), r)
	})
	s.Frame.Window().Canvas().Focus(name)
}

// askBan asks for the reason. One player is banned at once, many after a look at what changes.
func (s *Users) askBan() {
	names := s.selected()
	if len(names) == 0 {
		return
	}
	reason := widgets.NewField()
	reason.SetPlaceHolder(lang.L("as the game shows it to the player"))
	if rows := s.table.Selected(); len(rows) == 1 {
		reason.SetText(rows[0].Reason)
	}
	title := lang.L("Ban {{.name}}", with{"name": s.whoWords()})
	s.form(title, lang.L("Ban"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Reason"), reason),
		widget.NewFormItem("", words(lang.L("Who is banned can join no game whose list of bans is kept the same; who plays is thrown out."))),
	}, func() {
		if len(names) > 1 {
			s.bulk(api.BulkUsers{Action: api.BulkBan, Reason: reason.Text})
			return
		}
		s.change(title, func(ctx context.Context) error {
			_, err := s.Service.BanUser(ctx, s.Caller, api.BanUser{Name: names[0], Reason: reason.Text})
			return err
		})
	})
	s.Frame.Window().Canvas().Focus(reason)
}

func (s *Users) askKick() {
	reason := widgets.NewField()
	reason.SetPlaceHolder(lang.L("as the game shows it to the player"))
	s.form(lang.L("Kick {{.name}}", with{"name": view.Some(s.selected(), 2)}), lang.L("Kick"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Reason"), reason), widget.NewFormItem("", words(lang.L("They are thrown out and can join again."))),
	}, func() { s.moderate(api.Kick, reason.Text) })
	s.Frame.Window().Canvas().Focus(reason)
}

// moderate does something in the games to each who is selected and plays; unmute holds for those as well who do not.
func (s *Users) moderate(action, reason string) {
	verb := map[string]string{api.Kick: lang.L("Kick"), api.Mute: lang.L("Mute"), api.Unmute: lang.L("Unmute")}[action]
	for _, r := range s.table.Selected() {
		if r.Where == "" && action != api.Unmute {
			continue
		}
		s.inGames(verb+" "+r.Name, func(ctx context.Context) ([]api.Moderated, error) {
			return s.Service.ModeratePlayer(ctx, s.Caller, api.ModeratePlayer{Name: r.Name, Action: action, Reason: reason})
		})
	}
}

// inGames does something in games and says where it was done, and where it was not.
func (s *Users) inGames(words string, call func(context.Context) ([]api.Moderated, error)) {
	var came []api.Moderated
	s.try(s.problem, words, "", func(ctx context.Context) (err error) {
		came, err = call(ctx)
		return err
	}, func(t *view.Task) {
		done, wrong := view.ModeratedWords(came)
		s.Tasks.End(t, wrong)
		if wrong != "" {
			s.problem.Say(words+": "+wrong, lang.L("See that the game runs, then try again."))
		}
		if done != "" {
			s.Frame.Toast(words + ": " + done)
		}
		s.again()
	})
}

// askMessage says something to those who are selected and play, or to all.
func (s *Users) askMessage() {
	text := widgets.NewMultiLineField()
	text.Wrapping = fyne.TextWrapWord
	var to []string
	for _, r := range s.table.Selected() {
		if r.Where != "" {
			to = append(to, r.Name)
		}
	}
	title := lang.L("Message to everybody who plays")
	if len(to) > 0 {
		title = lang.L("Message to {{.names}}", with{"names": view.Some(to, 3)})
	}
	s.form(title, lang.L("Send"), []*widget.FormItem{widget.NewFormItem(lang.L("Text"), text)}, func() {
		if strings.TrimSpace(text.Text) == "" {
			return
		}
		if len(to) == 0 {
			to = []string{""}
		}
		for _, name := range to {
			s.inGames(lang.L("Send a message"), func(ctx context.Context) ([]api.Moderated, error) {
				return s.Service.MessagePlayers(ctx, s.Caller, api.MessagePlayers{Name: name, Text: text.Text})
			})
		}
	})
	s.Frame.Window().Canvas().Focus(text)
}

// askSend shows a player the game's question whether to go to another server.
func (s *Users) askSend() {
	rows := s.table.Selected()
	if len(rows) != 1 {
		return
	}
	name := rows[0].Name
	var names, ids []string
	for _, i := range s.Model.Now().Instances {
		if i.State == "running" && i.Name != rows[0].Where {
			names, ids = append(names, i.Name+" · "+i.Host), append(ids, i.ID)
		}
	}
	if len(ids) == 0 {
		s.problem.Say(lang.L("There is no other server that runs."), lang.L("Start one first."))
		return
	}
	to := widgets.NewSelect(names, nil)
	to.SetSelectedIndex(0)
	s.form(lang.L("Send {{.name}} to another server", with{"name": name}), lang.L("Ask"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Server"), to), widget.NewFormItem("", words(lang.L("The game asks the player; nobody is moved against their will."))),
	}, func() {
		target := ids[to.SelectedIndex()]
		s.inGames(lang.L("Send {{.name}} to {{.server}}", with{"name": name, "server": to.Selected}), func(ctx context.Context) ([]api.Moderated, error) {
			return s.Service.SendPlayer(ctx, s.Caller, api.SendPlayer{Name: name, To: target})
		})
	})
}

func (s *Users) askDelete() {
	rows := s.table.Selected()
	if len(rows) != 1 {
		return
	}
	name := rows[0].Name
	s.confirm(lang.L("Delete the record of {{.name}}?", with{"name": name}), lang.L("What is known of their playing and the notes go for good. Who joins again gets a new record."), lang.L("Delete"), widget.DangerImportance, func() {
		s.change(lang.L("Delete the record of {{.name}}", with{"name": name}), func(ctx context.Context) error {
			_, err := s.Service.DeleteUser(ctx, s.Caller, api.UserRef{Name: name})
			return err
		})
	})
}

func (s *Users) askUndo() {
	s.preview(lang.L("Undo"), func(ctx context.Context) (api.UserChanges, error) { return s.Service.PreviewUndoUsers(ctx, s.Caller) },
		func(ctx context.Context) (api.UserChanges, error) { return s.Service.UndoUsers(ctx, s.Caller) })
}

// preview shows what a change of many users would do before it is done.
func (s *Users) preview(verb string, look, do func(context.Context) (api.UserChanges, error)) {
	ask(s.Params, s.problem, look, func(c api.UserChanges) { s.showChanges(verb, c, do) })
}

func (s *Users) showChanges(verb string, c api.UserChanges, do func(context.Context) (api.UserChanges, error)) {
	var below []fyne.CanvasObject
	if len(c.Rows) < c.Changed {
		below = append(below, widgets.NewText(lang.L("The first {{.n}} are listed.", with{"n": len(c.Rows)}), look.Muted, theme.SizeNameCaptionText))
	}
	if len(c.Skipped) > 0 {
		skipped := words(view.Some(c.Skipped, 5))
		skipped.Importance = widget.WarningImportance
		below = append(below, skipped)
	}
	s.showEffects(verb, view.ChangeWords(c), c.Rows, below, c.Changed > 0, func() { s.carryOut(verb, do) })
}

// showEffects shows what would become of each, and does it if that is wanted.
func (s *Users) showEffects(verb, hint string, rows []api.UserEffect, below []fyne.CanvasObject, any bool, do func()) {
	table := effectsTable(s.Params)
	table.SetRows(rows)
	var d *widgets.Dialog
	confirm := primary(verb, theme.ConfirmIcon(), func() {
		d.Hide()
		do()
	})
	enable(confirm, any)
	d = s.newDialog(verb, container.NewBorder(words(hint), container.NewVBox(below...), nil, nil, table))
	d.Buttons(lang.L("Cancel"), confirm)
	d.Resize(fyne.NewSize(720, 520))
	d.Show()
}

func effectsTable(p Params) *widgets.Table[api.UserEffect] {
	return widgets.NewTable(p.Frame, p.Tips, func(r api.UserEffect) string { return r.Name },
		widgets.Column[api.UserEffect]{ID: "name", Title: lang.L("Name"), Width: 220, Cell: func(r api.UserEffect) widgets.Cell { return widgets.Cell{Text: r.Name} }},
		widgets.Column[api.UserEffect]{ID: "text", Title: lang.L("What becomes of them"), Cell: func(r api.UserEffect) widgets.Cell { return widgets.Cell{Text: r.Text} }})
}

// carryOut does what was shown. It can be undone until the next one.
func (s *Users) carryOut(verb string, do func(context.Context) (api.UserChanges, error)) {
	var came api.UserChanges
	s.try(s.problem, verb, "", func(ctx context.Context) (err error) {
		came, err = do(ctx)
		return err
	}, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.Frame.Toast(lang.L("{{.n}} users changed; More, “Undo…” takes it back", with{"n": view.Count(int64(came.Changed))}))
		s.again()
	})
}
