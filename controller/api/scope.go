package api

import (
	"slices"
	"strings"
)

// A place is what a request or a part of an answer is about. A permission that is limited to some hosts or instances lets through
// what is about them.
type place struct {
	kind placeKind
	name *string // name or id; the guard puts the id there, so that nobody can mean another one later
}

type placeKind int

const (
	atInstance placeKind = iota // also a permission for its host will do
	atHost
	atTask // where the task's instance is
)

func ofInstance(name *string) place { return place{atInstance, name} }
func ofHost(name *string) place     { return place{atHost, name} }
func ofTask(id *string) place       { return place{atTask, id} }

// scoped is a request, or an element of an answer, that is about places: a caller needs the permission for all of them. Without it, or
// without places, the permission has to hold for the whole cluster.
//
// It is implemented with a pointer receiver, so that the names are those of the request itself.
type scoped interface{ scope() []place }

// An Atlas says which hosts and instances there are. Ids of hosts are short ones.
type Atlas struct {
	Hosts     []AtlasHost
	Instances []AtlasInstance
	Tasks     []AtlasTask
}

type (
	AtlasHost     struct{ ID, Name string }           // AtlasHost is a paired host.
	AtlasInstance struct{ ID, Name, Host string }     // AtlasInstance is an instance, and the id of its host.
	AtlasTask     struct{ ID, Instance, Host string } // AtlasTask is a task, and the id of what it is about; both empty: of the cluster.
)

// find returns the ids of the instance and of the host of a place, both empty if there is no such place or several.
func (a Atlas) find(p place) (instance, host string) {
	name := strings.TrimSpace(*p.name)
	switch p.kind {
	case atInstance:
		at := slices.IndexFunc(a.Instances, func(i AtlasInstance) bool { return name == i.ID || strings.EqualFold(name, i.Name) })
		if at >= 0 {
			return a.Instances[at].ID, a.Instances[at].Host
		}
	case atHost:
		if at := slices.IndexFunc(a.Hosts, func(h AtlasHost) bool { return name == h.ID }); at >= 0 {
			return "", name
		}
		var found []string
		for _, h := range a.Hosts {
			if strings.EqualFold(name, h.Name) {
				found = append(found, h.ID)
			}
		}
		if len(found) == 1 {
			return "", found[0]
		}
	case atTask:
		if at := slices.IndexFunc(a.Tasks, func(t AtlasTask) bool { return name == t.ID }); at >= 0 {
			return a.Tasks[at].Instance, a.Tasks[at].Host
		}
	}
	return "", ""
}

// A Grant gives a permission: for the whole cluster, or, if it names hosts or instances, for those instances, and for those hosts with
// all instances on them. Ids stay in it when what they name is gone, so that it never becomes one for the whole cluster.
type Grant struct {
	Permission Permission `json:"permission"`
	Hosts      []string   `json:"hosts,omitempty"`     // ids; names will do in a request
	Instances  []string   `json:"instances,omitempty"` // the same
}

// Limited tells whether a grant is for some hosts or instances only.
func (g Grant) Limited() bool { return len(g.Hosts)+len(g.Instances) > 0 }

func (g Grant) gives(p Permission) bool { return g.Permission == p || g.Permission == Everything }

func (g Grant) holdsFor(instance, host string) bool {
	return instance != "" && slices.Contains(g.Instances, instance) || host != "" && slices.Contains(g.Hosts, host)
}

// sight is what a caller may do with one permission.
type sight struct {
	grants []Grant // that give it
	atlas  Atlas
}

func (s sight) everywhere() bool {
	return slices.ContainsFunc(s.grants, func(g Grant) bool { return !g.Limited() })
}

func (s sight) holdsFor(instance, host string) bool {
	return slices.ContainsFunc(s.grants, func(g Grant) bool { return g.holdsFor(instance, host) })
}

// covers tells whether the permission holds at all of these places, and names them by their ids if it does.
func (s sight) covers(places []place) bool {
	if s.everywhere() {
		return true
	}
	ids := make([]string, len(places))
	for n, p := range places {
		instance, host := s.atlas.find(p)
		if !s.holdsFor(instance, host) {
			return false
		}
		switch p.kind {
		case atInstance:
			ids[n] = instance
		case atHost:
			ids[n] = host
		default:
			ids[n] = *p.name
		}
	}
	for n, p := range places {
		*p.name = ids[n]
	}
	return len(places) > 0
}

// Covers tells whether those who have some grants could do all that others let do, so that they may hand them on.
func Covers(have, want []Grant, atlas Atlas) bool {
	for _, w := range want {
		s := sight{grants: slices.DeleteFunc(slices.Clone(have), func(g Grant) bool { return !g.gives(w.Permission) }), atlas: atlas}
		if s.everywhere() {
			continue
		}
		if !w.Limited() || slices.ContainsFunc(w.Hosts, func(host string) bool { return !s.holdsFor("", host) }) {
			return false
		}
		for _, id := range w.Instances {
			_, host := atlas.find(ofInstance(&id))
			if !s.holdsFor(id, host) {
				return false
			}
		}
	}
	return true
}

// HostID and InstanceID find one by name or id; empty: there is none, or several.
func (a Atlas) HostID(name string) string {
	_, id := a.find(ofHost(&name))
	return id
}

// InstanceID is HostID for instances.
func (a Atlas) InstanceID(name string) string {
	id, _ := a.find(ofInstance(&name))
	return id
}
