package link

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isTransient tells a network that is down from a socket that is broken. WSAEACCES is what a firewall's rule gives.
func isTransient(err error) bool {
	var errno windows.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN, windows.WSAENETRESET,
		windows.WSAECONNRESET, windows.WSAEADDRNOTAVAIL, windows.WSAENOBUFS, windows.WSAEACCES:
		return true
	}
	return false
}
