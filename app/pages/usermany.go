package pages

import (
	"context"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// bulk shows what would become of all who are selected, and does it if that is wanted.
func (s *Users) bulk(r api.BulkUsers) {
	if s.all {
		match := s.asked
		match.Sort, match.Descending = "", false
		r.Match = &match
	} else if r.Names = s.selected(); len(r.Names) == 0 {
		return
	}
	s.preview(view.BulkWord(r.Action), func(ctx context.Context) (api.UserChanges, error) { return s.Service.PreviewBulk(ctx, s.Caller, r) },
		func(ctx context.Context) (api.UserChanges, error) { return s.Service.BulkUsers(ctx, s.Caller, r) })
}

// askRole chooses the role that those who are selected are given, or lose.
func (s *Users) askRole(action string) {
	ask(s.Params, s.problem, func(ctx context.Context) ([]api.Role, error) { return s.Service.Roles(ctx, s.Caller) }, func(all []api.Role) {
		var names []string
		for _, r := range all {
			names = append(names, r.Name)
		}
		role := widgets.NewSelect(names, nil)
		if i := s.role.SelectedIndex(); i > 0 {
			role.SetSelected(s.roles[i-1])
		}
		s.form(view.BulkWord(action), lang.L("Look"), []*widget.FormItem{
			widget.NewFormItem(lang.L("Players"), words(s.whoWords())), widget.NewFormItem(lang.L("Role"), role),
			widget.NewFormItem("", words(lang.L("It is in force at once. Nobody can give or take what they have not got themselves."))),
		}, func() {
			if role.Selected != "" {
				s.bulk(api.BulkUsers{Action: action, Role: role.Selected})
			}
		})
	})
}

// readRoles fills the choice of whose users are shown.
func (s *Users) readRoles() {
	s.Frame.Go(func(ctx context.Context) {
		all, err := s.Service.Roles(ctx, s.Caller)
		if err != nil || ctx.Err() != nil {
			return // the list of users says what is wrong
		}
		s.Frame.Do(func() {
			chosen := s.role.Selected
			s.roles = nil
			for _, r := range all {
				s.roles = append(s.roles, r.Name)
			}
			s.role.Options = append([]string{lang.L("Any role")}, s.roles...)
			if s.role.SetSelected(chosen); s.role.SelectedIndex() < 0 {
				s.role.SetSelectedIndex(0)
			}
			s.role.Refresh()
		})
	})
}

// chosen is how many are selected, also of those who are not shown.
func (s *Users) chosen() int {
	if s.all {
		return s.total
	}
	return len(s.table.Selected())
}

// whoWords names those who are selected.
func (s *Users) whoWords() string {
	if s.all {
		return lang.L("all {{.n}} who match", with{"n": view.Count(int64(s.total))})
	}
	return view.Some(s.selected(), 2)
}

// offerEvery shows, when all rows are selected and there are more than these, how to select the others too.
func (s *Users) offerEvery() {
	if s.all || len(s.rows) == s.total || len(s.table.Selected()) < len(s.rows) || len(s.rows) == 0 {
		s.every.Hide()
		return
	}
	s.every.SetText(lang.L("Only these {{.shown}} are selected: select all {{.all}} who match", with{"shown": view.Count(int64(len(s.rows))), "all": view.Count(int64(s.total))}))
	s.every.Show()
}

func (s *Users) takeEvery() {
	s.all = true
	s.choose()
}

// tellUnfinished says of a change of many users that it has not come to all.
func (s *Users) tellUnfinished(text string) {
	if text == s.notice.Text {
		return
	}
	s.notice.SetText(text)
	s.notice.Hidden = text == ""
	s.content.Refresh()
}
