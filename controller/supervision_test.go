package controller

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/api"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func TestSupervisionReachesTheHostAndStays(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	c.create("nauvis", alpha)
	if s, err := c.InstanceSupervision(ctx, me, api.InstanceRef{Instance: "nauvis"}); err != nil || s.StopSeconds != 300 || s.Restart != api.RestartAlways {
		t.Errorf("as made: %+v, %v", s, err)
	}
	never, order, cpus := api.RestartNever, uint32(3), []uint32{2, 0, 2}
	if _, err := c.ChangeSupervision(ctx, me, api.ChangeSupervision{Instance: "nauvis", Restart: &never, Order: &order, CPUs: &cpus}); err != nil {
		t.Fatal(err)
	}
	stop, starts := uint32(600), uint32(4)
	if _, err := c.ChangeSupervision(ctx, me, api.ChangeSupervision{Instance: "nauvis", StopSeconds: &stop}); err != nil {
		t.Fatal(err)
	}
	if h, err := c.ChangeHost(ctx, me, api.ChangeHost{Host: "alpha", StartsAtOnce: &starts}); err != nil || h.StartsAtOnce != 4 {
		t.Errorf("%+v, %v", h, err)
	}
	want := &wire.Supervision{Order: 3, StopSeconds: 600, Restart: wire.Restart_RESTART_NEVER, GiveUpAfter: 10, GiveUpSeconds: 600, Cpus: []uint32{0, 2}}
	arrived := func() bool {
		d := alpha.desired
		return d.GetStartsAtOnce() == 4 && len(d.GetInstances()) == 1 && proto.Equal(d.GetInstances()[0].GetSupervision(), want)
	}
	alpha.wait("what was changed", arrived)
	asked := alpha.wishes().GetInstances()[0].GetAsked()
	if _, err := c.StartInstance(ctx, me, api.InstanceRef{Instance: "nauvis"}); err != nil { // again, although it is wanted
		t.Fatal(err)
	}
	alpha.wait("that somebody asked again", func() bool { return alpha.desired.GetInstances()[0].GetAsked() > asked })

	c.stop()
	alpha.change(func() { alpha.desired = nil })
	c.start()
	alpha.wait("what is wanted, from a controller that came back", arrived)

	for _, bad := range []api.ChangeSupervision{
		{Restart: new(string("sometimes"))}, {StopSeconds: new(uint32(1e6))}, {GiveUpAfter: new(uint32(1e6))}, {GiveUpSeconds: new(uint32(1e7))},
		{MemoryBytes: new(uint64(1))}, {Niceness: new(int32(20))}, {CPUs: &[]uint32{1 << 20}},
	} {
		bad.Instance = "nauvis"
		if _, err := c.ChangeSupervision(ctx, me, bad); api.AsError(err).Code != api.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestWhyComesFromTheHost(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	if _, err := c.InstanceFailure(ctx, me, api.InstanceRef{Instance: "nauvis"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("without a failure: %v", err)
	}
	alpha.change(func() {
		alpha.failures = map[string]*wire.Failure{id: {
			Id: "E01", Cause: "a\x1bb", Exited: true, Code: -1, Signal: "killed", Last: slices.Repeat([]string{"\tat " + strings.Repeat("x", 5000)}, 300),
		}}
	})
	f, err := c.InstanceFailure(ctx, me, api.InstanceRef{Instance: "nauvis"})
	if err != nil || f.ID != "E01" || f.Cause != "a b" || f.Code != -1 || f.Signal != "killed" || len(f.Last) != 200 || len(f.Last[0]) > 2000 || f.Decisive == nil {
		t.Errorf("%.300v, %v", f, err)
	}
	alpha.report(&wire.ObservedInstance{Id: id, State: wire.State_STATE_FAILED, RetryMs: 1, DecidedHere: "stopped", Warning: "the disk is nearly full"})
	eventually(t, "what its host says", true, func() bool {
		i := c.instance("nauvis")
		return i.RetryAt != nil && i.DecidedHere == "stopped" && i.Warning == "the disk is nearly full"
	})
}

func (a *agent) failure(_ context.Context, _ *link.Conn, ask *wire.FailureAsk) (*wire.Failure, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.failures[ask.GetInstance()]; f != nil {
		return f, nil
	}
	return nil, link.Errorf(wire.Code_CODE_NOT_FOUND, "it has not failed")
}
