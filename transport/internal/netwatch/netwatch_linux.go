package netwatch

import (
	"context"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// watch listens to what the kernel tells of links and addresses, which is there at once and costs nothing. Where it does
// not let us, we look.
func watch() func(context.Context, func()) {
	socket, err := listen()
	if err != nil {
		return poll
	}
	return func(ctx context.Context, changed func()) {
		defer socket.Close()
		stop := context.AfterFunc(ctx, func() { socket.Close() })
		defer stop()
		events := make(chan struct{}, 1)
		told := make(chan struct{})
		go func() {
			defer close(told)
			each(ctx, events, changed)
		}()
		defer func() { <-told }()
		hear(socket, events)
		if ctx.Err() == nil {
			poll(ctx, changed)
		}
	}
}

func listen() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// hear returns when nothing more can be read. A socket that overflowed says so with an error once; what was lost is a
// change, like what is read.
func hear(socket *os.File, events chan<- struct{}) {
	buffer := make([]byte, 1<<16)
	for failures := 0; failures < 10; {
		n, err := socket.Read(buffer)
		if err != nil {
			failures++
		} else {
			failures = 0
		}
		if err != nil || interesting(buffer[:n]) {
			select {
			case events <- struct{}{}:
			default:
			}
		}
	}
}

// interesting tells whether one of the messages is of an address, or of a link that went up or down rather than one whose
// counters changed.
func interesting(b []byte) bool {
	const changeAt = unix.SizeofNlMsghdr + 12 // ifi_change of struct ifinfomsg
	for len(b) >= unix.SizeofNlMsghdr {
		length := int(binary.NativeEndian.Uint32(b))
		if length < unix.SizeofNlMsghdr || length > len(b) {
			return false
		}
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.RTM_NEWADDR, unix.RTM_DELADDR, unix.RTM_DELLINK:
			return true
		case unix.RTM_NEWLINK:
			if length >= changeAt+4 && binary.NativeEndian.Uint32(b[changeAt:]) != 0 {
				return true
			}
		}
		b = b[min((length+3)&^3, len(b)):]
	}
	return false
}
