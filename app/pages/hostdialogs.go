package pages

import (
	"context"
	"errors"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// search asks each address of the controller's networks, where hosts are not found by themselves.
func (h *Hosts) search() {
	h.try(h.problem, lang.L("Search the network"), lang.L("The network was searched"), func(ctx context.Context) error {
		_, err := h.Service.SearchHosts(ctx, h.Caller)
		return err
	}, nil)
}

// forgetSelected asks before it ends a pairing.
func (h *Hosts) forgetSelected() {
	r, ok := h.selected()
	if !ok || r.WantsToJoin || r.Elsewhere {
		return
	}
	var d *widgets.Dialog
	forget := widgets.NewButton(lang.L("Forget"), func() {
		d.Hide()
		h.try(h.problem, lang.L("Forget {{.name}}", with{"name": r.Name}), lang.L("{{.name}} is forgotten", with{"name": r.Name}), func(ctx context.Context) error {
			_, err := h.Service.ForgetHost(ctx, h.Caller, api.HostRef{Host: r.ID})
			return err
		}, nil)
	})
	forget.Importance = widget.DangerImportance
	hint := words(lang.L("The link to {{.name}} is cut at once. Its games go on, but Mainbus no longer sees them, and they do not trade. Pairing it again brings its instances back.", with{"name": r.Name}))
	d = h.newDialog(lang.L("Forget {{.name}}?", with{"name": r.Name}), hint)
	d.Buttons(lang.L("Cancel"), forget)
	d.Resize(fyne.NewSize(480, 0))
	d.Show()
}

// menu is that of the host that is selected.
func (h *Hosts) menu() *fyne.Menu {
	r, ok := h.selected()
	own := ok && !r.WantsToJoin && !r.Elsewhere
	item := func(text string, on bool, act func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(text, act)
		m.Disabled = !on
		return m
	}
	return fyne.NewMenu("",
		item(lang.L("Graphs…"), own, func() { ShowGraphs(h.Params, api.KindHost, r.ID, r.Name) }),
		item(lang.L("Starts at once…"), own, func() { h.askStarts(r) }),
		item(lang.L("Public address…"), own, func() { h.askPublicAddress(r) }),
		fyne.NewMenuItemSeparator(),
		item(h.pair.Text, !h.pair.Disabled(), h.pair.OnTapped),
		item(h.games.Text, !h.games.Disabled(), h.games.OnTapped),
		item(h.gone.Text, !h.gone.Disabled(), h.gone.OnTapped))
}

// askStarts asks how many games may be starting at a time.
func (h *Hosts) askStarts(r view.Host) {
	starts := countEntry(r.Starts, "0")
	h.form(lang.L("Starts at once on {{.name}}", with{"name": r.Name}), lang.L("Save"), []*widget.FormItem{
		widget.NewFormItem("", words(lang.L("So many servers may be starting at a time; the others wait in their order. 0 leaves it to the host: as many as it has processors, and two."))),
		widget.NewFormItem(lang.L("Servers"), starts),
	}, func() {
		n := uint32(typed(starts))
		h.try(h.problem, lang.L("Change {{.name}}", with{"name": r.Name}), lang.L("{{.name}} is changed", with{"name": r.Name}), func(ctx context.Context) error {
			_, err := h.Service.ChangeHost(ctx, h.Caller, api.ChangeHost{Host: r.ID, StartsAtOnce: &n})
			return err
		}, nil)
	})
}

// askPublicAddress asks where players reach the games of a host.
func (h *Hosts) askPublicAddress(r view.Host) {
	address := widgets.NewField()
	address.AlwaysShowValidationError = true // as in numberEntry
	address.SetPlaceHolder("play.example.org")
	address.SetText(r.PlayersAt)
	address.Validator = func(text string) error {
		if !api.IsPlayerAddress(strings.TrimSpace(text)) {
			return errors.New(lang.L("a name or an address is needed, without a port"))
		}
		return nil
	}
	h.form(lang.L("Public address of {{.name}}", with{"name": r.Name}), lang.L("Save"), []*widget.FormItem{
		widget.NewFormItem("", words(lang.L("Where players reach its games: they are sent there when they change from one instance to another. "+
			"Leave it empty if they reach it where this controller does, as in your own network."))),
		widget.NewFormItem(lang.L("Address"), address),
	}, func() {
		to := strings.TrimSpace(address.Text)
		h.try(h.problem, lang.L("Change {{.name}}", with{"name": r.Name}), lang.L("{{.name}} is changed", with{"name": r.Name}), func(ctx context.Context) error {
			_, err := h.Service.ChangeHost(ctx, h.Caller, api.ChangeHost{Host: r.ID, PlayerAddress: &to})
			return err
		}, nil)
	})
	h.Frame.Window().Canvas().Focus(address)
}

// invite asks under which address the host can reach this controller, and then shows a join code. Those that are open stand
// below, to be revoked.
func (h *Hosts) invite() {
	ask(h.Params, h.problem, func(ctx context.Context) ([]api.Invitation, error) { return h.Service.Invitations(ctx, h.Caller) }, h.askInvite)
}

func (h *Hosts) askInvite(made []api.Invitation) {
	address := widgets.NewField()
	address.SetPlaceHolder("factory.example.org")
	hint := words(lang.L("A join code lets in one host that is not found by itself: in another network, a container, a rented server. " +
		"That host must reach this computer's UDP port, so forward it or use a VPN, and give the address that holds from outside. In your own network leave this empty."))
	var d *widgets.Dialog
	submit := func() {
		d.Hide()
		r := api.Invite{Addresses: strings.Fields(address.Text)}
		ask(h.Params, h.problem, func(ctx context.Context) (api.Invitation, error) { return h.Service.Invite(ctx, h.Caller, r) }, h.showCode)
	}
	address.OnSubmitted = func(string) { submit() }
	rows := container.NewVBox()
	for _, i := range made {
		if i.UsedBy == "" && time.Now().Before(i.ExpiresAt) {
			rows.Add(h.openInvitation(i, func() { d.Hide() }))
		}
	}
	content := container.NewVBox(hint, address, rows)
	d = h.newDialog(lang.L("Join code"), content)
	d.Buttons(lang.L("Cancel"), primary(lang.L("Make a code"), theme.ConfirmIcon(), submit))
	d.Show()
	h.Frame.Window().Canvas().Focus(address)
}

// openInvitation is a row for a code that nobody has used yet.
func (h *Hosts) openInvitation(i api.Invitation, done func()) fyne.CanvasObject {
	text := lang.L("A code of {{.made}} is good until {{.time}}", with{"made": view.Ago(i.CreatedAt, time.Now()), "time": view.Moment(i.ExpiresAt.In(time.Local))})
	revoke := widgets.NewButton(lang.L("Revoke"), func() {
		done()
		h.try(h.problem, lang.L("Revoke a join code"), lang.L("The join code is worthless"), func(ctx context.Context) error {
			_, err := h.Service.RevokeInvitation(ctx, h.Caller, api.InvitationRef{Invitation: i.ID})
			return err
		}, nil)
	})
	return container.NewBorder(nil, nil, nil, revoke, words(text))
}

func (h *Hosts) showCode(i api.Invitation) {
	command := "mainbus-host join " + i.Code
	code := widget.NewLabel(command)
	code.Wrapping = fyne.TextWrapBreak
	code.TextStyle.Monospace = true
	code.Selectable = true
	hint := words(lang.L("Type this on the host. The code is good once, until {{.time}}; whoever has it can let a host of theirs join.", with{"time": view.Moment(i.ExpiresAt.In(time.Local))}))
	where := words(lang.L("The host will try {{.addresses}}.", with{"addresses": strings.Join(i.Addresses, ", ")}))
	d := h.newDialog(lang.L("Join code"), container.NewVBox(hint, code, where))
	d.Buttons(lang.L("Close"), primary(lang.L("Copy"), theme.ContentCopyIcon(), func() { fyne.CurrentApp().Clipboard().SetContent(command) }))
	d.Resize(fyne.NewSize(620, 0))
	d.Show()
}
