// Package local is the door for programs of the same user on the same machine.
package local

import (
	"context"
	"errors"
	"net"
)

var (
	ErrNobody = errors.New("nobody listens")
	ErrLocked = errors.New("locked by another program")
)

func Listen(path string) (net.Listener, error)                { return nil, errors.New("todo") }
func Dial(ctx context.Context, path string) (net.Conn, error) { return nil, errors.New("todo") }
func Lock(path string) (release func(), err error)            { return nil, errors.New("todo") }
