package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/playername"
)

const (
	maxUserPage    = 1000
	usualUserPage  = 100
	maxNotes       = 4000 // characters
	maxSearchChars = 100
)

func checkPlayer(name string) error {
	if err := playername.Check(name); err != nil {
		return api.Errorf(api.Invalid, "A name is one word without blanks, quotes and brackets.", "%v", err)
	}
	return nil
}

func checkPlayerText(text string) error {
	if err := playername.CheckText(text); err != nil {
		return api.Errorf(api.Invalid, "", "%v", err)
	}
	return nil
}

func noUser(name string) error {
	return api.Errorf(api.NotFound, "mainbusctl users list shows all; mainbusctl users add makes one.", "there is no user %.100q", name)
}

func (s *service) Users(ctx context.Context, _ api.Caller, r api.FindUsers) (api.UserPage, error) {
	q, err := s.userQuery(ctx, r)
	if err != nil {
		return api.UserPage{}, err
	}
	found, total, err := s.store.FindUsers(ctx, q)
	if err != nil {
		return api.UserPage{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return api.UserPage{}, err
	}
	page := api.UserPage{Users: make([]api.UserRecord, 0, len(found)), Total: total, Online: len(s.presence.keys())}
	for _, u := range found {
		page.Users = append(page.Users, s.viewUser(u, names))
	}
	page.Unfinished, err = s.unfinishedUsers(ctx)
	return page, err
}

// unfinishedUsers says of a change of many users that it has not come to all.
func (s *service) unfinishedUsers(ctx context.Context) (string, error) {
	b, underWay, err := s.store.UnfinishedUsers(ctx)
	switch {
	case err != nil || b.Left == 0:
		return "", err
	case underWay:
		return fmt.Sprintf("%s by %s is under way, %s are left.", b.What, b.By, thousands(int64(b.Left))), nil
	}
	return fmt.Sprintf("%s by %s was interrupted, %s were left. Do the same again for these, or undo what was done.", b.What, b.By, thousands(int64(b.Left))), nil
}

func (s *service) userQuery(ctx context.Context, r api.FindUsers) (q store.UserQuery, err error) {
	orders := map[string]store.UserSort{
		"": store.ByName, api.UsersByName: store.ByName, api.UsersBySeen: store.BySeen, api.UsersBySeconds: store.BySeconds, api.UsersByJoins: store.ByJoins,
	}
	order, ok := orders[r.Sort]
	if !ok {
		return q, api.Errorf(api.Invalid, "Use name, seen, time or joins.", "users can't be sorted by %.40q", r.Sort)
	}
	limit, err := pageSize(r.Limit)
	if err != nil || r.Offset < 0 || utf8.RuneCountInString(r.Text) > maxSearchChars {
		return q, api.Errorf(api.Invalid, "", "a page begins at 0 or later and has at most %d users, and at most %d characters are looked for", maxUserPage, maxSearchChars)
	}
	q = store.UserQuery{
		Text: r.Text, Admin: r.Admin, Whitelisted: r.Whitelisted, Banned: r.Banned, Sort: order, Descending: r.Descending, Offset: r.Offset, Limit: limit,
	}
	if r.Role != "" {
		role, _, err := s.findRole(ctx, r.Role)
		if err != nil {
			return q, err
		}
		q.Role = role.ID
	}
	if r.Online {
		q.Keys = append([]string{}, s.presence.keys()...)
	}
	return q, nil
}

func pageSize(limit int) (int, error) {
	if limit == 0 {
		return usualUserPage, nil
	}
	if limit < 0 || limit > maxUserPage {
		return 0, api.Errorf(api.Invalid, "", "a page has at most %d lines", maxUserPage)
	}
	return limit, nil
}

func (s *service) viewUser(u store.User, instances map[string]string) api.UserRecord {
	return api.UserRecord{
		Name: u.Name, CreatedAt: u.CreatedAt, FirstSeen: ifAny(u.FirstSeen), LastSeen: ifAny(u.LastSeen), Joins: u.Joins, Seconds: u.Seconds,
		Online: s.presence.of(u.Key, instances),
		Admin:  viewFlag(u.Admin), Whitelisted: viewFlag(u.Whitelisted), Banned: viewFlag(u.Banned), BanReason: u.BanReason,
		Revision: u.Revision, Notes: u.Notes,
	}
}

func viewFlag(f store.UserFlag) api.UserFlag {
	return api.UserFlag{Set: f.Set, By: f.By, At: ifAny(f.At)}
}

// ifAny is nil for no time.
func ifAny(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *service) User(ctx context.Context, _ api.Caller, r api.UserRef) (api.UserDetails, error) {
	u, err := s.findUser(ctx, r.Name)
	if err != nil {
		return api.UserDetails{}, err
	}
	plays, err := s.store.UserPlays(ctx, u.Key)
	if err != nil {
		return api.UserDetails{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return api.UserDetails{}, err
	}
	details := api.UserDetails{UserRecord: s.viewUser(u, names), Plays: make([]api.UserPlay, 0, len(plays))}
	for _, p := range plays {
		details.Plays = append(details.Plays, api.UserPlay{
			Instance: p.Instance, InstanceName: names[p.Instance], Joins: p.Joins, Seconds: p.Seconds,
			FirstJoin: p.FirstJoin, LastJoin: p.LastJoin, LastLeave: ifAny(p.LastLeave), Reason: p.Reason,
		})
	}
	return details, nil
}

func (s *service) findUser(ctx context.Context, name string) (store.User, error) {
	u, err := s.store.User(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return u, noUser(name)
	}
	return u, err
}

func (s *service) UserHistory(ctx context.Context, _ api.Caller, r api.ReadUserHistory) ([]api.UserVisit, error) {
	limit, err := pageSize(r.Limit)
	if err != nil {
		return nil, err
	}
	u, err := s.findUser(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	instance := ""
	if r.Instance != "" {
		row, err := s.instance(ctx, r.Instance)
		if err != nil {
			return nil, err
		}
		instance = row.ID
	}
	visits, err := s.store.UserVisits(ctx, u.Key, instance, r.Before, limit)
	if err != nil {
		return nil, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return nil, err
	}
	list := []api.UserVisit{}
	if r.Before == 0 {
		for _, p := range s.presence.of(u.Key, names) {
			if instance == "" || instance == p.Instance {
				list = append(list, api.UserVisit{Instance: p.Instance, InstanceName: p.InstanceName, Joined: p.Since, Seconds: int64(time.Since(p.Since).Seconds())})
			}
		}
	}
	for _, v := range visits {
		list = append(list, api.UserVisit{
			ID: v.ID, Instance: v.Instance, InstanceName: names[v.Instance], Joined: v.Joined, Left: ifAny(v.Left),
			Seconds: int64(v.Left.Sub(v.Joined).Seconds()), Reason: v.Reason,
		})
	}
	return list, nil
}

func (s *service) ChangeUser(ctx context.Context, c api.Caller, r api.ChangeUser) (api.UserRecord, error) {
	if r.Notes != nil {
		if err := checkNotes(*r.Notes); err != nil {
			return api.UserRecord{}, err
		}
	}
	return s.changeUser(ctx, store.UserChange{
		Name: r.Name, By: c.Name, At: time.Now(), Admin: r.Admin, Whitelisted: r.Whitelisted, Notes: r.Notes, Create: r.Create,
	})
}

func checkNotes(text string) error {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxNotes || strings.ContainsRune(text, 0) {
		return api.Errorf(api.Invalid, "", "notes are a text of at most %d characters", maxNotes)
	}
	return nil
}

func (s *service) BanUser(ctx context.Context, c api.Caller, r api.BanUser) (api.UserRecord, error) {
	if err := checkPlayerText(r.Reason); err != nil {
		return api.UserRecord{}, err
	}
	yes := true
	change := store.UserChange{Name: r.Name, By: c.Name, At: time.Now(), Banned: &yes}
	if r.Reason != "" {
		change.Reason = &r.Reason
	}
	return s.changeUser(ctx, change)
}

func (s *service) UnbanUser(ctx context.Context, c api.Caller, r api.UserRef) (api.UserRecord, error) {
	no := false
	return s.changeUser(ctx, store.UserChange{Name: r.Name, By: c.Name, At: time.Now(), Banned: &no})
}

// changeUser changes a record. What is to be the same in games follows from there.
func (s *service) changeUser(ctx context.Context, c store.UserChange) (api.UserRecord, error) {
	if err := checkPlayer(c.Name); err != nil {
		return api.UserRecord{}, err
	}
	changed, err := s.store.ChangeUser(ctx, c)
	if err != nil {
		return api.UserRecord{}, err
	}
	if changed.After.Key == "" {
		return api.UserRecord{}, noUser(c.Name)
	}
	if changed.Changed() {
		s.usersChanged()
	}
	names, err := s.instanceNames(ctx)
	return s.viewUser(changed.After, names), err
}

// usersChanged tells that records were changed.
func (c *Controller) usersChanged() {
	c.listed.Fire()
	c.changes.cluster()
}

func (s *service) DeleteUser(ctx context.Context, c api.Caller, r api.UserRef) (api.UserRecord, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	u, err := s.findUser(ctx, r.Name)
	if err != nil {
		return api.UserRecord{}, err
	}
	keys, err := s.mayRemove(ctx, c, u.Key)
	if err != nil {
		return api.UserRecord{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return api.UserRecord{}, err
	}
	view := s.viewUser(u, names)
	if len(view.Online) > 0 {
		return api.UserRecord{}, api.Errorf(api.Refused, "Kick the player first, or wait.", "%s is in a game, which would make the record again", u.Name)
	}
	switch err := s.store.DeleteUser(ctx, u.Key); {
	case errors.Is(err, store.ErrListed):
		return api.UserRecord{}, api.Errorf(api.Refused, fmt.Sprintf("Take that away first: mainbusctl users unban, demote, whitelist remove %s.", u.Name),
			"%s is admin, banned or whitelisted", u.Name)
	case errors.Is(err, store.ErrNotFound):
		return api.UserRecord{}, noUser(r.Name)
	case err != nil:
		return api.UserRecord{}, err
	}
	for _, k := range keys { // they have gone with the record
		s.hangUp(c, k)
	}
	s.changes.cluster()
	return view, nil
}
