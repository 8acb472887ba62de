package hostagent

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mainbus/hostagent/internal/disk"
	"mainbus/transport/identity"
)

const (
	maxPeers     = 16
	maxPeerAddrs = 4
)

// peer is a paired controller.
type peer struct {
	ID     identity.ID      `json:"id"`
	Name   string           `json:"name,omitempty"`
	Addrs  []netip.AddrPort `json:"addrs"` // where it was linked from, newest first
	Paired time.Time        `json:"paired"`
}

// peers are the controllers that may link, in the order of pairing: the first one owns the instances. It is safe for
// concurrent use and on disk before a method returns.
type peers struct {
	path string

	mu   sync.Mutex
	file peersFile
}

type peersFile struct {
	Port  uint16 `json:"port"`                // last used by the agent
	Bulk  uint16 `json:"bulk_port,omitempty"` // the same for files
	Peers []peer `json:"peers"`
}

func loadPeers(path string) (*peers, error) {
	p := &peers{path: path}
	if err := disk.ReadJSONIfAny(path, &p.file); err != nil {
		return nil, fmt.Errorf("load paired controllers: %w", err)
	}
	return p, nil
}

// change is called with the lock held.
func (p *peers) change() error {
	if err := disk.WriteJSON(p.path, p.file); err != nil {
		return fmt.Errorf("remember controllers: %w", err)
	}
	return nil
}

func (p *peers) find(id identity.ID) int {
	return slices.IndexFunc(p.file.Peers, func(peer peer) bool { return peer.ID == id })
}

func (p *peers) add(id identity.ID, addr netip.AddrPort) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.find(id); at >= 0 {
		p.file.Peers[at].Addrs = newest(p.file.Peers[at].Addrs, addr)
		return p.change()
	}
	if len(p.file.Peers) >= maxPeers {
		return fmt.Errorf("this host is paired with %d controllers already", maxPeers)
	}
	p.file.Peers = append(p.file.Peers, peer{ID: id, Addrs: []netip.AddrPort{addr}, Paired: time.Now()})
	return p.change()
}

// remove forgets a controller: it is trusted no more when this returns.
func (p *peers) remove(id identity.ID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.file.Peers = slices.DeleteFunc(slices.Clone(p.file.Peers), func(peer peer) bool { return peer.ID == id })
	return p.change()
}

// saw notes where a controller is.
func (p *peers) saw(id identity.ID, name string, addr netip.AddrPort) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.find(id)
	if at < 0 {
		return nil
	}
	known := &p.file.Peers[at]
	if known.Name == name && len(known.Addrs) > 0 && known.Addrs[0] == addr {
		return nil
	}
	known.Name, known.Addrs = name, newest(known.Addrs, addr)
	return p.change()
}

// newest returns addrs with addr in front.
func newest(addrs []netip.AddrPort, addr netip.AddrPort) []netip.AddrPort {
	list := []netip.AddrPort{addr}
	for _, old := range addrs {
		if old != addr && len(list) < maxPeerAddrs {
			list = append(list, old)
		}
	}
	return list
}

func (p *peers) trusted(id identity.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.find(id) >= 0
}

func (p *peers) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.file.Peers) > 0
}

func (p *peers) owner() (identity.ID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.file.Peers) == 0 {
		return identity.ID{}, false
	}
	return p.file.Peers[0].ID, true
}

func (p *peers) ids() (ids []identity.ID) {
	for _, peer := range p.list() {
		ids = append(ids, peer.ID)
	}
	return ids
}

func (p *peers) list() []peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.file.Peers)
}

func (p *peers) addrs(id identity.ID) []netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.find(id); at >= 0 {
		return p.file.Peers[at].Addrs
	}
	return nil
}

func (p *peers) port() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file.Port
}

func (p *peers) setPort(port uint16) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file.Port == port {
		return nil
	}
	p.file.Port = port
	return p.change()
}

func (p *peers) bulkPort() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file.Bulk
}

func (p *peers) setBulkPort(port uint16) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file.Bulk == port {
		return nil
	}
	p.file.Bulk = port
	return p.change()
}
