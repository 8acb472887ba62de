//go:build unix

package link

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isTransient tells a network that is down from a socket that is broken. EPERM is what a firewall's rule gives.
func isTransient(err error) bool {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENETDOWN, unix.EADDRNOTAVAIL, unix.ENOBUFS, unix.EPERM:
		return true
	}
	return false
}
