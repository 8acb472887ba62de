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
type totals struct{ sent, received int64 }

// booked is what the controller has in its books for an instance's world.
func (t *test) booked(ctx context.Context, world string) (map[item]totals, string, error) {
	accounts, err := t.cluster.Client.BusAccounts(ctx, testbed.Me, api.ReadAccounts{})
	if err != nil {
		return nil, "", err
	}
	books, id := map[item]totals{}, ""
	for _, a := range accounts {
		if a.InstanceName == world {
			books[item{a.Name, a.Quality}] = totals{a.Sent, a.Granted}
			id = a.World
		}
	}
	return books, id, nil
}

// accounts is what the save module keeps in the world's storage (docs/gamelink.md).
type accounts struct {
	Sent     map[string]int64 `json:"e"`
	Received map[string]int64 `json:"i"`
	Buffer   map[string]int64 `json:"buffer"`
}

func (t *test) live(ctx context.Context, world string) (a accounts, err error) {
	err = t.cluster.Console(ctx, world, "/sim-storage mainbus_ledger_v1", &a)
	return a, err
}

func key(i item) string { return i.name + "/" + i.quality }

func itemOf(key string) item {
	name, quality, _ := strings.Cut(key, "/")
	return item{name, quality}
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
	for i, b := range second {
		if now.Sent[key(i)] > b.sent {
			return true
		}
	}
	for i, b := range first {
		if b.received > now.Received[key(i)] {
			return true
		}
	}
	return false
}

// accountsOf reads the accounts that a save holds.
func accountsOf(file string) (accounts, error) {
	archive, err := save.Open(file)
	if err != nil {
		return accounts{}, err
	}
	defer archive.Close()
	value, found, err := archive.Subtree("mainbus_ledger_v1")
	if err != nil || !found {
		return accounts{}, fmt.Errorf("the save %s has no accounts: %v", file, err)
	}
	tree, _ := value.(*scriptdat.Table)
	return accounts{Sent: counts(tree, "e"), Received: counts(tree, "i"), Buffer: counts(tree, "buffer")}, nil
}

func counts(tree *scriptdat.Table, name string) map[string]int64 {
	all := map[string]int64{}
	if column, ok := tree.Get(name).(*scriptdat.Table); ok {
		for _, p := range column.Pairs {
			k, _ := p.Key.(string)
			n, _ := p.Value.(float64)
			all[k] = int64(n)
		}
	}
	return all
}

// compare tells whether a save is older or newer than the books of its world.
func compare(a accounts, books map[item]totals) (older, newer bool) {
	for i, b := range books {
		sent, received := a.Sent[key(i)], a.Received[key(i)]
		older = older || sent < b.sent || received < b.received
		newer = newer || sent > b.sent || received > b.received
	}
	return older, newer
}

// held is what a save's world has: in its chests, and in the module's buffer.
func (t *test) held(file string) (map[item]int64, error) {
	out, err := exec.Command(t.cluster.Program("mainbus-sim"), "sum", file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("count what is in %s: %w: %s", file, err, out)
	}
	var sum struct {
		Items []struct {
			Name     string `json:"name"`
			Quality  string `json:"quality"`
			Contents int64  `json:"contents"`
		} `json:"items"`
	}
	if err := json.Unmarshal(out, &sum); err != nil {
		return nil, fmt.Errorf("count what is in %s: %w", file, err)
	}
	all := map[item]int64{}
	for _, i := range sum.Items {
		all[item{i.Name, i.Quality}] += i.Contents
	}
	a, err := accountsOf(file)
	if err != nil {
		return nil, err
	}
	for k, n := range a.Buffer {
		all[itemOf(k)] += n
	}
	return all, nil
}

// everything is what there is of each item: in worlds, on the bus, on the way, less debts.
func (t *test) everything(ctx context.Context) (map[item]int64, error) {
	for _, world := range t.cluster.Worlds() {
		if err := t.cluster.Console(ctx, world, "/sim-flows stop", nil); err != nil {
			return nil, err
		}
	}
	sums, err := t.cluster.SettledSum(ctx)
	if err != nil {
		return nil, err
	}
	all := map[item]int64{}
	for _, s := range sums {
		all[item{s.Name, s.Quality}] = s.There()
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
