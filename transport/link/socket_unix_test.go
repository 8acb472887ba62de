//go:build unix

package link

import "syscall"

const transientExample = syscall.ENETUNREACH

var transientExamples = []syscall.Errno{syscall.EPERM, syscall.ENOBUFS, syscall.ENETUNREACH}
