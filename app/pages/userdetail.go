package pages

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

const shownVisits = 30

// userDetail is what is shown beside the list of the player who is selected.
type userDetail struct {
	*detail
	page   *Users
	user   view.User
	shown  known // of the user
	cancel func()
}

// known is everything that is told of a player.
type known struct {
	user   api.UserDetails
	roles  []api.RoleName
	visits []api.UserVisit
}

func newUserDetail(s *Users) *userDetail {
	return &userDetail{detail: newDetail(), page: s, cancel: func() {}}
}

func (d *userDetail) stop() { d.cancel() }

// none shows a sentence in place of a player.
func (d *userDetail) none(text string) {
	d.cancel()
	d.user, d.shown = view.User{}, known{}
	d.say(text)
}

// show reads and shows what is known of a player, unless that is shown.
func (d *userDetail) show(r view.User) {
	if r == d.user {
		return
	}
	if r.Name != d.user.Name {
		d.detail.show(r.Name)
	}
	d.user = r
	d.read()
}

// again reads it again: something may have changed.
func (d *userDetail) again() {
	if d.user.Name != "" {
		d.read()
	}
}

func (d *userDetail) read() {
	d.cancel()
	name, p := d.user.Name, d.page.Params
	d.cancel = p.Frame.Go(func(ctx context.Context) {
		var k known
		var err error
		if k.user, err = p.Service.User(ctx, p.Caller, api.UserRef{Name: name}); err == nil {
			k.visits, err = p.Service.UserHistory(ctx, p.Caller, api.ReadUserHistory{Name: name, Limit: shownVisits})
		}
		if err == nil {
			var roles api.UserRoles
			roles, err = p.Service.UserRoles(ctx, p.Caller, api.RolesOf{User: name})
			k.roles = roles.Roles
		}
		if ctx.Err() != nil {
			return
		}
		p.Frame.Do(func() {
			switch {
			case d.user.Name != name:
			case err != nil:
				shown := api.AsError(err)
				d.detail.show(name, words(strings.TrimSpace(shown.Message+" "+shown.Next)))
			default:
				d.fill(k)
			}
		})
	})
}

func (d *userDetail) fill(k known) {
	d.shown = k
	u, now := k.user, time.Now()
	seen := func(at *time.Time) string {
		if at == nil {
			return lang.L("never")
		}
		return view.Ago(*at, now)
	}
	where := view.Users([]api.UserRecord{u.UserRecord})[0].Where
	var roles []string
	for _, r := range k.roles {
		roles = append(roles, r.Name)
	}
	if roles == nil {
		roles = []string{lang.L("none")}
	}
	parts := []fyne.CanvasObject{facts(
		fact{lang.L("Online"), where}, fact{lang.L("First seen"), seen(u.FirstSeen)}, fact{lang.L("Last seen"), seen(u.LastSeen)},
		fact{lang.L("Played"), strings.TrimPrefix(view.PlayedWords(u.Seconds)+" · "+lang.L("{{.n}} joins", with{"n": view.Count(u.Joins)}), " · ")},
		fact{lang.L("Admin"), view.FlagWords(u.Admin, now)}, fact{lang.L("Whitelist"), view.FlagWords(u.Whitelisted, now)}, fact{lang.L("Banned"), view.FlagWords(u.Banned, now)})}
	if u.Banned.Set {
		reason := words(u.BanReason)
		if u.BanReason == "" {
			reason.SetText(lang.L("No reason is given."))
		}
		reason.Importance = widget.DangerImportance
		parts = append(parts, part(lang.L("Reason of the ban"), reason))
	}
	parts = append(parts,
		part(lang.L("Roles"), container.NewBorder(nil, nil, nil, container.NewCenter(widgets.NewButton(lang.L("Change…"), d.askRoles)), words(strings.Join(roles, ", ")))),
		part(lang.L("Notes"), container.NewBorder(nil, nil, nil, container.NewCenter(widgets.NewButton(lang.L("Edit…"), d.askNotes)), words(u.Notes))))
	if len(u.Plays) > 0 {
		parts = append(parts, part(lang.L("Instances"), words(strings.Join(view.PlayLines(u.Plays, now), "\n"))))
	}
	if len(k.visits) > 0 {
		parts = append(parts, part(lang.L("Visits"), words(strings.Join(view.VisitLines(k.visits), "\n"))))
	}
	d.detail.show(u.Name, parts...)
}

func (d *userDetail) askNotes() {
	u, s := d.shown.user, d.page
	notes := widgets.NewMultiLineField()
	notes.Wrapping = fyne.TextWrapWord
	notes.SetMinRowsVisible(6)
	notes.SetPlaceHolder(lang.L("for those who look after the servers; players don't see it"))
	notes.SetText(u.Notes)
	s.form(lang.L("Notes about {{.name}}", with{"name": u.Name}), lang.L("Save"), []*widget.FormItem{widget.NewFormItem(lang.L("Notes"), notes)}, func() {
		text := notes.Text
		s.changeUser(lang.L("Change the notes about {{.name}}", with{"name": u.Name}), api.ChangeUser{Name: u.Name, Notes: &text})
	})
	s.Frame.Window().Canvas().Focus(notes)
}

// askRoles shows all roles, and gives and takes those that are ticked otherwise.
func (d *userDetail) askRoles() {
	s, name, has := d.page, d.shown.user.Name, d.shown.roles
	ask(s.Params, s.problem, func(ctx context.Context) ([]api.Role, error) { return s.Service.Roles(ctx, s.Caller) }, func(all []api.Role) {
		boxes, was := make([]*widgets.Check, 0, len(all)), make([]bool, 0, len(all))
		for _, r := range all {
			c := widgets.NewCheck(strings.TrimSuffix(r.Name+": "+r.Description, ": "), nil)
			c.SetChecked(slices.ContainsFunc(has, func(n api.RoleName) bool { return n.ID == r.ID }))
			boxes, was = append(boxes, c), append(was, c.Checked)
		}
		var hint *widget.Label
		if len(all) == 0 {
			hint = words(lang.L("There is no role yet. Make one on the page Roles."))
		}
		s.tickBoxes(lang.L("Roles of {{.name}}", with{"name": name}), lang.L("Save"), hint, boxes, func(ticked []bool) {
			for n, on := range ticked {
				if on != was[n] {
					s.giveRole(name, all[n], on)
				}
			}
		})
	})
}

func (s *Users) giveRole(user string, role api.Role, give bool) {
	text, call := lang.L("Give {{.user}} the role {{.role}}", with{"user": user, "role": role.Name}), api.Service.GrantRole
	if !give {
		text, call = lang.L("Take the role {{.role}} from {{.user}}", with{"user": user, "role": role.Name}), api.Service.RevokeRole
	}
	s.try(s.problem, text, "", func(ctx context.Context) error {
		_, err := call(s.Service, ctx, s.Caller, api.RoleOf{User: user, Role: role.ID})
		return err
	}, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.again()
	})
}
