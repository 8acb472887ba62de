package headless

import (
	"context"
	"fmt"

	"mainbus/controller/api"
)

// CreateInstance implements api.Service. What is made is stopped, and has the id "new".
func (c *Cluster) CreateInstance(_ context.Context, _ api.Caller, r api.CreateInstance) (api.Instance, error) {
	err := c.note("CreateInstance", r.Name, r.Host)
	made := api.Instance{ID: "new", Name: r.Name, Host: r.Host, Desired: "stopped", State: "stopped", Version: r.Version}
	if err == nil {
		c.news(func() { c.instances = append(c.instances, made) })
	}
	return made, err
}

// SetFolder says what there is in any folder.
func (c *Cluster) SetFolder(f api.Folder) { c.change(func() { c.folder = f }) }

// LookAtFolder implements api.Service.
func (c *Cluster) LookAtFolder(_ context.Context, _ api.Caller, r api.FolderRef) (api.Folder, error) {
	err := c.note("LookAtFolder", r.Host, r.Dir)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.folder, err
}

// AdoptFolder implements api.Service.
func (c *Cluster) AdoptFolder(_ context.Context, _ api.Caller, r api.AdoptFolder) (api.Task, error) {
	return c.begun(), c.note("AdoptFolder", r.Host, r.Dir, r.Name)
}

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

// SetServerSettings replaces the server settings of all instances.
func (c *Cluster) SetServerSettings(s api.ServerSettings) { c.change(func() { c.settings = s }) }

// ServerSettings implements api.Service.
func (c *Cluster) ServerSettings(context.Context, api.Caller, api.InstanceRef) (api.ServerSettings, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings, c.fail
}

// ChangeSettings implements api.Service.
func (c *Cluster) ChangeSettings(_ context.Context, _ api.Caller, r api.ChangeSettings) (api.ServerSettings, error) {
	return c.settings, c.note("ChangeSettings", r.Instance, r.Key, r.Value+r.File)
}

// SetVersion implements api.Service.
func (c *Cluster) SetVersion(_ context.Context, _ api.Caller, r api.SetVersion) (api.Instance, error) {
	return api.Instance{}, c.note("SetVersion", r.Instance, r.Version, fmt.Sprint(r.Download))
}
