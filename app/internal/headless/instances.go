package headless

import (
	"context"
	"fmt"
	"slices"

	"mainbus/controller/api"
)

// CreateInstance implements api.Service. What is made is stopped, and has the id "new".
func (c *Cluster) CreateInstance(_ context.Context, _ api.Caller, r api.CreateInstance) (api.Instance, error) {
	args := []string{r.Name, r.Host}
	if r.Pack != "" {
		args = append(args, r.Pack)
	}
	err := c.note("CreateInstance", args...)
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

// SetInstanceMods replaces what lies in the mods folders of all instances, and what comes of comparing it.
func (c *Cluster) SetInstanceMods(m api.InstanceMods, compared api.ModComparison) {
	c.change(func() { c.mods.installed, c.mods.compared = m, compared })
}

// InstanceMods implements api.Service.
func (c *Cluster) InstanceMods(context.Context, api.Caller, api.InstanceRef) (api.InstanceMods, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.installed, nil
}

// UndoMods implements api.Service.
func (c *Cluster) UndoMods(_ context.Context, _ api.Caller, r api.InstanceRef) (api.InstanceMods, error) {
	return api.InstanceMods{}, c.note("UndoMods", r.Instance)
}

// RedoMods implements api.Service.
func (c *Cluster) RedoMods(_ context.Context, _ api.Caller, r api.InstanceRef) (api.InstanceMods, error) {
	return api.InstanceMods{}, c.note("RedoMods", r.Instance)
}

// FetchMods implements api.Service.
func (c *Cluster) FetchMods(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Task, error) {
	return c.begun(), c.note("FetchMods", r.Instance)
}

// ModPolicy implements api.Service.
func (c *Cluster) ModPolicy(context.Context, api.Caller, api.InstanceRef) (api.ModPolicy, error) {
	return api.ModPolicy{}, nil
}

// ChangeModPolicy implements api.Service.
func (c *Cluster) ChangeModPolicy(_ context.Context, _ api.Caller, r api.ChangeModPolicy) (api.ModPolicy, error) {
	return api.ModPolicy{}, c.noteJSON("ChangeModPolicy", r)
}

// CompareMods implements api.Service.
func (c *Cluster) CompareMods(_ context.Context, _ api.Caller, r api.CompareMods) (api.ModComparison, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.compared, nil
}

// SetLists replaces how the lists of players of all instances go with the cluster's.
func (c *Cluster) SetLists(modes []api.ListModes, states ...api.ListState) {
	c.change(func() { c.users.modes, c.users.states = modes, states })
}

// ListModes implements api.Service.
func (c *Cluster) ListModes(context.Context, api.Caller) ([]api.ListModes, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.users.modes), nil
}

// ListStates implements api.Service.
func (c *Cluster) ListStates(context.Context, api.Caller) ([]api.ListState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.users.states), nil
}

// SetListModes implements api.Service.
func (c *Cluster) SetListModes(_ context.Context, _ api.Caller, r api.SetListModes) (api.ListModes, error) {
	return api.ListModes{}, c.noteJSON("SetListModes", r)
}
