//go:build unix

package link

import "syscall"

const transientExample = syscall.ENETUNREACH
