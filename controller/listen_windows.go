package controller

import (
	"errors"

	"golang.org/x/sys/windows"
)

// portTaken also knows ports that Windows keeps for itself, which it answers with "access denied".
func portTaken(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}
