package controller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/store"
	"mainbus/transport/discovery"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxFound      = 256              // announced hosts that are remembered; the one not heard of longest makes room
	foundFor      = 90 * time.Second // how long an announcement is believed
	maxAddresses  = 4                // kept of a paired host
	maxObservable = 1000             // instances that one host may report
)

// host is a paired host. Its fields but id and the channels are guarded by the hosts that it belongs to.
type host struct {
	id       identity.ID
	row      store.Host
	observed map[string]*wire.ObservedInstance // by instance; last known, also while there is no link
	source   *link.Conn                        // that observed came over
	heard    uint64                            // generation of what was wanted that observed answers
	disk     *wire.Disk                        // as last told; nil: never
	games    *wire.Games                       // last known; nil: not told yet
	refusal  string                            // why the host does not take what is wanted; empty: it does

	over   context.Context // ends when the host is forgotten
	forget context.CancelFunc
	wanted chan struct{} // gets a value when what is wanted of the host has changed
	up     chan struct{} // closed at the first link since the program started or the host was paired
}

// hosts knows the paired hosts and those that announce themselves. It may be used by any goroutine.
type hosts struct {
	changed   func() // called when what is shown of hosts and instances may have changed; must not block
	mu        sync.Mutex
	paired    map[identity.ID]*host
	announced map[string]discovery.Found // by short id
}

func newHosts(changed func()) *hosts {
	return &hosts{changed: changed, paired: map[identity.ID]*host{}, announced: map[string]discovery.Found{}}
}

// add takes in a paired host, or a new row of one that is known.
func (hs *hosts) add(row store.Host) error {
	id, err := identity.ParseID(row.ID)
	if err != nil {
		return fmt.Errorf("host %s: %w", row.Name, err)
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	defer hs.changed()
	if h := hs.paired[id]; h != nil {
		row.StartsAtOnce, row.PlayerAddress = h.row.StartsAtOnce, h.row.PlayerAddress
		h.row = row
		return nil
	}
	over, forget := context.WithCancel(context.Background())
	hs.paired[id] = &host{
		id: id, row: row, observed: map[string]*wire.ObservedInstance{}, over: over, forget: forget,
		wanted: make(chan struct{}, 1), up: make(chan struct{}),
	}
	return nil
}

// pairedAgain notes when and where a host that is known was paired once more.
func (hs *hosts) pairedAgain(h *host, row store.Host) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	defer hs.changed()
	h.row.PairedAt, h.row.Addresses = row.PairedAt, row.Addresses
}

// remove forgets a host: it is trusted no more when this returns.
func (hs *hosts) remove(h *host) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	defer hs.changed()
	delete(hs.paired, h.id)
	h.forget()
}

func (hs *hosts) byID(id identity.ID) *host {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return hs.paired[id]
}

// all returns the paired hosts, by name.
func (hs *hosts) all() []*host {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	list := make([]*host, 0, len(hs.paired))
	for _, h := range hs.paired {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b *host) int {
		return cmp.Or(cmp.Compare(a.row.Name, b.row.Name), cmp.Compare(a.row.ID, b.row.ID))
	})
	return list
}

// found remembers an announcement. It returns the paired host that made it, if one did, and whether it says anything
// new: that it was started again, or has other addresses.
func (hs *hosts) found(f discovery.Found) (h *host, news bool) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.expire()
	before, known := hs.announced[f.Short]
	if known && f.By != before.By && slices.Contains(before.Addrs, f.Addrs[0]) && time.Since(before.Seen) < foundFor {
		before.Seen, before.Paired = f.Seen, f.Paired // the same, heard of in another way
		f = before
	}
	if !known && len(hs.announced) >= maxFound {
		hs.forgetOldest()
	}
	hs.announced[f.Short] = f
	if !known || before.Name != f.Name || before.Paired != f.Paired || !slices.Equal(before.Addrs, f.Addrs) {
		hs.changed()
	}
	for _, p := range hs.paired {
		if p.id.Short() == f.Short {
			if p.row.DiscoveredBy != "mdns" { // it answers probes too, all the time
				p.row.DiscoveredBy = f.By
			}
			return p, !known || before.Boot != f.Boot || !slices.Equal(before.Addrs, f.Addrs)
		}
	}
	return nil, !known
}

func (hs *hosts) expire() {
	for short, f := range hs.announced {
		if time.Since(f.Seen) > foundFor {
			delete(hs.announced, short)
			hs.changed()
		}
	}
}

func (hs *hosts) forgetOldest() {
	oldest := ""
	for short, f := range hs.announced {
		if oldest == "" || f.Seen.Before(hs.announced[oldest].Seen) {
			oldest = short
		}
	}
	delete(hs.announced, oldest)
}

