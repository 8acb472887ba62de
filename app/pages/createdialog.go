package pages

import (
	"context"
	"errors"
	"slices"
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

// creation is the form for a new instance.
type creation struct {
	*Instances
	hosts    []string // ids
	name     *widgets.Field
	host     *widgets.Select
	version  *widgets.SelectEntry
	pack     *widgets.Select
	packs    []api.PackRow
	start    *widgets.Check
	seed     *widgets.Field
	preset   *widgets.Select
	exchange *widgets.Field
	create   *widgets.Button
	problem  *widgets.ErrorCard
	cancel   func() // of the question which versions there are
	leave    func() // of the question which packs there are
	dialog   *widgets.Dialog
}

// AskCreate opens the form for a new instance.
func (s *Instances) AskCreate() {
	names, ids := s.hostsThatRun()
	if len(ids) == 0 {
		s.problem.Say(lang.L("There is no host to run an instance on."), lang.L("Pair a host first: see the page Hosts."))
		return
	}
	c := &creation{
		Instances: s, hosts: ids, name: widgets.NewField(), host: widgets.NewSelect(names, nil), version: widgets.NewSelectEntry(nil),
		start: widgets.NewCheck(lang.L("Start it right away"), nil), problem: widgets.NewErrorCard(), cancel: func() {},
	}
	c.name.SetPlaceHolder("Nauvis")
	c.name.OnChanged = func(string) { c.check() }
	c.name.OnSubmitted = func(string) { c.submit() }
	c.version.SetPlaceHolder(view.AnyVersion)
	c.host.OnChanged = func(string) { c.askVersions() }
	c.pack = widgets.NewSelect([]string{noPack()}, nil)
	c.pack.SetSelectedIndex(0)
	c.leave = ask(s.Params, c.problem, func(ctx context.Context) ([]api.PackRow, error) { return s.Service.Packs(ctx, s.Caller) }, c.offerPacks)
	c.create = primary(lang.L("Create"), theme.ConfirmIcon(), c.submit)
	content := c.content()
	c.dialog = s.newDialog(lang.L("New instance"), content)
	c.dialog.Buttons(lang.L("Cancel"), c.create)
	c.dialog.OnClosed(func() { c.cancel(); c.leave() })
	c.host.SetSelectedIndex(0)
	c.check()
	c.dialog.Show()
	s.Frame.Window().Canvas().Focus(c.name)
}

func (c *creation) content() fyne.CanvasObject {
	c.seed, c.preset, c.exchange = countEntry(0, lang.L("the game's choice")), widgets.NewSelect(presets, nil), widgets.NewMultiLineField()
	c.seed.OnChanged = func(string) { c.check() }
	c.preset.SetSelectedIndex(0)
	c.exchange.SetPlaceHolder(lang.L("Paste a map exchange string: >>>…<<<"))
	c.exchange.SetMinRowsVisible(3)
	c.exchange.Wrapping = fyne.TextWrapBreak
	c.exchange.AlwaysShowValidationError = true
	c.exchange.Validator = func(text string) error {
		if wrong := view.CheckExchange(text); wrong != "" {
			return errors.New(wrong)
		}
		return nil
	}
	c.exchange.OnChanged = func(string) { c.check() }
	simple := widget.NewForm(
		widget.NewFormItem(lang.L("Name"), c.name), widget.NewFormItem(lang.L("Host"), c.host),
		widget.NewFormItem(lang.L("Factorio version"), c.version), widget.NewFormItem(lang.L("Mods"), c.pack), widget.NewFormItem("", c.start))
	advanced := container.NewVBox(
		words(lang.L("How its map is made. Without these the first start makes one as the game does.")),
		widget.NewForm(widget.NewFormItem(lang.L("Seed"), c.seed), widget.NewFormItem(lang.L("Preset"), c.preset), widget.NewFormItem(lang.L("Exchange string"), c.exchange)))
	advanced.Hide()
	var more *widgets.Button
	more = widgets.NewButtonWithIcon(lang.L("Show advanced"), theme.MenuExpandIcon(), func() {
		more.Hide()
		advanced.Show()
		c.dialog.Resize(fyne.Size{})
	})
	more.Importance, more.Alignment = widget.LowImportance, widget.ButtonAlignLeading
	return container.NewVBox(simple, c.problem, more, advanced)
}

// offerPacks lets the user choose one, which says who can join.
func (c *creation) offerPacks(packs []api.PackRow) {
	c.packs = packs
	names := []string{noPack()}
	for _, p := range packs {
		names = append(names, strings.TrimSpace(p.Name+" · "+view.ContentWord(p.Content)))
	}
	c.pack.SetOptions(names)
}

// askVersions offers what the host has or can download.
func (c *creation) askVersions() {
	c.cancel()
	host := c.hosts[c.host.SelectedIndex()]
	has := c.Model.Now().Games[host]
	c.version.SetOptions(view.VersionOptions(has, api.AvailableGames{}))
	c.cancel = ask(c.Params, c.problem, func(ctx context.Context) (api.AvailableGames, error) {
		return c.Service.AvailableGames(ctx, c.Caller, api.AskAvailable{Host: host})
	}, func(a api.AvailableGames) { c.version.SetOptions(view.VersionOptions(has, a)) })
}

func (c *creation) check() {
	c.problem.Say(view.CheckExchange(c.exchange.Text), "")
	enable(c.create, strings.TrimSpace(c.name.Text) != "" && c.seed.Validate() == nil && c.exchange.Validate() == nil)
}

func (c *creation) submit() {
	if c.create.Disabled() {
		return
	}
	c.dialog.Hide()
	pack := ""
	if i := c.pack.SelectedIndex(); i > 0 {
		pack = c.packs[i-1].ID
	}
	c.Instances.create(view.NewInstance{
		Name: c.name.Text, Pack: pack, Host: c.hosts[c.host.SelectedIndex()], Version: c.version.Text, Seed: uint32(typed(c.seed)),
		Preset: c.preset.Selected, Exchange: c.exchange.Text, Start: c.start.Checked,
	})
}

// create makes an instance, its map if the first start would make another one, and starts it if that is wanted.
func (s *Instances) create(n view.NewInstance) {
	var made api.Instance
	call := n.Create()
	words := lang.L("Create {{.name}}", with{"name": call.Name})
	start := func() {
		if n.Start {
			s.Start(view.Instance{ID: made.ID, Name: call.Name})
		}
	}
	if _, mapped := n.Map(""); !mapped {
		s.try(s.problem, words, lang.L("{{.name}} is created", with{"name": call.Name}), func(ctx context.Context) (err error) {
			made, err = s.Service.CreateInstance(ctx, s.Caller, call)
			return err
		}, func(t *view.Task) {
			s.Tasks.End(t, "")
			start()
		})
		return
	}
	s.carry(s.problem, words, func(ctx context.Context) (task api.Task, err error) {
		if made, err = s.Service.CreateInstance(ctx, s.Caller, call); err != nil {
			return task, err
		}
		if err = s.awaitKnown(ctx, made); err == nil {
			r, _ := n.Map(made.ID)
			task, err = s.Service.CreateMap(ctx, s.Caller, r)
		}
		return task, noMap(call.Name, err)
	}, func(done bool) {
		if done {
			start()
		}
	})
}

// noMap says that the instance is there all the same.
func noMap(name string, err error) error {
	if err == nil {
		return nil
	}
	shown := api.AsError(err)
	return api.Errorf(shown.Code, lang.L("Open it and make the map there: Saves, “New map…”. A start without makes one as the game does."), "%s",
		lang.L("{{.name}} is created, but its map is not: {{.why}}", with{"name": name, "why": shown.Message}))
}

const (
	knownEach   = 200 * time.Millisecond
	knownWithin = 30 * time.Second
)

// awaitKnown waits until the host of a new instance has told of it: it makes no map for one that it does not know.
func (s *Instances) awaitKnown(ctx context.Context, made api.Instance) error {
	ctx, cancel := context.WithTimeout(ctx, knownWithin)
	defer cancel()
	for {
		all, err := s.Service.Instances(ctx, s.Caller)
		if err == nil && slices.ContainsFunc(all, func(i api.Instance) bool { return i.ID == made.ID && i.State != "unknown" }) {
			return nil
		}
		select {
		case <-time.After(knownEach):
		case <-ctx.Done():
			return api.Errorf(api.Unavailable, "", "%s", lang.L("its host has not told of it within {{.time}}", with{"time": knownWithin.String()}))
		}
	}
}
