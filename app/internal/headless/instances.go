package headless

import (
	"context"

	"mainbus/controller/api"
)

// MoveInstance implements api.Service.
func (c *Cluster) MoveInstance(_ context.Context, _ api.Caller, r api.MoveInstance) (api.Task, error) {
	return c.begun(), c.note("MoveInstance", r.Instance, r.Host)
}

// RenameInstance implements api.Service.
func (c *Cluster) RenameInstance(_ context.Context, _ api.Caller, r api.RenameInstance) (api.Instance, error) {
	return api.Instance{}, c.note("RenameInstance", r.Instance, r.Name)
}

// DeleteInstance implements api.Service.
func (c *Cluster) DeleteInstance(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	return api.Instance{}, c.note("DeleteInstance", r.Instance)
}
