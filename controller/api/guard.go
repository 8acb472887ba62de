package api

import (
	"cmp"
	"context"
	"time"
)

// Permission is what a caller needs for a call.
type Permission string

const (
	ClusterRead       Permission = "cluster.read"
	HostPair          Permission = "host.pair"
	HostConfigure     Permission = "host.configure"
	InstanceCreate    Permission = "instance.create"
	InstanceControl   Permission = "instance.control"
	InstanceConfigure Permission = "instance.configure"
	ConsoleRead       Permission = "console.read"
	ConsoleSend       Permission = "console.send"
	BusManage         Permission = "bus.manage"
	AuditRead         Permission = "audit.read"
	BackupRead        Permission = "backup.read"
	BackupMake        Permission = "backup.make"
	SaveRead          Permission = "save.read"
	SaveManage        Permission = "save.manage"
	UserRead          Permission = "user.read"
	UserManage        Permission = "user.manage"   // records, notes, lists, import
	UserModerate      Permission = "user.moderate" // kick, ban, mute, message, send elsewhere
	RoleManage        Permission = "role.manage"
	ModRead           Permission = "mod.read"
	ModManage         Permission = "mod.manage" // upload, download from the portal, delete
	PackManage        Permission = "pack.manage"
)

// may says whether a caller has a permission. The owner has all; nobody else is known yet.
func (c Caller) may(Permission) bool { return c.Kind == Owner }

// A Recorder keeps audit entries.
type Recorder interface {
	Record(ctx context.Context, e AuditEntry) error
}

// Guard lets through to s only what its caller may do, and records changes and denials.
func Guard(s Service, audit Recorder) Service {
	g := guard{s, audit}
	return stub{g.invoke}
}

type guard struct {
	next  Service
	audit Recorder
}

func (g guard) invoke(ctx context.Context, c Caller, name string, request, response any) error {
	m := methods[name]
	entry := AuditEntry{At: time.Now(), Who: c.Name, From: c.From, What: name, Result: "done"}
	if r, ok := request.(interface{ target() string }); ok {
		entry.Target = r.target()
	}
	if !c.may(m.need) {
		entry.Result = "denied"
		denied := Errorf(Refused, "Ask the owner of the cluster.", "%q may not do this: it needs the permission %s", c.Name, m.need)
		return cmp.Or(g.audit.Record(ctx, entry), error(denied))
	}
	err := m.call.make(ctx, g.next, c, request, response)
	if !m.changes {
		return err
	}
	if err != nil {
		entry.Result = err.Error()
	}
	// It has happened, so it is recorded even if the caller does not wait any more.
	return cmp.Or(err, g.audit.Record(context.WithoutCancel(ctx), entry))
}
