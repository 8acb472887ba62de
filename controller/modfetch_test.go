package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func (a *agent) takeModSet(_ context.Context, _ *link.Conn, r *wire.ModSetContent) (*wire.Empty, error) {
	set := &wire.ModSet{}
	sum := sha256.Sum256(r.GetContent())
	if hex.EncodeToString(sum[:]) != r.GetHash() {
		return nil, errors.New("the set is not of its hash")
	}
	if err := proto.Unmarshal(r.GetContent(), set); err != nil {
		return nil, err
	}
	var refused error
	a.change(func() {
		if refused = a.refuseSets; refused != nil {
			return
		}
		if a.modSets == nil {
			a.modSets = map[string]*wire.ModSet{}
		}
		a.modSets[r.GetHash()] = set
	})
	return &wire.Empty{}, refused
}

func TestARefusedSetOfModsKeepsNoSaveModulesBack(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	c.modded(attic)
	attic.change(func() {
		attic.refuseSets, attic.modSets, attic.bundle = link.Errorf(wire.Code_CODE_INVALID, "malformed"), nil, nil
	})
	c.controller.hosts.all()[0].want()
	attic.wait("the save modules", func() bool { return attic.bundle != nil })
}

func (a *agent) takeMods(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	a.mu.Lock()
	take := a.modsTake
	a.mu.Unlock()
	if take == nil {
		return link.Errorf(wire.Code_CODE_REFUSED, "no mods")
	}
	return take(ctx, s)
}

