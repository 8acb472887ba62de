package controller

import (
	"context"

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

// Grants implements api.Authority.
func (a authority) Grants(context.Context, api.Caller) ([]api.Grant, error) { return nil, nil }

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
