//go:build !linux

// Package netns lets tests have networks of their own, on Linux only.
package netns
