// Package discovery finds agents on the local network by multicast DNS. What it finds are hints where to dial,
// made by anybody on the network: the pinned key decides who is there.
//
// Announce and Browse run in their caller's goroutine and leave none behind but those of the mDNS library, which
// end within seconds.
package discovery

import (
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mainbus/transport/identity"
)

// Service is the DNS-SD type of agents.
const Service = "_mainbus._udp"

const domain = "local."

// ErrNoMulticast says that no interface could carry a multicast.
var ErrNoMulticast = errors.New("multicast is not possible: no network interface is up, has an address and supports it (only loopback or virtual ones were found), so hosts can only be found by their address")

// Announcement is what an agent says of itself.
type Announcement struct {
	Name   string // for people
	ID     identity.ID
	Port   uint16 // UDP
	Paired bool   // knows a controller; one that does not wants to join
	Boot   string // random per process
}

// Found is an agent that was heard of.
type Found struct {
	Announcement                  // ID is zero: only its first half is announced
	Short        string           // what was announced of the ID: compare with ID.Short
	Addrs        []netip.AddrPort // where to dial, IPv4 first
	By           string           // how it was found: "mdns" or "probe"
	Seen         time.Time
}

// Config is shared by Announce and Browse. Its zero value is good.
type Config struct {
	// Interfaces chooses among all interfaces of the machine. nil takes those that are up, can multicast, and are
	// neither loopback nor made by a container engine or hypervisor.
	Interfaces func([]net.Interface) []net.Interface
	Log        *slog.Logger
}

func (c Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// Usable returns the interfaces to use, or ErrNoMulticast.
func Usable(cfg Config) ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	choose := cfg.Interfaces
	if choose == nil {
		choose = physical
	}
	list := slices.DeleteFunc(choose(all), func(i net.Interface) bool { return len(addresses(i)) == 0 })
	if len(list) == 0 {
		return nil, ErrNoMulticast
	}
	return list, nil
}

// OwnAddresses returns where other machines may reach this one, IPv4 first; none while it has no usable interface.
func OwnAddresses(cfg Config) (list []netip.Addr) {
	usable, _ := Usable(cfg)
	for _, i := range usable {
		list = append(list, addresses(i)...)
	}
	return dialable(list)
}

func physical(all []net.Interface) []net.Interface {
	const want = net.FlagUp | net.FlagMulticast
	var list []net.Interface
	for _, i := range all {
		if i.Flags&want == want && i.Flags&net.FlagLoopback == 0 && !isVirtual(i.Name) {
			list = append(list, i)
		}
	}
	return list
}

// virtual are the beginnings of the names of interfaces that engines for containers and machines make. A bridge that a person
// made (br0) holds the machine's own address and is none of them.
var virtual = []string{"docker", "veth", "br-", "virbr", "vEthernet", "podman", "cni", "lxcbr", "lxdbr", "vmnet", "vboxnet", "VirtualBox", "VMware"}

// Named chooses the interfaces of these names, whatever they are; without names it is the usual choice.
func Named(names []string) func([]net.Interface) []net.Interface {
	if len(names) == 0 {
		return nil
	}
	return func(all []net.Interface) []net.Interface {
		return slices.DeleteFunc(slices.Clone(all), func(i net.Interface) bool {
			return !slices.Contains(names, i.Name) || i.Flags&net.FlagUp == 0
		})
	}
}

func isVirtual(name string) bool {
	for _, prefix := range virtual {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// addresses returns an interface's own addresses, IPv4 first. Link-local IPv6 counts only where nothing else is:
// it is of no use without a zone, which announcements can't carry.
func addresses(i net.Interface) []netip.Addr {
	nets, err := i.Addrs()
	if err != nil {
		return nil // the interface went away
	}
	var list []netip.Addr
	for _, n := range nets {
		if ipNet, ok := n.(*net.IPNet); ok {
			if a, ok := netip.AddrFromSlice(ipNet.IP); ok {
				list = append(list, a.Unmap())
			}
		}
	}
	return dialable(list)
}

// dialable drops addresses that are no host's, and orders the rest.
func dialable(list []netip.Addr) []netip.Addr {
	var v4, v6, local []netip.Addr
	for _, a := range list {
		switch {
		case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		case a.Is4():
			v4 = append(v4, a)
		case a.IsLinkLocalUnicast():
			local = append(local, a)
		default:
			v6 = append(v6, a)
		}
	}
	if list = append(v4, v6...); len(list) > 0 {
		return list
	}
	return local
}

// fingerprint changes when interfaces come, go, or get other addresses.
func fingerprint(list []net.Interface) uint64 {
	h := fnv.New64a()
	for _, i := range list {
		fmt.Fprintln(h, i.Index, i.Name, addresses(i))
	}
	return h.Sum64()
}
