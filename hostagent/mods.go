package hostagent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/modcache"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

const (
	maxModSet     = 4 << 20
	maxSetMods    = 5000
	modSweepPause = 6 * time.Hour
)

var modVersion = regexp.MustCompile(`^\d{1,5}\.\d{1,5}\.\d{1,5}$`)

// modStore is what this host has of mods: sets by their hash, as the controller has told of them, and files by theirs.
type modStore struct {
	dir     string
	cache   *modcache.Cache
	changed signal.Signal

	mu       sync.Mutex
	sets     map[string]*wire.ModSet // that were read
	fetching map[string]int          // streams by which the controller brings files, by instance
}

func openModStore(dir string) (*modStore, error) {
	cache, err := modcache.Open(filepath.Join(dir, "files"))
	if err != nil {
		return nil, err
	}
	m := &modStore{dir: dir, cache: cache, sets: map[string]*wire.ModSet{}, fetching: map[string]int{}}
	if err := os.MkdirAll(filepath.Join(dir, "sets"), 0o700); err != nil {
		return nil, fmt.Errorf("make a place for sets of mods: %w", err)
	}
	return m, nil
}

func (m *modStore) setPath(hash string) string { return filepath.Join(m.dir, "sets", hash) }

// set returns the set of a hash.
func (m *modStore) set(hash string) (*wire.ModSet, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if set := m.sets[hash]; set != nil {
		return set, nil
	}
	content, err := disk.Read(m.setPath(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("which mods the pack has was not told by the controller yet")
	}
	var set *wire.ModSet
	if err == nil {
		set, err = parseModSet(hash, content)
	}
	if err != nil { // the controller sends it again
		return nil, errors.Join(fmt.Errorf("load a set of mods: %w", err), os.Remove(m.setPath(hash)))
	}
	m.sets[hash] = set
	return set, nil
}

// add stores a set after checking it.
func (m *modStore) add(hash string, content []byte) error {
	set, err := parseModSet(hash, content)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := disk.Write(m.setPath(hash), content); err != nil {
		return fmt.Errorf("store a set of mods: %w", err)
	}
	m.sets[hash] = set
	return nil
}

// parseModSet refuses what is not what its name says, could reach outside a mods folder, or is absurd.
func parseModSet(hash string, content []byte) (*wire.ModSet, error) {
	if sum := sha256.Sum256(content); len(content) > maxModSet || !isHash(hash) || hex.EncodeToString(sum[:]) != hash {
		return nil, errors.New("the set of mods is not what its name says")
	}
	set := &wire.ModSet{}
	if err := proto.Unmarshal(content, set); err != nil {
		return nil, fmt.Errorf("read a set of mods: %w", err)
	}
	if len(set.GetMods()) > maxSetMods {
		return nil, fmt.Errorf("a set of more than %d mods", maxSetMods)
	}
	seen := map[string]bool{}
	for _, mod := range set.GetMods() {
		name := mod.GetName()
		if modinfo.CheckName(name) != nil || seen[name] {
			return nil, fmt.Errorf("malformed or repeated name of a mod %.60q", name)
		}
		// A pack may not know the version of a mod that has no file here.
		unknown := mod.GetVersion() == "" && mod.GetSha256() == ""
		if !mod.GetBuiltin() && !unknown && !modVersion.MatchString(mod.GetVersion()) {
			return nil, fmt.Errorf("malformed version %.40q of %s", mod.GetVersion(), name)
		}
		if h := mod.GetSha256(); h != "" && !isHash(h) {
			return nil, fmt.Errorf("malformed hash of %s", name)
		}
		seen[name] = true
	}
	return set, nil
}

// begin notes that the controller brings files for an instance, until end is called.
func (m *modStore) begin(instance string) (end func()) {
	m.count(instance, 1)
	return sync.OnceFunc(func() { m.count(instance, -1) })
}

func (m *modStore) count(instance string, by int) {
	m.mu.Lock()
	if m.fetching[instance] += by; m.fetching[instance] == 0 {
		delete(m.fetching, instance)
	}
	m.mu.Unlock()
	m.changed.Fire()
}

func (m *modStore) isFetching(instance string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fetching[instance] > 0
}

// sweep removes sets that are not wanted, and files that have not been for long. Wanted are hashes of sets, and of files that an
// instance has or could go back to.
func (m *modStore) sweep(sets, files map[string]bool, now time.Time) error {
	entries, err := os.ReadDir(filepath.Join(m.dir, "sets"))
	if err != nil {
		return fmt.Errorf("sweep the sets of mods: %w", err)
	}
	var failed error
	for _, e := range entries {
		hash := e.Name()
		if sets[hash] {
			if set, err := m.set(hash); err == nil {
				for _, mod := range set.GetMods() {
					files[mod.GetSha256()] = true
				}
			}
			continue
		}
		m.mu.Lock()
		delete(m.sets, hash)
		failed = errors.Join(failed, os.Remove(m.setPath(hash)))
		m.mu.Unlock()
	}
	return errors.Join(failed, m.cache.Sweep(func(hash string) bool { return files[hash] }, now))
}
