// Package wire holds the messages that controllers and host agents exchange, and how they are framed on a
// stream: each message is preceded by its length as a varint. It knows nothing of what the messages mean.
package wire

//go:generate go run ./gen

// Version is that of this release's programs, which a Hello tells. An agent and a controller of the same major version work
// together one minor apart.
const Version = "0.1.0"
