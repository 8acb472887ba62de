package api

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// clusterWide are requests whose permission has to hold for the whole cluster although they name an instance or a host.
var clusterWide = map[string]string{
	"PairHost":        "it is none of the cluster's hosts yet",
	"ReadHistory":     "goods belong to all",
	"GoodsOf":         "goods belong to all",
	"ChangeBusPolicy": "goods belong to all",
	"ImportPack":      "packs belong to all",
}

// A request that names an instance, a host or a path says what that means for permissions.
func TestRequestsSayWhatTheyAreAbout(t *testing.T) {
	for name, m := range methods {
		request := m.call.request()
		if request == nil {
			continue
		}
		of := reflect.TypeOf(request).Elem()
		_, about := request.(scoped)
		_, path := request.(withFiles)
		for _, f := range reflect.VisibleFields(of) {
			switch f.Name {
			case "Instance", "Instances", "Host", "Hosts":
				if (clusterWide[of.Name()] == "") == !about {
					t.Errorf("%s: %s names an %s: give it a scope() (scope.go), or put it into clusterWide here", name, of.Name(), f.Name)
				}
			case "Path", "Paths":
				if !path {
					t.Errorf("%s: %s names a path: give it a files() (methods.go)", name, of.Name())
				}
			}
		}
	}
}

// A cluster with two hosts, of which the first has two instances.
var atlas = Atlas{
	Hosts:     []AtlasHost{{"h1", "attic"}, {"h2", "cellar"}, {"h3", "twin"}, {"h4", "twin"}},
	Instances: []AtlasInstance{{"i1", "nauvis", "h1"}, {"i2", "vulcanus", "h1"}, {"i3", "gleba", "h2"}},
	Tasks:     []AtlasTask{{"t1", "i1", "h1"}, {"t2", "", ""}, {"t3", "i3", "h2"}},
}

// officials is an authority that gives everybody the same.
type officials struct {
	journal
	grants []Grant
}

func (o *officials) Grants(context.Context, Caller) ([]Grant, error) { return o.grants, nil }
func (o *officials) Atlas(context.Context) (Atlas, error)            { return atlas, nil }

// What a call has come through as.
type seen struct {
	Service
	request any
}

func (s *seen) invoke(_ context.Context, _ Caller, _ string, request, _ any) error {
	s.request = request
	return nil
}

var anna = Caller{Kind: KeyHolder, Name: "anna", From: "192.0.2.1", Key: "k1"}

