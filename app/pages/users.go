package pages

import (
	"context"
	"strings"
	"time"

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

const usersPage = 200 // rows that are asked for at a time; the next ones when the last comes into sight

// Users shows the players. There may be very many, so they are searched and sorted where they are kept, and read in parts.
type Users struct {
	Params
	problem *widgets.ErrorCard
	filter  *widgets.Entry
	which   *widgets.Select
	role    *widgets.Select // whose users are shown; the first entry: whoever
	roles   []string        // names, after the first entry
	table   *widgets.Table[view.User]
	rows    []view.User
	total   int
	online  int
	known   bool // the first answer has come
	search  *view.Search[api.FindUsers, api.UserPage]
	asked   api.FindUsers // what the rows were found by, without which part of them
	asking  bool          // rows beyond those that are shown are asked for
	inSight bool
	leave   func()            // ends looking again and again
	split   fyne.CanvasObject // list and details
	empty   fyne.CanvasObject // in their place while there is nobody
	nothing fyne.CanvasObject // matches
	body    *fyne.Container
	detail  *userDetail
	message *widgets.Button
	kick    *widgets.Button
	ban     *widgets.Button
	more    *widgets.Button
	footer  *widgets.Text
	every   *widgets.Button // takes those who match and are not shown to those who are selected
	all     bool            // they are
	notice  *widget.Label   // of a change of many that did not come to all
	content fyne.CanvasObject
}

// NewUsers makes the screen.
func NewUsers(p Params) *Users {
	s := &Users{Params: p, problem: widgets.NewErrorCard(), filter: widgets.NewEntry(p.Frame), footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	s.search = &view.Search[api.FindUsers, api.UserPage]{Pause: typingPause, Go: p.Frame.Go, Do: p.Frame.Do,
		Find: func(ctx context.Context, q api.FindUsers) (api.UserPage, error) {
			return p.Service.Users(ctx, p.Caller, q)
		}, Show: s.show}
	s.filter.SetPlaceHolder(lang.L("Search users"))
	s.filter.OnChanged = func(string) { s.search.Ask(s.query(0, usersPage)) }
	s.which = widgets.NewSelect([]string{lang.L("All"), lang.L("Online"), lang.L("Admins"), lang.L("Whitelist"), lang.L("Banned")}, nil)
	s.which.SetSelectedIndex(view.AllUsers)
	s.which.OnChanged = func(string) { s.search.Now(s.query(0, usersPage)) }
	s.role = widgets.NewSelect([]string{lang.L("Any role")}, nil)
	s.role.SetSelectedIndex(0)
	s.role.OnChanged = func(string) { s.search.Now(s.query(0, usersPage)) }
	s.every = widgets.NewButton("", s.takeEvery)
	s.every.Hide()
	s.notice = words("")
	s.notice.Importance = widget.WarningImportance
	s.notice.Hide()
	s.detail = newUserDetail(s)
	s.table = arranged(p, view.UsersPage, s.makeTable())
	s.table.OnSelect = s.choose
	s.table.OnEnd = s.next
	s.table.OnSort = func() { s.search.Now(s.query(0, usersPage)) }
	s.table.Menu = s.menu
	s.message = widgets.NewButton(lang.L("Message…"), s.askMessage)
	s.kick = widgets.NewButton(lang.L("Kick…"), s.askKick)
	s.ban = widgets.NewButton(lang.L("Ban…"), s.askBan)
	s.more = widgets.NewButtonWithIcon(lang.L("More"), theme.MoreHorizontalIcon(), s.openMenu)
	add := func() *widgets.Button { return primary(lang.L("Add…"), theme.ContentAddIcon(), s.askAdd) }
	s.empty = widgets.Empty(look.UsersIcon, lang.L("No player yet. Who joins a game gets a record by themselves; an import brings those of before."),
		widgets.NewButtonWithIcon(lang.L("Import…"), theme.DownloadIcon(), s.AskImport))
	s.nothing = noMatch(func() {
		s.filter.SetText("")
		s.which.SetSelectedIndex(view.AllUsers)
		s.role.SetSelectedIndex(0)
	})
	split := container.NewHSplit(s.table, s.detail.content)
	split.Offset = 0.68
	s.split, s.body = split, container.NewStack(split)
	tools := widgets.Tools(s.filter, 240, widgets.NewBar(s.message, s.kick, s.ban, s.more, add()),
		container.NewGridWrap(fyne.NewSize(120, 36), s.which), container.NewGridWrap(fyne.NewSize(130, 36), s.role))
	top := container.NewVBox(tools, s.problem, s.notice)
	bottom := container.NewBorder(nil, nil, nil, s.every, s.footer)
	s.content = container.NewPadded(container.NewBorder(top, bottom, nil, nil, s.body))
	s.choose()
	return s
}

func (s *Users) makeTable() *widgets.Table[view.User] {
	return widgets.NewTable(s.Frame, s.Tips, func(r view.User) string { return r.Name },
		widgets.Column[view.User]{ID: "name", Title: lang.L("Name"), Width: 190, Given: true, Cell: userName},
		widgets.Column[view.User]{ID: "online", Title: lang.L("Online"), Cell: userWhere},
		widgets.Column[view.User]{ID: "seen", Title: lang.L("Last seen"), Width: 96, Given: true, Cell: func(r view.User) widgets.Cell {
			if r.Seen.IsZero() {
				return widgets.Cell{Text: lang.L("never"), Color: look.Muted}
			}
			return widgets.Cell{Text: view.Ago(r.Seen, time.Now()), Color: look.Muted, Tip: view.Moment(r.Seen)}
		}},
		widgets.Column[view.User]{ID: "time", Title: lang.L("Played"), Width: 108, Right: true, Given: true, Cell: func(r view.User) widgets.Cell { return widgets.Cell{Text: view.PlayedWords(r.Seconds)} }},
		widgets.Column[view.User]{ID: "joins", Title: lang.L("Joins"), Width: 60, Right: true, Given: true, Cell: func(r view.User) widgets.Cell {
			return widgets.Cell{Text: view.Count(r.Joins), Color: look.Muted}
		}},
		widgets.Column[view.User]{ID: "lists", Title: lang.L("Lists"), Width: 160, Cell: userLists})
}

func userName(r view.User) widgets.Cell { return widgets.Cell{Text: r.Name, Tip: r.Notes} }

func userWhere(r view.User) widgets.Cell {
	if r.Where == "" {
		return widgets.Cell{}
	}
	state, tip := look.Connected, r.Where
	if !r.Sure {
		state, tip = look.InstanceState("unknown"), lang.L("{{.where}}: so it was when the host was heard of last", with{"where": r.Where})
	}
	return widgets.Cell{Text: r.Where, Color: state.Color, State: &state, Tip: tip}
}

// userLists says which of the game's lists has a player, with the shape of the weightiest, so that no colour is needed to tell them.
func userLists(r view.User) widgets.Cell {
	var words []string
	var state *look.State
	color := look.Muted
	for _, list := range []struct {
		set   bool
		word  string
		state look.State
		color fyne.ThemeColorName
	}{{r.Whitelisted, lang.L("whitelist"), look.Done, look.Good}, {r.Admin, lang.L("admin"), look.WantsToJoin, look.Info}, {r.Banned, lang.L("banned"), look.Trouble, look.Bad}} {
		if list.set {
			words = append([]string{list.word}, words...)
			state, color = &list.state, list.color
		}
	}
	return widgets.Cell{Text: strings.Join(words, ", "), Color: color, State: state, Tip: r.Reason}
}

// Content implements Page.
func (s *Users) Content() fyne.CanvasObject { return s.content }

// Find implements Page.
func (s *Users) Find() { s.Frame.Window().Canvas().Focus(s.filter) }

// Shown implements Page. While it is in sight it looks again and again, for who comes and goes.
func (s *Users) Shown() {
	if s.inSight {
		return
	}
	s.inSight = true
	s.search.Now(s.query(0, usersPage))
	s.readRoles()
	s.leave = s.Frame.Go(func(ctx context.Context) {
		tick := time.NewTicker(readEach)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.Frame.Do(s.again)
			case <-ctx.Done():
				return
			}
		}
	})
}