// modded makes an instance with a pack on the agent, of which the controller has one mod and misses another.
func (c *cluster) modded(on *agent) (id, hash string, set *wire.ModSet) {
	c.t.Helper()
	ctx := c.t.Context()
	data := []byte("a zip, as far as anybody looks")
	sum := sha256.Sum256(data)
	file := hex.EncodeToString(sum[:])
	path := c.controller.mods.Path(file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
	row := store.Mod{Name: "belts", Version: "1.0.0", SHA256: file, SHA1: strings.Repeat("a", 40), Bytes: int64(len(data)), Game: "2.0", AddedAt: time.Now()}
	if err := c.controller.store.PutMod(ctx, row); err != nil {
		c.t.Fatal(err)
	}
	pack := store.Pack{ID: "packaaaaaa", Name: "Belts", Game: "2.0", Mods: []store.PackMod{
		{Name: "base", Enabled: true}, {Name: "belts", Version: "1.0.0", Enabled: true}, {Name: "lost", Version: "2.0.0", Enabled: true},
	}}
	if err := c.controller.store.AddPack(ctx, pack); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.CreateInstance(ctx, me, api.CreateInstance{Name: "nauvis", Host: on.name}); err != nil {
		c.t.Fatal(err)
	}
	id = on.instance("nauvis", false)
	if err := c.controller.store.SetPack(ctx, id, pack.ID); err != nil {
		c.t.Fatal(err)
	}
	c.controller.hosts.all()[0].want()
	on.wait("a set of mods", func() bool {
		for _, i := range on.desired.GetInstances() {
			hash = i.GetMods().GetSet()
		}
		set = on.modSets[hash]
		return set != nil
	})
	return id, hash, set
}

func TestHostIsToldOfModsAndGetsThem(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	id, hash, set := c.modded(attic)
	belts, lost := set.GetMods()[1], set.GetMods()[2]
	if set.GetPack() != "Belts" || set.GetRevision() != 1 || !set.GetMods()[0].GetBuiltin() || belts.GetSha256() == "" || lost.GetSha256() != "" {
		t.Errorf("the set is %v", set)
	}

	tickets := make(chan *wire.ModTicket, 8)
	attic.change(func() {
		attic.modsTake = func(_ context.Context, s *link.Stream) error {
			var r wire.ModsTake
			if err := s.Recv(&r); err != nil || r.GetInstance() != id {
				return errors.Join(errors.New("not asked for the instance"), err)
			}
			for _, file := range []string{belts.GetSha256(), strings.Repeat("0", 64)} {
				if err := s.Send(&wire.ModsNeed{Sha256: file, Files: 2, FilesDone: 1, Bytes: 100, BytesDone: 45}); err != nil {
					return err
				}
				var ticket wire.ModTicket
				if err := s.Recv(&ticket); err != nil {
					return err
				}
				tickets <- &ticket
			}
			return nil
		}
	})
	missing := &wire.ObservedInstance{Id: id, State: wire.State_STATE_STOPPED, Mods: &wire.ObservedMods{Wanted: hash, WantedLabel: "Belts, revision 1", Pending: true, Missing: 1, MissingBytes: 30}}
	attic.report(missing)
	if ticket := <-tickets; ticket.GetTicket() == "" || ticket.GetSha256() != belts.GetSha256() {
		t.Errorf("a mod of the pack: %v", ticket)
	}
	if ticket := <-tickets; ticket.GetTicket() != "" || ticket.GetProblem() == "" {
		t.Errorf("a mod of no pack of this host is offered: %v", ticket)
	}
	eventually(t, "the task", "Mods for nauvis done", func() string { task := c.tasks()[0]; return task.Title + " " + task.State })
	if view := c.instance("nauvis").Mods; view.Wanted != "Belts, revision 1" || !view.Pending || view.Missing != 1 {
		t.Errorf("the instance shows %+v", view)
	}
}

func (c *cluster) tasks() []api.Task {
	c.t.Helper()
	all, err := c.Tasks(c.t.Context(), me)
	if err != nil {
		c.t.Fatal(err)
	}
	return append(all, api.Task{})
}

// One that somebody has canceled is not begun again by itself.
func TestCanceledModsAreNotBroughtAgain(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	id, hash, _ := c.modded(attic)
	attic.change(func() {
		attic.modsTake = func(ctx context.Context, s *link.Stream) error {
			_ = s.Send(&wire.ModsNeed{Files: 30, FilesDone: 12, Bytes: 100, BytesDone: 45})
			<-ctx.Done()
			return ctx.Err()
		}
	})
	missing := &wire.ObservedInstance{Id: id, State: wire.State_STATE_STOPPED, Mods: &wire.ObservedMods{Wanted: hash, Missing: 1}}
	attic.report(missing)
	eventually(t, "how far it is", "12 of 30, 45", func() string {
		task := c.tasks()[0]
		if task.State != api.TaskRunning {
			return task.State
		}
		return task.Phase + ", " + string(rune('0'+task.DoneBytes/10)) + string(rune('0'+task.DoneBytes%10))
	})
	same, err := c.FetchMods(t.Context(), me, api.InstanceRef{Instance: "nauvis"})
	if first := c.tasks()[0]; err != nil || same.ID != first.ID {
		t.Errorf("asked for once more while it goes on: task %s, not %s (%v)", same.ID, first.ID, err)
	}
	if _, err := c.CancelTask(t.Context(), me, api.TaskRef{Task: same.ID}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the task", api.TaskCanceled, func() string { return c.tasks()[0].State })
	h := c.controller.hosts.all()[0]
	if c.controller.modFetches.due(id, hash, h, 0, time.Now().Add(time.Hour)) {
		t.Error("it would be begun again by itself")
	}
	for what, due := range map[string]bool{
		"another set":                 c.controller.modFetches.due(id, "2222", h, 0, time.Now()),
		"somebody starts it":          c.controller.modFetches.due(id, hash, h, 1, time.Now()),
		"another host":                c.controller.modFetches.due(id, hash, nil, 0, time.Now()),
		"nothing is known of another": c.controller.modFetches.due("other", hash, h, 0, time.Now()),
	} {
		if !due {
			t.Errorf("%s is no reason to begin", what)
		}
	}
	again, err := c.FetchMods(t.Context(), me, api.InstanceRef{Instance: "nauvis"})
	if err != nil || again.ID == same.ID {
		t.Errorf("asked for again: %v (%v)", again, err)
	}
}

func TestFailedModsComeLater(t *testing.T) {
	var m modFetches
	f := &modFetch{set: "1111"}
	if _, began := m.begin("a", f); !began {
		t.Fatal("it was not begun")
	}
	if _, began := m.begin("a", &modFetch{}); began || m.due("a", "1111", nil, 0, time.Now()) {
		t.Error("it was begun twice")
	}
	m.end(f, io.ErrUnexpectedEOF)
	now := time.Now()
	if m.due("a", "1111", nil, 0, now) || !m.due("a", "1111", nil, 0, now.Add(modRetry+time.Second)) {
		t.Error("a failed attempt is made again at once, or never")
	}
}
