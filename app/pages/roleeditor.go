package pages

import (
	"context"
	"slices"
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

// roleEditor shows what the selected role gives, as boxes to tick, and who has it. What is ticked is kept until it is saved.
type roleEditor struct {
	page    *Roles
	role    api.Role
	form    *view.RoleForm
	box     *fyne.Container
	save    *widgets.Button
	discard *widgets.Button
	bar     fyne.CanvasObject
	content fyne.CanvasObject
}

func newRoleEditor(s *Roles) *roleEditor {
	e := &roleEditor{page: s, box: container.NewVBox()}
	e.save = primary(lang.L("Save"), theme.ConfirmIcon(), e.keep)
	e.discard = widgets.NewButton(lang.L("Discard"), func() { e.fill(e.role) })
	bar := container.NewBorder(nil, nil, nil, spaced(e.discard, e.save))
	e.bar = bar
	e.content = widgets.NewPanel(look.Surface, 6, container.NewPadded(container.NewBorder(nil, bar, nil, nil, container.NewVScroll(e.box))))
	return e
}

// edit shows a role. One that is shown already, and was changed here or is the same, stays as it is.
func (e *roleEditor) edit(role api.Role, ok bool) {
	if !ok || e.page.infos == nil {
		e.role, e.form = api.Role{}, nil
		e.box.RemoveAll()
		e.box.Add(words(lang.L("Select a role to see what it gives and who has it.")))
		e.bar.Hide()
		return
	}
	if e.form != nil && role.ID == e.role.ID && (e.form.Changed() || role.Revision == e.role.Revision && slices.Equal(role.Users, e.role.Users)) {
		return
	}
	e.fill(role)
}

// places are the names of hosts and instances by id.
func (e *roleEditor) places() map[string]string {
	places := map[string]string{}
	now := e.page.Model.Now()
	for _, h := range now.Hosts {
		places[h.ID] = h.Name
	}
	for _, i := range now.Instances {
		places[i.ID] = i.Name
	}
	return places
}

func (e *roleEditor) fill(role api.Role) {
	e.role, e.form = role, view.NewRoleForm(role, e.page.infos, e.places())
	e.box.RemoveAll()
	title := words(strings.TrimSuffix(role.Name+" · "+role.Description, " · "))
	title.TextStyle.Bold = true
	e.box.Add(container.NewBorder(nil, nil, nil, container.NewCenter(widgets.NewButton(lang.L("Rename…"), e.askRename)), title))
	for _, g := range e.form.Groups() {
		rows := container.NewVBox()
		for _, r := range g.Rows {
			rows.Add(e.row(r))
		}
		e.box.Add(part(g.Title, rows))
	}
	who := words(lang.L("Nobody. Roles are given on the page Users, beside the selected player."))
	if role.UserCount > 0 {
		who.SetText(view.Some(role.Users, 40))
	}
	e.box.Add(part(lang.L("Who has it ({{.n}})", with{"n": view.Count(int64(role.UserCount))}), who))
	e.bar.Show()
	e.box.Refresh()
	e.mark()
}

// row is a box to tick, with what the permission allows and where.
func (e *roleEditor) row(r view.PermissionRow) fyne.CanvasObject {
	var where *widgets.Button
	say := func() {
		at := lang.L("everywhere")
		for _, g := range e.form.Groups() {
			for _, now := range g.Rows {
				if now.Permission == r.Permission && now.Where != "" {
					at = lang.L("only {{.places}}", with{"places": view.Beginning(now.Where, 24)})
				}
			}
		}
		where.SetText(at)
	}
	where = widgets.NewButton("", func() { e.askWhere(r, say) })
	where.Importance = widget.LowImportance
	text := r.Allows
	if text == "" {
		text = string(r.Permission)
	}
	tick := widgets.NewCheck("", nil)
	tick.SetChecked(r.Given)
	tick.OnChanged = func(on bool) {
		e.form.Give(r.Permission, on)
		where.Hidden = !on || !r.Limitable
		say()
		e.mark()
	}
	where.Hidden = !r.Given || !r.Limitable
	say()
	return container.NewBorder(nil, nil, tick, where, words(text))
}

// askWhere limits a permission to hosts and instances.
func (e *roleEditor) askWhere(r view.PermissionRow, then func()) {
	hosts, instances := e.form.Limits(r.Permission)
	var boxes []*widgets.Check
	var ids []string
	add := func(id, name string, on bool) {
		c := widgets.NewCheck(name, nil)
		c.SetChecked(on)
		boxes, ids = append(boxes, c), append(ids, id)
	}
	now := e.page.Model.Now()
	many := 0
	for _, h := range now.Hosts {
		if !h.WantsToJoin && !h.Elsewhere {
			add(h.ID, lang.L("all instances on host {{.name}}", with{"name": h.Name}), slices.Contains(hosts, h.ID))
			many++
		}
	}
	for _, i := range now.Instances {
		add(i.ID, i.Name+" · "+i.Host, slices.Contains(instances, i.ID))
	}
	hint := words(lang.L("Where holders of this role may {{.what}}. With nothing ticked it is everywhere, also where there is nothing yet.", with{"what": r.Allows}))
	e.page.tickBoxes(lang.L("Limit a permission"), lang.L("Use"), hint, boxes, func(ticked []bool) {
		var hosts, instances []string
		for n, on := range ticked {
			switch {
			case !on:
			case n < many:
				hosts = append(hosts, ids[n])
			default:
				instances = append(instances, ids[n])
			}
		}
		e.form.Limit(r.Permission, hosts, instances)
		then()
		e.mark()
	})
}

// mark says whether there is something to save.
func (e *roleEditor) mark() {
	changed := e.form != nil && e.form.Changed()
	enable(e.save, changed)
	enable(e.discard, changed)
}

func (e *roleEditor) keep() {
	if e.form == nil {
		return
	}
	grants := e.form.Grants()
	e.send(lang.L("Change what the role {{.name}} gives", with{"name": e.role.Name}), api.ChangeRole{Role: e.role.ID, Revision: e.role.Revision, Grants: &grants})
}

func (e *roleEditor) askRename() {
	name, about := needed(e.role.Name, ""), widgets.NewField()
	about.SetText(e.role.Description)
	e.page.form(lang.L("Rename {{.name}}", with{"name": e.role.Name}), lang.L("Save"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Name"), name), widget.NewFormItem(lang.L("Description"), about),
	}, func() {
		text := strings.TrimSpace(name.Text)
		e.send(lang.L("Rename {{.name}}", with{"name": e.role.Name}), api.ChangeRole{Role: e.role.ID, Revision: e.role.Revision, Name: &text, Description: &about.Text})
	})
}

// send changes the role, and shows what has become of it.
func (e *roleEditor) send(words string, r api.ChangeRole) {
	s := e.page
	s.try(s.problem, words, "", func(ctx context.Context) error {
		now, err := s.Service.ChangeRole(ctx, s.Caller, r)
		if err == nil {
			s.Frame.Do(func() {
				if now.ID == e.role.ID {
					e.fill(now)
				}
			})
		}
		return err
	}, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.reader.again()
	})
}
