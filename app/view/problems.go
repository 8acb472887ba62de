package view

import (
	"mainbus/controller/api"
)

// Pages, by the names that Place and Problem use.
const (
	HostsPage     = "hosts"
	InstancesPage = "instances"
	BusPage       = "bus"
	UsersPage     = "users"
	RolesPage     = "roles"
	ModsPage      = "mods"
	PacksPage     = "packs"
)

// A Problem is something that wants the user's attention.
type Problem struct {
	Title string
	Words string
	Place Place // where more of it is shown
}

// Problems lists what wants attention, of what is known of the cluster and of this computer.
func Problems(now Snapshot, local Local) (list []Problem) {
	hosts := Place{Page: HostsPage}
	if now.Problem != nil {
		list = append(list, Problem{now.Problem.Message, now.Problem.Next, hosts})
	}
	if p := local.Problem(); p != nil {
		list = append(list, Problem{p.Message, p.Next, hosts})
	}
	for _, i := range now.Instances {
		at := Place{Page: InstancesPage, Instance: i.ID}
		switch i.Trouble {
		case Failed:
			list = append(list, Problem{say("{{.name}} has failed", with{"name": i.Name}), i.Cause, at})
		case Unlinked:
			list = append(list, Problem{say("{{.name}} is not on the bus", with{"name": i.Name}), i.Cause, at})
		}
		if i.ModsBad != "" {
			list = append(list, Problem{say("Something is wrong with the mods of {{.name}}", with{"name": i.Name}), i.ModsBad, at})
		}
	}
	bus := Place{Page: BusPage}
	for _, m := range now.Attention.Wrong {
		list = append(list, Problem{say("{{.item}} does not add up", with{"item": api.GoodsRef{Name: m.Name, Quality: m.Quality}.Words()}), m.Text, bus})
	}
	for _, q := range now.Attention.Questions {
		list = append(list, Problem{QuestionTitle(q), q.Text, bus})
	}
	for _, n := range now.Attention.Notices {
		list = append(list, Problem{say("{{.name}} told what was not booked", with{"name": n.InstanceName}), n.Text, bus})
	}
	for _, h := range now.Hosts {
		switch {
		case h.WantsToJoin, h.Elsewhere:
		case h.Wrong != "" && h.Wrong != api.Unreachable:
			list = append(list, Problem{say("Something is wrong with host {{.name}}", with{"name": h.Name}), h.Problem + " " + h.Next, hosts})
		case !h.Linked:
			list = append(list, Problem{say("Host {{.name}} can't be reached", with{"name": h.Name}),
				say("Its servers go on by themselves. See that it is switched on and on this network."), hosts})
		}
	}
	return list
}

// QuestionTitle is what a question is about.
func QuestionTitle(q api.BusQuestion) string {
	if q.Kind == api.ForeignWorld {
		return say("{{.name}} came from another cluster", with{"name": q.InstanceName})
	}
	return say("Was {{.name}} copied or moved?", with{"name": q.InstanceName})
}

// Local is this computer as a host.
type Local struct {
	State  string // empty: it is not meant to be one
	Game   string // folder of its Factorio
	Detail string // why it failed
}

// States of this computer.
const (
	LocalStarting   = "starting"
	LocalRunning    = "running"
	LocalRestarting = "restarting" // its agent was gone
	LocalReplacing  = "replacing"  // its agent is older than this program
	LocalMissing    = "missing"    // there is no Factorio
	LocalFailed     = "failed"
)

// Words says how this computer does as a host.
func (l Local) Words() string {
	game := with{"folder": l.Game}
	switch l.State {
	case LocalStarting:
		if l.Game == "" {
			return say("is being made a host")
		}
		return say("is being made a host, with the game in {{.folder}}", game)
	case LocalRunning:
		if l.Game == "" {
			return say("is a host")
		}
		return say("is a host, with the game in {{.folder}}", game)
	case LocalRestarting:
		return say("lost its host program, which is started again; games go on", nil)
	case LocalReplacing:
		return say("gets the newer host program; games go on")
	}
	return ""
}

// Problem says why this computer is no host; nil if it is one, or about to be.
func (l Local) Problem() *api.Error {
	switch l.State {
	case LocalMissing:
		return api.Errorf(api.NotFound,
			say("So this computer can't run servers yet; other hosts can. Choose the folder of a Factorio server or game (“bin/x64” is in it), or select this computer and press Factorio… to download the server."),
			"%s", say("No Factorio was found on this computer."))
	case LocalFailed:
		return api.Errorf(api.Unavailable,
			say("So this computer runs no servers for now; Mainbus goes on trying. Reason: {{.detail}}", with{"detail": l.Detail}),
			"%s", say("The host program of this computer does not start."))
	}
	return nil
}
