package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/controller/userfile"
)

const (
	maxBulkNames   = 100_000
	maxShownRows   = 200
	maxShownBroken = 100
)

// bulkActions are what can be done to many users at once.
var bulkActions = map[string]struct {
	what string
	set  func(*store.UserChange)
}{
	api.BulkBan:         {"ban", func(c *store.UserChange) { c.Banned = new(true) }},
	api.BulkUnban:       {"unban", func(c *store.UserChange) { c.Banned = new(false) }},
	api.BulkPromote:     {"promote", func(c *store.UserChange) { c.Admin = new(true) }},
	api.BulkDemote:      {"demote", func(c *store.UserChange) { c.Admin = new(false) }},
	api.BulkWhitelist:   {"whitelist", func(c *store.UserChange) { c.Whitelisted = new(true) }},
	api.BulkUnwhitelist: {"take off the whitelist", func(c *store.UserChange) { c.Whitelisted = new(false) }},
	api.BulkClearNotes:  {"delete the notes of", func(c *store.UserChange) { c.Notes = new("") }},
}

func (s *service) PreviewBulk(ctx context.Context, c api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	b, err := bulkOf(c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	return s.changeMany(ctx, s.store.PreviewUsers, b, nil, false)
}

func (s *service) BulkUsers(ctx context.Context, c api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	b, err := bulkOf(c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	return s.changeMany(ctx, s.store.ChangeUsers, b, nil, true)
}

func bulkOf(c api.Caller, r api.BulkUsers) (store.UserBulk, error) {
	action, ok := bulkActions[r.Action]
	if !ok {
		return store.UserBulk{}, api.Errorf(api.Invalid, "Use ban, unban, promote, demote, whitelist, unwhitelist or clear_notes.", "there is no action %.40q", r.Action)
	}
	if len(r.Names) == 0 || len(r.Names) > maxBulkNames {
		return store.UserBulk{}, api.Errorf(api.Invalid, "", "name 1 to %d users", maxBulkNames)
	}
	if err := checkPlayerText(r.Reason); err != nil {
		return store.UserBulk{}, err
	}
	b := store.UserBulk{By: c.Name, At: time.Now(), What: fmt.Sprintf("%s %d users", action.what, len(r.Names))}
	for _, name := range r.Names {
		if err := checkPlayer(name); err != nil {
			return store.UserBulk{}, err
		}
		change := store.UserChange{Name: name, By: b.By, At: b.At}
		if action.set(&change); r.Action == api.BulkBan && r.Reason != "" {
			change.Reason = &r.Reason
		}
		b.Changes = append(b.Changes, change)
	}
	return b, nil
}

func (s *service) PreviewImport(ctx context.Context, c api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	b, skipped, err := importOf(c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	return s.changeMany(ctx, s.store.PreviewUsers, b, skipped, false)
}

func (s *service) ImportUsers(ctx context.Context, c api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	b, skipped, err := importOf(c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	return s.changeMany(ctx, s.store.ChangeUsers, b, skipped, true)
}

// importOf makes changes of a file.
func importOf(c api.Caller, r api.ImportUsers) (b store.UserBulk, skipped []string, err error) {
	form := userfile.Form(r.Form)
	entries, skipped, err := userfile.Parse(form, r.Content)
	if err != nil {
		return b, nil, api.Errorf(api.Invalid, "", "%v", err)
	}
	if r.Restore && len(entries) == 0 && len(skipped) > 0 {
		return b, nil, api.Errorf(api.Refused, "Look at the file.", "nothing in this file can be taken over (%s): restoring it would clear everything", skipped[0])
	}
	b = store.UserBulk{By: c.Name, At: time.Now(), What: fmt.Sprintf("import of %d users (%s)", len(entries), r.Form)}
	admin, whitelisted, banned := form.Has()
	if r.Restore {
		b.What = fmt.Sprintf("restore of %d users (%s)", len(entries), r.Form)
		b.Clear = store.Flags{Admin: admin, Whitelisted: whitelisted, Banned: banned}
	}
	for _, e := range entries {
		change := store.UserChange{Name: e.Name, By: b.By, At: b.At, Reason: &e.Reason, KeepReason: true}
		set := func(known, to bool) *bool {
			if !known || !to && !r.Restore {
				return nil // an import only adds
			}
			return &to
		}
		change.Admin, change.Whitelisted, change.Banned = set(admin, e.Admin), set(whitelisted, e.Whitelisted), set(banned, e.Banned)
		b.Changes = append(b.Changes, change)
	}
	return b, skipped, nil
}

// changeMany makes changes, or looks what they would do.
func (s *service) changeMany(ctx context.Context, do func(context.Context, store.UserBulk) (store.UserBulkResult, error), b store.UserBulk, skipped []string, does bool) (api.UserChanges, error) {
	result, err := do(ctx, b)
	if err != nil {
		return api.UserChanges{}, err
	}
	if does && len(result.Changed) > 0 {
		s.usersChanged()
	}
	return viewChanges(result, skipped), nil
}

func (s *service) PreviewUndoUsers(ctx context.Context, _ api.Caller) (api.UserChanges, error) {
	result, err := s.store.PreviewUndo(ctx)
	return undone(result, err)
}

func (s *service) UndoUsers(ctx context.Context, c api.Caller) (api.UserChanges, error) {
	result, err := s.store.UndoUsers(ctx, c.Name, time.Now())
	if err == nil {
		s.usersChanged()
	}
	return undone(result, err)
}

func undone(result store.UserBulkResult, err error) (api.UserChanges, error) {
	if errors.Is(err, store.ErrNotFound) {
		return api.UserChanges{}, api.Errorf(api.NotFound, "", "there is no import and no change of many users that could be undone")
	}
	if err != nil {
		return api.UserChanges{}, err
	}
	return viewChanges(result, nil), nil
}

func viewChanges(r store.UserBulkResult, skipped []string) api.UserChanges {
	view := api.UserChanges{
		What: r.What, At: r.At.UTC(), Changed: len(r.Changed), Unchanged: r.Unchanged, Since: r.Since,
		Rows: []api.UserEffect{}, Skipped: append([]string{}, skipped[:min(len(skipped), maxShownBroken)]...), Bad: len(skipped),
	}
	for _, c := range r.Changed {
		if c.Created() {
			view.Created++
		}
		if len(view.Rows) < maxShownRows {
			view.Rows = append(view.Rows, api.UserEffect{Name: cmp.Or(c.After.Name, c.Before.Name), Text: effect(c)})
		}
	}
	return view
}

// effect says what becomes of a user.
func effect(c store.UserChanged) string {
	var parts []string
	flag := func(before, after store.UserFlag, is string) {
		switch {
		case after.Set && !before.Set:
			parts = append(parts, is)
		case before.Set && !after.Set:
			parts = append(parts, "not "+is+" any more")
		}
	}
	flag(c.Before.Admin, c.After.Admin, "admin")
	flag(c.Before.Whitelisted, c.After.Whitelisted, "whitelisted")
	flag(c.Before.Banned, c.After.Banned, "banned")
	if c.After.Banned.Set && c.After.BanReason != c.Before.BanReason {
		parts = append(parts, fmt.Sprintf("reason %q", c.After.BanReason))
	}
	if c.Before.Notes != c.After.Notes {
		parts = append(parts, "other notes")
	}
	switch {
	case c.Created():
		parts = append(parts, "a record")
	case c.After.Key == "":
		parts = append(parts, "no record any more")
	case len(parts) == 0:
		parts = append(parts, "who changed it, and when")
	}
	return strings.Join(parts, ", ")
}

func (s *service) ExportUsers(ctx context.Context, _ api.Caller, r api.ExportUsers) (api.UserFile, error) {
	form := userfile.Form(r.Form)
	if form.FileName() == "" {
		return api.UserFile{}, api.Errorf(api.Invalid, "Use admins, bans, whitelist or users.", "there is no form %.40q of files", r.Form)
	}
	listed, _, err := s.store.ListedUsers(ctx)
	if err != nil {
		return api.UserFile{}, err
	}
	entries := make([]userfile.Entry, len(listed))
	for n, u := range listed {
		entries[n] = userfile.Entry{Name: u.Name, Admin: u.Admin.Set, Whitelisted: u.Whitelisted.Set, Banned: u.Banned.Set, Reason: u.BanReason}
	}
	content, users := userfile.Write(form, entries)
	return api.UserFile{Name: form.FileName(), Users: users, Content: content}, nil
}