// Hidden implements Page.
func (s *Users) Hidden() {
	if s.inSight {
		s.inSight = false
		s.leave()
		s.search.Stop()
		s.detail.stop()
	}
}

// Search looks for a user.
func (s *Users) Search(name string) {
	s.which.SetSelectedIndex(view.AllUsers)
	s.role.SetSelectedIndex(0)
	s.filter.SetText(name)
}

func (s *Users) query(offset, limit int) api.FindUsers {
	sort, reverse := s.table.Sorted()
	q := view.UserQuery(s.filter.Text, s.which.SelectedIndex(), sort, reverse, offset, limit)
	if i := s.role.SelectedIndex(); i > 0 {
		q.Role = s.roles[i-1]
	}
	return q
}

const maxUsersPage = 1000 // that the controller gives at a time

// again reads what is shown again, unless the user waits for something else.
func (s *Users) again() {
	if s.inSight && !s.asking && !s.search.Asking() {
		s.search.Now(s.query(0, min(max(len(s.rows), usersPage), maxUsersPage)))
	}
	s.detail.again()
}

// next asks for the rows after those that are shown.
func (s *Users) next() {
	if !s.asking && len(s.rows) > 0 && len(s.rows) < s.total {
		s.asking = true
		s.search.Now(s.query(len(s.rows), usersPage))
	}
}

