package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/controller/userfile"
	"mainbus/hostagent/factorio/playername"
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
	b, err := s.bulkOf(ctx, c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	return s.changeMany(ctx, c, s.store.PreviewUsers, b, nil)
}

func (s *service) BulkUsers(ctx context.Context, c api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	b, err := s.bulkOf(ctx, c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	defer s.usersChanged()
	return s.changeMany(ctx, c, s.store.ChangeUsers, b, nil)
}

func (s *service) bulkOf(ctx context.Context, c api.Caller, r api.BulkUsers) (store.UserBulk, error) {
	what, set, err := s.bulkAction(ctx, r)
	if err != nil {
		return store.UserBulk{}, err
	}
	if err := checkPlayerText(r.Reason); err != nil {
		return store.UserBulk{}, err
	}
	if r.Match != nil {
		if len(r.Names) > 0 {
			return store.UserBulk{}, api.Errorf(api.Invalid, "", "name users, or say what they match, not both")
		}
		if r.Names, err = s.matching(ctx, *r.Match); err != nil {
			return store.UserBulk{}, err
		}
	}
	if len(r.Names) == 0 || len(r.Names) > maxBulkNames {
		return store.UserBulk{}, api.Errorf(api.Invalid, "", "name 1 to %d users", maxBulkNames)
	}
	b := store.UserBulk{By: c.Name, At: time.Now(), What: fmt.Sprintf("%s %d users", what, len(r.Names))}
	for _, name := range r.Names {
		if err := checkPlayer(name); err != nil {
			return store.UserBulk{}, err
		}
		change := store.UserChange{Name: name, By: b.By, At: b.At}
		if set(&change); r.Action == api.BulkBan && r.Reason != "" {
			change.Reason = &r.Reason
		}
		b.Changes = append(b.Changes, change)
	}
	return b, nil
}

func (s *service) bulkAction(ctx context.Context, r api.BulkUsers) (what string, set func(*store.UserChange), err error) {
	if r.Action != api.BulkGrantRole && r.Action != api.BulkRevokeRole {
		action, ok := bulkActions[r.Action]
		if !ok {
			err = api.Errorf(api.Invalid, "Use ban, unban, promote, demote, whitelist, unwhitelist, clear_notes, grant_role or revoke_role.", "there is no action %.40q", r.Action)
		}
		return action.what, action.set, err
	}
	role, _, err := s.findRole(ctx, r.Role)
	if err != nil {
		return "", nil, err
	}
	if r.Action == api.BulkGrantRole {
		return "role " + role.Name + " for", func(c *store.UserChange) { c.Grant = []string{role.ID} }, nil
	}
	return "no role " + role.Name + " for", func(c *store.UserChange) { c.Revoke = []string{role.ID} }, nil
}

// matching returns the names of all who match.
func (s *service) matching(ctx context.Context, r api.FindUsers) ([]string, error) {
	r.Limit, r.Offset = 0, 0
	q, err := s.userQuery(ctx, r)
	if err != nil {
		return nil, err
	}
	q.Limit = maxBulkNames + 1 // more are refused
	found, _, err := s.store.FindUsers(ctx, q)
	names := make([]string, len(found))
	for n, u := range found {
		names[n] = u.Name
	}
	return names, err
}

func (s *service) PreviewImport(ctx context.Context, c api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	b, skipped, err := s.importOf(ctx, c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	return s.changeMany(ctx, c, s.store.PreviewUsers, b, skipped)
}

func (s *service) ImportUsers(ctx context.Context, c api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	b, skipped, err := s.importOf(ctx, c, r)
	if err != nil {
		return api.UserChanges{}, err
	}
	defer s.usersChanged()
	return s.changeMany(ctx, c, s.store.ChangeUsers, b, skipped)
}

// importOf makes changes of a file.
func (s *service) importOf(ctx context.Context, c api.Caller, r api.ImportUsers) (b store.UserBulk, skipped []string, err error) {
	form := userfile.Form(r.Form)
	entries, skipped, err := userfile.Parse(form, r.Content)
	if err != nil {
		return b, nil, api.Errorf(api.Invalid, "", "%v", err)
	}
	if r.Restore && len(entries) == 0 && len(skipped) > 0 {
		return b, nil, api.Errorf(api.Refused, "Look at the file.", "nothing in this file can be taken over (%s): restoring it would clear everything", skipped[0])
	}
	ids := map[int64]string{}
	if form == userfile.Clusterio {
		var without []string
		if ids, without, err = s.rolesOfFile(ctx, c, r, entries); err != nil {
			return b, nil, err
		}
		skipped = append(without, skipped...)
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
		for _, role := range e.Roles {
			if id := ids[role]; id != "" {
				change.Grant, change.Create = append(change.Grant, id), true
			}
		}
		b.Changes = append(b.Changes, change)
	}
	return b, skipped, nil
}

// changeMany makes changes, or looks what they would do.
func (s *service) changeMany(ctx context.Context, c api.Caller, do func(context.Context, store.UserBulk) (store.UserBulkResult, error), b store.UserBulk, skipped []string) (api.UserChanges, error) {
	var roles []store.UserChanged
	for _, change := range b.Changes {
		if key := playername.Key(change.Name); len(change.Grant)+len(change.Revoke) > 0 {
			roles = append(roles, store.UserChanged{After: store.User{Key: key}, Granted: change.Grant, Revoked: change.Revoke})
		}
	}
	if len(roles) > 0 {
		s.rolesMu.Lock()
		defer s.rolesMu.Unlock()
		if err := s.mayChangeRoles(ctx, c, roles); err != nil {
			return api.UserChanges{}, err
		}
	}
	return s.many(ctx, skipped, func(ctx context.Context) (store.UserBulkResult, error) { return do(ctx, b) })
}

// many makes a change of many users, or looks at one. It is finished even if the caller does not wait any more, unless the controller
// stops.
func (s *service) many(ctx context.Context, skipped []string, do func(context.Context) (store.UserBulkResult, error)) (api.UserChanges, error) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	result, err := do(work)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return api.UserChanges{}, nothingToUndo()
	case err != nil && len(result.Changed) > 0:
		return api.UserChanges{}, api.Errorf(api.Internal, "Do the same again for the others, or undo it.",
			"%s was interrupted: %d users were changed, %d are left: %v", result.What, len(result.Changed), result.Left, err)
	case err != nil:
		return api.UserChanges{}, err
	}
	roles, err := s.roleNames(ctx)
	return viewChanges(result, skipped, roles), err
}

