//go:build !linux

// Package tray tells whether the desktop has a place from which a hidden window can be brought back.
package tray

// Available is true: Windows and macOS always have one.
func Available() bool { return true }
