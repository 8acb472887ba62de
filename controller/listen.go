package controller

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os/user"
	"runtime"
	"strconv"

	"mainbus/controller/api"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	defaultPort = 34181
	portTries   = 20
	portSetting = "port"
)

type addrPort = netip.AddrPort

// listen opens the UDP socket. Hosts dial the address at which they were linked last, so the port used last comes first.
func (c *Controller) listen() (*link.Endpoint, error) {
	if c.cfg.Addr != "" {
		return c.listenAt(c.cfg.Addr)
	}
	saved, err := c.store.Setting(c.ctx, portSetting)
	if err != nil {
		return nil, err
	}
	var ports []int
	last, err := strconv.Atoi(saved)
	if err == nil && last > 0 {
		ports = append(ports, last)
	}
	for n := range portTries {
		ports = append(ports, defaultPort+n)
	}
	var endpoint *link.Endpoint
	for _, port := range append(ports, 0) {
		if endpoint, err = c.listenAt(":" + strconv.Itoa(port)); !portTaken(err) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if port := int(endpoint.Port()); port != last {
		if err := c.store.SetSetting(c.ctx, portSetting, strconv.Itoa(port)); err != nil {
			return nil, errors.Join(err, endpoint.Close())
		}
	}
	return endpoint, nil
}

func (c *Controller) listenAt(addr string) (*link.Endpoint, error) {
	return link.Listen(link.Config{
		Identity:  c.id,
		Addr:      addr,
		Trusted:   func(id identity.ID) bool { return c.hosts.byID(id) != nil },
		Handlers:  map[wire.Method]link.Handler{wire.Method_METHOD_RUN: c.handleRun},
		Hello:     c.hello,
		Connected: c.linked,
		Log:       c.log,
	})
}

func (c *Controller) hello() *wire.Hello {
	return &wire.Hello{Name: c.cfg.Name, Version: wire.Version, Os: runtime.GOOS, Arch: runtime.GOARCH, Boot: c.boot}
}

// localOwner is the caller behind the local socket: only programs of this user can open it.
func localOwner() api.Caller {
	caller := api.Caller{Kind: api.Owner, Name: "owner", From: "local"}
	if u, err := user.Current(); err == nil {
		caller.Name = u.Username
	}
	return caller
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // ends the program rather than fail
	return hex.EncodeToString(b)
}

// randomInstanceID returns ten characters of [a-z2-7].
func randomInstanceID() string {
	b := make([]byte, 10)
	rand.Read(b)
	for n := range b {
		b[n] = "abcdefghijklmnopqrstuvwxyz234567"[b[n]%32] // 256 is a multiple of 32
	}
	return string(b)
}

// parseAddresses reads addresses that this program has written; what is none is left out.
func parseAddresses(list []string) []addrPort {
	var out []addrPort
	for _, text := range list {
		if a, err := netip.ParseAddrPort(text); err == nil {
			out = append(out, a)
		}
	}
	return out
}

func formatAddresses(list []addrPort) []string {
	out := make([]string, len(list))
	for n, a := range list {
		out[n] = fmt.Sprint(a)
	}
	return out
}
