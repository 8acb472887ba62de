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
	"mainbus/transport/bulk"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	defaultPort     = 34181
	defaultBulkPort = 34190
	portTries       = 20
	portSetting     = "port"
	bulkSetting     = "bulk_port"
)

type addrPort = netip.AddrPort

// listen opens the UDP socket for messages.
func (c *Controller) listen() (*link.Endpoint, error) {
	if c.cfg.Addr != "" {
		return c.listenAt(c.cfg.Addr)
	}
	return usualPort(c, portSetting, defaultPort, c.listenAt)
}

// listenBulk opens the UDP socket for files.
func (c *Controller) listenBulk() (*bulk.Node, error) {
	return usualPort(c, bulkSetting, defaultBulkPort, func(addr string) (*bulk.Node, error) {
		return bulk.Listen(bulk.Config{
			Identity: c.id, Addr: addr, Trusted: func(id identity.ID) bool { return c.hosts.byID(id) != nil }, Hello: c.greeting, Log: c.log,
		})
	})
}

// usualPort binds a socket to the port that it had last, since peers dial where they were linked before; else to the first free
// one of those that are meant for it, else to any.
func usualPort[S interface {
	Port() uint16
	Close() error
}](c *Controller, setting string, first int, listen func(addr string) (S, error)) (S, error) {
	var none S
	saved, err := c.store.Setting(c.ctx, setting)
	if err != nil {
		return none, err
	}
	var ports []int
	last, err := strconv.Atoi(saved)
	if err == nil && last > 0 {
		ports = append(ports, last)
	}
	for n := range portTries {
		ports = append(ports, first+n)
	}
	var socket S
	for _, port := range append(ports, 0) {
		if socket, err = listen(":" + strconv.Itoa(port)); !portTaken(err) {
			break
		}
	}
	if err != nil {
		return none, err
	}
	if port := int(socket.Port()); port != last {
		if err := c.store.SetSetting(c.ctx, setting, strconv.Itoa(port)); err != nil {
			return none, errors.Join(err, socket.Close())
		}
	}
	return socket, nil
}

func (c *Controller) listenAt(addr string) (*link.Endpoint, error) {
	return link.Listen(link.Config{
		Identity: c.id,
		Addr:     addr,
		Trusted:  c.mayLink,
		Several:  c.isUser,
		Handlers: map[wire.Method]link.Handler{
			wire.Method_METHOD_RUN: c.forHosts(c.handleRun), wire.Method_METHOD_API: c.handleAPI,
			wire.Method_METHOD_FILE_PUT: c.handleFilePut, wire.Method_METHOD_FILE_GET: c.handleFileGet,
		},
		Hello:     c.hello,
		Connected: c.linked,
		Troubled:  func(identity.ID) { c.changes.cluster() },
		Pair:      c.admit,
		Datagram:  func(from addrPort, b []byte) []byte { c.prober.Take(from, b); return nil },
		Log:       c.log,
	})
}

// greeting is what this controller says of itself to whoever knows its key.
func (c *Controller) greeting() *wire.Hello {
	return &wire.Hello{Name: c.cfg.Name, Version: wire.Version, Os: runtime.GOOS, Arch: runtime.GOARCH, Boot: c.boot}
}

func (c *Controller) hello() *wire.Hello {
	h := c.greeting()
	h.BulkPort = uint32(c.bulk.Port())
	return h
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
