package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const itsNames = "0123456789abcdef0123456789abcdef"

func (a *agent) tellNames(ctx context.Context, _ *link.Conn, _ *wire.NamesAsk) (*wire.NamesList, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.namesSilent != nil {
		silent := a.namesSilent
		a.mu.Unlock()
		select {
		case <-silent:
		case <-ctx.Done():
		}
		a.mu.Lock()
	}
	return &wire.NamesList{Instances: a.names}, nil
}

func (a *agent) giveNames(_ context.Context, _ *link.Conn, r *wire.NamesRef) (*wire.NamesContent, error) {
	a.change(func() { a.named = append(a.named, r.GetKey()) })
	return &wire.NamesContent{Key: r.GetKey(), Kinds: []*wire.NamesOfKind{
		{Kind: "item", Names: map[string]string{"iron-plate": "Iron plate\x1b", "blank": " "}},
		{Kind: "fluid", Names: map[string]string{"water": "Water"}},
		{Kind: "entity", Names: map[string]string{"wooden-chest": "Wooden chest", "iron-plate": "no"}},
	}}, nil
}

func TestNamesOfThings(t *testing.T) {
	c := newCluster(t, "alpha")
	a := c.agents[0]
	a.change(func() {
		a.names = []*wire.InstanceNames{{Instance: "i", Key: "../../etc"}, {Instance: "i", Key: itsNames}}
	})
	c.pair(a)
	h, err := (&service{c.controller}).pairedHost("alpha")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.controller.askNames(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	a.mu.Lock()
	asked := slices.Compact(slices.Clone(a.named)) // the controller may have asked by itself at the same time
	a.mu.Unlock()
	if !slices.Equal(asked, []string{itsNames}) {
		t.Errorf("asked for %q", asked)
	}
	check := func(kind string, want map[string]string) {
		t.Helper()
		got, err := c.NamesOf(t.Context(), api.Caller{}, api.NamesOf{Kind: kind, IDs: []string{"iron-plate", "water", "wooden-chest", "blank", "nothing"}})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
	}
	for range 2 {
		check("goods", map[string]string{"iron-plate": "Iron plate", "water": "Water", "wooden-chest": "Wooden chest"})
		check("fluid", map[string]string{"water": "Water"})
		check("nonsense", map[string]string{})
		c.stop()
		c.start() // they are kept
	}
}

func TestASilentHostDoesNotKeepTheNamesOfOthers(t *testing.T) {
	c := newCluster(t, "alpha", "beta", "gamma")
	silent := make(chan struct{})
	for i, a := range c.agents {
		a.change(func() {
			a.names = []*wire.InstanceNames{{Instance: "i", Key: itsNames[:31] + fmt.Sprint(i)}}
			if i != 1 {
				a.namesSilent = silent
			}
		})
		c.pair(a)
	}
	for _, a := range c.agents {
		eventually(t, "a link to "+a.name, true, func() bool { _, linked := c.controller.endpoint.Conn(a.id.ID()); return linked })
	}
	var asking sync.WaitGroup
	knows := func(i int) bool {
		c.controller.askForNames(t.Context(), &asking)
		return c.controller.names.has(itsNames[:31] + fmt.Sprint(i))
	}
	eventually(t, "the names of the one that tells are known", true, func() bool { return knows(1) })
	if knows(0) || knows(2) {
		t.Error("a silent host has told its names")
	}
	close(silent)
	eventually(t, "the names of the others are known", true, func() bool { return knows(0) && knows(2) })
	asking.Wait()
}

func TestNamesWithoutEndAreNotTaken(t *testing.T) {
	of := map[string]string{}
	for i := range maxNames + 1 {
		of[fmt.Sprint(i)] = "x"
	}
	for _, kinds := range [][]*wire.NamesOfKind{
		{{Kind: "item", Names: of}},
		{{Kind: "item", Names: map[string]string{"a": strings.Repeat("x", maxNamesBytes)}}},
	} {
		if set, err := takeNames(&wire.NamesContent{Kinds: kinds}); err == nil {
			t.Errorf("%d names were taken", len(set["item"]))
		}
	}
}

func TestNamesOfGamesThatAreGoneMakeRoom(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		n := newThingNames(dir)
		n.room = 3 * setBytes
		key := func(i int) string { return fmt.Sprintf("%032x", i) }
		set := namesByKind{"item": {"a": "A"}}
		for i := range 2 {
			if err := n.put(key(i), set); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.put(key(2), set); err == nil {
			t.Error("a set pushes out others that hosts have")
		}
		time.Sleep(2 * namesInUse)
		if !n.has(key(1)) {
			t.Error("a set is gone that there was room for")
		}
		if err := n.put(key(2), set); err != nil || n.has(key(0)) || !n.has(key(1)) || !n.has(key(2)) {
			t.Errorf("which was told of longest ago does not make room: %v", err)
		}
		again := newThingNames(dir)
		again.room = 2 * setBytes
		if again.load(); len(again.sets) != 1 || again.used > again.room {
			t.Errorf("%d sets were read, of %d bytes", len(again.sets), again.used)
		}
	})
}
