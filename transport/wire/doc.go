// Package wire holds the messages that controllers and host agents exchange, and how they are framed on a
// stream: each message is preceded by its length as a varint. It knows nothing of what the messages mean.
package wire

//go:generate go run ./gen
