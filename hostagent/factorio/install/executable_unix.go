//go:build unix

package install

const executable = "factorio"
