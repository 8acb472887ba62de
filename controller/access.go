package controller

import (
	"context"
	"errors"
	"slices"

	"mainbus/controller/api"
	"mainbus/controller/store"
)

// authority tells the guard who may do what, and stores what it records.
type authority struct{ c *Controller }

var _ api.Authority = authority{}

// Record implements api.Authority.
func (a authority) Record(ctx context.Context, e api.AuditEntry) error {
	return a.c.store.AddAudit(ctx, store.AuditEntry{
		At: e.At, Who: shown(e.Who, 100), From: shown(e.From, 100), What: e.What, Target: shown(e.Target, 200), Result: shown(e.Result, 500),
	})
}

// Grants implements api.Authority: what the user of a key has by all roles, as they are at this moment.
func (a authority) Grants(ctx context.Context, c api.Caller) ([]api.Grant, error) {
	_, roles, err := a.c.rolesOfKey(ctx, c.Key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.Errorf(api.Refused, "Ask an administrator of the cluster for a login code.", "this key was revoked")
	}
	var all []api.Grant
	for _, r := range roles {
		all = append(all, viewGrants(r.Grants)...)
	}
	return all, err
}

func (c *Controller) rolesOfKey(ctx context.Context, id string) (store.Key, []store.Role, error) {
	key, err := c.store.Key(ctx, id)
	if err != nil {
		return key, nil, err
	}
	roles, err := c.rolesOf(ctx, key.User)
	return key, roles, err
}

// rolesOf are the roles that a user has, by name.
func (c *Controller) rolesOf(ctx context.Context, user string) ([]store.Role, error) {
	has, err := c.store.UserRoles(ctx, user)
	if err != nil || len(has) == 0 {
		return nil, err
	}
	all, err := c.store.Roles(ctx)
	return slices.DeleteFunc(all, func(r store.Role) bool { return !slices.Contains(has, r.ID) }), err
}

// Atlas implements api.Authority.
func (a authority) Atlas(ctx context.Context) (api.Atlas, error) {
	var atlas api.Atlas
	short := map[string]string{}
	for _, h := range a.c.hosts.all() {
		short[h.id.String()] = h.id.Short()
		atlas.Hosts = append(atlas.Hosts, api.AtlasHost{ID: h.id.Short(), Name: a.c.hosts.snapshot(h).row.Name})
	}
	rows, err := a.c.store.Instances(ctx)
	if err != nil {
		return api.Atlas{}, err
	}
	hostOf := map[string]string{}
	for _, row := range rows {
		hostOf[row.ID] = short[row.Host]
		atlas.Instances = append(atlas.Instances, api.AtlasInstance{ID: row.ID, Name: row.Name, Host: short[row.Host]})
	}
	for _, t := range a.c.tasks.views() {
		atlas.Tasks = append(atlas.Tasks, api.AtlasTask{ID: t.ID, Instance: t.Instance, Host: hostOf[t.Instance]})
	}
	return atlas, nil
}
