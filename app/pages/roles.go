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

// Roles shows who may do what: the roles, what each gives, who has it, and the keys by which users call from elsewhere.
type Roles struct {
	Params
	*listPage
	table  *widgets.Table[view.Role]
	all    []api.Role
	known  bool
	infos  []api.PermissionInfo
	reader *reader[[]api.Role]
	editor *roleEditor
	split  fyne.CanvasObject
	empty  fyne.CanvasObject
	erase  *widgets.Button
}

// NewRoles makes the screen.
func NewRoles(p Params) *Roles {
	s := &Roles{Params: p}
	s.reader = newReader(p, func(ctx context.Context) ([]api.Role, error) { return p.Service.Roles(ctx, p.Caller) }, s.take, func(err *api.Error) { s.problem.Say(err.Message, err.Next) })
	s.table = arranged(p, view.RolesPage, widgets.NewTable(p.Frame, p.Tips, func(r view.Role) string { return r.ID },
		widgets.Column[view.Role]{ID: "name", Title: lang.L("Role"), Cell: func(r view.Role) widgets.Cell { return widgets.Cell{Text: r.Name, Tip: r.Words} },
			Order: func(a, b view.Role) int { return strings.Compare(a.Name, b.Name) }},
		widgets.Column[view.Role]{ID: "users", Title: lang.L("Users"), Width: 70, Right: true, Cell: func(r view.Role) widgets.Cell { return widgets.Cell{Text: view.Count(int64(r.Users))} },
			Order: func(a, b view.Role) int { return a.Users - b.Users }},
		widgets.Column[view.Role]{ID: "gives", Title: lang.L("Gives"), Cell: func(r view.Role) widgets.Cell { return widgets.Cell{Text: r.Gives, Color: look.Muted, Tip: r.Gives} }}))
	s.table.OnSelect = s.choose
	s.listPage = newListPage(p, view.RolesPage, lang.L("Filter roles"), nil, s.refresh)
	s.editor = newRoleEditor(s)
	s.erase = widgets.NewButtonWithIcon(lang.L("Delete…"), theme.DeleteIcon(), s.askDelete)
	create := func() *widgets.Button { return primary(lang.L("New role…"), theme.ContentAddIcon(), s.askCreate) }
	for _, b := range []fyne.CanvasObject{widgets.NewButtonWithIcon(lang.L("Keys…"), theme.LoginIcon(), func() { ShowKeys(p, "") }), s.erase, create()} {
		s.listPage.buttons.Add(b)
	}
	s.empty = widgets.Empty(look.RolesIcon, lang.L("No role yet. You own the cluster and may do everything; a role lets others do some of it."), create())
	split := container.NewHSplit(s.table, s.editor.content)
	split.Offset = 0.4
	s.split = split
	s.choose()
	return s
}

// Shown implements Page.
func (s *Roles) Shown() {
	s.reader.start()
	s.listPage.Shown()
	if s.infos == nil {
		ask(s.Params, s.problem, func(ctx context.Context) ([]api.PermissionInfo, error) { return s.Service.Permissions(ctx, s.Caller) }, func(all []api.PermissionInfo) {
			s.infos = all
			s.choose()
		})
	}
}

// Hidden implements Page.
func (s *Roles) Hidden() {
	s.reader.stop()
	s.listPage.Hidden()
}

func (s *Roles) take(list []api.Role) {
	s.all, s.known = list, true
	s.refresh()
}

func (s *Roles) refresh() {
	var rows []view.Role
	for _, r := range view.Roles(s.all) {
		if view.Matches(s.filter.Text, r.Name, r.Words, r.Gives) {
			rows = append(rows, r)
		}
	}
	s.table.SetRows(rows)
	if s.known {
		s.show(s.split, s.empty, len(rows), len(s.all))
		s.footer.Set(s.count(len(rows), len(s.all)), look.Muted)
	}
}

// selected returns the role that is selected.
func (s *Roles) selected() (role api.Role, ok bool) {
	rows := s.table.Selected()
	if len(rows) != 1 {
		return role, false
	}
	at := slices.IndexFunc(s.all, func(r api.Role) bool { return r.ID == rows[0].ID })
	if at < 0 {
		return role, false
	}
	return s.all[at], true
}

func (s *Roles) choose() {
	if s.editor == nil || s.erase == nil {
		return
	}
	role, ok := s.selected()
	enable(s.erase, ok)
	s.editor.edit(role, ok)
}

func (s *Roles) askCreate() {
	name, about := needed("", lang.L("as everybody shall know it")), widgets.NewField()
	s.form(lang.L("New role"), lang.L("Create"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Name"), name), widget.NewFormItem(lang.L("Description"), about),
		widget.NewFormItem("", words(lang.L("It gives nothing at first. Select it, and tick what it shall give."))),
	}, func() {
		r := api.CreateRole{Name: strings.TrimSpace(name.Text), Description: about.Text, Grants: []api.Grant{}}
		var made api.Role
		s.try(s.problem, lang.L("Create the role {{.name}}", with{"name": r.Name}), "", func(ctx context.Context) (err error) {
			made, err = s.Service.CreateRole(ctx, s.Caller, r)
			return err
		}, func(t *view.Task) {
			s.Tasks.End(t, "")
			s.take(append(slices.Clone(s.all), made))
			s.table.Select(made.ID)
			s.reader.again()
		})
	})
	s.Frame.Window().Canvas().Focus(name)
}

func (s *Roles) askDelete() {
	role, ok := s.selected()
	if !ok {
		return
	}
	s.confirm(lang.L("Delete the role {{.name}}?", with{"name": role.Name}),
		lang.L("{{.n}} users lose what it gives, at once; their connections stay open with what they have left.", with{"n": view.Count(int64(role.UserCount))}),
		lang.L("Delete"), widget.DangerImportance, func() {
			s.change(lang.L("Delete the role {{.name}}", with{"name": role.Name}), func(ctx context.Context) error {
				_, err := s.Service.DeleteRole(ctx, s.Caller, api.RoleRef{Role: role.ID})
				return err
			})
		})
}

// change makes a call and reads the roles again.
func (s *Roles) change(words string, call func(context.Context) error) {
	s.try(s.problem, words, "", call, func(t *view.Task) {
		s.Tasks.End(t, "")
		s.reader.again()
	})
}
