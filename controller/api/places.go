package api

import "context"

// Places is what is asked of where instances are and what they are called.
type Places interface {
	MoveInstance(ctx context.Context, c Caller, r MoveInstance) (Task, error)
	RenameInstance(ctx context.Context, c Caller, r RenameInstance) (Instance, error)
	DeleteInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error)
}

var placeMethods = map[string]method{
	"MoveInstance":   changes(InstanceCreate, with(Service.MoveInstance)),
	"RenameInstance": changes(InstanceConfigure, with(Service.RenameInstance)),
	"DeleteInstance": changes(InstanceCreate, with(Service.DeleteInstance)),
}

func (s stub) MoveInstance(ctx context.Context, c Caller, r MoveInstance) (Task, error) {
	return ask[Task](ctx, s, c, "MoveInstance", &r)
}

func (s stub) RenameInstance(ctx context.Context, c Caller, r RenameInstance) (Instance, error) {
	return ask[Instance](ctx, s, c, "RenameInstance", &r)
}

func (s stub) DeleteInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return ask[Instance](ctx, s, c, "DeleteInstance", &r)
}

// MoveInstance brings an instance to another host, with its world, saves, mods and settings. One that runs is stopped for it and runs
// there afterwards. If it fails, the instance is where it was, and runs if it ran.
type MoveInstance struct {
	Instance string `json:"instance"` // name or id
	Host     string `json:"host"`     // name or id of a paired one
}

func (r *MoveInstance) scope() []place { return []place{ofInstance(&r.Instance), ofHost(&r.Host)} }

func (r MoveInstance) target() string { return r.Instance + " to " + r.Host }

// RenameInstance changes what people call an instance. Its id and its folder stay; the name that players see is a server setting.
type RenameInstance struct {
	Instance string `json:"instance"` // name or id
	Name     string `json:"name"`
}

func (r *RenameInstance) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r RenameInstance) target() string { return r.Instance + " to " + r.Name }
