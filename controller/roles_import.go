package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/controller/userfile"
)

func (s *service) PreviewRoleImport(ctx context.Context, c api.Caller, r api.ImportRoles) (api.RoleImport, error) {
	return s.planRoles(ctx, c, r.Content)
}

func (s *service) ImportRoles(ctx context.Context, c api.Caller, r api.ImportRoles) (api.RoleImport, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	plan, err := s.planRoles(ctx, c, r.Content)
	if err != nil {
		return plan, err
	}
	all, err := s.store.Roles(ctx)
	if err != nil {
		return plan, err
	}
	if len(all)+plan.Created > maxRoles {
		return plan, api.Errorf(api.Refused, "Delete some.", "with these there would be more than %d roles", maxRoles)
	}
	for _, step := range plan.Roles {
		if step.Action != api.RoleCreated {
			continue
		}
		row := store.Role{ID: randomInstanceID(), Name: step.Name, Description: step.Description}
		for _, g := range step.Grants {
			row.Grants = append(row.Grants, store.RoleGrant{Permission: string(g.Permission)})
		}
		if err := s.store.AddRole(ctx, row); err != nil {
			return plan, roleError(row.Name, err)
		}
	}
	s.changes.cluster()
	return plan, nil
}

// planRoles says what becomes of the roles in a file of Clusterio.
func (s *service) planRoles(ctx context.Context, c api.Caller, content []byte) (api.RoleImport, error) {
	theirs, err := userfile.ParseRoles(content)
	if err != nil {
		return api.RoleImport{}, api.Errorf(api.Invalid, "", "%v", err)
	}
	here, err := s.store.Roles(ctx)
	if err != nil {
		return api.RoleImport{}, err
	}
	plan := api.RoleImport{Roles: make([]api.RoleStep, 0, len(theirs))}
	for _, r := range theirs {
		step, err := s.roleStep(ctx, c, r, here)
		if err != nil {
			return plan, err
		}
		if step.Action == api.RoleCreated {
			plan.Created++
			here = append(here, store.Role{Name: step.Name, Grants: []store.RoleGrant{{}}}) // the name is taken by now
		}
		plan.Roles = append(plan.Roles, step)
	}
	return plan, nil
}

func (s *service) roleStep(ctx context.Context, c api.Caller, r userfile.Role, here []store.Role) (api.RoleStep, error) {
	ours, without := r.Equal()
	step := api.RoleStep{ID: r.ID, Was: shown(r.Name, 100), Without: append([]string{}, without...), Grants: []api.Grant{}}
	row := store.Role{}
	for _, p := range ours {
		step.Grants = append(step.Grants, api.Grant{Permission: api.Permission(p)})
		row.Grants = append(row.Grants, store.RoleGrant{Permission: p})
	}
	step.Description = strings.TrimSpace(shown(r.Description, maxDescription))
	refuse := func(why string) (api.RoleStep, error) {
		step.Action, step.Why = api.RoleLeft, why
		return step, nil
	}
	if len(ours) == 0 {
		return refuse("nothing that it allows has an equal here")
	}
	for _, name := range []string{strings.TrimSpace(r.Name), strings.TrimSpace(r.Name) + " (Clusterio)"} {
		step.Name = name
		if err := s.fillRole(ctx, &row, &name, nil, nil); err != nil {
			return refuse(api.AsError(err).Message)
		}
		at := slices.IndexFunc(here, func(other store.Role) bool { return strings.EqualFold(other.Name, name) || other.ID == name })
		if at < 0 {
			if err := s.mayHandOn(ctx, c, row.Grants); err != nil {
				return refuse(api.AsError(err).Message)
			}
			step.Action = api.RoleCreated
			return step, nil
		}
		// Only one that gives the same is taken for it: another might give more.
		if sameGrants(here[at].Grants, row.Grants) {
			step.Action, step.Here = api.RoleKept, here[at].ID
			return step, nil
		}
	}
	return refuse("other roles have its name already")
}

func sameGrants(a, b []store.RoleGrant) bool {
	covers := func(a, b []store.RoleGrant) bool {
		return !slices.ContainsFunc(a, func(g store.RoleGrant) bool {
			return len(g.Hosts)+len(g.Instances) > 0 || !slices.ContainsFunc(b, func(o store.RoleGrant) bool { return o.Permission == g.Permission })
		})
	}
	return covers(a, b) && covers(b, a)
}

// rolesOfFile says which roles here those of a file of Clusterio are, by their ids there, and what can't be given.
func (s *service) rolesOfFile(ctx context.Context, c api.Caller, r api.ImportUsers, entries []userfile.Entry) (ids map[int64]string, skipped []string, err error) {
	ids = map[int64]string{}
	content := r.Roles
	if len(content) == 0 {
		content = r.Content // of before alpha.22
		if _, err := userfile.ParseRoles(content); err != nil {
			content = nil
		}
	}
	why := map[int64]string{}
	if content != nil {
		plan, err := s.planRoles(ctx, c, content)
		if err != nil {
			return nil, nil, err
		}
		for _, step := range plan.Roles {
			switch step.Action {
			case api.RoleKept:
				ids[step.ID] = step.Here
			case api.RoleCreated:
				why[step.ID] = fmt.Sprintf("role %q is not here yet: import the roles first (mainbusctl roles import)", step.Was)
			default:
				why[step.ID] = fmt.Sprintf("role %q: %s", step.Was, step.Why)
			}
		}
	}
	lacking := map[int64]int{}
	for _, e := range entries {
		for _, id := range e.Roles {
			if ids[id] == "" {
				lacking[id]++
			}
		}
	}
	for id, users := range lacking {
		text := why[id]
		if text == "" {
			text = fmt.Sprintf("role %d is in no roles.json that was given", id)
		}
		skipped = append(skipped, fmt.Sprintf("%s; %d users have it there", text, users))
	}
	slices.Sort(skipped)
	return ids, skipped, nil
}