func (s *Users) show(q api.FindUsers, page api.UserPage, err error) {
	s.asking = false
	if err != nil {
		shown := api.AsError(err)
		s.footer.Set(shown.Message+" "+shown.Next, look.Bad)
		return
	}
	rows := view.MergeUsers(s.rows, view.Users(page.Users), q.Offset)
	same := q
	same.Offset, same.Limit = 0, 0
	switch {
	case same != s.asked:
		s.asked, s.all = same, false
		s.table.ToTop()
	case len(page.Users) == q.Limit && len(s.rows) > len(rows) && page.Total == s.total:
		rows = append(rows, s.rows[len(rows):]...) // those beyond stay as they were read
	}
	s.rows, s.total, s.online, s.known = rows, page.Total, page.Online, true
	s.table.SetRows(rows)
	s.tellUnfinished(page.Unfinished)
	none := page.Total == 0 && s.filter.Text == "" && s.which.SelectedIndex() == view.AllUsers && s.role.SelectedIndex() == 0
	want := s.split
	switch {
	case none:
		want = s.empty
	case page.Total == 0:
		want = s.nothing
	}
	if s.body.Objects[0] != want {
		s.body.Objects = []fyne.CanvasObject{want}
		s.body.Refresh()
	}
	s.count()
}

func (s *Users) count() {
	text := lang.L("Showing {{.shown}} of {{.all}} · {{.online}} online", with{"shown": view.Count(int64(len(s.rows))), "all": view.Count(int64(s.total)), "online": view.Count(int64(s.online))})
	if n := s.chosen(); n > 1 {
		text += " · " + lang.L("{{.n}} selected", with{"n": view.Count(int64(n))})
	}
	s.footer.Set(text, look.Muted)
	s.offerEvery()
}

// choose points buttons and details at the selection.
func (s *Users) choose() {
	if s.more == nil { // it is being made
		return
	}
	rows := s.table.Selected()
	s.all = s.all && len(rows) == len(s.rows)
	online := 0
	for _, r := range rows {
		if r.Where != "" {
			online++
		}
	}
	enable(s.message, true)
	enable(s.kick, online > 0)
	enable(s.ban, len(rows) > 0)
	switch len(rows) {
	case 1:
		s.detail.show(rows[0])
	case 0:
		s.detail.none(lang.L("Select a player to read about them; several to do the same to all of them."))
	default:
		s.detail.none(lang.L("{{.n}} players are selected. What you do is shown for all of them before it is done, and can be undone.", with{"n": view.Count(int64(s.chosen()))}))
	}
	if s.known {
		s.count()
	}
}

// selected returns the names of those who are selected.
func (s *Users) selected() (names []string) {
	for _, r := range s.table.Selected() {
		names = append(names, r.Name)
	}
	return names
}