func TestLimitedPermissions(t *testing.T) {
	everywhere := []Grant{{Permission: InstanceControl}, {Permission: InstanceCreate}, {Permission: SaveManage}, {Permission: ClusterRead}}
	one, host, nothing := slices.Clone(everywhere), slices.Clone(everywhere), slices.Clone(everywhere)
	for n := range everywhere {
		one[n].Instances, host[n].Hosts, nothing[n].Instances = []string{"i1"}, []string{"h1"}, []string{"i9"}
	}
	tests := []struct {
		name    string
		method  string
		request any
		// who may: somebody with the permission everywhere, for nauvis, for the host attic
		all, nauvis, attic bool
		want               any // as which it comes through
	}{
		{"by name", "StartInstance", &InstanceRef{"Nauvis"}, true, true, true, &InstanceRef{"i1"}},
		{"by id", "StartInstance", &InstanceRef{"i1"}, true, true, true, &InstanceRef{"i1"}},
		{"another on the host", "StartInstance", &InstanceRef{"i2"}, true, false, true, nil},
		{"on another host", "StartInstance", &InstanceRef{"gleba"}, true, false, false, nil},
		{"none", "StartInstance", &InstanceRef{"aquilo"}, true, false, false, nil},
		{"no name", "StartInstance", &InstanceRef{""}, true, false, false, nil},
		{"a host", "CreateInstance", &CreateInstance{Name: "fulgora", Host: "attic"}, true, false, true, nil},
		{"a name of two hosts", "CreateInstance", &CreateInstance{Name: "fulgora", Host: "twin"}, true, false, false, nil},
		{"both places", "MoveInstance", &MoveInstance{"nauvis", "attic"}, true, false, true, &MoveInstance{"i1", "h1"}},
		{"one of two places", "MoveInstance", &MoveInstance{"nauvis", "cellar"}, true, false, false, nil},
		{"both instances", "TransferSave", &TransferSave{Instance: "nauvis", To: "vulcanus"}, true, false, true, nil},
		{"a task", "CancelTask", &TaskRef{"t1"}, true, true, true, &TaskRef{"t1"}},
		{"a task of nothing", "CancelTask", &TaskRef{"t2"}, true, false, false, nil},
		{"a task elsewhere", "CancelTask", &TaskRef{"t3"}, true, false, false, nil},
		{"a figure of an instance", "FigureHistory", &ReadFigure{Kind: KindInstance, Name: "nauvis"}, true, true, true, nil},
		{"a figure of a host", "FigureHistory", &ReadFigure{Kind: KindHost, Name: "attic"}, true, false, true, nil},
		{"the whole cluster", "Bus", nil, true, false, false, nil},
		{"a list", "Hosts", nil, true, true, true, nil},
		{"a list of one host", "Games", &GamesOf{"attic"}, true, false, true, nil},
		{"a list of all hosts", "Games", &GamesOf{}, true, true, true, nil},
		{"another permission", "RenameInstance", &RenameInstance{"nauvis", "n"}, false, false, false, nil},
	}
	for _, test := range tests {
		for _, who := range []struct {
			name   string
			grants []Grant
			may    bool
		}{
			{"everywhere", everywhere, test.all}, {"nauvis", one, test.nauvis}, {"attic", host, test.attic},
			{"nobody", nil, false}, {"everything", []Grant{{Permission: Everything}}, true},
		} {
			a, through := &officials{grants: who.grants}, &seen{}
			request := test.request
			if request != nil { // each its own: the guard may change it
				request = reflect.New(reflect.TypeOf(request).Elem()).Interface()
				reflect.ValueOf(request).Elem().Set(reflect.ValueOf(test.request).Elem())
			}
			response := methods[test.method].call.response()
			err := guard{stub{through.invoke}, a, &pace{next: map[string]time.Time{}}}.invoke(t.Context(), anna, test.method, request, response)
			if (err == nil) != who.may || err != nil && AsError(err).Code != Refused {
				t.Errorf("%s of %s by %s: %v", test.method, test.name, who.name, err)
			}
			if denials := slices.IndexFunc(a.entries, func(e AuditEntry) bool { return e.Result == "denied" && e.Who == "anna" }); (denials >= 0) == who.may {
				t.Errorf("%s of %s by %s: recorded %v", test.method, test.name, who.name, a.entries)
			}
			if limited := who.name == "nauvis" || who.name == "attic"; who.may && limited && test.want != nil && !reflect.DeepEqual(through.request, test.want) {
				t.Errorf("%s of %s by %s came through as %v", test.method, test.name, who.name, through.request)
			}
		}
		if err := (guard{stub{(&seen{}).invoke}, &officials{grants: nothing}, &pace{next: map[string]time.Time{}}}).invoke(t.Context(), anna, test.method, test.request, methods[test.method].call.response()); err == nil && test.method != "Hosts" && test.method != "Games" {
			t.Errorf("%s of %s by somebody for an instance that is gone came through", test.method, test.name)
		}
	}
}

// full answers lists of all there is.
type full struct{ Service }

func (full) Instances(context.Context, Caller) ([]Instance, error) {
	return []Instance{{ID: "i1", Host: "h1"}, {ID: "i2", Host: "h1"}, {ID: "i3", Host: "h2"}}, nil
}

func (full) Hosts(context.Context, Caller) ([]Host, error) {
	return []Host{{ID: "h1"}, {ID: "h2"}, {ID: "x9", State: Discovered}}, nil
}

func (full) Tasks(context.Context, Caller) ([]Task, error) {
	return []Task{{ID: "t1", Instance: "i1"}, {ID: "t2"}, {ID: "t3", Instance: "i3"}}, nil
}

