package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

const passwordKey = "game_password"

// serverSettings is the dialog about the server settings of an instance: a form for the common ones, and all of them as text. It stays
// open until they are taken.
type serverSettings struct {
	Params
	row     view.Instance
	was     view.ServerSettings
	problem *widgets.ErrorCard
	wrong   *widget.Label // what the game does not take in them
	tabs    *container.AppTabs
	all     *widgets.Field
	dialog  *widgets.Dialog

	name, description, password          *widgets.Field
	maxPlayers, autosaveEach, autosaveOn *widgets.Field
	public, lan, autoPause, noPassword   *widgets.Check
}

// askSettings reads the server settings of an instance and opens the dialog.
func (c *Control) askSettings(r view.Instance) {
	ask(c.p, c.card, func(ctx context.Context) (api.ServerSettings, error) {
		return c.p.Service.ServerSettings(ctx, c.p.Caller, api.InstanceRef{Instance: r.ID})
	}, func(now api.ServerSettings) { openSettings(c.p, r, now) })
}

func openSettings(p Params, r view.Instance, now api.ServerSettings) {
	s := &serverSettings{Params: p, row: r, problem: widgets.NewErrorCard(), wrong: words(""), all: widgets.NewMultiLineField()}
	s.all.TextStyle.Monospace = true
	s.take(now)
	s.makeFields()
	s.tabs = container.NewAppTabs(
		container.NewTabItem(lang.L("Common"), container.NewVScroll(s.form())),
		container.NewTabItem(lang.L("All of it"), container.NewBorder(
			words(lang.L("server-settings.json as a whole. What says “(not shown)” stays as it is; comments in the file get lost. Save takes the page that is in sight.")), nil, nil, nil, s.all)))
	hint := words(lang.L("They hold from the next start on."))
	s.dialog = p.newDialog(lang.L("Server settings of {{.name}}", with{"name": r.Name}),
		container.NewBorder(container.NewVBox(hint, s.wrong, s.problem), nil, nil, nil, s.tabs))
	s.dialog.Buttons(lang.L("Cancel"), primary(lang.L("Save"), theme.ConfirmIcon(), s.save))
	s.dialog.Resize(fyne.NewSize(720, 660))
	s.dialog.Show()
}

// take shows what the host has told last; what is typed in the form stays.
func (s *serverSettings) take(now api.ServerSettings) {
	was, err := view.ReadSettings(now)
	if err != nil {
		s.problem.Say(lang.L("The settings can't be read: {{.why}}", with{"why": err.Error()}), "")
	}
	s.was = was
	s.all.SetText(view.AllSettings(now))
	s.wrong.SetText(strings.Join(now.Problems, "\n"))
	s.wrong.Importance = widget.WarningImportance
	s.wrong.Hidden = len(now.Problems) == 0
}

func (s *serverSettings) makeFields() {
	check := func(text string, on bool) *widgets.Check {
		c := widgets.NewCheck(text, nil)
		c.SetChecked(on)
		return c
	}
	was := s.was
	s.name, s.description, s.password = widgets.NewField(), widgets.NewMultiLineField(), widgets.NewPasswordField()
	s.name.SetPlaceHolder(lang.L("as players see it"))
	s.name.SetText(was.Name)
	s.description.SetMinRowsVisible(2)
	s.description.Wrapping = fyne.TextWrapWord
	s.description.SetPlaceHolder(lang.L("for the list of servers"))
	s.description.SetText(was.Description)
	s.maxPlayers = countEntry(was.MaxPlayers, lang.L("no limit"))
	s.autosaveEach, s.autosaveOn = countEntry(was.AutosaveInterval, lang.L("off")), countEntry(was.AutosaveSlots, "0")
	s.public, s.lan = check(lang.L("On the internet, with an account in “All of it”"), was.Public), check(lang.L("In the local network"), was.LAN)
	s.autoPause = check(lang.L("While nobody plays"), was.AutoPause)
	s.noPassword = check(lang.L("Players need none"), !was.HasPassword)
	s.password.SetPlaceHolder(lang.L("none"))
	if was.HasPassword {
		s.password.SetPlaceHolder("(not shown)")
	}
	s.password.OnChanged = func(text string) {
		if text != "" {
			s.noPassword.SetChecked(false)
		}
	}
}

func (s *serverSettings) form() *widget.Form {
	return widget.NewForm(
		widget.NewFormItem(lang.L("Name"), s.name), widget.NewFormItem(lang.L("Description"), s.description),
		widget.NewFormItem(lang.L("Players at most"), s.maxPlayers),
		widget.NewFormItem(lang.L("Listed"), s.public), widget.NewFormItem("", s.lan),
		widget.NewFormItem(lang.L("Autosave, minutes"), s.autosaveEach), widget.NewFormItem(lang.L("Autosaves kept"), s.autosaveOn),
		widget.NewFormItem(lang.L("Pause"), s.autoPause),
		widget.NewFormItem(lang.L("Password"), s.password), widget.NewFormItem("", s.noPassword))
}

func (s *serverSettings) save() {
	changes := []api.ChangeSettings{{File: s.all.Text}}
	if s.tabs.SelectedIndex() == 0 {
		for _, e := range []*widgets.Field{s.maxPlayers, s.autosaveEach, s.autosaveOn} {
			if err := e.Validate(); err != nil {
				s.problem.Say(lang.L("“{{.text}}” can't be: {{.why}}", with{"text": e.Text, "why": err.Error()}), "")
				return
			}
		}
		if changes = s.typed(); len(changes) == 0 {
			s.dialog.Hide()
			return
		}
	}
	s.try(s.problem, lang.L("Change the server settings of {{.name}}", with{"name": s.row.Name}), lang.L("They hold from the next start on"), func(ctx context.Context) error {
		for _, change := range changes {
			change.Instance = s.row.ID
			now, err := s.Service.ChangeSettings(ctx, s.Caller, change)
			if err != nil {
				return err
			}
			s.Frame.Do(func() { s.take(now) }) // should the next one fail
		}
		return nil
	}, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.dialog.Hide()
	})
}

// typed returns what the form says otherwise than the file, key by key, so that the rest of it stays as it is.
func (s *serverSettings) typed() (changes []api.ChangeSettings) {
	now := view.ServerSettings{
		Name: s.name.Text, Description: s.description.Text, MaxPlayers: uint32(typed(s.maxPlayers)), Public: s.public.Checked, LAN: s.lan.Checked,
		AutosaveInterval: uint32(typed(s.autosaveEach)), AutosaveSlots: uint32(typed(s.autosaveOn)), AutoPause: s.autoPause.Checked,
	}
	for _, c := range now.Changes(s.was) {
		changes = append(changes, api.ChangeSettings{Key: c.Key, Value: c.Value})
	}
	switch {
	case s.noPassword.Checked && s.was.HasPassword:
		changes = append(changes, api.ChangeSettings{Key: passwordKey, Value: view.JSONText("")})
	case !s.noPassword.Checked && s.password.Text != "":
		changes = append(changes, api.ChangeSettings{Key: passwordKey, Value: view.JSONText(s.password.Text)})
	}
	return changes
}
