package pages

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/widgets"
	"mainbus/controller/api"
)

var profilePage = &url.URL{Scheme: "https", Host: "factorio.com", Path: "/profile"}

// account is the dialog for the factorio.com account that mods are downloaded by.
type account struct {
	Params
	user, token, password, code *widgets.Field
	form                        *widget.Form
	problem                     *widgets.ErrorCard
	save                        *widgets.Button
	then                        func()
	dialog                      *widgets.Dialog
}

// AskAccount asks for the account, says why, for which there is a sentence if it is empty, and calls then when there is one.
func (p Params) AskAccount(why string, then func()) {
	a := &account{Params: p, user: widgets.NewField(), token: widgets.NewPasswordField(), password: widgets.NewPasswordField(), code: widgets.NewField(),
		problem: widgets.NewErrorCard().Lasting(), then: then}
	a.user.SetPlaceHolder(lang.L("name on factorio.com"))
	a.token.SetPlaceHolder(lang.L("from your profile page"))
	a.password.SetPlaceHolder(lang.L("instead of the token; it is not kept"))
	a.code.SetPlaceHolder(lang.L("from the e-mail"))
	for _, e := range []*widgets.Field{a.user, a.token, a.password, a.code} {
		e.OnChanged = func(string) { a.check() }
		e.OnSubmitted = func(string) { a.send() }
	}
	a.form = widget.NewForm(widget.NewFormItem(lang.L("Name"), a.user), widget.NewFormItem(lang.L("Token"), a.token), widget.NewFormItem(lang.L("Password"), a.password))
	if why == "" {
		why = lang.L("The mod portal lets only owners of the game download.")
	}
	hint := words(why + " " + lang.L("The token is kept in the keyring of this computer, or in a file that only you can read."))
	page := container.NewHBox(widget.NewHyperlink(lang.L("Open my profile on factorio.com, which shows the token"), profilePage))
	a.save = primary(lang.L("Log in"), theme.LoginIcon(), a.send)
	a.dialog = p.newDialog(lang.L("Account for the mod portal"), container.NewVBox(hint, page, a.form, a.problem))
	a.dialog.Buttons(lang.L("Cancel"), a.save)
	a.dialog.Resize(fyne.NewSize(600, 0))
	a.check()
	a.dialog.Show()
	p.Frame.Window().Canvas().Focus(a.user)
}

func (a *account) check() {
	enable(a.save, strings.TrimSpace(a.user.Text) != "" && (a.token.Text != "") != (a.password.Text != ""))
}

func (a *account) send() {
	if a.save.Disabled() {
		return
	}
	r := api.SetPortalAccount{Username: strings.TrimSpace(a.user.Text), Token: strings.TrimSpace(a.token.Text), Password: a.password.Text, EmailCode: strings.TrimSpace(a.code.Text)}
	a.save.Disable()
	a.Frame.Go(func(ctx context.Context) {
		_, err := a.Service.SetPortalAccount(ctx, a.Caller, r)
		if ctx.Err() != nil {
			return
		}
		a.Frame.Do(func() { a.answered(err) })
	})
}

func (a *account) answered(err error) {
	a.check()
	if err == nil {
		a.dialog.Hide()
		a.then()
		return
	}
	shown := api.AsError(err)
	a.problem.Say(shown.Message, shown.Next)
	if shown.Code == api.EmailCodeNeeded && len(a.form.Items) == 3 {
		a.form.Append(lang.L("Code"), a.code)
		a.Frame.Window().Canvas().Focus(a.code)
	}
}

// needsLogin tells whether somebody has to log in before the same can be done.
func needsLogin(err error) bool {
	shown, ok := errors.AsType[*api.Error](err)
	return ok && shown.Code == api.LoginNeeded
}