// strangers returns the announced hosts that are not paired, by name.
func (hs *hosts) strangers() []discovery.Found {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.expire()
	known := map[string]bool{}
	for id := range hs.paired {
		known[id.Short()] = true
	}
	var list []discovery.Found
	for short, f := range hs.announced {
		if !known[short] {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b discovery.Found) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Short, b.Short))
	})
	return list
}

// addresses returns where a paired host may be: where it was linked last, then where it says it is.
func (hs *hosts) addresses(h *host) []addrPort {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	list := parseAddresses(h.row.Addresses)
	for _, a := range hs.announced[h.id.Short()].Addrs {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// hello takes in what a host said of itself at the start of a link, and returns the row to be stored.
func (hs *hosts) hello(h *host, said *wire.Hello, at addrPort) store.Host {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.row.Name = cmp.Or(said.GetName(), h.row.Name)
	h.row.Version, h.row.GameVersion, h.row.OS = said.GetVersion(), said.GetGameVersion(), said.GetOs()
	defer hs.changed()
	h.row.LastSeen = time.Now()
	addresses := []string{at.String()}
	for _, a := range h.row.Addresses {
		if a != addresses[0] && len(addresses) < maxAddresses {
			addresses = append(addresses, a)
		}
	}
	h.row.Addresses = addresses
	select {
	case <-h.up:
	default:
		close(h.up)
	}
	return h.row
}

// gone notes the end of a link, and returns the row to be stored.
func (hs *hosts) gone(h *host) store.Host {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	defer hs.changed()
	h.row.LastSeen = time.Now()
	return h.row
}

// observe takes in what a host reports of its instances, in place of what it reported before.
func (hs *hosts) observe(h *host, over *link.Conn, o *wire.Observed) {
	list := o.GetInstances()
	observed := make(map[string]*wire.ObservedInstance, min(len(list), maxObservable))
	for _, i := range list[:min(len(list), maxObservable)] {
		i.Phase, i.Cause, i.Save, i.GameVersion = shown(i.Phase, 100), shown(i.Cause, 500), shown(i.Save, 200), shown(i.GameVersion, 40)
		i.VersionRemark = shown(i.VersionRemark, 500)
		i.DecidedHere, i.Warning = shown(i.DecidedHere, 20), shown(i.Warning, 500)
		boundMods(i.GetMods())
		observed[i.GetId()] = i
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	disk := o.GetDisk()
	if disk != nil {
		disk.Warning = shown(disk.Warning, 500)
	}
	if h.source != over || h.heard != o.GetGeneration() || disk.GetWarning() != h.disk.GetWarning() || !maps.EqualFunc(h.observed, observed, sameButTick) {
		defer hs.changed()
	}
	h.observed, h.source, h.heard, h.disk = observed, over, o.GetGeneration(), disk
}

// sameButTick tells whether two reports say the same of an instance, but for the tick, which is another each time.
func sameButTick(a, b *wire.ObservedInstance) bool {
	return a.GetState() == b.GetState() && a.GetPhase() == b.GetPhase() && a.GetCause() == b.GetCause() && a.GetLinked() == b.GetLinked() &&
		a.GetGameVersion() == b.GetGameVersion() && a.GetGamePort() == b.GetGamePort() && a.GetSave() == b.GetSave() && a.GetStarts() == b.GetStarts() &&
		a.GetRetryMs() == b.GetRetryMs() && a.GetDecidedHere() == b.GetDecidedHere() && a.GetWarning() == b.GetWarning() &&
		a.GetVersionRemark() == b.GetVersionRemark() && proto.Equal(a.GetMods(), b.GetMods())
}

// refuses notes why a host does not take what is wanted, or that it does.
func (hs *hosts) refuses(h *host, why string) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if why = shown(why, 300); why != h.refusal {
		h.refusal = why
		hs.changed()
	}
}

// shown bounds a text from elsewhere and drops what is no text.
func shown(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), limit)], ""))
	return s
}

// want tells that what is wanted of a host has changed.
func (h *host) want() {
	select {
	case h.wanted <- struct{}{}:
	default: // it is to be told already, and will be told the newest
	}
}

// snapshot is a paired host as it is at one moment.
type snapshot struct {
	*host
	row      store.Host
	observed map[string]*wire.ObservedInstance // never written to
	source   *link.Conn
	heard    uint64
	refusal  string
	disk     *wire.Disk
	games    *wire.Games // never written to
}

// setStarts notes how many games may be starting on a host at a time.
func (hs *hosts) setStarts(h *host, n uint32) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.row.StartsAtOnce = n
}

// setPlayerAddress notes where players reach the games of a host.
func (hs *hosts) setPlayerAddress(h *host, address string) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.row.PlayerAddress = address
}

func (hs *hosts) snapshot(h *host) snapshot {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return snapshot{host: h, row: h.row, observed: h.observed, source: h.source, heard: h.heard, refusal: h.refusal, games: h.games, disk: h.disk}
}
