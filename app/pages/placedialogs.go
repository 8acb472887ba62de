package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// askMove asks where an instance shall go. How far it is stands in the list of tasks.
func (c *Control) askMove(r view.Instance) {
	var names, ids []string
	for _, h := range c.p.Model.Now().Hosts {
		if h.Linked && h.ID != r.HostID {
			names, ids = append(names, h.Name), append(ids, h.ID)
		}
	}
	if len(ids) == 0 {
		c.card.Say(lang.L("There is no other host that is linked."), lang.L("Pair another host first, or see why it has no link: page Hosts."))
		return
	}
	names = apart(names, ids)
	to := widgets.NewSelect(names, nil)
	to.SetSelectedIndex(0)
	c.p.form(lang.L("Move {{.name}} to another host", with{"name": r.Name}), lang.L("Move"), []*widget.FormItem{
		widget.NewFormItem("", words(lang.L("World, saves, mods and settings go along. If it runs, it saves and stops, and runs there afterwards. "+
			"If anything fails, it is where it was."))),
		widget.NewFormItem(lang.L("From"), widget.NewLabel(r.Host)), widget.NewFormItem(lang.L("To"), to),
	}, func() {
		request := api.MoveInstance{Instance: r.ID, Host: ids[to.SelectedIndex()]}
		c.p.carry(c.card, lang.L("Move {{.name}} to {{.host}}", with{"name": r.Name, "host": to.Selected}), func(ctx context.Context) (api.Task, error) {
			return c.p.Service.MoveInstance(ctx, c.p.Caller, request)
		}, nil)
	})
}

func (c *Control) askRename(r view.Instance) {
	name := needed(r.Name, r.Name)
	c.p.form(lang.L("Rename {{.name}}", with{"name": r.Name}), lang.L("Rename"), []*widget.FormItem{
		widget.NewFormItem(lang.L("Name"), name),
		widget.NewFormItem("", words(lang.L("Players see the name in the server settings, which stays."))),
	}, func() {
		request := api.RenameInstance{Instance: r.ID, Name: strings.TrimSpace(name.Text)}
		c.p.try(c.card, lang.L("Rename {{.name}} to {{.to}}", with{"name": r.Name, "to": request.Name}), "", func(ctx context.Context) error {
			_, err := c.p.Service.RenameInstance(ctx, c.p.Caller, request)
			return err
		}, nil)
	})
	c.p.Frame.Window().Canvas().Focus(name)
}

// askDelete says what becomes of the folder before it goes.
func (c *Control) askDelete(r view.Instance) {
	c.p.confirm(lang.L("Delete {{.name}}?", with{"name": r.Name}),
		lang.L("It leaves the cluster. Its folder, with world, saves and mods, goes into the bin of {{.host}} and lies there for 30 days. What it has traded stays booked.", with{"host": r.Host}),
		lang.L("Delete"), widget.DangerImportance, func() {
			c.p.try(c.card, lang.L("Delete {{.name}}", with{"name": r.Name}), lang.L("{{.name}} is in the bin of {{.host}}", with{"name": r.Name, "host": r.Host}), func(ctx context.Context) error {
				_, err := c.p.Service.DeleteInstance(ctx, c.p.Caller, api.InstanceRef{Instance: r.ID})
				return err
			}, nil)
		})
}
