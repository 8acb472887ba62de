package link

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"
)

const resolveTimeout = 4 * time.Second

// Resolve looks up the names in addresses host:port; what can't be looked up is left out.
func Resolve(ctx context.Context, list []string) (addrs []netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	for _, text := range list {
		host, service, err := net.SplitHostPort(text)
		if err != nil {
			continue
		}
		port, err := strconv.ParseUint(service, 10, 16)
		if err != nil {
			continue
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			continue
		}
		for _, ip := range ips {
			addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		}
	}
	return addrs
}
