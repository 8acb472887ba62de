package controller

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/controller/api"
	"mainbus/lua"
	"mainbus/transport/discovery"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var me = api.Caller{Kind: api.Owner, Name: "test"}

// cluster is a controller and the agents that it can find, reached through the local socket.
type cluster struct {
	*api.Client
	t          testing.TB
	dir        string
	addr       string
	controller *Controller
	agents     []*agent
	announced  chan struct{}
	minutes    chan time.Time                // by which goods age; nil: those of the clock
	configure  func(*Config)                 // may be nil
	wrap       func(api.Service) api.Service // what the guard calls in place of the service; nil: that
}

func newCluster(t testing.TB, agents ...string) *cluster {
	t.Helper()
	return startCluster(&cluster{t: t}, agents...)
}

func startCluster(c *cluster, agents ...string) *cluster {
	t := c.t
	t.Helper()
	c.dir, c.addr, c.announced = t.TempDir(), "127.0.0.1:0", make(chan struct{}, 1)
	for _, name := range agents {
		c.agents = append(c.agents, newAgent(t, name))
	}
	t.Cleanup(c.stop)
	c.start()
	return c
}

func (c *cluster) start() {
	c.t.Helper()
	var err error
	cfg := Config{DataDir: c.dir, Name: "test", Addr: c.addr, Browse: c.browse, Minutes: c.minutes}
	if c.configure != nil {
		c.configure(&cfg)
	}
	c.controller, err = New(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.wrap != nil {
		c.controller.service = api.Guard(c.wrap(&service{c.controller}), authority{c.controller})
	}
	if err := c.controller.Start(); err != nil {
		c.t.Fatal(err)
	}
	<-c.announced
	c.addr = fmt.Sprint("127.0.0.1:", c.controller.Port())
	c.Client = api.Dial(c.dir)
}

func (c *cluster) browse(ctx context.Context, _ func() bool, found func(discovery.Found)) error {
	for _, a := range c.agents {
		found(a.announcement())
	}
	c.announced <- struct{}{}
	<-ctx.Done()
	return nil
}

func (c *cluster) stop() {
	if c.controller == nil {
		return
	}
	c.Client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.controller.Stop(ctx); err != nil {
		c.t.Error(err)
	}
	c.controller = nil
}

func (c *cluster) pair(a *agent) api.Host {
	c.t.Helper()
	h, err := c.PairHost(c.t.Context(), me, api.PairHost{Host: a.name, Code: strings.ToLower(string(a.code))})
	if err != nil {
		c.t.Fatal(err)
	}
	return h
}

// create makes an instance on an agent, starts it, and returns its id.
func (c *cluster) create(name string, on *agent) string {
	c.t.Helper()
	if _, err := c.CreateInstance(c.t.Context(), me, api.CreateInstance{Name: name, Host: on.name, Seed: 7}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.StartInstance(c.t.Context(), me, api.InstanceRef{Instance: name}); err != nil {
		c.t.Fatal(err)
	}
	return on.instance(name, true)
}

// eventually asks until the answer is what is wanted.
func eventually[T comparable](t testing.TB, what string, want T, get func() T) {
	t.Helper()
	var got T
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		if got = get(); got == want {
			return
		}
	}
	t.Fatalf("%s is %v, want %v", what, got, want)
}

func (c *cluster) bus(item string) api.BusItem {
	c.t.Helper()
	all, err := c.Bus(c.t.Context(), me)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, i := range all {
		if i.Name == item {
			return i
		}
	}
	return api.BusItem{}
}

func (c *cluster) instance(name string) api.Instance {
	c.t.Helper()
	all, err := c.Instances(c.t.Context(), me)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, i := range all {
		if i.Name == name {
			return i
		}
	}
	c.t.Fatalf("no instance %s", name)
	return api.Instance{}
}

// An item goes from one host to another; then the controller is stopped and started again on the same folder.
func TestItemsMoveBetweenHostsAndTheControllerComesBack(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	if h := c.pair(alpha); !h.Linked || h.State != api.Paired || h.DiscoveredBy != "mdns" || h.GameVersion != "2.0.77" {
		t.Errorf("paired with %+v", h)
	}
	c.pair(beta)
	from, to := c.create("nauvis", alpha), c.create("vulcanus", beta)
	alpha.wait("the save modules", func() bool { return alpha.bundle != nil })
	if hash, content := lua.Bundle(); alpha.bundle.Hash != hash || string(alpha.bundle.Content) != string(content) || alpha.wishes().Bundle != hash {
		t.Error("other save modules than the embedded ones")
	}

	sender, assigned := alpha.join(from, "", "proposal", "")
	if !assigned.Fresh || assigned.Ledger != c.controller.store.Ledger() {
		t.Errorf("a new world was assigned %v", assigned)
	}
	receiver, other := beta.join(to, "", "proposal", "")
	if other.World == assigned.World {
		t.Error("two worlds with one identity")
	}
	receiver.tell("iron-plate/normal=0/0/200")
	sender.tell("iron-plate/normal=120/0/0")
	if got := receiver.granted(); got != "iron-plate/normal=120" {
		t.Errorf("granted %s", got)
	}
	receiver.tell("iron-plate/normal=0/100/200")
	want := api.BusItem{Name: "iron-plate", Quality: "normal", Sent: 120, Received: 100, Granted: 120, InFlight: 20}
	eventually(t, "the bus", want, func() api.BusItem { return c.bus("iron-plate") })

	generation, epoch := alpha.wishes().Generation, sender.epoch
	c.stop()
	c.start()
	alpha.wait("wishes of the new controller", func() bool { return alpha.desired.Generation > generation })
	if got := c.bus("iron-plate"); got != want {
		t.Errorf("after the restart the bus is %+v", got)
	}
	// Saves go on where they were; 20 of what was granted had not arrived.
	sender, again := alpha.join(from, assigned.Ledger, assigned.World, "iron-plate/normal=120/0/0")
	if again.Fresh || again.World != assigned.World || sender.epoch <= epoch {
		t.Errorf("assigned %v in %s after %s", again, sender.epoch, epoch)
	}
	receiver, _ = beta.join(to, other.Ledger, other.World, "iron-plate/normal=0/100/150")
	if got := receiver.granted(); got != "iron-plate/normal=120" {
		t.Errorf("granted %s", got)
	}
	sender.tell("iron-plate/normal=150/0/0")
	if got := receiver.granted(); got != "iron-plate/normal=150" {
		t.Errorf("granted %s", got)
	}
}

func TestRunsAreRefused(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	id := c.create("nauvis", alpha)
	if _, err := beta.open(id); err == nil {
		t.Error("an instance of another host was opened")
	}
	if _, err := alpha.open("nothing"); err == nil {
		t.Error("an unknown instance was opened")
	}

	t.Run("a report that makes no sense", func(t *testing.T) {
		at, err := alpha.open(id)
		if err != nil {
			t.Fatal(err)
		}
		at.send(&wire.RunUp{Msg: &wire.RunUp_Bound{Bound: &wire.Bound{World: "w", Reports: []*wire.Report{{Channel: "bus", Body: []byte("nonsense")}}}}})
		if code := at.ended(); code != wire.Code_CODE_INVALID {
			t.Errorf("ended with %v", code)
		}
	})
	t.Run("an older attachment", func(t *testing.T) {
		older, _ := alpha.join(id, "", "w", "")
		newer, _ := alpha.join(id, "", "w", "")
		if code := older.ended(); code == wire.Code_CODE_OK {
			t.Error("the older attachment ended well")
		}
		newer.tell("iron-plate/normal=5/0/0")
		eventually(t, "the bus", 5, func() int64 { return c.bus("iron-plate").Level })
	})
	t.Run("lines that make no sense do not end it", func(t *testing.T) {
		at, _ := alpha.join(id, "", "w", "")
		at.tell("nonsense")
		at.tell("iron-plate/normal=-5/0/0")
		at.tell("iron-plate/normal=0/77/0") // received without a grant
		at.send(wire.Up(&wire.Envelope{Channel: "weather", Body: []byte("rain")}))
		at.tell("copper-plate/normal=3/0/0")
		eventually(t, "the bus", 3, func() int64 { return c.bus("copper-plate").Level })
		if i := c.bus("iron-plate"); i.Received != 0 {
			t.Errorf("booked %+v", i)
		}
		at.tellTruth("copper-plate/normal=1/0/0")
		eventually(t, "the bus after the truth", 1, func() int64 { return c.bus("copper-plate").Level })
		at.tellTruth("nonsense")
		if code := at.ended(); code != wire.Code_CODE_INVALID {
			t.Errorf("a truth that makes no sense ended it with %v", code)
		}
	})
}

func TestWhatIsKnownOfInstances(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	if i := c.instance("nauvis"); i.State != "unknown" || i.Desired != "running" || i.HostName != "alpha" {
		t.Errorf("before its host says anything: %+v", i)
	}
	alpha.report(&wire.ObservedInstance{Id: id, State: wire.State_STATE_RUNNING, Linked: true, Tick: 60, GamePort: 34197, Cause: "a\x1bb" + strings.Repeat("x", 1000)})
	eventually(t, "the state", "running", func() string { return c.instance("nauvis").State })
	if i := c.instance("nauvis"); !i.Linked || i.Tick != 60 || strings.ContainsRune(i.Cause, 0x1b) || len(i.Cause) > 500 {
		t.Errorf("%+v", i)
	}

	if reply, err := c.SendConsole(ctx, me, api.SendConsole{Instance: id, Line: "/players"}); err != nil || reply.Text != "you typed /players" {
		t.Errorf("%q, %v", reply.Text, err)
	}
	if page, err := c.ReadConsole(ctx, me, api.ReadConsole{Instance: "Nauvis", Limit: 1e6}); err != nil || page.Lines[0] != "limit 2000" {
		t.Errorf("%v, %v", page, err)
	}
	if _, err := c.KillInstance(ctx, me, api.InstanceRef{Instance: "nauvis"}); err != nil {
		t.Fatal(err)
	}
	alpha.instance("nauvis", false)
	alpha.wait("the kill", func() bool { return slices.Equal(alpha.killed, []string{id}) })

	alpha.endpoint.Close()
	eventually(t, "the state without a link", "unknown was running", func() string {
		i := c.instance("nauvis")
		return i.State + " was " + i.LastState
	})
	_, err := c.SendConsole(ctx, me, api.SendConsole{Instance: id, Line: "/players"})
	if e := api.AsError(err); e.Code != api.Unavailable || e.Next == "" {
		t.Errorf("a host that is gone: %+v", e)
	}
	if s, err := c.Status(ctx, me); err != nil || s.Hosts != 1 || s.HostsLinked != 0 || s.Instances != 1 || s.InstancesRunning != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAHostThatRefusesSaysWhy(t *testing.T) {
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	alpha.change(func() { alpha.refuse = link.Errorf(wire.Code_CODE_REFUSED, "the disk is full") })
	if _, err := c.StopInstance(t.Context(), me, api.InstanceRef{Instance: "nauvis"}); err != nil {
		t.Fatal(err)
	}
	refused := func() bool { return strings.Contains(c.instance("nauvis").Cause, "the disk is full") }
	eventually(t, "the refusal shows", true, refused)
	alpha.report(&wire.ObservedInstance{Id: id, State: wire.State_STATE_RUNNING})
	eventually(t, "the state", "running", func() string { return c.instance("nauvis").State })
	if !refused() {
		t.Errorf("%+v", c.instance("nauvis"))
	}
	alpha.change(func() { alpha.refuse = nil })
	eventually(t, "the refusal shows", false, refused)
}

func TestRefusedCalls(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha", "beta")
	alpha := c.agents[0]
	wrong := "0000-0000"
	if string(alpha.code) == wrong {
		wrong = "0000-0001"
	}
	pair := func(host, code string) func() error {
		return func() error { _, err := c.PairHost(ctx, me, api.PairHost{Host: host, Code: code}); return err }
	}
	create := func(name, host string) func() error {
		return func() error {
			_, err := c.CreateInstance(ctx, me, api.CreateInstance{Name: name, Host: host})
			return err
		}
	}
	send := func(line string) func() error {
		return func() error {
			_, err := c.SendConsole(ctx, me, api.SendConsole{Instance: "nauvis", Line: line})
			return err
		}
	}
	before := []struct {
		name string
		call func() error
		want api.Code
	}{
		{"a malformed code", pair("alpha", "123"), api.Invalid},
		{"a wrong code", pair("alpha", wrong), api.Refused},
		{"a host that nobody has heard of", pair("gamma", "0000-0000"), api.NotFound},
		{"an instance on a host that is not paired", create("nauvis", "alpha"), api.NotFound},
	}
	for _, test := range before {
		err := test.call()
		if err == nil {
			t.Fatalf("%s: allowed", test.name)
		}
		if e := api.AsError(err); e.Code != test.want || e.Message == "" || e.Next == "" {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
	c.pair(alpha)
	c.create("nauvis", alpha)
	after := []struct {
		name string
		call func() error
		want api.Code
	}{
		{"a host that is paired already", pair("alpha", "0000-0000"), api.Refused},
		{"a name twice", create("Nauvis", "alpha"), api.Refused},
		{"no name", create("", "alpha"), api.Invalid},
		{"a name with a line end", create("a\nb", "alpha"), api.Invalid},
		{"a name that can't be seen", create("\u200b", "alpha"), api.Invalid},
		{"a name with a blank at the end", create("a ", "alpha"), api.Invalid},
		{"a long name", create(strings.Repeat("ä", 81), "alpha"), api.Invalid},
		{"two console lines", send("a\nb"), api.Invalid},
		{"no console line", send(""), api.Invalid},
		{"a busy game", send("/busy"), api.Unavailable},
		{"an unknown instance", func() error { _, err := c.StopInstance(ctx, me, api.InstanceRef{Instance: "gleba"}); return err }, api.NotFound},
	}
	for _, test := range after {
		err := test.call()
		if err == nil {
			t.Fatalf("%s: allowed", test.name)
		}
		if e := api.AsError(err); e.Code != test.want || e.Message == "" {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
	entries, err := c.Audit(ctx, me, api.ReadAudit{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	done := slices.ContainsFunc(entries, func(e api.AuditEntry) bool {
		return e.What == "CreateInstance" && e.Target == "nauvis" && e.Result == "done" && e.Who != ""
	})
	leaked := slices.ContainsFunc(entries, func(e api.AuditEntry) bool {
		return strings.Contains(fmt.Sprintf("%+v", e), string(alpha.code))
	})
	if !done || leaked {
		t.Errorf("creation recorded %v, code recorded %v", done, leaked)
	}
}

func TestPairingByAddress(t *testing.T) {
	c := newCluster(t)
	a := newAgent(t, "far")
	h, err := c.PairHost(t.Context(), me, api.PairHost{Host: a.endpoint.Addr().String(), Code: string(a.code)})
	if err != nil || h.Name != "far" || h.DiscoveredBy != "address" || !h.Linked {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestHostsListsWhoWantsToJoin(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	c.pair(c.agents[1])
	hosts, err := c.Hosts(t.Context(), me)
	if err != nil || len(hosts) != 2 || hosts[0].Name != "beta" || hosts[0].State != api.Paired ||
		hosts[1].Name != "alpha" || hosts[1].State != api.Discovered || len(hosts[1].Addresses) != 1 || hosts[1].Linked {
		t.Errorf("%+v, %v", hosts, err)
	}
}

func TestOnlyOneControllerPerFolder(t *testing.T) {
	c := newCluster(t)
	if _, err := New(Config{DataDir: c.dir}); !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
}

func TestThePortIsKept(t *testing.T) {
	dir := t.TempDir()
	port := func() uint16 {
		c, err := New(Config{DataDir: dir, Browse: (&cluster{announced: make(chan struct{}, 1)}).browse})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Stop(t.Context())
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c.Port()
	}
	taken, err := net.ListenUDP("udp", &net.UDPAddr{Port: defaultPort})
	first := port()
	if err == nil {
		taken.Close()
	}
	if again := port(); first == defaultPort || again != first {
		t.Errorf("with the default port taken %d, then %d", first, again)
	}
}

func TestStrangersAreBounded(t *testing.T) {
	hs := newHosts(func() {})
	now := time.Now()
	for n := range 3 * maxFound {
		hs.found(discovery.Found{Short: fmt.Sprint(n), Seen: now.Add(time.Duration(n))})
	}
	if list := hs.strangers(); len(list) != maxFound || slices.ContainsFunc(list, func(f discovery.Found) bool { return f.Short == "0" }) {
		t.Errorf("%d remembered", len(list))
	}
	hs = newHosts(func() {})
	hs.found(discovery.Found{Short: "old", Seen: now.Add(-2 * foundFor)})
	if list := hs.strangers(); len(list) != 0 {
		t.Errorf("remembered %v", list)
	}
}

func TestStateNames(t *testing.T) {
	for state, want := range map[wire.State]string{
		wire.State_STATE_RUNNING: "running", wire.State_STATE_UNSPECIFIED: "unknown", 99: "unknown",
	} {
		if got := stateName(state); got != want {
			t.Errorf("%v is called %q", state, got)
		}
	}
}

// The way of an item through the controller: from the line that arrives on one run to the grant that leaves on another,
// synced to disk between, over two links of QUIC.
func BenchmarkTransfer(b *testing.B) {
	c := newCluster(b, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	from, to := c.create("from", alpha), c.create("to", beta)
	sender, _ := alpha.join(from, "", "w", "")
	receiver, _ := beta.join(to, "", "w", "iron-plate/normal=0/0/9007199254740992")
	var times []time.Duration
	for n := 1; b.Loop(); n++ {
		began := time.Now()
		sender.tell(fmt.Sprintf("iron-plate/normal=%d/0/0", n))
		receiver.granted()
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	for _, q := range []int{50, 99} {
		b.ReportMetric(milliseconds(times[(len(times)-1)*q/100]), fmt.Sprintf("p%d_ms", q))
	}
	p50, _ := c.controller.store.CommitTimes()
	b.ReportMetric(milliseconds(p50), "commit_p50_ms")
}
