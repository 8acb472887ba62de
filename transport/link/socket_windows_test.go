package link

import "golang.org/x/sys/windows"

const transientExample = windows.WSAENETUNREACH
