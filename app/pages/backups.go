package pages

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// ShowBackups lists the backups of all that the controller knows, and makes one. Failures are shown on the card.
func ShowBackups(p Params, problem *widgets.ErrorCard) {
	ask(p, problem, func(ctx context.Context) ([]api.Backup, error) { return p.Service.Backups(ctx, p.Caller) },
		func(all []api.Backup) { openBackups(p, problem, all) })
}

func openBackups(p Params, problem *widgets.ErrorCard, all []api.Backup) {
	table := widgets.NewTable(p.Frame, p.Tips, func(b api.Backup) string { return b.Path },
		widgets.Column[api.Backup]{ID: "at", Title: lang.L("Made"), Width: 120, Cell: func(b api.Backup) widgets.Cell {
			return widgets.Cell{Text: view.Ago(b.At, time.Now()), Tip: view.Moment(b.At)}
		}},
		widgets.Column[api.Backup]{ID: "why", Title: lang.L("Why"), Width: 140, Cell: func(b api.Backup) widgets.Cell { return widgets.Cell{Text: whyBackup(b.Reason)} }},
		widgets.Column[api.Backup]{ID: "size", Title: lang.L("Size"), Width: 90, Right: true, Cell: func(b api.Backup) widgets.Cell {
			return widgets.Cell{Text: api.BytesText(b.Bytes), Color: look.Muted}
		}},
		widgets.Column[api.Backup]{ID: "file", Title: lang.L("File"), Cell: func(b api.Backup) widgets.Cell { return widgets.Cell{Text: b.Path, Color: look.Muted} }},
	)
	table.SetRows(all)
	hint := words(lang.L("One is made every hour. To put one back, end Mainbus and type: mainbusctl controller restore FILE. " +
		"What worlds have traded since, they tell when it runs again."))
	var d *widgets.Dialog
	make := primary(lang.L("Back up"), theme.DocumentSaveIcon(), func() {
		d.Hide()
		p.try(problem, lang.L("Make a backup"), lang.L("A backup was made"), func(ctx context.Context) error {
			_, err := p.Service.BackUp(ctx, p.Caller)
			return err
		}, nil)
	})
	d = p.newDialog(lang.L("Backups"), container.NewBorder(hint, nil, nil, nil, table))
	d.Buttons(lang.L("Close"), make)
	d.Resize(fyne.NewSize(820, 460))
	d.Show()
}

func whyBackup(reason string) string {
	switch reason {
	case "regular":
		return lang.L("hourly")
	case "asked":
		return lang.L("asked for")
	case "migration":
		return lang.L("before an update")
	case "restore":
		return lang.L("before a restore")
	}
	return reason
}