func (full) Figures(context.Context, Caller) ([]Measured, error) {
	return []Measured{{Kind: KindHost, ID: "h1"}, {Kind: KindInstance, ID: "i1"}, {Kind: KindInstance, ID: "i3"}}, nil
}

func (full) Status(context.Context, Caller) (Status, error) {
	return Status{Name: "factory", DataDir: "/srv", Instances: 3}, nil
}

func TestListsHoldWhatTheCallerMaySee(t *testing.T) {
	tests := []struct {
		grant                             Grant
		instances, hosts, tasks, measured int
		outline                           bool
	}{
		{Grant{Permission: ClusterRead}, 3, 3, 3, 3, false},
		{Grant{Permission: ClusterRead, Instances: []string{"i1"}}, 1, 0, 1, 1, true},
		{Grant{Permission: ClusterRead, Hosts: []string{"h1"}}, 2, 1, 1, 2, true},
		{Grant{Permission: ClusterRead, Hosts: []string{"h1"}, Instances: []string{"i3"}}, 3, 1, 2, 3, true},
		{Grant{Permission: ClusterRead, Instances: []string{"i9"}}, 0, 0, 0, 0, true},
	}
	for _, test := range tests {
		s := Guard(full{}, &officials{grants: []Grant{test.grant}})
		instances, err1 := s.Instances(t.Context(), anna)
		hosts, err2 := s.Hosts(t.Context(), anna)
		tasks, err3 := s.Tasks(t.Context(), anna)
		measured, err4 := s.Figures(t.Context(), anna)
		status, err5 := s.Status(t.Context(), anna)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				t.Errorf("%v: %v", test.grant, err)
			}
		}
		if len(instances) != test.instances || len(hosts) != test.hosts || len(tasks) != test.tasks || len(measured) != test.measured {
			t.Errorf("%v sees %d instances, %d hosts, %d tasks, %d figures", test.grant, len(instances), len(hosts), len(tasks), len(measured))
		}
		if (status.DataDir == "") != test.outline || status.Name != "factory" {
			t.Errorf("%v sees the status %+v", test.grant, status)
		}
	}
}

// A permission that is taken away during a long call holds back its answer.
func TestLongCallsAreCheckedAgain(t *testing.T) {
	a := &officials{grants: []Grant{{Permission: ClusterRead}}}
	s := Guard(revoking{a: a}, a)
	if _, err := s.Changes(t.Context(), anna, AwaitChanges{}); err == nil || AsError(err).Code != Refused {
		t.Errorf("got %v", err)
	}
}

type revoking struct {
	Service
	a *officials
}

func (r revoking) Changes(context.Context, Caller, AwaitChanges) (Versions, error) {
	r.a.grants = nil
	return Versions{Cluster: 1}, nil
}

func TestFilesOfTheControllerAreNotForCallersFromElsewhere(t *testing.T) {
	a := &officials{grants: []Grant{{Permission: Everything}}}
	s := Guard(nil, a) // calling through would panic
	_, err := s.UploadSave(t.Context(), anna, UploadSave{Instance: "nauvis", Path: "/etc/passwd"})
	if got := AsError(err); err == nil || got.Code != Refused || !strings.Contains(got.Message, "has sent no file") || len(a.entries) != 1 {
		t.Errorf("got %v, recorded %v", err, a.entries)
	}
}

// Who is denied again and again has to wait, and others do not.
func TestDenialsAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Guard(nil, &officials{})
		deny := func(key string, times int) time.Duration {
			began := time.Now()
			for range times {
				if _, err := s.Status(t.Context(), Caller{Kind: KeyHolder, Name: "eve", Key: key}); err == nil {
					t.Fatal("let through")
				}
			}
			return time.Since(began)
		}
		if took := deny("k1", denialBurst); took > 0 {
			t.Errorf("the first denials took %v", took)
		}
		if took := deny("k1", 50); took != 50*denialInterval {
			t.Errorf("50 more took %v", took)
		}
		if took := deny("k2", 10); took > 0 {
			t.Errorf("somebody else's took %v", took)
		}
	})
}
