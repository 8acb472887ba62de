package controller

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/wire"
)

const (
	namesFolder    = "names"
	namesPause     = 30 * time.Second
	namesKept      = 30 * 24 * time.Hour
	namesEnd       = ".json"
	maxNames       = 100_000 // of a set of mods
	maxNamesBytes  = 8 << 20
	maxNamesFile   = 16 << 20
	maxAllNames    = 64 << 20        // bytes of all sets; a game with large mods has half a megabyte
	setBytes       = 4 << 10         // that a set counts for itself
	namesInUse     = 10 * namesPause // after which a set of which no host has told may make room
	maxNamedInOnce = 20_000          // ids in a question
	maxNamesAsked  = 64              // hosts at once; each set of them has up to maxNamesBytes
	maxNameID      = 300
)

var errNamesFull = errors.New("there is no room for more names of things")

var namesKey = regexp.MustCompile(`^[0-9a-f]{32}$`)

// thingNames are what things are called, by the set of mods that a game has. Nothing depends on them, so they are plain files.
type thingNames struct {
	dir  string
	room int // bytes of all sets

	mu     sync.Mutex
	asked  map[*host]bool       // hosts that are being asked
	sets   map[string]*namedSet // by key
	used   int                  // bytes of all sets
	merged namesByKind          // of all sets; replaced, never changed
}

// namesByKind are names by kind and id.
type namesByKind map[string]map[string]string

type namedSet struct {
	names namesByKind
	bytes int
	told  time.Time // when a host last told that it has the set; zero: not in this life of the controller
}

func newThingNames(dir string) *thingNames {
	return &thingNames{dir: dir, room: maxAllNames, asked: map[*host]bool{}, sets: map[string]*namedSet{}}
}

// begin reports whether a host may be asked: not if it is being asked, or if too many are.
func (n *thingNames) begin(h *host) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asked[h] || len(n.asked) >= maxNamesAsked {
		return false
	}
	n.asked[h] = true
	return true
}

func (n *thingNames) end(h *host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.asked, h)
}

func (n *thingNames) path(key string) string { return filepath.Join(n.dir, key+namesEnd) }

// load reads what is kept. What can't be read is asked for again.
func (n *thingNames) load() {
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		key, ok := strings.CutSuffix(e.Name(), namesEnd)
		info, err := e.Info()
		if err != nil || !ok || !namesKey.MatchString(key) {
			continue
		}
		if time.Since(info.ModTime()) > namesKept {
			os.Remove(n.path(key)) // a host that has such a set tells it again
			continue
		}
		if set, err := readNames(n.path(key)); err == nil {
			n.add(key, set, time.Time{})
		}
	}
	n.merge()
}

// add keeps a set, if need be in place of others of which no host has told lately. It needs the lock, or that nobody else is there yet.
func (n *thingNames) add(key string, set namesByKind, told time.Time) error {
	bytes := setBytes
	for _, of := range set {
		for id, name := range of {
			bytes += len(id) + len(name)
		}
	}
	for n.used+bytes > n.room {
		oldest := ""
		for key, s := range n.sets {
			if oldest == "" || s.told.Before(n.sets[oldest].told) {
				oldest = key
			}
		}
		if oldest == "" || time.Since(n.sets[oldest].told) < namesInUse {
			return errNamesFull
		}
		n.used -= n.sets[oldest].bytes
		delete(n.sets, oldest)
		os.Remove(n.path(oldest)) // else the next load does what is done here
	}
	if before := n.sets[key]; before != nil { // two hosts had it
		n.used -= before.bytes
	}
	n.sets[key] = &namedSet{set, bytes, told}
	n.used += bytes
	return nil
}

func readNames(path string) (namesByKind, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var set namesByKind
	return set, json.NewDecoder(io.LimitReader(file, maxNamesFile)).Decode(&set)
}

// merge needs the lock, or that nobody else is there yet. Which set's name counts, where two differ, is always the same.
func (n *thingNames) merge() {
	merged := namesByKind{}
	for _, key := range slices.Sorted(maps.Keys(n.sets)) {
		for kind, of := range n.sets[key].names {
			if merged[kind] == nil {
				merged[kind] = map[string]string{}
			}
			maps.Copy(merged[kind], of)
		}
	}
	n.merged = merged
}