// mayChangeRoles refuses changes of roles to callers who may not make them, as GrantRole and RevokeRole do.
func (s *service) mayChangeRoles(ctx context.Context, c api.Caller, changes []store.UserChanged) error {
	all, err := s.store.Roles(ctx)
	if err != nil {
		return err
	}
	grants := []store.RoleGrant{{Permission: string(api.RoleManage)}}
	for _, r := range all {
		if slices.ContainsFunc(changes, func(u store.UserChanged) bool {
			return slices.Contains(u.Granted, r.ID) || slices.Contains(u.Revoked, r.ID)
		}) {
			grants = append(grants, r.Grants...)
		}
	}
	if err := s.mayHandOn(ctx, c, grants); err != nil {
		return err
	}
	lose := map[[2]string]bool{}
	for _, u := range changes {
		for _, role := range u.Revoked {
			lose[[2]string{cmp.Or(u.After.Key, u.Before.Key), role}] = true
		}
	}
	return s.keepAdmin(ctx, all, all, func(user, role string) bool { return lose[[2]string{user, role}] })
}

// recordInterrupted records a change of many users that the controller's end has interrupted, at each start until it is finished or undone.
func (c *Controller) recordInterrupted() error {
	b, _, err := c.store.UnfinishedUsers(c.ctx)
	if err != nil || b.Left == 0 {
		return err
	}
	return authority{c}.Record(c.ctx, api.AuditEntry{At: time.Now(), Who: b.By, What: "BulkUsers", Target: b.What, Result: fmt.Sprintf("interrupted, %d users are left", b.Left)})
}

func (s *service) roleNames(ctx context.Context) (map[string]string, error) {
	all, err := s.store.Roles(ctx)
	names := make(map[string]string, len(all))
	for _, r := range all {
		names[r.ID] = r.Name
	}
	return names, err
}

func nothingToUndo() error {
	return api.Errorf(api.NotFound, "", "there is no import and no change of many users that could be undone")
}

func (s *service) PreviewUndoUsers(ctx context.Context, _ api.Caller) (api.UserChanges, error) {
	return s.many(ctx, nil, s.store.PreviewUndo)
}

func (s *service) UndoUsers(ctx context.Context, c api.Caller) (api.UserChanges, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	preview, err := s.store.PreviewUndo(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return api.UserChanges{}, nothingToUndo()
	}
	roles := slices.DeleteFunc(preview.Changed, func(u store.UserChanged) bool { return len(u.Granted)+len(u.Revoked) == 0 })
	if err == nil && len(roles) > 0 {
		err = s.mayChangeRoles(ctx, c, roles)
	}
	if err != nil {
		return api.UserChanges{}, err
	}
	defer s.usersChanged()
	return s.many(ctx, nil, func(ctx context.Context) (store.UserBulkResult, error) {
		return s.store.UndoUsers(ctx, c.Name, time.Now())
	})
}

func viewChanges(r store.UserBulkResult, skipped []string, roles map[string]string) api.UserChanges {
	view := api.UserChanges{
		What: r.What, At: r.At.UTC(), Changed: len(r.Changed), Unchanged: r.Unchanged, Since: r.Since, Left: r.Left,
		Rows: []api.UserEffect{}, Skipped: append([]string{}, skipped[:min(len(skipped), maxShownBroken)]...), Bad: len(skipped),
	}
	for _, c := range r.Changed {
		if c.Created() {
			view.Created++
		}
		if len(view.Rows) < maxShownRows {
			view.Rows = append(view.Rows, api.UserEffect{Name: cmp.Or(c.After.Name, c.Before.Name), Text: effect(c, roles)})
		}
	}
	return view
}

// effect says what becomes of a user.
func effect(c store.UserChanged, roles map[string]string) string {
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
	for _, id := range c.Granted {
		parts = append(parts, "role "+cmp.Or(roles[id], id))
	}
	for _, id := range c.Revoked {
		parts = append(parts, "no role "+cmp.Or(roles[id], id)+" any more")
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
