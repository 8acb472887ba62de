package pages

import (
	"context"
	"strings"
	"time"

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

// keys is the dialog about the keys by which users call from elsewhere, and the codes by which they get one.
type keys struct {
	Params
	user    string // whose; empty: everybody's
	table   *widgets.Table[view.Key]
	open    *fyne.Container // codes that nobody has used yet
	revoke  *widgets.Button
	problem *widgets.ErrorCard
	reader  *reader[keyring]
}

// keyring is what is known of keys.
type keyring struct {
	keys    []api.Key
	invited []api.UserInvitation
}

// ShowKeys lists the keys of a user, or of all for an empty one.
func ShowKeys(p Params, user string) {
	k := &keys{Params: p, user: user, problem: widgets.NewErrorCard().Lasting(), open: container.NewVBox()}
	k.reader = newReader(p, k.read, k.show, func(err *api.Error) { k.problem.Say(err.Message, err.Next) })
	k.table = widgets.NewTable(p.Frame, p.Tips, func(r view.Key) string { return r.ID },
		widgets.Column[view.Key]{ID: "user", Title: lang.L("User"), Width: 140, Cell: func(r view.Key) widgets.Cell { return widgets.Cell{Text: r.User} }},
		widgets.Column[view.Key]{ID: "machine", Title: lang.L("Machine"), Cell: func(r view.Key) widgets.Cell { return widgets.Cell{Text: r.Machine, Tip: r.ID} }},
		widgets.Column[view.Key]{ID: "seen", Title: lang.L("Last used"), Width: 120, Cell: keySeen},
		widgets.Column[view.Key]{ID: "from", Title: lang.L("From"), Width: 160, Cell: func(r view.Key) widgets.Cell { return widgets.Cell{Text: r.From, Color: look.Muted} }},
		widgets.Column[view.Key]{ID: "made", Title: lang.L("Made"), Width: 110, Cell: func(r view.Key) widgets.Cell {
			return widgets.Cell{Text: view.Ago(r.Made, time.Now()), Color: look.Muted, Tip: view.Moment(r.Made)}
		}})
	k.revoke = widgets.NewButtonWithIcon(lang.L("Revoke"), theme.DeleteIcon(), k.drop)
	k.table.OnSelect = func() { enable(k.revoke, len(k.table.Selected()) > 0) }
	k.revoke.Disable()
	hint := words(lang.L("A key lets mainbusctl or a window on another computer call as a user, with what the user's roles give. There are no passwords: the user gets a code once, and what is revoked ends at once."))
	content := container.NewBorder(container.NewVBox(hint, k.problem), k.open, nil, nil, k.table)
	d := p.newDialog(lang.L("Keys of users"), content)
	d.Buttons(lang.L("Close"), k.revoke, primary(lang.L("Login code…"), theme.ContentAddIcon(), k.askInvite))
	d.OnClosed(k.reader.stop)
	d.Resize(fyne.NewSize(820, 520))
	k.reader.start()
	d.Show()
}

func keySeen(r view.Key) widgets.Cell {
	if r.Open > 0 {
		state := look.Connected
		return widgets.Cell{Text: lang.L("connected"), Color: look.Good, State: &state}
	}
	if r.Seen.IsZero() {
		return widgets.Cell{Text: lang.L("never"), Color: look.Muted}
	}
	return widgets.Cell{Text: view.Ago(r.Seen, time.Now()), Color: look.Muted, Tip: view.Moment(r.Seen)}
}

func (k *keys) read(ctx context.Context) (r keyring, err error) {
	if r.keys, err = k.Service.Keys(ctx, k.Caller, api.KeysOf{User: k.user}); err == nil {
		r.invited, err = k.Service.UserInvitations(ctx, k.Caller)
	}
	return r, err
}

func (k *keys) show(r keyring) {
	k.table.SetRows(view.Keys(r.keys))
	k.open.RemoveAll()
	for _, i := range r.invited {
		if i.UsedBy == "" && time.Now().Before(i.ExpiresAt) {
			text := words(lang.L("A code for {{.user}}, made {{.made}}, is good until {{.time}}", with{"user": i.User, "made": view.Ago(i.CreatedAt, time.Now()), "time": view.Moment(i.ExpiresAt)}))
			k.open.Add(container.NewBorder(nil, nil, nil, container.NewCenter(widgets.NewButton(lang.L("Revoke the code"), func() { k.dropCode(i) })), text))
		}
	}
	k.open.Refresh()
}

// change makes a call and reads the keys again.
func (k *keys) change(words string, call func(context.Context) error) {
	k.try(k.problem, words, "", call, func(t *view.Task) {
		k.Tasks.End(t, "")
		k.reader.again()
	})
}

func (k *keys) drop() {
	for _, r := range k.table.Selected() {
		k.change(lang.L("Revoke the key of {{.user}} on {{.machine}}", with{"user": r.User, "machine": r.Machine}), func(ctx context.Context) error {
			_, err := k.Service.RevokeKey(ctx, k.Caller, api.KeyRef{Key: r.ID})
			return err
		})
	}
}

func (k *keys) dropCode(i api.UserInvitation) {
	k.change(lang.L("Revoke a login code for {{.user}}", with{"user": i.User}), func(ctx context.Context) error {
		_, err := k.Service.RevokeUserInvitation(ctx, k.Caller, api.InvitationRef{Invitation: i.ID})
		return err
	})
}

const (
	hour = 60 * 60
	day  = 24 * hour
)

func (k *keys) askInvite() {
	user, address := needed(k.user, lang.L("as in the list of users")), widgets.NewField()
	address.SetPlaceHolder("factory.example.org")
	times := []int64{hour, day, 7 * day}
	good := widgets.NewSelect([]string{lang.L("an hour"), lang.L("a day"), lang.L("a week")}, nil)
	good.SetSelectedIndex(0)
	k.form(lang.L("Login code"), lang.L("Make a code"), []*widget.FormItem{
		widget.NewFormItem(lang.L("User"), user), widget.NewFormItem(lang.L("Good for"), good), widget.NewFormItem(lang.L("Address"), address),
		widget.NewFormItem("", words(lang.L("The address by which the other computer reaches this one; empty in the same network. The user can do what their roles give."))),
	}, func() {
		r := api.InviteUser{User: strings.TrimSpace(user.Text), Seconds: times[good.SelectedIndex()], Addresses: strings.Fields(address.Text)}
		ask(k.Params, k.problem, func(ctx context.Context) (api.UserInvitation, error) { return k.Service.InviteUser(ctx, k.Caller, r) }, k.showCode)
	})
}

// showCode shows a login code once; it is kept nowhere.
func (k *keys) showCode(i api.UserInvitation) {
	k.reader.again()
	command := "mainbusctl login " + i.Code
	code := words(command)
	code.Wrapping = fyne.TextWrapBreak
	code.TextStyle.Monospace = true
	code.Selectable = true
	hint := words(lang.L("{{.user}} types this on their computer. It is good once, until {{.time}}, and is not shown again; whoever has it can do what {{.user}} may.",
		with{"user": i.User, "time": view.Moment(i.ExpiresAt)}))
	d := k.newDialog(lang.L("Login code for {{.user}}", with{"user": i.User}), container.NewVBox(hint, code))
	d.Buttons(lang.L("Close"), primary(lang.L("Copy"), theme.ContentCopyIcon(), func() { fyne.CurrentApp().Clipboard().SetContent(command) }))
	d.Resize(fyne.NewSize(620, 0))
	d.Show()
}