// has notes that a host has told of a set, and reports whether that is known.
func (n *thingNames) has(key string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	set := n.sets[key]
	if set != nil {
		set.told = time.Now()
	}
	return set != nil
}

func (n *thingNames) put(key string, set namesByKind) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.add(key, set, time.Now()); err != nil {
		n.sets[key] = &namedSet{told: time.Now()} // or it would be asked for again and again
		return err
	}
	n.merge()
	text, err := json.Marshal(set)
	if err == nil {
		err = os.MkdirAll(n.dir, 0o700)
	}
	path := n.path(key)
	if err == nil {
		err = os.WriteFile(path+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return err
}

// goods are the kinds that are looked at for what is on the bus: an item without a name of its own has that of what it places.
var goods = []string{"item", "fluid", "entity", "equipment"}

// lookUp returns what finds names of a kind.
func (n *thingNames) lookUp(kind string) func(id string) string {
	n.mu.Lock()
	merged := n.merged
	n.mu.Unlock()
	kinds := []string{kind}
	switch kind {
	case "goods":
		kinds = goods
	case "item":
		kinds = []string{"item", "entity", "equipment"}
	}
	return func(id string) string {
		for _, kind := range kinds {
			if name := merged[kind][id]; name != "" {
				return name
			}
		}
		return ""
	}
}

// keepNames asks hosts for the names that they have found out.
func (c *Controller) keepNames(ctx context.Context) {
	ticker := time.NewTicker(namesPause)
	defer ticker.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	for {
		c.askForNames(ctx, &asking)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// askForNames asks each host that is not being asked, so that a silent one does not keep the others waiting.
func (c *Controller) askForNames(ctx context.Context, asking *sync.WaitGroup) {
	for _, h := range c.hosts.all() {
		if _, linked := c.endpoint.Conn(h.id); !linked || !c.names.begin(h) {
			continue
		}
		asking.Go(func() {
			defer c.names.end(h)
			if err := c.askNames(ctx, h); err != nil && ctx.Err() == nil {
				c.log.Debug("a host does not tell what things are called", "host", h.id.Short(), "err", err)
			}
		})
	}
}

// askNames brings the sets of a host that are not known yet. A host that is not linked, or older than the question, has none.
func (c *Controller) askNames(ctx context.Context, h *host) error {
	conn, linked := c.endpoint.Conn(h.id)
	if !linked {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var list wire.NamesList
	if err := conn.Call(ctx, wire.Method_METHOD_NAMES, &wire.NamesAsk{}, &list); err != nil {
		return err
	}
	for _, i := range list.GetInstances()[:min(len(list.GetInstances()), maxHostInstances)] {
		if !namesKey.MatchString(i.GetKey()) || c.names.has(i.GetKey()) {
			continue
		}
		var content wire.NamesContent
		if err := conn.Call(ctx, wire.Method_METHOD_NAMES_GET, &wire.NamesRef{Key: i.GetKey()}, &content); err != nil {
			return err
		}
		set, err := takeNames(&content)
		if err == nil {
			err = c.names.put(i.GetKey(), set)
		}
		if err != nil {
			return err
		}
		c.changes.bus()
	}
	return nil
}

// takeNames bounds what a host tells.
func takeNames(content *wire.NamesContent) (namesByKind, error) {
	set := namesByKind{}
	count, bytes := 0, 0
	for _, k := range content.GetKinds() {
		of := map[string]string{}
		for id, name := range k.GetNames() {
			count++
			if bytes += len(id) + len(name); count > maxNames || bytes > maxNamesBytes {
				return nil, errors.New("there are more names than make sense")
			}
			if name = strings.TrimSpace(shown(name, maxNameID)); name != "" && len(id) <= maxNameID {
				of[id] = name
			}
		}
		set[shown(k.GetKind(), 100)] = of
	}
	return set, nil
}

func (s *service) NamesOf(_ context.Context, _ api.Caller, r api.NamesOf) (map[string]string, error) {
	if len(r.IDs) > maxNamedInOnce {
		return nil, api.Errorf(api.Invalid, "", "names of at most %d things can be asked for at once", maxNamedInOnce)
	}
	find, found := s.names.lookUp(r.Kind), map[string]string{}
	for _, id := range r.IDs {
		if name := find(id); name != "" {
			found[id] = name
		}
	}
	return found, nil
}
