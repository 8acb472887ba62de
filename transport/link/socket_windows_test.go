package link

import (
	"syscall"

	"golang.org/x/sys/windows"
)

const transientExample = windows.WSAENETUNREACH

var transientExamples = []syscall.Errno{windows.WSAEACCES, windows.WSAENOBUFS, windows.WSAENETUNREACH}
