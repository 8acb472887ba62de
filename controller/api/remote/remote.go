// Package remote reaches controllers on other machines: a login code makes a key that speaks for a user there, which is remembered
// with where the controller is; calls go over a link.
//
// A Connection owns its goroutines; Close waits for them.
package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

// Connection is the cluster at the other end of a link, which is made at the first call and again after it broke.
type Connection struct {
	*api.Client
	login    Login
	endpoint *link.Endpoint

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	linking chan struct{} // holds a value while somebody tries to link
}

// Connect returns the cluster of a login. It sends nothing yet.
func Connect(l Login) (*Connection, error) {
	own, err := identity.Load(l.dir)
	if err != nil {
		return nil, fmt.Errorf("use the key for %s: %w", l.Name, err)
	}
	endpoint, err := listen(own, l.Controller)
	if err != nil {
		return nil, err
	}
	c := &Connection{login: l, endpoint: endpoint, linking: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.Client = api.NewClient(c.open, c)
	return c, nil
}

// listen opens a socket from which one controller can be reached.
func listen(own *identity.Identity, controller identity.ID) (*link.Endpoint, error) {
	name, _ := os.Hostname() // a name is a courtesy
	boot := rand.Text()
	return link.Listen(link.Config{
		Identity: own, Addr: ":0", Trusted: func(id identity.ID) bool { return id == controller },
		Hello: func() *wire.Hello {
			return &wire.Hello{Name: name, Version: wire.Version, Os: runtime.GOOS, Arch: runtime.GOARCH, Boot: boot}
		},
	})
}

// Close ends the link.
func (c *Connection) Close() error {
	c.cancel()
	return errors.Join(c.Client.Close(), c.endpoint.Close())
}

// open makes one stream of calls.
func (c *Connection) open(ctx context.Context) (io.ReadWriteCloser, error) {
	conn, err := c.link(ctx)
	if err != nil {
		return nil, c.explain(err)
	}
	stream, err := conn.Open(c.ctx, wire.Method_METHOD_API)
	if err != nil {
		return nil, c.explain(err)
	}
	return link.Pipe{Stream: stream}, nil
}

func (c *Connection) link(ctx context.Context) (*link.Conn, error) {
	select {
	case c.linking <- struct{}{}:
		defer func() { <-c.linking }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if conn, ok := c.endpoint.Conn(c.login.Controller); ok {
		return conn, nil
	}
	conn, err := c.endpoint.Dial(ctx, c.login.Controller, c.login.addresses(ctx))
	if err == nil {
		c.login.reached(conn.RemoteAddr())
	}
	return conn, err
}

// explain says what a failure to link means for the user.
func (c *Connection) explain(err error) error {
	again := "Ask an administrator for another login code (mainbusctl keys invite), and log in with it."
	switch {
	case errors.Is(err, link.ErrUntrusted), errors.Is(err, link.ErrRevoked):
		return api.Errorf(api.Refused, again, "the cluster %s does not know the key of this login any more", c.login.Name)
	case errors.Is(err, link.ErrOtherKey):
		return api.Errorf(api.Unavailable, "If the controller has moved, log in again with another code.", "somebody else answers where the controller of %s was", c.login.Name)
	case errors.Is(err, link.ErrVersion), errors.Is(err, link.ErrRefused):
		return api.Errorf(api.Refused, "", "the controller of %s declines: %v", c.login.Name, err)
	}
	const look = "See that it runs, and that UDP is let through in both directions."
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return api.Errorf(api.Unavailable, look, "the controller of %s does not answer at %s", c.login.Name, strings.Join(c.login.Addresses, ", "))
	}
	return api.Errorf(api.Unavailable, look, "the controller of %s could not be reached: %v", c.login.Name, err)
}

// addresses are where the controller may be: where it was reached last, then those of the login.
func (l Login) addresses(ctx context.Context) []netip.AddrPort {
	var list []netip.AddrPort
	if last, err := netip.ParseAddrPort(l.Last); err == nil {
		list = append(list, last)
	}
	for _, a := range link.Resolve(ctx, l.Addresses) {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// reached remembers where the controller was reached, which is a convenience for the next time.
func (l *Login) reached(at netip.AddrPort) {
	if l.Last != at.String() {
		l.Last = at.String()
		_ = l.save()
	}
}

// Dir is the folder in which a user's logins are, unless told otherwise.
func Dir() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = "." // a service without a home: beside where it was started
	}
	return filepath.Join(dir, "mainbus", "clusters")
}
