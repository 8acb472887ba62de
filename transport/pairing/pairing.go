// Package pairing proves to a controller and an agent that a person typed on one side the code which the other
// side shows.
package pairing

import (
	"context"
	"errors"
	"io"
	"time"

	"mainbus/transport/identity"
)

// ErrWrongCode says that the two sides did not use the same code, or that somebody sits between them.
var ErrWrongCode = errors.New("wrong pairing code")

type Code string

func NewCode() Code                    { return "" }
func ParseCode(s string) (Code, error) { return "", errors.New("todo") }

type Session struct {
	Code              Code
	Exporter          []byte
	Controller, Agent identity.ID
}

func Initiate(ctx context.Context, rw io.ReadWriter, s Session) error { return errors.New("todo") }
func Respond(ctx context.Context, rw io.ReadWriter, s Session) error  { return errors.New("todo") }

type Window struct{}

func (w *Window) Open(now time.Time) Code                    { return "" }
func (w *Window) Close()                                     {}
func (w *Window) Code(now time.Time) (Code, time.Time, bool) { return "", now, false }
func (w *Window) Try(now time.Time) (code Code, release func(success bool), err error) {
	return "", nil, errors.New("todo")
}
