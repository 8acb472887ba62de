package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Permission is what a caller needs for a call.
type Permission string

const (
	// Everything is all permissions, also those of later versions.
	Everything Permission = "everything"

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
	RoleManage        Permission = "role.manage"   // roles, who has them, and keys of users
	ModRead           Permission = "mod.read"
	ModManage         Permission = "mod.manage" // upload, download from the portal, delete
	PackManage        Permission = "pack.manage"
)

// A Recorder keeps audit entries.
type Recorder interface {
	Record(ctx context.Context, e AuditEntry) error
}

// An Authority knows what callers may do at this moment, and keeps records.
type Authority interface {
	Recorder
	// Grants of a caller with a key, Refused if there is no such key any more. It is not asked for the owner.
	Grants(ctx context.Context, c Caller) ([]Grant, error)
	Atlas(ctx context.Context) (Atlas, error)
	// Bring puts in place of what a caller from elsewhere names the paths of the files that they have sent for the call, and in place of
	// write one that the call's task may write to. It is told when the call is over, and the task that goes on if there is one. Refused: they
	// have sent no such file.
	Bring(c Caller, call string, read []*string, write *string) (release func(task string), err error)
}

// Guard lets through to s only what its caller may do, and records changes and denials.
func Guard(s Service, a Authority) Service {
	g := guard{s, a, &pace{next: map[string]time.Time{}}}
	return stub{g.invoke}
}

type guard struct {
	next      Service
	authority Authority
	denials   *pace
}

func (g guard) invoke(ctx context.Context, c Caller, name string, request, response any) error {
	m := methods[name]
	entry := AuditEntry{At: time.Now(), Who: c.Name, From: c.From, What: name, Result: "done"}
	if r, ok := request.(interface{ target() string }); ok {
		entry.Target = r.target()
	}
	deny := func(err error) error {
		entry.Result = "denied"
		g.denials.wait(ctx, c.Key)
		return cmp.Or(g.authority.Record(context.WithoutCancel(ctx), entry), err)
	}
	if _, err := g.admit(ctx, c, m, request); isDenial(err) {
		return deny(err)
	} else if err != nil {
		return err
	}
	release, err := g.bring(c, name, request)
	if isDenial(err) {
		return deny(err)
	} else if err != nil {
		return err
	}
	err = m.call.make(ctx, g.next, c, request, response)
	release(taskOf(response, err))
	if !m.changes {
		if err != nil || c.Kind == Owner {
			return err
		}
		// It may have taken long, so what the caller may see is asked anew.
		s, err := g.admit(ctx, c, m, request)
		if isDenial(err) {
			return deny(err)
		}
		if err == nil && m.trim != nil && !s.everywhere() {
			m.trim(response, s)
		}
		return err
	}
	if err != nil {
		entry.Result = err.Error()
	}
	// It has happened, so it is recorded even if the caller does not wait any more.
	return cmp.Or(err, g.authority.Record(context.WithoutCancel(ctx), entry))
}

// admit returns what a caller may do with the permission of a method, and an error if they may not make this call.
func (g guard) admit(ctx context.Context, c Caller, m method, request any) (s sight, err error) {
	switch c.Kind {
	case Owner:
		return sight{grants: []Grant{{Permission: Everything}}}, nil
	case KeyHolder:
		if c.Key == "" {
			return s, denied(c, m)
		}
	default:
		return s, denied(c, m)
	}
	all, err := g.authority.Grants(ctx, c)
	if err != nil {
		return s, fmt.Errorf("see what %s may do: %w", c.Name, err)
	}
	if m.need == "" {
		return sight{grants: []Grant{{Permission: Everything}}}, nil
	}
	s.grants = slices.DeleteFunc(slices.Clone(all), func(grant Grant) bool { return !grant.gives(m.need) })
	if len(s.grants) == 0 {
		return s, denied(c, m)
	}
	if s.everywhere() {
		return s, nil
	}
	if s.atlas, err = g.authority.Atlas(ctx); err != nil {
		return s, fmt.Errorf("see what %s may do: %w", c.Name, err)
	}
	var places []place
	if r, ok := request.(scoped); ok {
		places = r.scope()
	}
	if slices.ContainsFunc(places, func(p place) bool { return strings.TrimSpace(*p.name) == "" }) {
		places = nil // which may mean all
	}
	if s.covers(places) || len(places) == 0 && m.trim != nil {
		return s, nil
	}
	return s, denied(c, m)
}

func isDenial(err error) bool { return err != nil && AsError(err).Code == Refused }

func denied(c Caller, m method) error {
	if m.need == "" {
		return Errorf(Refused, "", "%q may not do this", c.Name)
	}
	return Errorf(Refused, "Ask an administrator of the cluster.", "%q may not do this: it needs the permission %s", c.Name, m.need)
}
