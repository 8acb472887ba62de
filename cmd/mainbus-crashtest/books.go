package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

// totals is what has gone from a world to the bus and from the bus to it.
type totals struct{ sent, received float64 }

// booked is what the controller has in its books for an instance's world.
func (t *test) booked(ctx context.Context, world string) (map[testbed.Goods]totals, string, error) {
	accounts, err := t.cluster.Client.BusAccounts(ctx, testbed.Me, api.ReadAccounts{})
	if err != nil {
		return nil, "", err
	}
	books, id := map[testbed.Goods]totals{}, ""
	for _, a := range accounts {
		if a.InstanceName == world {
			books[testbed.Goods{Name: a.Name, Quality: a.Quality}] = totals{float64(a.Sent), float64(a.Granted)}
			id = a.World
		}
	}
	return books, id, nil
}

// accounts is what the save module keeps in the world's storage (docs/gamelink.md).
type accounts struct {
	Sent     map[string]float64 `json:"e"`
	Received map[string]float64 `json:"i"`
}

func (t *test) live(ctx context.Context, world string) (a accounts, err error) {
	err = t.cluster.Console(ctx, world, "/sim-storage mainbus_ledger_v1", &a)
	return a, err
}

// unacknowledged tells whether at this moment something is on its way: sent and not booked, or granted and not received.
// What was sent is read before the books and what was granted after them, so nothing that arrives meanwhile counts.
func (t *test) unacknowledged(ctx context.Context, world string) bool {
	first, _, err := t.booked(ctx, world)
	if err != nil {
		return false
	}
	now, err := t.live(ctx, world)
	if err != nil {
		return false
	}
	second, _, err := t.booked(ctx, world)
	if err != nil {
		return false
	}
	for g, b := range second {
		if now.Sent[g.Key()] > b.sent {
			return true
		}
	}
	for g, b := range first {
		if b.received > now.Received[g.Key()] {
			return true
		}
	}
	return false
}

// accountsOf reads the accounts that a save holds.
func accountsOf(file string) (accounts, error) {
	tree, err := subtree(file, "mainbus_ledger_v1")
	if err == nil && tree == nil {
		err = fmt.Errorf("the save %s has no accounts", file)
	}
	if err != nil {
		return accounts{}, err
	}
	return accounts{Sent: numbers(tree.Get("e")), Received: numbers(tree.Get("i"))}, nil
}

// subtree reads a plain table of the storage that a save holds, at any depth. It is nil if there is none.
func subtree(file, key string) (*scriptdat.Table, error) {
	archive, err := save.Open(file)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	value, _, err := archive.Subtree(key)
	tree, _ := value.(*scriptdat.Table)
	return tree, err
}

// numbers reads a table of numbers. It is empty if there is none.
func numbers(value scriptdat.Value) map[string]float64 {
	all := map[string]float64{}
	if tree, ok := value.(*scriptdat.Table); ok && tree != nil {
		for _, p := range tree.Pairs {
			k, _ := p.Key.(string)
			all[k], _ = p.Value.(float64)
		}
	}
	return all
}

// compare tells whether a save is older or newer than the books of its world.
func compare(a accounts, books map[testbed.Goods]totals) (older, newer bool) {
	for g, b := range books {
		sent, received := a.Sent[g.Key()], a.Received[g.Key()]
		older = older || sent < b.sent || received < b.received
		newer = newer || sent > b.sent || received > b.received
	}
	return older, newer
}

// held is what a save's world has: in its chests, tanks and accumulators, and what the module holds, in steps.
func (t *test) held(file string) (map[testbed.Goods]int64, error) {
	out, err := exec.Command(t.cluster.Program("mainbus-sim"), "sum", file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("count what is in %s: %w: %s", file, err, out)
	}
	var sum testbed.SimSum
	if err := json.Unmarshal(out, &sum); err != nil {
		return nil, fmt.Errorf("count what is in %s: %w", file, err)
	}
	ledger, err := subtree(file, "mainbus_ledger_v1")
	if err != nil || ledger == nil {
		return nil, fmt.Errorf("the save %s has no accounts: %v", file, err)
	}
	fraction, err := subtree(file, "fraction") // storage.mainbus_bus has entities in it; this is the only part of that name
	if err != nil {
		return nil, err
	}
	all, err := testbed.Contents(sum, testbed.Module{Buffer: numbers(ledger.Get("buffer")), Fraction: numbers(fraction)})
	if err != nil {
		return nil, fmt.Errorf("count what is in %s: %w", file, err)
	}
	return all, nil
}

// everything is what there is of all goods, in steps: in worlds, on the bus, on the way, less debts.
func (t *test) everything(ctx context.Context) (map[testbed.Goods]int64, error) {
	if err := t.flows(ctx, "stop"); err != nil {
		return nil, err
	}
	sums, err := t.cluster.SettledSum(ctx)
	if err != nil {
		return nil, err
	}
	all := map[testbed.Goods]int64{}
	for _, s := range sums {
		all[s.Goods] = s.There()
	}
	return all, nil
}

func (t *test) saves(ctx context.Context, world string) (string, error) {
	run, err := t.cluster.RunFile(ctx, world)
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(filepath.Dir(run)), "saves"), nil
}

// newestSave is what the agent would start the world from.
func newestSave(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	newest, at := "", time.Time{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || filepath.Ext(e.Name()) != ".zip" || strings.HasSuffix(e.Name(), ".tmp.zip") || !info.ModTime().After(at) {
			continue
		}
		file := filepath.Join(dir, e.Name())
		if archive, err := save.Open(file); err == nil {
			archive.Close()
			newest, at = file, info.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("no save in %s", dir)
	}
	return newest, nil
}

// keep puts the newest save of each world aside, to be loaded some time later.
func (t *test) keep(ctx context.Context) {
	for _, world := range t.cluster.Worlds() {
		dir, err := t.saves(ctx, world)
		if err != nil {
			return
		}
		file, err := newestSave(dir)
		if err != nil {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		t.kept++
		to := filepath.Join(t.cluster.Dir, "kept", fmt.Sprintf("%s-%04d.zip", world, t.kept))
		if os.WriteFile(to, content, 0o600) != nil {
			continue
		}
		if _, err := accountsOf(to); err != nil { // torn while it was copied
			os.Remove(to)
			continue
		}
		list := append(t.pool[world], to)
		if len(list) > maxKept {
			at := t.random.IntN(len(list) - 1)
			os.Remove(list[at])
			list = slices.Delete(list, at, at+1)
		}
		t.pool[world] = list
	}
}
