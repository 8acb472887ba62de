package controller

import (
	"bufio"
	"context"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

// reached is a service that answers everything with nothing once it is deaf, and notes what has reached it. Before that it is the real one.
type reached struct {
	*api.Client
	deaf  atomic.Bool
	mu    sync.Mutex
	calls []*wire.APICall
}

func newReached(t *testing.T, real api.Service) *reached {
	r := &reached{}
	var ends sync.WaitGroup
	r.Client = api.NewClient(func(context.Context) (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		ends.Go(func() {
			defer far.Close()
			if !r.deaf.Load() {
				api.ServeConn(t.Context(), far, real, me)
				return
			}
			r.hear(far)
		})
		return near, nil
	}, nil)
	t.Cleanup(func() {
		r.Client.Close()
		ends.Wait()
	})
	return r
}

func (r *reached) hear(conn net.Conn) {
	for in := bufio.NewReader(conn); ; {
		call := new(wire.APICall)
		if wire.Read(in, call) != nil {
			return
		}
		r.mu.Lock()
		r.calls = append(r.calls, call)
		r.mu.Unlock()
		if wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_OK}, Body: []byte("null")}) != nil {
			return
		}
	}
}

// last returns the newest call, and forgets all.
func (r *reached) last() *wire.APICall {
	r.mu.Lock()
	defer r.mu.Unlock()
	var last *wire.APICall
	if n := len(r.calls); n > 0 {
		last = r.calls[n-1]
	}
	r.calls = nil
	return last
}

