package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/grandcat/zeroconf"

	"mainbus/transport/internal/netwatch"
)

// pollEvery is how often interfaces are looked at, beside at each change that the system tells of.
const pollEvery = 5 * time.Second

// Announce makes an agent known until ctx ends, and then returns nil. current is asked again when changed fires and
// every five seconds; the registration follows it and the machine's interfaces, whose addresses the library would
// otherwise remember from the start. Without a usable interface it waits for one.
func Announce(ctx context.Context, cfg Config, current func() Announcement, changed <-chan struct{}) error {
	a := announcer{cfg: cfg}
	defer a.stop()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	moved, unwatch := watch(ctx)
	defer unwatch()
	for {
		wanted := current()
		if err := wanted.valid(); err != nil {
			return err
		}
		a.update(wanted)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-moved:
		case _, ok := <-changed:
			if !ok {
				changed = nil
			}
		}
	}
}

// watch tells of changes of the network until stop is called, which returns when nothing more happens.
func watch(ctx context.Context) (moved <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	events, ended := make(chan struct{}, 1), make(chan struct{})
	run := netwatch.Watch()
	go func() {
		defer close(ended)
		run(ctx, func() {
			select {
			case events <- struct{}{}:
			default:
			}
		})
	}()
	return events, func() { cancel(); <-ended }
}

// announcer is one registration and what it was made for.
type announcer struct {
	cfg     Config
	server  *zeroconf.Server
	made    Announcement
	network uint64
	problem string // that was logged last
}

func (a *announcer) update(wanted Announcement) {
	list, err := Usable(a.cfg)
	if err != nil {
		a.stop()
		a.report(err)
		return
	}
	network := fingerprint(list)
	if a.server != nil && a.made == wanted && a.network == network {
		return
	}
	a.stop()
	server, err := register(wanted, list)
	a.report(err)
	if err != nil {
		return
	}
	a.server, a.made, a.network = server, wanted, network
	a.cfg.log().Info("announced", "name", wanted.Name, "port", wanted.Port, "paired", wanted.Paired)
}

func (a *announcer) stop() {
	if a.server != nil {
		a.server.Shutdown() // says goodbye
		a.server = nil
	}
}

// report logs a problem once for as long as it lasts.
func (a *announcer) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != a.problem && err != nil {
		a.cfg.log().Warn("this host can't be announced on the network", "err", err)
	}
	a.problem = text
}

func register(a Announcement, list []net.Interface) (server *zeroconf.Server, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("register with mDNS: %v", p)
		}
	}()
	var ips []string
	for _, i := range list {
		for _, addr := range addresses(i) {
			ips = append(ips, addr.WithZone("").String())
		}
	}
	if len(ips) == 0 {
		return nil, errors.New("register with mDNS: the interfaces lost their addresses")
	}
	// A host name of our own keeps out of the way of the system's responder, which answers for the machine's.
	host := "mainbus-" + a.ID.Short()
	server, err = zeroconf.RegisterProxy(a.instance(), Service, domain, int(a.Port), host, ips, a.text(), list)
	if err != nil {
		return nil, fmt.Errorf("register with mDNS: %w", err)
	}
	return server, nil
}
