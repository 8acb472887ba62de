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

// askVersion asks which version of the game an instance shall run. What can be downloaded is added to the choice when it is known.
func (c *Control) askVersion(r view.Instance) {
	has := c.p.Model.Now().Games[r.HostID]
	version, problem := widgets.NewSelectEntry(view.VersionOptions(has, api.AvailableGames{})), widgets.NewErrorCard()
	version.SetPlaceHolder(view.AnyVersion)
	version.SetText(r.Version)
	download := widgets.NewCheck(lang.L("Download it if its host does not have it"), nil)
	download.SetChecked(r.Download || r.Version == "")
	cancel := ask(c.p, problem, func(ctx context.Context) (api.AvailableGames, error) {
		return c.p.Service.AvailableGames(ctx, c.p.Caller, api.AskAvailable{Host: r.HostID})
	}, func(a api.AvailableGames) {
		version.SetOptions(view.VersionOptions(has, a))
		problem.Say(a.Problem, "")
	})
	c.p.form(lang.L("Factorio version of {{.name}}", with{"name": r.Name}), lang.L("Set"), []*widget.FormItem{
		widget.NewFormItem("", words(lang.L("From its next start on: stable, experimental, the newest of a line like 2.0, or exactly one. "+
			"With “any” it stays with the one that it has."))),
		widget.NewFormItem(lang.L("Version"), version), widget.NewFormItem("", download), widget.NewFormItem("", problem),
	}, func() { c.setVersion(r, version.Text, download.Checked) }).OnClosed(cancel)
}

func (c *Control) setVersion(r view.Instance, version string, download bool) {
	version = strings.TrimSpace(version)
	if version == "" {
		version = view.AnyVersion
	}
	request := api.SetVersion{Instance: r.ID, Version: version, Download: download}
	if version == view.AnyVersion {
		request.Version = ""
	}
	data := with{"version": version, "name": r.Name}
	c.p.try(c.card, lang.L("Factorio {{.version}} for {{.name}}", data), lang.L("It holds from the next start on"), func(ctx context.Context) error {
		_, err := c.p.Service.SetVersion(ctx, c.p.Caller, request)
		return err
	}, nil)
}