// user makes a user with roles, if they are not there yet.
func (c *cluster) user(name string, roles ...string) {
	c.t.Helper()
	_, err := c.controller.store.ChangeUser(c.t.Context(), store.UserChange{Name: name, By: "test", At: time.Now(), Create: true})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, role := range roles {
		if _, err := c.GrantRole(c.t.Context(), me, api.RoleOf{User: name, Role: role}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// login lets a user in on another machine, with a key of their own.
func (c *cluster) login(name string) *remote.Connection {
	c.t.Helper()
	i, err := c.InviteUser(c.t.Context(), me, api.InviteUser{User: name})
	if err != nil {
		c.t.Fatal(err)
	}
	l, err := remote.LogIn(c.t.Context(), c.t.TempDir(), i.Code, "")
	if err != nil {
		c.t.Fatal(err)
	}
	conn, err := remote.Connect(l)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	return conn
}

func (c *cluster) createRole(name string, grants ...api.Grant) {
	c.t.Helper()
	if _, err := c.CreateRole(c.t.Context(), me, api.CreateRole{Name: name, Grants: grants}); err != nil {
		c.t.Fatal(err)
	}
}

// about makes a method's request that names an instance and its host wherever it can name one.
func about(of reflect.Type, instance, host string) reflect.Value {
	r := reflect.New(of).Elem()
	if of.Kind() != reflect.Struct {
		return r
	}
	set := func(value string, fields ...string) {
		for _, name := range fields {
			if f := r.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
				f.SetString(value)
			}
		}
	}
	set(instance, "Instance")
	set(host, "Host")
	switch of.Name() {
	case "TransferSave", "SendPlayer":
		set(instance, "To")
	case "ReadFigure":
		set(api.KindInstance, "Kind")
		set(instance, "Name")
	}
	for name, value := range map[string]string{"Instances": instance, "Hosts": host} {
		if f := r.FieldByName(name); f.IsValid() && f.Type() == reflect.TypeFor[[]string]() {
			f.Set(reflect.ValueOf([]string{value}))
		}
	}
	return r
}

// Everybody who walks.
const (
	nobody   = "nobody"   // without a role
	viewer   = "viewer"   // with the role of the first start
	operator = "operator" // the same
	one      = "one"      // may do for nauvis what an operator may do
	attic    = "attic"    // the same for the host on which it is, and also create instances there
	admin    = "admin"
)

var everybody = []string{nobody, viewer, operator, one, attic, admin}

// Who may make which call about nauvis, and who about another instance on another host, as people have to be able to rely on it. What
// all methods need follows from their rows; here it is said once more by hand.
var expected = map[string][2][]string{
	"WhoAmI":            {everybody, everybody},
	"Permissions":       {everybody, everybody},
	"Status":            {{viewer, operator, one, attic, admin}, {viewer, operator, one, attic, admin}},
	"Instances":         {{viewer, operator, one, attic, admin}, {viewer, operator, one, attic, admin}},
	"Hosts":             {{viewer, operator, one, attic, admin}, {viewer, operator, one, attic, admin}},
	"Changes":           {{viewer, operator, one, attic, admin}, {viewer, operator, one, attic, admin}},
	"Bus":               {{viewer, operator, admin}, {viewer, operator, admin}},
	"BusHistory":        {{viewer, operator, admin}, {viewer, operator, admin}},
	"ServerSettings":    {{viewer, operator, one, attic, admin}, {viewer, operator, admin}},
	"Saves":             {{viewer, operator, one, attic, admin}, {viewer, operator, admin}},
	"ReadConsole":       {{operator, one, attic, admin}, {operator, admin}},
	"SendConsole":       {{operator, one, attic, admin}, {operator, admin}},
	"StartInstance":     {{operator, one, attic, admin}, {operator, admin}},
	"StopInstance":      {{operator, one, attic, admin}, {operator, admin}},
	"KillInstance":      {{operator, one, attic, admin}, {operator, admin}},
	"ChangeSave":        {{operator, one, attic, admin}, {operator, admin}},
	"TransferSave":      {{operator, one, attic, admin}, {operator, admin}},
	"CreateInstance":    {{attic, admin}, {admin}},
	"DeleteInstance":    {{attic, admin}, {admin}},
	"MoveInstance":      {{attic, admin}, {admin}},
	"RenameInstance":    {{admin}, {admin}},
	"ChangeSettings":    {{admin}, {admin}},
	"PairHost":          {{admin}, {admin}},
	"ForgetHost":        {{admin}, {admin}},
	"Invite":            {{admin}, {admin}},
	"ForgiveDebt":       {{admin}, {admin}},
	"Audit":             {{admin}, {admin}},
	"BackUp":            {{admin}, {admin}},
	"CreateRole":        {{admin}, {admin}},
	"ChangeRole":        {{admin}, {admin}},
	"GrantRole":         {{admin}, {admin}},
	"InviteUser":        {{admin}, {admin}},
	"RevokeKey":         {{admin}, {admin}},
	"ChangeSupervision": {{admin}, {admin}},
}

// may follows from a method's row and from what somebody has been granted, in as few words as that can be said. named is what the
// request can name: "instance", "host", both or nothing; here tells whether it names nauvis and attic.
func may(m api.MethodInfo, grants []api.Grant, named []string, here bool) bool {
	if m.Permission == "" {
		return true
	}
	for _, g := range grants {
		if g.Permission != m.Permission && g.Permission != api.Everything {
			continue
		}
		about := m.About && len(named) > 0
		switch {
		case !g.Limited():
			return true
		case about && here && (len(g.Hosts) > 0 || !slices.Contains(named, "host")):
			return true
		case m.Part && !about:
			return true
		}
	}
	return false
}

func namedBy(request reflect.Type) (named []string) {
	if request == nil || request.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(request) {
		switch f.Name {
		case "Instance", "Instances", "Kind":
			named = append(named, "instance")
		case "Host", "Hosts":
			named = append(named, "host")
		}
	}
	return named
}

// Every method of the api is called over the real link by everybody, about one instance and about another. What comes through and
// what does not is what the rows say, and what is expected by hand; who is denied is in the audit.
func TestEverybodyWalksTheWholeAPI(t *testing.T) {
	var served *reached
	c := startCluster(&cluster{t: t, wrap: func(real api.Service) api.Service {
		served = newReached(t, real)
		return served
	}}, "attic", "cellar")
	c.pair(c.agents[0])
	c.pair(c.agents[1])
	nauvis := c.create("nauvis", c.agents[0])
	c.create("vulcanus", c.agents[1])
	limited := func(on api.Grant, permissions ...api.Permission) (grants []api.Grant) {
		for _, p := range permissions {
			grants = append(grants, api.Grant{Permission: p, Hosts: on.Hosts, Instances: on.Instances})
		}
		return grants
	}
	operates := []api.Permission{api.ClusterRead, api.ConsoleRead, api.ConsoleSend, api.InstanceControl, api.SaveRead, api.SaveManage}
	c.createRole("operator of nauvis", limited(api.Grant{Instances: []string{"nauvis"}}, operates...)...)
	c.createRole("operator of attic", limited(api.Grant{Hosts: []string{"attic"}}, append(operates, api.InstanceCreate)...)...)
	for who, roles := range map[string][]string{
		nobody: nil, viewer: {"Viewer"}, operator: {"Operator"}, one: {"operator of nauvis"}, attic: {"operator of attic"}, admin: {"Admin"},
	} {
		c.user(who, roles...)
	}
	conns := map[string]*remote.Connection{}
	for _, who := range everybody {
		conns[who] = c.login(who)
	}
	served.deaf.Store(true)
	served.Client.Close() // what goes on has connections of its own
	for _, who := range everybody {
		c.walk(who, conns[who], served, nauvis)
	}
}

// walk makes every call as somebody.
func (c *cluster) walk(who string, conn *remote.Connection, served *reached, nauvis string) {
	c.t.Helper()
	grants, err := authority{c.controller}.Grants(c.t.Context(), api.Caller{Key: c.keyOf(who).ID})
	if err != nil {
		c.t.Fatal(err)
	}
	denials, changes := 0, 0
	for _, m := range api.Methods() {
		method := reflect.ValueOf(conn.Client).MethodByName(m.Name)
		for n, at := range [][2]string{{"nauvis", "attic"}, {"vulcanus", "cellar"}} {
			args := []reflect.Value{reflect.ValueOf(c.t.Context()), reflect.ValueOf(api.Caller{})}
			var of reflect.Type
			if method.Type().NumIn() > 2 {
				of = method.Type().In(2)
				args = append(args, about(of, at[0], at[1]))
			}
			err, _ := method.Call(args)[1].Interface().(error)
			allowed := may(m, grants, namedBy(of), n == 0)
			if by, known := expected[m.Name]; known && slices.Contains(by[n], who) != allowed {
				c.t.Errorf("%s about %s by %s: its row says %v, and what is expected is another thing", m.Name, at[0], who, allowed)
			}
			got := served.last()
			switch {
			case allowed && (err != nil || got == nil || got.Method != m.Name):
				c.t.Errorf("%s about %s by %s: %v, and %v came through", m.Name, at[0], who, err, got)
			case !allowed && (got != nil || err == nil || api.AsError(err).Code != api.Refused || !strings.Contains(err.Error(), "may not do this")):
				c.t.Errorf("%s about %s by %s is not denied: %v, and %v came through", m.Name, at[0], who, err, got)
			case allowed && m.About && who == one && slices.Contains(namedBy(of), "instance") && !strings.Contains(string(got.Body), nauvis):
				c.t.Errorf("%s about %s by %s came through with a name instead of an id: %s", m.Name, at[0], who, got.Body)
			}
			if !allowed {
				denials++
			} else if m.Changes {
				changes++
			}
		}
	}
	rows, err := c.controller.store.Audit(c.t.Context(), 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range rows {
		if e.Who == who && e.What != "Login" && strings.Contains(e.From, "127.0.0.1") {
			count[e.Result]++
		}
	}
	if count["denied"] != denials || count["done"] != changes {
		c.t.Errorf("%s: %d denials and %d changes, recorded %v", who, denials, changes, count)
	}
}

func (c *cluster) keyOf(user string) store.Key {
	c.t.Helper()
	keys, err := c.controller.store.Keys(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	at := slices.IndexFunc(keys, func(k store.Key) bool { return k.User == user })
	if at < 0 {
		c.t.Fatalf("no key of %s", user)
	}
	return keys[at]
}
