// Package rcon is a client for the game's remote console.
package rcon

import (
	"context"
	"errors"
	"io"
)

const (
	ResponseValue int32 = 0
	AuthResponse  int32 = 2
	ExecCommand   int32 = 2
	AuthRequest   int32 = 3
)

var ErrAuth = errors.New("wrong RCON password")

type Packet struct {
	ID, Type int32
	Body     string
}

func ReadPacket(r io.Reader) (Packet, error)  { return Packet{}, errors.ErrUnsupported }
func WritePacket(w io.Writer, p Packet) error { return errors.ErrUnsupported }

type Reply struct {
	Text string
	Err  error
}

type Client struct{}

func Dial(ctx context.Context, addr, password string) (*Client, error) {
	return nil, errors.ErrUnsupported
}
func (c *Client) Execute(ctx context.Context, command string) (string, error) {
	return "", errors.ErrUnsupported
}
func (c *Client) Start(command string) (<-chan Reply, error) { return nil, errors.ErrUnsupported }
func (c *Client) Done() <-chan struct{}                      { return nil }
func (c *Client) Err() error                                 { return nil }
func (c *Client) Close() error                               { return nil }
