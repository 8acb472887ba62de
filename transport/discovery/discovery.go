// Package discovery finds agents on the local network by mDNS.
package discovery

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"mainbus/transport/identity"
)

const Service = "_mainbus._udp"

var ErrNoMulticast = errors.New("no network interface that can multicast")

type Announcement struct {
	Name   string
	ID     identity.ID
	Port   uint16
	Paired bool
	Boot   string
}

type Found struct {
	Announcement
	Short string
	Addrs []netip.AddrPort
	By    string
	Seen  time.Time
}

type Config struct {
	Interfaces func([]net.Interface) []net.Interface
	Log        *slog.Logger
}

func Announce(ctx context.Context, cfg Config, current func() Announcement, changed <-chan struct{}) error {
	return errors.New("todo")
}
func Browse(ctx context.Context, cfg Config, eager func() bool, found func(Found)) error {
	return errors.New("todo")
}
func Usable(cfg Config) ([]net.Interface, error) { return nil, errors.New("todo") }
