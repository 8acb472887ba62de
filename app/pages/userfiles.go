package pages

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

const maxUserFile = 16 << 20 // bytes that an import takes

// forms are those of files with users, as people know them.
func userForms() (titles, forms []string) {
	return []string{lang.L("Admins (server-adminlist.json)"), lang.L("Bans (server-banlist.json)"), lang.L("Whitelist (server-whitelist.json)"), lang.L("Users, as exported here or by Clusterio"), lang.L("Users of Clusterio's database (users.json)")},
		[]string{api.AdminFile, api.BanFile, api.WhitelistFile, api.UsersFile, api.ClusterioFile}
}

// userFile is a file with users, and the roles.json beside it if there is one.
type userFile struct{ content, roles []byte }

// AskImport chooses a file with users.
func (s *Users) AskImport() {
	s.openFile(s.importFile, ".json")
}

// Dropped imports a file that was let fall on the page.
func (s *Users) Dropped(paths []string) { s.importFile(paths[0]) }

// importFile reads a file and asks how it is to be taken over.
func (s *Users) importFile(path string) {
	ask(s.Params, s.problem, func(context.Context) (f userFile, err error) {
		if f.content, err = readUserFile(path); err == nil {
			beside := filepath.Join(filepath.Dir(path), "roles.json") // most have none
			if _, none := os.Stat(beside); none == nil && beside != path {
				f.roles, err = readUserFile(beside)
			}
		}
		return f, err
	}, func(f userFile) {
		content := f.content
		if view.HasRolesOnly(filepath.Base(path)) {
			s.importRoles(content)
			return
		}
		titles, forms := userForms()
		form := widgets.NewSelect(titles, nil)
		for i, f := range forms {
			if f == view.FormOfUsers(filepath.Base(path), content) {
				form.SetSelectedIndex(i)
			}
		}
		restore := widgets.NewCheck(lang.L("As a backup: who is not in the file loses what it could have said of them"), nil)
		s.form(lang.L("Import {{.file}}", with{"file": filepath.Base(path)}), lang.L("Look"), []*widget.FormItem{
			widget.NewFormItem(lang.L("Holds"), form), widget.NewFormItem("", restore),
			widget.NewFormItem("", words(lang.L("An import only adds. What it would do is shown first, and can be undone. Of Clusterio's database import roles.json first, then users.json beside it."))),
		}, func() {
			if i := form.SelectedIndex(); i >= 0 {
				r := api.ImportUsers{Form: forms[i], Content: content, Restore: restore.Checked}
				if r.Form == api.ClusterioFile {
					r.Roles = f.roles
				}
				s.preview(lang.L("Import"), func(ctx context.Context) (api.UserChanges, error) { return s.Service.PreviewImport(ctx, s.Caller, r) },
					func(ctx context.Context) (api.UserChanges, error) { return s.Service.ImportUsers(ctx, s.Caller, r) })
			}
		})
	})
}

// importRoles shows what would become of the roles of Clusterio, and makes them if that is wanted.
func (s *Users) importRoles(content []byte) {
	r := api.ImportRoles{Content: content}
	ask(s.Params, s.problem, func(ctx context.Context) (api.RoleImport, error) {
		return s.Service.PreviewRoleImport(ctx, s.Caller, r)
	}, func(plan api.RoleImport) {
		verb := lang.L("Import roles")
		s.showEffects(verb, lang.L("{{.n}} roles are made. They give what has an equal here, and nothing beyond.", with{"n": plan.Created}), view.RoleEffects(plan), nil, plan.Created > 0, func() {
			s.try(s.problem, verb, lang.L("The roles are there; users.json says who has them"), func(ctx context.Context) error {
				_, err := s.Service.ImportRoles(ctx, s.Caller, r)
				return err
			}, func(t *view.Task) {
				s.Tasks.End(t, "")
				s.readRoles()
			})
		})
	})
}

func readUserFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, api.Errorf(api.Invalid, lang.L("Choose another file."), "%v", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxUserFile+1))
	switch {
	case err != nil:
		return nil, api.Errorf(api.Invalid, lang.L("Choose another file."), "read %s: %v", path, err)
	case len(content) > maxUserFile:
		return nil, api.Errorf(api.Invalid, lang.L("Choose another file."), "%s", lang.L("{{.file}} is larger than {{.size}}", with{"file": filepath.Base(path), "size": api.BytesText(maxUserFile)}))
	}
	return content, nil
}

// askExport chooses a form, reads it, and then asks where it shall go.
func (s *Users) askExport() {
	titles, forms := userForms()
	titles = titles[:len(titles)-1] // the last one is only read
	form := widgets.NewSelect(titles, nil)
	form.SetSelectedIndex(len(titles) - 1)
	s.form(lang.L("Export users"), lang.L("Export…"), []*widget.FormItem{widget.NewFormItem(lang.L("As"), form)}, func() {
		r := api.ExportUsers{Form: forms[form.SelectedIndex()]}
		ask(s.Params, s.problem, func(ctx context.Context) (api.UserFile, error) { return s.Service.ExportUsers(ctx, s.Caller, r) }, s.saveUsers)
	})
}

func (s *Users) saveUsers(f api.UserFile) {
	s.saveFile(f.Name, func(file fyne.URIWriteCloser) {
		s.try(s.problem, lang.L("Export {{.n}} users", with{"n": view.Count(int64(f.Users))}), lang.L("{{.n}} users are in the file", with{"n": view.Count(int64(f.Users))}), func(context.Context) error {
			_, err := file.Write(f.Content)
			if closed := file.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return fmt.Errorf("write %s: %w", file.URI().Path(), err)
			}
			return nil
		}, nil)
	})
}
